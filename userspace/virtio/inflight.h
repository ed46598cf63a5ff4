/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a vhost-user daemon keeps which requests it has begun and not completed: a piece of memory
 * that it makes and we keep, for the next daemon. What is in it is between these.
 */
#ifndef VIRTIO_INFLIGHT_H
#define VIRTIO_INFLIGHT_H

#include <stdbool.h>

#include "virtio/vhost_user_channel.h"

/**
 * struct inflight - that memory
 * @fd: its file; -1: there is none
 * @place: what the daemon has said of it
 */
struct inflight {
	int fd;
	struct vhost_user_inflight place;
};

#define INFLIGHT_NONE	((struct inflight){ .fd = -1 })

/* Both return 0 or a negative error number. */

/* Have a daemon make it, for so many queues of at most so many descriptors. */
int inflight_get(struct inflight *inflight, struct channel *channel, unsigned int nr_queues,
		 unsigned int queue_size);

/* Have one use it. */
int inflight_set(const struct inflight *inflight, struct channel *channel);

void inflight_drop(struct inflight *inflight);

static inline bool inflight_is_there(const struct inflight *inflight)
{
	return inflight->fd >= 0;
}

#endif /* VIRTIO_INFLIGHT_H */
