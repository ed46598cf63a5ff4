/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wait queues, as far as structures have them.
 */
#ifndef _FUZZ_WAIT_H
#define _FUZZ_WAIT_H

struct fuzz_wait_queue_head {
	int nothing;
};

#define wait_queue_head_t	struct fuzz_wait_queue_head

struct fuzz_wait_queue_entry {
	int nothing;
};

#define wait_queue_entry_t	struct fuzz_wait_queue_entry

#endif /* _FUZZ_WAIT_H */
