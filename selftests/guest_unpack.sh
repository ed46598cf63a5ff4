#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Debian's kernels as they are, unpacked by kvpci-run and entered by PVH: 6.1, packed by xz, and
# 6.12, packed by zstd.
#
# Depends on: nothing.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

echo "KTAP version 1"
echo "1..4"
try_guest "6.1: power-off" boot_standard ecam --kernel "$guest_image" --unpack
have_later_guests
try_guest "6.12: power-off" boot_standard ecam --kernel "$top/build/kernel/6.12/vmlinuz" --unpack
