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

# unlocked COMMAND...: without the right to lock more memory than the limit says, which is low.
unlocked()
{
	cat >"$tmp/launcher" <<-END
	#!/bin/sh
	ulimit -l 4096
	exec setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock "$kvpci_run" "\$@"
	END
	chmod +x "$tmp/launcher"
	unlocked_kept=$kvpci_run
	kvpci_run=$tmp/launcher
	"$@"
	kvpci_run=$unlocked_kept
}

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
echo "1..14"

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
unlocked refuses "more memory than may be locked" 1 "ulimit -l" --vfio $edu

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
