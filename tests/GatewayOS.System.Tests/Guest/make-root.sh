#!/usr/bin/env bash
# Makes the root tree of the guest that array tests run in: Debian with udisks2, mdadm, D-Bus, udev and the modules of the user-mode kernel.
# usage: make-root.sh DIRECTORY
set -euo pipefail
root=$1
packages=udisks2,libblockdev-mdraid2,mdadm,dbus,udev,kmod,iproute2,e2fsprogs,liblz4-1,libzstd1,libargon2-1,libsqlite3-0,libsystemd0,libgpiod2,libssl3,tzdata
modules=$(echo /usr/lib/uml/modules/*)
stamp="$packages $(basename "$modules")"
[ "$(cat "$root/made-of" 2>/dev/null)" = "$stamp" ] && exit 0
rm -rf "$root" "$root.new"
mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" bookworm "$root.new"
mkdir -p "$root.new/lib/modules" "$root.new/host" "$root.new/programs" "$root.new/exchange" "$root.new/var/lib/udisks2" "$root.new/srv/store"
cp -r "$modules" "$root.new/lib/modules/"
echo "$stamp" >"$root.new/made-of"
mv "$root.new" "$root"
