#!/bin/bash
# First process of the guest: a user-mode Linux whose root is a directory of the host, read-only. Starts udev, D-Bus and udisksd, then runs what the test
# puts into the directory that both see: N.sh, answered by N.out and, last, N.code.
export PATH=/programs:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp
mount -t proc none /proc
mount -t sysfs none /sys
for directory in /run /tmp /var/lib/udisks2 /srv /etc/mdadm; do mount -t tmpfs none "$directory"; done
mkdir -p /dev/pts /dev/shm /run/dbus /run/udev/rules.d /srv/store
mount -t tmpfs none /dev/shm
mount -t hostfs none /exchange -o "$EXCHANGE"
mount -t hostfs none /programs -o "$PROGRAMS"
exec >/dev/console 2>&1 </dev/null
ip link set lo up
for module in configfs sd_mod raid1 raid456 raid10 target_core_file tcm_loop; do modprobe "$module"; done
mount -t configfs none /sys/kernel/config

# A bay is a SCSI host: its name stays whichever disk is in it.
cat >/run/udev/rules.d/90-bays.rules <<'RULES'
SUBSYSTEM=="block", KERNEL=="sd?", KERNELS=="host*", SYMLINK+="disk/by-path/bay-%b"
RULES
/lib/systemd/systemd-udevd --daemon
udevadm trigger
udevadm settle
dbus-uuidgen >/run/machine-id
dbus-daemon --system --fork
/usr/libexec/udisks2/udisksd --no-debug >/exchange/udisksd.log 2>&1 &

target=/sys/kernel/config/target

# bay N: makes bay N, from 0, in the order in which SCSI hosts are numbered.
bay() {
  mkdir -p "$target/loopback/naa.600140500000000$1/tpgt_1/lun/lun_0"
  echo "naa.600140500000010$1" >"$target/loopback/naa.600140500000000$1/tpgt_1/nexus"
}

# disk SERIAL MEBIBYTES: makes a disk, which lies on the table until it is plugged.
disk() {
  mkdir -p /tmp/disks "$target/core/fileio_0/$1"
  truncate -s "${2}M" "/tmp/disks/$1"
  echo "fd_dev_name=/tmp/disks/$1,fd_dev_size=$(($2 * 1048576)),fd_buffered_io=1" >"$target/core/fileio_0/$1/control"
  echo -n "$1" >"$target/core/fileio_0/$1/wwn/vpd_unit_serial"
  echo 1 >"$target/core/fileio_0/$1/enable"
}

# plug N SERIAL: puts a disk into a bay. unplug N: pulls it out, ready or not.
plug() { ln -s "$target/core/fileio_0/$2" "$target/loopback/naa.600140500000000$1/tpgt_1/lun/lun_0/port"; }
unplug() { rm "$target/loopback/naa.600140500000000$1/tpgt_1/lun/lun_0/port"; }

# restart_udisks: ends udisksd and starts it again a little later.
restart_udisks() {
  kill "$(pidof udisksd)"
  while pidof udisksd >/dev/null; do sleep 0.1; done
  /usr/libexec/udisks2/udisksd --no-debug >>/exchange/udisksd.log 2>&1 &
}

echo ready >/exchange/ready
number=1
while true; do
  if [ -e "/exchange/$number.sh" ]; then
    ( . "/exchange/$number.sh" ) >"/exchange/$number.out" 2>&1
    code=$?
    echo "$code" >"/exchange/$number.code.new"
    mv "/exchange/$number.code.new" "/exchange/$number.code"
    number=$((number + 1))
  else
    sleep 0.1
  fi
done
