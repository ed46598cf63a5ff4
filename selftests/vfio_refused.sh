#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Devices of the host that kvpci-run can't give to a guest: one line says what to do, and no guest
# starts. And devices that come back: from a launcher that is killed while its guest uses them.
#
# Depends on: kernel.
# Needs: host vfio.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
. "$top/selftests/vfio-guest.sh"
tmp=$(mktemp -d) || exit 1
smbus=0000:00:1f.3

# kill_copying LINE: the guest has begun to write.
kill_copying()
{
	case $1 in
	"ok 4 "*)
		refuses "a device that another launcher has" 1 "another process has it" \
			--vfio $nvme
		sleep 1
		kill -KILL $launcher
		killed=1
		;;
	esac
}

echo "KTAP version 1"
echo "1..17"

refuses "no device" 2 "say which device" --vfio ""
refuses "interrupts of no kind" 2 "trigger or bypass" --vfio $edu,irq=polling
refuses "a key that is none" 2 "nonsense" --vfio $edu,nonsense=1
refuses "a device that there is not" 1 "there is no such device" --vfio 0000:7f:00.0
refuses "no device of PCI's" 1 "/sys/class/mem/null" --vfio /sys/class/mem/null
drive_with_none $edu
refuses "a device without a driver" 1 "it has no driver" --vfio $edu
use_nvme
refuses "a device that the host uses" 1 "its driver is nvme" --vfio $nvme
modprobe ahci
drive_with vfio-pci $smbus
refuses "a group that the host uses, too" 1 "whose driver is ahci" --vfio $smbus
drive_with vfio-pci $edu
refuses "a device that the guest has" 1 "the guest has it already" --vfio $edu --vfio $edu
locking_at_most 4 refuses "more memory than may be locked" 1 "ulimit -l" --vfio $edu
drive_with vfio-pci $e1000e
locking_at_most 384 refuses "more than may be locked for all devices" 1 "512 MiB" --memory 256M \
	--iommu --vfio $edu,iommu=on --vfio $e1000e,iommu=on
refuses "no room for its BAR" 1 "1048576 bytes (vfio at 00:03.0)" --vfio $edu,addr=3 \
	--device id=1b36:1100,addr=4,bar0=mem32/1G --device id=1b36:1100,addr=5,bar0=mem32/512M

drive_with vfio-pci $nvme
fill_disk 16
# shellcheck disable=SC2034 # it is added to the command line
append="pci=noearly iomem=relaxed devices=nvme mebibytes=16 sum=$fill_sum rounds=1"
killed=
converse vfio kill_copying --vfio $nvme
[ -n "$killed" ]
guest_result $? "a launcher is killed while its guest writes"
# What the device was told to do before does not go on: the host's driver finds it at rest.
use_nvme && [ "$(dd if="/dev/${nvme_name}n1" bs=1M count=16 iflag=direct 2>/dev/null |
	md5sum | cut -d ' ' -f 1)" = "$fill_sum" ]
guest_result $? "the host has its disk back"
drive_with vfio-pci $nvme
fill_disk 16
append="pci=noearly iomem=relaxed devices=nvme mebibytes=16 sum=$fill_sum rounds=1"
try_guest "power-off" boot_guest vfio --kernel "$guest_kernel" --vfio $nvme
rm -rf "$tmp"
