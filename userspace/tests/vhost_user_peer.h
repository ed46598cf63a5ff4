/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vhost-user daemon that is a thread of the tests'. It serves no queue, but answers, and keeps
 * what it has been told. There is one at a time.
 */
#ifndef VHOST_USER_PEER_H
#define VHOST_USER_PEER_H

#include <pthread.h>
#include <stdbool.h>

#include "virtio/transport.h"
#include "virtio/vhost_user.h"
#include "virtio/vhost_user_message.h"

#define PEER_QUEUES		2
#define PEER_MAX_MESSAGES	128

#define PEER_FEATURES	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_BLK_F_MQ) | \
			 VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) | \
			 VIRTIO_FEATURE(VIRTIO_BLK_F_SECURE_ERASE) | \
			 VIRTIO_FEATURE(VHOST_USER_F_PROTOCOL_FEATURES))

#define PEER_PROTOCOL	(1 << VHOST_USER_PROTOCOL_F_MQ | 1 << VHOST_USER_PROTOCOL_F_CONFIG)

/**
 * struct peer - what it is to do, and what it has been told
 * @socket: its end of the connection, or what it listens at
 * @features: what it offers
 * @protocol: features of the protocol
 * @queues: how many queues it says that it serves
 * @nonsense: the request to which it gives a wrong answer; 0: none
 * @refused: the request that it says it could not do; 0: none
 * @base: where it says that it has stopped
 * @gives_file: what it gives for INFLIGHT_SHMFD is a file, and not memory
 * @thread: the thread
 * @messages: what it has been told
 * @nr_fds: with so many descriptors each
 * @nr: number of messages
 * @requests: the socket for its own requests
 * @inflight: the file that it has been given for INFLIGHT_SHMFD; 0: none
 */
struct peer {
	int socket;
	__u64 features;
	__u64 protocol;
	__u64 queues;
	__u32 nonsense;
	__u32 refused;
	__u32 base;
	bool gives_file;
	pthread_t thread;
	struct vhost_user_message messages[PEER_MAX_MESSAGES];
	size_t nr_fds[PEER_MAX_MESSAGES];
	unsigned int nr;
	int requests;
	int inflight;
};

extern struct peer peer;

/* What it serves. */
extern const struct vhost_user_type peer_type;

/* Start it, and return our end of its socket. */
int peer_start(__u64 protocol, __u32 nonsense, __u32 refused);

/* Have it wait for a connection at a socket of that name. */
void peer_listen(const char *path, __u64 protocol);

/* Until it has ended, as it does when the connection is closed. */
void peer_await(void);

/* Have it end. */
void peer_end(void);

/* The last message of that kind, NULL if there was none, and how many descriptors it had. */
const struct vhost_user_message *peer_told(__u32 request, size_t *nr_fds);

#endif /* VHOST_USER_PEER_H */
