# SPDX-License-Identifier: GPL-2.0
#
# Read KTAP and print the tests that failed, each with the last lines that were said
# before its result: why it failed. awk -f ktap-reasons.awk LOG

BEGIN { most = 12 }

{
	sub(/\r$/, "")
	line = $0
	while (line ~ /^(# |  )/)
		line = substr(line, 3)
}

line ~ /^(not )?ok [0-9]/ {
	# A parent fails with its tests, and has nothing to say of its own.
	if (line ~ /^not / && said) {
		for (i = said > most ? said - most + 1 : 1; i <= said; i++)
			print "      " lines[i]
		print "    " line
	}
	said = 0
	next
}

line !~ /^(K?TAP version|1\.\.[0-9])/ { lines[++said] = line }
