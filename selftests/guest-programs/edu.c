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
#include <string.h>

#include "edu.h"

static int copy(void)
{
	__u8 *from = take(PAGE), *to = take(PAGE);
	unsigned int i;

	fill(from);
	/* Now the page is there for writing. */
	memset(to, 0, PAGE);
	transfer(physical(from), DEVICE_BUFFER, 0);
	transfer(DEVICE_BUFFER, physical(to), DMA_TO_MEMORY);
	if (memcmp(from, to, LENGTH)) {
		printf("different\n");
		return 1;
	}
	for (i = LENGTH; i < PAGE; i++)
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
	registers = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
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
