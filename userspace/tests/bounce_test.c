// SPDX-License-Identifier: GPL-2.0
/*
 * A back end that knows nothing of the virtual IOMMU, behind it: these tests are the driver on one
 * side, and the inner back end on the other.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_iommu.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event.h"
#include "layout.h"
#include "test.h"
#include "virtio/bounce.h"
#include "virtio/transport.h"

#define PAGE		IOMMU_PAGE
#define RW		(IOMMU_READ | IOMMU_WRITE)
#define ENDPOINT	8

/* Where things are for the device, and in memory. */
#define RINGS		GIB(4)
#define RINGS_MEMORY	MIB(2)
#define BUFFERS		GIB(8)
#define BUFFERS_MEMORY	MIB(4)
#define SIZE		16
#define FEATURES	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | \
			 VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM))

static struct guest_memory memory;
static struct iommu *iommu;
static struct iommu_endpoint *endpoint;
static struct bounce_memory *bounce;
static struct backend *backend;
static struct queue queues[2];
static unsigned int nr_faults;
static __u16 made;

/* The inner back end. */
static struct queue served;
static __u64 accepted;
static bool closed;
static __u16 seen, done;
static int told;

static int inner_features(struct backend *inner, __u64 *features)
{
	(void)inner;
	*features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	return 0;
}

static int inner_start(struct backend *inner, __u64 features, const struct queue *given,
		       unsigned int nr_queues)
{
	(void)inner;
	EXPECT(nr_queues == 2 && !given[0].enabled && given[1].enabled);
	accepted = features;
	served = given[1];
	return 0;
}

static int inner_stop(struct backend *inner)
{
	(void)inner;
	seen = 0;
	done = 0;
	return 0;
}

static int inner_pause(struct backend *inner, struct queue *given, unsigned int nr_queues)
{
	(void)inner;
	(void)nr_queues;
	given[1].base = seen;
	return 0;
}

static int inner_poll_fd(const struct backend *inner)
{
	(void)inner;
	return told;
}

static int inner_dispatch(struct backend *inner)
{
	(void)inner;
	event_take(told);
	return BACKEND_CONFIG_CHANGED;
}

static void inner_close(struct backend *inner)
{
	(void)inner;
	closed = true;
}

static const struct backend_ops inner_ops = {
	.name = "a test",
	.features = inner_features,
	.start = inner_start,
	.stop = inner_stop,
	.pause = inner_pause,
	.poll_fd = inner_poll_fd,
	.dispatch = inner_dispatch,
	.close = inner_close,
};

static struct backend inner = { .ops = &inner_ops };

static void on_fault(void *context, const struct iommu_fault *fault)
{
	(void)context;
	(void)fault;
	nr_faults++;
}

static void map(__u64 start, __u64 size, __u64 physical, __u32 flags)
{
	EXPECT(iommu_map(iommu, 1, start, start + size - 1, physical, flags) ==
	       VIRTIO_IOMMU_S_OK);
}

static void unmap(__u64 start, __u64 size)
{
	EXPECT(iommu_unmap(iommu, 1, start, start + size - 1) == VIRTIO_IOMMU_S_OK);
}

static void *ours(__u64 address)
{
	return memory_at(bounce_memory(bounce), address, 1);
}

static void *guests(__u64 physical)
{
	return memory_at(&memory, physical, 1);
}

static int start(void)
{
	memset(guests(RINGS_MEMORY), 0, 3 * PAGE);
	made = 0;
	return backend->ops->start(backend, FEATURES, queues, 2);
}

static void begin(void)
{
	EXPECT(!memory_create(&memory, &(struct memory_options){ .size = MIB(32) }));
	EXPECT(!iommu_create(&iommu, &memory));
	iommu_on_fault(iommu, on_fault, NULL);
	nr_faults = 0;
	seen = 0;
	done = 0;
	closed = false;
	told = eventfd(0, EFD_NONBLOCK);
	endpoint = iommu_endpoint_create(iommu);
	bounce = bounce_memory_create();
	if (!endpoint || !bounce)
		exit(1);
	iommu_endpoint_show(endpoint, ENDPOINT);
	EXPECT(iommu_attach(iommu, 1, ENDPOINT, false) == VIRTIO_IOMMU_S_OK);
	map(RINGS, 3 * PAGE, RINGS_MEMORY, RW);
	backend = &inner;
	EXPECT(bounce_open(&backend, bounce, &memory, endpoint, 2, 1) == -EINVAL);
	EXPECT(bounce_open(&backend, bounce, &memory, endpoint, 2, 512) == -EINVAL);
	EXPECT(backend == &inner && !bounce_open(&backend, bounce, &memory, endpoint, 2, 2 * SIZE));
	queues[1] = (struct queue){
		.size = SIZE, .enabled = true, .desc = RINGS, .driver = RINGS + PAGE,
		.device = RINGS + 2 * PAGE,
		.kick = eventfd(0, EFD_NONBLOCK), .call = eventfd(0, EFD_NONBLOCK),
	};
	EXPECT(!start());
}

static void end(void)
{
	backend->ops->close(backend);
	EXPECT(closed);
	bounce_memory_free(bounce);
	close(queues[1].kick);
	close(queues[1].call);
	close(told);
	iommu_endpoint_free(endpoint);
	iommu_put(iommu);
	memory_destroy(&memory);
}

/* The driver makes a request of these descriptors, which begin with @head. */
static void make(__u16 head, const struct vring_desc *chain, unsigned int n)
{
	struct vring_desc *desc = guests(RINGS_MEMORY);
	struct vring_avail *avail = guests(RINGS_MEMORY + PAGE);
	unsigned int i;

	for (i = 0; i < n; i++) {
		desc[head + i] = chain[i];
		if (i + 1 < n) {
			desc[head + i].flags |= VRING_DESC_F_NEXT;
			desc[head + i].next = head + i + 1;
		}
	}
	avail->ring[made % SIZE] = head;
	avail->idx = ++made;
	eventfd_write(queues[1].kick, 1);
}

/* A header, a page that is written, and a byte. */
static void make_read(__u16 head)
{
	const struct vring_desc chain[] = {
		{ BUFFERS, 16, 0, 0 },
		{ BUFFERS + PAGE, PAGE, VRING_DESC_F_WRITE, 0 },
		{ BUFFERS + 16, 1, VRING_DESC_F_WRITE, 0 },
	};

	make(head, chain, 3);
}

static int dispatch(void)
{
	return backend->ops->dispatch(backend);
}

static __u16 nr_offered(void)
{
	return ((struct vring_avail *)ours(served.driver))->idx - seen;
}

/* The device takes the next request. */
static __u16 take(void)
{
	const struct vring_avail *avail = ours(served.driver);

	EXPECT(nr_offered());
	return avail->ring[seen++ % served.size];
}

static struct vring_desc *descriptor(__u16 index)
{
	return (struct vring_desc *)ours(served.desc) + index;
}

/* And has served one. */
static int give(__u32 head, __u32 length)
{
	struct vring_used *used = ours(served.device);

	used->ring[done % served.size] = (struct vring_used_elem){ head, length };
	used->idx = ++done;
	eventfd_write(served.call, 1);
	return dispatch();
}

static const struct vring_used *used(void)
{
	return guests(RINGS_MEMORY + 2 * PAGE);
}

static void copies(void)
{
	struct vring_desc *out, *in;
	__u64 features;
	__u16 head;

	begin();
	EXPECT(accepted == VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
	EXPECT(!backend->ops->features(backend, &features));
	EXPECT(features & VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) &&
	       !(features & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED)));
	map(BUFFERS, 2 * PAGE, BUFFERS_MEMORY, RW);
	memset(guests(BUFFERS_MEMORY), 0x11, 16);
	memset(guests(BUFFERS_MEMORY + PAGE), 0x22, PAGE);
	make_read(3);
	EXPECT(dispatch() == BACKEND_NOTHING && event_take(served.kick));
	head = take();
	out = descriptor(head);
	in = descriptor(out->next);
	EXPECT(out->len == 16 && out->flags == VRING_DESC_F_NEXT);
	EXPECT(!memcmp(ours(out->addr), guests(BUFFERS_MEMORY), 16));
	EXPECT(in->len == PAGE + 1 && in->flags == VRING_DESC_F_WRITE && !(in->addr % PAGE));
	EXPECT(!*(__u8 *)ours(in->addr) && !*(__u8 *)ours(in->addr + PAGE));
	memset(ours(in->addr), 0x33, PAGE);
	*(__u8 *)ours(in->addr + PAGE) = 0x44;
	/* No more than there is room for. */
	EXPECT(give(head, ~0U) == BACKEND_NOTHING);
	EXPECT(event_take(queues[1].call));
	EXPECT(used()->idx == 1 && used()->ring[0].id == 3 && used()->ring[0].len == PAGE + 1);
	EXPECT(*(__u8 *)guests(BUFFERS_MEMORY + 2 * PAGE - 1) == 0x33 &&
	       *(__u8 *)guests(BUFFERS_MEMORY + 16) == 0x44 &&
	       *(__u8 *)guests(BUFFERS_MEMORY + 17) != 0x44);
	EXPECT(!nr_faults);
	/* What has been in there the next one does not find. */
	make_read(3);
	EXPECT(dispatch() == BACKEND_NOTHING);
	in = descriptor(descriptor(take())->next);
	EXPECT(!*(__u8 *)ours(in->addr) && !*(__u8 *)ours(in->addr + PAGE));
	/* What the inner one tells of is passed on. */
	eventfd_write(told, 1);
	EXPECT(dispatch() == BACKEND_CONFIG_CHANGED);
	end();
}

/* Data behind a header begin at a page. */
static void written(void)
{
	const struct vring_desc chain[] = {
		{ BUFFERS + 100, 16, 0, 0 },
		{ BUFFERS + PAGE, PAGE, 0, 0 },
		{ BUFFERS + 16, 1, VRING_DESC_F_WRITE, 0 },
	};
	struct vring_desc *out;

	begin();
	map(BUFFERS, 2 * PAGE, BUFFERS_MEMORY, RW);
	memset(guests(BUFFERS_MEMORY + PAGE), 0x55, PAGE);
	make(0, chain, 3);
	EXPECT(dispatch() == BACKEND_NOTHING);
	out = descriptor(take());
	EXPECT(out->len == PAGE + 16 && !((out->addr + 16) % PAGE));
	EXPECT(!memcmp(ours(out->addr + 16), guests(BUFFERS_MEMORY + PAGE), PAGE));
	end();
}

/* Descriptors without a byte reach nothing, wherever they are: that is no fault. */
static void without_bytes(void)
{
	const struct vring_desc chain[] = {
		{ 0, 0, 0, 0 },
		{ BUFFERS, 16, 0, 0 },
		{ ~0ULL, 0, VRING_DESC_F_WRITE, 0 },
		{ BUFFERS + 16, 1, VRING_DESC_F_WRITE, 0 },
	};
	__u16 head;

	begin();
	map(BUFFERS, PAGE, BUFFERS_MEMORY, RW);
	make(0, chain, 4);
	EXPECT(dispatch() == BACKEND_NOTHING && !nr_faults);
	head = take();
	EXPECT(descriptor(head)->len == 16);
	*(__u8 *)ours(descriptor(descriptor(head)->next)->addr) = 0x44;
	EXPECT(give(head, 1) == BACKEND_NOTHING && used()->idx == 1 && !nr_faults);
	EXPECT(*(__u8 *)guests(BUFFERS_MEMORY + 16) == 0x44);
	end();
}

/* The driver unmaps what is under way. */
static void unmapped(void)
{
	struct vring_desc *in;
	__u16 head;

	begin();
	map(BUFFERS, PAGE, BUFFERS_MEMORY, RW);
	map(BUFFERS + PAGE, PAGE, BUFFERS_MEMORY + PAGE, RW);
	memset(guests(BUFFERS_MEMORY + PAGE), 0x22, PAGE);
	make_read(0);
	EXPECT(dispatch() == BACKEND_NOTHING);
	head = take();
	in = descriptor(descriptor(head)->next);
	unmap(BUFFERS + PAGE, PAGE);
	memset(ours(in->addr), 0x33, PAGE + 1);
	EXPECT(give(head, PAGE + 1) == BACKEND_NOTHING && nr_faults == 1);
	EXPECT(used()->idx == 1 && *(__u8 *)guests(BUFFERS_MEMORY + 16) == 0x33 &&
	       *(__u8 *)guests(BUFFERS_MEMORY + PAGE) == 0x22);
	/* A buffer that is not there, and then the queue itself. */
	make_read(0);
	EXPECT(dispatch() == -EFAULT && nr_faults == 2 && !nr_offered());
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(!backend->ops->stop(backend));
	unmap(RINGS, 3 * PAGE);
	EXPECT(!start());
	eventfd_write(queues[1].kick, 1);
	EXPECT(dispatch() == -EFAULT);
	end();
}

/* What follows each other for the device need not do so in memory, nor be mapped at once. */
static void scattered(void)
{
	const struct vring_desc chain[] = {
		{ BUFFERS + 100, 3 * PAGE - 100, 0, 0 },
		{ BUFFERS + 100, 3 * PAGE - 100, VRING_DESC_F_WRITE, 0 },
	};
	struct vring_desc *out, *in;
	unsigned int i;
	__u16 head;

	begin();
	for (i = 0; i < 3; i++) {
		map(BUFFERS + i * PAGE, PAGE, BUFFERS_MEMORY + (4 - i) * PAGE, RW);
		memset(guests(BUFFERS_MEMORY + (4 - i) * PAGE), 0x11 * (i + 1), PAGE);
	}
	make(0, chain, 2);
	EXPECT(dispatch() == BACKEND_NOTHING);
	head = take();
	out = descriptor(head);
	in = descriptor(out->next);
	for (i = 0; i < 3; i++)
		EXPECT(*(__u8 *)ours(out->addr + i * PAGE) == 0x11 * (i + 1) &&
		       *(__u8 *)ours(out->addr + (i + 1) * PAGE - 101) == 0x11 * (i + 1));
	for (i = 0; i < 3 * PAGE - 100; i++)
		*(__u8 *)ours(in->addr + i) = 0x44 + (i + 100) / PAGE;
	EXPECT(give(head, in->len) == BACKEND_NOTHING && !nr_faults);
	for (i = 0; i < 3; i++)
		EXPECT(*(__u8 *)guests(BUFFERS_MEMORY + (4 - i) * PAGE + 100) == 0x44 + i &&
		       *(__u8 *)guests(BUFFERS_MEMORY + (5 - i) * PAGE - 1) == 0x44 + i);
	EXPECT(*(__u8 *)guests(BUFFERS_MEMORY + 4 * PAGE + 99) == 0x11);
	end();
}

static void broken(void)
{
	const struct vring_desc large[] = {
		{ BUFFERS, MIB(5), 0, 0 },
		{ BUFFERS, MIB(5), VRING_DESC_F_WRITE, 0 },
	};
	const __u32 ids[] = { 1, 2, 256, ~0U };
	unsigned int i;

	begin();
	map(BUFFERS, MIB(6), BUFFERS_MEMORY, RW);
	make(0, large, 2);
	EXPECT(dispatch() == BACKEND_NEEDS_RESET && !nr_offered());
	end();
	for (i = 0; i < 4; i++) {
		begin();
		map(BUFFERS, 2 * PAGE, BUFFERS_MEMORY, RW);
		make_read(0);
		EXPECT(dispatch() == BACKEND_NOTHING && !take());
		EXPECT(give(ids[i], 0) == -EPROTO && !used()->idx);
		end();
	}
	/* It says that there are more than there can be. */
	begin();
	map(BUFFERS, 2 * PAGE, BUFFERS_MEMORY, RW);
	make_read(0);
	EXPECT(dispatch() == BACKEND_NOTHING);
	done = 1000;
	EXPECT(give(take(), 0) == -EPROTO && used()->idx == 1);
	end();
}

/* What finds no room waits, and is not lost. */
static void waiting(void)
{
	const struct vring_desc half[] = { { BUFFERS, MIB(7), VRING_DESC_F_WRITE, 0 } };
	__u16 first, second;
	unsigned int i;

	begin();
	map(BUFFERS, MIB(8), BUFFERS_MEMORY, RW);
	for (i = 0; i < 3; i++)
		make(i, half, 1);
	EXPECT(dispatch() == BACKEND_NOTHING && nr_offered() == 2);
	first = take();
	second = take();
	EXPECT(give(second, 1) == BACKEND_NOTHING && nr_offered() == 1);
	EXPECT(give(first, 1) == BACKEND_NOTHING && !(nr_offered() - 1));
	EXPECT(give(take(), 1) == BACKEND_NOTHING && used()->idx == 3);
	EXPECT(used()->ring[0].id == 1 && used()->ring[1].id == 0 && used()->ring[2].id == 2);
	end();
}

/* It is paused, and what is returned has been taken of it before. */
static __u16 begin_paused(void)
{
	__u16 head;

	begin();
	map(BUFFERS, 2 * PAGE, BUFFERS_MEMORY, RW);
	make_read(0);
	EXPECT(dispatch() == BACKEND_NOTHING);
	head = take();
	EXPECT(!backend->ops->pause(backend, queues, 2));
	return head;
}

static void pausing(void)
{
	const __u16 head = begin_paused();

	make_read(3);
	/* Neither side is looked at. */
	EXPECT(dispatch() == BACKEND_NOTHING && !nr_offered());
	EXPECT(give(head, 1) == BACKEND_NOTHING && !used()->idx);
	EXPECT(!backend->ops->start(backend, FEATURES, queues, 2));
	EXPECT(served.base == 1);
	EXPECT(dispatch() == BACKEND_NOTHING && dispatch() == BACKEND_NOTHING);
	EXPECT(nr_offered() == 1 && used()->idx == 1);
	EXPECT(give(take(), 1) == BACKEND_NOTHING && used()->idx == 2);
	/* Another driver finds nothing of that. */
	make_read(0);
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(!backend->ops->stop(backend));
	EXPECT(!start() && !served.base && !nr_offered());
	make_read(0);
	EXPECT(dispatch() == BACKEND_NOTHING && nr_offered() == 1);
	end();
}

/* The inner one has both eventfds, too, and fills them such that who writes to them waits. */
static void full_events(void)
{
	EXPECT(give(begin_paused(), 1) == BACKEND_NOTHING);
	make_read(3);
	EXPECT(!fcntl(served.call, F_SETFL, 0) && !fcntl(served.kick, F_SETFL, 0));
	EXPECT(event_take(served.kick) && !eventfd_write(served.kick, ~0ULL - 1));
	EXPECT(!event_take(served.call) && !eventfd_write(served.call, ~0ULL - 1));
	/* One that waits is ended. */
	alarm(60);
	EXPECT(!backend->ops->start(backend, FEATURES, queues, 2));
	EXPECT(dispatch() == BACKEND_NOTHING && dispatch() == BACKEND_NOTHING);
	alarm(0);
	EXPECT(nr_offered() == 1 && used()->idx == 1);
	end();
}

const struct test bounce_tests[] = {
	{ "copies", copies },
	{ "what is written", written },
	{ "what has no bytes", without_bytes },
	{ "what is unmapped", unmapped },
	{ "what is scattered", scattered },
	{ "broken queues", broken },
	{ "no room", waiting },
	{ "pausing", pausing },
	{ "full eventfds", full_events },
	{ NULL, NULL },
};
