/* SPDX-License-Identifier: GPL-2.0 */
/* A clock for deadlines, which nobody sets. */
#ifndef MILLISECONDS_H
#define MILLISECONDS_H

#include <time.h>

static inline long long milliseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

#endif /* MILLISECONDS_H */
