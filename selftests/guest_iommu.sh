#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest whose devices are behind an IOMMU: a network device with two pairs of queues and
# sockets, which vhost serves. Data go both ways, by both, and another network device is plugged. The
# guest has kernel 6.12, since Debian's 6.1 has no driver of virtual IOMMUs.
#
# Depends on: delivery.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
have_later_guests
tmp=$(mktemp -d) || exit 1
head -c 1000000 /dev/urandom >"$tmp/data"
same=0

# Each end prints that it is listening when the other may connect: over the network first.
answer()
{
	case $1 in
	up)	net_address kvpci1 ;;
	plug)
		"$top/userspace/kvpci-ctl" "$tmp/socket" plug virtio-net,tap=kvpci2,behind=slot \
			2>"$tmp/refused"
		"$top/userspace/kvpci-ctl" "$tmp/socket" plug \
			virtio-net,tap=kvpci2,iommu=on,behind=slot
		;;
	listening)
		find /sys/class/net/kvpci1/queues -name 'tx-*' | wc -l >"$tmp/queues"
		# shellcheck disable=SC2086 # three words
		"$stream" send $other <"$tmp/data" >"$tmp/back"
		cmp "$tmp/data" "$tmp/back" && same=$((same + 1))
		other="vsock 42 5002"
		;;
	esac
}

modprobe -a tun vhost_net vhost_vsock

echo "KTAP version 1"
echo "1..5"

append=
other="tcp 192.0.2.2 5002"
"$stream" echo tcp 5001 >/dev/null &
tcp=$!
"$stream" echo vsock 5001 >/dev/null &
vsock=$!
converse iommu answer --cpus 2 --iommu --net tap=kvpci1,queues=2,iommu=on --vsock 42,iommu=on \
	--device root-port,name=slot,iommu=on --control "$tmp/socket"
status=$?
kill $tcp $vsock 2>/dev/null
guest_passed
guest_result $? "the guest's own tests"
[ $same = 3 ]
guest_result $? "1 MB to the guest and back are the same, each time"
same "the tap uses both of its queues" 2 "$(cat "$tmp/queues")"
grep -q 'add iommu=on$' "$tmp/refused"
guest_result $? "what is plugged into that slot has to be behind the IOMMU"
guest_result $status "the launcher ends with status 0"
rm -rf "$tmp"
