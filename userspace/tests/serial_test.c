// SPDX-License-Identifier: GPL-2.0
/* The serial port as a driver sees it, and the terminal's special keys. */
#include "serial.h"
#include "terminal.h"
#include "test.h"

static struct serial serial;
static __u8 sent[64];
static size_t nr_sent;
static bool level;
static unsigned int edges;
static unsigned int nr_ready;

static void transmit(__u8 byte)
{
	if (nr_sent < sizeof(sent))
		sent[nr_sent++] = byte;
}

static void interrupt(void *context, bool new_level)
{
	(void)context;
	level = new_level;
	edges += level;
}

static void ready(void)
{
	nr_ready++;
}

static void start(void)
{
	static const struct serial_line line = {
		.transmit = transmit, .interrupt = interrupt, .ready = ready,
	};

	serial_init(&serial, &line);
	nr_sent = 0;
	level = false;
	edges = 0;
	nr_ready = 0;
}

static void transmits(void)
{
	start();
	EXPECT((serial_read(&serial, 5) & 0x60) == 0x60);
	serial_write(&serial, 0, 'a');
	EXPECT(nr_sent == 1 && sent[0] == 'a');
	/* With the divisor latch, the same register is another one. */
	serial_write(&serial, 3, 0x83);
	serial_write(&serial, 0, 0x34);
	serial_write(&serial, 1, 0x12);
	EXPECT(serial_read(&serial, 0) == 0x34 && serial_read(&serial, 1) == 0x12);
	serial_write(&serial, 3, 0x03);
	EXPECT(nr_sent == 1 && serial_read(&serial, 1) == 0);
}

static void transmit_interrupt(void)
{
	start();
	serial_write(&serial, 4, 0x0b);
	serial_write(&serial, 1, 0x02);
	EXPECT(level);
	EXPECT((serial_read(&serial, 2) & 0x0f) == 0x02);
	EXPECT(!level && (serial_read(&serial, 2) & 0x0f) == 0x01);
	serial_write(&serial, 0, 'a');
	EXPECT(level && edges == 2);
	/* OUT2 connects the interrupt. */
	serial_write(&serial, 4, 0x03);
	EXPECT(!level);
}

static void receives(void)
{
	start();
	EXPECT(serial_room(&serial) == 0);
	serial_write(&serial, 2, 0x01);
	serial_write(&serial, 4, 0x0b);
	EXPECT(serial_room(&serial) == 0 && !nr_ready);
	serial_write(&serial, 1, 0x01);
	EXPECT(serial_room(&serial) == 16 && nr_ready == 1);
	serial_receive(&serial, (const __u8 *)"0123456789abcdef", 16);
	EXPECT(level && serial_room(&serial) == 0);
	EXPECT((serial_read(&serial, 2) & 0x0f) == 0x04);
	EXPECT(serial_read(&serial, 5) & 1);
	EXPECT(serial_read(&serial, 0) == '0' && nr_ready == 2);
	EXPECT(serial_read(&serial, 0) == '1' && nr_ready == 2);
	serial_receive(&serial, (const __u8 *)"gh", 2);
	while (serial_read(&serial, 5) & 1)
		EXPECT(serial_read(&serial, 0));
	EXPECT(!level);
}

/* A driver that does not use interrupts has OUT2 off. */
static void polled(void)
{
	start();
	serial_write(&serial, 4, 0x03);
	EXPECT(serial_room(&serial) == 1);
	serial_receive(&serial, (const __u8 *)"x", 1);
	EXPECT(serial_read(&serial, 5) & 1);
	EXPECT(serial_read(&serial, 0) == 'x' && !(serial_read(&serial, 5) & 1));
}

/* What a driver does to find out that there is a 16550A. */
static void probed(void)
{
	start();
	serial_write(&serial, 7, 0x5a);
	EXPECT(serial_read(&serial, 7) == 0x5a);
	serial_write(&serial, 1, 0xff);
	EXPECT(serial_read(&serial, 1) == 0x0f);
	serial_write(&serial, 1, 0);
	serial_write(&serial, 2, 0x01);
	EXPECT((serial_read(&serial, 2) & 0xc0) == 0xc0);
	serial_write(&serial, 2, 0);
	EXPECT((serial_read(&serial, 2) & 0xc0) == 0);
	serial_write(&serial, 4, 0x1a);
	EXPECT((serial_read(&serial, 6) & 0xf0) == 0x90);
	serial_write(&serial, 0, 'l');
	EXPECT(!nr_sent && serial_read(&serial, 0) == 'l');
}

static void filter(void)
{
	bool escaped = false;

	EXPECT(terminal_filter(&escaped, 'x') == FILTER_PASS);
	EXPECT(terminal_filter(&escaped, 1) == FILTER_DROP);
	EXPECT(terminal_filter(&escaped, 1) == FILTER_PASS);
	EXPECT(terminal_filter(&escaped, 'x') == FILTER_PASS);
	EXPECT(terminal_filter(&escaped, 1) == FILTER_DROP);
	EXPECT(terminal_filter(&escaped, 'q') == FILTER_DROP);
	EXPECT(terminal_filter(&escaped, 1) == FILTER_DROP);
	EXPECT(terminal_filter(&escaped, 'x') == FILTER_END);
}

const struct test serial_tests[] = {
	{ "transmits", transmits },
	{ "transmit_interrupt", transmit_interrupt },
	{ "receives", receives },
	{ "polled", polled },
	{ "probed", probed },
	{ "filter", filter },
	{ NULL, NULL },
};
