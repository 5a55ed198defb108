#!/bin/sh
true /*
# Shell down to the end of this comment, JavaScript after it: the window's user_command is this one file. It runs outside
# a shell, from any directory and with an empty environment; the build takes these comments out.
#
# Quotes are avoided up to here: one flipped bit in a quote turns what is quoted into commands. The trap speaks for
# everything below it, also for a head that is cut short or does not parse, which is why the rest stands in braces: a
# shell runs a group only when it has read all of it.
note=${PAYLOAD_ROOT:-}/outbox/@note@
say="@bundle-damaged.sentence@" code=@bundle-damaged.exitCode@
trap 'echo "$say" 2>/dev/null >"$note" || echo "$say" >&2; exit $code' EXIT
{
say="@no-node.sentence@" code=@no-node.exitCode@
# Sets $elf to the machine that a program is built for, one byte, or to nothing where it is a script. Some shells run an
# ELF file of another machine as if it were a script. Bytes 5 and 6 of the header are class and byte order; NULs are
# dropped by `read`; then come the system and the type, 2 or 3 both, where they are not 0, and the machine.
types=$(printf '[\2\3]')
machine() {
elf=
IFS= read -r head <"$1"
case $head in ?ELF*)
head=${head#?ELF???}
head=${head#$types}
head=${head#$types}
elf=${head%"${head#?}"}
esac
}
machine /bin/sh
own=$elf
# bash alone would leave at once, past the trap, when exec fails.
shopt -s execfail 2>/dev/null
for node in "${PAYLOAD_NODE:-}" /persist/bin/node "$(command -v node)"; do
[ -f "$node" ] && [ -x "$node" ] || continue
say="@node-unusable.sentence@" code=@node-unusable.exitCode@
machine "$node"
[ -z "$elf" ] || [ "$elf" = "$own" ] || continue
# Written before Node has its chance: one that the system cannot load, or that dies, says nothing to the ground. The
# loader removes it.
echo "$say" 2>/dev/null >"$note"
exec "$node" -e '@boot@' "$0" "$@"
done
exit
}
exit
*/
