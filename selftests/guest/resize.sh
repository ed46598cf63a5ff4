# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A disk that becomes larger by as much as it was at first, each time that this asks the host for it:
# while a driver runs, and while none does. sum= on the command line is the checksum of what is on it
# before.

. /lib.sh
. /virtio.sh

exec 4</dev/ttyS0

plan 5
modprobe -a virtio_pci virtio_blk
wait_for [ -b /dev/vda ]
same "the disk is as the host made it" "$(argument sum)" "$(sum_of /dev/vda)"
before=$(cat /sys/block/vda/size)

# grown TIMES: is it so many times as large, as the driver knows it?
grown()
{
	[ "$(cat /sys/block/vda/size 2>/dev/null)" = $(($1 * before)) ]
}

ask resize
check "the driver is told that it is twice as large" wait_for grown 2
dd if=/dev/vda of=/new bs=1M count=1 2>/dev/null
dd if=/new of=/dev/vda bs=512 seek=$((2 * before - 2048)) conv=notrunc,fsync 2>/dev/null
drop_caches
same "what is written to its new end comes back" "$(sum_of /new)" \
	"$(dd if=/dev/vda bs=512 skip=$((2 * before - 2048)) 2>/dev/null | md5sum | cut -d ' ' -f 1)"

driver=/sys/bus/virtio/drivers/virtio_blk
disk=$(virtio_device 2)
echo "$disk" >$driver/unbind
ask resize
echo "$disk" >$driver/bind
check "a driver that comes later finds it three times as large" wait_for grown 3
same "the kernel has not complained" "" "$(disk_complaints)"
