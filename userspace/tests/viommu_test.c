// SPDX-License-Identifier: GPL-2.0
/* The virtual IOMMU's two queues, with drivers that keep the rules, and that break them. */
#include <endian.h>
#include <linux/virtio_config.h>
#include <linux/virtio_iommu.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "driver.h"
#include "event.h"
#include "iommu.h"
#include "layout.h"
#include "test.h"
#include "virtio/ring.h"
#include "virtio/viommu.h"

/* Where things are in the guest's memory: requests, events, and what descriptors lead to. */
#define REQUESTS	0x1000
#define EVENTS		0x4000
#define REQUEST		0x8000
#define ANSWER		0x8100
#define FAULTS		0x9000
#define MAPPED		0x20000

static struct iommu_endpoint *endpoint;
static struct virtio_device device;
static struct queue queues[2];

static int start(void)
{
	return device.backend->ops->start(device.backend, 0, queues, 2);
}

static int stop(void)
{
	return device.backend->ops->stop(device.backend);
}

/* What the vCPU does, and the event loop if there is more. */
static int notify(void)
{
	struct pollfd more = { device.backend->ops->poll_fd(device.backend), POLLIN, 0 };
	int result = device.backend->ops->notify(device.backend, 0);

	while (!result && poll(&more, 1, 0) == 1)
		result = device.backend->ops->dispatch(device.backend);
	return result;
}

static void begin(void)
{
	EXPECT(!memory_create(&driver_memory, &(struct memory_options){ .size = MEMORY_MINIMUM }));
	EXPECT(!iommu_create(&driver_memory.iommu, &driver_memory));
	endpoint = iommu_endpoint_create(driver_memory.iommu);
	EXPECT(endpoint);
	if (!endpoint)
		exit(1);
	iommu_endpoint_show(endpoint, 8);
	device = (struct virtio_device){ .type = &iommu_type };
	EXPECT(!iommu_type.check(&device) && !iommu_type.open(&device, &driver_memory));
	queues[0] = driver_queue(REQUESTS);
	queues[1] = driver_queue(EVENTS);
	EXPECT(!start());
}

static void end(void)
{
	EXPECT(!stop());
	device.backend->ops->close(device.backend);
	free(device.label);
	close(queues[0].call);
	close(queues[1].call);
	iommu_endpoint_free(endpoint);
	iommu_put(driver_memory.iommu);
	memory_destroy(&driver_memory);
}

/* In two descriptors, as Linux has it. */
static void put_request(const void *request, size_t length, __u32 room)
{
	memcpy(driver_at(REQUEST), request, length);
	memset(driver_at(ANSWER), 0xff, 0x100);
	driver_put(REQUESTS, 0, REQUEST, length, VRING_DESC_F_NEXT, 1);
	driver_put(REQUESTS, 1, ANSWER, room, VRING_DESC_F_WRITE, 0);
	driver_offer(REQUESTS, 0);
}

static __u8 status(void)
{
	return *(__u8 *)driver_at(ANSWER);
}

static void put_attach(void)
{
	const struct virtio_iommu_req_attach attach = {
		.head.type = VIRTIO_IOMMU_T_ATTACH, .domain = htole32(1), .endpoint = htole32(8),
	};

	put_request(&attach, offsetof(struct virtio_iommu_req_attach, tail), 4);
}

static void put_map(__u64 page)
{
	const struct virtio_iommu_req_map map = {
		.head.type = VIRTIO_IOMMU_T_MAP, .domain = htole32(1),
		.virt_start = htole64(page * IOMMU_PAGE),
		.virt_end = htole64((page + 1) * IOMMU_PAGE - 1),
		.phys_start = htole64(MAPPED), .flags = htole32(VIRTIO_IOMMU_MAP_F_READ),
	};

	put_request(&map, offsetof(struct virtio_iommu_req_map, tail), 4);
}

static bool reaches(__u64 page)
{
	return iommu_reaches(endpoint, page * IOMMU_PAGE, 1, IOMMU_READ);
}

static void attach_and_map(void)
{
	put_attach();
	EXPECT(!notify() && status() == VIRTIO_IOMMU_S_OK);
	put_map(100);
	EXPECT(!notify() && status() == VIRTIO_IOMMU_S_OK && reaches(100));
}

static void requests(void)
{
	begin();
	attach_and_map();
	EXPECT(driver_used(REQUESTS)->idx == 2 && driver_used(REQUESTS)->ring[1].len == 4);
	EXPECT(event_take(queues[0].call));
	/* In pieces, where none holds a field. */
	put_map(101);
	driver_put(REQUESTS, 0, REQUEST, 5, VRING_DESC_F_NEXT, 2);
	driver_put(REQUESTS, 2, REQUEST + 5, 100, VRING_DESC_F_NEXT, 3);
	driver_put(REQUESTS, 3, ANSWER, 1, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 4);
	driver_put(REQUESTS, 4, ANSWER + 1, 3, VRING_DESC_F_WRITE, 0);
	EXPECT(!notify() && status() == VIRTIO_IOMMU_S_OK && reaches(101));
	/* Nothing to read, and nothing to write to. */
	driver_put(REQUESTS, 5, ANSWER, 4, VRING_DESC_F_WRITE, 0);
	driver_offer(REQUESTS, 5);
	driver_put(REQUESTS, 6, REQUEST, 36, 0, 0);
	driver_offer(REQUESTS, 6);
	EXPECT(!notify() && driver_used(REQUESTS)->idx == 5 &&
	       !driver_used(REQUESTS)->ring[3].len && !driver_used(REQUESTS)->ring[4].len);
	end();
}

/* A queue that makes no sense is not looked at again until the device has been reset. */
static void broken(void)
{
	begin();
	attach_and_map();
	driver_put(REQUESTS, 0, REQUEST, 4, VRING_DESC_F_NEXT, 0);
	driver_offer(REQUESTS, 0);
	EXPECT(notify() == BACKEND_NEEDS_RESET && reaches(100));
	put_map(101);
	EXPECT(!notify() && status() == 0xff);
	EXPECT(!stop());
	memset(driver_at(REQUESTS), 0, 0x3000);
	EXPECT(!start());
	attach_and_map();
	/* More than there can be. */
	driver_avail(REQUESTS)->idx += DRIVER_SIZE + 1;
	EXPECT(notify() == BACKEND_NEEDS_RESET);
	end();
}

/*
 * As many at a time as the largest queue holds, which Linux fills before it notifies: each is
 * carried out, and the driver is to notify of the next.
 */
static void full_queue(void)
{
	const unsigned int size = RING_MAX_CHAIN;
	struct pollfd more;
	unsigned int i;

	begin();
	more = (struct pollfd){ device.backend->ops->poll_fd(device.backend), POLLIN, 0 };
	EXPECT(!stop());
	queues[0].size = size;
	EXPECT(!device.backend->ops->start(device.backend,
					   VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX), queues, 2));
	EXPECT(!device.backend->ops->dispatch(device.backend));
	put_attach();
	for (i = 0; i < size; i++)
		driver_avail(REQUESTS)->ring[i] = 0;
	driver_avail(REQUESTS)->idx = size;
	EXPECT(!device.backend->ops->notify(device.backend, 0));
	EXPECT(driver_used(REQUESTS)->idx == size && status() == VIRTIO_IOMMU_S_OK);
	EXPECT(!poll(&more, 1, 0));
	EXPECT(*(__u16 *)&driver_used(REQUESTS)->ring[size] == size);
	/* And again. */
	driver_avail(REQUESTS)->idx += size;
	EXPECT(!device.backend->ops->notify(device.backend, 0));
	EXPECT(driver_used(REQUESTS)->idx == 2 * size && !poll(&more, 1, 0));
	end();
}

static int lock_much(struct iommu_client *client, const struct iommu_piece *piece)
{
	(void)client;
	if (piece->start == 101 * IOMMU_PAGE)
		usleep(600000);
	return 0;
}

/* Requests that take long are carried out one at a time: the event loop has a turn in between. */
static void slow_requests(void)
{
	static const struct iommu_client_ops ops = { .map = lock_much };
	struct iommu_client client = { .ops = &ops };
	struct pollfd more;

	begin();
	more = (struct pollfd){ device.backend->ops->poll_fd(device.backend), POLLIN, 0 };
	attach_and_map();
	EXPECT(!iommu_add_client(endpoint, &client));
	put_map(101);
	/* The same again, which is there by then. */
	driver_offer(REQUESTS, 0);
	EXPECT(!device.backend->ops->notify(device.backend, 0) && poll(&more, 1, 0) == 1);
	EXPECT(driver_used(REQUESTS)->idx == 3 && status() == VIRTIO_IOMMU_S_OK && reaches(101));
	EXPECT(!device.backend->ops->dispatch(device.backend) && !poll(&more, 1, 0));
	EXPECT(driver_used(REQUESTS)->idx == 4 && status() == VIRTIO_IOMMU_S_INVAL);
	iommu_remove_client(endpoint, &client);
	end();
}

static void faults(void)
{
	const struct virtio_iommu_fault *fault;

	begin();
	fault = driver_at(FAULTS);
	attach_and_map();
	/* There is no room for one. */
	EXPECT(!reaches(1) && !driver_used(EVENTS)->idx);
	driver_put(EVENTS, 0, FAULTS, sizeof(*fault), VRING_DESC_F_WRITE, 0);
	driver_offer(EVENTS, 0);
	EXPECT(!reaches(2) && driver_used(EVENTS)->idx == 1 &&
	       driver_used(EVENTS)->ring[0].len == sizeof(*fault));
	EXPECT(event_take(queues[1].call));
	EXPECT(fault->reason == VIRTIO_IOMMU_FAULT_R_MAPPING && le32toh(fault->endpoint) == 8 &&
	       le64toh(fault->address) == 2 * IOMMU_PAGE &&
	       le32toh(fault->flags) == (VIRTIO_IOMMU_FAULT_F_READ |
					 VIRTIO_IOMMU_FAULT_F_ADDRESS));
	/* A queue that leads nowhere takes nothing with it. */
	driver_put(EVENTS, 0, ~0ULL, sizeof(*fault), VRING_DESC_F_WRITE, 0);
	driver_offer(EVENTS, 0);
	EXPECT(!reaches(3) && !reaches(3) && driver_used(EVENTS)->idx == 1 && reaches(100));
	end();
}

/* While it may not look at its queues, endpoints stay where they are; a reset takes them out. */
static void pausing(void)
{
	begin();
	attach_and_map();
	driver_put(EVENTS, 0, FAULTS, 64, VRING_DESC_F_WRITE, 0);
	driver_offer(EVENTS, 0);
	EXPECT(!device.backend->ops->pause(device.backend, queues, 2));
	put_map(101);
	EXPECT(!notify() && status() == 0xff && reaches(100) && !reaches(101));
	EXPECT(!driver_used(EVENTS)->idx);
	EXPECT(!start());
	EXPECT(!reaches(102) && driver_used(EVENTS)->idx == 1);
	/* Nobody notifies of what has been heard of already. */
	EXPECT(!device.backend->ops->dispatch(device.backend));
	EXPECT(driver_used(REQUESTS)->idx == 3 && status() == VIRTIO_IOMMU_S_OK && reaches(101));
	EXPECT(!stop());
	iommu_set_bypass(driver_memory.iommu, false);
	EXPECT(!reaches(100));
	end();
}

const struct test viommu_tests[] = {
	{ "requests", requests },
	{ "broken queues", broken },
	{ "a full queue", full_queue },
	{ "slow requests", slow_requests },
	{ "faults", faults },
	{ "pausing", pausing },
	{ NULL, NULL },
};
