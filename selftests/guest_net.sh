#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest's network device, served by vhost-net and a tap: packets and connections both ways,
# with one pair of queues, on a tap that was there before, and with two, on one that kvpci-run makes.
#
# Depends on: delivery.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
guest_initrd=$top/build/guest/virtio-initrd
stream=$top/build/guest/stream
tmp=$(mktemp -d) || exit 1
head -c 2000000 /dev/urandom >"$tmp/data"

address()
{
	busybox ip address add 192.0.2.1/24 dev "$1"
	busybox ip link set "$1" up
}

# try TAP PAIRS OPTION...: boot a guest with a network device, be its other end, and report.
try()
{
	try_tap=$1
	try_pairs=$2
	shift 2
	# shellcheck disable=SC2034 # boot_guest adds it to the command line
	append=pairs=$try_pairs
	"$stream" echo tcp 5001 >"$tmp/echo" &
	try_echo=$!
	boot_guest net --kernel "$guest_kernel" "$@" >"$tmp/fifo" &
	try_guest=$!
	try_same=1
	try_queues=
	while read -r line; do
		case $line in
		up)
			address "$try_tap"
			;;
		listening)
			try_queues=$(find "/sys/class/net/$try_tap/queues" -name 'tx-*' | wc -l)
			"$stream" send tcp 192.0.2.2 5002 <"$tmp/data" >"$tmp/back"
			cmp "$tmp/data" "$tmp/back" && try_same=0
			;;
		*)	echo "$line" ;;
		esac
	done <"$tmp/fifo" >/tmp/guest.log
	wait $try_guest
	try_status=$?
	kill $try_echo 2>/dev/null

	guest_passed
	guest_result $? "pairs: $try_pairs: the guest's own tests"
	guest_result $try_same "pairs: $try_pairs: 2 MB to the guest and back are the same"
	[ "$try_queues" = "$try_pairs" ]
	guest_result $? "pairs: $try_pairs: the tap uses as many queues"
	guest_result $try_status "pairs: $try_pairs: the launcher ends with status 0"
}

modprobe -a tun vhost_net
mkfifo "$tmp/fifo"

echo "KTAP version 1"
echo "1..9"

busybox tunctl -t kvpci0 >/dev/null
try kvpci0 1 --net tap=kvpci0,mac=02:00:00:00:00:07,mtu=1400
busybox ip link delete kvpci0
try kvpci1 2 --cpus 2 --net tap=kvpci1,mac=02:00:00:00:00:07,mtu=1400,queues=2
[ ! -e /sys/class/net/kvpci1 ]
guest_result $? "a tap that kvpci-run has made goes with it"
rm -rf "$tmp"
