#!/usr/bin/env bash
# The hardware twin: a virtual machine made from a hardware profile, in which the image starts as on the appliance.
# usage: twin.sh --profile NAME [--image IMG] [--dir DIR] [--grpc PORT] [--web PORT] [--ssh PORT] [--disk-mib N] [--system-mib N] [--usb IMG] [--console FILE]
# DIR keeps the machine: system disk, a disk for each bay, firmware variables, TPM. In it are, too, while the machine runs: qmp (QEMU's control), shell (a root shell, development
# images only), journal (what the second serial line says). Without --console the console is this terminal; Ctrl-A X ends the machine.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
profile=dev image='' dir='' grpc=8441 web=8443 ssh='' disk_mib=256 system_mib=1024 usb='' console=''
while [ $# -gt 0 ]; do
  case $1 in
    --profile) profile=$2 ;; --image) image=$2 ;; --dir) dir=$2 ;; --grpc) grpc=$2 ;; --web) web=$2 ;; --ssh) ssh=$2 ;; --disk-mib) disk_mib=$2 ;; --system-mib) system_mib=$2 ;; --usb) usb=$2 ;; --console) console=$2 ;;
    *) echo "twin.sh: '$1' is no option" >&2; exit 2 ;;
  esac
  shift 2
done
description=$top/hw-profiles/$profile.json
[ -e "$description" ] || { echo "twin.sh: there is no profile '$profile'" >&2; exit 2; }
dir=${dir:-$top/artifacts/twin/$profile}
image=${image:-$(ls -t "$top/artifacts/image/$profile"/*.img 2>/dev/null | head -n 1)}
mkdir -p "$dir"
if [ ! -e "$dir/system.img" ]; then
  [ -n "$image" ] || { echo "twin.sh: there is no image of $profile: './build.sh image --profile $profile' makes one" >&2; exit 1; }
  cp --sparse=always "$image" "$dir/system.new"
  truncate -s "${system_mib}M" "$dir/system.new"
  cp /usr/share/OVMF/OVMF_VARS.fd "$dir/vars.fd"
  mv "$dir/system.new" "$dir/system.img"
fi

field() { sed -n "s/.*\"match\".*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$description"; }
arguments=(-machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 3072 -display none -nodefaults -rtc base=utc
  -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd -drive "if=pflash,format=raw,file=$dir/vars.fd"
  -drive "if=none,id=system,format=raw,file=$dir/system.img,cache=writeback" -device virtio-blk-pci,drive=system,bootindex=0
  -netdev "user,id=lan,hostfwd=tcp:127.0.0.1:$grpc-:8441,hostfwd=tcp:127.0.0.1:$web-:8443${ssh:+,hostfwd=tcp:127.0.0.1:$ssh-:22}" -device virtio-net-pci,netdev=lan
  -object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng
  -device i6300esb -action watchdog=reset
  -qmp "unix:$dir/qmp,server=on,wait=off")
[ -z "$(field vendor)" ] || arguments+=(-smbios "type=1,manufacturer=$(field vendor),product=$(field product)")
if [ -n "$console" ]; then arguments+=(-serial "file:$console"); else arguments+=(-serial mon:stdio); fi
arguments+=(-serial "file:$dir/journal" -device virtio-serial-pci -chardev "socket,id=shell,path=$dir/shell,server=on,wait=off" -device virtserialport,chardev=shell,name=gateway.shell)

# A disk in each bay: ports of an AHCI controller where the profile has them; on a bus from which disks can be pulled where its bays are virtual; or one volume behind a RAID controller.
disk() { # NAME SERIAL
  [ -e "$dir/$1.img" ] || truncate -s "${disk_mib}M" "$dir/$1.img"
  arguments+=(-drive "if=none,id=$1,format=raw,file=$dir/$1.img,cache=writeback")
}
if grep -q '"mode": "hwraid"' "$description"; then
  disk volume
  arguments+=(-device virtio-scsi-pci,id=controller -device scsi-hd,drive=volume,bus=controller.0,serial=TWIN-VOLUME)
else
  if grep -q '"byPath": "virtual-' "$description"; then controller=virtio-scsi-pci; else controller=ich9-ahci; fi
  arguments+=(-device "$controller,id=bays,addr=0x17")
  bays=$(grep -c '"byPath"' "$description")
  for no in $(seq "$bays"); do
    disk "bay-$no"
    if [ $controller = ich9-ahci ]; then port=ide-hd,bus=bays.$((no - 1)); else port=scsi-hd,bus=bays.0,scsi-id=$no; fi
    arguments+=(-device "$port,drive=bay-$no,serial=TWIN-$no,id=disk-$no")
  done
fi

# The TPM lives as long as the machine does.
if command -v swtpm >/dev/null; then
  mkdir -p "$dir/tpm"
  swtpm socket --tpm2 --tpmstate "dir=$dir/tpm" --ctrl "type=unixio,path=$dir/tpm.socket" --terminate --daemon
  arguments+=(-chardev "socket,id=tpm,path=$dir/tpm.socket" -tpmdev emulator,id=tpm0,chardev=tpm -device tpm-tis,tpmdev=tpm0)
fi
[ -z "$usb" ] || arguments+=(-device qemu-xhci -drive "if=none,id=stick,format=raw,file=$usb" -device usb-storage,drive=stick,removable=on)
rm -f "$dir/journal"
exec qemu-system-x86_64 "${arguments[@]}"
