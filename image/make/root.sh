#!/usr/bin/env bash
# Makes the root tree: root.sh DEBIAN.tar PROGRAMS ROOT. PROGRAMS has what 'build' leaves in artifacts/publish. Needs root: files belong to whom they belong.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
debian=$1
programs=$2
root=$3
work=$(dirname "$root")
: "${PROFILE:?}" "${VERSION:?}" "${COMPATIBLE:?}" "${KEYRING:?}" "${SOURCE_DATE_EPOCH:?}"

rm -rf "$root"
mkdir -p "$root"
tar -xf "$debian" -C "$root"

# gatewayd's own user, with a number that stays the same: files on the state partition and the array are its.
echo 'gatewayos:x:800:800:GatewayOS:/var/lib/gatewayos:/usr/sbin/nologin' >>"$root/etc/passwd"
echo 'gatewayos:x:800:' >>"$root/etc/group"
echo 'gatewayos:!:19000::::::' >>"$root/etc/shadow"
echo 'gatewayos:!::' >>"$root/etc/gshadow"

# The account that a technician is let in to: nobody's password opens it, and it may read the journal.
echo 'technician:x:801:801:Technician:/var/lib/technician:/bin/bash' >>"$root/etc/passwd"
echo 'technician:x:801:' >>"$root/etc/group"
echo 'technician:*:19000::::::' >>"$root/etc/shadow"
echo 'technician:!::' >>"$root/etc/gshadow"
sed -i 's/^\(systemd-journal:.*:\)$/\1technician/' "$root/etc/group" "$root/etc/gshadow"
install -d -m 700 -o 801 -g 801 "$root/var/lib/technician"

cp -r --no-preserve=ownership "$here/../root/." "$root/"
cp "$here/../systemd/gatewayd.service" "$root/etc/systemd/system/"
install -m 755 "$programs/gatewayd/gatewayd" "$programs/gatewayctl/gatewayctl" "$root/usr/bin/"
sed -i "s/@COMPATIBLE@/$COMPATIBLE/" "$root/etc/rauc/system.conf"
cp "$KEYRING" "$root/etc/rauc/keyring.pem"
# A model is known by its firmware; the development image runs where no firmware says anything.
model=auto
if [ "$PROFILE" = dev ]; then model=/usr/lib/gatewayos/twin.json; fi
printf 'GATEWAY_PROFILE=%s\nGATEWAY_VERSION=%s\nGATEWAY_COMPATIBLE=%s\n' "$model" "$VERSION" "$COMPATIBLE" >"$root/usr/lib/gatewayos/image.conf"
printf 'PRETTY_NAME="GatewayOS %s"\nNAME=GatewayOS\nID=gatewayos\nID_LIKE=debian\nVERSION_ID=%s\nVARIANT_ID=%s\n' "$VERSION" "$VERSION" "$PROFILE" >"$root/usr/lib/os-release"
rm -f "$root/etc/os-release" && ln -s ../usr/lib/os-release "$root/etc/os-release"
printf 'GatewayOS %s \\l\n' "$VERSION" >"$root/etc/issue"

mkdir -p "$root"/{state,srv/array,boot/efi,run/media}
: >"$root/etc/machine-id"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf" "$root/var/lib/dbus/machine-id"
ln -s /run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
ln -sf /etc/machine-id "$root/var/lib/dbus/machine-id"
cp "$root/usr/share/systemd/tmp.mount" "$root/etc/systemd/system/"

enabled=(tmp.mount boot-efi.mount gateway-reached.service gateway-grow.service gateway-softdog.service gateway-trial.timer gateway-array.service gateway-service.path gateway-controller.timer gatewayd.service rauc.service nftables.service systemd-networkd.service systemd-resolved.service udisks2.service chrony.service gateway-console@tty1.service gateway-console@ttyS0.service)
masked=(apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service mdcheck_start.timer mdcheck_continue.timer mdmonitor.service mdmonitor-oneshot.timer systemd-firstboot.service systemd-timesyncd.service getty@tty1.service serial-getty@ttyS0.service getty.target smartmontools.service systemd-repart.service ssh.service ssh.socket)
if [ "$PROFILE" = dev ]; then
  cp -r --no-preserve=ownership "$here/../dev/." "$root/"
  enabled+=(dev-journal.service dev-shell.service dev-gpio.service)
  release=$(basename "$root"/lib/modules/*)
  "$here/gpio-sim.sh" "$release" "$(dirname "$debian")/gpio-sim.ko"
  install -D -m 644 "$(dirname "$debian")/gpio-sim.ko" "$root/lib/modules/$release/extra/gpio-sim.ko"
  python3 "$here/twin-profile.py" "$here/../../hw-profiles/dev.json" "$root/usr/lib/gatewayos/twin.json" "$root/usr/lib/gatewayos/gpio-lines"
fi
if [ -n "${EXTRA:-}" ]; then cp -r --no-preserve=ownership "$EXTRA/." "$root/"; fi
chroot "$root" systemctl --quiet enable "${enabled[@]}" 2>"$work/enable.log" || { cat "$work/enable.log" >&2; exit 1; }
chroot "$root" systemctl --quiet mask "${masked[@]}"
chroot "$root" systemctl --quiet set-default multi-user.target

cp "$root"/boot/vmlinuz-* "$work/vmlinuz"

# What is only of use while packages are installed, and what differs from build to build.
rm -rf "$root"/boot/* "$root"/var/cache/* "$root"/var/log/* "$root"/var/lib/apt/lists/* "$root"/var/lib/initramfs-tools "$root"/var/lib/systemd/* "$root"/usr/share/initramfs-tools "$root"/usr/lib/klibc* \
  "$root"/etc/ssh/ssh_host_* "$root"/etc/{initramfs-tools,.pwd.lock,passwd-,group-,shadow-,gshadow-}
mkdir -p "$root/boot/efi" "$root/var/log" "$root/var/cache"
depmod -b "$root" "$(basename "$root"/lib/modules/*)"
