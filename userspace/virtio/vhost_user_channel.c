// SPDX-License-Identifier: GPL-2.0
/* Requests of the front end of the vhost-user protocol, each with the answer that it has. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "turn.h"
#include "virtio/vhost_user_channel.h"

void channel_lock(struct channel *channel)
{
	pthread_mutex_lock(&channel->lock);
}

void channel_unlock(struct channel *channel)
{
	pthread_mutex_unlock(&channel->lock);
}

void channel_begin(struct channel *channel, int timeout)
{
	channel_lock(channel);
	channel->deadline = turn_deadline(timeout);
	channel_unlock(channel);
}

/* Who is not understood any more is to stop what it does for the guest. */
int channel_give_up(struct channel *channel, int error)
{
	shutdown(channel->socket, SHUT_RDWR);
	return error;
}

static int send_request(struct channel *channel, __u32 request, struct vhost_user_message *message,
			size_t size, __u32 flags, const int *fds, size_t nr_fds)
{
	int error;

	message->header = (struct vhost_user_header){
		.request = request, .flags = VHOST_USER_VERSION | flags, .size = size,
	};
	error = vhost_user_send(channel->socket, message, fds, nr_fds, channel->deadline);
	return error ? channel_give_up(channel, error) : 0;
}

int channel_send(struct channel *channel, __u32 request, struct vhost_user_message *message,
		 size_t size, const int *fds, size_t nr_fds)
{
	return send_request(channel, request, message, size, 0, fds, nr_fds);
}

int channel_receive(struct channel *channel, __u32 request, struct vhost_user_message *message,
		    size_t size, int *fd)
{
	int error = vhost_user_receive(channel->socket, message, fd, channel->deadline);

	if (!error && (message->header.request != request || message->header.size != size ||
		       !(message->header.flags & VHOST_USER_REPLY))) {
		error = -EPROTO;
		if (fd && *fd >= 0)
			close(*fd);
	}
	return error ? channel_give_up(channel, error) : 0;
}

static int ask(struct channel *channel, __u32 request, struct vhost_user_message *message,
	       size_t size, size_t answer_size)
{
	int error;

	channel_lock(channel);
	error = channel_send(channel, request, message, size, NULL, 0);
	if (!error)
		error = channel_receive(channel, request, message, answer_size, NULL);
	channel_unlock(channel);
	return error;
}

int channel_ask(struct channel *channel, __u32 request, struct vhost_user_message *message,
		size_t size)
{
	return ask(channel, request, message, size, size);
}

int channel_get_u64(struct channel *channel, __u32 request, __u64 *value)
{
	struct vhost_user_message message = { .header = { 0 } };
	int error = ask(channel, request, &message, 0, sizeof(*value));

	*value = message.payload.u64;
	return error;
}

static int set(struct channel *channel, __u32 request, struct vhost_user_message *message,
	       size_t size, const int *fds, size_t nr_fds)
{
	int error;

	error = send_request(channel, request, message, size,
			     channel->acks ? VHOST_USER_NEED_REPLY : 0, fds, nr_fds);
	if (error || !channel->acks)
		return error;
	error = channel_receive(channel, request, message, sizeof(message->payload.u64), NULL);
	if (!error && message->payload.u64)
		error = channel_give_up(channel, -EIO);
	return error;
}

int channel_set(struct channel *channel, __u32 request, struct vhost_user_message *message,
		size_t size, const int *fds, size_t nr_fds)
{
	int error;

	channel_lock(channel);
	error = set(channel, request, message, size, fds, nr_fds);
	channel_unlock(channel);
	return error;
}

int channel_set_u64(struct channel *channel, __u32 request, __u64 value)
{
	struct vhost_user_message message = { .payload.u64 = value };

	return channel_set(channel, request, &message, sizeof(value), NULL, 0);
}

int channel_set_fd(struct channel *channel, __u32 request, __u64 value, int fd)
{
	struct vhost_user_message message = { .payload.u64 = value };

	return channel_set(channel, request, &message, sizeof(value), &fd, 1);
}

int channel_set_state(struct channel *channel, __u32 request, __u32 index, __u32 num)
{
	struct vhost_user_message message = { .payload.state = { .index = index, .num = num } };

	return channel_set(channel, request, &message, sizeof(message.payload.state), NULL, 0);
}

int channel_listen(struct channel *channel)
{
	ssize_t length;
	char byte;
	int error = 0;

	channel_lock(channel);
	length = recv(channel->socket, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
	if (length < 0 && errno != EAGAIN && errno != EINTR)
		error = -errno;
	else if (length >= 0)
		error = length ? -EPROTO : -ECONNRESET;
	channel_unlock(channel);
	return error ? channel_give_up(channel, error) : 0;
}

void channel_close(struct channel *channel)
{
	if (channel->socket >= 0)
		close(channel->socket);
	channel->socket = -1;
}
