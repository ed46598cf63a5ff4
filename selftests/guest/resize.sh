# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A disk that becomes larger while the guest runs, when this asks the host for it. sum= on the command
# line is the checksum of what is on it before.

. /lib.sh
. /virtio.sh

plan 4
modprobe -a virtio_pci virtio_blk
wait_for [ -b /dev/vda ]
same "the disk is as the host made it" "$(argument sum)" "$(sum_of /dev/vda)"
before=$(cat /sys/block/vda/size)

grown()
{
	[ "$(cat /sys/block/vda/size)" = $((2 * before)) ]
}

echo "resize"
check "the driver is told that it is twice as large" wait_for grown
dd if=/dev/vda of=/new bs=1M count=1 2>/dev/null
dd if=/new of=/dev/vda bs=512 seek=$((2 * before - 2048)) conv=notrunc,fsync 2>/dev/null
drop_caches
same "what is written to its new end comes back" "$(sum_of /new)" \
	"$(dd if=/dev/vda bs=512 skip=$((2 * before - 2048)) 2>/dev/null | md5sum | cut -d ' ' -f 1)"
same "the kernel has not complained" "" "$(disk_complaints)"
