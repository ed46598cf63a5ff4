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
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "vfio-device.h"
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

static void start(void)
{
	__u8 *rings = take(4 * PAGE);
	unsigned int notify, i;
	__u32 multiplier;

	vfio_map(rings, 4 * PAGE, RINGS);
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
	vfio_map(page, PAGE, NOTHING);
	vfio_map(page, PAGE, physical(page));
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
		vfio_map(buffers, BUFFERS_SIZE, BUFFERS);
		for (; (__u16)(queues[RX].next - used(RX)) < SIZE; )
			offer_buffer(RX, queues[RX].next % SIZE,
				     BUFFERS + (__u64)(queues[RX].next % SIZE) * BUFFER,
				     VRING_DESC_F_WRITE);
		notify(RX);
		/* It is busy with these. */
		while ((__u16)(used(RX) - before) < 8)
			;
		vfio_unmap(BUFFERS_SIZE, BUFFERS);
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

	vfio_map(page, PAGE, BUFFERS);
	vfio_unmap(PAGE, BUFFERS);
	begun = __builtin_ia32_rdtsc();
	for (round = 0; round < rounds; round++) {
		vfio_map(page, PAGE, BUFFERS);
		vfio_unmap(PAGE, BUFFERS);
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
	config_start = vfio_open(argv[2], argv[3]);
	config_fd = vfio_device;
	map_bar = vfio_map_bar;
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
