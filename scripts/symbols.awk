# SPDX-License-Identifier: GPL-2.0
#
# Append to each line the functions that addresses in it are in, but for the one that a
# dump of memory starts its lines with: awk -f symbols.awk SYMBOLS FILE, where SYMBOLS is
# /proc/kallsyms, sorted.

# Compared as strings: all have 16 digits.
FILENAME == ARGV[1] {
	if ($2 ~ /^[tTwW]$/) {
		address[++nr] = $1 ""
		name[nr] = $3 $4
	}
	next
}

function symbol_of(word,  low, high, middle)
{
	low = 0
	high = nr
	while (low < high) {
		middle = int((low + high + 1) / 2)
		if (address[middle] <= word)
			low = middle
		else
			high = middle - 1
	}
	return low && name[low] !~ /^_e(init)?text$/ ? name[low] : ""
}

{
	symbols = ""
	rest = $0
	sub(/^[0-9a-f]+: /, "", rest)
	while (match(rest, /ffffffff[89a-e][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]/)) {
		symbol = symbol_of(substr(rest, RSTART, RLENGTH) "")
		if (symbol != "")
			symbols = symbols " " symbol
		rest = substr(rest, RSTART + RLENGTH)
	}
	print $0 (symbols != "" ? "  #" symbols : "")
}
