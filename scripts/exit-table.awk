# SPDX-License-Identifier: GPL-2.0
#
# Make tables of what scripts/exit-trace counted. Arguments, in this order: what has
# the names (asm/svm.h, linux/kvm.h), a guest's dmesg, and the histograms in files
# named for their event: kvm_exit, kvm_userspace_exit, kvm_left, kvm_pio, kvm_mmio,
# kvm_page_fault.

function hex(text,    i, value)
{
	value = 0
	text = tolower(text)
	sub(/^0x/, "", text)
	for (i = 1; i <= length(text); i++)
		value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return value
}

# The value of a field in a line of a histogram: { a: 1, b: 2 } hitcount: 3
function field(name)
{
	if (!match($0, "[{, ]" name ": +[0-9]+"))
		return ""
	name = substr($0, RSTART, RLENGTH)
	sub(/.*: +/, "", name)
	return name + 0
}

# Remember a range of addresses as one that belongs to PCI.
function range(kind, label, first, last)
{
	if (label in range_of)
		return
	range_of[label] = ++ranges
	range_kind[ranges] = kind
	range_label[ranges] = label
	range_first[ranges] = hex(first)
	range_last[ranges] = hex(last)
}

# Which range has an address, 0: none.
function find(kind, address,    i)
{
	for (i = 1; i <= ranges; i++) {
		if (range_kind[i] == kind && address >= range_first[i] &&
		    address <= range_last[i])
			return i
	}
	return 0
}

# Split off "0xfirst-0xlast" from a line of dmesg; what is below @lowest does not count.
function window(text, kind, label, lowest)
{
	if (!match(text, /0x[0-9a-f]+-0x[0-9a-f]+/))
		return
	split(substr(text, RSTART, RLENGTH), ends, "-")
	if (hex(ends[2]) < hex(lowest))
		return
	if (hex(ends[1]) < hex(lowest))
		ends[1] = lowest
	range(kind, label " " ends[1] "-" ends[2], ends[1], ends[2])
}

function sorted_table(names, counts,    key, command)
{
	command = "sort -k 1,1nr -k 2"
	for (key in counts) {
		printf "  %10d  %s\n", counts[key], \
			(key in names) ? names[key] : sprintf("%#x", key) | command
	}
	close(command)
}

BEGIN {
	# The byte at port 0xcf9 is a reset register, which is not PCI's.
	reset_port = 3321
	range("io", "configuration ports 0xcf8-0xcff", "cf8", "cff")
}

FNR == 1 {
	file = FILENAME
	sub(/.*\//, "", file)
}

file == "svm.h" && /^#define +SVM_EXIT_[A-Z0-9_]+ +0x[0-9a-f]+/ {
	svm[hex($3)] = substr($2, 10)
}

# The reasons start with KVM_EXIT_UNKNOWN; before and after are codes within some.
file == "kvm.h" && /^#define +KVM_EXIT_[A-Z0-9_]+ +[0-9]+$/ {
	if ($2 == "KVM_EXIT_UNKNOWN" || "0" in kvm) {
		if (!($3 in kvm))
			kvm[$3] = $2
	}
}

# A bridge may claim all addresses that nobody else does. No BAR is among the first ones:
# these are the PC's own devices (serial port, timers), and the VGA's memory.
/root bus resource \[io / { window($0, "io", "BARs, ports", "0x1000") }
/root bus resource \[mem / { window($0, "mem", "BARs, memory", "0x100000") }
/(MMCONFIG|ECAM) .*\[mem / { window($0, "mem", "ECAM", "0x0") }

/^ *Dropped: / && $2 != 0 { dropped += $2 }

!/hitcount: / { next }

{ count = $NF }

file == "kvm_exit" && field("exit_reason") != "" {
	exits[field("exit_reason")] += count
	all_exits += count
}

file == "kvm_userspace_exit" && field("reason") != "" {
	left[field("reason")] += count
	all_left += count
}

# The upper half of info1 is the port; bit 4 says that one byte was accessed.
file == "kvm_left" && field("info1") != "" {
	info = field("info1")
	port = int(info / 65536)
	if (field("reason") == 2) {
		known += count
		# Eight ports are a device, as a rule.
		user_ports[int(port / 8)] += count
		port_names[int(port / 8)] = sprintf("ports %#x-%#x%s", \
			port - port % 8, port - port % 8 + 7, \
			port - port % 8 == 1016 ? " (serial console)" : "")
	}
	where = find("io", port)
	if (where && !(port == reset_port && int(info / 16) % 2))
		in_user[where] += count
}

file == "kvm_left" && field("info2") != "" {
	where = find("mem", field("info2"))
	if (field("reason") == 6)
		known += count
	if (where)
		in_user[where] += count
}

file == "kvm_pio" && field("port") != "" && field("port") != reset_port {
	where = find("io", field("port"))
	if (where)
		accesses[where] += count
}

# Type 0 is a read that KVM could not serve: it comes again as type 1.
file == "kvm_mmio" && field("type") != "" && field("type") != 0 {
	where = find("mem", field("gpa"))
	if (where)
		accesses[where] += count
}

# Each is an exit; of an access to a port, too.
file == "kvm_page_fault" && field("fault_address") != "" {
	where = find("mem", field("fault_address"))
	if (where && range_label[where] ~ /^ECAM/)
		configuration += count
}

END {
	if (dropped) {
		print "exit-trace: " dropped " events did not fit into the histograms"
		exit 1
	}
	print "Exits from the guest, by kind:"
	sorted_table(svm, exits)
	printf "  %10d  in all\n\n", all_exits

	print "Of these, exits to userspace (KVM_RUN returned to the launcher):"
	sorted_table(kvm, left)
	printf "  %10d  in all\n\n", all_left

	print "What these were about, as far as they were for ports:"
	sorted_table(port_names, user_ports)

	printf "\n%-46s%10s%11s%11s\n", "PCI accesses of the guest:", "all", "in kernel",
		"userspace"
	for (i = 1; i <= ranges; i++) {
		printf "  %-44s%10d%11d%11d\n", range_label[i], accesses[i], \
			accesses[i] - in_user[i], in_user[i]
		pci += in_user[i]
	}
	configuration += accesses[range_of["configuration ports 0xcf8-0xcff"]]
	printf "\nExits for PCI configuration: %d\n", configuration
	# The join must have found what every one of them was about.
	lost = left[2] + left[6] - known
	printf "Exits to userspace for PCI: %d\n", pci
	if (lost)
		printf "Exits to userspace for a port or memory, it is not known which: %d\n", lost
}
