/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pointers that nobody else reads.
 */
#ifndef _FUZZ_RCUPDATE_H
#define _FUZZ_RCUPDATE_H

#define __rcu

#define rcu_assign_pointer(p, value)		((p) = (value))
#define rcu_access_pointer(p)			(p)
#define rcu_dereference_raw(p)			(p)
#define rcu_dereference_check(p, condition)	((void)(condition), (p))
#define rcu_dereference_protected(p, condition)	((void)(condition), (p))

static inline void rcu_read_lock(void)
{
}

static inline void rcu_read_unlock(void)
{
}

static inline void synchronize_rcu_expedited(void)
{
}

#endif /* _FUZZ_RCUPDATE_H */
