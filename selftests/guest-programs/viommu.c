// SPDX-License-Identifier: GPL-2.0
/*
 * A driver in userspace of the virtual IOMMU that asks for what it should not, and for much:
 *
 *	viommu FUNCTION ENDPOINT
 *
 * FUNCTION has no driver, as 0000:00:02.0, and is not behind an IOMMU itself: it reaches our memory
 * at its physical addresses. Prints what is asked for and the status that is answered (Virtual I/O
 * Device 1.2, 5.13.6), and how many mappings there could be: of pages, and of 64 MiB of RAM each.
 */
#include <linux/virtio_iommu.h>
#include <string.h>

#include "sysfs-device.h"
#include "virtio-driver.h"

#define REQUESTS	0
#define DOMAIN		1

/* Two descriptors each: as many as the queue has room for, one behind the other in a page. */
#define BATCH		(SIZE / 2)
#define ROOM		(PAGE / BATCH)

/* More than there are in any case. */
#define ENOUGH		300000

/* What the flood maps from there on, and memory that any guest has. */
#define FREE		(1ULL << 32)
#define RAM		(16ULL << 20)
#define RAM_SIZE	(64ULL << 20)

struct slot {
	__u8 request[ROOM / 2];
	struct virtio_iommu_req_tail tail;
	__u8 rest[ROOM / 2 - sizeof(struct virtio_iommu_req_tail)];
};

static struct slot *slots;

static void start(void)
{
	__u8 *rings = take(2 * PAGE);
	unsigned int notify, i;
	__u32 multiplier;
	__u64 at;

	slots = take(PAGE);
	at = physical(slots);
	notify = begin(1 << (VIRTIO_F_VERSION_1 - 32), &multiplier);
	start_queue(REQUESTS, rings, physical(rings), physical(rings + PAGE), notify, multiplier);
	for (i = 0; i < BATCH; i++) {
		__u64 slot = at + i * sizeof(*slots);

		queues[REQUESTS].vring.desc[2 * i] = (struct vring_desc){
			.addr = slot, .flags = VRING_DESC_F_NEXT, .next = 2 * i + 1,
		};
		queues[REQUESTS].vring.desc[2 * i + 1] = (struct vring_desc){
			.addr = slot + offsetof(struct slot, tail),
			.len = sizeof(slots[i].tail), .flags = VRING_DESC_F_WRITE,
		};
	}
	go();
}

/* The request of @length bytes goes into @slot, and is there when the device is notified. */
static void add(unsigned int slot, const void *request, size_t length)
{
	memcpy(slots[slot].request, request, length);
	slots[slot].tail.status = 0xff;
	queues[REQUESTS].vring.desc[2 * slot].len = length;
	offer(REQUESTS, 2 * slot);
}

/* Most is done when the write of the notification is. What takes long is done later. */
static void carry_out(void)
{
	unsigned int i;

	notify(REQUESTS);
	for (i = 0; i < 60000 && used(REQUESTS) != queues[REQUESTS].next; i++)
		usleep(1000);
	if (used(REQUESTS) != queues[REQUESTS].next)
		printf("not all is answered\n");
}

static __u8 ask(const void *request, size_t length)
{
	add(0, request, length);
	carry_out();
	return slots[0].tail.status;
}

static __u8 attach(__u32 domain, __u32 endpoint)
{
	const struct virtio_iommu_req_attach request = {
		.head.type = VIRTIO_IOMMU_T_ATTACH, .domain = domain, .endpoint = endpoint,
	};

	return ask(&request, offsetof(struct virtio_iommu_req_attach, tail));
}

static struct virtio_iommu_req_map map_request(__u64 start, __u64 size, __u64 at)
{
	return (struct virtio_iommu_req_map){
		.head.type = VIRTIO_IOMMU_T_MAP, .domain = DOMAIN, .virt_start = start,
		.virt_end = start + size - 1, .phys_start = at,
		.flags = VIRTIO_IOMMU_MAP_F_READ,
	};
}

static __u8 map(__u64 start, __u64 last)
{
	const struct virtio_iommu_req_map request =
		map_request(start, last - start + 1, physical(slots));

	return ask(&request, offsetof(struct virtio_iommu_req_map, tail));
}

static __u8 unmap(__u64 start, __u64 last)
{
	const struct virtio_iommu_req_unmap request = {
		.head.type = VIRTIO_IOMMU_T_UNMAP, .domain = DOMAIN, .virt_start = start,
		.virt_end = last,
	};

	return ask(&request, offsetof(struct virtio_iommu_req_unmap, tail));
}

/* Mappings of @size bytes, one after the other, until no more is taken. */
static void flood(const char *what, __u64 size, __u64 at)
{
	struct virtio_iommu_req_map request = map_request(FREE, size, at);
	unsigned int i, taken = 0;
	__u8 status = 0;

	while (!status && taken < ENOUGH) {
		for (i = 0; i < BATCH; i++) {
			add(i, &request, offsetof(struct virtio_iommu_req_map, tail));
			request.virt_start += size;
			request.virt_end += size;
		}
		carry_out();
		for (i = 0; i < BATCH && !status; i++) {
			status = slots[i].tail.status;
			taken += !status;
		}
	}
	printf("%s %u then %u\n", what, taken, status);
}

int main(int argc, char **argv)
{
	const struct virtio_iommu_req_head unknown = { .type = 77 };
	__u32 endpoint;

	if (argc != 3) {
		fprintf(stderr, "usage: viommu FUNCTION ENDPOINT\n");
		return 2;
	}
	endpoint = strtoul(argv[2], NULL, 0);
	config_fd = sysfs_open(argv[1]);
	map_bar = sysfs_map_bar;
	start();
	printf("no domain %u\n", map(0, 0xfff));
	printf("no endpoint %u\n", attach(DOMAIN, 0xffff));
	printf("no such domain %u\n", attach(0x10000, endpoint));
	printf("attach %u\n", attach(DOMAIN, endpoint));
	printf("nothing %u\n", map(0x1000, 0xfff));
	printf("everything %u\n", map(0, ~0ULL));
	printf("half a page %u\n", map(0, 0x7ff));
	printf("the end %u\n", map(0xfffffffff000ULL, 0x1000000000fffULL));
	printf("messages %u\n", map(0xfee00000, 0xfee00fff));
	printf("map %u\n", map(0x10000, 0x1ffff));
	printf("overlapping %u\n", map(0x1f000, 0x20fff));
	printf("the same %u\n", map(0x10000, 0x1ffff));
	printf("a part %u\n", unmap(0x10000, 0x10fff));
	printf("beyond the host %u\n", map(1ULL << 47, (1ULL << 47) + 0xfff));
	/* It is given back as it was. */
	printf("unknown %u\n", ask(&unknown, sizeof(unknown)));
	flood("pages", PAGE, physical(slots));
	printf("unmap everything %u\n", unmap(0, ~0ULL));
	flood("memory", RAM_SIZE, RAM);
	printf("unmap everything %u\n", unmap(0, ~0ULL));
	printf("and map %u\n", map(0x10000, 0x1ffff));
	put(&common->device_status, 0);
	return 0;
}
