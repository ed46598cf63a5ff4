#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Debian on a disk (scripts/guest-image), all of whose devices are behind an IOMMU: that disk, which
# has its root file system, and a network device. What viommu.rst says of such a system is done: the
# initial RAM disk has the IOMMU's driver. It has kernel 6.12, as Debian's 6.1 has none.
#
# Depends on: nothing.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
have_later_guests
tmp=$(mktemp -d) || exit 1
disk=$tmp/debian.img
PATH=$PATH:/usr/sbin:/sbin

echo "KTAP version 1"
echo "1..5"

modprobe -a tun vhost_net && busybox tunctl -t kvpci0 >/dev/null &&
	busybox ip address add 192.0.2.1/24 dev kvpci0 && busybox ip link set kvpci0 up &&
	cp --sparse=always "$top/build/image/debian.img" "$disk"
guest_result $? "there are a disk and a network"
append="root=/dev/vda script=debian-iommu ip=192.0.2.2/24 systemd.show_status=false"
try_guest "power-off" boot_guest none --kernel "$guest_kernel" --memory 256M --iommu \
	--disk "$disk,format=raw,iommu=on" --net tap=kvpci0,iommu=on
e2fsck -fn "$disk" >"$tmp/check" 2>&1
guest_result $? "its file system is whole"
written=$(debugfs -R "cat /root/written" "$disk" 2>/dev/null | md5sum)
[ "$written" = "$(debugfs -R "cat /root/written.sum" "$disk" 2>/dev/null)" ]
guest_result $? "the host finds what the guest has written"
busybox ip link delete kvpci0
rm -rf "$tmp"
