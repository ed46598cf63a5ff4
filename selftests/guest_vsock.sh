#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Sockets between a Linux guest and its host, by vhost-vsock: connections both ways.
#
# Depends on: delivery, host.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
guest_initrd=$top/build/guest/virtio-initrd
tmp=$(mktemp -d) || exit 1
head -c 1000000 /dev/urandom >"$tmp/data"

modprobe vhost_vsock
mkfifo "$tmp/fifo"

echo "KTAP version 1"
echo "1..3"

"$stream" echo vsock 5001 >/dev/null &
echo=$!
boot_guest vsock --kernel "$guest_kernel" --vsock 42 >"$tmp/fifo" &
guest=$!
same=0
while read -r line; do
	case $line in
	listening)
		"$stream" send vsock 42 5002 <"$tmp/data" >"$tmp/back"
		cmp "$tmp/data" "$tmp/back" && same=$((same + 1))
		;;
	*)	echo "$line" ;;
	esac
done <"$tmp/fifo" >/tmp/guest.log
wait $guest
status=$?
kill $echo 2>/dev/null

guest_passed
guest_result $? "the guest's own tests"
[ $same = 2 ]
guest_result $? "1 MB to the guest and back are the same, twice"
guest_result $status "the launcher ends with status 0"
rm -rf "$tmp"
