#!/usr/bin/env bash
# Makes the disk image and the update bundle of a model.
# usage: image.sh --profile NAME [--debian TAR] [--programs DIR] [--version V] [--out DIR] [--extra DIR] [--signing-cert PEM --signing-key PEM --keyring PEM] [--no-bundle]
# --extra lays further files over the root, as root's: what may not be handed on with these sources, as a RAID controller's tool.
# Without a certificate to sign with, one for development is made once, in artifacts/image/keys. Needs root, no loop devices and no mounts.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
profile='' debian=$top/artifacts/image/debian.tar programs=$top/artifacts/publish version='' out='' extra='' cert='' key='' keyring='' bundle=yes
while [ $# -gt 0 ]; do
  case $1 in
    --profile) profile=$2 ;; --debian) debian=$2 ;; --programs) programs=$2 ;; --version) version=$2 ;; --out) out=$2 ;; --extra) extra=$2 ;;
    --signing-cert) cert=$2 ;; --signing-key) key=$2 ;; --keyring) keyring=$2 ;;
    --no-bundle) bundle=''; shift; continue ;;
    *) echo "image.sh: '$1' is no option" >&2; exit 2 ;;
  esac
  shift 2
done
[ -e "$top/hw-profiles/$profile.json" ] || { echo "image.sh: --profile takes one of $(cd "$top/hw-profiles" && ls ./*.json | grep -v schema | sed 's|./||; s|.json||' | paste -sd' ')" >&2; exit 2; }
[ -z "$extra" ] || [ -d "$extra" ] || { echo "image.sh: --extra takes a directory, which '$extra' is not" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "image.sh: needs root: the files of the image belong to several users" >&2; exit 1; }
export PATH=$PATH:/usr/sbin:/sbin
export TZ=UTC LC_ALL=C

# Every time in the image is that of the newest commit, so that the same sources make the same bytes.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct)}
version=${version:-$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' "$top/Directory.Build.props")}
out=${out:-$top/artifacts/image/$profile}
mkdir -p "$out"
work=$out/work
rm -rf "$work"
mkdir -p "$work"
step() { printf '%-28s %5d s\n' "$1" "$SECONDS"; }

"$here/debian.sh" "$debian"
step 'Debian tree'
if [ -z "$cert" ]; then
  keys=$top/artifacts/image/keys
  [ -e "$keys/dev.crt" ] || "$here/dev-keys.sh" "$keys"
  cert=$keys/dev.crt key=$keys/dev.key keyring=$keys/ca.crt
fi
compatible=$(sed -n 's/.*"compatible": *"\([^"]*\)".*/\1/p' "$top/hw-profiles/$profile.json")
PROFILE=$profile VERSION=$version COMPATIBLE=$compatible KEYRING=$keyring EXTRA=$extra "$here/root.sh" "$debian" "$programs" "$work/root"
step 'root tree'
"$here/sbom.sh" "$work/root" "$top" "$out/gatewayos-$profile-$version"
step 'list of parts and licences'

# The root: blocks, and behind them the tree of their hashes. The hash of its top stands in the slot's start entry.
root=$work/root.img
mksquashfs "$work/root" "$root" -comp zstd -Xcompression-level 9 -b 256K -noappend -no-progress -quiet >"$work/mksquashfs.log"
truncate -s "%4096" "$root"
blocks=$(($(stat -c %s "$root") / 4096))
salt=$(sha256sum "$root" | cut -c1-64)
hash=$(veritysetup format --no-superblock --hash sha256 --salt "$salt" --data-block-size 4096 --hash-block-size 4096 --data-blocks "$blocks" --hash-offset $((blocks * 4096)) "$root" "$root" | sed -n 's/^Root hash:[[:space:]]*//p')
[ -n "$hash" ]
step 'root, with hashes'

"$here/initrd.sh" "$work/root" "$work/initrd"
cat >"$work/slot.cfg" <<CFG
linux /vmlinuz rauc.slot=\$slot gateway.version=$version gateway.verity=$hash,$blocks,$salt ro quiet loglevel=4 panic=20 console=tty0 console=ttyS0,115200
initrd /initrd
CFG
step 'initial RAM disk'
"$here/disk.sh" "$work" "$out/gatewayos-$profile-$version.img"
step 'disk image'
if [ -n "$bundle" ]; then
  "$here/bundle.sh" "$work" "$compatible" "$version" "$cert" "$key" "$out/gatewayos-$profile-$version.raucb"
  step 'update bundle'
fi
rm -rf "$work/root"
(cd "$out" && ls -l --block-size=1 gatewayos-"$profile-$version".* | awk '{print $5, $9}')
