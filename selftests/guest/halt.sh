# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What serves a disk is stopped for a while, or killed: guest_virtio.sh does so when this asks for
# it, and then writes a line to the serial port. how=stop, also while its driver goes; how=kill,
# how=again if another takes its place, or how=leave for a guest that ends while it is stopped.

. /lib.sh
. /virtio.sh

how=$(argument how)
exec 4</dev/ttyS0
case $how in
stop)	plan 8 ;;
again)	plan 4 ;;
*)	plan 4 ;;
esac

modprobe -a virtio_pci virtio_blk
wait_for [ -b /dev/vda ]
disk=$(virtio_device 2)
same "the disk is as the host made it" "$(argument sum)" "$(sum_of /dev/vda)"

# Flushed, so that it lasts.
dd if=/dev/vda of=/piece bs=64k count=1 2>/dev/null
dd if=/piece of=/dev/vda bs=64k seek=64 conv=notrunc,fsync 2>/dev/null
written=$(sum_of /dev/vda)
drop_caches

# Requests that are begun once nobody serves them any more, with gaps so that none becomes part of
# another.
ask "$how"
for n in 1 2 3; do
	{ dd if=/dev/vda bs=64k count=1 skip=$((2 * n)) iflag=direct 2>/dev/null | md5sum >/read.$n
	  echo read >/done.$n; } &
done
# They are completed, or will be.
served_again()
{
	wait
	check "it is, when it is served again" [ "$(cat /done.* | wc -l)" = 3 ]
	sums=$(for n in 1 2 3; do
		dd if=/dev/vda bs=64k count=1 skip=$((2 * n)) 2>/dev/null | md5sum
	done)
	same "with the right data" "$sums" "$(cat /read.1 /read.2 /read.3)"
	drop_caches
	same "the disk is as it was" "$written" "$(sum_of /dev/vda)"
}

if [ "$how" = again ]; then
	served_again
	exit
fi

# Or completed, which is what they should not be.
begun()
{
	read -r reads _ </sys/block/vda/inflight
	[ "$reads" = 3 ] || ls /done.* >/dev/null 2>&1
}
check "the driver has given them to the device" wait_for begun
sleep 2
same "what nobody serves is not completed" "" "$(ls /done.* 2>/dev/null)"
is_alive "$(virtio_function "$disk")"

case $how in
stop)
	ask "continue"
	served_again
	# A driver that goes waits until its queue has been stopped (2.4.1).
	ask "pause"
	echo "$disk" >/sys/bus/virtio/drivers/virtio_blk/unbind
	echo "$disk" >/sys/bus/virtio/drivers/virtio_blk/bind
	wait_for [ -b /dev/vda ]
	same "a driver goes and comes while nobody serves it" "$written" "$(sum_of /dev/vda)"
	;;
*)	# Requests that nobody will complete are not waited for.
	poweroff -n -f
	;;
esac
