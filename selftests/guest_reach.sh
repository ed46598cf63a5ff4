#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A network device behind an IOMMU, which a program in the guest drives: it reaches nothing that is
# not mapped, and nothing any more, while packets come all the time, of what has been unmapped.
#
# Depends on: delivery.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
have_later_guests
tmp=$(mktemp -d) || exit 1
flood=

answer()
{
	case $1 in
	flood)
		net_address kvpci0
		"$top/build/guest/reach" flood kvpci0 &
		flood=$!
		;;
	esac
}

modprobe -a tun vhost_net
busybox tunctl -t kvpci0 >/dev/null

echo "KTAP version 1"
echo "1..2"

append="rounds=$((60 / ${KVPCI_TEST_SCALE:-1}))"
converse reach answer --cpus 2 --iommu --net tap=kvpci0,iommu=on,notify=mmio
status=$?
[ -z "$flood" ] || kill "$flood"
guest_passed
guest_result $? "the guest's own tests"
guest_result $status "the launcher ends with status 0"
busybox ip link delete kvpci0
rm -rf "$tmp"
