/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STRUCTURE_H
#define STRUCTURE_H

#include <stddef.h>

#include <linux/types.h>

#define PAGE		4096

#define ptr(p)	((__u64)(unsigned long)(p))

/**
 * struct structure - the argument of an ioctl
 * @name: of the ioctl
 * @try: makes the call, and undoes it if it succeeds
 * @good: a right argument
 * @size: its size
 * @flags: the flags that it knows
 * @result: of the call with the right argument
 * @zero: a structure with ones where zeroes have to be, or NULL
 */
struct structure {
	const char *name;
	int (*try)(void *test, const void *arg);
	const void *good;
	size_t size;
	__u32 flags;
	int result;
	const void *zero;
};

const char *structure_check(const struct structure *structure, void *test);

/* For tests with kselftest_harness.h. */
#define EXPECT_STRUCTURE(test, ...)					\
do {									\
	const struct structure structure = __VA_ARGS__;			\
	const char *wrong = structure_check(&structure, test);		\
									\
	EXPECT_EQ(NULL, wrong) {					\
		TH_LOG("%s: %s", structure.name, wrong);		\
	}								\
} while (0)

char *edge_new(void);
void edge_free(char *edge);

#endif /* STRUCTURE_H */
