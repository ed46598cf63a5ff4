#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest that does not ask ACPI which interrupts there are, so that it has them from
# the MultiProcessor tables: without, nothing is heard of its userspace.
#
# Depends on: nothing.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

echo "KTAP version 1"
echo "1..2"
# shellcheck disable=SC2034 # boot_guest adds it to the command line
append=acpi=noirq
try_guest power-off boot_interrupts mptable --kernel "$guest_kernel" --cpus 2 --cf8=on
