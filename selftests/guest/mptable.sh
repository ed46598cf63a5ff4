# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Interrupts when ACPI is not asked for them (acpi=noirq): the same devices as irq.sh.

. /lib.sh

plan 11

insmod /irqtest.ko
same "all processors are there" 2 "$(nproc)"
check "the serial port has its interrupt from the I/O APIC" \
	grep -q ' 4: .*IO-APIC .*ttyS0' /proc/interrupts
same "pins lead to lines of the I/O APIC, as ACPI would say" "16 18 16" \
	"$(irq 0c.0 0) $(irq 0d.0 0) $(irq 10.0 0)"
check "the lines are level-triggered" grep -q '16: .*16-fasteoi' /proc/interrupts
one_by_one 0c.0 0
one_by_one 0d.0 0
one_by_one 10.0 0
no_complaint 'MPTABLE:.*(bad|bug|error)'
