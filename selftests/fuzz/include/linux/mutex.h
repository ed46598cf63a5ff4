/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As spinlocks: there is one thread.
 */
#ifndef _FUZZ_MUTEX_H
#define _FUZZ_MUTEX_H

#include <linux/spinlock.h>

struct mutex {
	bool held;
};

static inline void mutex_lock(struct mutex *mutex)
{
	assert(!mutex->held);
	mutex->held = true;
}

static inline void mutex_unlock(struct mutex *mutex)
{
	assert(mutex->held);
	mutex->held = false;
}

#endif /* _FUZZ_MUTEX_H */
