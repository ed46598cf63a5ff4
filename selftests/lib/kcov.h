/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KCOV_H
#define KCOV_H

#include <stdbool.h>

/**
 * struct kcov - what this thread has had the kernel execute
 * @fd: the kernel's
 * @cover: how many places, and behind that which
 * @seen: places that have been seen, by their hash
 * @nr_seen: how many
 */
struct kcov {
	int fd;
	unsigned long *cover;
	unsigned long *seen;
	unsigned long nr_seen;
};

struct kcov *kcov_new(void);
void kcov_free(struct kcov *kcov);
void kcov_begin(struct kcov *kcov);
bool kcov_end(struct kcov *kcov);

#endif /* KCOV_H */
