/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ROUTES_H
#define ROUTES_H

#include <linux/types.h>

struct machine;

/**
 * struct route - an eventfd that sends a message
 * @eventfd: the eventfd
 * @address: of the message
 * @data: of the message
 */
struct route {
	int eventfd;
	__u64 address;
	__u32 data;
};

void routes_set(struct machine *vm, const struct route *routes, unsigned int nr);

#endif /* ROUTES_H */
