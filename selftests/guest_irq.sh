#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest with two processors and devices that interrupt in every way, and guests
# without an I/O APIC, with ACPI and without. The latter can't power off and resets through
# port 0xcf9, after which Linux would have a triple fault.
#
# Depends on: kernel, delivery, processors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

number=0

result()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
	fi
}

# statistic NAME: what --stats has printed
statistic()
{
	sed -n "s/^$1 //p" /tmp/guest.log
}

# guest NAME TEST OPTION...
guest()
{
	guest_name=$1
	shift
	boot_interrupts "$@" --kernel "$guest_kernel" --stats >/tmp/guest.log
	guest_status=$?
	sed 's/^/  /' /tmp/guest.log
	[ $guest_status = 0 ] && grep -q '^1\.\.' /tmp/guest.log &&
		! grep -q '^not ok' /tmp/guest.log
	result $? "$guest_name: the guest's own tests"
	[ "$(statistic 'exits pci')" = 0 ]
	result $? "$guest_name: no access to PCI came out to the launcher"
}

echo "KTAP version 1"
echo "1..8"
delivery=$(cat /sys/module/kvpci/parameters/delivery)
guest "Linux" irq --cpus 2
case $delivery in
irqfd)	[ "$(statistic routes)" -gt 0 ] ;;
*)	[ "$(statistic routes)" = 0 ] ;;
esac
result $? "delivery=$delivery: messages became routes if they had to"
# shellcheck disable=SC2034 # boot_guest adds it to the command line
append=noapic
guest "PICs" pic
# shellcheck disable=SC2034 # boot_guest adds it to the command line
append="noapic acpi=off end=reboot reboot=p"
guest "PICs, without ACPI" pic --cf8=on
! grep -q '^kvpci-run:' /tmp/guest.log
result $? "PICs, without ACPI: reset through port 0xcf9 is the end"
