/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests share: how they are listed, how they fail, and random numbers
 * that are the same in every run with the same seed.
 */
#ifndef _UNIT_H
#define _UNIT_H

#include <linux/types.h>

/**
 * struct unit_test - one test
 * @name: NULL after the last of an array
 * @run: the test; it may be run many times, each with other random numbers
 */
struct unit_test {
	const char *name;
	void (*run)(void);
};

extern const struct unit_test regs_tests[];
extern const struct unit_test config_tests[];
extern const struct unit_test capability_tests[];
extern const struct unit_test bar_tests[];
extern const struct unit_test map_tests[];
extern const struct unit_test state_tests[];

/* Run a test once. Return: whether it has not failed */
bool unit_run(const struct unit_test *test, u64 seed);

/* Fail the running test, and leave it; on the first thread only. */
void unit_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4), noreturn));

#define CHECK(condition, ...)						\
do {									\
	if (!(condition))						\
		unit_fail(__FILE__, __LINE__, __VA_ARGS__);		\
} while (0)

/* The next random number of a sequence. */
u64 unit_next(u64 *state);

/* Of the first thread's sequence; the second is less than @n. */
u64 rnd(void);
u64 rnd_below(u64 n);

/* True once in @n. */
static inline bool one_in(u64 n)
{
	return !rnd_below(n);
}

void rnd_bytes(void *to, size_t len);

/* Whether changes of lists are followed by pauses; see include/linux/rculist.h. */
extern bool unit_pauses;

/* Milliseconds since some time in the past. */
u64 unit_now(void);

#endif /* _UNIT_H */
