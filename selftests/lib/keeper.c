// SPDX-License-Identifier: GPL-2.0
/*
 * The keeper of routes: what a launcher does where messages are sent by irqfds, so that
 * a test is the same wherever it runs.
 *
 * A thread waits for the functions' route eventfds. For each message that waits it makes
 * a route of a GSI, one for each vector that was ever used, and an irqfd; all that wait
 * at one time share one KVM_SET_GSI_ROUTING. Where the module sends messages itself
 * there is no thread, and nothing to be done.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "die.h"
#include "event.h"
#include "ioapic.h"
#include "ioctls.h"
#include "irqfd.h"
#include "keeper.h"
#include "message.h"
#include "wait.h"

#define MAX_KEPT	16
#define MAX_ROUTES	4096		/* of KVM */

/* One eventfd and GSI for each vector that has been used. */
struct kept_vector {
	int eventfd;
	__u32 gsi;
};

/**
 * struct kept - a function whose routes are kept
 * @function: its descriptor
 * @route_event: its route eventfd
 * @nr: how many vectors it has, by enum kvpci_interrupt
 * @vectors: they; those without a GSI have 0 there
 */
struct kept {
	int function;
	int route_event;
	unsigned int nr[KVPCI_MSIX + 1];
	struct kept_vector *vectors[KVPCI_MSIX + 1];
};

/**
 * struct keeper - the keeper of a machine's routes
 * @vm: the machine
 * @thread: does it; there is none if messages need no routes
 * @running: there is one
 * @control: wakes it
 * @stop: ends it
 * @lock: guards what follows
 * @kept: the functions
 * @routes: by GSI; those of no type are not there
 * @table: room for the argument of KVM_SET_GSI_ROUTING
 * @updates: how many times there was one
 */
struct keeper {
	struct vm *vm;
	pthread_t thread;
	bool running;
	int control;
	bool stop;
	pthread_mutex_t lock;
	struct kept *kept[MAX_KEPT];
	struct kvm_irq_routing_entry routes[MAX_ROUTES];
	struct kvm_irq_routing *table;
	unsigned int updates;
};

/* A route waits to be made. */
struct waiting {
	struct kvpci_route route;
	struct kept_vector *vector;
	bool invalid;
};

static int set_routing(struct keeper *keeper)
{
	struct kvm_irq_routing *table = keeper->table;
	__u32 gsi;

	table->nr = 0;
	for (gsi = 0; gsi < MAX_ROUTES; gsi++)
		if (keeper->routes[gsi].type)
			table->entries[table->nr++] = keeper->routes[gsi];
	keeper->updates++;
	return kvpci_ioctl(keeper->vm->fd, KVM_SET_GSI_ROUTING, table);
}

static __u32 free_gsi(const struct keeper *keeper)
{
	__u32 gsi;

	for (gsi = NR_IOAPIC_PINS; gsi < MAX_ROUTES; gsi++)
		if (!keeper->routes[gsi].type && !keeper->routes[gsi].gsi)
			return gsi;
	die("no GSI is left");
}

/* A route of which KVM thinks nothing sends nothing. */
static void make_route(struct keeper *keeper, struct waiting *waiting)
{
	const struct kvpci_route *route = &waiting->route;
	struct kept_vector *vector = waiting->vector;
	struct kvm_irq_routing_entry *entry;

	if (!vector->gsi) {
		vector->gsi = free_gsi(keeper);
		vector->eventfd = event_new();
		keeper->routes[vector->gsi].gsi = vector->gsi;
		must(irqfd_set(keeper->vm->fd, vector->gsi, vector->eventfd, -1));
	}
	entry = &keeper->routes[vector->gsi];
	*entry = message_route(vector->gsi, route->address, route->data);
	/* With KVM_CAP_X2APIC_API these bits are not valid, and KVM refuses them. */
	if (keeper->vm->flags & VM_X2APIC_API && route->address >> 32 & 0xff)
		entry->type = 0;
}

/* Find what waits in one function. */
static unsigned int find_waiting(struct kept *kept, struct waiting *waiting)
{
	unsigned int nr = 0, interrupt;

	for (interrupt = KVPCI_MSI; interrupt <= KVPCI_MSIX; interrupt++) {
		__u32 next = 0;

		while (next < kept->nr[interrupt]) {
			struct kvpci_route route = {
				.interrupt = interrupt,
				.vector = next,
			};
			int ret = get_route(kept->function, &route);

			/* The host may have gone. */
			if (ret == -ENOENT || ret == -ENODEV)
				break;
			if (ret)
				die("KVPCI_GET_ROUTE: %s", strerror(-ret));
			if (route.vector < next || route.vector >= kept->nr[interrupt])
				die("KVPCI_GET_ROUTE: vector %u after %u", route.vector, next);
			waiting[nr].route = route;
			waiting[nr].vector = &kept->vectors[interrupt][route.vector];
			nr++;
			next = route.vector + 1;
		}
	}

	return nr;
}

static void serve_function(struct keeper *keeper, struct kept *kept)
{
	static __thread struct waiting waiting[KVPCI_MAX_MSIX_VECTORS + KVPCI_MAX_MSI_VECTORS];
	unsigned int nr, i;

	for (;;) {
		nr = find_waiting(kept, waiting);
		if (!nr)
			break;
		for (i = 0; i < nr; i++)
			make_route(keeper, &waiting[i]);
		must(set_routing(keeper));
		for (i = 0; i < nr; i++) {
			const struct kvpci_route *route = &waiting[i].route;
			int ret = set_route(kept->function, route->interrupt,
					    route->vector, route->sequence,
					    waiting[i].vector->eventfd, 0);

			/* It has changed again, and will be found again. */
			if (ret && ret != -EAGAIN && ret != -ENODEV)
				die("KVPCI_SET_ROUTE: %s", strerror(-ret));
		}
	}
}

static void wait_for_work(struct keeper *keeper)
{
	struct pollfd polled[MAX_KEPT + 1] = {
		{ .fd = keeper->control, .events = POLLIN },
	};
	int i;

	pthread_mutex_lock(&keeper->lock);
	for (i = 0; i < MAX_KEPT; i++) {
		polled[i + 1].fd = keeper->kept[i] ? keeper->kept[i]->route_event : -1;
		polled[i + 1].events = POLLIN;
	}
	pthread_mutex_unlock(&keeper->lock);
	if (poll(polled, MAX_KEPT + 1, -1) < 0 && errno != EINTR)
		die("poll: %m");
}

static void *keeper_run(void *arg)
{
	struct keeper *keeper = arg;
	int i;

	while (!__atomic_load_n(&keeper->stop, __ATOMIC_SEQ_CST)) {
		wait_for_work(keeper);
		pthread_mutex_lock(&keeper->lock);
		event_count(keeper->control);
		/* Asked before it is looked at, so that nothing is missed. */
		for (i = 0; i < MAX_KEPT; i++)
			if (keeper->kept[i] && event_count(keeper->kept[i]->route_event))
				serve_function(keeper, keeper->kept[i]);
		pthread_mutex_unlock(&keeper->lock);
	}
	return NULL;
}

/**
 * keeper_new() - begin to keep a machine's routes
 * @vm: the machine, with interrupt controllers in the kernel
 *
 * The pins of the IOAPIC keep their GSIs.
 */
struct keeper *keeper_new(struct vm *vm)
{
	struct rlimit limit = { 8192, 8192 };
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	__u32 pin;

	if (!keeper)
		die("out of memory");
	keeper->vm = vm;
	keeper->table = calloc(1, sizeof(*keeper->table) +
				  MAX_ROUTES * sizeof(keeper->table->entries[0]));
	if (!keeper->table)
		die("out of memory");
	for (pin = 0; pin < NR_IOAPIC_PINS; pin++)
		keeper->routes[pin] = (struct kvm_irq_routing_entry) {
			.gsi = pin,
			.type = KVM_IRQ_ROUTING_IRQCHIP,
			.u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC, .pin = pin },
		};
	pthread_mutex_init(&keeper->lock, NULL);
	if (get_delivery() == KVPCI_DELIVERY_DIRECT)
		return keeper;

	/* Each vector takes an eventfd. */
	must(setrlimit(RLIMIT_NOFILE, &limit));
	keeper->control = event_new();
	if (pthread_create(&keeper->thread, NULL, keeper_run, keeper))
		die("no thread");
	keeper->running = true;
	return keeper;
}

/**
 * keeper_free() - end it
 * @keeper: the keeper, which keeps no function any more
 */
void keeper_free(struct keeper *keeper)
{
	if (keeper->running) {
		__atomic_store_n(&keeper->stop, true, __ATOMIC_SEQ_CST);
		event_signal(keeper->control);
		pthread_join(keeper->thread, NULL);
		close(keeper->control);
	}
	pthread_mutex_destroy(&keeper->lock);
	free(keeper->table);
	free(keeper);
}

/**
 * keeper_add() - keep the routes of a function
 * @keeper: the keeper
 * @function: the function's descriptor
 * @route_event: its route eventfd
 * @nr_msi: how many vectors of MSI it has
 * @nr_msix: and of MSI-X
 */
struct kept *keeper_add(struct keeper *keeper, int function, int route_event,
			unsigned int nr_msi, unsigned int nr_msix)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	int i;

	if (!kept)
		die("out of memory");
	kept->function = function;
	kept->route_event = route_event;
	kept->nr[KVPCI_MSI] = nr_msi;
	kept->nr[KVPCI_MSIX] = nr_msix;
	for (i = KVPCI_MSI; i <= KVPCI_MSIX; i++) {
		kept->vectors[i] = calloc(kept->nr[i] + 1, sizeof(*kept->vectors[i]));
		if (!kept->vectors[i])
			die("out of memory");
	}
	if (!keeper->running)
		return kept;

	pthread_mutex_lock(&keeper->lock);
	for (i = 0; i < MAX_KEPT && keeper->kept[i]; i++)
		;
	if (i == MAX_KEPT)
		die("too many functions");
	keeper->kept[i] = kept;
	pthread_mutex_unlock(&keeper->lock);
	event_signal(keeper->control);
	return kept;
}

static void forget_vector(struct keeper *keeper, struct kept_vector *vector)
{
	if (!vector->gsi)
		return;

	irqfd_unset(keeper->vm->fd, vector->gsi, vector->eventfd);
	close(vector->eventfd);
	memset(&keeper->routes[vector->gsi], 0, sizeof(keeper->routes[vector->gsi]));
}

/**
 * keeper_remove() - forget a function, before it is closed
 * @keeper: the keeper
 * @kept: the function
 */
void keeper_remove(struct keeper *keeper, struct kept *kept)
{
	unsigned int i, n;

	pthread_mutex_lock(&keeper->lock);
	for (i = 0; i < MAX_KEPT; i++)
		if (keeper->kept[i] == kept)
			keeper->kept[i] = NULL;
	for (i = KVPCI_MSI; i <= KVPCI_MSIX; i++) {
		for (n = 0; n < kept->nr[i]; n++)
			forget_vector(keeper, &kept->vectors[i][n]);
		free(kept->vectors[i]);
	}
	pthread_mutex_unlock(&keeper->lock);
	if (keeper->running)
		event_signal(keeper->control);
	free(kept);
}

/* Does a message of a function wait for its route? */
static bool is_waiting(const struct kept *kept, struct kvpci_route *route)
{
	unsigned int interrupt;

	for (interrupt = KVPCI_MSI; interrupt <= KVPCI_MSIX; interrupt++) {
		*route = (struct kvpci_route) { .interrupt = interrupt };
		if (kept->nr[interrupt] && !get_route(kept->function, route))
			return true;
	}

	return false;
}

/*
 * If nothing waits: have the keeper not look again for what it was told before. Who takes a
 * route away after that finds that it stays away.
 */
static bool is_settled(struct keeper *keeper, const struct kept *kept,
		       struct kvpci_route *route)
{
	bool settled;

	pthread_mutex_lock(&keeper->lock);
	settled = !is_waiting(kept, route);
	/* A guest that is running may have something new. */
	if (settled && event_count(kept->route_event) && is_waiting(kept, route)) {
		event_signal(kept->route_event);
		settled = false;
	}
	pthread_mutex_unlock(&keeper->lock);
	return settled;
}

/**
 * keeper_settle() - wait until no message of a function waits for its route
 * @keeper: the keeper
 * @kept: the function
 */
void keeper_settle(struct keeper *keeper, const struct kept *kept)
{
	time_t end = time(NULL) + patience();
	struct kvpci_route route;

	if (!keeper->running)
		return;

	while (!is_settled(keeper, kept, &route)) {
		if (time(NULL) > end)
			die("vector %u waits for its route, and nobody was told",
			    route.vector);
		usleep(100);
	}
}

/* How many times KVM was given routes. */
unsigned int keeper_updates(const struct keeper *keeper)
{
	return __atomic_load_n(&keeper->updates, __ATOMIC_SEQ_CST);
}
