#!/usr/bin/env bash
# Makes gpio-sim.ko, a GPIO chip of a real kernel that is driven from user space, for Debian's kernel: gpio-sim.sh RELEASE MODULE
# Debian's kernel lacks it. It is built from that kernel's own source (linux-source-6.1) against its own headers. A module that was made before is left as it is.
set -euo pipefail
release=$1
module=$2
[ -e "$module" ] && [ "$(cat "$module.release" 2>/dev/null)" = "$release" ] && exit 0
[ -e "/lib/modules/$release/build" ] || { echo "gpio-sim.sh: there are no headers of $release here, but of $(cd /lib/modules && ls | paste -sd' '): install linux-headers-$release; or remove the image's debian.tar, so that it takes in the newest kernel" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xJf /usr/src/linux-source-6.1.tar.xz -C "$work" --strip-components=1 --wildcards '*/drivers/gpio/gpio-sim.c' '*/drivers/gpio/gpiolib.h' '*/kernel/irq/irq_sim.c'
# Modules may not look descriptors up by number; the data of the interrupt has the same one. irq_sim is no module of its own: both make one.
sed -i 's/irq_to_desc(\([^)]*\))/irq_data_to_desc(irq_get_irq_data(\1))/; s|#include <linux/irq_sim.h>|&\n#include <linux/irqdesc.h>|' "$work/kernel/irq/irq_sim.c"
sed -i '/^EXPORT_SYMBOL/d' "$work/kernel/irq/irq_sim.c"
cp "$work/kernel/irq/irq_sim.c" "$work/drivers/gpio/gpiolib.h" "$work/"
cp "$work/drivers/gpio/gpio-sim.c" "$work/gpio-sim-main.c"
printf 'obj-m := gpio-sim.o\ngpio-sim-y := gpio-sim-main.o irq_sim.o\n' >"$work/Makefile"
make -s -C "/lib/modules/$release/build" "M=$work" "KCFLAGS=-ffile-prefix-map=$work=." modules >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
mkdir -p "$(dirname "$module")"
strip --strip-debug "$work/gpio-sim.ko"
cp "$work/gpio-sim.ko" "$module"
echo "$release" >"$module.release"
