#!/usr/bin/env bash
# Makes the initial RAM disk: initrd.sh ROOT OUT. busybox, what opens and checks the slot, and the modules that a start needs; all but busybox from the root tree.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$1
out=$2
release=$(basename "$root"/lib/modules/*)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

wanted=(dm-mod dm-verity squashfs overlay ext4 crc32c_generic crc32c-intel sha256_ssse3 vfat nls_cp437 nls_ascii nls_utf8 ahci ata_piix sd_mod nvme virtio_pci virtio_blk virtio_scsi xhci_pci ehci_pci usb_storage uas megaraid_sas mpt3sas sdhci_pci mmc_block)

mkdir -p "$work"/{bin,sbin,usr,proc,sys,dev,run,lib,lib64,root} "$work/lib/modules/$release"
ln -s ../sbin "$work/usr/sbin"
ln -s ../lib "$work/usr/lib"
cp /bin/busybox "$work/bin/"
cp "$here/../boot/init" "$work/init"
cp "$here/../root/usr/lib/gatewayos/boot-slots" "$work/bin/"
for program in dmsetup e2fsck; do
  cp "$root/usr/sbin/$program" "$work/sbin/" 2>/dev/null || cp "$root/sbin/$program" "$work/sbin/"
  chroot "$root" ldd "/usr/sbin/$program" 2>/dev/null || chroot "$root" ldd "/sbin/$program"
done | grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r library; do
  mkdir -p "$work$(dirname "$library")"
  cp -L "$root$library" "$work$library"
done

depmod -b "$root" "$release"
for module in "${wanted[@]}"; do
  echo "$module" >>"$work/modules"
  modprobe -d "$root" -S "$release" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | sort -u | while read -r file; do
  relative=${file#*"/lib/modules/$release/"}
  mkdir -p "$work/lib/modules/$release/$(dirname "$relative")"
  cp "$root/lib/modules/$release/$relative" "$work/lib/modules/$release/$relative"
done
cp "$root/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} "$work/lib/modules/$release/"
depmod -b "$work" "$release"
rm -f "$work/lib/modules/$release"/modules.*.bin

find "$work" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
(cd "$work" && find . -print0 | LC_ALL=C sort -z | cpio --quiet --null -o -H newc --reproducible --owner=0:0) | zstd -q -19 -T1 >"$out"
