#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# How many of the host's vectors does a device of the host's take that a guest has? As many as the
# guest uses, where VFIO can allocate them one by one (6.12), and all at once where it can't (6.1).
#
# Depends on: kernel, delivery.
# Needs: host vfio.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
. "$top/selftests/vfio-guest.sh"
tmp=$(mktemp -d) || exit 1
all=$(lspci -vv -s "$nvme" | sed -n 's/.* MSI-X: .*Count=\([0-9]*\).*/\1/p')

host_vectors()
{
	grep -c "vfio-msix\[[0-9]*\]($nvme)" /proc/interrupts
}

# The guest says how many it uses; the answer is how many the host has for these. It goes on while
# they are allocated.
answer()
{
	case $1 in
	"uses "*)
		wanted=${1#uses }
		case $wanted,$(uname -r) in
		0,*)	;;
		*,6.1.*) wanted=$all ;;
		esac
		left=100
		until [ "$(host_vectors)" = "$wanted" ] || [ $left = 0 ]; do
			left=$((left - 1))
			sleep 0.1
		done
		[ $left != 0 ] || echo "# $1: the host has $(host_vectors), not $wanted"
		[ $left = 0 ] || wanted=right
		echo "$wanted" >&3 ;;
	esac
}

echo "KTAP version 1"
echo "1..5"
fill_disk 1
append="pci=noearly"
drive_with vfio-pci "$nvme"
guest_result $? "the device is VFIO's"
for mode in trigger bypass; do
	converse vfio-vectors answer --cpus 2 --vfio "$nvme,irq=$mode"
	status=$?
	guest_passed
	guest_result $? "$mode: the guest's own tests"
	guest_result $status "$mode: the launcher ends with status 0"
done
rm -rf "$tmp"
