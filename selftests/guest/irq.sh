# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Interrupts of the devices of boot_interrupts in linux-guest.sh, as Linux counts them:
# every trigger is one, except that those which come together may count as one.

. /lib.sh

plan 72

insmod /irqtest.ko
same "every device has its driver" 7 \
	"$(echo /sys/bus/pci/drivers/irqtest/0000:* | wc -w)"
same "MSI-X has four vectors, and eighty" "4 80" \
	"$(wc -l <"$(device 08.0)/irqs") $(wc -l <"$(device 0b.0)/irqs")"
lspci -vv >/lspci
check "MSI-X is enabled" grep -q 'MSI-X: Enable+ Count=4 Masked-' /lspci
check "MSI of 64 bits with masks is enabled" \
	grep -q 'MSI: Enable+ Count=1/4 Maskable+ 64bit+' /lspci
check "MSI of 32 bits without masks is enabled" \
	grep -q 'MSI: Enable+ Count=1/1 Maskable- 64bit-' /lspci

# Device 0c, pin A; 0d, pin B; 10, pin A.
same "pins lead to lines of the I/O APIC as _PRT says" "16 18 16" \
	"$(irq 0c.0 0) $(irq 0d.0 0) $(irq 10.0 0)"
check "the lines are level-triggered" grep -Eq '16: .*16-fasteoi' /proc/interrupts

for vector in 0 1 2 3; do
	one_by_one 08.0 $vector
done
one_by_one 09.0 0
one_by_one 0a.0 0
one_by_one 0c.0 0
one_by_one 0d.0 0
one_by_one 10.0 0

# every DEVICE VECTORS: one trigger of each vector is one interrupt of each.
every()
{
	every_before=$(awk '/irqtest-'"$1"'-/ { print $2 + $3 }' /proc/interrupts)
	every_vector=0
	every_status=0
	while [ $every_vector -lt "$2" ]; do
		trigger "$(device "$1")/single" "$every_vector 1" || every_status=1
		every_vector=$((every_vector + 1))
	done
	same "$1: one interrupt for a trigger of each of $2 vectors" \
		"0 $(for n in $every_before; do printf '%u ' $((n + 1)); done)" \
		"$every_status $(awk '/irqtest-'"$1"'-/ { printf "%u ", $2 + $3 }' /proc/interrupts)"
}

every 0b.0 80

# burst DEVICE VECTOR: those that come together may count as one; none is left behind.
burst()
{
	burst_irq=$(irq "$1" "$2")
	burst_before=$(count "$burst_irq")
	check "$1, vector $2: a burst of 1000 triggers" trigger "$(device "$1")/burst" "$2 1000"
	burst_count=$(($(count "$burst_irq") - burst_before))
	echo "# $burst_count interrupts"
	check "$1, vector $2: no more interrupts than triggers" [ $burst_count -le 1000 ]
	same "$1, vector $2: nothing is left pending" 0 "$(cat "$(device "$1")/pending")"
	burst_before=$(count "$burst_irq")
	trigger "$(device "$1")/single" "$2 1"
	same "$1, vector $2: the next is one again" 1 $(($(count "$burst_irq") - burst_before))
}

burst 08.0 1
burst 09.0 0
burst 0d.0 0

# What is triggered while it is masked is pending and comes once.
check "a masked vector of MSI-X" trigger "$(device 08.0)/masked" 2
check "a masked vector of MSI" trigger "$(device 09.0)/masked" 0
check "a masked input of the I/O APIC" trigger "$(device 0d.0)/masked" 0

# Two devices at once on a line.
before=$(count 16)
before_handled=$(($(handled 0c.0 0) + $(handled 10.0 0)))
trigger "$(device 0c.0)/single" "0 200" &
trigger "$(device 10.0)/single" "0 200"
shared=$?
wait $! || shared=1
same "two devices at once on a line: one interrupt is handled for each trigger" "0 400" \
	"$shared $(($(handled 0c.0 0) + $(handled 10.0 0) - before_handled))"
came=$(($(count 16) - before))
echo "# $came interrupts of the line"
check "two devices at once on a line: the line was not raised for nothing" \
	[ "$came" -ge 200 -a "$came" -le 400 ]

# load DEVICE VECTOR: trigger, 50 times and again, until the file /moved is there.
load()
{
	load_rounds=0
	load_status=0
	while [ $load_status = 0 ] && ! [ -e /moved ]; do
		trigger "$(device "$1")/single" "$2 50" || load_status=1
		load_rounds=$((load_rounds + 1))
	done
	echo "$load_status $((50 * load_rounds))" >/load
}

# How often Linux has sent an interrupt again.
retriggered()
{
	awk '{ print $2 }' /sys/kernel/tracing/kprobe_profile
}

mount -t tracefs tracefs /sys/kernel/tracing
echo p:again apic_retrigger_irq >/sys/kernel/tracing/kprobe_events
echo 1 >/sys/kernel/tracing/events/kprobes/again/enable
same "what Linux sends again is counted" "0" "$(retriggered)"

# move DEVICE VECTOR: from one processor to the other and back, while it is triggered. If
# an interrupt comes to one while the other is about to leave the handler, Linux has that
# one handle it too, and does not count it. MSI without masks it moves by way of the new
# vector on the old processor, and should any interrupt of that number wait there, takes
# it for one of this device and sends it to the new processor.
move()
{
	move_irq=$(irq "$1" "$2")
	move_before0=$(count "$move_irq" 0)
	move_before1=$(count "$move_irq" 1)
	move_handled=$(handled "$1" "$2")
	move_again=$(retriggered)
	moves=0
	rm -f /moved
	load "$1" "$2" &
	while [ $moves -lt 40 ]; do
		echo $((1 + moves % 2)) >"/proc/irq/$move_irq/smp_affinity" || break
		moves=$((moves + 1))
		usleep 10000
	done
	echo >/moved
	wait $!
	read -r move_status move_triggers </load
	move_again=$(($(retriggered) - move_again))
	move_handled=$(($(handled "$1" "$2") - move_handled))
	move_0=$(($(count "$move_irq" 0) - move_before0))
	move_1=$(($(count "$move_irq" 1) - move_before1))
	move_both=$((move_0 + move_1))
	echo "# $moves moves, status $move_status; $move_triggers triggers, $move_again sent again, $move_handled handled: $move_0 on processor 0, $move_1 on processor 1"
	same "$1, vector $2: moved" "40 0" "$moves $move_status"
	check "$1, vector $2: one interrupt for each trigger" \
		[ $move_handled -ge "$move_triggers" -a \
		  $move_handled -le $((move_triggers + move_again)) ]
	check "$1, vector $2: and no other" \
		[ $move_both -le $((move_triggers + move_again)) -a \
		  $((move_both + moves)) -ge "$move_triggers" ]
	check "$1, vector $2: on both processors" [ "$move_0" -gt 0 -a "$move_1" -gt 0 ]
}

move 08.0 3
move 09.0 0
move 0a.0 0
move 0c.0 0

# After a reset, Linux puts everything back.
same "function-level reset is what Linux resets with" "flr" \
	"$(cut -d ' ' -f 1 "$(device 08.0)/reset_method")"
check "function-level reset" trigger "$(device 08.0)/reset" 1
one_by_one 08.0 0
check "function-level reset of a device with many vectors" trigger "$(device 0b.0)/reset" 1
every 0b.0 80

# Another driver's life.
echo 0000:00:08.0 >/sys/bus/pci/drivers/irqtest/unbind
check "MSI-X is disabled when the driver has left" \
	sh -c 'lspci -vv -s 08.0 | grep -q "MSI-X: Enable-"'
echo 0000:00:08.0 >/sys/bus/pci/drivers/irqtest/bind
one_by_one 08.0 1

same "no interrupt came that nobody wanted, and none was bad" "0 0 0" \
	"$(awk '/^ *(ERR|MIS):/ { print $2 } /^ *SPU:/ { print $2 + $3 }' /proc/interrupts |
		tr '\n' ' ' | sed 's/ $//')"
no_complaint spurious
same "the kernel log has no complaint about PCI" "" "$(complaints)"
