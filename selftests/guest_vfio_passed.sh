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
. "$top/selftests/vfio-guest.sh"
have_later_guests

echo "KTAP version 1"
echo "1..3"

# shellcheck disable=SC2034 # it is added to the command line
append="pci=noearly"
# shellcheck disable=SC2154 # vfio-guest.sh has it
drive_with vfio-pci "$edu"
guest_result $? "the device is VFIO's"
try_guest "power-off" boot_guest passed --kernel "$guest_kernel" --memory 256M --iommu \
	--vfio "$edu,iommu=on"
