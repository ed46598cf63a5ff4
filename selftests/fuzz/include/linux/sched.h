/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program that nobody waits for.
 */
#ifndef _FUZZ_SCHED_H
#define _FUZZ_SCHED_H

static inline void cond_resched(void)
{
}

#endif /* _FUZZ_SCHED_H */
