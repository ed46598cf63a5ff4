# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The driver of a disk is taken away and given back as often as rounds=N on the command line says,
# while the disk is read and written: in turns the driver of disks, and that of virtio's PCI
# functions. What is written is what was there, so that sum=, the checksum of it all, stays true.

. /lib.sh
. /virtio.sh

rounds=$(argument rounds)
sum=$(argument sum)

plan 5
modprobe -a virtio_pci virtio_blk
wait_for [ -b /dev/vda ]
same "the disk is as the host made it" "$sum" "$(sum_of /dev/vda)"
# A name for the writer: in /dev it would make a file of the disk that has gone.
# shellcheck disable=SC2046 # words
mknod /disk b $(tr : ' ' </sys/block/vda/dev)
mebibytes=$(($(cat /sys/block/vda/size) / 2048))

# One that reads all of it, and one that writes over again what is in its half of it, until the
# disk is gone. All of what was written last is there, whether its write has been confirmed or not.
reader()
{
	while dd if=/dev/vda of=/dev/null bs=64k iflag=direct; do :; done 2>/dev/null
}
writer()
{
	dd if=/dev/vda of=/half bs=1M count=$((mebibytes / 2)) 2>/dev/null
	while dd if=/half of=/disk bs=32k conv=notrunc oflag=direct; do :; done 2>/dev/null
}

# requests FIELD: how many reads (1) or writes (5) have been completed.
requests()
{
	# shellcheck disable=SC2046 # words
	set -- "$1" $(cat /sys/block/vda/stat)
	shift "$1"
	echo "$1"
}

busy()
{
	[ "$(requests 1)" -gt $((reads + 5)) ] && [ "$(requests 5)" -gt $((writes + 5)) ]
}

make_busy()
{
	reads=$(requests 1) writes=$(requests 5)
	reader & writer &
	wait_for busy
}

is_gone()
{
	wait
	[ ! -e /sys/block/vda ]
}

# The name of a disk that comes back may be the next one, until nobody has it open any more.
is_back()
{
	wait_for [ -b /dev/vda ]
}

rebind "$rounds" 2 virtio_blk
same "its driver goes while it is busy, and comes back" "$rounds" "$rebound"
wait_for [ -b /dev/vda ]
drop_caches
same "the disk is as it was" "$sum" "$(sum_of /dev/vda)"
check "its driver's interrupts are there once" \
	[ "$(grep -c "$(virtio_device 2)-req.0" /proc/interrupts)" = 1 ]
# Who has a disk open that is taken away is told of an error.
complaints | tee -a /complaints | sed 's/^/# /'
disk_complaints | grep -vE 'I/O error, dev vda|Buffer I/O error on dev vda' |
	tee -a /complaints | sed 's/^/# /'
check "the kernel has complained of nothing but that" [ ! -s /complaints ]
