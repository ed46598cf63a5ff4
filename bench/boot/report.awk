# SPDX-License-Identifier: GPL-2.0
#
# report.awk: from what bench/boot/inside printed on -v machines= host VMs, a table for people
# and, to the file named by -v json=, a member for the results. Takes lines of words:
#
#	boot SYSTEM FUNCTIONS WHAT NUMBER	a result, with so many functions on the bus
#	boot end				those of one machine are complete
#
# The goals are for eight functions. What was measured several times counts as what the two
# results are that are closest to each other. Fails if those differ by more than 1 %.

BEGIN {
	title["kvpci"] = "kvpci"
	title["kvpci-trapped"] = "kvpci, no mirrors"
	title["q35"] = "QEMU q35"
	title["microvm"] = "QEMU microvm"
	text["ticks"] = "ticks from kernel to first process"
	text["busy"] = "instructions of the whole run"
	text["exits"] = "exits"
	text["userspace"] = "exits to userspace"
	text["configuration"] = "exits for PCI configuration"
	text["userspace-pci"] = "exits to userspace for PCI"
	text["mirrors"] = "times memory came or went"
	rows = split("busy ticks exits userspace userspace-pci configuration mirrors", row)
	most_wanted["userspace"] = 999
	most_wanted["userspace-pci"] = 0
	most_wanted["configuration"] = 499
	most_wanted["mirrors"] = 11	# fewer than there are BARs
}

$1 == "boot" && $2 == "end" { complete++ }

$1 == "boot" && NF == 5 {
	key = $2 "," $3 "," $4
	if (!($2 in seen)) {
		seen[$2] = 1
		name[++names] = $2
	}
	if (!($3 in seen_number)) {
		seen_number[$3] = 1
		number[++numbers] = $3
	}
	for (i = 0; i < n[key]; i++) {
		percent = difference($5, result[key, i])
		if (n[key] > 1 && percent >= closest[key])
			continue
		closest[key] = percent
		average[key] = ($5 + result[key, i]) / 2
	}
	if (!n[key])
		average[key] = $5
	result[key, n[key]++] = $5
}

# In per cent of the lesser one.
function difference(a, b, less)
{
	less = a < b ? a : b
	return 100 * (a < b ? b - a : a - b) / (less ? less : 1)
}

function mean(system_name, functions, what, key)
{
	key = system_name "," functions "," what
	return n[key] ? sprintf("%.0f", average[key]) : "null"
}

function verdict(what, cost)
{
	if (!(what in most_wanted))
		return ""
	return met_or_missed(most_wanted[what], cost + 0 <= most_wanted[what])
}

function print_json(i, j, k)
{
	printf "  \"boot\": {" >json
	for (i = 1; i <= names; i++) {
		printf "%s\n    \"%s\": {", i == 1 ? "" : ",", name[i] >json
		for (k = 1; k <= numbers; k++) {
			printf "%s\n      \"%d\": {", k == 1 ? "" : ",", number[k] >json
			for (j = 1; j <= rows; j++)
				printf "%s \"%s\": %s", j == 1 ? "" : ",", row[j],
					mean(name[i], number[k], row[j]) >json
			printf " }" >json
		}
		printf "\n    }" >json
	}
	printf "\n  }\n" >json
}

END {
	if (complete < machines) {
		print "bench: the boots were cut short; there is no report"
		exit 1
	}
	print "\nA guest's boot: Debian's kernel to its first process, by number of functions on the bus\n"
	printf "%-34s %4s", "", ""
	for (i = 1; i <= names; i++)
		printf " %18s", title[name[i]]
	printf "\n"
	for (j = 1; j <= rows; j++)
		for (k = 1; k <= numbers; k++) {
			printf "%-34s %4d", k == 1 ? text[row[j]] : "", number[k]
			for (i = 1; i <= names; i++)
				printf " %18s",
					with_commas(mean(name[i], number[k], row[j]))
			if (number[k] == 8)
				printf "%s", verdict(row[j], mean("kvpci", 8, row[j]))
			printf "\n"
		}

	for (key in closest) {
		if (closest[key] > worst) {
			worst = closest[key]
			worst_key = key
		}
	}
	printf "The largest difference of the passes is %.2f %%%s\n", worst,
		worst_key ? " (" worst_key ")" : ""
	if (worst > 1)
		printf "%sthe passes differ by more than 1 %%%s\n", bad, plain
	print_json()
	exit worst > 1
}
