/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting for what has to come. How long that takes depends on the machine and on what
 * else it does, so a test waits for the event itself, and gives up only when nothing that is
 * merely slow can be the reason.
 */
#ifndef WAIT_H
#define WAIT_H

#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "environment.h"

#define LOOK_US		50	/* from one look to the next */

/* Does it come to be so? Looks at least once, and says what the last look has found. */
#define eventually(condition)						\
({									\
	const time_t eventually_end = time(NULL) + patience();		\
	bool eventually_so;						\
									\
	while (!(eventually_so = (condition)) &&			\
	       time(NULL) < eventually_end)				\
		usleep(LOOK_US);					\
	eventually_so;							\
})

#endif /* WAIT_H */
