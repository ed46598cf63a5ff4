/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests of the front end of the vhost-user protocol, and their answers. The other side may do
 * what it likes: what it sends is looked at, and it has so much time.
 */
#ifndef VIRTIO_VHOST_USER_CHANNEL_H
#define VIRTIO_VHOST_USER_CHANNEL_H

#include <linux/types.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "virtio/vhost_user_message.h"

/**
 * struct channel - a connection
 * @lock: held from a request to its answer, by functions that wait for it, and by channel_lock()
 * @socket: what it goes by; -1: there is none
 * @deadline: by when all answers of the operation that is under way have to be there
 * @acks: the other side says of everything whether it has done it
 */
struct channel {
	pthread_mutex_t lock;
	int socket;
	long long deadline;
	bool acks;
};

/* What @lock is at first. The thread that has it may have it again. */
#define CHANNEL_LOCK	PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP

void channel_lock(struct channel *channel);
void channel_unlock(struct channel *channel);

/* The next operation begins, which has so many milliseconds. */
void channel_begin(struct channel *channel, int timeout);

/*
 * All of these return 0 or a negative error number: as vhost_user_send() and vhost_user_receive(),
 * and EIO: it says that it has not done it. After that the channel is of no more use.
 */

/* Send a request that is in @message but for its header. */
int channel_send(struct channel *channel, __u32 request, struct vhost_user_message *message,
		 size_t size, const int *fds, size_t nr_fds);

/* Receive the answer to it, of @size bytes. @fd: as of vhost_user_receive() */
int channel_receive(struct channel *channel, __u32 request, struct vhost_user_message *message,
		    size_t size, int *fd);

/* Both, of an answer that is as long as the request. */
int channel_ask(struct channel *channel, __u32 request, struct vhost_user_message *message,
		size_t size);
int channel_get_u64(struct channel *channel, __u32 request, __u64 *value);

/* Have it do something; if it is able to say whether it has, wait for that. */
int channel_set(struct channel *channel, __u32 request, struct vhost_user_message *message,
		size_t size, const int *fds, size_t nr_fds);
int channel_set_u64(struct channel *channel, __u32 request, __u64 value);
int channel_set_fd(struct channel *channel, __u32 request, __u64 value, int fd);
int channel_set_state(struct channel *channel, __u32 request, __u32 index, __u32 num);

/* What is on it does not make sense any more: the other side is to notice. Returns @error. */
int channel_give_up(struct channel *channel, int error);

/*
 * Nobody waits for an answer, and the socket is readable, or was, before another thread had its
 * answer: is it what was not asked for (EPROTO), or the end?
 */
int channel_listen(struct channel *channel);

void channel_close(struct channel *channel);

#endif /* VIRTIO_VHOST_USER_CHANNEL_H */
