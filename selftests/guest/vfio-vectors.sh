# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A controller of the host's whose driver comes, goes, and comes again: at each step this says how
# many of its vectors Linux uses, and the host answers "right" if it has as many for them.

. /lib.sh
. /virtio.sh
. /vfio-lib.sh

plan 6
disk=/dev/nvme0n1

# host_agrees: that it has as many.
host_agrees()
{
	echo "uses $(grep -c nvme0q /proc/interrupts)"
	read -r agrees </dev/ttyS0
	[ "$agrees" = right ]
}

stty -F /dev/ttyS0 -echo
check "without a driver there are none" host_agrees
modprobe nvme
check "there is a disk" wait_for [ -b $disk ]
check "there are as many as its driver uses" host_agrees
function=$(given 010802)
drive "$function" nvme unbind
check "when it has gone there are none" host_agrees
drive "$function" nvme bind
# Each processor has a queue of its own, with a vector.
each_reads()
{
	wait_for [ -b $disk ] &&
		for cpu in 0 1; do
			taskset -c $cpu dd if=$disk of=/dev/null bs=4k count=8 iflag=direct \
				2>/dev/null || return 1
		done
}
check "when it has come back it works, on each processor" each_reads
check "and has as many as before" host_agrees
