#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest in which a program has one of two disks find in its queue what no driver should leave
# there. qemu-storage-daemon gives up the connection for some of it, and is started again, of which
# the launcher says three lines; the guest, the other disk and the host go on as before.
#
# Depends on: delivery.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
tmp=$(mktemp -d) || exit 1
. "$top/selftests/virtio-guest.sh"

head -c 4M /dev/urandom >"$tmp/first"
cp "$tmp/first" "$tmp/second"
sum=$(sum <"$tmp/first")

# try CASE...: no more of them than a daemon is started again for.
try()
{
	# shellcheck disable=SC2034 # boot_guest adds it to the command line
	append="sum=$sum cases=$(echo "$*" | tr ' ' ,)"
	try_guest "$*: power-off" boot_guest misuse --kernel "$guest_kernel" --stats \
		--disk "$tmp/first,format=raw" --disk "$tmp/second,format=raw"
	grep "^kvpci-run: " /tmp/guest.log >"$tmp/said"
	[ "$(wc -l <"$tmp/said")" -le $((3 * $#)) ]
	guest_result $? "$*: the launcher has little to say"
	same "$*: what is on the disks is what was" "$sum $sum" \
		"$(sum <"$tmp/first") $(sum <"$tmp/second")"
}

echo "KTAP version 1"
echo "1..16"
try other nowhere jump slot
try loop next far wrap
try endless header status
try indirect
rm -rf "$tmp"
