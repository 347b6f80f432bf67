#!/usr/bin/env bash
# Makes what a virtual machine with a real GPIO chip needs: make-guest.sh DIR PROGRAM...
# DIR gets vmlinuz and initrd. The initrd holds the module of a GPIO chip, busybox, and each PROGRAM (a self-contained publish's directory) with the libraries it loads.
set -euo pipefail
out=$1
shift
cache=$out/cache
mkdir -p "$cache"

headers=$(dpkg-query -W -f='${Depends}' linux-headers-amd64 | grep -o 'linux-headers-[0-9][^ ]*')
release=${headers#linux-headers-}

# The kernel is taken out of its package, not installed: that would change how this machine starts.
if [ ! -e "$cache/$release/boot/vmlinuz-$release" ]; then
  (cd "$cache" && apt-get -o APT::Sandbox::User=root download "linux-image-$release" >/dev/null)
  mkdir -p "$cache/$release"
  dpkg-deb -x "$cache"/linux-image-"$release"_*.deb "$cache/$release"
fi
cp "$cache/$release/boot/vmlinuz-$release" "$out/vmlinuz"

"$(dirname "${BASH_SOURCE[0]}")/../../../image/make/gpio-sim.sh" "$release" "$cache/gpio-sim.ko"

root=$out/root
rm -rf "$root"
mkdir -p "$root"/{bin,dev,proc,sys,tmp,lib,lib64,programs}
cp /bin/busybox "$root/bin/"

# The test kit removes its scratch directories by bash.
printf '#!/bin/sh\nexec sh "$@"\n' >"$root/bin/bash"
chmod +x "$root/bin/bash"
cp "$cache/gpio-sim.ko" "$root/"
cp "$cache/$release/lib/modules/$release/kernel/fs/configfs/configfs.ko" "$root/"
cp "$(dirname "${BASH_SOURCE[0]}")/init.sh" "$root/init"
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
for program in "$@"; do
  cp -r "$program" "$root/programs/"
done

# What programs are linked with, and what they load by name. ldd fails on files that are no programs.
linked=$(find "$root/programs" -type f \( -name '*.so' -o -perm -u+x \) -exec ldd {} + 2>/dev/null | grep -o '=> /[^ ]*' | cut -c4- || true)
for library in $linked /usr/lib/x86_64-linux-gnu/{libgpiod.so.2,liblz4.so.1,libzstd.so.1,libgcc_s.so.1,libssl.so.3,libcrypto.so.3}; do
  [[ $library == "$root"* ]] || cp -nL "$library" "$root/lib/"
done
(cd "$root" && find . | cpio --quiet -o -H newc) | gzip -1 >"$out/initrd"
rm -rf "$root"
