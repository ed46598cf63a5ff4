#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# TCP between a Linux guest and its host by iperf3, as fast as it goes: to the host, to the guest,
# and both at a time, through vhost-net, with one pair of queues and with two. What was to be sent
# has gone through the tap; how fast is only told. KVPCI_TEST_BYTES says how much is sent either
# way.
#
# Depends on: delivery.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
tmp=$(mktemp -d) || exit 1
scale=${KVPCI_TEST_SCALE:-1}
bytes=${KVPCI_TEST_BYTES:-$((scale < 16 ? 16777216 / scale : 1048576))}
# When iperf3 has sent all, its sockets may still have less than that, which it drops.
most_left=1048576

answer()
{
	[ "$1" != up ] || net_address kvpci0
}

# tap_bytes DIRECTION: what has gone to the guest (tx) or come from it (rx).
tap_bytes()
{
	cat "/sys/class/net/kvpci0/statistics/$1_bytes"
}

# try PAIRS: a guest with as many pairs of queues.
try()
{
	append="bytes=$((bytes + most_left)) pairs=$1"
	set -- "$1" "$(tap_bytes tx)" "$(tap_bytes rx)"
	converse iperf answer --cpus 2 --net "tap=kvpci0,queues=$1"
	try_status=$?
	guest_passed
	guest_result $? "pairs: $1: the guest's own tests"
	guest_result $try_status "pairs: $1: power-off ends the launcher with status 0"
	[ $(($(tap_bytes tx) - $2)) -ge "$bytes" ] && [ $(($(tap_bytes rx) - $3)) -ge "$bytes" ]
	guest_result $? "pairs: $1: as much has gone through the tap, either way"
}

modprobe -a tun vhost_net
cat "$guest_initrd" "$top/build/guest/programs" >"$tmp/initrd"
guest_initrd=$tmp/initrd
iperf3 -s >/dev/null &
server=$!

echo "KTAP version 1"
echo "1..6"
busybox tunctl -t kvpci0 >/dev/null
try 1
busybox ip link delete kvpci0
ip tuntap add kvpci0 mode tap multi_queue
try 2
ip link delete kvpci0
kill $server
rm -rf "$tmp"
