#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest in which a program has one of two disks find in its queue what no driver should leave
# there. qemu-storage-daemon gives up the connection for some of it, and is started again, of which
# the launcher says three lines; the guest, the other disk and the host go on as before. One that
# serves qcow2 is not started again, and the disk is lost.
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

# try_lost CASE: of a disk that is qcow2.
try_lost()
{
	qemu-img convert -f raw -O qcow2 "$tmp/second" "$tmp/first"
	# shellcheck disable=SC2034 # boot_guest adds it to the command line
	append="sum=$sum lost=1 cases=$1"
	try_guest "qcow2, $1: power-off" boot_guest misuse --kernel "$guest_kernel" --stats \
		--disk "$tmp/first,format=qcow2" --disk "$tmp/second,format=raw"
	grep "^kvpci-run: " /tmp/guest.log >"$tmp/said"
	sed 's/^/# /' "$tmp/said"
	[ "$(wc -l <"$tmp/said")" = 1 ]
	guest_result $? "qcow2, $1: the launcher has one line to say"
	qemu-img compare -q -f qcow2 -F raw "$tmp/first" "$tmp/second"
	guest_result $? "qcow2, $1: what is on the disk is what was"
}

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
echo "1..20"
try other nowhere jump slot
try loop next far wrap
try endless header status
try indirect
try_lost loop
rm -rf "$tmp"
