# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Devices of the host that come and go in the slots of root ports: guest_vfio_slot.sh plugs the disk
# when this says so, and has the host take back one after the other. sum= is the checksum of what
# the disk begins with, mebibytes= of it.

. /lib.sh
. /virtio.sh
exec 4</dev/ttyS0

nvme=/sys/bus/pci/devices/0000:01:00.0
edu=/sys/bus/pci/devices/0000:02:00.0
disk=/dev/nvme0n1

# look COMMAND...: until the command succeeds.
look()
{
	look_left=600
	until "$@"; do
		look_left=$((look_left - 1))
		[ $look_left != 0 ] || return 1
		usleep 200000
	done
}

# data_sum: of what the host has put there.
data_sum()
{
	dd if=$disk bs=1M count="$(argument mebibytes)" iflag=direct 2>/dev/null | md5sum |
		cut -d ' ' -f 1
}

# The driver of the port that edu is behind, as the bus pci_express has it.
ports=/sys/bus/pci_express/drivers/pciehp

exec 4</dev/ttyS0
plan 8

check "modules are loaded" modprobe nvme
same "one port has something in its slot" "0 1" \
	"$(cat /sys/bus/pci/slots/2/adapter) $(cat /sys/bus/pci/slots/3/adapter)"
echo "plug"
check "a disk comes" look [ -b $disk ]
same "with its data" "$(argument sum)" "$(data_sum)"
echo "take-disk"
check "it is released when the host wants it back" look [ ! -e $nvme ]
# A slot that nobody serves, and then somebody does.
port=$(basename "$ports"/0000:00:03.0:*)
echo "$port" >$ports/unbind
echo "take-edu"
read -r _ <&4
check "what can't be asked for stays" [ -e $edu ]
echo "$port" >$ports/bind
check "and is released once it can be" look [ ! -e $edu ]
same "the slots are empty" "0 0" \
	"$(cat /sys/bus/pci/slots/2/adapter) $(cat /sys/bus/pci/slots/3/adapter)"
# The host may still be about to close them.
read -r _ <&4
