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
