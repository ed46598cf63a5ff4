#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The same kernel as an ELF file, started through its PVH entry, without the ports of
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
boot_standard ecam --kernel "$top/build/guest/vmlinux" --no-cf8 >/tmp/guest.log
status=$?
sed 's/^/  /' /tmp/guest.log
if grep -q '^1\.\.' /tmp/guest.log && ! grep -q '^not ok' /tmp/guest.log; then
	echo "ok 1 the guest's own tests"
else
	echo "not ok 1 the guest's own tests"
fi
if [ $status = 0 ]; then
	echo "ok 2 reset ends the launcher with status 0"
else
	echo "not ok 2 reset ends the launcher with status 0: it was $status"
fi
