# SPDX-License-Identifier: GPL-2.0
#
# report.awk: from what bench/boot/inside printed, a table for people and, to the file
# named by -v json=, a member for the results. Takes lines of words:
#
#	boot SYSTEM WHAT NUMBER		a result
#	boot end			it is complete
#
# Fails if passes differ by more than 1 %, or if a goal is missed.

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
	rows = split("busy ticks exits userspace configuration", row)
	goal["userspace"] = 1000
	goal["configuration"] = 500
	goal["userspace-pci"] = 0
	if (system("test -t 1") == 0) {
		good = "\033[32m"; bad = "\033[31m"; plain = "\033[0m"
	}
}

$1 == "boot" && $2 == "end" { complete = 1 }

$1 == "boot" && NF == 4 {
	key = $2 "," $3
	if (!($2 in seen)) {
		seen[$2] = 1
		name[++names] = $2
	}
	if (!n[key] || $4 < least[key])
		least[key] = $4
	if (!n[key] || $4 > most[key])
		most[key] = $4
	sum[key] += $4
	n[key]++
}

function mean(system_name, what, key)
{
	key = system_name "," what
	return n[key] ? sprintf("%.0f", sum[key] / n[key]) : "null"
}

function with_commas(number, text)
{
	while (length(number) > 3) {
		text = "," substr(number, length(number) - 2) text
		number = substr(number, 1, length(number) - 3)
	}
	return number text
}

END {
	if (!complete) {
		print "bench: the boots were cut short; there is no report"
		exit 1
	}
	print "\nA guest's boot: Debian's kernel to its first process, eight functions on the bus\n"
	printf "%-36s", ""
	for (i = 1; i <= names; i++)
		printf " %18s", title[name[i]]
	printf "\n"
	for (j = 1; j <= rows; j++) {
		printf "%-36s", text[row[j]]
		for (i = 1; i <= names; i++)
			printf " %18s", with_commas(mean(name[i], row[j]))
		if (row[j] in goal) {
			met = mean("kvpci", row[j]) + 0 < goal[row[j]]
			missed += !met
			printf "  %s%s %s%s", met ? good : bad, with_commas(goal[row[j]]),
				met ? "met" : "MISSED", plain
		}
		printf "\n"
	}
	if (mean("kvpci", "userspace-pci") != 0) {
		printf "%skvpci: %d exits to userspace for PCI%s\n", bad,
			mean("kvpci", "userspace-pci"), plain
		missed++
	}

	for (key in n) {
		percent = 100 * (most[key] - least[key]) / (least[key] ? least[key] : 1)
		if (percent > worst) {
			worst = percent
			worst_key = key
		}
	}
	printf "The largest difference of the passes is %.2f %%%s\n", worst,
		worst_key ? " (" worst_key ")" : ""
	if (worst > 1)
		printf "%sthe passes differ by more than 1 %%%s\n", bad, plain

	printf "  \"boot\": {" >json
	for (i = 1; i <= names; i++) {
		printf "%s\n    \"%s\": {", i == 1 ? "" : ",", name[i] >json
		for (j = 1; j <= rows; j++)
			printf "%s \"%s\": %s", j == 1 ? "" : ",", row[j],
				mean(name[i], row[j]) >json
		printf " }" >json
	}
	printf "\n  }\n" >json
	exit missed || worst > 1
}
