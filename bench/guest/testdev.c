// SPDX-License-Identifier: GPL-2.0
/*
 * The device that is measured: pci-testdev, as QEMU's docs/specs/pci-testdev
 * describes it. It has a number of tests, each a place in a BAR to write to. Of
 * these, the one whose name has "wildcard-eventfd" in it is a doorbell: the write
 * signals an eventfd, whatever the value.
 *
 * The bench's runner gives the device registers that hold the header of that one test,
 * and ignores the choice.
 */
#include "io.h"
#include "print.h"
#include "testdev.h"

#define MAX_TESTS	32
#define NAME_LENGTH	64

static __u8 get(unsigned long addr, bool io)
{
	return io ? inb(addr) : readb(addr);
}

static __u32 get32(unsigned long addr, bool io)
{
	__u32 val = 0;
	int i;

	for (i = 3; i >= 0; i--)
		val = val << 8 | get(addr + i, io);
	return val;
}

static bool contains(const char *text, const char *part)
{
	unsigned int i;

	for (; *text; text++) {
		for (i = 0; part[i] && text[i] == part[i]; i++)
			;
		if (!part[i])
			return true;
	}
	return false;
}

/* Choose the test that is a doorbell, in the BAR whose header is at @header. */
bool testdev_doorbell(unsigned long header, bool io, struct testdev_doorbell *doorbell)
{
	char name[NAME_LENGTH + 1] = "";
	unsigned int test, i;

	for (test = 0; test < MAX_TESTS; test++) {
		if (io)
			outb(header + TESTDEV_TEST, test);
		else
			writeb(header + TESTDEV_TEST, test);

		for (i = 0; i < NAME_LENGTH; i++)
			name[i] = get(header + TESTDEV_NAME + i, io);
		if (!name[0])
			return false;
		if (!contains(name, "wildcard-eventfd"))
			continue;

		doorbell->addr = header + get32(header + TESTDEV_OFFSET, io);
		doorbell->data = get32(header + TESTDEV_DATA, io);
		doorbell->width = get(header + TESTDEV_WIDTH, io);
		return doorbell->width == 1 || doorbell->width == 4;
	}

	return false;
}
