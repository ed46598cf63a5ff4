/* SPDX-License-Identifier: GPL-2.0 */
/* Where in the host bridge's windows each BAR goes. */
#ifndef PLACE_H
#define PLACE_H

#include <linux/kvpci.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

enum place_window {
	PLACE_IO,
	PLACE_MEM32,
	PLACE_MEM64,
	NR_PLACE_WINDOWS,
};

struct place {
	__u64 size;		/* a power of two */
	size_t owner;		/* for who asks to know whose it is */
	bool is_window;		/* a bridge's, not a BAR */
	enum place_window window;	/* a 64-bit BAR may end up in PLACE_MEM32 */
	__u64 address;		/* the result */
};

/* The window to ask for, for a BAR with these KVPCI_BAR_* flags. */
enum place_window place_window_of(__u32 flags);

/*
 * Set the address of each of @n places, none overlapping another. If they do not all
 * fit, returns false and the first one that does not in @unplaced.
 */
bool place_all(struct place *places, size_t n, const struct kvpci_window *windows,
	       size_t *unplaced);

#endif /* PLACE_H */
