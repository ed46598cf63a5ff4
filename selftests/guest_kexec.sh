#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest that starts another kernel by kexec, while its disks are busy and packets come. The
# first kernel does no more than to reset its devices: vectors, queues and requests are left as they
# are. The second one takes the devices over, uses them, and resets the machine while they are busy.
# What is on the disks is what should be.
#
# Depends on: delivery, mirrors.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
tmp=$(mktemp -d) || exit 1
PATH=$PATH:/usr/sbin:/sbin

# Packets come from then on, whichever kernel takes them.
answer()
{
	[ "$1" = up ] || return
	net_address kvpci0
	busybox ping -A -s 1000 192.0.2.2 >/dev/null 2>&1 &
	pinger=$!
}

mkdir "$tmp/files"
cp "$guest_image" "$tmp/files/vmlinuz"
cp "$guest_initrd" "$tmp/files/initrd"
head -c 4M /dev/urandom >"$tmp/files/data"
datasum=$(sum <"$tmp/files/data")
truncate -s 48M "$tmp/first"
mke2fs -q -t ext4 -d "$tmp/files" "$tmp/first" || exit 1
rm -r "$tmp/files"
head -c 8M /dev/urandom >"$tmp/second"
sum=$(sum <"$tmp/second")
modprobe -a tun vhost_net
busybox tunctl -t kvpci0 >/dev/null

echo "KTAP version 1"
echo "1..4"
# With a kernel that panics the guest ends.
append="panic=-1 end=reboot sum=$sum datasum=$datasum"
converse kexec answer --cpus 2 --disk "$tmp/first" --disk "$tmp/second" --net tap=kvpci0
status=$?
kill "$pinger"
guest_passed
guest_result $? "the guest's own tests, of both kernels"
grep -q '^ok 12 ' /tmp/guest.log
guest_result $? "the second kernel has come to its end"
guest_result $status "the reset ends the launcher with status 0"
same "the second disk is as it was" "$sum" "$(sum <"$tmp/second")"
busybox ip link delete kvpci0
rm -rf "$tmp"
