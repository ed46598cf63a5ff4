#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest all of whose devices are behind an IOMMU: a disk that qemu-storage-daemon serves by
# vhost-user, one that it offers to the host's vDPA (where the kernel has that), and a directory,
# none of which knows of IOMMUs; a network device, and sockets. Data go both ways by each of them.
# The host finds in the images what the guest has written.
#
# Depends on: delivery.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
have_later_guests
scale=${KVPCI_TEST_SCALE:-1}
tmp=$(mktemp -d) || exit 1
PATH=$PATH:/usr/sbin:/sbin

answer()
{
	if [ "$1" = up ]; then
		net_address kvpci0
	fi
}

# make_files: what the guest is to find.
make_files()
{
	mkdir "$tmp/files"
	head -c $((scale < 4 ? 16 / scale : 4))M /dev/urandom >"$tmp/files/data"
	sum <"$tmp/files/data" >"$tmp/files/sum"
}

# make_image FILE: with these.
make_image()
{
	truncate -s 96M "$1"
	mke2fs -q -t ext4 -d "$tmp/files" "$1"
}

# look_at NAME IMAGE: what has the guest left there?
look_at()
{
	e2fsck -fn "$2" >"$tmp/check" 2>&1
	guest_result $? "$1: its file system is whole"
	look_wanted=$(debugfs -R "cat new-sum" "$2" 2>/dev/null)
	[ -n "$look_wanted" ] &&
		[ "$(debugfs -R "cat new" "$2" 2>/dev/null | sum)" = "$look_wanted" ]
	guest_result $? "$1: the host finds what the guest has written"
}

modprobe -a tun vhost_net vhost_vsock
busybox tunctl -t kvpci0 >/dev/null
make_files
make_image "$tmp/plain"
set -- --disk "$tmp/plain,iommu=on"
disks=1
if modprobe -aq vduse vhost_vdpa; then
	. "$top/selftests/vdpa.sh"
	make_image "$tmp/disk"
	serve "behind$$"
	set -- "$@" --vdpa "$path,iommu=on"
	disks=2
fi

echo "KTAP version 1"
echo "1..$((3 + 2 * disks))"

"$stream" echo vsock 5001 >/dev/null &
echoer=$!
append="disks=$disks"
converse behind answer --cpus 2 --iommu "$@" --share "$tmp/files,tag=files,iommu=on" \
	--net tap=kvpci0,iommu=on --vsock 42,iommu=on
status=$?
kill $echoer 2>/dev/null
guest_passed
guest_result $? "the guest's own tests"
guest_result $status "the launcher ends with status 0"
same "the host finds what the guest has written to the directory" \
	"$( (tail -c $(($(stat -c %s "$tmp/files/data") / 2)) "$tmp/files/data"
	     head -c $(($(stat -c %s "$tmp/files/data") / 2)) "$tmp/files/data") | sum)" \
	"$(sum <"$tmp/files/new")"
look_at "the file" "$tmp/plain"
if [ $disks = 2 ]; then
	unserve
	look_at "vDPA" "$tmp/disk"
fi
busybox ip link delete kvpci0
rm -rf "$tmp"
