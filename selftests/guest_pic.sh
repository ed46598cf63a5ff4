#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Linux guests without an I/O APIC, with ACPI and without. The latter can't power off and
# resets through port 0xcf9, after which Linux would have a triple fault.
#
# Depends on: nothing.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

echo "KTAP version 1"
echo "1..5"
# shellcheck disable=SC2034 # boot_guest adds it to the command line
append=noapic
try_interrupts "PICs" pic
# shellcheck disable=SC2034 # boot_guest adds it to the command line
append="noapic acpi=off end=reboot reboot=p"
try_interrupts "PICs, without ACPI" pic --cf8=on
! grep -q '^kvpci-run:' /tmp/guest.log
guest_result $? "PICs, without ACPI: reset through port 0xcf9 is the end"
