# SPDX-License-Identifier: GPL-2.0
#
# report.awk: from what bench/virtio/inside printed on -v machines= host VMs, a table for people
# and, to the file named by -v json=, a member for the results. Takes lines of words:
#
#	virtio SYSTEM PHASE WHAT NUMBER		a result; the median counts if there are several
#	virtio end				those of one machine are complete

BEGIN {
	systems = split("kvpci q35 microvm", system_of)
	title["kvpci"] = "kvpci"
	title["q35"] = "QEMU q35"
	title["microvm"] = "QEMU microvm"
	# A phase, what is counted, its text, the most that it may be, and whether that is
	# QEMU's, too, if it is less. The first is cloud-hypervisor's, measured apart from this.
	row("booted", "busy", "boot from a disk: instructions", 7069000000, 1)
	row("booted", "exits", "exits")
	row("booted", "userspace", "to userspace, but for the console", 299)
	row("booted", "userspace-pci", "of these for PCI", 15)
	row("unpacked", "busy", "kernel unpacked by kvpci-run: instructions", 7069000000)
	row("unpacked", "exits", "exits")
	row("probe-disk", "busy", "probe of a disk: instructions")
	row("probe-disk", "exits", "exits")
	row("probe-disk", "userspace", "to userspace", 5)
	row("probe-net", "busy", "probe of a network device: instructions")
	row("probe-net", "exits", "exits")
	row("probe-net", "userspace", "to userspace", 5)
	row("read-null", "ticks", "4 KiB read, null: ticks", "", 1)
	row("read-null", "exits", "exits")
	row("read-file", "ticks", "4 KiB read, file: ticks", "", 1)
	row("read-file", "exits", "exits")
	row("ping", "ticks", "ping round trip: ticks", "", 1)
	row("ping", "exits", "exits")
	row("packet", "ticks", "64 bytes to testpmd and back: ticks", "", 1)
}

function row(phase, what, text, most, like_qemu)
{
	key_of[++rows] = phase "," what
	text_of[rows] = text
	most_of[rows] = most
	like_qemu_of[rows] = like_qemu
}

$1 == "virtio" && $2 == "end" { complete++ }

$1 == "virtio" && NF == 5 { keep($2 "," $3 "," $4, $5) }

# The most that row i may be, "" if anything.
function goal(i, j, least, other)
{
	least = most_of[i]
	for (j = 2; like_qemu_of[i] && j <= systems; j++) {
		other = result(system_of[j], key_of[i])
		if (other != "" && (least == "" || other + 0 < least + 0))
			least = other
	}
	return least == "" ? "" : as_text(least)
}

function verdict(most, cost)
{
	return most == "" || cost == "" ? "" : met_or_missed(with_commas(most), cost + 0 <= most + 0)
}

function print_json(i, j, parts, last)
{
	printf "  \"virtio\": {" >json
	for (j = 1; j <= systems; j++) {
		printf "%s\n    \"%s\": {", j == 1 ? "" : ",", system_of[j] >json
		last = ""
		for (i = 1; i <= rows; i++) {
			split(key_of[i], parts, ",")
			if (parts[1] != last)
				printf "%s\n      \"%s\": {", last == "" ? "" : " },",
					parts[1] >json
			printf "%s \"%s\": %s", parts[1] == last ? "," : "", parts[2],
				or_null(result(system_of[j], key_of[i])) >json
			last = parts[1]
		}
		printf " }\n    }" >json
	}
	printf "\n  }\n" >json
}

END {
	if (complete < machines) {
		print "bench: the guests with virtio devices were cut short; there is no report"
		exit 1
	}
	heading("Virtio devices: the same back ends, two disks and a network device")
	for (i = 1; i <= rows; i++) {
		print_text(text_of[i])
		lacking = print_results(key_of[i])
		# No other system unpacks a kernel.
		if (key_of[i] !~ /^unpacked,/ || lacking == systems)
			missing += lacking
		printf "%s\n", verdict(goal(i), result("kvpci", key_of[i]))
	}
	if (missing)
		printf "%snot measured: %d%s\n", bad, missing, plain
	print_json()
	exit missing > 0
}
