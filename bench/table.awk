# SPDX-License-Identifier: GPL-2.0
#
# table.awk: how all of the benchmark's reports write numbers, and whether a goal is met.

BEGIN {
	if (system("test -t 1") == 0) {
		good = "\033[32m"; bad = "\033[31m"; plain = "\033[0m"
	}
}

function or_null(number)
{
	return number == "" ? "null" : number
}

function with_commas(number, text)
{
	if (number == "" || number == "null")
		return "-"
	if (number ~ /\./)
		return number
	while (length(number) > 3) {
		text = "," substr(number, length(number) - 2) text
		number = substr(number, 1, length(number) - 3)
	}
	return number text
}

# The heading of a table with a column for each of system_of[1] to system_of[systems].
function heading(text, j)
{
	printf "\n%s\n\n%-46s", text, ""
	for (j = 1; j <= systems; j++)
		printf " %14s", title[system_of[j]]
	printf "\n"
}

# What a row of it begins with: what has no colon belongs to the row above.
function print_text(text)
{
	printf "%-46s", (text ~ /:/ ? "" : "    ") text
}

# What a row of it ends with: a number for each system, of those that were kept under its name and
# @key. Returns how many were not measured.
function print_results(key, j, number, lacking)
{
	for (j = 1; j <= systems; j++) {
		number = result(system_of[j], key)
		lacking += number == ""
		printf " %14s", with_commas(number)
	}
	return lacking + 0
}

# What a system took, "" if it was not measured.
function result(name, key)
{
	return as_text(median(name "," key))
}

function as_text(number)
{
	if (number == "")
		return ""
	return number == int(number) ? sprintf("%.0f", number) : sprintf("%.2f", number)
}

# A row of print_compared(): the key of its numbers, its text, its name in the results, and the
# share of QEMU's that is the goal.
function compare(key, text, name, share)
{
	key_of[++rows] = key
	text_of[rows] = text
	name_of[rows] = name
	share_of[rows] = share
}

# "" if one was not measured. What there is a part of is a mean.
function verdict_of_share(cost, theirs, i, goal)
{
	if (cost == "" || theirs == "")
		return ""
	goal = theirs * share_of[i]
	if (text_of[i] ~ /:/)
		goal = int(goal)
	return met_or_missed(with_commas(goal ""), cost + 0 <= goal)
}

# The rows, with what @ours and q35 took as what is compared, and in the results a member of that
# name. Returns how many numbers are missing.
function print_compared(member, ours, i, j, lacking)
{
	for (i = 1; i <= rows; i++) {
		print_text(text_of[i])
		lacking += print_results(key_of[i])
		printf "%s\n", verdict_of_share(result(ours, key_of[i]), result("q35", key_of[i]), i)
	}
	printf "  \"%s\": {", member >json
	for (j = 1; j <= systems; j++) {
		printf "%s\n    \"%s\": {", j == 1 ? "" : ",", system_of[j] >json
		for (i = 1; i <= rows; i++)
			printf "%s \"%s\": %s", i == 1 ? "" : ",", name_of[i],
				or_null(result(system_of[j], key_of[i])) >json
		printf " }" >json
	}
	printf "\n  }\n" >json
	return lacking
}

# Keep a number, of which there may be several under that key: in order.
function keep(key, number, i)
{
	for (i = nr_kept[key]++; i && kept[key, i - 1] > number + 0; i--)
		kept[key, i] = kept[key, i - 1]
	kept[key, i] = number + 0
}

# The median of what was kept; "" if nothing was.
function median(key)
{
	return nr_kept[key] ? kept[key, int(nr_kept[key] / 2)] : ""
}

function met_or_missed(text, met)
{
	return sprintf("  %s%s %s%s", met ? good : bad, text, met ? "met" : "MISSED", plain)
}
