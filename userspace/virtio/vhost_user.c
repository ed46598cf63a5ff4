// SPDX-License-Identifier: GPL-2.0
/*
 * The front end of the vhost-user protocol. The back end maps the guest's memory, which is a file,
 * and has the eventfds: no message is sent while queues run.
 *
 * It is a process that may do what it likes. What it sends is looked at, and it has so much time
 * for each operation, since a processor of the guest waits for that: begin() sets the deadline.
 *
 * One that is to be reconnected may go, and another take its place:
 *
 *	           connection lost         told of           connected         has answered
 *	PRESENT ------------------> LEFT ---------> AWAY <------------> CALLED -----> PRESENT
 *	                                                   or refused
 *
 * The event loop does that, by vhost_user_dispatch(); what has come first, that the connection is
 * lost or an operation that finds it so, makes no difference. While there is no back end, all
 * operations succeed, for they have no more to do than what is done when the queues are started
 * again. Only the first answer of the new one is not waited for: who does not run can't give it.
 * What follows has little time: until then nobody has to do with it, and the loop serves others.
 *
 * Behind the virtual IOMMU it knows rings by addresses of the guest's, too, and asks by its own
 * requests where they are (iotlb.c). DPDK drops packets for the guest meanwhile, so it is told of
 * what the guest maps before it asks. Of that, and of what the guest unmaps, it is told by the
 * thread that serves the guest's request, whatever another one does with this device: so there is a
 * lock from each request to its answer. That says that it does not use the mapping any more.
 *
 * A driver's reset is that all queues are stopped, and told besides to who wants to know of it.
 *
 * A queue goes on where it was. If the daemon keeps its requests in memory that we hand on
 * (inflight.c), the new one knows which are to be done. If it does not, that is known if requests
 * are completed in order, or if all are (progress.c). Otherwise the driver has to begin anew.
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event.h"
#include "memory.h"
#include "report.h"
#include "virtio/inflight.h"
#include "virtio/iotlb.h"
#include "virtio/progress.h"
#include "virtio/transport.h"
#include "virtio/vhost_user.h"
#include "virtio/vhost_user_channel.h"

#define PROTOCOL_FEATURE(name)	(1ULL << VHOST_USER_PROTOCOL_F_##name)

#define PROTOCOL_FEATURES	(PROTOCOL_FEATURE(MQ) | PROTOCOL_FEATURE(REPLY_ACK) | \
				 PROTOCOL_FEATURE(BACKEND_REQ) | PROTOCOL_FEATURE(NET_MTU) | \
				 PROTOCOL_FEATURE(RESET_DEVICE))

/* As many descriptors as no type's queues have more. */
#define INFLIGHT_QUEUE_SIZE	1024

/* As many as DPDK has under way. */
#define MAX_LATE_MISSES	2048

/* Milliseconds for the next one of the requests that a queue has begun, when it is to stop. */
#define DRAIN_TIMEOUT	1000

enum presence {
	PRESENT,
	LEFT,		/* of which has to be told */
	AWAY,		/* the timer says when to look for it */
	CALLED,		/* there is a connection, and the first answer has to come */
};

/**
 * struct vhost_user_queue - a queue as the back end has it
 * @begun: one has served it since the driver has enabled it
 * @running: this one may
 * @paused: it did, and will again
 * @queue: what it was told
 */
struct vhost_user_queue {
	bool begun;
	bool running;
	bool paused;
	struct queue queue;
};

/**
 * struct vhost_user - a back end
 * @backend: what the transport knows of it
 * @ops: that of its operations which the type of device has
 * @type: the type of device
 * @presence: is there one?
 * @channel: for our requests
 * @requests: for its requests; -1: it makes none
 * @request: the one that it makes, of which there are
 * @received: so many bytes
 * @events: an epoll instance that waits for both, and for the timer
 * @features: of the device, and VHOST_USER_F_PROTOCOL_FEATURES
 * @offered: and those that the first one had
 * @protocol: features of the protocol that both sides know
 * @max_queues: how many queues it serves at most
 * @nr_enabled: the first so many may be used when they run, and the others may not
 * @mtu: of a network device, which each is told of; 0: not given
 * @accepted: features that the driver has accepted
 * @queues: each of them
 * @reconnect: how to get another if it has gone
 * @complete: none was under way when it went
 * @inflight: where it keeps which are under way
 * @iotlb: what it knows of addresses; cleared of being active with the channel's lock held
 */
struct vhost_user {
	struct backend backend;
	struct backend_ops ops;
	struct vhost_user_type type;
	enum presence presence;
	struct channel channel;
	int requests;
	struct vhost_user_message request;
	size_t received;
	int events;
	__u64 features;
	__u64 offered;
	__u64 protocol;
	unsigned int max_queues;
	unsigned int nr_enabled;
	__u16 mtu;
	__u64 accepted;
	struct vhost_user_queue *queues;
	struct reconnect reconnect;
	bool complete;
	struct inflight inflight;
	struct iotlb iotlb;
};

static struct vhost_user *to_vhost_user(const struct backend *backend)
{
	return (struct vhost_user *)backend;
}

static struct vhost_user *begin(struct backend *backend)
{
	struct vhost_user *user = to_vhost_user(backend);

	channel_begin(&user->channel, VHOST_USER_TIMEOUT);
	return user;
}

static bool is_present(const struct vhost_user *user)
{
	return user->presence == PRESENT;
}

static bool is_reconnected(const struct vhost_user *user)
{
	return reconnect_is_there(&user->reconnect);
}

static bool has_protocol_features(const struct vhost_user *user)
{
	return user->features & VIRTIO_FEATURE(VHOST_USER_F_PROTOCOL_FEATURES);
}

/* Can it be told of addresses, and say when it has forgotten them? */
static bool can_translate(const struct vhost_user *user)
{
	const __u64 needed = PROTOCOL_FEATURE(BACKEND_REQ) | PROTOCOL_FEATURE(REPLY_ACK);

	return (user->protocol & needed) == needed;
}

static void hang_up(struct vhost_user *user)
{
	channel_lock(&user->channel);
	user->iotlb.active = false;
	channel_close(&user->channel);
	if (user->requests >= 0)
		close(user->requests);
	user->requests = -1;
	user->received = 0;
	channel_unlock(&user->channel);
}

/* Can another one go on with what this one has begun? */
static bool can_be_followed(const struct vhost_user *user)
{
	return user->complete || user->type.ordered || inflight_is_there(&user->inflight) ||
	       user->accepted & VIRTIO_FEATURE(VIRTIO_F_IN_ORDER);
}

/* Before the driver, which goes on, has made more requests: of these there may be any. */
static void look_at_queues(struct vhost_user *user)
{
	unsigned int i;

	for (i = 0; i < user->max_queues; i++) {
		struct vhost_user_queue *queue = &user->queues[i];

		if ((queue->running || queue->paused) &&
		    !progress_is_complete(user->backend.memory, user->iotlb.endpoint,
					  &queue->queue))
			user->complete = false;
		queue->running = false;
		queue->paused = false;
	}
}

/* An operation has ended with @error: if that is for now only, it has succeeded. */
static int settle(struct vhost_user *user, int error)
{
	if (error != -ECONNRESET || !is_reconnected(user))
		return error;
	look_at_queues(user);
	hang_up(user);
	user->presence = LEFT;
	reconnect_lost(&user->reconnect);
	return can_be_followed(user) ? 0 : -ENOTRECOVERABLE;
}

/* Where a packed ring was can't be told from it. */
static int vhost_user_features(struct backend *backend, __u64 *features)
{
	struct vhost_user *user = to_vhost_user(backend);

	*features = user->offered & ~VIRTIO_FEATURE(VHOST_USER_F_PROTOCOL_FEATURES);
	if (is_reconnected(user))
		*features &= ~VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	if (!can_translate(user))
		*features &= ~VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM);
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

	if (!is_present(user))
		return -EAGAIN;
	if (!(user->protocol & PROTOCOL_FEATURE(CONFIG)))
		return -EOPNOTSUPP;
	if (length > VHOST_USER_MAX_CONFIG)
		return -EINVAL;
	error = channel_ask(&user->channel, VHOST_USER_GET_CONFIG, &message, config_size(length));
	if (!error) {
		memcpy(config, message.payload.config.data, length);
		return 0;
	}
	error = settle(user, error);
	return error ? error : -EAGAIN;
}

static int vhost_user_set_config(struct backend *backend, size_t offset, const void *data,
				 size_t length)
{
	struct vhost_user *user = begin(backend);
	struct vhost_user_message message = {
		.payload.config = { .offset = offset, .size = length },
	};

	if (!is_present(user))
		return 0;
	if (length > VHOST_USER_MAX_CONFIG)
		return -EINVAL;
	memcpy(message.payload.config.data, data, length);
	return settle(user, channel_set(&user->channel, VHOST_USER_SET_CONFIG, &message,
					config_size(length), NULL, 0));
}

/* Where a part of a ring is, as the back end is to know it. */
static __u64 ring_address(const struct vhost_user *user, __u64 address)
{
	return user->iotlb.endpoint ? address :
				      (unsigned long)memory_at(user->backend.memory, address, 1);
}

/* An update comes before what is sent after it, so that it need not be waited for. */
static int send_iotlb(struct vhost_user *user, const struct vhost_iotlb_msg *what)
{
	struct vhost_user_message message = { .payload.iotlb = *what };
	struct channel *channel = &user->channel;

	/* Who has asked does not ask again, and some take an update for what can be reached. */
	if (what->type == VHOST_IOTLB_UPDATE)
		return what->perm ? channel_send(channel, VHOST_USER_IOTLB_MSG, &message,
						 sizeof(message.payload.iotlb), NULL, 0) : 0;
	return channel_set(channel, VHOST_USER_IOTLB_MSG, &message, sizeof(message.payload.iotlb),
			   NULL, 0);
}

/* In any thread. That there is nobody any more is for the event loop to see. */
static int tell_iotlb(void *context, const struct vhost_iotlb_msg *what)
{
	struct vhost_user *user = context;
	long long deadline;
	int error = 0;

	channel_lock(&user->channel);
	deadline = user->channel.deadline;
	channel_begin(&user->channel, VHOST_USER_TIMEOUT);
	if (user->iotlb.active)
		error = send_iotlb(user, what);
	user->channel.deadline = deadline;
	channel_unlock(&user->channel);
	return error == -ECONNRESET ? 0 : error;
}

static const struct iotlb_ops iotlb_ops = { .send = tell_iotlb, .daemon = true };

static int share_memory(struct vhost_user *user)
{
	const struct guest_memory *memory = user->backend.memory;
	struct vhost_user_message message = { .header = { 0 } };
	struct ram shared[MAX_RAM];
	int fds[MAX_RAM];
	unsigned int nr;
	unsigned int i;

	nr = memory_shared(memory, shared);
	message.payload.memory.nr = nr;
	for (i = 0; i < nr; i++) {
		const struct ram *ram = &shared[i];

		message.payload.memory.regions[i] = (struct vhost_user_region){
			.guest = ram->address, .size = ram->size,
			.user = (unsigned long)ram->host, .offset = memory_offset(memory, ram),
		};
		fds[i] = memory->fd;
	}
	return channel_set(&user->channel, VHOST_USER_SET_MEM_TABLE, &message,
			   offsetof(struct vhost_user_memory, regions) +
			   nr * sizeof(struct vhost_user_region), fds, nr);
}

static int set_address(struct vhost_user *user, unsigned int index, const struct queue *queue)
{
	struct vhost_user_message message = {
		.payload.address = {
			.index = index,
			.desc = ring_address(user, queue->desc),
			.used = ring_address(user, queue->device),
			.avail = ring_address(user, queue->driver),
		},
	};

	return channel_set(&user->channel, VHOST_USER_SET_VRING_ADDR, &message,
			   sizeof(message.payload.address), NULL, 0);
}

static int vhost_user_set_call(struct backend *backend, unsigned int index,
			       const struct queue *queue)
{
	struct vhost_user *user = begin(backend);

	if (!is_present(user))
		return 0;
	return settle(user, channel_set_fd(&user->channel, VHOST_USER_SET_VRING_CALL, index,
					   queue->call));
}

/* Where is it to begin, or to go on? Where the one before was, of a split ring, nobody has said. */
static __u32 find_base(const struct vhost_user *user, unsigned int index,
		       const struct queue *queue)
{
	const struct vhost_user_queue *state = &user->queues[index];

	return state->begun && !state->paused ?
	       progress_used(user->backend.memory, user->iotlb.endpoint, queue) : queue->base;
}

/* Without features of the protocol a ring needs no enabling. */
static int set_enabled(struct vhost_user *user, unsigned int index, bool enabled)
{
	return has_protocol_features(user) ?
	       channel_set_state(&user->channel, VHOST_USER_SET_VRING_ENABLE, index, enabled) : 0;
}

static int start_queue(struct vhost_user *user, unsigned int index, const struct queue *queue)
{
	struct channel *channel = &user->channel;
	struct vhost_user_queue *state;
	int error;

	if (index >= user->max_queues)
		return -EINVAL;
	state = &user->queues[index];
	error = channel_set_state(channel, VHOST_USER_SET_VRING_NUM, index, queue->size);
	if (!error)
		error = channel_set_state(channel, VHOST_USER_SET_VRING_BASE, index,
					  find_base(user, index, queue));
	if (!error && user->iotlb.endpoint)
		error = iotlb_fetch_ring(&user->iotlb, queue);
	if (!error)
		error = set_address(user, index, queue);
	if (!error)
		error = channel_set_fd(channel, VHOST_USER_SET_VRING_CALL, index, queue->call);
	if (error)
		return error;
	/* There may be requests of which the daemon before was told, or had no wish to be told. */
	if (state->begun)
		event_signal(queue->kick);
	*state = (struct vhost_user_queue){ .begun = true, .running = true, .queue = *queue };
	error = channel_set_fd(channel, VHOST_USER_SET_VRING_KICK, index, queue->kick);
	if (error)
		return error;
	return set_enabled(user, index, index < user->nr_enabled);
}

static int vhost_user_start_queue(struct backend *backend, unsigned int index,
				  const struct queue *queue)
{
	struct vhost_user *user = begin(backend);

	return is_present(user) ? settle(user, start_queue(user, index, queue)) : 0;
}

static int answer_miss(struct vhost_user *user, const struct vhost_user_message *message)
{
	const struct vhost_iotlb_msg miss = message->payload.iotlb;
	int error;

	if (message->header.size != sizeof(miss))
		return -EPROTO;
	if (miss.type != VHOST_IOTLB_MISS || !user->iotlb.active)
		return -EOPNOTSUPP;
	error = iotlb_answer(&user->iotlb, &miss);
	return error ? error : BACKEND_NOTHING;
}

/* Returns enum backend_event or a negative error number; EOPNOTSUPP: it is nothing for us. */
static int do_request(struct vhost_user *user, const struct vhost_user_message *message)
{
	switch (message->header.request) {
	case VHOST_USER_BACKEND_CONFIG_CHANGE_MSG:
		return user->type.has_config ? BACKEND_CONFIG_CHANGED : -EOPNOTSUPP;
	case VHOST_USER_BACKEND_IOTLB_MSG:
		return answer_miss(user, message);
	default:
		return -EOPNOTSUPP;
	}
}

static int acknowledge(const struct vhost_user *user, struct vhost_user_message *message, bool done)
{
	message->header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	message->header.size = sizeof(message->payload.u64);
	message->payload.u64 = !done;
	return vhost_user_send(user->requests, message, NULL, 0, user->channel.deadline);
}

/* Whose rest has not come is not waited for: others have their turn. */
static int serve_request(struct vhost_user *user)
{
	struct vhost_user_message *message = &user->request;
	int error = vhost_user_receive_some(user->requests, message, &user->received);
	int event;

	if (error <= 0)
		return error;
	user->received = 0;
	error = 0;
	event = do_request(user, message);
	if (event < 0 && event != -EOPNOTSUPP)
		return event;
	if (message->header.flags & VHOST_USER_NEED_REPLY)
		error = acknowledge(user, message, event >= 0);
	if (error)
		return error;
	return event < 0 ? BACKEND_NOTHING : event;
}

/*
 * A queue has been stopped, and the driver waits for that: answer what has been asked before.
 * Later, the driver may have unmapped it, which would be a fault.
 */
static int answer_late(struct vhost_user *user)
{
	struct vhost_user_header header;
	unsigned int i;
	int event = 0;

	for (i = 0; user->iotlb.active && i < MAX_LATE_MISSES && event >= 0; i++) {
		if (user->received ||
		    recv(user->requests, &header, sizeof(header), MSG_PEEK | MSG_DONTWAIT) !=
		    sizeof(header) || header.request != VHOST_USER_BACKEND_IOTLB_MSG)
			break;
		event = serve_request(user);
	}
	return event < 0 ? channel_give_up(&user->channel, event) : 0;
}

/*
 * qemu-storage-daemon 7.2 does not wait for the requests that it has begun when a queue is stopped:
 * it goes on to write their data to memory that the guest uses for something else by then, and does
 * not tell when it has done so. So there are to be none. Those that it can't make sense of it does
 * not complete at all.
 */
static void drain_queue(struct vhost_user *user, const struct queue *queue)
{
	const long long start = vhost_user_deadline(0);
	const long long end = start + (user->channel.deadline - start) / 2;
	long long give_up = 0;
	__u16 last = 0;

	if (!user->type.has_inflight || user->accepted & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED))
		return;
	while (progress_is_under_way(user->backend.memory, user->iotlb.endpoint, queue) &&
	       !channel_listen(&user->channel)) {
		const __u16 used = progress_used(user->backend.memory, user->iotlb.endpoint, queue);
		const long long now = vhost_user_deadline(0);

		if (used != last || !give_up)
			give_up = now + DRAIN_TIMEOUT;
		if (now >= give_up || now >= end)
			break;
		last = used;
		poll(NULL, 0, 1);
	}
}

/* Where has it stopped? */
static int halt_queue(struct vhost_user *user, unsigned int index, const struct queue *queue,
		      __u32 *base)
{
	struct vhost_user_message message = { .payload.state = { .index = index } };
	int error;

	drain_queue(user, queue);
	error = set_enabled(user, index, false);
	if (!error)
		error = channel_ask(&user->channel, VHOST_USER_GET_VRING_BASE, &message,
				    sizeof(message.payload.state));
	*base = message.payload.state.num;
	return error ? error : answer_late(user);
}

/* Nothing will go on where it was. */
static int stop_queue(struct vhost_user *user, unsigned int index)
{
	const struct vhost_user_queue was = user->queues[index];
	__u32 base;

	user->queues[index] = (struct vhost_user_queue){ .begun = false };
	return was.running ? halt_queue(user, index, &was.queue, &base) : 0;
}

static int vhost_user_pause(struct backend *backend, struct queue *queues, unsigned int nr_queues)
{
	struct vhost_user *user = begin(backend);
	int error = 0;
	unsigned int i;

	for (i = 0; i < user->max_queues && i < nr_queues && !error; i++) {
		struct vhost_user_queue *state = &user->queues[i];

		if (!state->running)
			continue;
		error = halt_queue(user, i, &state->queue, &queues[i].base);
		if (error)
			break;
		state->running = false;
		state->paused = true;
	}
	return settle(user, error);
}

/*
 * What was under way of that queue is not to be done by another back end, and there is no telling
 * that apart from the rest.
 */
static int vhost_user_stop_queue(struct backend *backend, unsigned int index)
{
	struct vhost_user *user = begin(backend);
	int error = 0;

	if (index < user->max_queues)
		error = stop_queue(user, index);
	inflight_drop(&user->inflight);
	error = settle(user, error);
	return error || is_present(user) || can_be_followed(user) ? error : -ENOTRECOVERABLE;
}

/* What it keeps of the driver besides queues is to be as at first: it is told all else again. */
static int reset(struct vhost_user *user)
{
	struct vhost_user_message message = { .header = { 0 } };

	return user->protocol & PROTOCOL_FEATURE(RESET_DEVICE) ?
	       channel_set(&user->channel, VHOST_USER_RESET_DEVICE, &message, 0, NULL, 0) : 0;
}

/* All requests are forgotten: it does not matter any more where it was if it has gone. */
static int vhost_user_stop(struct backend *backend)
{
	struct vhost_user *user = begin(backend);
	bool used = false;
	int result = 0;
	unsigned int i;

	for (i = 0; i < user->max_queues; i++) {
		used |= user->queues[i].running || user->queues[i].paused;
		if (!result)
			result = stop_queue(user, i);
		user->queues[i] = (struct vhost_user_queue){ .begun = false };
	}
	if (!result && used)
		result = reset(user);
	inflight_drop(&user->inflight);
	user->complete = true;
	return settle(user, result);
}

static int share_inflight(struct vhost_user *user, const struct queue *queues,
			  unsigned int nr_queues)
{
	unsigned int size = INFLIGHT_QUEUE_SIZE;
	unsigned int i;
	int error = 0;

	if (!(user->protocol & PROTOCOL_FEATURE(INFLIGHT_SHMFD))) {
		inflight_drop(&user->inflight);
		return can_be_followed(user) ? 0 : -ENOTRECOVERABLE;
	}
	for (i = 0; i < nr_queues; i++) {
		if (queues[i].enabled && queues[i].size > size)
			size = queues[i].size;
	}
	if (!inflight_is_there(&user->inflight))
		error = inflight_get(&user->inflight, &user->channel, nr_queues, size);
	return error ? error : inflight_set(&user->inflight, &user->channel);
}

static int start(struct vhost_user *user, const struct queue *queues, unsigned int nr_queues)
{
	const __u64 protocol = user->features & VIRTIO_FEATURE(VHOST_USER_F_PROTOCOL_FEATURES);
	unsigned int i;
	int error;

	/* Of what the device offers, the transport and the type have some themselves. */
	if (user->accepted & user->offered & ~user->features)
		return -ESTALE;
	error = channel_set_u64(&user->channel, VHOST_USER_SET_FEATURES,
				(user->accepted & user->features) | protocol);
	if (!error)
		error = share_memory(user);
	user->iotlb.active = !error && user->iotlb.endpoint;
	if (!error)
		error = share_inflight(user, queues, nr_queues);
	for (i = 0; !error && i < nr_queues; i++) {
		if (queues[i].enabled)
			error = start_queue(user, i, &queues[i]);
	}
	if (!error)
		user->complete = true;
	return error;
}

static int vhost_user_start(struct backend *backend, __u64 features, const struct queue *queues,
			    unsigned int nr_queues)
{
	struct vhost_user *user = begin(backend);

	user->accepted = features;
	return is_present(user) ? settle(user, start(user, queues, nr_queues)) : 0;
}

/* It has something to tell, or its end of a socket is closed. */
static int hear(struct vhost_user *user)
{
	struct epoll_event event;
	int result;

	if (epoll_wait(user->events, &event, 1, 0) != 1)
		return BACKEND_NOTHING;
	/* Answers come only when somebody waits for them. */
	if (event.data.fd != user->requests)
		return channel_listen(&user->channel);
	result = serve_request(user);
	return result < 0 ? channel_give_up(&user->channel, result) : result;
}

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
	error = channel_set_fd(&user->channel, VHOST_USER_SET_BACKEND_REQ_FD, 0, pair[1]);
	close(pair[1]);
	return error ? error : watch(user, user->requests);
}

static __u64 known_protocol(const struct vhost_user_type *type)
{
	return PROTOCOL_FEATURES | (type->has_config ? PROTOCOL_FEATURE(CONFIG) : 0) |
	       (type->has_inflight ? PROTOCOL_FEATURE(INFLIGHT_SHMFD) : 0);
}

static int agree_on_protocol(struct vhost_user *user, __u64 *queues)
{
	__u64 protocol;
	int error;

	*queues = 1;
	error = channel_get_u64(&user->channel, VHOST_USER_GET_PROTOCOL_FEATURES, &protocol);
	protocol &= known_protocol(&user->type);
	if (!error)
		error = channel_set_u64(&user->channel, VHOST_USER_SET_PROTOCOL_FEATURES, protocol);
	user->protocol = protocol;
	user->channel.acks = protocol & PROTOCOL_FEATURE(REPLY_ACK);
	if (!error && protocol & PROTOCOL_FEATURE(MQ))
		error = channel_get_u64(&user->channel, VHOST_USER_GET_QUEUE_NUM, queues);
	if (!error && !*queues)
		error = -ERANGE;
	/* A daemon may have more than a device can. */
	if (*queues > KVPCI_MAX_VIRTIO_QUEUES)
		*queues = KVPCI_MAX_VIRTIO_QUEUES;
	*queues *= user->type.counted_as_one;
	if (!error && protocol & PROTOCOL_FEATURE(BACKEND_REQ))
		error = open_requests(user);
	return error;
}

/* The first question, which the back end answers when it runs. */
static int ask_features(struct vhost_user *user)
{
	struct vhost_user_message message = { .header = { 0 } };

	user->protocol = 0;
	user->channel.acks = false;
	return channel_send(&user->channel, VHOST_USER_GET_FEATURES, &message, 0, NULL, 0);
}

/* The answer, and all that comes before queues can be started. */
static int introduce(struct vhost_user *user, __u64 *queues)
{
	struct vhost_user_message message = { .header = { 0 } };
	int error;

	*queues = user->type.counted_as_one;
	error = channel_receive(&user->channel, VHOST_USER_GET_FEATURES, &message,
				sizeof(message.payload.u64), NULL);
	user->features = message.payload.u64;
	if (!error)
		error = channel_set(&user->channel, VHOST_USER_SET_OWNER, &message, 0, NULL, 0);
	if (!error && has_protocol_features(user))
		error = agree_on_protocol(user, queues);
	return error;
}

static int tell_mtu(struct vhost_user *user)
{
	return user->mtu && user->protocol & PROTOCOL_FEATURE(NET_MTU) ?
	       channel_set_u64(&user->channel, VHOST_USER_NET_SET_MTU, user->mtu) : 0;
}

static int look_again(struct vhost_user *user)
{
	hang_up(user);
	user->presence = AWAY;
	return reconnect_later(&user->reconnect) ? BACKEND_NOTHING : -ECONNABORTED;
}

static int call(struct vhost_user *user)
{
	user->channel.socket = reconnect_call(&user->reconnect);
	if (user->channel.socket < 0 || ask_features(user) || watch(user, user->channel.socket))
		return look_again(user);
	reconnect_made(&user->reconnect);
	user->presence = CALLED;
	return BACKEND_NOTHING;
}

/* Of such a device the first one has said what it is like. */
static bool is_mute(const struct vhost_user *user)
{
	return user->type.has_config && !(user->protocol & PROTOCOL_FEATURE(CONFIG));
}

static int be_answered(struct vhost_user *user)
{
	__u64 queues;
	int error;

	channel_begin(&user->channel, VHOST_USER_BACK_TIMEOUT);
	error = introduce(user, &queues);
	if (!error)
		error = tell_mtu(user);
	/* It takes the loop's time, so that counts as one that has been there. */
	if (error == -ECONNRESET || error == -ETIMEDOUT) {
		reconnect_lost(&user->reconnect);
		return look_again(user);
	}
	/* No queues are fewer than there were. */
	if (error && error != -ERANGE)
		return channel_give_up(&user->channel, error);
	if (queues < user->max_queues || is_mute(user) ||
	    (user->iotlb.endpoint && !can_translate(user)))
		return channel_give_up(&user->channel, -ESTALE);
	user->presence = PRESENT;
	return BACKEND_BACK;
}

static int vhost_user_dispatch(struct backend *backend)
{
	struct vhost_user *user = begin(backend);
	int event;

	switch (user->presence) {
	case LEFT:
		event = look_again(user);
		return event ? event : BACKEND_AWAY;
	case AWAY:
		return call(user);
	case CALLED:
		return be_answered(user);
	default:
		event = hear(user);
		return event < 0 ? settle(user, event) : event;
	}
}

static int vhost_user_poll_fd(const struct backend *backend)
{
	return to_vhost_user(backend)->events;
}

static void vhost_user_close(struct backend *backend)
{
	struct vhost_user *user = to_vhost_user(backend);

	hang_up(user);
	iotlb_close(&user->iotlb);
	inflight_drop(&user->inflight);
	reconnect_destroy(&user->reconnect);
	if (user->events >= 0)
		close(user->events);
	pthread_mutex_destroy(&user->channel.lock);
	free(user->queues);
	free(user);
}

static const struct backend_ops vhost_user_ops = {
	.name = "the vhost-user daemon",
	.features = vhost_user_features,
	.get_config = vhost_user_get_config,
	.set_config = vhost_user_set_config,
	.start = vhost_user_start,
	.stop = vhost_user_stop,
	.pause = vhost_user_pause,
	.start_queue = vhost_user_start_queue,
	.stop_queue = vhost_user_stop_queue,
	.set_call = vhost_user_set_call,
	.poll_fd = vhost_user_poll_fd,
	.dispatch = vhost_user_dispatch,
	.close = vhost_user_close,
};

/* Somebody who waits for a daemon that serves others, or is stopped, is to know what for. */
static void tell_of_waiting(const struct vhost_user *user, const char *label)
{
	struct pollfd fd = { .fd = user->channel.socket, .events = POLLIN };

	if (label && !poll(&fd, 1, VHOST_USER_PATIENCE))
		note("%s: the daemon does not answer yet, and is waited for (%d seconds at most)",
		     label, VHOST_USER_OPEN_TIMEOUT / 1000);
}

static int open_first(struct vhost_user *user, const char *label)
{
	__u64 queues;
	int error;

	user->events = epoll_create1(EPOLL_CLOEXEC);
	error = user->events < 0 ? -errno : watch(user, user->channel.socket);
	if (!error)
		error = ask_features(user);
	if (!error) {
		tell_of_waiting(user, label);
		error = introduce(user, &queues);
	}
	if (error)
		return error;
	user->offered = user->features;
	user->queues = calloc(queues, sizeof(*user->queues));
	user->max_queues = queues;
	user->nr_enabled = queues;
	return user->queues ? 0 : -ENOMEM;
}

int vhost_user_open(int fd, const struct guest_memory *memory, const struct vhost_user_type *type,
		    const char *label, struct backend **backend)
{
	struct vhost_user *user = malloc(sizeof(*user));
	int error;

	if (!user) {
		close(fd);
		return -ENOMEM;
	}
	*user = (struct vhost_user){
		.backend = { .ops = &user->ops, .memory = memory },
		.ops = vhost_user_ops, .type = *type,
		.channel = {
			.lock = CHANNEL_LOCK, .socket = fd,
			.deadline = vhost_user_deadline(VHOST_USER_OPEN_TIMEOUT),
		},
		.requests = -1, .events = -1,
		.reconnect = RECONNECT_NONE, .complete = true, .inflight = INFLIGHT_NONE,
	};
	if (!type->has_config) {
		user->ops.get_config = NULL;
		user->ops.set_config = NULL;
	}
	error = open_first(user, label);
	if (error)
		vhost_user_close(&user->backend);
	else
		*backend = &user->backend;
	return error;
}

int vhost_user_reconnect(struct backend *backend, const struct reconnect_way *way)
{
	struct vhost_user *user = to_vhost_user(backend);
	int error = reconnect_create(&user->reconnect, way);

	return error ? error : watch(user, user->reconnect.timer);
}

int vhost_user_translate(struct backend *backend, struct iommu_endpoint *endpoint)
{
	struct vhost_user *user = to_vhost_user(backend);

	return endpoint ? iotlb_open(&user->iotlb, endpoint, &iotlb_ops, user) : 0;
}

unsigned int vhost_user_max_queues(const struct backend *backend)
{
	return to_vhost_user(backend)->max_queues;
}

int vhost_user_enable(struct backend *backend, unsigned int nr_queues)
{
	struct vhost_user *user = begin(backend);
	const unsigned int nr_enabled = user->nr_enabled;
	unsigned int i;
	int error = 0;

	user->nr_enabled = nr_queues;
	for (i = 0; !error && i < user->max_queues; i++) {
		const bool before = i < nr_enabled;
		const bool after = i < nr_queues;

		/* A guest may say the same again and again. */
		if (user->queues[i].running && before != after)
			error = set_enabled(user, i, after);
	}
	return settle(user, error);
}

int vhost_user_set_mtu(struct backend *backend, __u16 mtu)
{
	struct vhost_user *user = begin(backend);

	user->mtu = mtu;
	return settle(user, tell_mtu(user));
}
