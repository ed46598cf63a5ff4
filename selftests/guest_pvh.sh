#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A kernel as an ELF file, started through its PVH entry, without the ports of
# configuration mechanism 1, and with the RSDT instead of the XSDT. Its reset ends kvpci-run
# with status 0.
#
# Depends on: mirrors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

echo "KTAP version 1"
echo "1..2"
# shellcheck disable=SC2034 # boot_guest adds it to the command line
append="end=reboot acpi=rsdt"
try_guest reset boot_standard ecam --kernel "$top/build/guest/vmlinux" --no-cf8
