/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Work that nobody does.
 */
#ifndef _FUZZ_KTHREAD_H
#define _FUZZ_KTHREAD_H

struct kthread_work {
	int nothing;
};

#endif /* _FUZZ_KTHREAD_H */
