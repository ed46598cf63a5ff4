// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's device edu (docs/specs/edu.txt there), driven by a program that has it by vfio-pci:
 *
 *	passed FUNCTION GROUP [MEBIBYTES]
 *
 * It fetches memory and puts it elsewhere, at addresses above any memory: was it copied? Then it is
 * to put it there once more, which is not mapped any more, and where that memory is for the kernel,
 * which never was: was it changed?
 *
 * A huge page is mapped again and again before, up to so many mebibytes, of which "mapped" tells,
 * until it is given a line: Linux does not say what of that an IOMMU has refused.
 */
#include <string.h>

#include "edu.h"
#include "vfio-device.h"

#define FROM		0x100000000ULL
#define TO		0x200000000ULL

#define AGAIN		0x1000000000ULL
#define HUGE_PAGE	0x200000UL

static void map_again(unsigned int mebibytes)
{
	void *page = mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
	unsigned int i, n = mebibytes / 2;
	char line[16];

	if (page == MAP_FAILED)
		die("huge page");
	for (i = 0; i < n; i++)
		vfio_map(page, HUGE_PAGE, AGAIN + i * HUGE_PAGE);
	fprintf(stderr, "mapped\n");
	if (!fgets(line, sizeof(line), stdin))
		die("line");
	for (i = 0; i < n; i++)
		vfio_unmap(HUGE_PAGE, AGAIN + i * HUGE_PAGE);
}

int main(int argc, char **argv)
{
	__u8 *from, *to;
	int i;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: passed FUNCTION GROUP [MEBIBYTES]\n");
		return 2;
	}
	vfio_open(argv[1], argv[2]);
	if (argc > 3)
		map_again(atoi(argv[3]));
	registers = vfio_map_bar(0);
	from = take(PAGE);
	vfio_map(from, PAGE, FROM);
	to = take(PAGE);
	vfio_map(to, PAGE, TO);
	fill(from);
	transfer(FROM, DEVICE_BUFFER, 0);
	transfer(DEVICE_BUFFER, TO, DMA_TO_MEMORY);
	puts(memcmp(from, to, LENGTH) ? "different" : "same");

	vfio_unmap(PAGE, TO);
	memset(to, 0, PAGE);
	transfer(DEVICE_BUFFER, TO, DMA_TO_MEMORY);
	transfer(DEVICE_BUFFER, physical(to), DMA_TO_MEMORY);
	for (i = 0; i < LENGTH && !to[i]; i++)
		;
	puts(i == LENGTH ? "intact" : "changed");
	/* It is not that it does nothing any more. */
	vfio_map(to, PAGE, TO);
	transfer(DEVICE_BUFFER, TO, DMA_TO_MEMORY);
	puts(memcmp(from, to, LENGTH) ? "different" : "same");
	return 0;
}
