#!/usr/bin/env bash
# Puts the disk together: disk.sh WORK IMAGE. WORK has vmlinuz, initrd, slot.cfg and root.img; boot.img is left there for the update bundle. Sizes in MiB.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$1
image=$2
esp_mib=8 boot_mib=32 root_mib=224 state_mib=32

# A number of its own for each thing, the same in every build.
guid() { echo -n "gatewayos $1" | sha256sum | sed 's/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{12\}\).*/\1-\2-4\3-8\4-\5/'; }
fat() { # FILE MIB LABEL
  rm -f "$1"
  truncate -s "$2M" "$1"
  mkfs.vfat -n "$3" -i "$(guid "$3" | cut -c1-8)" --invariant "$1" >/dev/null
}
stamped() { touch -d "@$SOURCE_DATE_EPOCH" "$@"; }

grub-mkimage -O x86_64-efi -o "$work/BOOTX64.EFI" -p /gateway part_gpt fat normal configfile linux loadenv test echo search regexp sleep reboot halt true minicmd efi_gop efi_uga video
printf '# GRUB Environment Block\nORDER=A B\nA_OK=1\nA_TRY=0\nA_SURE=1\nB_OK=1\nB_TRY=0\nB_SURE=1\n' >"$work/grubenv"
head -c 1024 /dev/zero | tr '\0' '#' >>"$work/grubenv"
truncate -s 1024 "$work/grubenv"
cp "$here/../boot/grub.cfg" "$work/grub.cfg"
stamped "$work"/{BOOTX64.EFI,grubenv,grub.cfg,vmlinuz,initrd,slot.cfg}

fat "$work/esp.img" $esp_mib GATEWAY-ESP
mmd -i "$work/esp.img" ::/EFI ::/EFI/BOOT ::/gateway
mcopy -m -i "$work/esp.img" "$work/BOOTX64.EFI" ::/EFI/BOOT/
mcopy -m -i "$work/esp.img" "$work/grubenv" "$work/grub.cfg" ::/gateway/
fat "$work/boot.img" $boot_mib GATEWAYBOOT
mcopy -m -i "$work/boot.img" "$work/vmlinuz" "$work/initrd" "$work/slot.cfg" ::/

size=$(stat -c %s "$work/root.img")
[ "$size" -le $((root_mib * 1048576)) ] || { echo "disk.sh: the root takes $((size / 1048576)) MiB, a slot has $root_mib" >&2; exit 1; }

rm -f "$work/state.img"
truncate -s ${state_mib}M "$work/state.img"
E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mkfs.ext4 -q -L gateway-state -U "$(guid state)" -E "hash_seed=$(guid seed),lazy_itable_init=0,resize=67108864" -O ^metadata_csum_seed,^orphan_file -J size=4 -m 1 -N 8192 "$work/state.img" 2>/dev/null \
  || E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mkfs.ext4 -q -L gateway-state -U "$(guid state)" -E "hash_seed=$(guid seed),lazy_itable_init=0" -J size=4 -m 1 -N 8192 "$work/state.img"

start=1
table="label: gpt\nlabel-id: $(guid disk)\nunit: sectors\nfirst-lba: 2048\n"
rm -f "$image"
truncate -s $((start + esp_mib + 2 * (boot_mib + root_mib) + state_mib + 1))M "$image"
place() { # NAME TYPE MIB [FILE]
  table+="start=$((start * 2048)), size=$(($3 * 2048)), type=$2, uuid=$(guid "partition $1"), name=$1\n"
  [ $# -lt 4 ] || dd if="$4" of="$image" bs=1M seek=$start conv=notrunc,sparse status=none
  start=$((start + $3))
}
linux=0FC63DAF-8483-4772-8E79-3D69D8477DE4
place esp C12A7328-F81F-11D2-BA4B-00A0C93EC93B $esp_mib "$work/esp.img"
place boot-A $linux $boot_mib "$work/boot.img"
place root-A $linux $root_mib "$work/root.img"
place boot-B $linux $boot_mib "$work/boot.img"
place root-B $linux $root_mib "$work/root.img"
place state $linux $state_mib "$work/state.img"
printf "$table" | sfdisk --quiet --wipe never --wipe-partitions never --no-reread --no-tell-kernel "$image" >/dev/null
