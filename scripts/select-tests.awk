# SPDX-License-Identifier: GPL-2.0
#
# Select which tests are run on which machine. awk -v all=0|1 -f select-tests.awk INPUT
# where INPUT is lines of words:
#
#	machine PART GROUP PROCESSORS FACTOR=VALUE...
#	only PART TEST
#	test NAME FACTOR... [kernel=VALUE] [host=VALUE]
#
# and what is printed is "PART NAME", in the order of the input. A test depends on some
# of the factors that a machine has, and on "processors" if it wants two, and it may need one
# kernel or host: machines with others do not have it, whatever the rest. A machine with
# nested paging has only tests that depend on paging: Documentation/testing.rst says why.
# The group "vfio" has only tests that need that host. Others but "supported" have only
# tests that depend on the kernel, and "intel" those that depend on the host besides. A part for which there are
# lines "only" has those tests and no others, whatever they depend on; and no other part of
# its group has them, unless that has such lines too.
#
# On the machines of a group, a test meets each pair of values of what it depends on at
# least once, on as few machines as are found by taking, again and again, the one that
# brings most pairs that are new. A script, which boots guests and takes long, meets each
# value at least once. With "all" each test meets each combination once.

$1 == "machine" {
	part[++nr_machines] = $2
	group_of[$2] = $3
	group[nr_machines] = $3
	groups[$3]
	processors[nr_machines] = $4
	for (i = 5; i <= NF; i++) {
		split($i, word, "=")
		value[nr_machines, word[1]] = word[2]
	}
}

$1 == "only" {
	limited[$2]
	only[$2, $3]
	named[group_of[$2], $3]
}

$1 == "test" {
	name[++nr_tests] = $2
	wanted[nr_tests] = 1
	nr_factors[nr_tests] = 0
	for (i = 3; i <= NF; i++)
		if ($i == "processors")
			wanted[nr_tests] = 2
		else if (split($i, word, "=") == 2)
			needed[nr_tests, word[1]] = word[2]
		else {
			factor[nr_tests, ++nr_factors[nr_tests]] = $i
			depends[nr_tests, $i]
		}
}

# Has the test not met this before? With "note" it has now.
function is_new(met, note,    new) {
	new = !(met in seen)
	if (note)
		seen[met]
	return new
}

function value_of(machine, test, n) {
	return factor[test, n] "=" value[machine, factor[test, n]]
}

# A value is a pair with itself, and a test that depends on nothing is run once.
function brings(machine, test, note,    key, new, i, j) {
	key = group[machine] " " name[test]
	if (all) {
		for (i = 1; i <= nr_factors[test]; i++)
			key = key " " value_of(machine, test, i)
		return is_new(key, note)
	}
	new = is_new(key, note)
	for (i = 1; i <= nr_factors[test]; i++)
		for (j = i; j <= (name[test] ~ /\.sh$/ ? i : nr_factors[test]); j++)
			new += is_new(key " " value_of(machine, test, i) " " \
				      value_of(machine, test, j), note)
	return new
}

# Has the machine what the test needs?
function has(machine, test, what) {
	return !((test, what) in needed) || value[machine, what] == needed[test, what]
}

function suits(machine, test) {
	if (processors[machine] != "any" && processors[machine] != wanted[test])
		return 0
	if (part[machine] in limited)
		return (part[machine], name[test]) in only
	if ((group[machine], name[test]) in named)
		return 0
	if (!has(machine, test, "kernel") || !has(machine, test, "host"))
		return 0
	if (group[machine] == "vfio")
		return (test, "host") in needed
	if (group[machine] == "intel" && (test, "host") in depends)
		return 1
	if (group[machine] != "supported" && !((test, "kernel") in depends))
		return 0
	return value[machine, "paging"] != "nested" || (test, "paging") in depends
}

# The machine of the group that brings most to the test, the first of them, or 0. One for tests of
# its number of processors rather than one for any.
function best(in_group, test,    machine, most, found, new) {
	most = found = 0
	for (machine = 1; machine <= nr_machines; machine++) {
		if (group[machine] != in_group || !suits(machine, test))
			continue
		new = brings(machine, test, 0)
		if (new > most || new && new == most && processors[found] == "any" &&
				  processors[machine] != "any") {
			most = new
			found = machine
		}
	}
	return found
}

END {
	for (in_group in groups)
		for (test = 1; test <= nr_tests; test++)
			while (machine = best(in_group, test)) {
				brings(machine, test, 1)
				selected[machine, test]
			}
	for (machine = 1; machine <= nr_machines; machine++)
		for (test = 1; test <= nr_tests; test++)
			if ((machine, test) in selected)
				print part[machine], name[test]
}
