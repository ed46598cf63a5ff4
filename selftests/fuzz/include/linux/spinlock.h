/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locks of a program with one thread, which know whether they are held: one that is taken
 * twice, or asserted to be held and is not, ends it.
 */
#ifndef _FUZZ_SPINLOCK_H
#define _FUZZ_SPINLOCK_H

#include <assert.h>
#include <linux/types.h>

struct fuzz_spinlock {
	bool held;
};

#define spinlock_t	struct fuzz_spinlock

#define spin_lock_init(lock)	((lock)->held = false)

static inline void spin_lock(spinlock_t *lock)
{
	assert(!lock->held);
	lock->held = true;
}

static inline void spin_unlock(spinlock_t *lock)
{
	assert(lock->held);
	lock->held = false;
}

#define spin_lock_irq(lock)			spin_lock(lock)
#define spin_unlock_irq(lock)			spin_unlock(lock)
#define spin_lock_irqsave(lock, flags)		((flags) = 0, spin_lock(lock))
#define spin_unlock_irqrestore(lock, flags)	((void)(flags), spin_unlock(lock))

/* Nor does anybody else see in which order memory is written: */
#define smp_mb()				do { } while (0)
/* nobody reads it, */
#define smp_store_release(p, value)		(*(p) = (value))
/* and nobody has written it. */
#define smp_load_acquire(p)			(*(p))

#define lockdep_is_held(lock)			((lock)->held)
#define lockdep_assert_held(lock)		assert((lock)->held)

#endif /* _FUZZ_SPINLOCK_H */
