/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A sequence count that works between threads. The kernel's header brings
 * linux/string.h along, on which some rely.
 */
#ifndef _UNIT_SEQLOCK_H
#define _UNIT_SEQLOCK_H

#include <sched.h>

#include <linux/spinlock.h>
#include <linux/string.h>

struct unit_seqcount {
	unsigned int sequence;
};

#define seqcount_spinlock_t	struct unit_seqcount

static inline void seqcount_spinlock_init(seqcount_spinlock_t *seq,
					  spinlock_t *lock)
{
	seq->sequence = 0;
}

static inline void write_seqcount_begin(seqcount_spinlock_t *seq)
{
	__atomic_store_n(&seq->sequence, seq->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void write_seqcount_end(seqcount_spinlock_t *seq)
{
	__atomic_store_n(&seq->sequence, seq->sequence + 1, __ATOMIC_RELEASE);
}

static inline unsigned int read_seqcount_begin(const seqcount_spinlock_t *seq)
{
	unsigned int sequence;

	/* The writer may be waiting for a processor. */
	while ((sequence = __atomic_load_n(&seq->sequence, __ATOMIC_ACQUIRE)) & 1)
		sched_yield();

	return sequence;
}

static inline bool read_seqcount_retry(const seqcount_spinlock_t *seq,
				       unsigned int start)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&seq->sequence, __ATOMIC_RELAXED) != start;
}

#endif /* _UNIT_SEQLOCK_H */
