// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of those parts of the module that are plain C. They are compiled here,
 * unchanged, against the kernel's own tools/include and a few stand-ins in include/,
 * with the address and undefined behaviour sanitizers.
 *
 *	unit [-s SEED] [-t SECONDS] [TEST]...
 *
 * runs all tests, or those named, and prints TAP. Each test is a function of the
 * random numbers it draws, and so of the seed. Given a time, tests share it, and
 * go on with seeds that follow; the one that failed is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest.h"
#include "unit.h"

static const struct unit_test *const suites[] = {
	regs_tests, config_tests, capability_tests, bar_tests, map_tests,
	state_tests,
};

static bool run_rounds(const struct unit_test *test, u64 seed, u64 milliseconds)
{
	u64 end = unit_now() + milliseconds;

	for (;; seed++) {
		if (!unit_run(test, seed)) {
			printf("# to see it again: unit -s %llu %s\n",
			       (unsigned long long)seed, test->name);
			return false;
		}
		if (unit_now() >= end)
			return true;
	}
}

static bool is_wanted(const struct unit_test *test, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, test->name))
			return true;

	return false;
}

int main(int argc, char **argv)
{
	const struct unit_test *test;
	u64 seed = 1, seconds = 0;
	int c, i, wanted = 0;

	while ((c = getopt(argc, argv, "s:t:")) != -1) {
		if (c == 's') {
			seed = strtoull(optarg, NULL, 0);
		} else if (c == 't') {
			seconds = strtoull(optarg, NULL, 0);
		} else {
			fputs("Usage: unit [-s SEED] [-t SECONDS] [TEST]...\n",
			      stderr);
			return 2;
		}
	}
	argv += optind;
	setvbuf(stdout, NULL, _IOLBF, 0);

	for (i = 0; i < ARRAY_SIZE(suites); i++)
		for (test = suites[i]; test->name; test++)
			wanted += is_wanted(test, argv);
	if (!wanted) {
		fputs("unit: no test of that name\n", stderr);
		return 2;
	}

	ksft_print_header();
	ksft_set_plan(wanted);
	for (i = 0; i < ARRAY_SIZE(suites); i++)
		for (test = suites[i]; test->name; test++)
			if (is_wanted(test, argv))
				ksft_test_result(run_rounds(test, seed,
							    seconds * 1000 / wanted),
						 "%s\n", test->name);
	ksft_finished();
}
