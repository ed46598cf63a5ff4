# SPDX-License-Identifier: GPL-2.0
#
# report.awk: from what bench/memory/inside printed, lines for people and, to the file named
# by -v json=, a member for the results. Takes lines of words:
#
#	memory FUNCTIONS kernel|launcher BYTES	a result, with so many functions on the bus
#	memory end				it is complete

BEGIN {
	most_function = 3 * 4096 + 2048
	most_launcher = 10 * 1048576
}

$2 == "end" { complete = 1 }

NF == 4 {
	if ($3 == "kernel")
		number[++numbers] = $2
	bytes[$2, $3] = $4
}

function verdict(cost, most)
{
	return met_or_missed(sprintf("%.1f KiB", most / 1024), cost <= most)
}

END {
	if (!complete || numbers < 2) {
		print "bench: the measurement of memory was cut short; there is no report"
		exit 1
	}
	first = number[1]
	last = number[numbers]
	each = (bytes[last, "kernel"] - bytes[first, "kernel"]) / (last - first)

	print "\nMemory in KiB, by number of functions on the bus\n"
	printf "%-32s", ""
	for (i = 1; i <= numbers; i++)
		printf " %9d", number[i]
	printf "\n%-32s", "the kernel's, KVM's included"
	for (i = 1; i <= numbers; i++)
		printf " %9.1f", bytes[number[i], "kernel"] / 1024
	printf "\n%-32s", "for each function"
	for (i = 1; i <= numbers; i++)
		printf " %9s", i == numbers ? sprintf("%.1f", each / 1024) : ""
	print verdict(each, most_function)
	printf "%-32s", "the launcher's, less the guest's"
	for (i = 1; i <= numbers; i++)
		printf " %9.1f", bytes[number[i], "launcher"] / 1024
	print verdict(bytes[last, "launcher"], most_launcher)

	printf "  \"memory\": {" >json
	for (i = 1; i <= numbers; i++)
		printf "%s\n    \"%d\": { \"kernel\": %d, \"launcher\": %d }",
			i == 1 ? "" : ",", number[i], bytes[number[i], "kernel"],
			bytes[number[i], "launcher"] >json
	printf "\n  }\n" >json
}
