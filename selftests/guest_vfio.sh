#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest with three of the host's own devices, whose drivers there find them as they are:
# data, packets and interrupts come; drivers come and go, functions are reset, BARs move. What is on
# the disk the host looks at from behind.
#
# Depends on: kernel, delivery, mirrors.
# Needs: host vfio.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"
. "$top/selftests/vfio-guest.sh"

echo "KTAP version 1"
echo "1..4"
try_devices "$nvme" trigger --cpus 2
