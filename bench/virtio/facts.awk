# SPDX-License-Identifier: GPL-2.0
#
# facts.awk: what bench/virtio/inside has written down of a guest, as lines for report.awk. -v
# system_name= is its system, -v how= what was counted: instructions, exits,
# with packets nothing but ticks, or with unpacked the boot of a kernel that the launcher unpacks.
#
# At each mark the log has the sum of instructions (in thousands) and that of exits from the
# beginning, or, with how=exits, tables of exits since the mark before. A mark itself is a line on
# the serial port and an answer: what is between the second mark and the first is nothing else,
# and is taken off.

function fact(phase, what, number)
{
	printf "virtio %s %s %s %s\n", system_name, phase, what,
		number == int(number) ? sprintf("%.0f", number) : sprintf("%.2f", number)
}

# What a phase has taken since the mark before, of which there are several of some.
function took(what, number)
{
	if (what == "busy" && name == "begin")
		return
	if (name != "booted" && name != "nothing")
		number -= nothing[what]
	if (name == "nothing")
		nothing[what] = number
	else if (name == "end")
		fact(measured, what, number / requests)
	else if (how == "unpacked")
		fact(how, what, number)
	else if (name != "begin")
		fact(name, what, number)
}

$1 == "measure" { measured = $2; requests = $3 }
$1 == "mark" { name = $2; tables = 0 }
$1 == "ticks" && how != "exits" { fact(measured, "ticks", $2) }

how ~ /^(instructions|unpacked)$/ && $1 == "busy" {
	took("busy", ($2 - busy) * 1000)
	busy = $2
}
how ~ /^(instructions|unpacked)$/ && $1 == "exits" && NF == 2 {
	took("exits", $2 - exits)
	exits = $2
}

how == "exits" && / in all$/ {
	tables++
	if (tables == 2)
		userspace = $1
}
how == "exits" && /\(serial console\)$/ { userspace -= $1 }
how == "exits" && /^Exits to userspace for PCI: / {
	took("userspace", userspace)
	took("userspace-pci", $NF)
}
