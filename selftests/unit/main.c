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
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/rculist.h>

#include "kselftest.h"
#include "unit.h"

static const struct unit_test *const suites[] = {
	regs_tests, config_tests, capability_tests, bar_tests, map_tests,
};

static u64 sequence;
static jmp_buf failed;

bool unit_pauses;

u64 unit_next(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

u64 rnd(void)
{
	return unit_next(&sequence);
}

u64 rnd_below(u64 n)
{
	return rnd() % n;
}

void rnd_bytes(void *to, size_t len)
{
	u8 *p = to;

	while (len--)
		*p++ = rnd();
}

u64 unit_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

void unit_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("# %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	longjmp(failed, 1);
}

static void pause_for(u64 n)
{
	while (n--)
		__asm__ volatile("pause");
}

static __thread u64 pauses;

/* A writer's pause. */
void unit_pause(void)
{
	u64 n;

	if (!unit_pauses)
		return;
	n = unit_next(&pauses);
	if (!(n & 255))
		sched_yield();
	pause_for(n >> 8 & 15);
}

/* A reader has read a pointer. Mostly no pause, or it would never get through. */
struct hlist_node *unit_step(struct hlist_node *node)
{
	u64 n;

	if (!unit_pauses)
		return node;
	n = unit_next(&pauses);
	if (!(n & 127))
		pause_for(n >> 8 & 127);
	return node;
}

static bool run(const struct unit_test *test, u64 seed, u64 milliseconds)
{
	static u64 round;	/* static to survive longjmp() */
	u64 end = unit_now() + milliseconds;

	round = seed;
	if (setjmp(failed)) {
		printf("# to see it again: unit -s %llu %s\n",
		       (unsigned long long)round, test->name);
		return false;
	}

	for (;; round++) {
		sequence = round;
		test->run();
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
				ksft_test_result(run(test, seed,
						     seconds * 1000 / wanted),
						 "%s\n", test->name);
	ksft_finished();
}
