#!/bin/sh
# Fetches what the virtual machine of the tests is made of, once, into the checkout's cache: Debian's own kernel with all
# its modules, and servers of NFS and SMB with their clients. Quick when all is there.
set -eu
cd "$(dirname "$0")/../.."
say() { printf 'test vm: %s\n' "$*" >&2; }

[ "$(uname -m)" = x86_64 ] || { say "the machine is of x86_64, and this one is not"; exit 1; }
command -v apt-get >/dev/null 2>&1 || { say "its parts are Debian packages, and this is no Debian"; exit 1; }
parts=.cache/vm/root
if [ ! -e .cache/vm/complete ]; then
  say "unpacking a kernel, nfs-kernel-server and samba"
  rm -rf .cache/vm
  mkdir -p "$parts"
  apt-cache show linux-image-amd64 >/dev/null 2>&1 || apt-get update -qq
  image=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  sh scripts/unpack-packages.sh "$parts" "$image" kmod
  # Not what is installed here already: the machine sees that, too.
  sh scripts/unpack-with-missing.sh "$parts" nfs-kernel-server nfs-common samba cifs-utils
  # Some packages still unpack beside /usr; on the machine those names are links into it.
  for name in bin sbin lib lib64; do
    [ -d "$parts/$name" ] || continue
    mkdir -p "$parts/usr/$name"
    cp -a "$parts/$name/." "$parts/usr/$name/"
    rm -rf "${parts:?}/$name"
  done
  # depmod looks below lib, not below usr/lib.
  ln -s usr/lib "$parts/lib"
  "$parts/usr/sbin/depmod" -b "$parts" "$(ls "$parts/usr/lib/modules")"
  rm "$parts/lib"
  touch .cache/vm/complete
fi

if ! command -v qemu-system-x86_64 >/dev/null 2>&1 && [ ! -x .cache/vm-qemu/usr/bin/qemu-system-x86_64 ]; then
  say "unpacking qemu"
  sh scripts/unpack-with-missing.sh .cache/vm-qemu qemu-system-x86
fi
