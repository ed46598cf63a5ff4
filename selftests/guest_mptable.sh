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
boot_interrupts mptable --kernel "$guest_kernel" --cpus 2 --cf8=on >/tmp/guest.log
status=$?
sed 's/^/  /' /tmp/guest.log
if grep -q '^1\.\.' /tmp/guest.log && ! grep -q '^not ok' /tmp/guest.log; then
	echo "ok 1 the guest's own tests"
else
	echo "not ok 1 the guest's own tests"
fi
if [ $status = 0 ]; then
	echo "ok 2 power-off ends the launcher with status 0"
else
	echo "not ok 2 power-off ends the launcher with status 0: it was $status"
fi
