// SPDX-License-Identifier: GPL-2.0
/*
 * What an operation costs, in ticks of the time-stamp counter. In a host VM that
 * scripts/hostvm --icount made, a tick is an instruction that its processor has
 * executed, wherever: in this program, in KVM, in a module or in the process that
 * runs this machine.
 *
 * After a warm-up an operation is timed SAMPLES times, each by itself, and the median
 * counts, less what it is with no operation at all. The host's timer interrupts some
 * of them, and in some its other threads get the processor, which they would not need
 * if they had another.
 *
 * To be profiled (bench/profile) an operation is repeated without end instead.
 */
#include "io.h"
#include "measure.h"
#include "print.h"
#include "word.h"

#define WARM_UP		16
#define SAMPLES		151

static __u64 nothing_cost;
static const char *to_profile;	/* ends with a space or the text, as words do */

static void nothing(void)
{
}

/* The same code for all, so that its own cost is the same. */
static __attribute__((noipa)) __u64 ticks(void (*operation)(void))
{
	__u64 begin = rdtsc();

	operation();
	return rdtsc() - begin;
}

static void sort(__u64 *v, unsigned int n)
{
	unsigned int i, j;

	for (i = 1; i < n; i++) {
		__u64 x = v[i];

		for (j = i; j && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

static __u64 median(void (*prepare)(void), void (*operation)(void))
{
	__u64 sample[SAMPLES];
	unsigned int i;

	for (i = 0; i < WARM_UP; i++) {
		prepare();
		operation();
	}
	for (i = 0; i < SAMPLES; i++) {
		prepare();
		sample[i] = ticks(operation);
	}
	sort(sample, SAMPLES);
	return sample[SAMPLES / 2];
}

void measure_init(void)
{
	nothing_cost = median(nothing, nothing);
}

/* Profile the operation whose name @name begins with. */
void measure_profile(const char *name)
{
	to_profile = name;
}

/* The profile of an operation is from when ticks() begins to when this is called. */
static __attribute__((noipa)) void profiled(void)
{
}

static void profile(void (*prepare)(void), void (*operation)(void))
{
	print("profile\n");
	for (;;) {
		prepare();
		ticks(operation);
		profiled();
	}
}

/* Print "row NAME COST". Each time, @prepare is called first and is not counted. */
void measure_after(const char *name, void (*prepare)(void), void (*operation)(void))
{
	__u64 cost;

	if (to_profile && is_word(to_profile, name))
		profile(prepare, operation);

	cost = median(prepare, operation) - nothing_cost;
	print("row ");
	print(name);
	print(" ");
	print_number(cost);
	print("\n");
}

void measure(const char *name, void (*operation)(void))
{
	measure_after(name, nothing, operation);
}
