// SPDX-License-Identifier: GPL-2.0
/* Where a vhost-user daemon keeps which requests it has begun and not completed. */
#include <errno.h>
#include <unistd.h>

#include "virtio/inflight.h"

int inflight_get(struct inflight *inflight, struct channel *channel, unsigned int nr_queues,
		 unsigned int queue_size)
{
	struct vhost_user_message message = {
		.payload.inflight = { .nr_queues = nr_queues, .queue_size = queue_size },
	};
	int error;
	int fd;

	channel_lock(channel);
	error = channel_send(channel, VHOST_USER_GET_INFLIGHT_FD, &message,
			     sizeof(message.payload.inflight), NULL, 0);
	if (!error)
		error = channel_receive(channel, VHOST_USER_GET_INFLIGHT_FD, &message,
					sizeof(message.payload.inflight), &fd);
	channel_unlock(channel);
	if (error)
		return error;
	if (fd < 0)
		return channel_give_up(channel, -EPROTO);
	inflight->fd = fd;
	inflight->place = message.payload.inflight;
	/* Whatever it has said of these. */
	inflight->place.nr_queues = nr_queues;
	inflight->place.queue_size = queue_size;
	return 0;
}

int inflight_set(const struct inflight *inflight, struct channel *channel)
{
	struct vhost_user_message message = { .payload.inflight = inflight->place };

	return channel_set(channel, VHOST_USER_SET_INFLIGHT_FD, &message,
			   sizeof(message.payload.inflight), &inflight->fd, 1);
}

void inflight_drop(struct inflight *inflight)
{
	if (inflight_is_there(inflight))
		close(inflight->fd);
	*inflight = INFLIGHT_NONE;
}
