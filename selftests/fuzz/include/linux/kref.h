/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As far as a structure has one.
 */
#ifndef _FUZZ_KREF_H
#define _FUZZ_KREF_H

#include <linux/refcount.h>

struct kref {
	refcount_t refcount;
};

#endif /* _FUZZ_KREF_H */
