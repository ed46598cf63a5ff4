#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A guest that reboots with an NVMe disk of the host's: first another kernel takes the disk over as
# the first one has left it, in the middle of writes, and uses it; then that resets the machine, and
# another guest has the disk.
#
# Depends on: delivery.
# Needs: host vfio.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/vfio-guest.sh"

# put FILE MEBIBYTES: on the disk, from there on.
put()
{
	dd if="$1" of="$nvme_image" bs=1M seek="$2" conv=notrunc 2>/dev/null
}

echo "KTAP version 1"
echo "1..6"

fill_disk 8
put "$guest_image" 32
put "$guest_initrd" 48
drive_with vfio-pci $nvme
guest_result $? "the device is VFIO's"
# With a kernel that panics the guest ends.
append="pci=noearly iomem=relaxed panic=-1 end=reboot mebibytes=8 sum=$fill_sum rounds=1 \
kernel=$(stat -L -c %s "$guest_image") initrd=$(stat -L -c %s "$guest_initrd")"
try_guest "the reset" boot_guest vfio-kexec --kernel "$guest_kernel" --vfio $nvme
filled 8
guest_result $? "what the second kernel has written is what is on the disk"
fill_disk 8
append="pci=noearly iomem=relaxed devices=nvme mebibytes=8 sum=$fill_sum rounds=1"
try_guest "power-off" boot_guest vfio --kernel "$guest_kernel" --vfio $nvme
