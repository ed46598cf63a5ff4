#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A Linux guest with two processors and devices that interrupt in every way.
#
# Depends on: kernel, delivery, processors.

top=$(cd "$(dirname "$0")/../../.." && pwd -P)
. "$top/selftests/linux-guest.sh"

echo "KTAP version 1"
echo "1..3"
delivery=$(cat /sys/module/kvpci/parameters/delivery)
try_interrupts "Linux" irq --cpus 2
case $delivery in
irqfd)	[ "$(guest_statistic routes)" -gt 0 ] ;;
*)	[ "$(guest_statistic routes)" = 0 ] ;;
esac
guest_result $? "delivery=$delivery: messages became routes if they had to"
