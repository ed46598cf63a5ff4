// SPDX-License-Identifier: GPL-2.0
/*
 * What the unit tests stand on: random numbers, pauses, and the way out of a test that
 * has failed.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <linux/rculist.h>

#include "unit.h"

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

bool unit_run(const struct unit_test *test, u64 seed)
{
	sequence = seed;
	if (setjmp(failed))
		return false;
	test->run();
	return true;
}
