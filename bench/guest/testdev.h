/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTDEV_H
#define TESTDEV_H

#include <stdbool.h>
#include <linux/types.h>

#define TESTDEV_ID		0x00051b36

/* A header at the start of BAR 0 (memory) and BAR 1 (ports). */
#define TESTDEV_TEST		0	/* write a number to choose a test */
#define TESTDEV_WIDTH		1	/* bytes to write */
#define TESTDEV_PAD		2
#define TESTDEV_OFFSET		4	/* where in the BAR */
#define TESTDEV_DATA		8	/* what */
#define TESTDEV_NAME		16	/* of the test; empty: no more of them */

/* A doorbell of the device. */
struct testdev_doorbell {
	unsigned long addr;		/* or port */
	__u32 data;
	__u8 width;
};

bool testdev_doorbell(unsigned long header, bool io, struct testdev_doorbell *doorbell);

#endif /* TESTDEV_H */
