// SPDX-License-Identifier: GPL-2.0
/* The control queue of a network device, on a back end for its pairs that does nothing. */
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "driver.h"
#include "event.h"
#include "layout.h"
#include "test.h"
#include "virtio/net.h"
#include "virtio/netpairs.h"
#include "virtio/transport.h"

#define NR_PAIRS	2
#define CONTROL		(PAIR * NR_PAIRS)
#define NR_QUEUES	(CONTROL + 1)
#define FEATURES	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_NET_F_MQ) | \
			 VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ))

/* Where things are in the guest's memory. */
#define QUEUE		0x1000
#define COMMAND		0x4000
#define ACK		0x4100

static struct backend inner;
static struct backend *backend;
static struct queue queues[NR_QUEUES];
static unsigned int pairs_set, announcements;
static int told, event;

static int start(struct backend *backend, __u64 features, const struct queue *queues,
		 unsigned int nr_queues)
{
	(void)features;
	(void)queues;
	EXPECT(backend == &inner && nr_queues == CONTROL);
	return 0;
}

static int stop(struct backend *backend)
{
	EXPECT(backend == &inner);
	return 0;
}

static int pause_queues(struct backend *backend, struct queue *queues, unsigned int nr_queues)
{
	(void)queues;
	EXPECT(backend == &inner && nr_queues == CONTROL);
	return 0;
}

static int poll_inner(const struct backend *backend)
{
	EXPECT(backend == &inner);
	return told;
}

static int dispatch_inner(struct backend *backend)
{
	EXPECT(backend == &inner && event_take(told));
	return event;
}

static void close_inner(struct backend *backend)
{
	EXPECT(backend == &inner);
}

static const struct backend_ops ops = {
	.name = "the back end",
	.start = start,
	.stop = stop,
	.pause = pause_queues,
	.poll_fd = poll_inner,
	.dispatch = dispatch_inner,
	.close = close_inner,
};

static int set_pairs(struct backend *backend, unsigned int pairs)
{
	EXPECT(backend == &inner);
	pairs_set = pairs;
	return 0;
}

static void announced(void *context)
{
	EXPECT(context == &announcements);
	announcements++;
}

static int go(void)
{
	return backend->ops->start(backend, FEATURES, queues, NR_QUEUES);
}

static void create(void)
{
	const struct netpairs_config config = {
		.nr_pairs = NR_PAIRS, .set_pairs = set_pairs, .announced = announced,
		.context = &announcements,
	};

	announcements = 0;
	EXPECT(!event_create(&told));
	EXPECT(!memory_create(&driver_memory, &(struct memory_options){ .size = MEMORY_MINIMUM }));
	memset(queues, 0, sizeof(queues));
	queues[CONTROL] = driver_queue(QUEUE);
	queues[CONTROL].kick = eventfd(0, EFD_NONBLOCK);
	inner = (struct backend){ .ops = &ops, .memory = &driver_memory };
	backend = &inner;
	EXPECT(!netpairs_open(&backend, &config));
	EXPECT(!go() && pairs_set == 1);
}

static void destroy(void)
{
	EXPECT(!backend->ops->stop(backend));
	backend->ops->close(backend);
	close(told);
	close(queues[CONTROL].kick);
	close(queues[CONTROL].call);
	memory_destroy(&driver_memory);
}

/* Give it a command. Returns what the back end makes of it. */
static int give(const __u8 *bytes, size_t size)
{
	memcpy(driver_at(COMMAND), bytes, size);
	driver_put(QUEUE, 0, COMMAND, size, VRING_DESC_F_NEXT, 1);
	driver_put(QUEUE, 1, ACK, 1, VRING_DESC_F_WRITE, 0);
	driver_offer(QUEUE, 0);
	eventfd_write(queues[CONTROL].kick, 1);
	return backend->ops->dispatch(backend);
}

/* Have it use so many pairs. */
static int command(__u16 pairs)
{
	const __u8 bytes[] = { VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, pairs, 0 };

	return give(bytes, sizeof(bytes));
}

/* The driver sets the queue up anew. */
static void empty(void)
{
	memset(driver_at(QUEUE), 0, 0x3000);
}

static void pausing(void)
{
	create();
	EXPECT(command(2) == BACKEND_INTERRUPT + CONTROL && pairs_set == 2);
	EXPECT(backend->ops->dispatch(backend) == BACKEND_NOTHING);
	EXPECT(!backend->ops->pause(backend, queues, NR_QUEUES));
	EXPECT(command(1) == BACKEND_NOTHING && pairs_set == 2);
	/* It goes on where it was. */
	EXPECT(!go() && backend->ops->dispatch(backend) == BACKEND_INTERRUPT + CONTROL);
	EXPECT(pairs_set == 1 && driver_used(QUEUE)->idx == 2);
	destroy();
}

/* While it is paused, the driver resets the control queue, and enables it again. */
static void reset_while_paused(void)
{
	create();
	EXPECT(command(2) == BACKEND_INTERRUPT + CONTROL);
	EXPECT(!backend->ops->pause(backend, queues, NR_QUEUES));
	queues[CONTROL].enabled = false;
	EXPECT(!backend->ops->stop_queue(backend, CONTROL));
	empty();
	/* Or not. */
	EXPECT(!go() && command(1) == BACKEND_NOTHING && pairs_set == 2);
	empty();
	EXPECT(!backend->ops->pause(backend, queues, NR_QUEUES));
	queues[CONTROL].enabled = true;
	EXPECT(!go() && command(1) == BACKEND_INTERRUPT + CONTROL && pairs_set == 1);
	EXPECT(driver_used(QUEUE)->idx == 1);
	destroy();
}

/* A driver that breaks the rules has to reset the device, and then has it as it was. */
static void broken(void)
{
	create();
	driver_avail(QUEUE)->idx = 1000;
	EXPECT(command(2) == BACKEND_NEEDS_RESET && pairs_set == 1);
	EXPECT(backend->ops->dispatch(backend) == BACKEND_NOTHING);
	/* Until then it is left alone. */
	EXPECT(!backend->ops->pause(backend, queues, NR_QUEUES) && !go());
	empty();
	EXPECT(command(2) == BACKEND_NOTHING && pairs_set == 1);
	EXPECT(!backend->ops->stop(backend));
	empty();
	EXPECT(!go() && command(2) == BACKEND_INTERRUPT + CONTROL && pairs_set == 2);
	destroy();
}

/* What becomes of the link is handed on. */
static void link_is(int what)
{
	event = what;
	event_signal(told);
	EXPECT(backend->ops->dispatch(backend) == what);
}

static int announce(void)
{
	const __u8 bytes[] = { VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK };
	int result = give(bytes, sizeof(bytes));

	EXPECT(*(__u8 *)driver_at(ACK) == VIRTIO_NET_OK);
	EXPECT(backend->ops->dispatch(backend) == BACKEND_NOTHING);
	return result;
}

static bool is_asked_again(int timeout)
{
	struct pollfd fd = { .fd = backend->ops->poll_fd(backend), .events = POLLIN };

	return poll(&fd, 1, timeout) == 1 && backend->ops->dispatch(backend) == BACKEND_ANNOUNCE;
}

/* A driver whose link has come up is asked to announce itself, and once more when it has. */
static void announcing(void)
{
	create();
	EXPECT(!backend->ops->stop(backend));
	EXPECT(!backend->ops->start(backend,
				    FEATURES | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ANNOUNCE),
				    queues, NR_QUEUES));
	link_is(BACKEND_LINK_UP);
	EXPECT(announce() == BACKEND_INTERRUPT + CONTROL && announcements == 1);
	EXPECT(is_asked_again(-1));
	EXPECT(announce() == BACKEND_INTERRUPT + CONTROL && announcements == 2);
	EXPECT(!is_asked_again(1000));
	link_is(BACKEND_BACK);
	EXPECT(announce() == BACKEND_INTERRUPT + CONTROL);
	link_is(BACKEND_AWAY);
	EXPECT(!is_asked_again(1000));
	destroy();
}

const struct test netpairs_tests[] = {
	{ "pausing", pausing },
	{ "announcing", announcing },
	{ "reset_while_paused", reset_while_paused },
	{ "broken", broken },
	{ NULL, NULL },
};
