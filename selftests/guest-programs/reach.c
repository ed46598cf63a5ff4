// SPDX-License-Identifier: GPL-2.0
/*
 * A driver in userspace of a virtio network device that is behind an IOMMU, to see what the device
 * reaches that it should not:
 *
 *	reach fault FUNCTION GROUP	have it send and receive at addresses that are not mapped
 *	reach load FUNCTION GROUP N	unmap N times what it is writing to
 *	reach time FUNCTION GROUP N	map and unmap a page N times: how long does it take?
 *	reach idle FUNCTION GROUP N	the same, for any device, which does nothing
 *	reach flood INTERFACE		on the other end: send it packets, for ever
 *
 * FUNCTION is bound to vfio-pci, as 0000:00:02.0. Its notifications have to be in memory.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define SIZE		64	/* of each queue */
#define BUFFER		2048
#define RX		0
#define TX		1

/* Where the device finds the queues, a page for each, and buffers. */
#define RINGS		0x100000000ULL
#define BUFFERS		0x200000000ULL
#define BUFFERS_SIZE	((__u64)SIZE * BUFFER)
#define NOTHING		0x300000000ULL

/* What memory holds that the device must not write to. */
#define PATTERN		0xa5

/* Registers of the device. */
#define get(p)		__atomic_load_n((p), __ATOMIC_SEQ_CST)
#define put(p, value)	__atomic_store_n((p), (value), __ATOMIC_RELEASE)

struct queue {
	struct vring vring;
	__u16 next;
	__u16 *notify;
};

static int container, device;
static struct vfio_region_info config = {
	.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX,
};

static struct virtio_pci_common_cfg *common;
static __u8 *bar;
static struct queue queues[2];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *take(__u64 size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

static void map(void *memory, __u64 size, __u64 address)
{
	struct vfio_iommu_type1_dma_map request = {
		.argsz = sizeof(request),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory, .iova = address, .size = size,
	};

	if (ioctl(container, VFIO_IOMMU_MAP_DMA, &request))
		die("VFIO_IOMMU_MAP_DMA");
}

static void unmap(__u64 size, __u64 address)
{
	struct vfio_iommu_type1_dma_unmap request = {
		.argsz = sizeof(request), .iova = address, .size = size,
	};

	if (ioctl(container, VFIO_IOMMU_UNMAP_DMA, &request) || request.size != size)
		die("VFIO_IOMMU_UNMAP_DMA");
}

static __u32 read_config(unsigned int at, unsigned int size)
{
	__u32 value = 0;

	if (pread(device, &value, size, config.offset + at) != (ssize_t)size)
		die("configuration space");
	return value;
}

static void open_device(const char *function, const char *group_name)
{
	const __u16 command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	char path[64];
	int group;

	snprintf(path, sizeof(path), "/dev/vfio/%s", group_name);
	container = open("/dev/vfio/vfio", O_RDWR);
	group = open(path, O_RDWR);
	if (container < 0 || group < 0)
		die(path);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		die("VFIO_SET_IOMMU");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, function);
	if (device < 0 || ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config))
		die("VFIO_GROUP_GET_DEVICE_FD");
	if (pwrite(device, &command, sizeof(command), config.offset + PCI_COMMAND) < 0)
		die("command");
}

/* All that we need of it is in one BAR. */
static void open_bar(unsigned int index)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = index };

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &region))
		die("VFIO_DEVICE_GET_REGION_INFO");
	bar = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, region.offset);
	if (bar == MAP_FAILED)
		die("BAR");
}

/* Where is this part of it (4.1.4)? */
static unsigned int find_part(__u8 type, __u32 *multiplier)
{
	unsigned int at = read_config(PCI_CAPABILITY_LIST, 1);

	while (at && (read_config(at, 1) != PCI_CAP_ID_VNDR ||
		      read_config(at + offsetof(struct virtio_pci_cap, cfg_type), 1) != type))
		at = read_config(at + 1, 1);
	if (!at) {
		fprintf(stderr, "there is no part %u\n", type);
		exit(1);
	}
	if (!bar)
		open_bar(read_config(at + offsetof(struct virtio_pci_cap, bar), 1));
	*multiplier = read_config(at + sizeof(struct virtio_pci_cap), 4);
	return read_config(at + offsetof(struct virtio_pci_cap, offset), 4);
}

static void start_queue(unsigned int i, __u8 *rings, unsigned int notify, __u32 multiplier)
{
	struct queue *queue = &queues[i];
	__u64 desc = RINGS + 2 * i * PAGE;
	__u64 avail = desc + SIZE * sizeof(struct vring_desc);

	vring_init(&queue->vring, SIZE, rings + 2 * i * PAGE, PAGE);
	put(&common->queue_select, i);
	put(&common->queue_size, SIZE);
	put(&common->queue_desc_lo, desc);
	put(&common->queue_desc_hi, desc >> 32);
	put(&common->queue_avail_lo, avail);
	put(&common->queue_avail_hi, avail >> 32);
	put(&common->queue_used_lo, desc + PAGE);
	put(&common->queue_used_hi, (desc + PAGE) >> 32);
	queue->notify = (__u16 *)(bar + notify + get(&common->queue_notify_off) * multiplier);
	put(&common->queue_enable, 1);
}

static void start(void)
{
	const __u8 driver = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	__u32 multiplier, ignored;
	unsigned int at, notify;
	__u8 *rings = take(4 * PAGE);

	map(rings, 4 * PAGE, RINGS);
	at = find_part(VIRTIO_PCI_CAP_COMMON_CFG, &ignored);
	common = (void *)(bar + at);
	notify = find_part(VIRTIO_PCI_CAP_NOTIFY_CFG, &multiplier);
	put(&common->device_status, 0);
	put(&common->device_status, driver);
	put(&common->guest_feature_select, 1);
	put(&common->guest_feature, 1 << (VIRTIO_F_VERSION_1 - 32) |
				1 << (VIRTIO_F_ACCESS_PLATFORM - 32));
	put(&common->device_status, driver | VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(get(&common->device_status) & VIRTIO_CONFIG_S_FEATURES_OK)) {
		fprintf(stderr, "the device refuses the features\n");
		exit(1);
	}
	start_queue(RX, rings, notify, multiplier);
	start_queue(TX, rings, notify, multiplier);
	put(&common->device_status,
	    driver | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void offer(unsigned int i, unsigned int slot, __u64 address, __u16 flags)
{
	struct queue *queue = &queues[i];

	queue->vring.desc[slot] = (struct vring_desc){
		.addr = address, .len = BUFFER, .flags = flags,
	};
	queue->vring.avail->ring[queue->next++ % SIZE] = slot;
	__atomic_store_n(&queue->vring.avail->idx, queue->next, __ATOMIC_RELEASE);
}

static void notify(unsigned int i)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	put(queues[i].notify, i);
}

static __u16 used(unsigned int i)
{
	return __atomic_load_n(&queues[i].vring.used->idx, __ATOMIC_ACQUIRE);
}

static void rest(unsigned int milliseconds)
{
	const struct timespec time = {
		milliseconds / 1000, milliseconds % 1000 * 1000000,
	};

	nanosleep(&time, NULL);
}

static bool is_intact(const __u8 *memory, __u64 size)
{
	while (size--) {
		if (*memory++ != PATTERN)
			return false;
	}
	return true;
}

/* Where it is in what is memory for the kernel: an address that reaches it without an IOMMU. */
static __u64 physical(const void *memory)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	__u64 entry = 0;

	if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)memory / PAGE * 8) != 8)
		die("pagemap");
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

/* With packets coming all the time. */
static void fault(void)
{
	__u8 *page = take(PAGE);
	unsigned int i;

	memset(page, PATTERN, PAGE);
	offer(TX, 0, NOTHING, 0);
	offer(RX, 0, physical(page), VRING_DESC_F_WRITE);
	notify(TX);
	notify(RX);
	rest(3000);
	printf("sent %u received %u memory %s\n", used(TX), used(RX),
	       is_intact(page, PAGE) ? "intact" : "changed");
	/* What is mapped then is reached. */
	map(page, PAGE, NOTHING);
	map(page, PAGE, physical(page));
	notify(TX);
	notify(RX);
	for (i = 0; i < 6000 && (used(TX) != 1 || used(RX) != 1); i++)
		rest(10);
	printf("after that sent %u received %u memory %s\n", used(TX), used(RX),
	       is_intact(page, PAGE) ? "intact" : "changed");
}

static void load(unsigned int rounds)
{
	__u8 *buffers = take(BUFFERS_SIZE);
	unsigned int round, changed = 0;
	__u16 before = 0;

	for (round = 0; round < rounds; round++) {
		map(buffers, BUFFERS_SIZE, BUFFERS);
		for (; (__u16)(queues[RX].next - used(RX)) < SIZE; )
			offer(RX, queues[RX].next % SIZE,
			      BUFFERS + (__u64)(queues[RX].next % SIZE) * BUFFER,
			      VRING_DESC_F_WRITE);
		notify(RX);
		/* It is busy with these. */
		while ((__u16)(used(RX) - before) < 8)
			;
		unmap(BUFFERS_SIZE, BUFFERS);
		memset(buffers, PATTERN, BUFFERS_SIZE);
		before = used(RX);
		rest(20);
		if (!is_intact(buffers, BUFFERS_SIZE) || used(RX) != before)
			changed++;
	}
	printf("%u rounds, %u times changed\n", rounds, changed);
}

/* The clock counts instructions in a machine of scripts/hostvm --icount. */
static void take_time(unsigned int rounds)
{
	__u8 *page = take(PAGE);
	unsigned int round;
	__u64 begun;

	map(page, PAGE, BUFFERS);
	unmap(PAGE, BUFFERS);
	begun = __builtin_ia32_rdtsc();
	for (round = 0; round < rounds; round++) {
		map(page, PAGE, BUFFERS);
		unmap(PAGE, BUFFERS);
	}
	printf("%llu\n", (__builtin_ia32_rdtsc() - begun) / rounds);
}

static void flood(const char *interface)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(interface),
	};
	__u8 frame[1024] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, [12] = 0x88, 0xb5 };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || !to.sll_ifindex)
		die(interface);
	for (;;)
		sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "flood"))
		flood(argv[2]);
	if (argc < 4) {
		fprintf(stderr, "usage: reach fault|load|time|idle FUNCTION GROUP [N]\n"
				"       reach flood INTERFACE\n");
		return 2;
	}
	open_device(argv[2], argv[3]);
	if (!strcmp(argv[1], "idle")) {
		take_time(argc > 4 ? atoi(argv[4]) : 1);
		return 0;
	}
	start();
	if (!strcmp(argv[1], "fault"))
		fault();
	else if (!strcmp(argv[1], "load"))
		load(argc > 4 ? atoi(argv[4]) : 1);
	else
		take_time(argc > 4 ? atoi(argv[4]) : 1);
	put(&common->device_status, 0);
	return 0;
}
