// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's way to the outside: a serial port for text, and an exit port (QEMU's
 * isa-debug-exit) that takes a code and ends the machine.
 */
#include "io.h"
#include "print.h"

#define SERIAL			0x3f8
#define SERIAL_LINE_STATUS	(SERIAL + 5)
#define SERIAL_CAN_SEND		0x20
#define EXIT			0xf4

static void put(char c)
{
	while (!(inb(SERIAL_LINE_STATUS) & SERIAL_CAN_SEND))
		;
	outb(SERIAL, c);
}

void print(const char *text)
{
	while (*text)
		put(*text++);
}

static void print_base(__u64 number, unsigned int base)
{
	char text[21], *p = text + sizeof(text);

	*--p = 0;
	do {
		*--p = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	print(p);
}

void print_number(__u64 number)
{
	print_base(number, 10);
}

void print_hex(__u64 number)
{
	print("0x");
	print_base(number, 16);
}

void finish(__u32 code)
{
	outl(EXIT, code);
	for (;;)
		asm volatile("cli; hlt");
}

void fail(const char *reason)
{
	print("fail ");
	print(reason);
	print("\n");
	finish(1);
}
