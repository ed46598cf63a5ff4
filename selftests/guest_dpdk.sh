#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A network device whose driver is not Linux's: DPDK's testpmd in the guest, a program that polls
# queues, writes to doorbells from user mode and knows none in ports. vhost-net and another testpmd
# serve the device, with one pair of queues and with two. Both sides count the packets. Two pairs
# through vhost-net are left to make check-all, where KVPCI_TEST_SCALE is 1.
#
# Depends on: delivery, processors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
. "$top/selftests/testpmd.sh"
tmp=$(mktemp -d) || exit 1
# Each is another flow, so that no queue is left out: but for once in 2^23.
addresses=24

# interface_packets DIRECTION: what this end has sent (rx_, tx_).
interface_packets()
{
	cat "/sys/class/net/$interface/statistics/$1_packets"
}

# ping_all: one packet to each address. Who does not answer is named. What this end has learnt is
# forgotten, so that it does not ask for it again by itself.
ping_all()
{
	ping_silent=
	for ping_last in $(seq 2 $((1 + addresses))); do
		busybox ping -c 1 -W 20 "192.0.2.$ping_last" >/dev/null ||
			{ ping_silent=192.0.2.$ping_last; break; }
	done
	ip neighbour flush dev "$interface"
	echo "${ping_silent:-all}"
}

# A driver that begins anew begins to count anew.
answer()
{
	case $1 in
	*"testpmd starts"*|*"another one starts"*)
		before_tx=$(interface_packets tx)
		before_rx=$(interface_packets rx)
		;;
	traffic)
		answered=$(ping_all)
		echo "$answered $(($(interface_packets tx) - before_tx))" \
			"$(($(interface_packets rx) - before_rx))" >&3
		;;
	esac
}

# try NAME INTERFACE PAIRS NET
try()
{
	interface=$2
	# Nothing is sent but what is to be answered.
	echo 1 >"/proc/sys/net/ipv6/conf/$interface/disable_ipv6"
	# The driver asks for its link before there are packets.
	net_address "$interface"
	append="pairs=$3"
	converse dpdk answer --memory 320M --net "$4,queues=$3"
	try_status=$?
	guest_passed
	guest_result $? "$1: the guest's own tests"
	guest_result $try_status "$1: the launcher ends with status 0"
}

modprobe -a tun vhost_net
cat "$guest_initrd" "$top/build/guest/testpmd" >"$tmp/initrd"
guest_initrd=$tmp/initrd

echo "KTAP version 1"
case ${KVPCI_TEST_SCALE:-1} in
1)	echo "1..6" ;;
*)	echo "1..4" ;;
esac
busybox tunctl -t kvpci0 >/dev/null
try "vhost-net" kvpci0 1 tap=kvpci0
busybox ip link delete kvpci0
if [ "${KVPCI_TEST_SCALE:-1}" = 1 ]; then
	ip tuntap add kvpci0 mode tap multi_queue
	try "vhost-net, two pairs" kvpci0 2 tap=kvpci0
	ip link delete kvpci0
fi
start_testpmd 2
try "testpmd, two pairs" dtap0 2 "vhost-user=$tmp/socket"
end_testpmd TERM
rm -rf "$tmp"
