#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A network device behind an IOMMU that a vhost-user daemon serves: DPDK's testpmd, which asks for
# the addresses that it does not know. Connections of the guest's kernel, and then a program in the
# guest that drives it: it reaches nothing that is not mapped, and nothing any more of what has been
# unmapped.
#
# Depends on: delivery, processors.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
have_later_guests
tmp=$(mktemp -d) || exit 1
. "$top/selftests/testpmd.sh"
flood=

answer()
{
	case $1 in
	up)	net_address dtap0 ;;
	flood)
		# As fast as it can, but testpmd takes a processor already.
		nice -n 19 "$top/build/guest/reach" flood dtap0 3>&- &
		flood=$!
		;;
	esac
}

modprobe tun

echo "KTAP version 1"
echo "1..3"

start_testpmd 1 iommu-support=1
"$stream" echo tcp 5001 >/dev/null &
echoer=$!
append="kernel=1 rounds=$((60 / ${KVPCI_TEST_SCALE:-1}))"
converse reach answer --iommu --net "vhost-user=$tmp/socket,iommu=on,notify=mmio"
status=$?
kill $echoer 2>/dev/null
[ -z "$flood" ] || kill "$flood"
end_testpmd TERM
guest_passed
guest_result $? "the guest's own tests"
guest_result $status "the launcher ends with status 0"
start_testpmd 1
refuses "a daemon that can't be behind an IOMMU" 1 "leave out iommu=on" \
	--iommu --net "vhost-user=$tmp/socket,iommu=on"
end_testpmd TERM
rm -rf "$tmp"
