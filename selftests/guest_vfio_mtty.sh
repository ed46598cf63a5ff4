#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest with a mediated device of the host's: mtty, a serial port, none of whose BARs can be
# mapped, and which interrupts by INTx. There is no IOMMU for it.
#
# Depends on: kernel, delivery.
# Needs: host vfio.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/vfio-guest.sh"
series=$(sed -n 's/.*hostvm\.kernel=\([^ ]*\).*/\1/p' /proc/cmdline)
uuid=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001
type=/sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-1

echo "KTAP version 1"
echo "1..4"

modprobe -a vfio mdev && insmod "$top/build/$series/mtty/mtty.ko" && echo $uuid >$type/create
guest_result $? "there is a mediated device"
# shellcheck disable=SC2034 # boot_guest adds it to the command line
append="pci=noearly devices=mtty"
try_guest "power-off" boot_guest vfio --kernel "$guest_kernel" --vfio /sys/bus/mdev/devices/$uuid
echo 1 >"/sys/bus/mdev/devices/$uuid/remove" && [ ! -e "/sys/bus/mdev/devices/$uuid" ]
guest_result $? "nobody has it any more"
