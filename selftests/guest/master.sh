# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A device may not access memory while its bus master enable is clear (PCI Local Bus 3.0, 6.2.2):
# what a disk is asked for meanwhile it does when that is set again.

. /lib.sh
. /virtio.sh

plan 5
modprobe -a virtio_pci virtio_blk
wait_for [ -b /dev/vda ]
function=$(virtio_function "$(virtio_device 2)")
same "the disk is as the host made it" "$(argument sum)" "$(sum_of /dev/vda)"

read_piece()
{
	dd if=/dev/vda bs=64k count=1 skip=8 iflag=direct 2>/dev/null | md5sum
}

begun()
{
	read -r reads _ </sys/block/vda/inflight
	[ "$reads" = 1 ] || [ -e /done ]
}

wanted=$(read_piece)
setpci -s "$function" COMMAND=0:4
{ read_piece >/got; echo >/done; } &
check "the driver gives it a request" wait_for begun
sleep 2
check "which is not completed while bus master enable is clear" [ ! -e /done ]
setpci -s "$function" COMMAND=4:4
wait
same "it is, when that is set" "$wanted" "$(cat /got)"
same "the kernel does not complain" "" "$(disk_complaints)"
