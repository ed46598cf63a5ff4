/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program that is not killed.
 */
#ifndef _FUZZ_SIGNAL_H
#define _FUZZ_SIGNAL_H

#include <linux/sched.h>

#define fatal_signal_pending(task)	false

#endif /* _FUZZ_SIGNAL_H */
