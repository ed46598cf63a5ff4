/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_CONTENTS_H
#define _KVPCI_CONTENTS_H

#include <linux/types.h>

struct eventfd_ctx;

/**
 * struct kvpci_contents - what the caller has given to a range, copied
 * @value: its bytes, or NULL
 * @writable: its bits that a write sets, or NULL
 * @write1clear: its bits that a write of one clears, or NULL
 * @eventfd: signalled by writes, or NULL
 *
 * The arrays are as long as the range and are to be freed with kvfree(). A kind that keeps
 * one of these puts NULL in its place.
 */
struct kvpci_contents {
	u8 *value;
	u8 *writable;
	u8 *write1clear;
	struct eventfd_ctx *eventfd;
};

#endif /* _KVPCI_CONTENTS_H */
