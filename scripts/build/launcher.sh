#!/bin/sh
true /*
# Shell down to the end of this comment, JavaScript after it: the window's user_command is this one file. It runs outside
# a shell, from any directory and with an empty environment. The build takes these comments out.
#
# One flipped byte must never run wrong, and the loader, which checks every byte, is not there yet. So there are no
# quotes up to here, since a quote that is lost turns what was quoted into commands. Nothing is overwritten but by `>|`,
# since < and > are one bit apart, and the names of variables differ by more than a letter: else the file that is
# replaced may be Node. The trap speaks for all that follows, also for a head that is cut short or does not parse: a
# shell runs what stands in braces only when it has read all of it.
set -C
notice=${PAYLOAD_ROOT:-}/outbox/@notice@
say="@bundle-damaged.sentence@" status=@bundle-damaged.exitCode@
trap 'echo "$say" 2>/dev/null >|"$notice" || echo "$say" >&2; exit $status' EXIT
{
say="@no-node.sentence@" status=@no-node.exitCode@
# Sets $elf to the machine that a program is for, one byte of its header, or to nothing where it is a script. Some shells
# run an ELF file of another machine as if it were a script. `read` drops NULs; after the magic number come class, byte
# order and version, then the system and the type, which are left out where 0 and else 2 or 3, then the machine.
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
say="@node-unusable.sentence@" status=@node-unusable.exitCode@
machine "$node"
[ -z "$elf" ] || [ "$elf" = "$own" ] || continue
# Written before Node has its chance: one that the system cannot load, or that dies, says nothing to the ground. The
# loader removes it.
echo "$say" 2>/dev/null >|"$notice"
exec "$node"@options@ --eval '@boot@' -- "$0" "$@"
done
exit
}
exit
*/
