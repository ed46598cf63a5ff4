// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt messages of PCI functions, made routes of KVM.
 *
 * Where the module cannot send messages itself, it signals an eventfd for each, and KVM's
 * routing has to say what that sends. A vector gets a GSI and an eventfd when it is first
 * used, and keeps them. From then on only the route changes, whenever the guest has
 * changed the message: the module holds the vector back meanwhile, and tells by the
 * function's route_event.
 *
 * What waits is taken in batches, since KVM takes its table as a whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "array.h"
#include "event.h"
#include "report.h"
#include "routes.h"

#define MAX_EVENTS	16
#define MAX_BATCH	64

/* The eventfds of a function's vectors, -1: not used yet, and the GSIs they are bound to. */
struct vector_routes {
	__u32 nr;
	int *events;
	unsigned int *gsis;
};

struct function_routes {
	struct function *function;
	struct vector_routes msi;
	struct vector_routes msix;
};

struct batch {
	struct kvpci_route routes[MAX_BATCH];
	unsigned int nr;
};

static int create_vectors(struct vector_routes *vectors, __u32 nr)
{
	vectors->nr = nr;
	vectors->events = event_array(nr);
	vectors->gsis = calloc(nr + 1, sizeof(*vectors->gsis));
	if (!vectors->events || !vectors->gsis)
		return fail("not enough memory for the devices, describe fewer vectors");
	return STATUS_OK;
}

/* KVM forgets an eventfd when nobody has it any more. */
static void destroy_vectors(struct routes *routes, struct vector_routes *vectors)
{
	__u32 i;

	for (i = 0; vectors->events && vectors->gsis && i < vectors->nr; i++) {
		if (vectors->events[i] >= 0)
			gsi_return(routes->gsis, vectors->gsis[i]);
	}
	event_array_free(vectors->events, vectors->nr);
	free(vectors->gsis);
}

int routes_add(struct routes *routes, struct function *function)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct function_routes *entry;
	int status;

	if (function->route_event < 0)
		return STATUS_OK;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return fail("not enough memory for the devices, describe fewer");
	event.data.ptr = entry;
	entry->function = function;
	function->routes = entry;
	status = create_vectors(&entry->msi, function->spec->msi.vectors);
	if (!status)
		status = create_vectors(&entry->msix, function->spec->msix.vectors);
	if (status)
		return status;
	if (epoll_ctl(routes->epoll, EPOLL_CTL_ADD, function->route_event, &event))
		return fail("cannot wait for events: %s", strerror(errno));
	return STATUS_OK;
}

int routes_create(struct routes *routes, struct host *host, struct gsi_table *gsis)
{
	int status = STATUS_OK;
	size_t i;

	*routes = (struct routes){ .host = host, .gsis = gsis, .epoll = -1 };
	if (host->delivery != KVPCI_DELIVERY_IRQFD)
		return STATUS_OK;
	routes->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (routes->epoll < 0)
		return fail("cannot wait for events: %s", strerror(errno));
	for (i = 0; !status && i < host->nr_functions; i++)
		status = routes_add(routes, &host->functions[i]);
	return status;
}

void routes_remove(struct routes *routes, struct function *function)
{
	struct function_routes *entry = function->routes;

	if (!entry)
		return;
	epoll_ctl(routes->epoll, EPOLL_CTL_DEL, function->route_event, NULL);
	destroy_vectors(routes, &entry->msi);
	destroy_vectors(routes, &entry->msix);
	free(entry);
	function->routes = NULL;
}

void routes_destroy(struct routes *routes)
{
	size_t i;

	for (i = 0; routes->host && i < routes->host->nr_functions; i++)
		routes_remove(routes, &routes->host->functions[i]);
	if (routes->epoll >= 0)
		close(routes->epoll);
	*routes = (struct routes){ .epoll = -1 };
}

int routes_fd(const struct routes *routes)
{
	return routes->epoll;
}

static int failed(const struct function *function, const char *what)
{
	return fail("--device: %s: the kernel refuses %s of an interrupt message: %s",
		    function->spec->name, what, strerror(errno));
}

/* Add the vectors of @interrupt that wait, as far as there is room. */
static int collect(struct batch *batch, const struct function *function,
		   enum kvpci_interrupt interrupt, __u32 vectors)
{
	__u32 next = 0;

	while (next < vectors && batch->nr < MAX_BATCH) {
		struct kvpci_route route = {
			.size = sizeof(route), .interrupt = interrupt, .vector = next,
		};

		if (ioctl(function->fd, KVPCI_GET_ROUTE, &route))
			return errno == ENOENT ? STATUS_OK : failed(function, "to tell the route");
		batch->routes[batch->nr++] = route;
		next = route.vector + 1;
	}
	return STATUS_OK;
}

/* Enter the message into the table, and find out which eventfd sends it. */
static int enter(struct routes *routes, struct function_routes *entry, struct kvpci_route *route)
{
	struct vector_routes *vectors = route->interrupt == KVPCI_MSI ? &entry->msi :
									&entry->msix;
	int *event = &vectors->events[route->vector];
	unsigned int *gsi = &vectors->gsis[route->vector];
	int status;

	if (*event < 0) {
		status = gsi_add(routes->gsis, gsi);
		if (!status)
			status = event_create(event);
		if (!status)
			status = gsi_bind(routes->gsis, *gsi, *event, -1);
		if (status)
			return status;
	}
	gsi_set_message(routes->gsis, *gsi, route->address, route->data);
	route->address = 0;
	route->data = 0;
	route->requester = 0;
	route->eventfd = *event;
	return STATUS_OK;
}

static int serve(struct routes *routes, struct function_routes *entry)
{
	const struct function *function = entry->function;
	struct batch batch = { .nr = 0 };
	unsigned int i;
	int status;

	status = collect(&batch, function, KVPCI_MSI, entry->msi.nr);
	if (!status)
		status = collect(&batch, function, KVPCI_MSIX, entry->msix.nr);
	if (status || !batch.nr)
		return status;
	for (i = 0; !status && i < batch.nr; i++)
		status = enter(routes, entry, &batch.routes[i]);
	if (!status)
		status = gsi_commit(routes->gsis);
	for (i = 0; !status && i < batch.nr; i++) {
		if (!ioctl(function->fd, KVPCI_SET_ROUTE, &batch.routes[i]))
			routes->count++;
		else if (errno != EAGAIN)
			status = failed(function, "the route");
	}
	/* What did not fit, and what the guest has changed again: look when others had a turn. */
	if (!status)
		eventfd_write(function->route_event, 1);
	return status;
}

int routes_serve(struct routes *routes)
{
	struct epoll_event events[MAX_EVENTS];
	int status = STATUS_OK;
	eventfd_t count;
	int n, i;

	n = epoll_wait(routes->epoll, events, ARRAY_SIZE(events), 0);
	for (i = 0; !status && i < n; i++) {
		struct function_routes *entry = events[i].data.ptr;

		/* Before looking, so that what comes while we look is not missed. */
		eventfd_read(entry->function->route_event, &count);
		status = serve(routes, entry);
		/* What has come while the guest runs does not end it: its messages wait. */
		if (entry->function->plugged)
			status = STATUS_OK;
	}
	return status;
}
