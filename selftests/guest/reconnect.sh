# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What serves a disk goes, and comes again, as this asks guest_reconnect.sh for, which then writes a
# line to the serial port:
#
#	how=idle	it goes when there is nothing to do
#	how=busy	it is killed and started again under reads and writes, one of which it had
#			begun before others that it has done
#	how=lost	it is killed with requests under way, of which it kept no account
#	how=off		it goes, and is not looked for
#	how=hang	it hangs, while its disk, which nobody uses, is removed

. /lib.sh
. /virtio.sh

how=$(argument how)
rounds=$(argument rounds)
exec 4</dev/ttyS0

# write_piece SEED MEBIBYTE: 256 KiB that differ. Prints their checksum.
write_piece()
{
	yes "$1 $2" | head -c 262144 >"/piece.$2"
	dd if="/piece.$2" of=/dev/vda bs=64k seek=$(($2 * 16)) oflag=direct conv=notrunc \
		2>/dev/null || echo failed
	sum_of "/piece.$2"
}

# read_piece MEBIBYTE: the checksum of what is there.
read_piece()
{
	dd if=/dev/vda bs=64k count=4 skip=$(($1 * 16)) iflag=direct 2>/dev/null | md5sum |
		cut -d ' ' -f 1
}

# be_idle ROUND: what is written before lasts, and what is asked for meanwhile comes later.
be_idle()
{
	idle_sum=$(write_piece "$1" "$1")
	ask go
	{ read_piece "$1" >/got; echo >/got.done; } &
	sleep 1
	same "round $1: nobody reads what nobody serves" "" "$(ls /got.done 2>/dev/null)"
	ask come
	wait
	same "round $1: it comes when it is served again" "$idle_sum" "$(cat /got)"
	rm -f /got /got.done
}

# The driver goes and comes, too.
leave()
{
	leave_function=$(virtio_function "$disk")
	leave_driver=/sys/bus/pci/drivers/virtio-pci
	leave_sum=$(write_piece leave 1)
	ask go
	echo "$leave_function" >$leave_driver/unbind
	check "the driver can leave it" [ ! -b /dev/vda ]
	echo "$leave_function" >$leave_driver/bind &
	sleep 1
	ask come
	wait
	wait_for [ -b /dev/vda ]
	same "and find it again" "$leave_sum" "$(read_piece 1)"
}

# work PLACE: write and read, until told to stop. Says how often, and what was wrong.
work()
{
	work_n=0
	: >"/wrong.$1"
	while ! [ -e /stop ]; do
		work_n=$((work_n + 1))
		[ "$(write_piece "$1.$work_n" "$1")" = "$(read_piece "$1")" ] ||
			echo "place $1, time $work_n" >>"/wrong.$1"
		echo "$work_n" >"/worked.$1"
	done
}

worked()
{
	[ "$(cat "/worked.$1")" -gt "$2" ]
}

# How often all of them have.
all_work()
{
	cat /worked.* | awk '{ n += $1 } END { print n }'
}

went_on()
{
	[ "$(all_work)" -gt "$1" ]
}

be_busy()
{
	for place in 1 2 3; do
		echo 0 >"/worked.$place"
		work $place &
	done
	for round in $(seq "$rounds"); do
		# One request stays, while those that come after it are done.
		ask hold
		check "round $round: workers go on" wait_for went_on $(($(all_work) + 3))
		ask bounce
	done
	for place in 1 2 3; do
		check "worker $place goes on" \
			wait_for worked $place $(($(cat /worked.$place) + 1))
	done
	: >/stop
	wait
	same "all that was read is what was written" "" "$(cat /wrong.*)"
}

modprobe -a virtio_pci
[ "$how" = hang ] || modprobe virtio_blk
case $how in
idle)
	plan $((2 * rounds + 3))
	wait_for [ -b /dev/vda ]
	disk=$(virtio_device 2)
	for round in $(seq "$rounds"); do
		be_idle "$round"
	done
	leave
	same "the kernel does not complain" "" "$(disk_complaints)"
	;;
busy)
	plan $((rounds + 5))
	wait_for [ -b /dev/vda ]
	be_busy
	same "the kernel does not complain" "" "$(disk_complaints)"
	;;
lost)
	plan 4
	wait_for [ -b /dev/vda ]
	disk=$(virtio_device 2)
	ask stop
	for n in 1 2 3; do
		{ read_piece $n >/read.$n; echo >/read.done; } &
	done
	begun()
	{
		read -r reads _ </sys/block/vda/inflight
		[ "$reads" = 3 ]
	}
	check "the driver has given requests to the device" wait_for begun
	ask bounce
	sleep 2
	same "none of them is done twice, or at all" "" "$(ls /read.done 2>/dev/null)"
	check "the device wants to be reset" wait_for needs_reset "$disk"
	check "and then a driver can begin anew" begin_anew "$(virtio_function "$disk")"
	poweroff -n -f
	;;
off)
	plan 1
	wait_for [ -b /dev/vda ]
	ask bounce
	check "the guest lives on" true
	;;
hang)
	plan 1
	ask hang
	ask alive
	check "the console went on" true
	;;
esac
