// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's device edu (docs/specs/edu.txt there), driven by a program that has it by vfio-pci:
 *
 *	passed FUNCTION GROUP
 *
 * It fetches memory and puts it elsewhere, at addresses above any memory: was it copied? Then it is
 * to put it there once more, which is not mapped any more, and where that memory is for the kernel,
 * which never was: was it changed?
 */
#include <string.h>

#include "edu.h"
#include "vfio-device.h"

#define FROM		0x100000000ULL
#define TO		0x200000000ULL

int main(int argc, char **argv)
{
	__u8 *from, *to;
	int i;

	if (argc != 3) {
		fprintf(stderr, "usage: passed FUNCTION GROUP\n");
		return 2;
	}
	vfio_open(argv[1], argv[2]);
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
