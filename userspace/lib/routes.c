// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Interrupt messages, made routes of KVM where its irqfds deliver them.
 *
 * The kernel signals an eventfd for each message, and KVM's routing says what that sends. A vector
 * gets a GSI and an eventfd when it is first used, and keeps them until the function goes. From
 * then on only the route changes, whenever the guest has changed the message: the kernel holds
 * the vector back meanwhile, and tells by the function's route event.
 *
 * What waits is taken in batches, since KVM takes its table as a whole.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "internal.h"

#define MAX_EVENTS	16
#define MAX_BATCH	64

struct batch {
	struct kvpci_route route[MAX_BATCH];
	unsigned int nr;
};

/* The library's own table is made here: with messages sent by the kernel there is none. */
int libkvpci_routes_init(struct kvpci_host *host)
{
	struct libkvpci_routes *routes = &host->routes;
	struct kvpci_gsis *gsis = host->machine.gsis;
	int ret;

	pthread_mutex_init(&routes->lock, NULL);
	if (host->delivery != KVPCI_DELIVERY_IRQFD)
		return 0;
	if (host->machine.gsi_ops) {
		routes->ops = host->machine.gsi_ops;
		routes->context = host->machine.gsi_context;
		return 0;
	}
	if (!gsis) {
		ret = kvpci_gsis_create(host->config.vm_fd, 0, NULL, 0, &routes->own);
		if (ret)
			return ret;
		gsis = routes->own;
	}
	routes->ops = &libkvpci_gsis_ops;
	routes->context = gsis;
	return 0;
}

void libkvpci_routes_destroy(struct kvpci_host *host)
{
	kvpci_gsis_free(host->routes.own);
	pthread_mutex_destroy(&host->routes.lock);
}

static int create_vectors(struct libkvpci_vectors *vectors, __u32 nr)
{
	__u32 i;

	vectors->vector = calloc(nr + 1, sizeof(*vectors->vector));
	if (!vectors->vector)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		vectors->vector[i].event = -1;
	vectors->nr = nr;
	return 0;
}

/* How many vectors the capabilities that the kernel makes have. What is wrong it will refuse. */
static void count_vectors(const struct kvpci_function_config *config, __u32 *msi, __u32 *msix)
{
	const __u8 *next = (const __u8 *)(unsigned long)config->capabilities;
	__u32 i;

	*msi = 0;
	*msix = 0;
	if (config->capability_size < sizeof(struct kvpci_capability))
		return;
	for (i = 0; i < config->nr_capabilities && i < KVPCI_MAX_CAPABILITIES;
	     i++, next += config->capability_size) {
		struct kvpci_capability capability;
		const void *value;

		memcpy(&capability, next, sizeof(capability));
		value = (const void *)(unsigned long)capability.value;
		if (capability.flags & KVPCI_CAP_MSI)
			*msi = ((const struct kvpci_msi *)value)->vectors;
		if (capability.flags & KVPCI_CAP_MSIX)
			*msix = ((const struct kvpci_msix *)value)->vectors;
	}
	if (*msi > KVPCI_MAX_MSI_VECTORS || *msix > KVPCI_MAX_MSIX_VECTORS)
		*msi = *msix = 0;
}

/* Before the function is made: if it has messages that need routes, have a route event. */
int libkvpci_routes_prepare(struct kvpci_function *function,
			    const struct kvpci_function_config *config)
{
	__u32 msi, msix;
	int ret;

	if (!function->host->routes.ops)
		return 0;
	count_vectors(config, &msi, &msix);
	if (!msi && !msix)
		return 0;
	ret = create_vectors(&function->msi, msi);
	if (!ret)
		ret = create_vectors(&function->msix, msix);
	if (!ret)
		ret = libkvpci_event_create(&function->route_event);
	return ret;
}

/* When it is there: begin to serve it. */
int libkvpci_routes_add(struct kvpci_function *function)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = function };

	if (function->route_event < 0)
		return 0;
	if (epoll_ctl(function->host->poll_fd, EPOLL_CTL_ADD, function->route_event, &event))
		return -errno;
	return 0;
}

/* Before it goes: nobody serves it any more when this returns. */
void libkvpci_routes_remove(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;

	if (function->route_event < 0)
		return;
	pthread_mutex_lock(&host->routes.lock);
	epoll_ctl(host->poll_fd, EPOLL_CTL_DEL, function->route_event, NULL);
	pthread_mutex_unlock(&host->routes.lock);
}

static void free_vectors(struct libkvpci_routes *routes, struct libkvpci_vectors *vectors)
{
	__u32 i;

	for (i = 0; i < vectors->nr; i++) {
		struct libkvpci_vector *vector = &vectors->vector[i];

		if (vector->event < 0)
			continue;
		libkvpci_event_close(&vector->event);
		routes->ops->give_back(routes->context, vector->gsi);
	}
	free(vectors->vector);
}

/* When it has gone, and signals nothing any more. KVM forgets an eventfd that is closed. */
void libkvpci_routes_free(struct kvpci_function *function)
{
	struct libkvpci_routes *routes = &function->host->routes;

	pthread_mutex_lock(&routes->lock);
	free_vectors(routes, &function->msi);
	free_vectors(routes, &function->msix);
	pthread_mutex_unlock(&routes->lock);
	libkvpci_event_close(&function->route_event);
}

/* Add the vectors of @interrupt that wait, as far as there is room. */
static int collect(struct batch *batch, const struct kvpci_function *function,
		   enum kvpci_interrupt interrupt, __u32 nr)
{
	__u32 next = 0;

	while (next < nr && batch->nr < MAX_BATCH) {
		struct kvpci_route route = {
			.size = sizeof(route), .interrupt = interrupt, .vector = next,
		};
		int ret = libkvpci_ioctl(function->fd, KVPCI_GET_ROUTE, &route);

		if (ret == -ENOENT)
			break;
		if (ret)
			return ret;
		batch->route[batch->nr++] = route;
		next = route.vector + 1;
	}
	return 0;
}

static int use_vector(struct kvpci_host *host, struct libkvpci_vector *vector)
{
	struct libkvpci_routes *routes = &host->routes;
	int ret;

	if (vector->event >= 0)
		return 0;
	ret = routes->ops->take(routes->context, &vector->gsi);
	if (ret)
		return ret;
	ret = libkvpci_event_create(&vector->event);
	if (!ret)
		ret = libkvpci_irqfd(host->config.vm_fd, vector->gsi, vector->event, -1);
	if (ret) {
		libkvpci_event_close(&vector->event);
		routes->ops->give_back(routes->context, vector->gsi);
	}
	return ret;
}

/* Have the message be the next table's, and find out which eventfd sends it. */
static int enter(struct kvpci_function *function, struct kvpci_route *route)
{
	struct libkvpci_vectors *vectors = route->interrupt == KVPCI_MSI ? &function->msi :
									   &function->msix;
	struct libkvpci_vector *vector = &vectors->vector[route->vector];
	struct libkvpci_routes *routes = &function->host->routes;
	int ret = use_vector(function->host, vector);

	if (!ret)
		ret = routes->ops->change(routes->context, vector->gsi, route->address,
					  route->data, route->requester);
	route->address = 0;
	route->data = 0;
	route->requester = 0;
	route->eventfd = vector->event;
	return ret;
}

/* Have KVM send what has been entered, and say so. */
static int confirm(struct kvpci_function *function, struct batch *batch)
{
	struct libkvpci_routes *routes = &function->host->routes;
	unsigned int i;
	int ret;

	routes->commits++;
	ret = routes->ops->commit(routes->context);
	for (i = 0; !ret && i < batch->nr; i++) {
		ret = libkvpci_ioctl(function->fd, KVPCI_SET_ROUTE, &batch->route[i]);
		if (!ret)
			routes->set++;
		else if (ret == -EAGAIN)
			ret = 0;
	}
	return ret;
}

static int serve(struct kvpci_function *function)
{
	struct batch batch = { .nr = 0 };
	int ret, error = 0;
	unsigned int i;

	ret = collect(&batch, function, KVPCI_MSI, function->msi.nr);
	if (!ret)
		ret = collect(&batch, function, KVPCI_MSIX, function->msix.nr);
	if (ret || !batch.nr)
		return ret;
	/* If there are too few GSIs, some of the vectors have theirs all the same. */
	for (i = 0; i < batch.nr && !error; i++)
		error = enter(function, &batch.route[i]);
	batch.nr = error ? i - 1 : i;
	if (batch.nr)
		ret = confirm(function, &batch);
	if (ret || error)
		return ret ? ret : error;
	/* What did not fit, and what the guest has changed again: look when others had a turn. */
	libkvpci_event_signal(function->route_event);
	return 0;
}

/* Serve all that wait. *@mirrors: the host bridge's other event was signalled as well. */
int libkvpci_routes_serve(struct kvpci_host *host, bool *mirrors, struct kvpci_function **culprit)
{
	struct epoll_event events[MAX_EVENTS];
	int ret = 0, n, i;

	pthread_mutex_lock(&host->routes.lock);
	n = epoll_wait(host->poll_fd, events, MAX_EVENTS, 0);
	for (i = 0; !ret && i < n; i++) {
		struct kvpci_function *function = events[i].data.ptr;

		if (!function) {
			*mirrors = true;
			continue;
		}
		/* Before looking, so that what comes while we look is not missed. */
		libkvpci_event_clear(function->route_event);
		ret = serve(function);
		if (ret)
			*culprit = function;
	}
	pthread_mutex_unlock(&host->routes.lock);
	return ret;
}
