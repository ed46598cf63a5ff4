// SPDX-License-Identifier: GPL-2.0
/*
 * A vhost-user daemon behind the virtual IOMMU: what it is told of addresses, what it may ask for,
 * and what becomes of one that does not do what it is to do.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_iommu.h>
#include <linux/virtio_ring.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "iommu.h"
#include "layout.h"
#include "test.h"
#include "vhost_user_peer.h"
#include "virtio/iotlb.h"

#define PAGE		IOMMU_PAGE
#define RW		(IOMMU_READ | IOMMU_WRITE)
#define ENDPOINT	8

#define ACK		(1 << VHOST_USER_PROTOCOL_F_REPLY_ACK)
#define REQUESTS	(1 << VHOST_USER_PROTOCOL_F_BACKEND_REQ)

/* Where the queue is for the device, and where in memory; and what else may be mapped. */
#define RINGS		GIB(4)
#define PHYSICAL	MIB(2)
#define BUFFER		GIB(8)

static const struct memory_options shared = { .size = MIB(16), .shared = true };

static struct guest_memory memory;
static struct iommu *iommu;
static struct iommu_endpoint *endpoint;
static struct backend *backend;
static struct queue queues[PEER_QUEUES];
static unsigned int nr_faults;

static void on_fault(void *context, const struct iommu_fault *fault)
{
	(void)context;
	(void)fault;
	nr_faults++;
}

static __u8 map(__u64 start, __u64 size, __u64 physical, __u32 flags)
{
	return iommu_map(iommu, 1, start, start + size - 1, physical, flags);
}

static __u8 unmap(__u64 start, __u64 size)
{
	return iommu_unmap(iommu, 1, start, start + size - 1);
}

static void begin_protocol(__u64 protocol)
{
	EXPECT(!memory_create(&memory, &shared));
	EXPECT(!iommu_create(&iommu, &memory));
	iommu_on_fault(iommu, on_fault, NULL);
	nr_faults = 0;
	endpoint = iommu_endpoint_create(iommu);
	if (!endpoint)
		exit(1);
	iommu_endpoint_show(endpoint, ENDPOINT);
	EXPECT(iommu_attach(iommu, 1, ENDPOINT, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(!vhost_user_open(peer_start(PEER_PROTOCOL | protocol, 0, 0), &memory, &peer_type,
				"some", &backend));
	EXPECT(!vhost_user_translate(backend, endpoint));
	queues[0] = (struct queue){ .enabled = false };
	queues[1] = (struct queue){
		.size = 256, .enabled = true, .desc = RINGS, .driver = RINGS + PAGE,
		.device = RINGS + 2 * PAGE,
		.kick = eventfd(0, EFD_NONBLOCK), .call = eventfd(0, EFD_NONBLOCK),
	};
}

/* One that serves a queue. */
static void begin(void)
{
	begin_protocol(ACK | REQUESTS);
	EXPECT(map(RINGS, 3 * PAGE, PHYSICAL, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(!backend->ops->start(backend, VIRTIO_FEATURE(VIRTIO_F_VERSION_1), queues,
				    PEER_QUEUES));
}

static void end_alone(void)
{
	backend->ops->close(backend);
	close(peer.requests);
	close(queues[1].kick);
	close(queues[1].call);
	iommu_endpoint_free(endpoint);
	iommu_put(iommu);
	memory_destroy(&memory);
}

static void end(void)
{
	end_alone();
	peer_await();
}

/* When it has answered this, it has had what came before. */
static int sync_daemon(void)
{
	return backend->ops->set_call(backend, 1, &queues[1]);
}

/* The last message of that kind about addresses. */
static const struct vhost_iotlb_msg *told(__u8 type)
{
	static struct vhost_iotlb_msg last;
	unsigned int i;

	EXPECT(!sync_daemon());
	for (i = peer.nr; i--;) {
		if (peer.messages[i].header.request != VHOST_USER_IOTLB_MSG)
			continue;
		last = peer.messages[i].payload.iotlb;
		if (last.type == type)
			return &last;
	}
	return NULL;
}

static unsigned int nr_told(void)
{
	unsigned int nr = 0;
	unsigned int i;

	EXPECT(!sync_daemon());
	for (i = 0; i < peer.nr; i++)
		nr += peer.messages[i].header.request == VHOST_USER_IOTLB_MSG;
	return nr;
}

static void write_message(const struct vhost_user_message *message)
{
	EXPECT(!vhost_user_send(peer.requests, message, NULL, 0, vhost_user_deadline(1000)));
}

static void write_miss(__u64 address, __u8 access)
{
	write_message(&(struct vhost_user_message){
		.header = {
			VHOST_USER_BACKEND_IOTLB_MSG, VHOST_USER_VERSION,
			sizeof(struct vhost_iotlb_msg),
		},
		.payload.iotlb = { .iova = address, .perm = access, .type = VHOST_IOTLB_MISS },
	});
}

static int say(const struct vhost_user_message *message)
{
	write_message(message);
	return backend->ops->dispatch(backend);
}

static int miss(__u64 address, __u8 access)
{
	write_miss(address, access);
	return backend->ops->dispatch(backend);
}

static void addresses(void)
{
	const struct vhost_user_message *message;
	const struct vhost_iotlb_msg *what;
	unsigned int before;
	size_t nr_fds;

	begin();
	message = peer_told(VHOST_USER_SET_VRING_ADDR, &nr_fds);
	EXPECT(message && message->payload.address.desc == RINGS &&
	       message->payload.address.avail == RINGS + PAGE &&
	       message->payload.address.used == RINGS + 2 * PAGE);
	what = told(VHOST_IOTLB_UPDATE);
	EXPECT(what && what->iova == RINGS && what->size == 3 * PAGE &&
	       what->perm == VHOST_ACCESS_RW &&
	       what->uaddr == (unsigned long)memory_at(&memory, PHYSICAL, 1));
	/* It is told before it asks, and when it does. */
	before = nr_told();
	EXPECT(map(BUFFER, 2 * PAGE, PHYSICAL + MIB(1), IOMMU_READ) == VIRTIO_IOMMU_S_OK);
	what = told(VHOST_IOTLB_UPDATE);
	EXPECT(nr_told() == before + 1 && what->iova == BUFFER && what->size == 2 * PAGE &&
	       what->perm == VHOST_ACCESS_RO);
	before = nr_told();
	EXPECT(miss(BUFFER + PAGE + 7, VHOST_ACCESS_RO) == BACKEND_NOTHING && !nr_faults);
	what = told(VHOST_IOTLB_UPDATE);
	EXPECT(nr_told() == before + 1 && what->iova == BUFFER && what->size == 2 * PAGE &&
	       what->perm == VHOST_ACCESS_RO &&
	       what->uaddr == (unsigned long)memory_at(&memory, PHYSICAL + MIB(1), 1));
	EXPECT(unmap(BUFFER, 2 * PAGE) == VIRTIO_IOMMU_S_OK);
	what = told(VHOST_IOTLB_INVALIDATE);
	EXPECT(what && what->iova == BUFFER && what->size == 2 * PAGE);
	EXPECT(iommu_detach(iommu, 1, ENDPOINT) == VIRTIO_IOMMU_S_OK);
	what = told(VHOST_IOTLB_INVALIDATE);
	EXPECT(what && what->iova == 1ULL << 63 && what->size == 1ULL << 63);
	EXPECT(!backend->ops->stop(backend));
	end();
}

/* Where it writes it asks for both, as if it read there, too. What is only read stays so. */
static void permissions(void)
{
	const struct vhost_iotlb_msg *what;

	begin();
	EXPECT(map(BUFFER, PAGE, PHYSICAL + MIB(1), IOMMU_WRITE) == VIRTIO_IOMMU_S_OK);
	what = told(VHOST_IOTLB_UPDATE);
	EXPECT(what && what->iova == BUFFER && what->perm == VHOST_ACCESS_RW);
	EXPECT(miss(BUFFER, VHOST_ACCESS_RW) == BACKEND_NOTHING && !nr_faults);
	EXPECT(map(BUFFER + PAGE, PAGE, PHYSICAL, IOMMU_READ) == VIRTIO_IOMMU_S_OK);
	what = told(VHOST_IOTLB_UPDATE);
	EXPECT(what && what->iova == BUFFER + PAGE && what->perm == VHOST_ACCESS_RO);
	EXPECT(miss(BUFFER + PAGE, VHOST_ACCESS_RW) == BACKEND_NOTHING && nr_faults == 1);
	end();
}

/* It asks once for what it can't reach, and is told when it can, or can do more. */
static void denials(void)
{
	const struct vhost_iotlb_msg *what;
	unsigned int before;

	begin();
	before = nr_told();
	EXPECT(miss(BUFFER + 7, VHOST_ACCESS_WO) == BACKEND_NOTHING && nr_faults == 1);
	EXPECT(nr_told() == before);
	EXPECT(map(BUFFER + PAGE, PAGE, PHYSICAL, RW) == VIRTIO_IOMMU_S_OK);
	what = told(VHOST_IOTLB_UPDATE);
	EXPECT(what && what->iova == BUFFER + PAGE);
	EXPECT(map(BUFFER, PAGE, PHYSICAL, IOMMU_READ) == VIRTIO_IOMMU_S_OK);
	what = told(VHOST_IOTLB_UPDATE);
	EXPECT(what && what->iova == BUFFER && what->perm == VHOST_ACCESS_RO);
	EXPECT(unmap(BUFFER, PAGE) == VIRTIO_IOMMU_S_OK);
	/* For reading only was not what it has asked for. */
	EXPECT(map(BUFFER, PAGE, PHYSICAL, RW) == VIRTIO_IOMMU_S_OK);
	what = told(VHOST_IOTLB_UPDATE);
	EXPECT(what && what->iova == BUFFER && what->perm == VHOST_ACCESS_RW);
	end();
}

/* What it has asked for before it stops may be unmapped as soon as it has stopped. */
static void stopped(void)
{
	unsigned int before;

	begin();
	EXPECT(map(BUFFER, 2 * PAGE, PHYSICAL, RW) == VIRTIO_IOMMU_S_OK);
	before = nr_told();
	write_miss(BUFFER, VHOST_ACCESS_WO);
	write_miss(BUFFER + PAGE, VHOST_ACCESS_RO);
	EXPECT(!backend->ops->stop(backend));
	EXPECT(nr_told() == before + 2);
	EXPECT(unmap(BUFFER, 2 * PAGE) == VIRTIO_IOMMU_S_OK);
	EXPECT(backend->ops->dispatch(backend) == BACKEND_NOTHING && !nr_faults);
	end();
}

static void without_rings(void)
{
	begin_protocol(ACK | REQUESTS);
	/* It knows of no addresses before it has been started: nothing is sent. */
	EXPECT(map(BUFFER, PAGE, PHYSICAL, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(unmap(BUFFER, PAGE) == VIRTIO_IOMMU_S_OK);
	EXPECT(backend->ops->start(backend, VIRTIO_FEATURE(VIRTIO_F_VERSION_1), queues,
				   PEER_QUEUES) == -EFAULT && nr_faults);
	EXPECT(!backend->ops->stop(backend));
	EXPECT(map(RINGS, 3 * PAGE, PHYSICAL, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(!backend->ops->start(backend, VIRTIO_FEATURE(VIRTIO_F_VERSION_1), queues,
				    PEER_QUEUES));
	end();
}

/* What the daemon offers, and can do, decides whether it can be behind the IOMMU. */
static bool offers(__u64 features, __u64 protocol)
{
	__u64 offered = 0;
	int fd = peer_start(PEER_PROTOCOL | protocol, 0, 0);

	peer.features |= features;
	EXPECT(!memory_create(&memory, &shared));
	EXPECT(!vhost_user_open(fd, &memory, &peer_type, "some", &backend));
	EXPECT(!backend->ops->features(backend, &offered));
	backend->ops->close(backend);
	peer_await();
	if (peer.requests)
		close(peer.requests);
	memory_destroy(&memory);
	return offered & VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM);
}

static void offered(void)
{
	const __u64 platform = VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM);

	EXPECT(offers(platform, ACK | REQUESTS));
	EXPECT(!offers(0, ACK | REQUESTS));
	EXPECT(!offers(platform, ACK));
	EXPECT(!offers(platform, REQUESTS));
}

static void bad_requests(void)
{
	struct vhost_user_message message = {
		.header = {
			VHOST_USER_BACKEND_IOTLB_MSG, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY,
			sizeof(struct vhost_iotlb_msg),
		},
		.payload.iotlb = { .type = VHOST_IOTLB_UPDATE },
	};
	unsigned int i;

	/* What means nothing to us is refused. */
	begin();
	EXPECT(say(&message) == BACKEND_NOTHING);
	EXPECT(!vhost_user_receive(peer.requests, &message, NULL, vhost_user_deadline(1000)));
	EXPECT(message.payload.u64 == 1);
	/* Any address, and any access. */
	for (i = 0; i < 64; i++)
		EXPECT(miss((__u64)test_random() << (i % 64), i) == BACKEND_NOTHING);
	EXPECT(miss(~0ULL, VHOST_ACCESS_RW) == BACKEND_NOTHING);
	EXPECT(!sync_daemon());
	/* One that is too short ends it. */
	message.header = (struct vhost_user_header){
		VHOST_USER_BACKEND_IOTLB_MSG, VHOST_USER_VERSION, 8,
	};
	EXPECT(say(&message) == -EPROTO);
	EXPECT(unmap(RINGS, 3 * PAGE) == VIRTIO_IOMMU_S_OK);
	end();
	/* And so does what is no message. */
	begin();
	memset(&message, 0xff, sizeof(message));
	send(peer.requests, &message, sizeof(message), 0);
	EXPECT(backend->ops->dispatch(backend) == -EPROTO);
	end();
}

/* It says that it goes on using what has been unmapped, or says something else. */
static void bad_answers(void)
{
	begin();
	peer.refused = VHOST_USER_IOTLB_MSG;
	EXPECT(unmap(RINGS, 3 * PAGE) == VIRTIO_IOMMU_S_DEVERR);
	EXPECT(backend->ops->dispatch(backend) == -ECONNRESET);
	end();
	begin();
	peer.nonsense = VHOST_USER_IOTLB_MSG;
	EXPECT(unmap(RINGS, 3 * PAGE) == VIRTIO_IOMMU_S_DEVERR);
	EXPECT(backend->ops->dispatch(backend) == -ECONNRESET);
	end();
	/* It has gone: nothing uses the mapping. */
	begin();
	peer_end();
	EXPECT(unmap(RINGS, 3 * PAGE) == VIRTIO_IOMMU_S_OK);
	EXPECT(backend->ops->dispatch(backend) == -ECONNRESET);
	backend->ops->stop(backend);
	end_alone();
}

#define ROUNDS	25

static void *change(void *argument)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		EXPECT(map(BUFFER, PAGE, PHYSICAL, RW) == VIRTIO_IOMMU_S_OK);
		EXPECT(unmap(BUFFER, PAGE) == VIRTIO_IOMMU_S_OK);
	}
	return argument;
}

/* The guest unmaps by one processor, and does something with the device by another. */
static void threads(void)
{
	pthread_t thread;
	unsigned int i;

	begin();
	EXPECT(!pthread_create(&thread, NULL, change, NULL));
	for (i = 0; i < ROUNDS; i++) {
		EXPECT(!sync_daemon());
		EXPECT(backend->ops->dispatch(backend) == BACKEND_NOTHING);
	}
	pthread_join(thread, NULL);
	EXPECT(peer.nr < PEER_MAX_MESSAGES);
	end();
}

/* No other one is there. */
static int call(void *context)
{
	(void)context;
	return -ECONNREFUSED;
}

/* It goes, and how far it had come is read where the guest has mapped the queue. */
static void reconnected(void)
{
	const struct reconnect_way way = { .call = call };

	begin_protocol(ACK | REQUESTS);
	EXPECT(!vhost_user_reconnect(backend, &way));
	EXPECT(map(RINGS, 3 * PAGE, PHYSICAL, RW) == VIRTIO_IOMMU_S_OK);
	((struct vring_avail *)memory_at(&memory, PHYSICAL + PAGE, 4))->idx = htole16(3);
	((struct vring_used *)memory_at(&memory, PHYSICAL + 2 * PAGE, 4))->idx = htole16(3);
	EXPECT(!backend->ops->start(backend, VIRTIO_FEATURE(VIRTIO_F_VERSION_1), queues,
				    PEER_QUEUES));
	peer_end();
	EXPECT(!vhost_user_enable(backend, 1));
	EXPECT(unmap(RINGS, 3 * PAGE) == VIRTIO_IOMMU_S_OK);
	EXPECT(backend->ops->dispatch(backend) == BACKEND_AWAY);
	EXPECT(!backend->ops->stop(backend));
	end_alone();
}

/* The kernel's vhost: what it has asked, and is told, one after the other. */
struct kernel {
	struct iotlb iotlb;
	struct vhost_iotlb_msg misses[4];
	unsigned int nr_misses;
	struct vhost_iotlb_msg told[8];
	unsigned int nr_told;
};

static void ask(struct kernel *kernel, __u64 address)
{
	kernel->misses[kernel->nr_misses++] = (struct vhost_iotlb_msg){
		.iova = address, .perm = VHOST_ACCESS_WO, .type = VHOST_IOTLB_MISS,
	};
}

static int send_to_kernel(void *context, const struct vhost_iotlb_msg *message)
{
	struct kernel *kernel = context;

	EXPECT(kernel->nr_told < ARRAY_SIZE(kernel->told));
	kernel->told[kernel->nr_told++ % ARRAY_SIZE(kernel->told)] = *message;
	return 0;
}

static int receive_from_kernel(void *context, struct vhost_iotlb_msg *miss)
{
	struct kernel *kernel = context;

	if (!kernel->nr_misses)
		return 0;
	*miss = kernel->misses[0];
	memmove(kernel->misses, kernel->misses + 1, --kernel->nr_misses * sizeof(*miss));
	return 1;
}

static bool is_page(const struct vhost_iotlb_msg *message, __u8 type, __u64 address, __u8 access)
{
	return message->type == type && message->iova == address && message->size == PAGE &&
	       message->perm == access;
}

/* It asks twice, and has used the buffer, which is unmapped, when the second is read. */
static void late_misses(void)
{
	static const struct iotlb_ops ops = {
		.send = send_to_kernel, .receive = receive_from_kernel,
	};
	struct kernel kernel = { .nr_misses = 0 };

	begin();
	EXPECT(!iotlb_open(&kernel.iotlb, endpoint, &ops, &kernel));
	kernel.iotlb.active = true;
	EXPECT(map(BUFFER, PAGE, PHYSICAL, RW) == VIRTIO_IOMMU_S_OK);
	ask(&kernel, BUFFER + 7);
	EXPECT(!iotlb_dispatch(&kernel.iotlb) && kernel.nr_told == 1);
	EXPECT(is_page(&kernel.told[0], VHOST_IOTLB_UPDATE, BUFFER, VHOST_ACCESS_RW));
	ask(&kernel, BUFFER + 7);
	/* Nothing has ever been there: that is a fault, whatever is unmapped. */
	ask(&kernel, BUFFER + PAGE);
	EXPECT(unmap(BUFFER, PAGE) == VIRTIO_IOMMU_S_OK && !kernel.nr_misses && nr_faults == 1);
	EXPECT(is_page(&kernel.told[1], VHOST_IOTLB_INVALIDATE, BUFFER, 0));
	/* Who asked is woken, and would ask again. */
	EXPECT(is_page(&kernel.told[2], VHOST_IOTLB_UPDATE, BUFFER, 0));
	EXPECT(is_page(&kernel.told[3], VHOST_IOTLB_INVALIDATE, BUFFER, 0));
	EXPECT(is_page(&kernel.told[4], VHOST_IOTLB_UPDATE, BUFFER + PAGE, 0));
	EXPECT(kernel.nr_told == 5);
	ask(&kernel, BUFFER + 7);
	EXPECT(!iotlb_dispatch(&kernel.iotlb) && nr_faults == 2);
	iotlb_close(&kernel.iotlb);
	end();
}

const struct test iotlb_tests[] = {
	{ "addresses", addresses },
	{ "denials", denials },
	{ "misses that are late", late_misses },
	{ "misses before it stops", stopped },
	{ "permissions", permissions },
	{ "rings that are not mapped", without_rings },
	{ "who can be behind it", offered },
	{ "bad requests", bad_requests },
	{ "bad answers", bad_answers },
	{ "threads", threads },
	{ "a daemon that goes", reconnected },
	{ NULL, NULL },
};
