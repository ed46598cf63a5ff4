/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What locks know of themselves.
 */
#ifndef _FUZZ_LOCKDEP_H
#define _FUZZ_LOCKDEP_H

#include <linux/spinlock.h>

#endif /* _FUZZ_LOCKDEP_H */
