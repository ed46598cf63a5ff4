#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest's network device, whose driver comes and goes while packets do, both ways. vhost-net
# is stopped and started each time, with queues that are new and may be elsewhere in memory: what
# comes then is as it was sent. KVPCI_TEST_ROUNDS says how often.
#
# Depends on: delivery, mirrors.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
tmp=$(mktemp -d) || exit 1
scale=${KVPCI_TEST_SCALE:-1}
rounds=${KVPCI_TEST_ROUNDS:-$((scale < 4 ? 10 / scale : 2))}

# Packets come, whether there is somebody to take them or not.
answer()
{
	[ "$1" = up ] || return
	net_address kvpci0
	busybox ping -A -s 1000 192.0.2.2 >/dev/null 2>&1 3>&- &
	pinger=$!
	"$stream" echo tcp 5001 >/dev/null 3>&- &
	echoer=$!
}

modprobe -a tun vhost_net
busybox tunctl -t kvpci0 >/dev/null

echo "KTAP version 1"
echo "1..4"
append="rounds=$rounds"
converse netrebind answer --cpus 2 --stats --net tap=kvpci0
status=$?
kill "$pinger"
guest_result $? "packets have come all the time"
guest_passed
guest_result $? "the guest's own tests"
guest_result $status "power-off ends the launcher with status 0"
# Each exit is one for device_status: five when a driver comes, two when it goes, one at the end.
exits=$(guest_statistic 'exits userspace-region')
[ "$(guest_statistic 'exits pci')" = 0 ] && [ "${exits:-0}" -gt $((5 * rounds)) ] &&
	[ "$exits" -le $((6 + 7 * rounds)) ]
guest_result $? "the launcher is asked for nothing but the device's status ($exits times)"
kill "$echoer" 2>/dev/null
busybox ip link delete kvpci0
rm -rf "$tmp"
