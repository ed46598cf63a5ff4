// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Interrupt messages, made routes of KVM where its irqfds deliver them.
 *
 * The kernel signals an eventfd for each message, and KVM's routing says what that sends. A vector
 * gets a GSI and an eventfd when it is first used, and keeps them until the function goes. From
 * then on only the route changes, whenever the guest has changed the message: the kernel holds
 * the vector back meanwhile, and tells by the function's route event. Where the kernel sends
 * messages itself, that is for those only which KVM does not take as they are.
 *
 * What waits is taken in batches, since KVM takes its table as a whole.
 *
 * A vector that has a source of its own (kvpci_function_hand()) is handed over: the source becomes
 * the irqfd of its GSI. The guest's write that forbids its message, or changes it, recalls it, and
 * the vCPU's thread takes it back. To take it back and to hand it over again costs more than some
 * messages that the kernel sends. So it rests then, and is served as others are, until a timer
 * says so: a guest that masks it all the time has it handed over a hundred times a second at most.
 *
 * A vector that is to have no route is left to the kernel, which tells of it no more, so that the
 * guest may mask and unmask it for nothing.
 *
 * The same timer has vectors looked at again for which there was no GSI, when some are given back.
 */
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "internal.h"

#define MAX_EVENTS	16
#define MAX_BATCH	64

/* How long a vector rests that was taken back, in nanoseconds. */
#define REST		10000000

/* Bits of a message's address that KVM leaves to the monitor: the kernel sends none with these. */
#define RESERVED	0xff0

struct batch {
	struct kvpci_route route[MAX_BATCH];
	unsigned int nr;
};

void libkvpci_routes_init(struct kvpci_host *host)
{
	pthread_mutex_init(&host->routes.lock, NULL);
	host->routes.timer = -1;
}

void libkvpci_routes_destroy(struct kvpci_host *host)
{
	struct libkvpci_routes *routes = &host->routes;

	if (routes->ops == &libkvpci_gsis_ops)
		libkvpci_gsis_leave(routes->context, routes);
	kvpci_gsis_free(routes->own);
	libkvpci_event_close(&routes->timer);
	pthread_mutex_destroy(&routes->lock);
}

/* Have the event loop look again at what rests, or has found no GSI. */
static void wake(const struct libkvpci_routes *routes)
{
	libkvpci_timer_start(routes->timer, 1);
}

/* Have a timer, and a way to GSIs, when there is the first function that needs them. */
static int begin(struct kvpci_host *host)
{
	struct libkvpci_routes *routes = &host->routes;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = routes };
	struct kvpci_gsis *gsis = host->machine.gsis;
	int ret;

	if (routes->timer < 0) {
		routes->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		if (routes->timer < 0)
			return -errno;
		if (epoll_ctl(host->poll_fd, EPOLL_CTL_ADD, routes->timer, &event)) {
			ret = -errno;
			libkvpci_event_close(&routes->timer);
			return ret;
		}
	}
	if (routes->ops)
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
	libkvpci_gsis_join(gsis, routes);
	return 0;
}

/* Before the function is made: if it may have messages that need routes, have a route event. */
int libkvpci_routes_prepare(struct kvpci_function *function,
			    const struct kvpci_function_config *config)
{
	struct kvpci_host *host = function->host;
	int ret;

	function->hands = config->flags & KVPCI_FUNCTION_ROUTE_EVENTFD;
	if (!config->nr_capabilities ||
	    (host->delivery != KVPCI_DELIVERY_IRQFD && !function->hands))
		return 0;
	pthread_mutex_lock(&host->routes.lock);
	ret = begin(host);
	pthread_mutex_unlock(&host->routes.lock);
	return ret ? ret : libkvpci_event_create(&function->route_event);
}

static int create_vectors(struct libkvpci_vectors *vectors, __u32 nr)
{
	__u32 i;

	vectors->vector = calloc(nr + 1, sizeof(*vectors->vector));
	if (!vectors->vector)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		vectors->vector[i] = (struct libkvpci_vector){
			.gsi = -1, .event = -1, .source = -1,
		};
	vectors->nr = nr;
	return 0;
}

static int read_config(int fd, unsigned int offset, void *data, __u32 length)
{
	const struct kvpci_access access = {
		.size = sizeof(access), .bar = KVPCI_CONFIG, .length = length, .offset = offset,
		.data = libkvpci_pointer(data),
	};

	return libkvpci_ioctl(fd, KVPCI_READ, &access);
}

/* How many vectors it has is asked of the kernel, which has looked at the caller's pointers. */
static int count_vectors(int fd, __u32 *msi, __u32 *msix)
{
	__u8 next, header[4];
	int ret;

	*msi = 0;
	*msix = 0;
	ret = read_config(fd, PCI_CAPABILITY_LIST, &next, 1);
	while (!ret && next) {
		ret = read_config(fd, next, header, sizeof(header));
		if (ret)
			break;
		if (header[0] == PCI_CAP_ID_MSI)
			*msi = 1U << (header[PCI_MSI_FLAGS] >> 1 & 7);
		else if (header[0] == PCI_CAP_ID_MSIX)
			*msix = ((header[PCI_MSIX_FLAGS] | header[PCI_MSIX_FLAGS + 1] << 8) &
				 PCI_MSIX_FLAGS_QSIZE) + 1;
		next = header[PCI_CAP_LIST_NEXT];
	}
	return ret;
}

/* When the kernel has it, by @fd, and before others find it. */
int libkvpci_routes_size(struct kvpci_function *function, int fd)
{
	__u32 msi, msix;
	int ret;

	if (function->route_event < 0)
		return 0;
	ret = count_vectors(fd, &msi, &msix);
	if (!ret)
		ret = create_vectors(&function->msi, msi);
	if (!ret)
		ret = create_vectors(&function->msix, msix);
	if (!ret && !msi && !msix)
		libkvpci_event_close(&function->route_event);
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

static struct libkvpci_vectors *vectors_of(struct kvpci_function *function, __u32 interrupt)
{
	return interrupt == KVPCI_MSI ? &function->msi : &function->msix;
}

/* NULL: there is none that could be handed over. */
static struct libkvpci_vector *find_vector(struct kvpci_function *function, __u32 interrupt,
					   __u32 n)
{
	struct libkvpci_vectors *vectors = vectors_of(function, interrupt);

	if (interrupt != KVPCI_MSI && interrupt != KVPCI_MSIX)
		return NULL;
	return function->hands && n < vectors->nr ? &vectors->vector[n] : NULL;
}

/* @flags: KVPCI_ROUTE_LEAVE or nothing. */
static int remove_route(const struct kvpci_function *function, __u32 interrupt, __u32 n,
			__u32 flags)
{
	const struct kvpci_route route = {
		.size = sizeof(route), .flags = KVPCI_ROUTE_REMOVE | flags,
		.interrupt = interrupt, .vector = n,
	};

	return libkvpci_ioctl(function->fd, KVPCI_SET_ROUTE, &route);
}

/* How many are handed over is known without the lock, and to those that are being so before. */
static void count_handed(struct kvpci_function *function, int change)
{
	function->nr_handed += change;
	__atomic_add_fetch(&function->host->routes.nr_handed, change, __ATOMIC_SEQ_CST);
}

/*
 * Have KVM not take a vector's signals any more: those in the source trigger it then. One that the
 * caller has handed over by an ioctl of its own has an irqfd that is not the library's.
 */
static int take_back(struct kvpci_function *function, __u32 interrupt, __u32 n)
{
	struct libkvpci_vector *vector = &vectors_of(function, interrupt)->vector[n];
	struct libkvpci_routes *routes = &function->host->routes;
	int ret = 0, error;

	if (vector->handed)
		ret = libkvpci_irqfd_remove(function->host->config.vm_fd, vector->gsi,
					    vector->source);
	error = remove_route(function, interrupt, n, 0);
	if (error || !vector->handed)
		return ret ? ret : error;
	vector->handed = false;
	vector->left = false;
	vector->rests = true;
	count_handed(function, -1);
	routes->taken_back++;
	if (!routes->resting)
		libkvpci_timer_start(routes->timer, REST);
	routes->resting = true;
	return ret;
}

/* Take back those of @interrupt that are recalled. */
static int follow_recall(struct kvpci_function *function, __u32 interrupt)
{
	__u32 nr = vectors_of(function, interrupt)->nr;
	struct kvpci_route route = { .vector = 0 };
	int ret = 0, error = 0;

	while (route.vector < nr && function->nr_handed && !error) {
		route = (struct kvpci_route){
			.size = sizeof(route), .flags = KVPCI_ROUTE_RECALLED,
			.interrupt = interrupt, .vector = route.vector,
		};
		ret = libkvpci_ioctl(function->fd, KVPCI_GET_ROUTE, &route);
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		error = take_back(function, interrupt, route.vector++);
	}
	return error;
}

static int take_back_all(struct kvpci_function *function, __u32 interrupt)
{
	struct libkvpci_vectors *vectors = vectors_of(function, interrupt);
	int ret = 0, error;
	__u32 n;

	for (n = 0; n < vectors->nr && function->nr_handed; n++) {
		if (!vectors->vector[n].handed)
			continue;
		error = take_back(function, interrupt, n);
		ret = ret ? ret : error;
	}
	return ret;
}

/* Of all functions that the kernel has. */
static int each_function(struct kvpci_host *host,
			 int (*act)(struct kvpci_function *function, __u32 interrupt))
{
	int ret = 0, error;
	__u32 interrupt;
	size_t i;

	pthread_rwlock_rdlock(&host->lock);
	for (i = 0; i < host->nr; i++) {
		struct kvpci_function *function = host->function[i];

		if (!function || function->fd < 0 || function->route_event < 0)
			continue;
		for (interrupt = KVPCI_MSI; interrupt <= KVPCI_MSIX; interrupt++) {
			error = act(function, interrupt);
			ret = ret ? ret : error;
		}
	}
	pthread_rwlock_unlock(&host->lock);
	return ret;
}

/* Take back what is recalled; or, with @all, all that is handed over. */
int libkvpci_routes_recall(struct kvpci_host *host, bool all)
{
	struct libkvpci_routes *routes = &host->routes;
	int ret;

	if (!__atomic_load_n(&routes->nr_handed, __ATOMIC_SEQ_CST))
		return 0;
	pthread_mutex_lock(&routes->lock);
	ret = each_function(host, all ? take_back_all : follow_recall);
	pthread_mutex_unlock(&routes->lock);
	return ret;
}

/* Before it goes: nobody serves it any more when this returns, and KVM listens to none of it. */
void libkvpci_routes_remove(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;

	if (function->route_event < 0)
		return;
	pthread_mutex_lock(&host->routes.lock);
	epoll_ctl(host->poll_fd, EPOLL_CTL_DEL, function->route_event, NULL);
	take_back_all(function, KVPCI_MSI);
	take_back_all(function, KVPCI_MSIX);
	pthread_mutex_unlock(&host->routes.lock);
}

static void free_vectors(struct libkvpci_routes *routes, struct libkvpci_vectors *vectors)
{
	__u32 i;

	for (i = 0; i < vectors->nr; i++) {
		struct libkvpci_vector *vector = &vectors->vector[i];

		libkvpci_event_close(&vector->source);
		libkvpci_event_close(&vector->event);
		if (vector->gsi < 0)
			continue;
		routes->ops->give_back(routes->context, vector->gsi);
		if (routes->starved)
			wake(routes);
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
	libkvpci_event_close(&function->used_event);
}

static bool is_to_be_handed(const struct libkvpci_vector *vector)
{
	return vector->source >= 0 && !vector->rests && !vector->refused;
}

/*
 * Is it to have a route? Where the kernel sends messages itself, which it does not if KVM can't
 * tell what they mean, only if it is handed over, or the caller can tell.
 */
static bool wants_route(const struct kvpci_host *host, const struct libkvpci_vector *vector,
			const struct kvpci_route *route)
{
	if (host->delivery == KVPCI_DELIVERY_IRQFD || is_to_be_handed(vector))
		return true;
	return host->machine.gsi_ops && route->address & RESERVED;
}

/* The guest is found to use a vector: somebody may want to know. */
static void note_use(const struct kvpci_function *function, struct libkvpci_vector *vector)
{
	if (vector->used)
		return;
	vector->used = true;
	if (function->used_event >= 0)
		libkvpci_event_signal(function->used_event);
}

/* Have the kernel send its messages, and not tell of that again. */
static int leave(const struct kvpci_function *function, __u32 interrupt, __u32 n,
		 struct libkvpci_vector *vector)
{
	int ret;

	if (vector->left)
		return 0;
	ret = remove_route(function, interrupt, n, KVPCI_ROUTE_LEAVE);
	vector->left = !ret;
	return ret;
}

/*
 * Add the vectors of @interrupt that wait, from *@next on, as far as there is room: *@next is the
 * first one then that was not looked at. If @function has found too few GSIs, those that have none
 * do not keep away the others.
 */
static int collect(struct batch *batch, struct kvpci_function *function, __u32 interrupt,
		   __u32 *next)
{
	struct libkvpci_vectors *vectors = vectors_of(function, interrupt);
	int ret = 0, error;

	while (*next < vectors->nr && batch->nr < MAX_BATCH) {
		struct kvpci_route route = {
			.size = sizeof(route), .interrupt = interrupt, .vector = *next,
		};
		struct libkvpci_vector *vector;

		error = libkvpci_ioctl(function->fd, KVPCI_GET_ROUTE, &route);
		if (error) {
			*next = vectors->nr;
			error = error == -ENOENT ? 0 : error;
			return ret ? ret : error;
		}
		vector = &vectors->vector[route.vector];
		*next = route.vector + 1;
		if (route.flags & KVPCI_ROUTE_RECALLED) {
			error = take_back(function, interrupt, route.vector);
			/* It may wait for a route now. */
			if (!error)
				*next = route.vector;
			ret = ret ? ret : error;
			continue;
		}
		note_use(function, vector);
		if (!wants_route(function->host, vector, &route)) {
			error = leave(function, interrupt, route.vector, vector);
			ret = ret ? ret : error;
		} else if (!function->starved || vector->gsi >= 0) {
			batch->route[batch->nr++] = route;
		}
	}
	return ret;
}

/* Have a GSI, and, unless the source is to be that, an irqfd. */
static int use_vector(struct kvpci_host *host, struct libkvpci_vector *vector)
{
	struct libkvpci_routes *routes = &host->routes;
	unsigned int gsi;
	int ret;

	if (vector->gsi < 0) {
		ret = routes->ops->take(routes->context, &gsi);
		if (ret)
			return ret;
		vector->gsi = gsi;
	}
	if (is_to_be_handed(vector)) {
		libkvpci_event_close(&vector->event);
		return 0;
	}
	if (vector->event >= 0)
		return 0;
	ret = libkvpci_event_create(&vector->event);
	if (!ret)
		ret = libkvpci_irqfd(host->config.vm_fd, vector->gsi, vector->event, -1);
	if (ret)
		libkvpci_event_close(&vector->event);
	return ret;
}

/* Have the message be in the next table. */
static int enter(struct kvpci_function *function, const struct kvpci_route *route)
{
	struct libkvpci_vector *vector =
		&vectors_of(function, route->interrupt)->vector[route->vector];
	struct libkvpci_routes *routes = &function->host->routes;
	int ret = use_vector(function->host, vector);

	if (ret == -ENOSPC)
		function->starved = true;
	return ret ? ret : routes->ops->change(routes->context, vector->gsi, route->address,
					       route->data, route->requester);
}

/* Let KVM take a vector's signals, whose route is in force. It is not its turn if that fails. */
static int hand(struct kvpci_function *function, struct libkvpci_vector *vector,
		struct kvpci_route *route)
{
	int ret;

	route->flags = KVPCI_ROUTE_HAND;
	route->eventfd = vector->source;
	/* Before the kernel knows: who forbids it from then on is to find it. */
	count_handed(function, 1);
	ret = libkvpci_ioctl(function->fd, KVPCI_SET_ROUTE, route);
	if (ret) {
		count_handed(function, -1);
		return ret;
	}
	vector->handed = true;
	ret = libkvpci_irqfd(function->host->config.vm_fd, vector->gsi, vector->source, -1);
	if (ret) {
		vector->refused = true;
		take_back(function, route->interrupt, route->vector);
		return ret;
	}
	function->host->routes.handed++;
	return 0;
}

/* Tell the kernel what sends a message that KVM has been given. */
static int confirm(struct kvpci_function *function, const struct kvpci_route *found)
{
	struct libkvpci_vector *vector =
		&vectors_of(function, found->interrupt)->vector[found->vector];
	struct kvpci_route route = {
		.size = sizeof(route), .interrupt = found->interrupt, .vector = found->vector,
		.sequence = found->sequence, .eventfd = vector->event,
	};
	int ret;

	if (is_to_be_handed(vector))
		ret = hand(function, vector, &route);
	else
		ret = libkvpci_ioctl(function->fd, KVPCI_SET_ROUTE, &route);
	if (!ret) {
		vector->left = false;
		function->host->routes.set++;
	}
	/* It has changed again, of which we are told. */
	return ret == -EAGAIN ? 0 : ret;
}

static int make_routes(struct kvpci_function *function, struct kvpci_route *found,
		       unsigned int nr);

/* KVM has not taken the table: whichever message that is for does not keep back the others. */
static int make_each(struct kvpci_function *function, struct kvpci_route *found, unsigned int nr)
{
	int ret = 0, error;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		error = make_routes(function, &found[i], 1);
		ret = ret ? ret : error;
	}
	return ret;
}

/* Have as many as there are GSIs for be in KVM's table: @found has @nr of these then. */
static int enter_all(struct kvpci_function *function, struct kvpci_route *found, unsigned int *nr)
{
	unsigned int i, entered = 0;
	int ret = 0, error;

	for (i = 0; i < *nr; i++) {
		error = enter(function, &found[i]);
		if (!error)
			found[entered++] = found[i];
		ret = ret ? ret : error;
	}
	*nr = entered;
	return ret;
}

static int commit(struct libkvpci_routes *routes)
{
	routes->commits++;
	return routes->ops->commit(routes->context);
}

/* Make routes of what has been found; of those for which there are GSIs, if that is not for all. */
static int make_routes(struct kvpci_function *function, struct kvpci_route *found,
		       unsigned int nr)
{
	struct libkvpci_routes *routes = &function->host->routes;
	bool shared = routes->ops == &libkvpci_gsis_ops;
	int ret, error;
	unsigned int i;

	if (shared)
		libkvpci_gsis_begin(routes->context);
	error = enter_all(function, found, &nr);
	ret = nr ? commit(routes) : 0;
	if (shared)
		libkvpci_gsis_end(routes->context);
	if (ret && nr > 1) {
		ret = make_each(function, found, nr);
		return ret ? ret : error;
	}
	error = ret ? ret : error;
	for (i = 0; !ret && i < nr; i++) {
		int failed = confirm(function, &found[i]);

		error = error ? error : failed;
	}
	return error;
}

/*
 * Those of @interrupt, batch by batch: what is refused of one does not keep back the next. *@any:
 * some were found.
 */
static int serve_each(struct kvpci_function *function, __u32 interrupt, bool *any)
{
	__u32 next = 0, nr = vectors_of(function, interrupt)->nr;
	int ret = 0, error;

	while (next < nr) {
		struct batch batch = { .nr = 0 };

		error = collect(&batch, function, interrupt, &next);
		ret = ret ? ret : error;
		if (!batch.nr)
			continue;
		*any = true;
		error = make_routes(function, batch.route, batch.nr);
		ret = ret ? ret : error;
	}
	return ret;
}

static int serve(struct kvpci_function *function)
{
	bool any = false;
	int ret, error;

	function->starved = false;
	ret = serve_each(function, KVPCI_MSI, &any);
	error = serve_each(function, KVPCI_MSIX, &any);
	ret = ret ? ret : error;
	if (function->starved)
		function->host->routes.starved = true;
	/* What the guest has changed again: look when others had a turn. */
	if (any && !ret)
		libkvpci_event_signal(function->route_event);
	return ret;
}

/* Look again at those of @interrupt that have rested, or found no GSI. */
static int look_again(struct kvpci_function *function, __u32 interrupt)
{
	struct libkvpci_vectors *vectors = vectors_of(function, interrupt);
	bool any = function->starved;
	__u32 n;

	for (n = 0; n < vectors->nr && function->hands; n++) {
		struct libkvpci_vector *vector = &vectors->vector[n];

		if (!vector->rests)
			continue;
		/* It is found without a route only: what comes meanwhile is pending. */
		if (vector->event >= 0 || vector->left)
			remove_route(function, interrupt, n, 0);
		vector->left = false;
		vector->rests = false;
		any = true;
	}
	if (any)
		libkvpci_event_signal(function->route_event);
	return 0;
}

static void look_at_timer(struct kvpci_host *host)
{
	__u64 times;

	if (host->routes.timer < 0 ||
	    read(host->routes.timer, &times, sizeof(times)) != sizeof(times))
		return;
	host->routes.resting = false;
	host->routes.starved = false;
	each_function(host, look_again);
}

/* Serve all that wait. *@mirrors: the host bridge's other event was signalled as well. */
int libkvpci_routes_serve(struct kvpci_host *host, bool *mirrors, struct kvpci_function **culprit)
{
	struct epoll_event events[MAX_EVENTS];
	int ret = 0, n, i;

	pthread_mutex_lock(&host->routes.lock);
	/* First: what it says is done by function, below. */
	look_at_timer(host);
	n = epoll_wait(host->poll_fd, events, MAX_EVENTS, 0);
	for (i = 0; !ret && i < n; i++) {
		struct kvpci_function *function = events[i].data.ptr;

		if (!function) {
			*mirrors = true;
			continue;
		}
		if (events[i].data.ptr == &host->routes)
			continue;
		/* Before looking, so that what comes while we look is not missed. */
		libkvpci_event_clear(function->route_event);
		ret = serve(function);
		if (ret)
			*culprit = function;
	}
	pthread_mutex_unlock(&host->routes.lock);
	return ret;
}

void kvpci_host_retry(struct kvpci_host *host)
{
	pthread_mutex_lock(&host->routes.lock);
	if (host->routes.starved)
		wake(&host->routes);
	pthread_mutex_unlock(&host->routes.lock);
}

int kvpci_function_hand(struct kvpci_function *function, __u32 interrupt, __u32 vector, int eventfd)
{
	struct libkvpci_vector *found = find_vector(function, interrupt, vector);
	struct libkvpci_routes *routes = &function->host->routes;
	struct kvpci_binding binding = {
		.size = sizeof(binding), .interrupt = interrupt, .vector = vector,
	};
	int ret;

	if (!found)
		return -EINVAL;
	/* The caller may close its own: KVM is told by this one. */
	binding.eventfd = fcntl(eventfd, F_DUPFD_CLOEXEC, 0);
	if (binding.eventfd < 0)
		return -errno;
	pthread_mutex_lock(&routes->lock);
	ret = libkvpci_bind(function, &binding);
	if (!ret) {
		found->source = binding.eventfd;
		/* It may have a route, with which it is not found. */
		found->rests = true;
		found->refused = false;
		wake(routes);
	}
	pthread_mutex_unlock(&routes->lock);
	if (ret)
		close(binding.eventfd);
	return ret;
}

int kvpci_function_watch_vectors(struct kvpci_function *function, int eventfd)
{
	struct libkvpci_routes *routes = &function->host->routes;
	int ret;

	if (!function->hands || function->used_event >= 0)
		return -EINVAL;
	ret = fcntl(eventfd, F_DUPFD_CLOEXEC, 0);
	if (ret < 0)
		return -errno;
	pthread_mutex_lock(&routes->lock);
	function->used_event = ret;
	/* What it uses already is to be told, too. */
	libkvpci_event_signal(function->used_event);
	pthread_mutex_unlock(&routes->lock);
	return 0;
}

int kvpci_function_next_used(struct kvpci_function *function, __u32 interrupt, __u32 *vector)
{
	struct libkvpci_vectors *vectors = vectors_of(function, interrupt);
	struct libkvpci_routes *routes = &function->host->routes;
	int ret = -ENOENT;
	__u32 n;

	if (!find_vector(function, interrupt, 0))
		return -EINVAL;
	pthread_mutex_lock(&routes->lock);
	for (n = 0; n < vectors->nr && ret; n++) {
		if (!vectors->vector[n].used || vectors->vector[n].told)
			continue;
		vectors->vector[n].told = true;
		*vector = n;
		ret = 0;
	}
	pthread_mutex_unlock(&routes->lock);
	return ret;
}

int kvpci_function_unbind(struct kvpci_function *function, __u32 interrupt, __u32 vector)
{
	struct libkvpci_vector *found = find_vector(function, interrupt, vector);
	const struct kvpci_binding binding = {
		.size = sizeof(binding), .flags = KVPCI_BIND_REMOVE, .interrupt = interrupt,
		.vector = vector,
	};
	struct libkvpci_routes *routes = &function->host->routes;
	int ret;

	if (!found)
		return libkvpci_bind(function, &binding);
	pthread_mutex_lock(&routes->lock);
	if (found->handed)
		take_back(function, interrupt, vector);
	ret = libkvpci_bind(function, &binding);
	if (!ret)
		libkvpci_event_close(&found->source);
	pthread_mutex_unlock(&routes->lock);
	return ret;
}
