# SPDX-License-Identifier: GPL-2.0
#
# Who needs whom, and who must not: reads what nm -A prints of object files, as
# FOLDER/FILE.o:VALUE TYPE SYMBOL, of one program or module. An object needs another one
# if that defines a symbol which it uses.
#
#	find kmod -name "*.o" -exec nm -A {} + | awk -v layers="kmod/core/ kmod/" -f layers.awk
#
# layers are the beginnings of names, from the lowest on; of several that fit a name the
# longest says where it is. Prints each use that goes up, or from file to file in a circle,
# as "FILE.o -> FILE.o: SYMBOL", and fails if there is one, or nothing to look at. Symbols
# that no object defines are somebody else's.

BEGIN { nr_layers = split(layers, layer) }

# The value is missing where the symbol is not defined.
{
	file = $1
	sub(/:[^:]*$/, "", file)
	type = $(NF - 1)
	sub(/.*:/, "", type)
	if (!(file in level)) {
		files[++nr_files] = file
		level[file] = level_of(file)
	}
	if (type ~ /^[Uvw]$/)
		uses[file, $NF] = 1
	else if (type ~ /^[A-Zu]$/ && !($NF in definer))
		definer[$NF] = file
}

function level_of(file,    i, best, length_of_best)
{
	best = 0
	length_of_best = -1
	for (i = 1; i <= nr_layers; i++)
		if (index(file, layer[i]) == 1 && length(layer[i]) > length_of_best) {
			best = i
			length_of_best = length(layer[i])
		}
	if (!best) {
		print file ": is in no layer"
		bad = 1
	}
	return best
}

# Mark what can be reached from a file.
function reach(from, file,    i)
{
	for (i = 1; i <= nr_needs[file]; i++)
		if (!((from, needs[file, i]) in reaches)) {
			reaches[from, needs[file, i]] = 1
			reach(from, needs[file, i])
		}
}

END {
	if (!nr_files) {
		print "there are no symbols"
		exit 1
	}

	for (key in uses) {
		split(key, use, SUBSEP)
		if (!(use[2] in definer) || definer[use[2]] == use[1])
			continue
		user[++nr_edges] = use[1]
		symbol[nr_edges] = use[2]
		# One that goes up is wrong by itself, whatever it closes.
		if (level[definer[use[2]]] <= level[use[1]])
			needs[use[1], ++nr_needs[use[1]]] = definer[use[2]]
	}
	for (i = 1; i <= nr_files; i++)
		reach(files[i], files[i])

	for (i = 1; i <= nr_edges; i++) {
		used = definer[symbol[i]]
		what = ""
		if (level[used] > level[user[i]])
			what = " (upwards)"
		else if ((used, user[i]) in reaches)
			what = " (in a circle)"
		if (what == "")
			continue
		print user[i] " -> " used ": " symbol[i] what | "sort"
		bad = 1
	}
	close("sort")
	exit bad
}
