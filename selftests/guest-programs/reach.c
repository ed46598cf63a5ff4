// SPDX-License-Identifier: GPL-2.0
/*
 * A driver in userspace of a virtio network device that is behind an IOMMU, to see what the device
 * reaches that it should not:
 *
 *	reach fault FUNCTION GROUP	have it send and receive at addresses that are not mapped
 *	reach load FUNCTION GROUP N	unmap N times what it is writing to
 *	reach time FUNCTION GROUP N	map and unmap a page N times: how long does it take?
 *	reach flood INTERFACE		on the other end: send it packets, for ever
 *
 * FUNCTION is bound to vfio-pci, as 0000:00:02.0. Its notifications have to be in memory.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/vfio.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "virtio-driver.h"

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

static int container, device;
static struct vfio_region_info config = {
	.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX,
};

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

static __u8 *map_vfio(unsigned int index)
{
	struct vfio_region_info region = { .argsz = sizeof(region), .index = index };
	void *address;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &region))
		die("VFIO_DEVICE_GET_REGION_INFO");
	address = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, device,
		       region.offset);
	if (address == MAP_FAILED)
		die("BAR");
	return address;
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
	config_fd = device;
	config_start = config.offset;
	map_bar = map_vfio;
}

static void start(void)
{
	__u8 *rings = take(4 * PAGE);
	unsigned int notify, i;
	__u32 multiplier;

	map(rings, 4 * PAGE, RINGS);
	notify = begin(1 << (VIRTIO_F_VERSION_1 - 32) | 1 << (VIRTIO_F_ACCESS_PLATFORM - 32),
		       &multiplier);
	for (i = RX; i <= TX; i++)
		start_queue(i, rings + 2 * i * PAGE, RINGS + 2 * i * PAGE,
			    RINGS + (2 * i + 1) * PAGE, notify, multiplier);
	go();
}

static void offer_buffer(unsigned int i, unsigned int slot, __u64 address, __u16 flags)
{
	queues[i].vring.desc[slot] = (struct vring_desc){
		.addr = address, .len = BUFFER, .flags = flags,
	};
	offer(i, slot);
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

/* With packets coming all the time. */
static void fault(void)
{
	__u8 *page = take(PAGE);
	unsigned int i;

	memset(page, PATTERN, PAGE);
	offer_buffer(TX, 0, NOTHING, 0);
	offer_buffer(RX, 0, physical(page), VRING_DESC_F_WRITE);
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
			offer_buffer(RX, queues[RX].next % SIZE,
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
		fprintf(stderr, "usage: reach fault|load|time FUNCTION GROUP [N]\n"
				"       reach flood INTERFACE\n");
		return 2;
	}
	open_device(argv[2], argv[3]);
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
