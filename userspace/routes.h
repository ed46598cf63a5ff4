/* SPDX-License-Identifier: GPL-2.0 */
/* Interrupt messages of PCI functions, made routes of KVM where the module needs that. */
#ifndef ROUTES_H
#define ROUTES_H

#include "gsi.h"
#include "host.h"

struct routes {
	struct host *host;
	struct gsi_table *gsis;
	int epoll;			/* -1: nothing to do */
	__u64 count;			/* routes that were set */
};

/* Does nothing if the module delivers messages itself. */
int routes_create(struct routes *routes, struct host *host, struct gsi_table *gsis);
void routes_destroy(struct routes *routes);

/* The same for a function that comes or goes later. */
int routes_add(struct routes *routes, struct function *function);
void routes_remove(struct routes *routes, struct function *function);

/* Becomes readable when routes_serve() has something to do; -1: never. */
int routes_fd(const struct routes *routes);

/* Make routes of the messages that wait for one. */
int routes_serve(struct routes *routes);

#endif /* ROUTES_H */
