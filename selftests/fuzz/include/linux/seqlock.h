/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sequence counts, which no change can come in between.
 */
#ifndef _FUZZ_SEQLOCK_H
#define _FUZZ_SEQLOCK_H

#include <linux/spinlock.h>
#include <linux/string.h>

struct fuzz_seqcount_spinlock {
	unsigned int sequence;
};

#define seqcount_spinlock_t	struct fuzz_seqcount_spinlock

static inline void seqcount_spinlock_init(seqcount_spinlock_t *seq, spinlock_t *lock)
{
	seq->sequence = 0;
}

static inline void write_seqcount_begin(seqcount_spinlock_t *seq)
{
	seq->sequence++;
}

static inline void write_seqcount_end(seqcount_spinlock_t *seq)
{
	seq->sequence++;
}

static inline unsigned int read_seqcount_begin(const seqcount_spinlock_t *seq)
{
	return seq->sequence;
}

static inline bool read_seqcount_retry(const seqcount_spinlock_t *seq, unsigned int start)
{
	return seq->sequence != start;
}

#endif /* _FUZZ_SEQLOCK_H */
