# SPDX-License-Identifier: GPL-2.0
#
# report.awk: from what bench/vfio/inside printed, a table for people and, to the file named by
# -v json=, a member for the results. Takes lines of words:
#
#	vfio SYSTEM OPERATION WHAT NUMBER	a result
#	vfio end				it is complete

BEGIN {
	systems = split("kvpci mirror q35", system_of)
	title["kvpci"] = "kvpci"
	title["mirror"] = "with mirrors"
	title["q35"] = "QEMU q35"
	# An operation, what is counted, its text, and how much of what QEMU takes is the goal.
	row("msix-mask", "ticks", "vector mask, flush read: instructions", 0.5)
	row("msix-rewrite", "ticks", "message rewrite: instructions", 0.5)
	row("msix-function-mask", "ticks", "function mask set and cleared: instructions", 0.5)
	row("msix-pba-read", "ticks", "pending bits read: instructions", 1)
	row("msix-table-read", "ticks", "MSI-X table read: instructions", 1)
	row("read", "instructions", "4 KiB read from nvme: instructions", 1)
	row("read", "exits", "exits", 1)
}

function row(operation, what, text, share)
{
	key_of[++rows] = operation "," what
	text_of[rows] = text
	share_of[rows] = share
}

$1 == "vfio" && $2 == "end" { complete = 1 }
$1 == "vfio" && NF == 5 { value[$2 "," $3 "," $4] = $5 }

function result(name, i)
{
	return value[name "," key_of[i]]
}

END {
	if (!complete) {
		print "bench: the guests with devices of the host were cut short; there is no report"
		exit 1
	}
	heading("Devices of the host: an nvme controller")
	for (i = 1; i <= rows; i++) {
		print_text(text_of[i])
		for (j = 1; j <= systems; j++) {
			missing += result(system_of[j], i) == ""
			printf " %14s", with_commas(result(system_of[j], i))
		}
		goal = result("q35", i) * share_of[i]
		if (text_of[i] ~ /:/)
			goal = int(goal)
		met = result("mirror", i) + 0 <= goal + 0
		printf "%s\n", met_or_missed(with_commas(goal ""), met)
	}
	printf "  \"vfio\": {" >json
	for (j = 1; j <= systems; j++) {
		printf "%s\n    \"%s\": {", j == 1 ? "" : ",", system_of[j] >json
		for (i = 1; i <= rows; i++) {
			name = key_of[i]
			sub(/,ticks/, "", name)
			sub(/,/, "-", name)
			printf "%s \"%s\": %s", i == 1 ? "" : ",", name,
				or_null(result(system_of[j], i)) >json
		}
		printf " }" >json
	}
	printf "\n  }\n" >json
	exit missing > 0
}
