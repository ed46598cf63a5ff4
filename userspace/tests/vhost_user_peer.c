// SPDX-License-Identifier: GPL-2.0
/* A vhost-user daemon that is a thread of the tests'. */
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"
#include "vhost_user_peer.h"

struct peer peer;

const struct vhost_user_type peer_type = {
	.has_config = true, .has_inflight = true, .counted_as_one = 1,
};

/* With the descriptors, of which the number is kept, and the socket for its own requests. */
static bool receive(struct peer *daemon, struct vhost_user_message *message,
		    size_t *nr_fds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(VHOST_USER_MAX_REGIONS * sizeof(int))];
	} control;
	struct iovec piece = { .iov_base = message, .iov_len = sizeof(message->header) };
	struct msghdr msg = {
		.msg_iov = &piece, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	size_t i;

	if (recvmsg(daemon->socket, &msg, MSG_WAITALL) != sizeof(message->header))
		return false;
	header = CMSG_FIRSTHDR(&msg);
	*nr_fds = header ? (header->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	for (i = 0; i < *nr_fds; i++) {
		int fd = ((int *)CMSG_DATA(header))[i];

		if (message->header.request == VHOST_USER_SET_BACKEND_REQ_FD)
			daemon->requests = fd;
		else if (message->header.request == VHOST_USER_SET_INFLIGHT_FD)
			daemon->inflight = fd;
		else
			close(fd);
	}
	return !message->header.size ||
	       recv(daemon->socket, &message->payload, message->header.size, MSG_WAITALL) ==
	       message->header.size;
}

/* With a descriptor. */
static void send_inflight(const struct peer *daemon, struct vhost_user_message *message)
{
	int fd = daemon->gives_file ? open("/dev/null", O_RDWR | O_CLOEXEC) :
				      memfd_create("inflight", MFD_CLOEXEC);

	message->header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	message->payload.inflight.size = 4096;
	EXPECT(fd >= 0);
	EXPECT(!vhost_user_send(daemon->socket, message, &fd, 1, vhost_user_deadline(10000)));
	close(fd);
}

static void answer(const struct peer *daemon, struct vhost_user_message *message)
{
	struct virtio_blk_config config = { .capacity = 1234, .num_queues = PEER_QUEUES };

	message->header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	switch (message->header.request) {
	case VHOST_USER_GET_FEATURES:
		message->payload.u64 = daemon->features;
		message->header.size = 8;
		break;
	case VHOST_USER_GET_PROTOCOL_FEATURES:
		message->payload.u64 = daemon->protocol;
		message->header.size = 8;
		break;
	case VHOST_USER_GET_QUEUE_NUM:
		message->payload.u64 = daemon->queues;
		message->header.size = 8;
		break;
	case VHOST_USER_GET_CONFIG:
		memcpy(message->payload.config.data, &config, message->payload.config.size);
		break;
	case VHOST_USER_GET_VRING_BASE:
		message->payload.state.num = daemon->base;
		break;
	default:
		message->payload.u64 = message->header.request == daemon->refused;
		message->header.size = 8;
	}
	if (message->header.request == daemon->nonsense)
		message->header.request++;
	send(daemon->socket, message, sizeof(message->header) + message->header.size, 0);
}

static bool wants_answer(const struct vhost_user_message *message)
{
	switch (message->header.request) {
	case VHOST_USER_GET_FEATURES:
	case VHOST_USER_GET_PROTOCOL_FEATURES:
	case VHOST_USER_GET_QUEUE_NUM:
	case VHOST_USER_GET_CONFIG:
	case VHOST_USER_GET_VRING_BASE:
		return true;
	default:
		return message->header.flags & VHOST_USER_NEED_REPLY;
	}
}

static void *serve(void *argument)
{
	struct peer *daemon = argument;
	struct vhost_user_message message;

	while (daemon->nr < PEER_MAX_MESSAGES &&
	       receive(daemon, &message, &daemon->nr_fds[daemon->nr])) {
		daemon->messages[daemon->nr++] = message;
		if (message.header.request == VHOST_USER_GET_INFLIGHT_FD)
			send_inflight(daemon, &message);
		else if (wants_answer(&message))
			answer(daemon, &message);
	}
	close(daemon->socket);
	return NULL;
}

int peer_start(__u64 protocol, __u32 nonsense, __u32 refused)
{
	int pair[2];

	EXPECT(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	peer = (struct peer){
		.socket = pair[1], .features = PEER_FEATURES, .protocol = protocol,
		.queues = PEER_QUEUES, .nonsense = nonsense, .refused = refused,
	};
	EXPECT(!pthread_create(&peer.thread, NULL, serve, &peer));
	return pair[0];
}

static void *listen_and_serve(void *argument)
{
	struct peer *daemon = argument;
	int listening = daemon->socket;

	daemon->socket = accept(listening, NULL, NULL);
	close(listening);
	return serve(daemon);
}

void peer_listen(const char *path, __u64 protocol)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	EXPECT(!bind(fd, (const struct sockaddr *)&address, sizeof(address)) && !listen(fd, 1));
	peer = (struct peer){
		.socket = fd, .features = PEER_FEATURES, .protocol = protocol,
		.queues = PEER_QUEUES,
	};
	EXPECT(!pthread_create(&peer.thread, NULL, listen_and_serve, &peer));
}

void peer_await(void)
{
	pthread_join(peer.thread, NULL);
	if (peer.inflight)
		close(peer.inflight);
	peer.inflight = 0;
}

void peer_end(void)
{
	shutdown(peer.socket, SHUT_RDWR);
	peer_await();
}

const struct vhost_user_message *peer_told(__u32 request, size_t *nr_fds)
{
	unsigned int i;

	for (i = peer.nr; i--;) {
		if (peer.messages[i].header.request != request)
			continue;
		*nr_fds = peer.nr_fds[i];
		return &peer.messages[i];
	}
	return NULL;
}
