// SPDX-License-Identifier: GPL-2.0
/*
 * vhost-net: a file of vhost's, and a queue of the tap, for each pair of queues. The tap's queues
 * of pairs that the driver doesn't use take no part, so that no packet gets there.
 */
#include <errno.h>
#include <linux/vhost.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"
#include "virtio/link.h"
#include "virtio/net.h"
#include "virtio/tap.h"
#include "virtio/vhost.h"
#include "virtio/vhostnet.h"

struct pair {
	struct vhost vhost;
	int tap;
	bool attached;
};

/* What is readable in @events: the file of a pair, by its index, or this. */
#define SOURCE_LINK	~0U

/**
 * struct vhostnet - the back end
 * @endpoint: it is behind the virtual IOMMU; NULL: it is not
 * @link: the tap's
 * @events: an epoll instance: that, and of the former the files of vhost's that ask for addresses
 */
struct vhostnet {
	struct backend backend;
	struct pair *pairs;
	unsigned int nr_pairs;
	struct iommu_endpoint *endpoint;
	struct link link;
	int events;
};

static struct vhostnet *to_vhostnet(struct backend *backend)
{
	return (struct vhostnet *)backend;
}

static int set_backend(const struct vhostnet *net, unsigned int index, bool on)
{
	const struct pair *pair = &net->pairs[index / PAIR];
	struct vhost_vring_file file = {
		.index = index % PAIR,
		.fd = on ? pair->tap : VHOST_FILE_UNBIND,
	};

	return ioctl(pair->vhost.fd, VHOST_NET_SET_BACKEND, &file) ? -errno : 0;
}

static int vhostnet_start_queue(struct backend *backend, unsigned int index,
				const struct queue *queue)
{
	struct vhostnet *net = to_vhostnet(backend);
	int error;

	error = vhost_set_ring(&net->pairs[index / PAIR].vhost, index % PAIR, queue);
	return error ? error : set_backend(net, index, true);
}

static int vhostnet_stop_queue(struct backend *backend, unsigned int index)
{
	struct vhostnet *net = to_vhostnet(backend);
	int error = set_backend(net, index, false);

	/* The other queue of the pair may go on asking. */
	return error ? error : vhost_dispatch(&net->pairs[index / PAIR].vhost);
}

static int vhostnet_stop(struct backend *backend)
{
	struct vhostnet *net = to_vhostnet(backend);
	int result = 0;
	unsigned int i;
	int error;

	for (i = 0; i < PAIR * net->nr_pairs; i++) {
		error = set_backend(net, i, false);
		if (error)
			result = error;
	}
	for (i = 0; i < net->nr_pairs; i++) {
		error = vhost_settle(&net->pairs[i].vhost);
		if (error)
			result = error;
	}
	return result;
}

static int vhostnet_pause(struct backend *backend, struct queue *queues, unsigned int nr_queues)
{
	struct vhostnet *net = to_vhostnet(backend);
	int error = vhostnet_stop(backend);
	unsigned int i;

	for (i = 0; i < nr_queues / PAIR && !error; i++)
		error = vhost_get_bases(&net->pairs[i].vhost, &queues[i * PAIR], PAIR);
	return error;
}

/* What is there for all queues alike. */
static int prepare(struct vhostnet *net, __u64 features)
{
	unsigned int i;
	int error;

	error = tap_set_features(net->pairs[0].tap, features);
	for (i = 0; i < net->nr_pairs && !error; i++) {
		/* It may be what only another driver took, and is late anyway. */
		tap_drain(net->pairs[i].tap);
		error = vhost_set_features(&net->pairs[i].vhost, features);
	}
	return error;
}

static int vhostnet_start(struct backend *backend, __u64 features, const struct queue *queues,
			  unsigned int nr_queues)
{
	int error = prepare(to_vhostnet(backend), features);
	unsigned int i;

	for (i = 0; i < nr_queues && !error; i++) {
		if (queues[i].enabled)
			error = vhostnet_start_queue(backend, i, &queues[i]);
	}
	if (error)
		vhostnet_stop(backend);
	return error;
}

static int vhostnet_features(struct backend *backend, __u64 *features)
{
	*features = to_vhostnet(backend)->pairs[0].vhost.features | NET_OFFLOADS;
	return 0;
}

static int vhostnet_set_call(struct backend *backend, unsigned int index,
			     const struct queue *queue)
{
	struct vhostnet *net = to_vhostnet(backend);

	return vhost_set_call(&net->pairs[index / PAIR].vhost, index % PAIR, queue);
}

static int vhostnet_poll_fd(const struct backend *backend)
{
	return ((const struct vhostnet *)backend)->events;
}

static int vhostnet_dispatch(struct backend *backend)
{
	struct vhostnet *net = to_vhostnet(backend);
	struct epoll_event event;
	int error;

	if (epoll_wait(net->events, &event, 1, 0) != 1)
		return BACKEND_NOTHING;
	if (event.data.u32 != SOURCE_LINK) {
		error = vhost_dispatch(&net->pairs[event.data.u32].vhost);
		return error ? error : BACKEND_NOTHING;
	}
	if (!link_changed(&net->link))
		return BACKEND_NOTHING;
	if (net->link.gone)
		return BACKEND_LINK_GONE;
	return net->link.up ? BACKEND_LINK_UP : BACKEND_LINK_DOWN;
}

static void vhostnet_close(struct backend *backend)
{
	struct vhostnet *net = to_vhostnet(backend);
	unsigned int i;

	link_close(&net->link);
	for (i = 0; i < net->nr_pairs; i++) {
		vhost_close(&net->pairs[i].vhost);
		if (net->pairs[i].tap >= 0)
			close(net->pairs[i].tap);
	}
	if (net->events >= 0)
		close(net->events);
	free(net->pairs);
	free(net);
}

static const struct backend_ops vhostnet_ops = {
	.name = "vhost-net",
	.features = vhostnet_features,
	.start = vhostnet_start,
	.stop = vhostnet_stop,
	.pause = vhostnet_pause,
	.start_queue = vhostnet_start_queue,
	.stop_queue = vhostnet_stop_queue,
	.set_call = vhostnet_set_call,
	.poll_fd = vhostnet_poll_fd,
	.dispatch = vhostnet_dispatch,
	.close = vhostnet_close,
};

static int watch(struct vhostnet *net, int fd, __u32 source, const char *label)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

	if (fd >= 0 && epoll_ctl(net->events, EPOLL_CTL_ADD, fd, &event))
		return fail("%s: cannot wait for it: %s", label, strerror(errno));
	return STATUS_OK;
}

static int open_pair(struct vhostnet *net, const char *name, unsigned int pairs,
		     const char *label)
{
	struct pair *pair = &net->pairs[net->nr_pairs];
	int status;

	*pair = (struct pair){ .vhost = VHOST_CLOSED, .tap = -1 };
	net->nr_pairs++;
	status = tap_open(&pair->tap, name, pairs > 1, label);
	pair->attached = !status;
	if (!status)
		status = vhost_open(&pair->vhost, "/dev/vhost-net", "vhost_net", label,
				    net->backend.memory);
	if (!status)
		status = vhost_translate(&pair->vhost, net->endpoint, label);
	/* For what the kernel asks of the IOMMU. */
	return status ? status :
	       watch(net, vhost_poll_fd(&pair->vhost), net->nr_pairs - 1, label);
}

int vhostnet_open(struct backend **result, const char *name, unsigned int pairs,
		  const char *label, const struct guest_memory *memory,
		  struct iommu_endpoint *endpoint)
{
	struct vhostnet *net = calloc(1, sizeof(*net));
	int status = STATUS_OK;
	int error;

	if (!net)
		return fail("%s: not enough memory", label);
	net->backend = (struct backend){ .ops = &vhostnet_ops, .memory = memory };
	net->endpoint = endpoint;
	net->link = LINK_NONE;
	net->events = -1;
	*result = &net->backend;
	net->pairs = calloc(pairs, sizeof(*net->pairs));
	if (!net->pairs)
		return fail("%s: not enough memory, lower queues=", label);
	net->events = epoll_create1(EPOLL_CLOEXEC);
	if (net->events < 0)
		return fail("%s: cannot wait for it: %s", label, strerror(errno));
	while (!status && net->nr_pairs < pairs)
		status = open_pair(net, name, pairs, label);
	if (status)
		return status;
	error = link_open(&net->link, name, net->pairs[0].tap);
	if (error)
		return fail("%s: cannot see whether the tap %s is up: %s", label, name,
			    strerror(-error));
	/* Of one with a single queue the kernel sees to that. */
	if (pairs > 1)
		status = tap_expect_alone(net->link.index, pairs, name, label);
	return status ? status : watch(net, net->link.socket, SOURCE_LINK, label);
}

bool vhostnet_link_is_up(const struct backend *backend)
{
	return ((const struct vhostnet *)backend)->link.up;
}

int vhostnet_set_pairs(struct backend *backend, unsigned int n)
{
	struct vhostnet *net = to_vhostnet(backend);
	unsigned int i;
	int error;

	for (i = 0; i < net->nr_pairs; i++) {
		struct pair *pair = &net->pairs[i];
		bool used = i < n;

		if (pair->attached == used)
			continue;
		error = tap_set_attached(pair->tap, used);
		if (error)
			return error;
		pair->attached = used;
	}
	return 0;
}
