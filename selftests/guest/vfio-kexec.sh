# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# A kernel that starts another one, which is on an NVMe disk of the host's, kernel= and initrd= bytes
# from 32 MiB and 48 MiB on, while that disk is written to, from 100 MiB on. stage=2 on the command
# line of the second tells it that it is that: it does what vfio-nvme.sh does.

. /lib.sh
. /virtio.sh
. /vfio-lib.sh

plan 16

# part MEBIBYTES BYTES: of the disk.
part()
{
	dd if=/dev/nvme0n1 bs=1M skip="$1" count=$(($2 / 1048576 + 1)) iflag=direct 2>/dev/null |
		head -c "$2"
}

load()
{
	for load_part in 100 110 120 130; do
		while :; do
			dd if=/dev/zero of=/dev/nvme0n1 bs=64k seek=$((load_part * 16)) count=160 \
				oflag=direct conv=notrunc
		done 2>/dev/null &
	done
}

# busy: are writes on their way? Where there are several paths to a disk, the path counts.
busy()
{
	awk '{ writes += $2 } END { exit !writes }' /sys/block/nvme0*n1/inflight
}

first()
{
	modprobe nvme
	wait_for [ -b /dev/nvme0n1 ]
	part 32 "$(argument kernel)" >/vmlinuz
	part 48 "$(argument initrd)" >/initrd
	check "another kernel is loaded" kexec /vmlinuz /initrd "$(cat /proc/cmdline) stage=2"
	rm /vmlinuz /initrd
	load
	check "the disk is busy" wait_for busy
	kexec
	check "the first kernel starts the second" false
}

[ "$(argument stage)" = 2 ] || first
# shellcheck disable=SC2034 # lib.sh counts on
number=2
. /vfio-nvme.sh
same "the second kernel has not complained" "" "$(complaints; dmesg | grep -E 'nvme.*(error|timeout)')"
