# SPDX-License-Identifier: GPL-2.0
#
# Read KTAP and print one line per test, "pass", "fail" or "skip", a tab and the
# test's name. awk -f ktap.awk LOG
#
# Tests nest: the lines of a subtest are indented by two spaces, or, as the
# kselftest runner does it, start with "# ", and come before the result of the test
# they belong to. Only innermost tests are counted. What a plan ("1..N") promised
# and did not come fails, and so does a test that failed though none of its
# subtests did (it crashed or timed out), results without a plan, and "Bail out!".
#
# For each depth: planned[], came[] results, bad[] failures since the depth was
# opened, lines[] what to print about them, without the name of the parent.

function add(depth, verdict, name)
{
	lines[depth] = lines[depth] verdict "\t" name "\n"
	if (verdict == "fail")
		bad[depth]++
}

# All lines of a depth, with the parent's name in front.
function prefixed(text, parent,    n, i, part, word, out)
{
	n = split(text, part, "\n")
	out = ""
	for (i = 1; i < n; i++) {
		word = index(part[i], "\t")
		out = out substr(part[i], 1, word) parent ": " \
			substr(part[i], word + 1) "\n"
	}
	return out
}

# Has anything come at this depth or below?
function is_open(depth)
{
	return (depth in planned) || came[depth] > 0 || lines[depth] != "" ||
		(depth < deepest && is_open(depth + 1))
}

# Nothing more comes at this depth: was all there that was planned?
function finish(depth,    i)
{
	if (is_open(depth + 1)) {
		finish(depth + 1)
		add(depth, "fail", "a test that did not end")
		lines[depth] = lines[depth] prefixed(lines[depth + 1], "?")
		bad[depth] += bad[depth + 1]
		forget(depth + 1)
	}
	if (!(depth in planned))
		add(depth, "fail", "no plan: unknown how many tests there are")
	else if (came[depth] > planned[depth])
		add(depth, "fail", "more results than planned")
	for (i = came[depth] + 1; (depth in planned) && i <= planned[depth]; i++)
		add(depth, "fail", "test " i " was planned and did not run")
}

function forget(depth)
{
	delete planned[depth]
	delete came[depth]
	delete bad[depth]
	delete lines[depth]
}

function result(depth, line,    ok, name, skip, directive)
{
	ok = line !~ /^not /
	sub(/^(not )?ok *[0-9]* *-? */, "", line)
	skip = 0
	directive = match(line, /# *[Ss][Kk][Ii][Pp]/)
	name = line
	if (directive) {
		skip = 1
		name = substr(line, 1, RSTART - 1)
		if (name == "")
			name = substr(line, RSTART + RLENGTH + 1)
	}
	sub(/^selftests: [^:]*: /, "", name)
	sub(/ *#.*$/, "", name)
	sub(/ +$/, "", name)
	if (name == "")
		name = "(unnamed)"
	came[depth]++

	if (!is_open(depth + 1)) {
		add(depth, !ok ? "fail" : skip ? "skip" : "pass", name)
		return
	}
	# A test that says it skips all has a plan of nothing.
	finish(depth + 1)
	lines[depth] = lines[depth] prefixed(lines[depth + 1], name)
	bad[depth] += bad[depth + 1]
	if (!ok && !bad[depth + 1])
		add(depth, "fail", name ": failed outside of its subtests")
	else if (lines[depth + 1] == "")
		add(depth, skip ? "skip" : "pass", name)
	forget(depth + 1)
}

{
	sub(/\r$/, "")
	line = $0
	depth = 0
	while (line !~ /^(K?TAP version|1\.\.[0-9]|ok( |$)|not ok( |$)|Bail out!)/) {
		if (line !~ /^(# |  )/)
			next
		line = substr(line, 3)
		depth++
	}
	# Prose that happens to start with "ok": a result has a number.
	if (line ~ /^(not )?ok/ && line !~ /^(not )?ok [0-9]/)
		next
	if (depth > deepest)
		deepest = depth
	if (line ~ /^1\.\./) {
		sub(/^1\.\./, "", line)
		if (depth in planned)
			add(depth, "fail", "a second plan")
		planned[depth] = line + 0
	} else if (line ~ /^(not )?ok/) {
		result(depth, line)
	} else if (line ~ /^Bail/) {
		add(depth, "fail", line)
	}
}

END {
	finish(0)
	printf "%s", lines[0]
}
