# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Interrupts that are handled by threads, with the devices of irq.sh. Linux acknowledges an
# INTx then before the thread quiets the device, so that each may come a second time, for
# nothing; messages come once.

. /lib.sh

plan 16

insmod /irqtest.ko
check "handlers are threads" sh -c 'ps | grep -q "\[irq/.*-irqtest-"'
check "pins lead to the I/O APIC" grep -q '16: .*IO-APIC' /proc/interrupts
for device in 0c.0 0d.0 10.0; do
	twice_at_most $device
done
one_by_one 08.0 0
one_by_one 09.0 0
no_complaint ""
