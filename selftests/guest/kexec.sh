# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A kernel that starts another one, which is on the first disk, while disks are busy and packets
# come. stage=2 on the command line of the second tells it that it is that: it finds its devices as
# the first has left them, and ends while they are busy again. datasum= and sum= are checksums of the
# file "data" on the first disk, and of the second disk, on which what is written is what was there.

. /lib.sh
. /virtio.sh

plan 12
modprobe -a virtio_pci virtio_blk virtio_net ext4
if [ "$(argument stage)" = 2 ]; then
	stage=second
	# shellcheck disable=SC2034 # lib.sh counts on
	number=5
else
	stage=first
fi

# Several of each, so that there are always some on their way. Packets come, but none is sent.
load()
{
	net_silent
	for _ in 1 2; do
		while :; do dd if=/dev/vda of=/dev/null bs=64k iflag=direct; done 2>/dev/null &
		while :; do dd if=/half of=/dev/vdb bs=32k conv=notrunc oflag=direct; done 2>/dev/null &
	done
}
busy()
{
	read -r busy_disk _ </sys/block/vda/inflight
	read -r _ busy_other </sys/block/vdb/inflight
	[ "$busy_disk" != 0 ] && [ "$busy_other" != 0 ]
}

wait_for [ -b /dev/vdb ]
same "the $stage kernel finds the second disk as it should be" "$(argument sum)" \
	"$(sum_of /dev/vdb)"
mkdir -p /disk
mount -t ext4 -o ro /dev/vda /disk
same "and a file on the first one" "$(argument datasum)" "$(sum_of /disk/data)"
check "its network device comes up" net_up
[ $stage = second ] || echo "up"
check "and the other end answers" net_reach
dd if=/dev/vdb of=/half bs=1M count=4 2>/dev/null
if [ $stage = second ]; then
	dd if=/half of=/dev/vdb bs=1M conv=notrunc,fsync 2>/dev/null
	drop_caches
	same "the second disk can be written" "$(argument sum)" "$(sum_of /dev/vdb)"
	complaints | tee -a /complaints | sed 's/^/# /'
	disk_complaints | tee -a /complaints | sed 's/^/# /'
	check "the second kernel has not complained" [ ! -s /complaints ]
fi
[ $stage = second ] || kexec /disk/vmlinuz /disk/initrd "$(cat /proc/cmdline) stage=2"
load
check "both disks are busy" wait_for busy
if [ $stage = first ]; then
	kexec
	check "the first kernel starts the second" false
fi
