/* SPDX-License-Identifier: GPL-2.0 */
/* There is one thread. */
#ifndef _FUZZ_ATOMIC_H
#define _FUZZ_ATOMIC_H

#include <linux/types.h>

static inline void atomic_inc(atomic_t *v)
{
	v->counter++;
}

static inline void atomic_dec(atomic_t *v)
{
	v->counter--;
}

static inline int atomic_read(const atomic_t *v)
{
	return v->counter;
}

#define xchg(p, new)							\
({									\
	typeof(p) xchg_p = p;						\
	typeof(*xchg_p) xchg_old = *xchg_p;				\
									\
	*xchg_p = new;							\
	xchg_old;							\
})

#endif /* _FUZZ_ATOMIC_H */
