/* SPDX-License-Identifier: GPL-2.0 */
#ifndef START_H
#define START_H

#include <linux/types.h>

/* The start info of PVH, as far as it is used here. */
struct start_info {
	__u32 magic;
	__u32 version;
	__u32 flags;
	__u32 nr_modules;
	__u64 modules;
	__u64 command_line;
};

/* Called from start.S. */
void guest_main(const struct start_info *info);

#endif /* START_H */
