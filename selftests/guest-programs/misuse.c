// SPDX-License-Identifier: GPL-2.0
/*
 * A driver in userspace of a virtio disk, which has it find in its queue what no driver should
 * leave there:
 *
 *	misuse FUNCTION CASE	and say how many requests the device has completed then
 *	misuse FUNCTION good	read the first sector, as it should be done, and print its checksum
 *
 * No driver has FUNCTION, as 0000:00:02.0, bound. Its notifications have to be in memory.
 */
#include <linux/virtio_blk.h>
#include <string.h>
#include <time.h>

#include "sysfs-device.h"
#include "virtio-driver.h"

#define SECTOR		512

/* In a page: the request's header, its status, and its data. */
#define STATUS		256
#define DATA		1024

/* No guest of these tests has memory there. */
#define NOWHERE		(1ULL << 40)

static __u8 *rings, *page;

/* One queue, whose rings are at @used and before that, or where nothing is. */
static void start(bool nowhere)
{
	__u32 multiplier;
	unsigned int at = begin(1 << (VIRTIO_F_VERSION_1 - 32), &multiplier);

	start_queue(0, rings, nowhere ? NOWHERE : physical(rings),
		    nowhere ? NOWHERE + PAGE : physical(rings + PAGE), at, multiplier);
	go();
}

static struct vring_desc *desc(unsigned int i)
{
	return &queues[0].vring.desc[i];
}

/* A read of the first sector, in descriptors 0 to 2. */
static void prepare(void)
{
	struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN };
	__u64 address = physical(page);

	memcpy(page, &header, sizeof(header));
	page[STATUS] = 0xff;
	*desc(0) = (struct vring_desc){
		.addr = address, .len = sizeof(header), .flags = VRING_DESC_F_NEXT, .next = 1,
	};
	*desc(1) = (struct vring_desc){
		.addr = address + DATA, .len = SECTOR,
		.flags = VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, .next = 2,
	};
	*desc(2) = (struct vring_desc){
		.addr = address + STATUS, .len = 1, .flags = VRING_DESC_F_WRITE,
	};
}

static void loop(void)
{
	desc(1)->next = 0;
}

static void far(void)
{
	desc(1)->addr = NOWHERE;
}

static void wrap(void)
{
	desc(1)->addr = -(__u64)SECTOR / 2;
}

static void endless(void)
{
	desc(1)->len = ~0U;
}

static void next(void)
{
	desc(1)->next = SIZE + 7;
}

/* Without a status, or one that can't be written. */
static void header_only(void)
{
	desc(0)->flags = 0;
}

static void read_only(void)
{
	desc(2)->flags = 0;
}

/* Tables of descriptors that the driver has not accepted, and of no whole number of them. */
static void indirect(void)
{
	*desc(0) = (struct vring_desc){
		.addr = physical(rings), .len = 7, .flags = VRING_DESC_F_INDIRECT,
	};
}

/* There is no such descriptor, or as many requests as the queue has not room for. */
static void slot(void)
{
	queues[0].vring.avail->ring[0] = SIZE + 7;
}

static void jump(void)
{
	queues[0].vring.avail->idx += 1000;
}

/* Of queues that there are not. */
static void other(void)
{
	unsigned int i;

	for (i = 1; i < 1000; i++)
		put(queues[0].notify, i);
}

static const struct misuse {
	const char *name;
	void (*spoil)(void);
	bool nowhere;
} cases[] = {
	{ "good", NULL, false },
	{ "loop", loop, false },
	{ "far", far, false },
	{ "wrap", wrap, false },
	{ "endless", endless, false },
	{ "next", next, false },
	{ "header", header_only, false },
	{ "status", read_only, false },
	{ "indirect", indirect, false },
	{ "slot", slot, false },
	{ "jump", jump, false },
	{ "other", other, false },
	{ "nowhere", NULL, true },
	{ NULL, NULL, false },
};

/* Until the request is completed, or @seconds are over. */
static void await(unsigned int seconds)
{
	const struct timespec time = { .tv_nsec = 10000000 };
	unsigned int i;

	for (i = 0; i < 100 * seconds && !used(0); i++)
		nanosleep(&time, NULL);
}

static const struct misuse *find(const char *name)
{
	const struct misuse *found;

	for (found = cases; found->name; found++) {
		if (!strcmp(found->name, name))
			return found;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct misuse *way = argc == 3 ? find(argv[2]) : NULL;
	unsigned int i, sum = 0;
	bool good;

	if (!way) {
		fprintf(stderr, "usage: misuse FUNCTION CASE\n");
		return 2;
	}
	good = !way->spoil && !way->nowhere;
	config_fd = sysfs_open(argv[1]);
	map_bar = sysfs_map_bar;
	rings = take(2 * PAGE);
	page = take(PAGE);
	start(way->nowhere);
	prepare();
	offer(0, 0);
	if (way->spoil)
		way->spoil();
	notify(0);
	/* Who serves it may just be coming back. */
	await(good ? 60 : 2);
	printf("%s: completed %u", way->name, used(0));
	for (i = 0; i < SECTOR; i++)
		sum = sum * 31 + page[DATA + i];
	if (good)
		printf(" status %u sum %u", page[STATUS], sum);
	printf("\n");
	put(&common->device_status, 0);
	return 0;
}
