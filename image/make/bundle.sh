#!/usr/bin/env bash
# Makes a signed update bundle: bundle.sh WORK COMPATIBLE VERSION CERT KEY BUNDLE. WORK has root.img and boot.img. Both go into the slot that is not running.
set -euo pipefail
work=$1
content=$work/bundle
rm -rf "$content" "$6"
mkdir -p "$content"
cp "$work/root.img" "$content/root.img"
cp "$work/boot.img" "$content/boot.img"
cat >"$content/manifest.raucm" <<MANIFEST
[update]
compatible=$2
version=$3
description=GatewayOS $3

[bundle]
format=verity

[image.rootfs]
filename=root.img

[image.boot]
filename=boot.img
MANIFEST
find "$content" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
rauc --cert="$4" --key="$5" bundle "$content" "$6" >"$work/bundle.log" 2>&1 || { cat "$work/bundle.log" >&2; exit 1; }
