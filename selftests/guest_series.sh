#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest of kernel 6.12, whose drivers are later than those of the other guests: it has a
# disk and a network device, and uses both.
#
# Depends on: delivery.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
have_later_guests
tmp=$(mktemp -d) || exit 1

answer()
{
	case $1 in
	up)	net_address kvpci0 ;;
	half*)	half=${1#half } ;;
	look)	echo >&3 ;;
	esac
}

head -c 8M /dev/urandom >"$tmp/disk"
append="sum=$(sum <"$tmp/disk")"
modprobe -a tun vhost_net
busybox tunctl -t kvpci0 >/dev/null

echo "KTAP version 1"
echo "1..4"
converse devices answer --cpus 2 --stats --disk "$tmp/disk" --net tap=kvpci0
status=$?
guest_passed
guest_result $? "the guest's own tests"
guest_result $status "power-off ends the launcher with status 0"
same "what the guest has written is in the image" "$half" "$(tail -c 4M "$tmp/disk" | sum)"
same "nothing else comes out to the launcher" 0 "$(guest_statistic 'exits pci')"
busybox ip link delete kvpci0
rm -rf "$tmp"
