#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What systemd runs in a Debian whose disk and network device are behind an IOMMU, see
# guest_debian.sh.

# shellcheck source=selftests/guest/lib.sh
. /run/lib.sh

# translated: does the IOMMU translate for each device of virtio's but itself (23)?
translated()
{
	translated_n=0
	for device in /sys/bus/virtio/devices/virtio*; do
		[ $(($(cat "$device/device"))) = 23 ] && continue
		grep -q ^DMA "$device/../iommu_group/type" || return 1
		translated_n=$((translated_n + 1))
	done
	[ $translated_n = 2 ]
}

root_is()
{
	[ "$(findmnt -n -o SOURCE /)" = "$1" ]
}

reached()
{
	reached_left=600
	until ip -4 -br address show dev eth0 | grep -q 192.0.2.2; do
		reached_left=$((reached_left - 1))
		[ $reached_left != 0 ] || return 1
		sleep 0.1
	done
	ping -c 3 192.0.2.1 >/dev/null
}

plan 6
check "this is Debian, by systemd" grep -q systemd /proc/1/comm
check "its root file system is on the disk" root_is /dev/vda
check "which came with the IOMMU's driver" [ -e /run/root-came-late ]
check "all devices are behind that" translated
check "the host answers" reached
head -c 8388608 /dev/urandom >/root/written
md5sum </root/written >/root/written.sum
check "the kernel log has no complaint" \
	sh -c '! dmesg -r | grep -E "^<[0-4]>.*(iommu|virtio|vda|EXT4)"'
