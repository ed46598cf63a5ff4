// SPDX-License-Identifier: GPL-2.0
/*
 * Back ends behind the virtual IOMMU that know nothing of it. Such a one never has the guest's
 * memory: it serves queues in memory of ours, into which we copy the driver's requests, and from
 * which we copy what it has written.
 *
 *	guest's memory                    event loop              our memory
 *	queue, requests <-- ring.c, IOMMU --> copy <--> queue, copies <--> inner back end
 *
 * The guest's side is looked up in the IOMMU whenever it is reached, which is held meanwhile. So
 * what the guest unmaps is not reached any more at once, whatever is under way: what should have
 * been written there is a fault, and goes nowhere.
 *
 * Our queue has two descriptors for each request: what the device reads, and what it writes.
 * Requests that find no room wait in the guest's queue.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event.h"
#include "layout.h"
#include "memory.h"
#include "virtio/bounce.h"
#include "virtio/ring.h"
#include "virtio/transport.h"

/* Features of the guest's rings, which are ours. */
#define OUTER_FEATURES	(VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) | \
			 VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) | \
			 VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX))

/* And those that neither has. */
#define NO_FEATURES	(VIRTIO_FEATURE(VIRTIO_F_RING_PACKED) | \
			 VIRTIO_FEATURE(VIRTIO_F_IN_ORDER) | \
			 VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM))

/* Our memory: queues, a page for each area, and copies. Pages that nobody uses are not there. */
#define QUEUES		MIB(1)
#define QUEUE_STRIDE	(3 * PAGE)
#define COPIES		MIB(16)
#define COPIES_SIZE	MIB(16)
#define PAGE		4096U
#define NR_PAGES	(COPIES_SIZE / PAGE)

_Static_assert(QUEUES + KVPCI_MAX_VIRTIO_QUEUES * QUEUE_STRIDE <= COPIES, "queues end there");
_Static_assert(BOUNCE_QUEUE_SIZE * 16 <= PAGE && BOUNCE_QUEUE_SIZE <= RING_MAX_CHAIN,
	       "each area of a queue is in a page");

/* A request that has more could never have the memory to itself. */
#define MAX_REQUEST	(COPIES_SIZE / 2)

#define MAX_SLOTS	(BOUNCE_QUEUE_SIZE / 2)

/* What is readable in @events: kind and queue. */
enum source {
	SOURCE_INNER,
	SOURCE_KICK,
	SOURCE_CALL,
};

struct bounce_memory {
	struct guest_memory memory;
	bool used[NR_PAGES];
};

/**
 * struct request - one that the inner back end has
 * @head: the driver's number for it
 * @page: first page of the copy
 * @nr_pages: of these; 0: there is no such request
 * @in: where in it is what the device writes
 * @in_size: bytes of that
 * @pieces: where these belong
 * @nr_pieces: of these
 */
struct request {
	__u16 head;
	unsigned int page;
	unsigned int nr_pages;
	__u64 in;
	__u32 in_size;
	struct ring_piece *pieces;
	unsigned int nr_pieces;
};

/**
 * struct bounce_queue - a queue, on both sides
 * @ring: the guest's
 * @call: what the guest's is to be interrupted by
 * @inner: ours, as the inner back end is told of it
 * @running: both are served
 * @waiting: there was no room for what the guest's has
 * @available: ours: how many requests there have been
 * @used: ours: how many are done
 * @requests: those that are under way
 */
struct bounce_queue {
	struct ring ring;
	int call;
	struct queue inner;
	bool running;
	bool waiting;
	__u16 available;
	__u16 used;
	struct request requests[MAX_SLOTS];
};

/**
 * struct bounce - the back end
 * @client: makes the endpoint one that something is behind
 * @started: the queues have been started, and not been stopped since
 * @kicks: what the guest's queues are notified by, as far as it is waited for; -1
 */
struct bounce {
	struct backend backend;
	struct backend_ops ops;
	struct backend *inner;
	struct bounce_memory *memory;
	struct iommu_endpoint *endpoint;
	struct iommu_client client;
	bool started;
	unsigned int nr_queues;
	struct bounce_queue *queues;
	int *kicks;
	int events;
};

struct bounce_memory *bounce_memory_create(void)
{
	const struct memory_options options = { .size = COPIES + COPIES_SIZE, .shared = true };
	struct bounce_memory *memory = calloc(1, sizeof(*memory));

	if (memory && memory_create(&memory->memory, &options)) {
		free(memory);
		return NULL;
	}
	return memory;
}

void bounce_memory_free(struct bounce_memory *memory)
{
	if (!memory)
		return;
	memory_destroy(&memory->memory);
	free(memory);
}

const struct guest_memory *bounce_memory(const struct bounce_memory *memory)
{
	return &memory->memory;
}

static struct bounce *to_bounce(const struct backend *backend)
{
	return (struct bounce *)backend;
}

static void *at(const struct bounce *bounce, __u64 address)
{
	return memory_at(&bounce->memory->memory, address, 1);
}

/* So many pages after each other, the first of which is @page. Are there any? */
static bool take_pages(struct bounce_memory *memory, unsigned int nr, unsigned int *page)
{
	unsigned int free = 0;
	unsigned int i;

	for (i = 0; i < NR_PAGES && free < nr; i++)
		free = memory->used[i] ? 0 : free + 1;
	if (free < nr)
		return false;
	*page = i - nr;
	memset(&memory->used[*page], true, nr);
	return true;
}

static void drop_request(struct bounce *bounce, struct request *request)
{
	memset(&bounce->memory->used[request->page], false, request->nr_pages);
	free(request->pieces);
	*request = (struct request){ .nr_pages = 0 };
}

static unsigned int nr_slots(const struct bounce_queue *queue)
{
	return queue->inner.size / 2;
}

static struct request *find_slot(struct bounce_queue *queue)
{
	unsigned int i;

	for (i = 0; i < nr_slots(queue); i++) {
		if (!queue->requests[i].nr_pages)
			return &queue->requests[i];
	}
	return NULL;
}

static struct vring_desc *descriptors(const struct bounce *bounce, const struct bounce_queue *queue)
{
	return at(bounce, queue->inner.desc);
}

/* Hand it on: a chain of what the device reads, if anything, and what it writes. */
static void offer(struct bounce *bounce, struct bounce_queue *queue, const struct request *request,
		  __u64 out, __u32 out_size)
{
	const unsigned int head = 2 * (request - queue->requests);
	struct vring_avail *avail = at(bounce, queue->inner.driver);
	struct vring_desc *desc = &descriptors(bounce, queue)[head];
	const struct vring_desc in = {
		.addr = htole64(request->in), .len = htole32(request->in_size),
		.flags = htole16(VRING_DESC_F_WRITE),
	};

	if (!out_size) {
		desc[0] = in;
	} else {
		desc[0] = (struct vring_desc){
			.addr = htole64(out), .len = htole32(out_size),
			.flags = htole16(request->in_size ? VRING_DESC_F_NEXT : 0),
			.next = htole16(head + 1),
		};
		desc[1] = in;
	}
	avail->ring[queue->available % queue->inner.size] = htole16(head);
	queue->available++;
	__atomic_store_n(&avail->idx, htole16(queue->available), __ATOMIC_RELEASE);
}

/*
 * What the device reads begins so that its second piece is at the beginning of a page, as data are
 * that have a header: daemons that write without a cache want them there.
 */
static int copy(struct bounce *bounce, struct bounce_queue *queue, const struct chain *chain)
{
	const struct ring_piece *in = &chain->pieces[chain->nr_out];
	const __u64 out_size = pieces_size(chain->pieces, chain->nr_out);
	const __u64 in_size = pieces_size(in, chain->nr_in);
	const unsigned int before = chain->nr_out > 1 ? -chain->pieces[0].length % PAGE : 0;
	struct request *request = find_slot(queue);
	unsigned int out_pages, nr_pages;
	__u64 out;

	if (out_size > MAX_REQUEST || in_size > MAX_REQUEST - out_size || !(in_size + out_size))
		return -EINVAL;
	out_pages = (before + out_size + PAGE - 1) / PAGE;
	nr_pages = out_pages + (in_size + PAGE - 1) / PAGE;
	if (!request || !take_pages(bounce->memory, nr_pages, &request->page))
		return -EAGAIN;
	request->nr_pages = nr_pages;
	request->pieces = calloc(chain->nr_in + 1, sizeof(*in));
	if (!request->pieces) {
		drop_request(bounce, request);
		return -ENOMEM;
	}
	memcpy(request->pieces, in, chain->nr_in * sizeof(*in));
	request->nr_pieces = chain->nr_in;
	out = COPIES + (__u64)request->page * PAGE + before;
	request->head = chain->head;
	request->in = COPIES + (__u64)(request->page + out_pages) * PAGE;
	request->in_size = in_size;
	if (out_size)
		chain_read(&queue->ring, chain, at(bounce, out), out_size);
	/* What another request has left there is not for the driver of this one. */
	if (in_size)
		memset(at(bounce, request->in), 0, in_size);
	offer(bounce, queue, request, out, out_size);
	return 0;
}

/* Hand on what the driver has made available, and there is room for. */
static int hand_on(struct bounce *bounce, struct bounce_queue *queue)
{
	struct chain chain;
	bool some = false;
	int taken;

	queue->waiting = false;
	iommu_hold(bounce->endpoint);
	/* No more than there are slots at a time. */
	while ((taken = ring_take(&queue->ring, &chain)) > 0) {
		int error = copy(bounce, queue, &chain);

		if (error) {
			ring_untake(&queue->ring);
			queue->waiting = error == -EAGAIN;
			taken = error == -EAGAIN ? 0 : error;
			break;
		}
		some = true;
	}
	iommu_release(bounce->endpoint);
	if (some)
		event_signal(queue->inner.kick);
	return taken < 0 ? taken : 0;
}

/*
 * To where the driver wants what the device has written, as far as that is there. What it has not
 * written is zeros.
 */
static void copy_back(const struct bounce *bounce, const struct bounce_queue *queue,
		      const struct request *request)
{
	__u64 from = request->in;
	unsigned int i;

	for (i = 0; i < request->nr_pieces; i++) {
		const struct ring_piece *piece = &request->pieces[i];

		if (piece->length)
			pieces_copy(&queue->ring, piece, 1, at(bounce, from), piece->length,
				    IOMMU_WRITE);
		from += piece->length;
	}
}

/* The inner back end has served one. Does the driver want to be interrupted? */
static int complete(struct bounce *bounce, struct bounce_queue *queue, bool *interrupt)
{
	const struct vring_used *used = at(bounce, queue->inner.device);
	const struct vring_used_elem *entry = &used->ring[queue->used % queue->inner.size];
	const __u32 id = le32toh(__atomic_load_n(&entry->id, __ATOMIC_RELAXED));
	__u32 length = le32toh(__atomic_load_n(&entry->len, __ATOMIC_RELAXED));
	struct request *request = &queue->requests[id / 2 % MAX_SLOTS];
	struct chain chain;

	/* Another process has written that. */
	if (id >= queue->inner.size || id % 2 || !request->nr_pages)
		return -EPROTO;
	if (length > request->in_size)
		length = request->in_size;
	if (!ring_find(&queue->ring))
		return -EFAULT;
	copy_back(bounce, queue, request);
	chain.head = request->head;
	if (ring_give(&queue->ring, &chain, length))
		*interrupt = true;
	queue->used++;
	drop_request(bounce, request);
	return 0;
}

static int take_back(struct bounce *bounce, struct bounce_queue *queue)
{
	const struct vring_used *used = at(bounce, queue->inner.device);
	bool interrupt = false;
	unsigned int n;
	int error = 0;

	iommu_hold(bounce->endpoint);
	for (n = 0; n < nr_slots(queue) && !error; n++) {
		if (le16toh(__atomic_load_n(&used->idx, __ATOMIC_ACQUIRE)) == queue->used)
			break;
		error = complete(bounce, queue, &interrupt);
	}
	iommu_release(bounce->endpoint);
	/* One that goes on and on has others' turn come in between. */
	if (n == nr_slots(queue))
		event_signal(queue->inner.call);
	if (interrupt)
		event_signal(queue->call);
	return error;
}

static int watch(struct bounce *bounce, int fd, enum source source, unsigned int index)
{
	struct epoll_event event = {
		.events = EPOLLIN, .data.u64 = (__u64)index << 32 | source,
	};

	return epoll_ctl(bounce->events, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void unwatch_kick(struct bounce *bounce, unsigned int index)
{
	if (bounce->kicks[index] >= 0)
		epoll_ctl(bounce->events, EPOLL_CTL_DEL, bounce->kicks[index], NULL);
	bounce->kicks[index] = -1;
	bounce->queues[index].running = false;
}

static void unwatch_kicks(struct bounce *bounce)
{
	unsigned int i;

	for (i = 0; i < bounce->nr_queues; i++)
		unwatch_kick(bounce, i);
}

/* The inner one may be back, or was paused with what it has done not yet taken back. */
static int run_queue(struct bounce *bounce, unsigned int index, const struct queue *queue)
{
	struct bounce_queue *ours = &bounce->queues[index];
	int error = bounce->kicks[index] == queue->kick ? 0 :
		    watch(bounce, queue->kick, SOURCE_KICK, index);

	if (error)
		return error;
	bounce->kicks[index] = queue->kick;
	ours->call = queue->call;
	ours->running = true;
	if (bounce->started)
		event_signal(ours->inner.call);
	return 0;
}

static void reset_queue(struct bounce *bounce, struct bounce_queue *queue)
{
	unsigned int i;

	for (i = 0; i < nr_slots(queue); i++) {
		if (queue->requests[i].nr_pages)
			drop_request(bounce, &queue->requests[i]);
	}
	queue->available = 0;
	queue->used = 0;
	queue->inner.base = 0;
	queue->inner.enabled = false;
	memset(at(bounce, queue->inner.desc), 0, QUEUE_STRIDE);
	event_take(queue->inner.kick);
	event_take(queue->inner.call);
}

static int start_inner(struct bounce *bounce, __u64 features)
{
	struct queue *queues = calloc(bounce->nr_queues, sizeof(*queues));
	unsigned int i;
	int error;

	if (!queues)
		return -ENOMEM;
	for (i = 0; i < bounce->nr_queues; i++)
		queues[i] = bounce->queues[i].inner;
	error = bounce->inner->ops->start(bounce->inner, features & ~OUTER_FEATURES, queues,
					  bounce->nr_queues);
	free(queues);
	return error;
}

static int bounce_stop(struct backend *backend)
{
	struct bounce *bounce = to_bounce(backend);
	int error = bounce->inner->ops->stop(bounce->inner);
	unsigned int i;

	unwatch_kicks(bounce);
	for (i = 0; i < bounce->nr_queues; i++)
		reset_queue(bounce, &bounce->queues[i]);
	bounce->started = false;
	return error;
}

static int bounce_start(struct backend *backend, __u64 features, const struct queue *queues,
			unsigned int nr_queues)
{
	struct bounce *bounce = to_bounce(backend);
	int error = nr_queues == bounce->nr_queues ? 0 : -EINVAL;
	unsigned int i;

	for (i = 0; i < nr_queues && !error; i++) {
		if (!queues[i].enabled)
			continue;
		if (!bounce->started) {
			bounce->queues[i].inner.enabled = true;
			ring_start(&bounce->queues[i].ring, backend->memory, bounce->endpoint,
				   &queues[i], features);
		}
		error = run_queue(bounce, i, &queues[i]);
	}
	if (!error)
		error = start_inner(bounce, features);
	if (error && !bounce->started)
		bounce_stop(backend);
	else if (!error)
		bounce->started = true;
	return error;
}

/* Without a way to pause it, the inner one goes on: it has nothing of the guest's. */
static int bounce_pause(struct backend *backend, struct queue *queues, unsigned int nr_queues)
{
	struct bounce *bounce = to_bounce(backend);
	struct queue *inner = calloc(bounce->nr_queues, sizeof(*inner));
	unsigned int i;
	int error;

	(void)queues;
	(void)nr_queues;
	if (!inner)
		return -ENOMEM;
	unwatch_kicks(bounce);
	for (i = 0; i < bounce->nr_queues; i++)
		inner[i] = bounce->queues[i].inner;
	error = bounce->inner->ops->pause(bounce->inner, inner, bounce->nr_queues);
	for (i = 0; i < bounce->nr_queues; i++)
		bounce->queues[i].inner.base = inner[i].base;
	free(inner);
	return error;
}

static int bounce_features(struct backend *backend, __u64 *features)
{
	struct backend *inner = to_bounce(backend)->inner;
	int error = inner->ops->features(inner, features);

	if (!error)
		*features = (*features & ~NO_FEATURES) | OUTER_FEATURES;
	return error;
}

static int bounce_get_config(struct backend *backend, void *config, size_t length)
{
	struct backend *inner = to_bounce(backend)->inner;

	return inner->ops->get_config(inner, config, length);
}

static int bounce_set_config(struct backend *backend, size_t offset, const void *data,
			     size_t length)
{
	struct backend *inner = to_bounce(backend)->inner;

	return inner->ops->set_config(inner, offset, data, length);
}

static int bounce_accept(struct backend *backend, __u64 features)
{
	struct backend *inner = to_bounce(backend)->inner;

	return inner->ops->accept(inner, features & ~OUTER_FEATURES);
}

static int bounce_set_call(struct backend *backend, unsigned int index, const struct queue *queue)
{
	to_bounce(backend)->queues[index].call = queue->call;
	return 0;
}

static int bounce_poll_fd(const struct backend *backend)
{
	return to_bounce(backend)->events;
}

/* A queue that makes no sense is not looked at again. */
static int serve_kick(struct bounce *bounce, unsigned int index)
{
	int error;

	event_take(bounce->kicks[index]);
	error = hand_on(bounce, &bounce->queues[index]);
	if (error)
		unwatch_kick(bounce, index);
	return error;
}

/* There is room then for what has found none, of any queue. */
static int serve_call(struct bounce *bounce, unsigned int index)
{
	struct bounce_queue *queue = &bounce->queues[index];
	unsigned int i;
	int error;

	event_take(queue->inner.call);
	if (!queue->running)
		return 0;
	error = take_back(bounce, queue);
	if (error)
		unwatch_kick(bounce, index);
	for (i = 0; i < bounce->nr_queues && !error; i++) {
		if (bounce->queues[i].running && bounce->queues[i].waiting)
			error = serve_kick(bounce, i);
	}
	return error;
}

static int bounce_dispatch(struct backend *backend)
{
	struct bounce *bounce = to_bounce(backend);
	struct epoll_event event;
	unsigned int index;
	int error;

	if (epoll_wait(bounce->events, &event, 1, 0) != 1)
		return BACKEND_NOTHING;
	index = event.data.u64 >> 32;
	switch ((enum source)event.data.u64) {
	case SOURCE_KICK:
		error = serve_kick(bounce, index);
		break;
	case SOURCE_CALL:
		error = serve_call(bounce, index);
		break;
	default:
		return bounce->inner->ops->dispatch(bounce->inner);
	}
	/* What the driver has broken it has to reset. */
	if (error == -EINVAL)
		return BACKEND_NEEDS_RESET;
	return error ? error : BACKEND_NOTHING;
}

static void free_bounce(struct bounce *bounce)
{
	unsigned int i;

	for (i = 0; bounce->queues && i < bounce->nr_queues; i++) {
		const struct queue *inner = &bounce->queues[i].inner;

		if (inner->kick >= 0)
			close(inner->kick);
		if (inner->call >= 0)
			close(inner->call);
	}
	if (bounce->events >= 0)
		close(bounce->events);
	free(bounce->queues);
	free(bounce->kicks);
	free(bounce);
}

static void bounce_close(struct backend *backend)
{
	struct bounce *bounce = to_bounce(backend);
	unsigned int i;

	bounce->inner->ops->close(bounce->inner);
	iommu_remove_client(bounce->endpoint, &bounce->client);
	for (i = 0; i < bounce->nr_queues; i++)
		reset_queue(bounce, &bounce->queues[i]);
	free_bounce(bounce);
}

static const struct backend_ops bounce_ops = {
	.features = bounce_features,
	.get_config = bounce_get_config,
	.set_config = bounce_set_config,
	.accept = bounce_accept,
	.start = bounce_start,
	.stop = bounce_stop,
	.pause = bounce_pause,
	.set_call = bounce_set_call,
	.poll_fd = bounce_poll_fd,
	.dispatch = bounce_dispatch,
	.close = bounce_close,
};

/* As the inner one can. */
static struct backend_ops choose_ops(const struct backend_ops *inner)
{
	struct backend_ops ops = bounce_ops;

	ops.name = inner->name;
	if (!inner->get_config)
		ops.get_config = NULL;
	if (!inner->set_config)
		ops.set_config = NULL;
	if (!inner->accept)
		ops.accept = NULL;
	if (!inner->pause)
		ops.pause = NULL;
	return ops;
}

/* It looks addresses up when it needs them, and knows none. */
static const struct iommu_client_ops client_ops = { .lazy = true };

static int create_queue(struct bounce *bounce, unsigned int index, __u16 size)
{
	struct queue *inner = &bounce->queues[index].inner;

	inner->size = size;
	inner->desc = QUEUES + (__u64)index * QUEUE_STRIDE;
	inner->driver = inner->desc + PAGE;
	inner->device = inner->driver + PAGE;
	inner->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	inner->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (inner->kick < 0 || inner->call < 0)
		return -errno;
	return watch(bounce, inner->call, SOURCE_CALL, index);
}

static int create(struct bounce *bounce, __u16 queue_size)
{
	const struct backend_ops *ops = bounce->inner->ops;
	int fd = ops->poll_fd ? ops->poll_fd(bounce->inner) : -1;
	int error = 0;
	unsigned int i;

	for (i = 0; bounce->queues && i < bounce->nr_queues; i++) {
		bounce->queues[i].inner.kick = -1;
		bounce->queues[i].inner.call = -1;
	}
	if (!bounce->queues || !bounce->kicks)
		return -ENOMEM;
	if (queue_size < 2 || queue_size > BOUNCE_QUEUE_SIZE)
		return -EINVAL;
	for (i = 0; i < bounce->nr_queues; i++)
		bounce->kicks[i] = -1;
	bounce->events = epoll_create1(EPOLL_CLOEXEC);
	if (bounce->events < 0)
		return -errno;
	for (i = 0; i < bounce->nr_queues && !error; i++)
		error = create_queue(bounce, i, queue_size);
	if (!error && fd >= 0)
		error = watch(bounce, fd, SOURCE_INNER, 0);
	return error ? error : iommu_add_client(bounce->endpoint, &bounce->client);
}

int bounce_open(struct backend **backend, struct bounce_memory *bounce_memory,
		const struct guest_memory *memory, struct iommu_endpoint *endpoint,
		unsigned int nr_queues, __u16 queue_size)
{
	struct bounce *bounce = malloc(sizeof(*bounce));
	int error;

	if (!bounce)
		return -ENOMEM;
	*bounce = (struct bounce){
		.backend = { .ops = &bounce->ops, .memory = memory },
		.ops = choose_ops((*backend)->ops), .inner = *backend, .memory = bounce_memory,
		.endpoint = endpoint, .client.ops = &client_ops, .nr_queues = nr_queues,
		.queues = calloc(nr_queues, sizeof(*bounce->queues)),
		.kicks = calloc(nr_queues, sizeof(*bounce->kicks)), .events = -1,
	};
	error = create(bounce, queue_size);
	if (error)
		free_bounce(bounce);
	else
		*backend = &bounce->backend;
	return error;
}
