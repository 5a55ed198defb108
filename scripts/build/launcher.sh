#!/bin/sh
':' /*
# Shell down to the end of this comment, JavaScript after it: the window's user_command is this one file.
# Finds a Node and becomes it. Runs outside a shell, from any directory and with an empty environment: no PATH is assumed.
for node in "${PAYLOAD_NODE:-}" /persist/bin/node "$(command -v node 2>/dev/null)"; do
  if [ -n "$node" ] && [ -x "$node" ] && [ ! -d "$node" ]; then
    # -e and not the file itself: Node takes a file without an ending for an ES module, or refuses it, wherever a
    # package.json above it says "type":"module".
    exec "$node" -e '__LOADER__' "$0" "$@"
  fi
done
say="__AGENT__ did not run: there is no Node.js at \$PAYLOAD_NODE (${PAYLOAD_NODE:-not set}), at /persist/bin/node or on the PATH. Upload Node.js 16.20.2 for arm64 to /persist/bin/node, or name one in PAYLOAD_NODE."
outbox=${PAYLOAD_ROOT:-}/outbox
if [ -d "$outbox" ] && echo "$say" 2>/dev/null >"$outbox/__AGENT__-did-not-start.txt"; then exit 127; fi
echo "$say" >&2
exit 127
*/
