// SPDX-License-Identifier: GPL-2.0
/*
 * The front end of the vhost-user protocol. The back end maps the guest's memory, which is a file,
 * and has the eventfds: no message is sent while queues run.
 *
 * It is a process that may do what it likes. What it sends is looked at, and it has so much time
 * for each operation, since a processor of the guest waits for that: begin() sets the deadline.
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memory.h"
#include "virtio/transport.h"
#include "virtio/vhost_user.h"
#include "virtio/vhost_user_message.h"

#define PROTOCOL_FEATURE(name)	(1ULL << VHOST_USER_PROTOCOL_F_##name)

#define PROTOCOL_FEATURES	(PROTOCOL_FEATURE(MQ) | PROTOCOL_FEATURE(REPLY_ACK) | \
				 PROTOCOL_FEATURE(BACKEND_REQ) | PROTOCOL_FEATURE(CONFIG))

/* Where a ring begins: a packed one with both wrap counters set. */
#define SPLIT_BASE		0
#define PACKED_BASE		0x80008000U

/**
 * struct vhost_user - a back end
 * @backend: what the transport knows of it
 * @socket: for our requests
 * @requests: for its requests; -1: it makes none
 * @events: an epoll instance that waits for both
 * @deadline: by when all answers of the operation that is under way have to be there
 * @features: of the device, and VHOST_USER_F_PROTOCOL_FEATURES
 * @protocol: features of the protocol that both sides know
 * @max_queues: how many queues it serves at most
 * @accepted: features that the driver has accepted
 * @running: a flag for each of its queues
 */
struct vhost_user {
	struct backend backend;
	int socket;
	int requests;
	int events;
	long long deadline;
	__u64 features;
	__u64 protocol;
	unsigned int max_queues;
	__u64 accepted;
	bool *running;
};

static struct vhost_user *to_vhost_user(const struct backend *backend)
{
	return (struct vhost_user *)backend;
}

static struct vhost_user *begin(struct backend *backend)
{
	struct vhost_user *user = to_vhost_user(backend);

	user->deadline = vhost_user_deadline(VHOST_USER_TIMEOUT);
	return user;
}

static bool has_protocol_features(const struct vhost_user *user)
{
	return user->features & VIRTIO_FEATURE(VHOST_USER_F_PROTOCOL_FEATURES);
}

/* A back end that is not understood any more is to stop what it does for the guest. */
static int give_up(struct vhost_user *user, int error)
{
	shutdown(user->socket, SHUT_RDWR);
	return error;
}

/* Send a request that is in @message but for its header. */
static int send_request(struct vhost_user *user, __u32 request, struct vhost_user_message *message,
			size_t size, __u32 flags, const int *fds, size_t nr_fds)
{
	int error;

	message->header = (struct vhost_user_header){
		.request = request, .flags = VHOST_USER_VERSION | flags, .size = size,
	};
	error = vhost_user_send(user->socket, message, fds, nr_fds, user->deadline);
	return error ? give_up(user, error) : 0;
}

static int receive_reply(struct vhost_user *user, __u32 request, struct vhost_user_message *message,
			 size_t size)
{
	int error = vhost_user_receive(user->socket, message, user->deadline);

	if (!error && (message->header.request != request || message->header.size != size ||
		       !(message->header.flags & VHOST_USER_REPLY)))
		error = -EPROTO;
	return error ? give_up(user, error) : 0;
}

/* Have it do something; if it is able to say whether it has, wait for that. */
static int set(struct vhost_user *user, __u32 request, struct vhost_user_message *message,
	       size_t size, const int *fds, size_t nr_fds)
{
	bool ack = user->protocol & PROTOCOL_FEATURE(REPLY_ACK);
	int error;

	error = send_request(user, request, message, size, ack ? VHOST_USER_NEED_REPLY : 0, fds,
			     nr_fds);
	if (!error && ack)
		error = receive_reply(user, request, message, sizeof(message->payload.u64));
	if (!error && ack && message->payload.u64)
		error = give_up(user, -EIO);
	return error;
}

static int set_u64(struct vhost_user *user, __u32 request, __u64 value)
{
	struct vhost_user_message message = { .payload.u64 = value };

	return set(user, request, &message, sizeof(value), NULL, 0);
}

static int set_fd(struct vhost_user *user, __u32 request, __u64 value, int fd)
{
	struct vhost_user_message message = { .payload.u64 = value };

	return set(user, request, &message, sizeof(value), &fd, 1);
}

static int set_state(struct vhost_user *user, __u32 request, __u32 index, __u32 num)
{
	struct vhost_user_message message = { .payload.state = { .index = index, .num = num } };

	return set(user, request, &message, sizeof(message.payload.state), NULL, 0);
}

static int get_u64(struct vhost_user *user, __u32 request, __u64 *value)
{
	struct vhost_user_message message = { .header = { 0 } };
	int error;

	error = send_request(user, request, &message, 0, 0, NULL, 0);
	if (!error)
		error = receive_reply(user, request, &message, sizeof(*value));
	*value = message.payload.u64;
	return error;
}

static int vhost_user_features(struct backend *backend, __u64 *features)
{
	struct vhost_user *user = to_vhost_user(backend);

	*features = user->features & ~VIRTIO_FEATURE(VHOST_USER_F_PROTOCOL_FEATURES);
	return 0;
}

static size_t config_size(size_t length)
{
	return offsetof(struct vhost_user_config, data) + length;
}

static int vhost_user_get_config(struct backend *backend, void *config, size_t length)
{
	struct vhost_user *user = begin(backend);
	struct vhost_user_message message = { .payload.config = { .size = length } };
	int error;

	if (!(user->protocol & PROTOCOL_FEATURE(CONFIG)))
		return -EOPNOTSUPP;
	if (length > VHOST_USER_MAX_CONFIG)
		return -EINVAL;
	error = send_request(user, VHOST_USER_GET_CONFIG, &message, config_size(length), 0, NULL,
			     0);
	if (!error)
		error = receive_reply(user, VHOST_USER_GET_CONFIG, &message, config_size(length));
	if (!error)
		memcpy(config, message.payload.config.data, length);
	return error;
}

static int vhost_user_set_config(struct backend *backend, size_t offset, const void *data,
				 size_t length)
{
	struct vhost_user *user = begin(backend);
	struct vhost_user_message message = {
		.payload.config = { .offset = offset, .size = length },
	};

	if (length > VHOST_USER_MAX_CONFIG)
		return -EINVAL;
	memcpy(message.payload.config.data, data, length);
	return set(user, VHOST_USER_SET_CONFIG, &message, config_size(length), NULL, 0);
}

static __u64 user_address(const struct vhost_user *user, __u64 address)
{
	return (unsigned long)memory_at(user->backend.memory, address, 1);
}

static int share_memory(struct vhost_user *user)
{
	const struct guest_memory *memory = user->backend.memory;
	struct vhost_user_message message = { .payload.memory = { .nr = memory->nr_ram } };
	int fds[MAX_RAM];
	unsigned int i;

	for (i = 0; i < memory->nr_ram; i++) {
		const struct ram *ram = &memory->ram[i];

		message.payload.memory.regions[i] = (struct vhost_user_region){
			.guest = ram->address, .size = ram->size,
			.user = (unsigned long)ram->host, .offset = memory_offset(memory, ram),
		};
		fds[i] = memory->fd;
	}
	return set(user, VHOST_USER_SET_MEM_TABLE, &message,
		   offsetof(struct vhost_user_memory, regions) +
		   memory->nr_ram * sizeof(struct vhost_user_region), fds, memory->nr_ram);
}

static int set_address(struct vhost_user *user, unsigned int index, const struct queue *queue)
{
	struct vhost_user_message message = {
		.payload.address = {
			.index = index,
			.desc = user_address(user, queue->desc),
			.used = user_address(user, queue->device),
			.avail = user_address(user, queue->driver),
		},
	};

	return set(user, VHOST_USER_SET_VRING_ADDR, &message, sizeof(message.payload.address),
		   NULL, 0);
}

static int set_call(struct vhost_user *user, unsigned int index, const struct queue *queue)
{
	return set_fd(user, VHOST_USER_SET_VRING_CALL, index, queue->call);
}

static int vhost_user_set_call(struct backend *backend, unsigned int index,
			       const struct queue *queue)
{
	return set_call(begin(backend), index, queue);
}

static int start_queue(struct vhost_user *user, unsigned int index, const struct queue *queue)
{
	bool packed = user->accepted & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	int error;

	if (index >= user->max_queues)
		return -EINVAL;
	error = set_state(user, VHOST_USER_SET_VRING_NUM, index, queue->size);
	if (!error)
		error = set_state(user, VHOST_USER_SET_VRING_BASE, index,
				  packed ? PACKED_BASE : SPLIT_BASE);
	if (!error)
		error = set_address(user, index, queue);
	if (!error)
		error = set_call(user, index, queue);
	if (!error)
		error = set_fd(user, VHOST_USER_SET_VRING_KICK, index, queue->kick);
	if (error)
		return error;
	user->running[index] = true;
	/* Without features of the protocol a ring needs no enabling. */
	return has_protocol_features(user) ?
	       set_state(user, VHOST_USER_SET_VRING_ENABLE, index, 1) : 0;
}

static int vhost_user_start_queue(struct backend *backend, unsigned int index,
				  const struct queue *queue)
{
	return start_queue(begin(backend), index, queue);
}

/* The answer tells where it has stopped, which is where nothing will go on. */
static int stop_queue(struct vhost_user *user, unsigned int index)
{
	struct vhost_user_message message = { .payload.state = { .index = index } };
	int error = 0;

	if (!user->running[index])
		return 0;
	user->running[index] = false;
	if (has_protocol_features(user))
		error = set_state(user, VHOST_USER_SET_VRING_ENABLE, index, 0);
	if (!error)
		error = send_request(user, VHOST_USER_GET_VRING_BASE, &message,
				     sizeof(message.payload.state), 0, NULL, 0);
	if (!error)
		error = receive_reply(user, VHOST_USER_GET_VRING_BASE, &message,
				      sizeof(message.payload.state));
	return error;
}

static int vhost_user_stop_queue(struct backend *backend, unsigned int index)
{
	return stop_queue(begin(backend), index);
}

static int vhost_user_stop(struct backend *backend)
{
	struct vhost_user *user = begin(backend);
	int error = 0;
	unsigned int i;

	for (i = 0; !error && i < user->max_queues; i++)
		error = stop_queue(user, i);
	return error;
}

static int vhost_user_start(struct backend *backend, __u64 features, const struct queue *queues,
			    unsigned int nr_queues)
{
	struct vhost_user *user = begin(backend);
	const __u64 protocol = user->features & VIRTIO_FEATURE(VHOST_USER_F_PROTOCOL_FEATURES);
	unsigned int i;
	int error;

	user->accepted = features;
	error = set_u64(user, VHOST_USER_SET_FEATURES, (features & user->features) | protocol);
	if (!error)
		error = share_memory(user);
	for (i = 0; !error && i < nr_queues; i++) {
		if (queues[i].enabled)
			error = start_queue(user, i, &queues[i]);
	}
	return error;
}

static int vhost_user_poll_fd(const struct backend *backend)
{
	return to_vhost_user(backend)->events;
}

/* It has something to tell, or its end of a socket is closed. */
static int vhost_user_dispatch(struct backend *backend)
{
	struct vhost_user *user = begin(backend);
	struct vhost_user_message message;
	struct epoll_event event;
	bool known;
	int error;

	if (epoll_wait(user->events, &event, 1, 0) != 1)
		return BACKEND_NOTHING;
	error = vhost_user_receive(event.data.fd, &message, user->deadline);
	/* Answers come only when we wait for them. */
	if (!error && event.data.fd == user->socket)
		error = -EPROTO;
	if (error)
		return give_up(user, error);
	known = message.header.request == VHOST_USER_BACKEND_CONFIG_CHANGE_MSG;
	if (message.header.flags & VHOST_USER_NEED_REPLY) {
		message.header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
		message.header.size = sizeof(message.payload.u64);
		message.payload.u64 = !known;
		error = vhost_user_send(user->requests, &message, NULL, 0, user->deadline);
	}
	if (error)
		return give_up(user, error);
	return known ? BACKEND_CONFIG_CHANGED : BACKEND_NOTHING;
}

static void vhost_user_close(struct backend *backend)
{
	struct vhost_user *user = to_vhost_user(backend);

	close(user->socket);
	if (user->requests >= 0)
		close(user->requests);
	if (user->events >= 0)
		close(user->events);
	free(user->running);
	free(user);
}

static const struct backend_ops vhost_user_ops = {
	.name = "the vhost-user daemon",
	.features = vhost_user_features,
	.get_config = vhost_user_get_config,
	.set_config = vhost_user_set_config,
	.start = vhost_user_start,
	.stop = vhost_user_stop,
	.start_queue = vhost_user_start_queue,
	.stop_queue = vhost_user_stop_queue,
	.set_call = vhost_user_set_call,
	.poll_fd = vhost_user_poll_fd,
	.dispatch = vhost_user_dispatch,
	.close = vhost_user_close,
};

static int watch(struct vhost_user *user, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(user->events, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* Give it a socket for its own requests. */
static int open_requests(struct vhost_user *user)
{
	int pair[2];
	int error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	user->requests = pair[0];
	error = set_fd(user, VHOST_USER_SET_BACKEND_REQ_FD, 0, pair[1]);
	close(pair[1]);
	return error ? error : watch(user, user->requests);
}

static int agree_on_protocol(struct vhost_user *user)
{
	__u64 queues = 1;
	__u64 protocol;
	int error;

	error = get_u64(user, VHOST_USER_GET_PROTOCOL_FEATURES, &protocol);
	protocol &= PROTOCOL_FEATURES;
	if (!error)
		error = set_u64(user, VHOST_USER_SET_PROTOCOL_FEATURES, protocol);
	user->protocol = protocol;
	if (!error && user->protocol & PROTOCOL_FEATURE(MQ))
		error = get_u64(user, VHOST_USER_GET_QUEUE_NUM, &queues);
	if (!error && (!queues || queues > KVPCI_MAX_VIRTIO_QUEUES))
		error = -EPROTO;
	user->max_queues = queues;
	if (!error && user->protocol & PROTOCOL_FEATURE(BACKEND_REQ))
		error = open_requests(user);
	return error;
}

static int introduce(struct vhost_user *user)
{
	struct vhost_user_message message = { .header = { 0 } };
	int error;

	user->max_queues = 1;
	error = get_u64(user, VHOST_USER_GET_FEATURES, &user->features);
	if (!error)
		error = set(user, VHOST_USER_SET_OWNER, &message, 0, NULL, 0);
	if (!error && has_protocol_features(user))
		error = agree_on_protocol(user);
	if (error)
		return error;
	user->running = calloc(user->max_queues, sizeof(*user->running));
	return user->running ? 0 : -ENOMEM;
}

int vhost_user_open(int fd, const struct guest_memory *memory, struct backend **backend)
{
	struct vhost_user *user = malloc(sizeof(*user));
	int error;

	if (!user) {
		close(fd);
		return -ENOMEM;
	}
	*user = (struct vhost_user){
		.backend = { .ops = &vhost_user_ops, .memory = memory },
		.socket = fd, .requests = -1,
		.deadline = vhost_user_deadline(VHOST_USER_OPEN_TIMEOUT),
	};
	user->events = epoll_create1(EPOLL_CLOEXEC);
	error = user->events < 0 ? -errno : watch(user, fd);
	if (!error)
		error = introduce(user);
	if (error)
		vhost_user_close(&user->backend);
	else
		*backend = &user->backend;
	return error;
}

unsigned int vhost_user_max_queues(const struct backend *backend)
{
	return to_vhost_user(backend)->max_queues;
}
