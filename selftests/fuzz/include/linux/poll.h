/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As far as structures have it.
 */
#ifndef _FUZZ_POLL_H
#define _FUZZ_POLL_H

struct fuzz_pollable {
	int nothing;
};

#define poll_table	struct fuzz_pollable

#endif /* _FUZZ_POLL_H */
