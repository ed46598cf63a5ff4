/* SPDX-License-Identifier: GPL-2.0 */
/*
 * References, which nobody else has.
 */
#ifndef _FUZZ_REFCOUNT_H
#define _FUZZ_REFCOUNT_H

#include <assert.h>
#include <linux/types.h>

struct fuzz_refcount {
	unsigned int refs;
};

#define refcount_t	struct fuzz_refcount

static inline void refcount_set(refcount_t *r, unsigned int n)
{
	r->refs = n;
}

static inline void refcount_inc(refcount_t *r)
{
	assert(r->refs);
	r->refs++;
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	assert(r->refs);
	return !--r->refs;
}

#endif /* _FUZZ_REFCOUNT_H */
