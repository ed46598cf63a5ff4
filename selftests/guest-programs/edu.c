// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's device edu (docs/specs/edu.txt there), driven without a driver:
 *
 *	edu RESOURCE factorial N	let the device compute N!, and print it
 *	edu RESOURCE dma		let it fetch memory and put it elsewhere: was it copied?
 *
 * RESOURCE is the file of BAR 0 in sysfs, resource0. The function has to be enabled, for DMA as bus
 * master too, and physical addresses are what it uses: there is no IOMMU that translates.
 */
#include <fcntl.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGISTERS	0x1000
#define IDENTIFICATION	0x00
#define COMPLEMENT	0x04
#define FACTORIAL	0x08
#define STATUS		0x20
#define STATUS_BUSY	0x01
#define DMA_SOURCE	0x80
#define DMA_DESTINATION	0x88
#define DMA_COUNT	0x90
#define DMA_COMMAND	0x98
#define DMA_START	0x01
#define DMA_TO_MEMORY	0x02
#define DEVICE_BUFFER	0x40000

/* The device has 4 KiB, and takes all but the last byte of them at a time. */
#define LENGTH		2048

static void *registers;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static __u32 get(unsigned int offset)
{
	return __atomic_load_n((__u32 *)(registers + offset), __ATOMIC_SEQ_CST);
}

static void set(unsigned int offset, __u64 value)
{
	if (offset < DMA_SOURCE)
		__atomic_store_n((__u32 *)(registers + offset), value, __ATOMIC_RELEASE);
	else
		__atomic_store_n((__u64 *)(registers + offset), value, __ATOMIC_RELEASE);
}

static void await(unsigned int offset, __u32 bit)
{
	while (get(offset) & bit)
		usleep(1000);
}

/* Where memory that is locked and has been touched is. */
static __u64 physical_address(const void *memory)
{
	const __u64 page = sysconf(_SC_PAGESIZE), address = (uintptr_t)memory;
	const int fd = open("/proc/self/pagemap", O_RDONLY);
	__u64 entry;

	if (fd < 0 || pread(fd, &entry, sizeof(entry), address / page * sizeof(entry)) !=
			      sizeof(entry))
		die("/proc/self/pagemap");
	close(fd);
	entry &= (1ull << 55) - 1;
	if (!entry) {
		fprintf(stderr, "the kernel does not tell physical addresses\n");
		exit(1);
	}
	return entry * page + address % page;
}

static void transfer(__u64 source, __u64 destination, unsigned int command)
{
	set(DMA_SOURCE, source);
	set(DMA_DESTINATION, destination);
	set(DMA_COUNT, LENGTH);
	set(DMA_COMMAND, DMA_START | command);
	await(DMA_COMMAND, DMA_START);
}

static int copy(void)
{
	const long page = sysconf(_SC_PAGESIZE);
	unsigned char *from = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
	unsigned char *to = from + page;
	int i;

	if (from == MAP_FAILED)
		die("mmap");
	for (i = 0; i < LENGTH; i++)
		from[i] = 7 * i + i / 256 + getpid();
	/* Now the page is there for writing, and stays. */
	memset(to, 0, page);
	transfer(physical_address(from), DEVICE_BUFFER, 0);
	transfer(DEVICE_BUFFER, physical_address(to), DMA_TO_MEMORY);
	if (memcmp(from, to, LENGTH)) {
		printf("different\n");
		return 1;
	}
	for (i = LENGTH; i < page; i++)
		if (to[i]) {
			printf("more than was asked for\n");
			return 1;
		}
	printf("same\n");
	return 0;
}

static int factorial(const char *number)
{
	set(FACTORIAL, strtoul(number, NULL, 0));
	await(STATUS, STATUS_BUSY);
	printf("%u\n", get(FACTORIAL));
	return 0;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: edu RESOURCE factorial N|dma\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_SYNC);
	if (fd < 0)
		die(argv[1]);
	registers = mmap(NULL, REGISTERS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (registers == MAP_FAILED)
		die(argv[1]);
	set(COMPLEMENT, 0x12345678);
	if ((get(IDENTIFICATION) & 0xffff) != 0x00ed || get(COMPLEMENT) != ~0x12345678u) {
		fprintf(stderr, "this is not an edu: %#x\n", get(IDENTIFICATION));
		return 1;
	}
	if (!strcmp(argv[2], "factorial") && argc == 4)
		return factorial(argv[3]);
	return copy();
}
