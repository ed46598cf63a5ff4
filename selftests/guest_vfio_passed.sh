#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A device of the host's behind an IOMMU of the guest's, which passes it on to a program: that has
# it copy memory at addresses that are translated twice, by the guest's IOMMU and the host's, and
# finds that it reaches no others.
#
# Depends on: kernel.
# Needs: host vfio.
# Left to make check-all.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/virtio-guest.sh"
. "$top/selftests/vfio-guest.sh"
have_later_guests
tmp=$(mktemp -d) || exit 1

# look_at_locked LINE: how much is, in KiB, when the guest has mapped a page again and again.
look_at_locked()
{
	case $1 in
	mapped)
		locked=$(sed -n 's/^VmLck:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$launcher/status")
		echo >&3
		;;
	esac
}

echo "KTAP version 1"
echo "1..5"

# shellcheck disable=SC2034 # it is added to the command line
append="pci=noearly"
# shellcheck disable=SC2154 # vfio-guest.sh has it
drive_with vfio-pci "$edu"
guest_result $? "the device is VFIO's"
locked=0
try_guest "power-off" converse passed look_at_locked --memory 256M --iommu --vfio "$edu,iommu=on"
echo "# $locked KiB"
[ "$locked" -gt $((512 << 10)) ] && [ "$locked" -le $((1024 << 10)) ]
guest_result $? "no more is mapped for the device than four times the guest's memory"
[ "$(grep -c "may not notice" /tmp/guest.log)" = 1 ]
guest_result $? "of which the user is told once"
rm -rf "$tmp"
