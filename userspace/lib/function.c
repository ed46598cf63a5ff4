// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A function: made, plugged, taken away, accessed and triggered.
 *
 * The kernel knows it by a number: its place in the host bridge's array, and above that how many
 * functions there have been before, so that it is not taken for one that has gone.
 *
 * Others of the library find it in that array from when the kernel has it until before the kernel
 * has it no more: while it has a descriptor.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/*
 * Take a place in the host bridge's array, without being found there yet. From then on a bridge
 * that goes makes orphans of what is behind it; before, @parent tells whether one has gone.
 */
static int enter(struct kvpci_function *function, const struct kvpci_function *parent)
{
	struct kvpci_host *host = function->host;
	struct kvpci_function **grown;
	int ret = 0;
	size_t i;

	pthread_rwlock_wrlock(&host->lock);
	for (i = 0; i < host->nr && host->function[i]; i++)
		;
	if (i == host->nr) {
		grown = reallocarray(host->function, i + 1, sizeof(*grown));
		if (grown) {
			host->function = grown;
			host->nr++;
		} else {
			ret = -ENOMEM;
		}
	}
	if (!ret) {
		/* Not 0: that is of functions that have gone. */
		host->last_number++;
		function->number = (__u64)host->last_number << 32 | i;
		function->orphan = parent && parent->orphan;
		host->function[i] = function;
	}
	pthread_rwlock_unlock(&host->lock);
	return ret;
}

static void publish(struct kvpci_function *function, int fd)
{
	pthread_rwlock_wrlock(&function->host->lock);
	function->fd = fd;
	pthread_rwlock_unlock(&function->host->lock);
}

/* What is behind a bridge that goes will never be seen again, and others may take its places. */
static void orphan(const struct kvpci_function *bridge)
{
	const struct kvpci_host *host = bridge->host;
	size_t i;

	for (i = 0; i < host->nr && !bridge->orphan; i++) {
		struct kvpci_function *function = host->function[i];

		if (function && function->path_length > bridge->path_length &&
		    !memcmp(function->path, bridge->path, bridge->path_length))
			function->orphan = true;
	}
}

/* Give up the place, and be found no more. Return: the descriptor, or -1 */
static int leave(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;
	int fd = function->fd;

	pthread_rwlock_wrlock(&host->lock);
	if (function->number)
		host->function[(__u32)function->number] = NULL;
	if (fd >= 0)
		orphan(function);
	pthread_rwlock_unlock(&host->lock);
	return fd;
}

static int find_path(struct kvpci_function *function, const struct kvpci_function_config *config,
		     const struct kvpci_function *parent)
{
	__u32 above = parent ? parent->path_length : 1;

	function->path = malloc(above + 1);
	if (!function->path)
		return -ENOMEM;
	function->path_length = above + 1;
	if (parent)
		memcpy(function->path, parent->path, above);
	else
		function->path[0] = config->bus;
	function->path[above] = config->devfn;
	return 0;
}

static int create(struct kvpci_function *function, struct kvpci_function_config *config,
		  const struct kvpci_function *parent)
{
	int ret, fd;

	ret = find_path(function, config, parent);
	if (!ret)
		ret = libkvpci_routes_prepare(function, config);
	if (!ret)
		ret = enter(function, parent);
	if (ret)
		return ret;
	config->size = sizeof(*config);
	config->user_data = function->number;
	if (parent) {
		config->flags |= KVPCI_FUNCTION_BEHIND;
		config->parent = parent->fd;
	}
	if (function->route_event >= 0) {
		config->flags |= KVPCI_FUNCTION_ROUTE_EVENTFD;
		config->route_eventfd = function->route_event;
	} else {
		config->flags &= ~KVPCI_FUNCTION_ROUTE_EVENTFD;
	}
	fd = libkvpci_ioctl(function->host->fd, KVPCI_CREATE_FUNCTION, config);
	if (fd < 0)
		return fd;
	ret = libkvpci_routes_size(function, fd);
	if (ret) {
		close(fd);
		return ret;
	}
	publish(function, fd);
	return libkvpci_routes_add(function);
}

int kvpci_function_create(struct kvpci_host *host, const struct kvpci_function_config *config,
			  const struct kvpci_function *parent, struct kvpci_function **function)
{
	struct kvpci_function_config copy;
	struct kvpci_function *made;
	int ret;

	ret = libkvpci_take(&copy, sizeof(copy), config, config->size,
			    KVPCI_FUNCTION_CONFIG_SIZE_VER0);
	if (ret)
		return ret;
	if (copy.flags & KVPCI_FUNCTION_BEHIND || copy.parent || copy.route_eventfd)
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->host = host;
	made->fd = -1;
	made->user_data = copy.user_data;
	made->route_event = -1;
	made->used_event = -1;
	pthread_mutex_init(&made->pin_lock, NULL);
	made->pin_event = -1;
	made->pin_ack_event = -1;
	ret = create(made, &copy, parent);
	if (ret)
		kvpci_function_free(made);
	else
		*function = made;
	return ret;
}

/* Nobody signals, and nothing reads its memory, when the descriptor has been closed. */
void kvpci_function_free(struct kvpci_function *function)
{
	struct kvpci_host *host;
	int fd;

	if (!function)
		return;
	host = function->host;
	if (function->fd >= 0) {
		libkvpci_mirrors_remove(function);
		libkvpci_routes_remove(function);
	}
	fd = leave(function);
	if (fd >= 0)
		close(fd);
	libkvpci_routes_free(function);
	libkvpci_pin_close(function);
	pthread_mutex_destroy(&function->pin_lock);
	free(function->path);
	free(function);
	/* What it was on top of, or in front of. */
	libkvpci_follow(host);
}

int kvpci_function_fd(const struct kvpci_function *function)
{
	return function->fd;
}

__u64 kvpci_function_user_data(const struct kvpci_function *function)
{
	return function->user_data;
}

int kvpci_function_plug(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;
	int ret;

	/* Who saves state finds both, or neither. */
	pthread_rwlock_wrlock(&host->lock);
	ret = libkvpci_ioctl(function->fd, KVPCI_PLUG, NULL);
	if (!ret)
		function->plugged = true;
	pthread_rwlock_unlock(&host->lock);
	if (!ret)
		libkvpci_follow(host);
	return ret;
}

int kvpci_function_reset(struct kvpci_function *function)
{
	int ret = libkvpci_ioctl(function->fd, KVPCI_RESET, NULL);

	if (!ret)
		libkvpci_follow(function->host);
	return ret;
}

int kvpci_function_read(struct kvpci_function *function, __u32 bar, __u32 bank, __u64 offset,
			void *data, __u32 length)
{
	const struct kvpci_access access = {
		.size = sizeof(access), .bar = bar, .length = length, .offset = offset,
		.data = libkvpci_pointer(data), .bank = bank,
	};

	return libkvpci_ioctl(function->fd, KVPCI_READ, &access);
}

int kvpci_function_write(struct kvpci_function *function, __u32 bar, __u32 bank, __u64 offset,
			 const void *data, const void *mask, __u32 length)
{
	const struct kvpci_access access = {
		.size = sizeof(access), .bar = bar, .length = length, .offset = offset,
		.data = libkvpci_pointer(data), .mask = libkvpci_pointer(mask), .bank = bank,
	};

	return libkvpci_ioctl(function->fd, KVPCI_WRITE, &access);
}

static int access_as_guest(struct kvpci_function *function, unsigned long request, __u32 bar,
			   __u64 offset, __u64 *value, __u32 length)
{
	const struct kvpci_access access = {
		.size = sizeof(access), .flags = KVPCI_ACCESS_AS_GUEST, .bar = bar,
		.length = length, .offset = offset, .data = libkvpci_pointer(value),
	};

	/* The kernel refuses other lengths than 1, 2, 4 and 8. */
	return libkvpci_ioctl(function->fd, request, &access);
}

int kvpci_function_read_as_guest(struct kvpci_function *function, __u32 bar, __u64 offset,
				 __u64 *value, __u32 length)
{
	*value = 0;
	return access_as_guest(function, KVPCI_READ, bar, offset, value, length);
}

int kvpci_function_write_as_guest(struct kvpci_function *function, __u32 bar, __u64 offset,
				  __u64 value, __u32 length)
{
	int ret = access_as_guest(function, KVPCI_WRITE, bar, offset, &value, length);

	if (!ret && bar == KVPCI_CONFIG)
		libkvpci_follow(function->host);
	return ret;
}

static int change_level(struct kvpci_function *function, __u32 flags, __u32 interrupt, __u32 vector)
{
	const struct kvpci_trigger trigger = {
		.size = sizeof(trigger), .flags = flags, .interrupt = interrupt, .vector = vector,
	};

	return libkvpci_ioctl(function->fd, KVPCI_TRIGGER, &trigger);
}

int kvpci_function_trigger(struct kvpci_function *function, __u32 interrupt, __u32 vector)
{
	return change_level(function, 0, interrupt, vector);
}

int kvpci_function_lower(struct kvpci_function *function, __u32 interrupt, __u32 vector)
{
	return change_level(function, KVPCI_TRIGGER_LOWER, interrupt, vector);
}

int kvpci_function_bind(struct kvpci_function *function, __u32 interrupt, __u32 vector, int eventfd,
			int ack_eventfd)
{
	struct kvpci_binding binding = {
		.size = sizeof(binding), .interrupt = interrupt, .vector = vector,
		.eventfd = eventfd,
	};

	if (ack_eventfd >= 0) {
		binding.flags = KVPCI_BIND_ACK;
		binding.ack_eventfd = ack_eventfd;
	}
	return libkvpci_bind(function, &binding);
}
