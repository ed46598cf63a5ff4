#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest's network device, served by vhost-net and a tap: packets and connections both ways,
# with one pair of queues, on a tap that was there before, and with two, on one that kvpci-run makes.
#
# Depends on: delivery, host.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
tmp=$(mktemp -d) || exit 1
. "$top/selftests/net-guest.sh"

net_running()
{
	find "/sys/class/net/$try_tap/queues" -name 'tx-*' | wc -l >"$tmp/queues"
}

# try TAP PAIRS OPTION...
try()
{
	try_tap=$1
	try_pairs=$2
	shift 2
	append="link=1 gone=$gone"
	net_traffic "$try_pairs" "$try_tap" "$@"
	[ "$(cat "$tmp/queues")" = "$try_pairs" ]
	guest_result $? "pairs: $try_pairs: the tap uses as many queues"
}

modprobe -a tun vhost_net

echo "KTAP version 1"
echo "1..11"

event=/sys/kernel/tracing/events/kvm/$doorbell_event
echo "$doorbell_filter" >$event/filter && echo 1 >$event/enable

busybox tunctl -t kvpci0 >/dev/null
gone=1
try kvpci0 1 --net tap=kvpci0,mac=02:00:00:00:00:07,mtu=1400
[ "$(wc -l <"$tmp/err")" = 1 ] && grep -q "the tap has been deleted" "$tmp/err"
guest_result $? "the launcher has one line to say of a tap that is deleted"
rings=$(grep -c "$doorbell_event:" /sys/kernel/tracing/trace)
echo 0 >$event/enable
echo 0 >$event/filter
[ "$rings" -gt 10 ]
guest_result $? "the doorbells have been rung, by $doorbell_event ($rings times)"
gone=0
try kvpci1 2 --cpus 2 --net tap=kvpci1,mac=02:00:00:00:00:07,mtu=1400,queues=2
[ ! -e /sys/class/net/kvpci1 ]
guest_result $? "a tap that kvpci-run has made goes with it"
rm -rf "$tmp"
