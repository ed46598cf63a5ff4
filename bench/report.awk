# SPDX-License-Identifier: GPL-2.0
#
# report.awk: from what the benchmark printed in the host VM, a table for people and,
# to the file named by -v json=, one for programs. Takes the file "rows" and then the
# output of "inside". -v date= is when, -v host= amd or intel; the goals are for amd.
#
# The output of "inside" is lines of words:
#
#	version kernel|qemu VERSION	what was running
#	pass N				N-th time that all is measured
#	system NAME BY NUMBER		what is measured: floor, kvpci, mirror (kvpci too, with
#					mirrors), irqfd (with messages sent by irqfds) or
#					qemu; what there are so many of: functions or vectors
#	row OPERATION COST		a result
#	end				it is complete
#
# A cost is the mean of the passes. Fails if the passes differ by more than 1 % in any
# row, or if a row is missing.

BEGIN {
	FS = "\t"
	title["kvpci"] = "kvpci"
	title["irqfd"] = "irqfd"
	title["mirror"] = "mirrors"
	title["qemu"] = "QEMU"
}

FNR == NR {
	if (/^#/)
		next
	operation[++operations] = $1
	split($2, what, ":")
	by[$1] = what[1]
	least_number[$1] = what[2] + 0
	text[$1] = $3
	accesses[$1] = $4
	floor_of["kvpci," $1] = $5
	floor_of["mirror," $1] = $8
	goal_of["kvpci," $1] = host == "amd" ? $6 : "-"
	goal_of["mirror," $1] = host == "amd" ? $7 : "-"
	next
}

FNR == 1 { FS = " "; $0 = $0 }
$1 == "version" { name = $2; sub(/^version [^ ]* /, ""); version[name] = $0 }
$1 == "pass" { pass = $2 }
$1 == "system" {
	column = $2 "," $3 "," $4
	if (!seen[column]++)
		columns[++nr_columns] = column
}
$1 == "row" {
	key = column "," $2
	if (!n[key]++)
		keys[++nr_keys] = key
	sum[key] += $3
	if (n[key] == 1 || $3 < least[key])
		least[key] = $3
	if (n[key] == 1 || $3 > most[key])
		most[key] = $3
}
$1 == "end" { complete = 1 }

function cost(column, row, key) {
	key = column "," row
	return n[key] ? int(sum[key] / n[key] + 0.5) : ""
}

# "-", or a sum of costs of KVM alone, each with a factor before it or none.
function floor_cost(name, row, terms, nr, i, factors, nr_factors, total) {
	if (floor_of[name "," row] == "-")
		return ""
	nr = split(floor_of[name "," row], terms, "+")
	for (i = 1; i <= nr; i++) {
		nr_factors = split(terms[i], factors, "*")
		total += (nr_factors > 1 ? factors[1] : 1) * \
			cost("floor,-,0", factors[nr_factors])
	}
	return total
}

# A number, or one that is that many times the floor: "1.05x"; "" if there is no goal.
function goal_cost(name, row, text) {
	text = goal_of[name "," row]
	if (text == "-")
		return ""
	if (text ~ /x$/)
		return int(floor_cost(name, row) * text)
	return text + 0
}

function met(name, row) {
	return goal[name, row] != "" && worst[name, row] <= goal[name, row]
}

# Is a goal less than what KVM takes for the accesses alone?
function below_floor(name, row) {
	return goal[name, row] != "" && floor_of[name "," row] != "-" &&
		goal[name, row] < floor_cost(name, row)
}

# The highest cost of an operation under kvpci, however many functions or vectors.
function worst_cost(name, row, i, worst, c) {
	for (i = 1; i <= nr_columns; i++)
		if (name_of(columns[i]) == name && is_for(columns[i], row)) {
			c = cost(columns[i], row)
			if (c == "") {
				missing = missing " " columns[i] "," row
				continue
			}
			if (c > worst)
				worst = c
		}
	return worst
}

# The cost in the first column of a system.
function first_cost(name, row, i) {
	for (i = 1; i <= nr_columns; i++)
		if (name_of(columns[i]) == name && by_of(columns[i]) == by[row])
			return cost(columns[i], row)
	return ""
}

function ratio(a, b) {
	return a == "" || b == "" || !b ? "-" : sprintf("%.2f", a / b)
}

function name_of(column, parts) {
	split(column, parts, ",")
	return parts[1]
}

function by_of(column, parts) {
	split(column, parts, ",")
	return parts[2]
}

function number_of(column, parts) {
	split(column, parts, ",")
	return parts[3]
}

function is_for(column, row) {
	return by_of(column) == by[row] && number_of(column) >= least_number[row]
}

function find_worst_difference(i, key, percent) {
	for (i = 1; i <= nr_keys; i++) {
		key = keys[i]
		percent = 100 * (most[key] - least[key]) / (least[key] ? least[key] : 1)
		if (percent > 1)
			disagree[++nr_disagree] = sprintf("%s: %d to %d", key,
							  least[key], most[key])
		if (percent >= worst_percent) {
			worst_percent = percent
			worst_key = key
		}
	}
}

function print_table(dimension, i, j, row, first, last) {
	printf "%-30s %7s", "", "KVM's"
	for (j = 1; j <= nr_columns; j++)
		if (by_of(columns[j]) == dimension) {
			first = name_of(columns[j]) != last
			printf " %9s", first ? title[name_of(columns[j])] : ""
			last = name_of(columns[j])
		}
	printf " %8s %8s\n", "kvpci to", "QEMU to"
	printf "%-30s %7s", "operation", "floor"
	for (j = 1; j <= nr_columns; j++)
		if (by_of(columns[j]) == dimension)
			printf " %9s", number_of(columns[j])
	printf " %8s %8s  %s\n", "floor", "kvpci", "goal"

	for (i = 1; i <= operations; i++) {
		row = operation[i]
		if (by[row] != dimension)
			continue
		printf "%-30s %7s", text[row], with_commas(floor_cost("kvpci", row))
		for (j = 1; j <= nr_columns; j++)
			if (by_of(columns[j]) == dimension)
				printf " %9s", with_commas(cost(columns[j], row))
		printf " %8s %8s", ratio(worst["kvpci", row], floor_cost("kvpci", row)),
			ratio(first_cost("qemu", row), first_cost("kvpci", row))
		printf "%s%s\n", verdict("kvpci", row), verdict("mirror", row)
	}
}

function verdict(name, row, color, text) {
	if (goal[name, row] == "")
		return ""
	color = met(name, row) ? good : bad
	text = sprintf("%s%s %s", name == "mirror" ? "mirrors " : "",
		       with_commas(goal[name, row]), met(name, row) ? "met" : "MISSED")
	if (below_floor(name, row))
		text = text ", below the floor"
	return "  " color text (color ? plain : "")
}

function print_floor(i, row) {
	printf "\nKVM alone:"
	for (i = 1; i <= nr_keys; i++)
		if (keys[i] ~ /^floor,/) {
			row = keys[i]
			sub(/.*,/, "", row)
			printf " %s %s", row, with_commas(cost("floor,-,0", row))
		}
	printf "\n"
}

# What the most functions cost, at most, in comparison with one.
function find_growth(i, j, k, row, a, b) {
	for (i = 1; i <= operations; i++)
		for (j = 1; j <= 2; j++) {
			row = operation[i]
			if (by[row] != "functions")
				continue
			a = first_cost(names[j], row)
			for (k = 1; k <= nr_columns; k++)
				if (name_of(columns[k]) == names[j] && is_for(columns[k], row)) {
					b = cost(columns[k], row)
					most_functions = number_of(columns[k])
				}
			if (a && b && b / a > growth) {
				growth = b / a
				growth_row = row
			}
		}
}

function print_growth() {
	printf "%d functions cost at most %.3f times what one does (%s)  %s%.2f %s%s\n",
		most_functions, growth, growth_row, growth <= 1.05 ? good : bad, 1.05,
		growth <= 1.05 ? "met" : "MISSED", plain
}

function print_json(i, j, row, separator) {
	printf "{\n  \"date\": \"%s\",\n  \"kvpci\": \"%s\",\n", date, revision >json
	printf "  \"kernel\": \"%s\",\n", version["kernel"] >json
	printf "  \"host\": \"%s\",\n", host >json
	printf "  \"qemu\": \"%s\",\n", version["qemu"] >json
	printf "  \"unit\": \"host instructions per guest operation\",\n" >json
	printf "  \"passes\": %d,\n", pass >json
	printf "  \"largest_difference_percent\": %.3f,\n", worst_percent >json
	printf "  \"growth\": %.3f,\n", growth >json
	printf "  \"floor\": {" >json
	for (i = 1; i <= nr_keys; i++)
		if (keys[i] ~ /^floor,/) {
			row = keys[i]
			sub(/.*,/, "", row)
			printf "%s\n    \"%s\": %d", separator, row,
				cost("floor,-,0", row) >json
			separator = ","
		}
	printf "\n  },\n  \"operations\": [" >json
	for (i = 1; i <= operations; i++) {
		row = operation[i]
		printf "%s\n    {\n", i == 1 ? "" : "," >json
		printf "      \"operation\": \"%s\",\n", row >json
		printf "      \"text\": \"%s\",\n", text[row] >json
		printf "      \"by\": \"%s\",\n", by[row] >json
		printf "      \"accesses\": %d,\n", accesses[row] >json
		printf "      \"floor\": %s,\n", or_null(floor_cost("kvpci", row)) >json
		printf "      \"floor_mirror\": %s,\n", or_null(floor_cost("mirror", row)) >json
		json_columns("kvpci", row)
		json_columns("mirror", row)
		json_columns("irqfd", row)
		json_columns("qemu", row)
		json_goal("goal", "kvpci", row)
		printf ",\n" >json
		json_goal("goal_mirror", "mirror", row)
		printf "\n    }" >json
	}
	printf "\n  ]\n}\n" >json
	close(json)
}

# "KEY": { "most": COST, ... } or null
function json_goal(key, name, row) {
	printf "      \"%s\": ", key >json
	if (goal[name, row] == "")
		printf "null" >json
	else
		printf "{ \"most\": %d, \"met\": %s, \"below_floor\": %s }",
			goal[name, row], met(name, row) ? "true" : "false",
			below_floor(name, row) ? "true" : "false" >json
}

# "NAME": { "FUNCTIONS or VECTORS": COST, ... }
function json_columns(name, row, j, separator) {
	printf "      \"%s\": {", name >json
	for (j = 1; j <= nr_columns; j++)
		if (name_of(columns[j]) == name && by_of(columns[j]) == by[row] &&
		    cost(columns[j], row) != "") {
			printf "%s \"%s\": %d", separator, number_of(columns[j]),
				cost(columns[j], row) >json
			separator = ","
		}
	printf " },\n" >json
}

END {
	if (!complete) {
		print "bench: the measurement was cut short; there is no report"
		exit 1
	}
	names[1] = "kvpci"
	names[2] = "mirror"
	for (i = 1; i <= operations; i++)
		for (j = 1; j <= 2; j++) {
			row = operation[i]
			worst[names[j], row] = worst_cost(names[j], row)
			goal[names[j], row] = goal_cost(names[j], row)
			if (goal[names[j], row] != "" && !met(names[j], row)) {
				missed++
				unreachable += below_floor(names[j], row)
			}
		}
	find_worst_difference()
	find_growth()
	print "\nHost instructions per guest operation, by number of functions on the bus\n"
	print_table("functions")
	print "\nThe same, by number of MSI-X vectors; irqfd: kvpci with delivery=irqfd\n"
	print_table("vectors")
	print_floor()
	print_json()

	printf "Linux %s, %s host, %skvpci %s, %s\n", version["kernel"],
		host == "amd" ? "AMD" : "Intel",
		version["qemu"] ? "QEMU " version["qemu"] ", " : "", revision, date
	if (pass > 1)
		printf "%d passes: the largest difference is %.2f %% (%s)\n", pass,
			worst_percent, worst_key
	for (i = 1; i <= nr_disagree; i++)
		printf "%sthe passes differ by more than 1 %%: %s%s\n", bad,
			disagree[i], plain
	if (missing)
		printf "%snot measured:%s%s\n", bad, missing, plain
	if (missed)
		printf "%s%d of the goals missed, %d of them below KVM's floor%s; Documentation/benchmark.rst says why\n",
			bad, missed, unreachable, plain
	print_growth()
	exit nr_disagree || missing
}
