# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the scripts that run in a guest share: KTAP, registers behind BARs, and what
# counts as a complaint of the guest's kernel.

number=0

plan()
{
	echo "KTAP version 1"
	echo "1..$1"
}

# check NAME COMMAND...: a test that passes if the command succeeds.
check()
{
	name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
	fi
}

# same NAME WANTED GOT: a test that passes if two texts are the same.
same()
{
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number $1"
	else
		echo "# wanted '$2', got '$3'"
		echo "not ok $number $1"
	fi
}

# Bytes at a memory address, through /dev/mem.
mem32()
{
	devmem "$(printf '%#x' "$1")" 32
}

# port_bytes PORT COUNT: bytes in hexadecimal, through /dev/port.
port_bytes()
{
	dd if=/dev/port bs=1 skip="$(($1))" count="$2" 2>/dev/null |
		hexdump -v -e '1/1 "%02x"'
}

# The address of a BAR as Linux sees it: address 03.0 0
address()
{
	sed -n "$(($2 + 1))s/ .*//p" "/sys/bus/pci/devices/0000:00:$1/resource"
}

# Lines of the kernel log about PCI that are warnings or worse, or that have a word
# of complaint. Linux advises everyone about pci=nocrs; that is not one. Where there are no
# ports it says that there is no way to configuration space, before it looks at the MCFG
# table; all it says after that must be fine.
complaints()
{
	dmesg -r | grep -v 'Command line\|command line\|use "pci=nocrs"' |
		grep -v 'PCI: Fatal: No config space access function found' |
		grep -iE 'pci|BAR [0-9]|ECAM|MMCONFIG|MCFG|host bridge' |
		grep -iE "^<[0-4]>|can't|cannot|fail|error|invalid|bogus|conflict|no space|bug|warn|overlap|unsupported"
}

# The folder of a function in sysfs: device 03.0
device()
{
	echo "/sys/bus/pci/devices/0000:00:$1"
}

# Linux's number of an interrupt of a device that irqtest drives: irq 08.0 VECTOR
irq()
{
	sed -n "$(($2 + 1))p" "$(device "$1")/irqs"
}

# How often its handler had something to do: handled 08.0 VECTOR
handled()
{
	sed -n "$(($2 + 1))p" "$(device "$1")/handled"
}

# How often an interrupt came, on all processors or on one: count IRQ [PROCESSOR]
count()
{
	awk -v irq="$1:" -v processor="$2" '
		NR == 1 { processors = NF }
		$1 == irq && processor != "" { print $(processor + 2) }
		$1 == irq && processor == "" {
			for (i = 2; i < 2 + processors; i++)
				sum += $i
			print sum + 0
		}' /proc/interrupts
}

# trigger FILE ARGUMENTS: have irqtest do what the file, in the folder of a device, stands
# for. Its complaint goes where KTAP's comments go.
trigger()
{
	echo "$2" >"$1" && return
	dmesg | grep irqtest | tail -n 1 | sed 's/^/# /'
	return 1
}

# one_by_one DEVICE VECTOR: every trigger is one interrupt.
one_by_one()
{
	one_irq=$(irq "$1" "$2")
	one_before=$(count "$one_irq")
	check "$1, vector $2: one interrupt after each of 100 triggers" \
		trigger "$(device "$1")/single" "$2 100"
	same "$1, vector $2: and no other" 100 $(($(count "$one_irq") - one_before))
}

# twice_at_most DEVICE: every trigger of INTx is one interrupt that is handled, and at most one
# more that comes for nothing.
twice_at_most()
{
	twice_irq=$(irq "$1" 0)
	twice_before=$(count "$twice_irq")
	twice_handled=$(handled "$1" 0)
	check "$1: one interrupt after each of 100 triggers" \
		trigger "$(device "$1")/single" "0 100"
	same "$1: and no other is handled" 100 $(($(handled "$1" 0) - twice_handled))
	twice_came=$(($(count "$twice_irq") - twice_before))
	echo "# $twice_came interrupts"
	check "$1: no more than one comes for nothing each time" \
		[ "$twice_came" -ge 100 -a "$twice_came" -le 200 ]
}

# no_complaint [PATTERN]: Linux has not complained about interrupts, nor of what matches PATTERN.
no_complaint()
{
	same "the kernel log has no complaint about interrupts" "" \
		"$(dmesg | grep -iE "nobody cared|No irq handler|irqtest.*vector${1:+|$1}")"
}
