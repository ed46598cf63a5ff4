// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of the vhost-user protocol, on sockets that do not block: whoever is at the other end
 * has until a deadline, however it cuts what it sends into pieces.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "milliseconds.h"
#include "virtio/vhost_user_message.h"

long long vhost_user_deadline(int timeout)
{
	return milliseconds() + timeout;
}

/* Processors are kicked by signals. */
static int await(int socket, short events, long long deadline)
{
	struct pollfd fd = { .fd = socket, .events = events };
	long long left = deadline - milliseconds();
	int ret;

	ret = poll(&fd, 1, left > 0 ? left : 0);
	if (ret > 0)
		return 0;
	if (ret < 0 && errno == EINTR)
		return 0;
	return ret ? -errno : -ETIMEDOUT;
}

/* Was it only that it would have blocked? Then wait. */
static int retry(int socket, short events, long long deadline)
{
	if (errno == EPIPE)
		return -ECONNRESET;
	if (errno != EAGAIN && errno != EINTR)
		return -errno;
	return await(socket, events, deadline);
}

int vhost_user_send(int socket, const struct vhost_user_message *message, const int *fds,
		    size_t nr_fds, long long deadline)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(VHOST_USER_MAX_REGIONS * sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec piece = {
		.iov_base = (void *)message,
		.iov_len = sizeof(message->header) + message->header.size,
	};
	struct msghdr send = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t sent;
	int error;

	if (nr_fds) {
		send.msg_control = &control;
		send.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, nr_fds * sizeof(int));
	}
	while (piece.iov_len) {
		sent = sendmsg(socket, &send, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0) {
			error = retry(socket, POLLOUT, deadline);
			if (error)
				return error;
			continue;
		}
		piece.iov_base = (char *)piece.iov_base + sent;
		piece.iov_len -= sent;
		send.msg_control = NULL;
		send.msg_controllen = 0;
	}
	return 0;
}

static void *close_one(void *argument)
{
	close((long)argument);
	return NULL;
}

/* Its file system may be the sender's (FUSE), and not return from that: let others go on. */
static void close_elsewhere(int fd)
{
	pthread_attr_t attributes;
	pthread_t thread;

	if (pthread_attr_init(&attributes))
		return;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	/* If there can be no thread, better keep it. */
	pthread_create(&thread, &attributes, close_one, (void *)(long)fd);
	pthread_attr_destroy(&attributes);
}

/* Only what is memory has seals, be it a memfd or a file of such a file system. */
static bool is_memory(int fd)
{
	return fcntl(fd, F_GET_SEALS) >= 0;
}

/* Keep the descriptor that has come, if one has. Was there none that we do not want? */
static bool take_fd(struct msghdr *got, int *fd)
{
	const struct cmsghdr *header = CMSG_FIRSTHDR(got);
	int one;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof(one)))
		return true;
	memcpy(&one, CMSG_DATA(header), sizeof(one));
	if (!is_memory(one)) {
		close_elsewhere(one);
		return false;
	}
	*fd = one;
	return true;
}

/*
 * What there is no room for, or is not asked for, the kernel closes, without asking a file system.
 * There is room for one, which is less than CMSG_SPACE() has.
 */
static ssize_t receive_some(int socket, void *data, size_t length, int *fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec piece = { .iov_base = data, .iov_len = length };
	struct msghdr receive = {
		.msg_iov = &piece, .msg_iovlen = 1,
		.msg_control = fd ? &control : NULL,
		.msg_controllen = fd ? CMSG_LEN(sizeof(int)) : 0,
	};
	ssize_t got = recvmsg(socket, &receive, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got > 0 && fd && !take_fd(&receive, fd)) {
		errno = EPROTO;
		return -1;
	}
	return got;
}

static int receive_bytes(int socket, void *data, size_t length, int *fd, long long deadline)
{
	ssize_t got;
	int error;

	while (length) {
		got = receive_some(socket, data, length, fd && *fd < 0 ? fd : NULL);
		if (!got)
			return -ECONNRESET;
		if (got < 0) {
			error = retry(socket, POLLIN, deadline);
			if (error)
				return error;
			continue;
		}
		data = (char *)data + got;
		length -= got;
	}
	return 0;
}

static bool has_good_header(const struct vhost_user_message *message)
{
	return (message->header.flags & VHOST_USER_VERSION_MASK) == VHOST_USER_VERSION &&
	       message->header.size <= sizeof(message->payload);
}

static int receive(int socket, struct vhost_user_message *message, int *fd, long long deadline)
{
	int error;

	error = receive_bytes(socket, &message->header, sizeof(message->header), fd, deadline);
	if (error)
		return error;
	if (!has_good_header(message))
		return -EPROTO;
	return receive_bytes(socket, &message->payload, message->header.size, fd, deadline);
}

int vhost_user_receive(int socket, struct vhost_user_message *message, int *fd,
		       long long deadline)
{
	int error;

	memset(message, 0, sizeof(*message));
	if (fd)
		*fd = -1;
	error = receive(socket, message, fd, deadline);
	if (error && fd && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return error;
}

int vhost_user_receive_some(int socket, struct vhost_user_message *message, size_t *received)
{
	size_t length = sizeof(message->header);
	ssize_t got;

	if (!*received)
		memset(message, 0, sizeof(*message));
	while (true) {
		if (*received >= sizeof(message->header)) {
			if (!has_good_header(message))
				return -EPROTO;
			length = sizeof(message->header) + message->header.size;
		}
		if (*received == length)
			return 1;
		got = receive_some(socket, (char *)message + *received, length - *received, NULL);
		if (!got)
			return -ECONNRESET;
		if (got < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		*received += got;
	}
}
