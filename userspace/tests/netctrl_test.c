// SPDX-License-Identifier: GPL-2.0
/* The control queue of a network device, and rings, with drivers that break all rules. */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "array.h"
#include "driver.h"
#include "event.h"
#include "iommu.h"
#include "layout.h"
#include "memory.h"
#include "test.h"
#include "virtio/netctrl.h"

#define MAX_PAIRS	4

/* Where things are in the guest's memory. */
#define QUEUE		0x1000
#define HEADER		0x4000
#define PAIRS		0x4100
#define ACK		0x4200
#define TABLE		0x5001	/* of indirect descriptors, which may be anywhere */
#define NOTHING		0xb0000

static struct netctrl netctrl;
static struct queue queue;
static unsigned int pairs_set;
static unsigned int announcements;
static unsigned int interrupts;

static int set_pairs(void *context, unsigned int pairs)
{
	(void)context;
	pairs_set = pairs;
	return 0;
}

static void announce(void *context)
{
	EXPECT(context == &netctrl);
	announcements++;
}

static void create(__u64 features)
{
	EXPECT(!memory_create(&driver_memory, &(struct memory_options){ .size = MEMORY_MINIMUM }));
	queue = driver_queue(QUEUE);
	queue.kick = eventfd(0, EFD_NONBLOCK);
	netctrl = (struct netctrl){
		.kick = queue.kick, .more = eventfd(0, 0), .max_pairs = MAX_PAIRS,
		.set_pairs = set_pairs, .announced = announce, .context = &netctrl,
	};
	ring_start(&netctrl.ring, &driver_memory, NULL, &queue, features);
	pairs_set = 0;
}

static void destroy(void)
{
	close(queue.kick);
	close(queue.call);
	close(netctrl.more);
	memory_destroy(&driver_memory);
}

static void write_command(__u8 class, __u8 command, __u16 pairs)
{
	const struct virtio_net_ctrl_hdr header = { class, command };

	memcpy(driver_at(HEADER), &header, sizeof(header));
	memcpy(driver_at(PAIRS), &pairs, sizeof(pairs));
	*(__u8 *)driver_at(ACK) = 0xff;
}

/* Three descriptors from @i on: header, pairs, acknowledgment, as Linux has them. */
static void put_command(__u64 table, unsigned int i)
{
	driver_put(table, i, HEADER, 2, VRING_DESC_F_NEXT, i + 1);
	driver_put(table, i + 1, PAIRS, 2, VRING_DESC_F_NEXT, i + 2);
	driver_put(table, i + 2, ACK, 1, VRING_DESC_F_WRITE, 0);
}

/* As the event loop does, as long as there is something to do. */
static int serve(void)
{
	struct pollfd fds[] = { { queue.kick, POLLIN, 0 }, { netctrl.more, POLLIN, 0 } };
	int result = 0;

	interrupts = 0;
	eventfd_write(queue.kick, 1);
	while (result >= 0 && poll(fds, ARRAY_SIZE(fds), 0) > 0) {
		result = netctrl_serve(&netctrl);
		interrupts += result > 0;
	}
	return result;
}

static __u8 answer(__u8 class, __u8 command, __u16 pairs)
{
	write_command(class, command, pairs);
	put_command(QUEUE, 0);
	driver_offer(QUEUE, 0);
	EXPECT(!serve());
	return *(__u8 *)driver_at(ACK);
}

/* A command without anything behind its header. */
static void announcing(void)
{
	create(0);
	announcements = 0;
	write_command(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, 0);
	driver_put(QUEUE, 0, HEADER, 2, VRING_DESC_F_NEXT, 1);
	driver_put(QUEUE, 1, ACK, 1, VRING_DESC_F_WRITE, 0);
	driver_offer(QUEUE, 0);
	EXPECT(!serve());
	EXPECT(*(__u8 *)driver_at(ACK) == VIRTIO_NET_OK && announcements == 1);
	/* Who has not accepted the feature may not give it. */
	netctrl.announced = NULL;
	driver_offer(QUEUE, 0);
	EXPECT(!serve());
	EXPECT(*(__u8 *)driver_at(ACK) == VIRTIO_NET_ERR && announcements == 1);
	destroy();
}

static void pairs(void)
{
	create(0);
	EXPECT(answer(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 3) == VIRTIO_NET_OK);
	EXPECT(pairs_set == 3);
	EXPECT(driver_used(QUEUE)->idx == 1 && driver_used(QUEUE)->ring[0].id == 0 &&
	       driver_used(QUEUE)->ring[0].len == 1);
	EXPECT(interrupts == 1);
	EXPECT(answer(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, MAX_PAIRS) ==
	       VIRTIO_NET_OK);
	EXPECT(pairs_set == MAX_PAIRS);
	/* There is nothing more, and nothing happens. */
	EXPECT(!serve() && driver_used(QUEUE)->idx == 2);
	driver_avail(QUEUE)->flags = VRING_AVAIL_F_NO_INTERRUPT;
	EXPECT(answer(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 1) == VIRTIO_NET_OK);
	EXPECT(!interrupts);
	destroy();
}

static void wrong_commands(void)
{
	create(0);
	EXPECT(answer(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 0) == VIRTIO_NET_ERR);
	EXPECT(answer(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, MAX_PAIRS + 1) ==
	       VIRTIO_NET_ERR);
	EXPECT(answer(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS_CONFIG, 1) == VIRTIO_NET_ERR);
	EXPECT(answer(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 1) == VIRTIO_NET_ERR);
	netctrl.max_pairs = 0;
	EXPECT(answer(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 1) == VIRTIO_NET_ERR);
	EXPECT(!pairs_set && driver_used(QUEUE)->idx == 5);
	destroy();
}

/* A daemon may have the kick, too: it is not waited for, and not written to. */
static void shared_kick(void)
{
	create(0);
	EXPECT(!fcntl(queue.kick, F_SETFL, 0));
	EXPECT(!netctrl_serve(&netctrl));
	write_command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 2);
	put_command(QUEUE, 0);
	driver_offer(QUEUE, 0);
	EXPECT(netctrl_serve(&netctrl) == 1 && pairs_set == 2);
	EXPECT(!event_take(queue.kick) && event_take(netctrl.more));
	destroy();
}

/* However it is cut up, it is the same command. */
static void framing(void)
{
	create(0);
	write_command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 2);
	driver_put(QUEUE, 5, HEADER, 1, VRING_DESC_F_NEXT, 9);
	driver_put(QUEUE, 9, HEADER + 1, 1, VRING_DESC_F_NEXT, 7);
	driver_put(QUEUE, 7, ~0ULL, 0, VRING_DESC_F_NEXT, 2);
	driver_put(QUEUE, 2, PAIRS, 1, VRING_DESC_F_NEXT, 3);
	driver_put(QUEUE, 3, PAIRS + 1, 100, VRING_DESC_F_NEXT, 4);
	driver_put(QUEUE, 4, ACK, 50, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 6);
	driver_put(QUEUE, 6, ACK + 50, 50, VRING_DESC_F_WRITE, 6);
	driver_offer(QUEUE, 5);
	EXPECT(!serve());
	EXPECT(pairs_set == 2 && *(__u8 *)driver_at(ACK) == VIRTIO_NET_OK);
	EXPECT(driver_used(QUEUE)->ring[0].id == 5 && driver_used(QUEUE)->ring[0].len == 1);

	/* Too short, and nowhere to say so. */
	pairs_set = 0;
	driver_put(QUEUE, 0, HEADER, 2, VRING_DESC_F_NEXT, 1);
	driver_put(QUEUE, 1, PAIRS, 1, 0, 0);
	driver_offer(QUEUE, 0);
	EXPECT(!serve() && !pairs_set);
	EXPECT(driver_used(QUEUE)->idx == 2 && driver_used(QUEUE)->ring[1].id == 0 &&
	       driver_used(QUEUE)->ring[1].len == 0);
	destroy();
}

static void indirect(void)
{
	create(1ULL << VIRTIO_RING_F_INDIRECT_DESC);
	write_command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 2);
	put_command(TABLE, 0);
	driver_put(QUEUE, 7, TABLE, 48, VRING_DESC_F_INDIRECT, 0);
	driver_offer(QUEUE, 7);
	EXPECT(!serve());
	EXPECT(pairs_set == 2 && *(__u8 *)driver_at(ACK) == VIRTIO_NET_OK &&
	       driver_used(QUEUE)->ring[0].id == 7);
	destroy();
}

/* One that is broken is not given back, and what is wrong is told. */
static void expect_broken(int error)
{
	EXPECT(serve() == error);
	EXPECT(!driver_used(QUEUE)->idx && !pairs_set);
	destroy();
}

static void broken_chains(void)
{
	create(0);
	driver_offer(QUEUE, DRIVER_SIZE);
	expect_broken(-EINVAL);

	create(0);
	driver_put(QUEUE, 0, HEADER, 2, VRING_DESC_F_NEXT, DRIVER_SIZE);
	driver_offer(QUEUE, 0);
	expect_broken(-EINVAL);

	/* It leads back to itself. */
	create(0);
	driver_put(QUEUE, 0, HEADER, 2, VRING_DESC_F_NEXT, 1);
	driver_put(QUEUE, 1, PAIRS, 2, VRING_DESC_F_NEXT, 0);
	driver_offer(QUEUE, 0);
	expect_broken(-EINVAL);

	/* To be read after to be written. */
	create(0);
	driver_put(QUEUE, 0, ACK, 1, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	driver_put(QUEUE, 1, HEADER, 2, 0, 0);
	driver_offer(QUEUE, 0);
	expect_broken(-EINVAL);

	/* More than there can be. */
	create(0);
	driver_avail(QUEUE)->idx = DRIVER_SIZE + 1;
	expect_broken(-EINVAL);
}

static void broken_addresses(void)
{
	static const struct {
		__u64 address;
		__u32 length;
	} bad[] = {
		{ NOTHING, 1 },
		{ MEMORY_MINIMUM, 1 },
		{ MEMORY_MINIMUM - 1, 2 },
		{ LOW_RAM_END - 1, 2 },
		{ HEADER, 0xffffffff },
		{ ~0ULL, 2 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		create(0);
		driver_put(QUEUE, 0, bad[i].address, bad[i].length, 0, 0);
		driver_offer(QUEUE, 0);
		expect_broken(-EFAULT);
		create(1ULL << VIRTIO_RING_F_INDIRECT_DESC);
		driver_put(QUEUE, 0, bad[i].address,
			   bad[i].length & ~15U ? bad[i].length & ~15U : 4096,
			   VRING_DESC_F_INDIRECT, 0);
		driver_offer(QUEUE, 0);
		expect_broken(-EFAULT);
	}
}

static void broken_tables(void)
{
	const __u64 accepted = 1ULL << VIRTIO_RING_F_INDIRECT_DESC;
	unsigned int i;

	/* Not accepted. */
	create(0);
	put_command(TABLE, 0);
	driver_put(QUEUE, 0, TABLE, 48, VRING_DESC_F_INDIRECT, 0);
	driver_offer(QUEUE, 0);
	expect_broken(-EINVAL);

	/* No whole number of entries, and none. */
	for (i = 0; i < 48; i += 47) {
		create(accepted);
		put_command(TABLE, 0);
		driver_put(QUEUE, 0, TABLE, i, VRING_DESC_F_INDIRECT, 0);
		driver_offer(QUEUE, 0);
		expect_broken(-EINVAL);
	}

	/* Something behind it. */
	create(accepted);
	put_command(TABLE, 0);
	driver_put(QUEUE, 0, TABLE, 48, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1);
	driver_offer(QUEUE, 0);
	expect_broken(-EINVAL);

	/* A table in a table. */
	create(accepted);
	driver_put(TABLE, 0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	driver_put(QUEUE, 0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	driver_offer(QUEUE, 0);
	expect_broken(-EINVAL);

	/* The next is behind the table. */
	create(accepted);
	driver_put(TABLE, 0, HEADER, 2, VRING_DESC_F_NEXT, 1);
	driver_put(TABLE, 1, PAIRS, 2, 0, 0);
	driver_put(QUEUE, 0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	driver_offer(QUEUE, 0);
	expect_broken(-EINVAL);

	/* More in it than the queue has. */
	create(accepted);
	for (i = 0; i <= DRIVER_SIZE; i++)
		driver_put(TABLE, i, HEADER, 2, VRING_DESC_F_NEXT, i + 1);
	driver_put(QUEUE, 0, TABLE, 16 * (DRIVER_SIZE + 2), VRING_DESC_F_INDIRECT, 0);
	driver_offer(QUEUE, 0);
	expect_broken(-EINVAL);
}

static void event_index(void)
{
	create(1ULL << VIRTIO_RING_F_EVENT_IDX);
	/* The first is to interrupt, the next ones are not. */
	driver_avail(QUEUE)->ring[DRIVER_SIZE] = 0;
	driver_avail(QUEUE)->flags = VRING_AVAIL_F_NO_INTERRUPT;	/* has no meaning then */
	answer(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 1);
	EXPECT(interrupts == 1);
	EXPECT(*(__u16 *)&driver_used(QUEUE)->ring[DRIVER_SIZE] == 1);
	answer(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 1);
	EXPECT(!interrupts);
	EXPECT(*(__u16 *)&driver_used(QUEUE)->ring[DRIVER_SIZE] == 2);
	destroy();
}

/* Indices go round. */
static void round_and_round(void)
{
	unsigned int i;

	create(0);
	for (i = 0; i < 0x10000 + DRIVER_SIZE; i++)
		answer(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, 1);
	EXPECT(driver_used(QUEUE)->idx == DRIVER_SIZE && *(__u8 *)driver_at(ACK) == VIRTIO_NET_OK);
	for (i = 0; i < DRIVER_SIZE; i++)
		driver_offer(QUEUE, 0);
	EXPECT(!serve() && driver_used(QUEUE)->idx == 2 * DRIVER_SIZE);
	destroy();
}

static void put_garbage(__u64 table, unsigned int i)
{
	static const __u64 addresses[] = {
		QUEUE, QUEUE + DRIVER_AVAIL, QUEUE + DRIVER_USED, HEADER, ACK, TABLE, NOTHING,
	};
	__u64 address = addresses[test_random() % ARRAY_SIZE(addresses)];

	driver_put(table, i, address + test_random() % 64, test_random() % 512, test_random() % 8,
		   test_random() % (DRIVER_SIZE + 1));
}

/* Anything at all: it ends, and reads and writes nothing that is not the guest's. */
static void garbage(void)
{
	unsigned int i, j;

	for (i = 0; i < 2000; i++) {
		create(test_random() % 2 ? 1ULL << VIRTIO_RING_F_INDIRECT_DESC : 0);
		for (j = 0; j < DRIVER_SIZE; j++) {
			put_garbage(QUEUE, j);
			put_garbage(TABLE, j);
			driver_avail(QUEUE)->ring[j] = test_random() % (DRIVER_SIZE + 1);
		}
		write_command(test_random() % 5, test_random() % 2, test_random() % 6);
		driver_avail(QUEUE)->idx = test_random() % (DRIVER_SIZE + 2);
		serve();
		EXPECT(pairs_set <= MAX_PAIRS);
		destroy();
	}
}

/* Behind the IOMMU, where all of it is 1 TiB higher up. */
#define UP		(1ULL << 40)

static __u8 map_page(struct iommu *iommu, __u64 address, __u32 access)
{
	return iommu_map(iommu, 1, UP + address, UP + address + IOMMU_PAGE - 1, address, access);
}

static __u8 unmap_page(struct iommu *iommu, __u64 address)
{
	return iommu_unmap(iommu, 1, UP + address, UP + address + IOMMU_PAGE - 1);
}

static void offer_up(__u16 pairs)
{
	write_command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, pairs);
	driver_put(QUEUE, 0, UP + HEADER, 2, VRING_DESC_F_NEXT, 1);
	driver_put(QUEUE, 1, UP + PAIRS, 2, VRING_DESC_F_NEXT, 2);
	driver_put(QUEUE, 2, UP + ACK, 1, VRING_DESC_F_WRITE, 0);
	driver_offer(QUEUE, 0);
}

/* A command during which the guest unmaps where its answer would be. */
static int unmap_and_set_pairs(void *context, unsigned int pairs)
{
	EXPECT(!unmap_page(context, HEADER));
	pairs_set = pairs;
	return 0;
}

static struct iommu_endpoint *create_translated(struct iommu **iommu)
{
	struct iommu_endpoint *endpoint;

	create(0);
	EXPECT(!iommu_create(iommu, &driver_memory));
	endpoint = iommu_endpoint_create(*iommu);
	iommu_endpoint_show(endpoint, 1);
	EXPECT(!iommu_attach(*iommu, 1, 1, false));
	EXPECT(!map_page(*iommu, QUEUE, IOMMU_READ) &&
	       !map_page(*iommu, QUEUE + DRIVER_AVAIL, IOMMU_READ) &&
	       !map_page(*iommu, QUEUE + DRIVER_USED, IOMMU_READ | IOMMU_WRITE) &&
	       !map_page(*iommu, HEADER, IOMMU_READ | IOMMU_WRITE));
	queue.desc += UP;
	queue.driver += UP;
	queue.device += UP;
	ring_start(&netctrl.ring, &driver_memory, endpoint, &queue, 0);
	return endpoint;
}

static void destroy_translated(struct iommu *iommu, struct iommu_endpoint *endpoint)
{
	iommu_endpoint_free(endpoint);
	iommu_put(iommu);
	destroy();
}

static void translated(void)
{
	struct iommu_endpoint *endpoint;
	struct iommu *iommu;

	endpoint = create_translated(&iommu);
	offer_up(3);
	EXPECT(!serve() && pairs_set == 3 && *(__u8 *)driver_at(ACK) == VIRTIO_NET_OK);
	EXPECT(driver_used(QUEUE)->idx == 1);
	/* What is not mapped for writing is not written to, */
	EXPECT(!unmap_page(iommu, HEADER) && !map_page(iommu, HEADER, IOMMU_READ));
	offer_up(2);
	EXPECT(serve() == -EFAULT && pairs_set == 3 && *(__u8 *)driver_at(ACK) == 0xff);
	/* or has been, */
	EXPECT(!unmap_page(iommu, HEADER) && !map_page(iommu, HEADER, IOMMU_READ | IOMMU_WRITE));
	netctrl.set_pairs = unmap_and_set_pairs;
	netctrl.context = iommu;
	offer_up(4);
	EXPECT(serve() == -EFAULT && pairs_set == 4 && *(__u8 *)driver_at(ACK) == 0xff);
	/* nor is a ring that has gone. */
	EXPECT(!unmap_page(iommu, QUEUE + DRIVER_USED));
	EXPECT(serve() == -EFAULT && driver_used(QUEUE)->idx == 1);
	destroy_translated(iommu, endpoint);
}

/* What is mapped again and again may have more bytes than there is memory: as many as may be. */
static void long_chains(void)
{
	const __u64 far = 2 * UP;
	struct iommu_endpoint *endpoint;
	struct iommu *iommu;
	__u64 at;

	endpoint = create_translated(&iommu);
	for (at = far; at < far + RING_MAX_BYTES; at += MIB(8))
		EXPECT(!iommu_map(iommu, 1, at, at + MIB(8) - 1, MIB(8),
				  IOMMU_READ | IOMMU_WRITE));
	offer_up(3);
	driver_put(QUEUE, 2, UP + ACK, 1, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 3);
	driver_put(QUEUE, 3, far, RING_MAX_BYTES - MIB(1), VRING_DESC_F_WRITE | VRING_DESC_F_NEXT,
		   4);
	driver_put(QUEUE, 4, far, MIB(1) - 5, VRING_DESC_F_WRITE, 0);
	EXPECT(!serve() && pairs_set == 3);
	driver_put(QUEUE, 4, far, MIB(1) - 4, VRING_DESC_F_WRITE, 0);
	driver_offer(QUEUE, 0);
	EXPECT(serve() == -EINVAL && driver_used(QUEUE)->idx == 1);
	destroy_translated(iommu, endpoint);
}

const struct test netctrl_tests[] = {
	{ "pairs", pairs },
	{ "announcing", announcing },
	{ "wrong_commands", wrong_commands },
	{ "shared_kick", shared_kick },
	{ "framing", framing },
	{ "indirect", indirect },
	{ "broken_chains", broken_chains },
	{ "broken_addresses", broken_addresses },
	{ "broken_tables", broken_tables },
	{ "event_index", event_index },
	{ "round_and_round", round_and_round },
	{ "garbage", garbage },
	{ "translated", translated },
	{ "long_chains", long_chains },
	{ NULL, NULL },
};
