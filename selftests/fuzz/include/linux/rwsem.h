/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nobody else ever has it: there is one thread.
 */
#ifndef _FUZZ_RWSEM_H
#define _FUZZ_RWSEM_H

#include <linux/types.h>

struct rw_semaphore {
	int nothing;
};

static inline void init_rwsem(struct rw_semaphore *sem)
{
}

static inline void down_read(struct rw_semaphore *sem)
{
}

static inline bool down_read_trylock(struct rw_semaphore *sem)
{
	return true;
}

static inline void up_read(struct rw_semaphore *sem)
{
}

static inline void down_write(struct rw_semaphore *sem)
{
}

static inline void up_write(struct rw_semaphore *sem)
{
}

#endif /* _FUZZ_RWSEM_H */
