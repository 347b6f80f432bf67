#!/bin/busybox sh
# First process of the guest: takes the modules in, runs the program that the kernel's command line names (run=PROGRAM), and turns the machine off.
/bin/busybox --install -s /bin
export PATH=/bin LD_LIBRARY_PATH=/lib HOME=/tmp DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_BUNDLE_EXTRACT_BASE_DIR=/tmp
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tmpfs none /tmp
insmod /configfs.ko
mount -t configfs none /sys/kernel/config
insmod /gpio-sim.ko
program=$(sed -n 's/.*run=\([^ ]*\).*/\1/p' /proc/cmdline)
/programs/"$program" 2>&1
echo "EXIT $?"
sync
echo o >/proc/sysrq-trigger
sleep 60
