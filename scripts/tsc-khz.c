// SPDX-License-Identifier: GPL-2.0
/*
 * tsc-khz: print how fast this machine's time stamp counter is, in kHz, for scripts/hostvm. An
 * emulated machine shows the same counter, but can't tell its frequency well: the timer that it
 * compares with may stand still while the emulator waits for a processor.
 *
 * The counter is read between two looks at the clock, at the beginning and at the end of a tenth of
 * a second; of many such readings the closest is taken, in which nobody had the processor instead.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define NSEC_PER_SEC	1000000000LL
#define READINGS	1000

struct reading {
	long long nanoseconds;
	unsigned long long tsc;
};

static long long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static struct reading read_both(void)
{
	struct reading best = { 0 };
	long long closest = LLONG_MAX;

	for (int i = 0; i < READINGS; i++) {
		const long long before = nanoseconds();
		const unsigned long long tsc = __rdtsc();
		const long long took = nanoseconds() - before;

		if (took < closest) {
			closest = took;
			best = (struct reading){ before + took / 2, tsc };
		}
	}
	return best;
}

int main(void)
{
	const struct timespec tenth = { .tv_nsec = NSEC_PER_SEC / 10 };
	struct reading begin, end;

	begin = read_both();
	nanosleep(&tenth, NULL);
	end = read_both();
	printf("%.0f\n", 1e6 * (end.tsc - begin.tsc) / (end.nanoseconds - begin.nanoseconds));
	return 0;
}
