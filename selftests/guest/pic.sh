# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# INTx without an I/O APIC: the same devices as irq.sh. Linux knows where pins lead from _PRT
# (noapic), or from Interrupt Line (acpi=off).

. /lib.sh

plan 14

insmod /irqtest.ko
same "pins lead to interrupts of the PICs as the firmware says" "5 11 5" \
	"$(irq 0c.0 0) $(irq 0d.0 0) $(irq 10.0 0)"
same "Interrupt Line has the same" "05 0b 05" \
	"$(for device in 0c.0 0d.0 10.0; do setpci -s $device INTERRUPT_LINE; done |
		tr '\n' ' ' | sed 's/ $//')"
same "the inputs in use are level-triggered" 2008 \
	"$(printf %x $((0x$(port_bytes 0x4d0 2) & 0x2008)))"
check "they are the PICs'" grep -q ' 5: .*XT-PIC' /proc/interrupts
# Linux acknowledges an interrupt of a PIC before it handles it, and KVM asks what is still
# wanted then and not later: so each comes a second time, for nothing.
for device in 0c.0 0d.0 10.0; do
	twice_at_most $device
done
no_complaint ""
