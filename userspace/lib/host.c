// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A host bridge: its descriptor, what the event loop waits for, and what the threads of vCPUs ask.
 *
 * Which function an access was for is never worked out from its address, which may be another
 * function's by now: the kernel tells, by a number that no other function ever has.
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "internal.h"

#define CONFIG_PORTS		0xcf8
#define NR_CONFIG_PORTS		8

static int take_arguments(struct kvpci_host *host, const struct kvpci_host_config *config,
			  const struct kvpci_machine *machine)
{
	const struct kvpci_gsi_ops *ops;
	int ret;

	ret = libkvpci_take(&host->config, sizeof(host->config), config, config->size,
			    KVPCI_HOST_CONFIG_SIZE_VER0);
	if (!ret)
		ret = libkvpci_take(&host->machine, sizeof(host->machine), machine, machine->size,
				    sizeof(host->machine));
	if (ret)
		return ret;
	host->config.size = sizeof(host->config);
	ops = host->machine.gsi_ops;
	if (host->config.mirror_eventfd || host->machine.flags || (host->machine.gsis && ops))
		return -EINVAL;
	if (!ops)
		return 0;
	ret = libkvpci_take(&host->gsi_ops, sizeof(host->gsi_ops), ops, ops->size,
			    sizeof(host->gsi_ops));
	host->machine.gsi_ops = &host->gsi_ops;
	return ret;
}

/* vCPUs that come again and again must not keep away who adds and removes. */
static void init_lock(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(lock, &attr);
	pthread_rwlockattr_destroy(&attr);
}

static int create_events(struct kvpci_host *host)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	int ret;

	host->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (host->poll_fd < 0)
		return -errno;
	if (!(host->config.flags & KVPCI_HOST_MIRROR))
		return 0;
	ret = libkvpci_event_create(&host->mirror_event);
	if (ret)
		return ret;
	host->config.mirror_eventfd = host->mirror_event;
	if (epoll_ctl(host->poll_fd, EPOLL_CTL_ADD, host->mirror_event, &event))
		return -errno;
	return 0;
}

static int create_bridge(struct kvpci_host *host, int device)
{
	host->fd = libkvpci_ioctl(device, KVPCI_CREATE_HOST, &host->config);
	if (host->fd < 0)
		return host->fd;
	host->delivery = libkvpci_ioctl(host->fd, KVPCI_GET_DELIVERY, NULL);
	return host->delivery < 0 ? host->delivery : 0;
}

static void close_all(struct kvpci_host *host)
{
	if (host->fd >= 0)
		close(host->fd);
	if (host->poll_fd >= 0)
		close(host->poll_fd);
	libkvpci_event_close(&host->mirror_event);
	pthread_rwlock_destroy(&host->lock);
	free(host->function);
	free(host);
}

static int create(struct kvpci_host *host, int device)
{
	int ret;

	ret = create_events(host);
	if (!ret)
		ret = create_bridge(host, device);
	if (ret)
		return ret;
	libkvpci_routes_init(host);
	ret = libkvpci_mirrors_init(host);
	if (ret) {
		libkvpci_mirrors_destroy(host);
		libkvpci_routes_destroy(host);
	}
	return ret;
}

int kvpci_host_create(int device, const struct kvpci_host_config *config,
		      const struct kvpci_machine *machine, struct kvpci_host **host)
{
	struct kvpci_host *made = calloc(1, sizeof(*made));
	int ret;

	if (!made)
		return -ENOMEM;
	made->fd = -1;
	made->poll_fd = -1;
	made->mirror_event = -1;
	init_lock(&made->lock);
	ret = take_arguments(made, config, machine);
	if (!ret)
		ret = create(made, device);
	if (ret)
		close_all(made);
	else
		*host = made;
	return ret;
}

void kvpci_host_free(struct kvpci_host *host)
{
	size_t i;

	if (!host)
		return;
	for (i = host->nr; i > 0; i--)
		kvpci_function_free(host->function[i - 1]);
	libkvpci_mirrors_destroy(host);
	libkvpci_routes_destroy(host);
	close_all(host);
}

int kvpci_host_fd(const struct kvpci_host *host)
{
	return host->fd;
}

int kvpci_host_delivery(const struct kvpci_host *host)
{
	return host->delivery;
}

int kvpci_host_poll_fd(const struct kvpci_host *host)
{
	return host->poll_fd;
}

int kvpci_host_dispatch(struct kvpci_host *host, struct kvpci_function **culprit)
{
	struct kvpci_function *function = NULL;
	bool mirrors = false;
	int ret;

	ret = libkvpci_routes_serve(host, &mirrors, &function);
	if (culprit)
		*culprit = function;
	if (!ret && mirrors)
		ret = kvpci_host_sync(host);
	return ret;
}

static bool is_in(__u64 base, __u64 length, __u64 address)
{
	return address >= base && address - base < length;
}

static bool is_in_window(const struct kvpci_window *window, __u64 address)
{
	return is_in(window->base, window->length, address);
}

static bool is_config(const struct kvpci_host *host, __u32 flags, __u64 address)
{
	const struct kvpci_host_config *config = &host->config;

	if (flags & KVPCI_EXIT_IO)
		return config->flags & (KVPCI_HOST_CONFIG_PORTS | KVPCI_HOST_CONFIG_PORTS_ABSENT) &&
		       is_in(CONFIG_PORTS, NR_CONFIG_PORTS, address);
	return config->flags & KVPCI_HOST_ECAM &&
	       is_in(config->ecam + ((__u64)config->first_bus << 20),
		     (config->last_bus - config->first_bus + 1ULL) << 20, address);
}

bool kvpci_host_owns(const struct kvpci_host *host, __u32 flags, __u64 address)
{
	const struct kvpci_host_config *config = &host->config;

	if (is_config(host, flags, address))
		return true;
	if (flags & KVPCI_EXIT_IO)
		return is_in_window(&config->io, address);
	return is_in_window(&config->mem32, address) || is_in_window(&config->mem64, address);
}

/* Replace what the kernel knows the function by with what the caller does. */
static int name_function(struct kvpci_host *host, struct kvpci_exit *exit)
{
	const struct kvpci_function *function;
	__u32 i = exit->user_data;
	int ret = -ENOENT;

	pthread_rwlock_rdlock(&host->lock);
	function = i < host->nr ? host->function[i] : NULL;
	if (function && function->number == exit->user_data) {
		exit->user_data = function->user_data;
		ret = 0;
	}
	pthread_rwlock_unlock(&host->lock);
	return ret;
}

int kvpci_host_exit(struct kvpci_host *host, unsigned int vcpu, __u32 flags, __u64 address,
		    struct kvpci_exit *exit)
{
	struct kvpci_exit told = {
		.size = sizeof(told), .flags = flags, .vcpu = vcpu, .address = address,
	};
	__u32 size = exit->size;
	bool moved, recalled;
	int error = 0;
	int ret;

	if (size < KVPCI_EXIT_SIZE_VER0)
		return -EINVAL;
	if (!kvpci_host_owns(host, flags, address))
		return -ENOENT;
	ret = libkvpci_ioctl(host->fd, KVPCI_GET_EXIT, &told);
	/* The function may have gone meanwhile whose write was about others, too. */
	moved = ret ? is_config(host, flags, address) : told.flags & KVPCI_EXIT_MIRROR;
	recalled = ret ? moved : told.flags & KVPCI_EXIT_RECALL;
	if (!ret)
		ret = name_function(host, &told);
	if (recalled)
		error = libkvpci_routes_recall(host, false);
	if (moved && !error)
		error = libkvpci_mirrors_sync(host);
	if (ret || error)
		return error ? error : ret;
	told.size = size;
	libkvpci_put(exit, size, &told, sizeof(told));
	return 0;
}

/* KVM has sent what it has taken when a vector has been taken back. */
int kvpci_host_drain(struct kvpci_host *host)
{
	int ret = libkvpci_routes_recall(host, true);

	return ret ? ret : libkvpci_ioctl(host->fd, KVPCI_DRAIN, NULL);
}

void kvpci_host_count(struct kvpci_host *host, struct kvpci_counts *counts, size_t size)
{
	struct kvpci_counts now;

	pthread_mutex_lock(&host->routes.lock);
	now.routes = host->routes.set;
	now.commits = host->routes.commits;
	now.handed = host->routes.handed;
	now.taken_back = host->routes.taken_back;
	pthread_mutex_unlock(&host->routes.lock);
	pthread_mutex_lock(&host->mirrors.lock);
	now.memory = host->mirrors.count;
	now.changes = host->mirrors.changes;
	now.faults = host->mirrors.faults;
	pthread_mutex_unlock(&host->mirrors.lock);
	libkvpci_put(counts, size, &now, sizeof(now));
}
