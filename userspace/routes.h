/* SPDX-License-Identifier: GPL-2.0 */
/* Interrupt messages of PCI functions, made routes of KVM where the module needs that. */
#ifndef ROUTES_H
#define ROUTES_H

#include "gsi.h"
#include "host.h"

struct function_routes;

struct routes {
	struct gsi_table *gsis;
	int epoll;			/* -1: nothing to do */
	struct function_routes *functions;
	size_t nr_functions;
	__u64 count;			/* routes that were set */
};

/* Does nothing if the module delivers messages itself. */
int routes_create(struct routes *routes, struct host *host, struct gsi_table *gsis);
void routes_destroy(struct routes *routes);

/* Becomes readable when routes_serve() has something to do; -1: never. */
int routes_fd(const struct routes *routes);

/* Make routes of the messages that wait for one. */
int routes_serve(struct routes *routes);

#endif /* ROUTES_H */
