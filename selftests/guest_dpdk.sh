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
. "$top/selftests/dpdk-guest.sh"

modprobe -a tun vhost_net

echo "KTAP version 1"
case ${KVPCI_TEST_SCALE:-1} in
1)	echo "1..6" ;;
*)	echo "1..4" ;;
esac
busybox tunctl -t kvpci0 >/dev/null
try "vhost-net" kvpci0 1 pa tap=kvpci0
busybox ip link delete kvpci0
if [ "${KVPCI_TEST_SCALE:-1}" = 1 ]; then
	ip tuntap add kvpci0 mode tap multi_queue
	try "vhost-net, two pairs" kvpci0 2 pa tap=kvpci0
	ip link delete kvpci0
fi
start_testpmd 2
try "testpmd, two pairs" dtap0 2 pa "vhost-user=$tmp/socket"
end_testpmd TERM
rm -rf "$tmp"
