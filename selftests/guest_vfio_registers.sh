#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A register that a Linux guest writes and a device of the host's has to follow: edu's pin is silent
# while INTx is disabled.
#
# Depends on: kernel.
# Needs: host vfio.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/vfio-guest.sh"

echo "KTAP version 1"
echo "1..3"

# shellcheck disable=SC2034 # it is added to the command line
append="pci=noearly iomem=relaxed"
# shellcheck disable=SC2154 # vfio-guest.sh has it
drive_with vfio-pci "$edu"
guest_result $? "the device is VFIO's"
try_guest "power-off" boot_guest vfio-registers --kernel "$guest_kernel" \
	--vfio "$edu,addr=3"
