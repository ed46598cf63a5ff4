#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device of the host's that can't be reset alone, as it seems to the host: its bus is, since all
# devices on that are the guest's. QEMU's ports don't tell the host that their link is up again. It
# takes that for a reset that has failed, and the launcher says so, once for all of them.
#
# Depends on: kernel.
# Needs: host vfio.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/vfio-guest.sh"
methods=/sys/bus/pci/devices/$e1000e/reset_method

echo "KTAP version 1"
echo "1..4"

drive_with_none $e1000e
methods_before=$(cat $methods)
echo >$methods
drive_with vfio-pci $e1000e
guest_result $? "the device is VFIO's"
append="pci=noearly iomem=relaxed"
try_guest "power-off" boot_guest vfio-reset --kernel "$guest_kernel" \
	--device root-port,name=a,addr=2 --vfio $e1000e,behind=a
[ "$(grep -c "has reset it, but the host has not" /tmp/guest.log)" -le 1 ]
guest_result $? "the launcher does not say more than once that one has failed"
echo "$methods_before" >$methods
