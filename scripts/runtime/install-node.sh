#!/bin/sh
# Joins the parts of Node.js @version@ that lie beside this file, and places it at @destination@. Run it in a window as
# often as you like, with what has arrived so far: it says in the outbox what is still missing or has to be sent again,
# and changes nothing before all is there and right. Exit codes: 0 Node is in place; 3 parts are missing; 6 a part or
# the whole is damaged; 7 the disk or a tool refuses.
PATH=${PATH:-/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin}
root=${PAYLOAD_ROOT:-}
destination=$root@destination@
case $0 in */*) parts=${0%/*} ;; *) parts=. ;; esac
staged=$destination.partial

say() {
  echo "$1"
  if [ -d "$root/outbox" ]; then echo "$1" >>"$root/outbox/install-node.txt"; fi
}

end() {
  rm -f "$staged"
  say "$2"
  exit "$1"
}

# sha256 FILE: by whatever this system has.
sha256() {
  { sha256sum "$1" || busybox sha256sum "$1" || openssl dgst -sha256 -r "$1" || python3 -c '
import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"; } 2>/dev/null | cut -d " " -f 1
}

# unpack <PACKED >FILE: xz is in few small systems, but Python's module is in most.
unpack() {
  if command -v xz >/dev/null; then xz -dc
  elif busybox xz --help >/dev/null 2>&1; then busybox xz -dc
  else python3 -c '
import lzma, shutil, sys
shutil.copyfileobj(lzma.open(sys.stdin.buffer), sys.stdout.buffer, 1 << 20)'
  fi
}

if [ "$(sha256 "$destination")" = @sha256@ ]; then
  end 0 "Node.js @version@ is in place at @destination@."
fi

if [ -z "$(sha256 "$0")" ]; then end 7 "There is no sha256sum, busybox, openssl or python3 here to check Node.js with."; fi

set -- @parts@
missing= damaged= have=0
for part; do
  name=${part%%=*}
  if [ ! -f "$parts/$name" ]; then missing="$missing $name"
  elif [ "$(sha256 "$parts/$name")" != "${part#*=}" ]; then damaged="$damaged $name"
  else have=$((have + 1))
  fi
done
if [ -n "$damaged" ]; then
  end 6 "$have of $# parts of Node.js are right. Upload again, they are damaged:$damaged.${missing:+ Still missing:$missing.}"
fi
if [ -n "$missing" ]; then end 3 "$have of $# parts of Node.js are here and right. Still missing:$missing."; fi

mkdir -p "${destination%/*}" || end 7 "${destination%/*} cannot be made."
for part; do cat "$parts/${part%%=*}" || exit; done | unpack >"$staged" ||
  end 7 "The parts cannot be unpacked: the disk is full (@unpackedMegabytes@ MB are needed), or there is neither xz nor Python's lzma."
if [ "$(sha256 "$staged")" != @sha256@ ]; then
  end 6 "The parts are right, but what they unpack to is not: the disk or the memory is at fault. Run this again."
fi
chmod 755 "$staged" && sync && mv "$staged" "$destination" && sync || end 7 "$destination cannot be written."
found=$("$destination" --version 2>&1) || end 6 "Node.js is at @destination@, and does not run here: $found"
end 0 "Node.js $found is in place at @destination@; the parts in $parts can be removed."
