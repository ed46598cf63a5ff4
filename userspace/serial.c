// SPDX-License-Identifier: GPL-2.0
/*
 * The serial port: a 16550A whose transmitter is always done at once.
 *
 * Received bytes are held back until the guest's driver is ready for them, because
 * drivers empty the FIFO when they start, and input that was piped in early would be
 * lost. A driver is ready when it has raised DTR and RTS and either has enabled the
 * receive interrupt (and OUT2, which connects the interrupt on a PC) or, with OUT2
 * off, shows that it polls.
 */
#include <string.h>

#include "serial.h"

enum {
	REG_DATA = 0,		/* or divisor, low half */
	REG_INTERRUPT_ENABLE = 1,	/* or divisor, high half */
	REG_INTERRUPT_ID = 2,	/* read */
	REG_FIFO_CONTROL = 2,	/* write */
	REG_LINE_CONTROL = 3,
	REG_MODEM_CONTROL = 4,
	REG_LINE_STATUS = 5,
	REG_MODEM_STATUS = 6,
	REG_SCRATCH = 7,
};

#define IER_RECEIVED		0x01
#define IER_TRANSMITTER_EMPTY	0x02
#define IER_LINE_STATUS		0x04
#define IER_MASK		0x0f

#define IIR_NONE		0x01
#define IIR_TRANSMITTER_EMPTY	0x02
#define IIR_RECEIVED		0x04
#define IIR_LINE_STATUS		0x06
#define IIR_FIFO		0xc0

#define FCR_ENABLE		0x01
#define FCR_CLEAR_RECEIVER	0x02
#define FCR_KEPT		0xc9	/* the rest are commands */

#define LCR_DIVISOR		0x80

#define MCR_DTR			0x01
#define MCR_RTS			0x02
#define MCR_OUT1		0x04
#define MCR_OUT2		0x08
#define MCR_LOOP		0x10
#define MCR_MASK		0x1f

#define LSR_RECEIVED		0x01
#define LSR_OVERRUN		0x02
#define LSR_TRANSMITTER_EMPTY	0x60

#define MSR_CTS			0x10
#define MSR_DSR			0x20
#define MSR_RI			0x40
#define MSR_DCD			0x80

void serial_init(struct serial *serial, const struct serial_line *line)
{
	memset(serial, 0, sizeof(*serial));
	serial->line = *line;
	serial->divisor = 1;
	pthread_mutex_init(&serial->lock, NULL);
}

static unsigned int fifo_size(const struct serial *serial)
{
	return serial->fifo_control & FCR_ENABLE ? SERIAL_FIFO_SIZE : 1;
}

static void fifo_put(struct serial *serial, __u8 byte)
{
	if (serial->used == fifo_size(serial)) {
		serial->overrun = true;
		return;
	}
	serial->fifo[(serial->head + serial->used++) % SERIAL_FIFO_SIZE] = byte;
}

static __u8 fifo_get(struct serial *serial)
{
	__u8 byte;

	if (!serial->used)
		return 0;
	byte = serial->fifo[serial->head];
	serial->head = (serial->head + 1) % SERIAL_FIFO_SIZE;
	serial->used--;
	return byte;
}

/* The most urgent interrupt that is due and enabled. */
static __u8 interrupt_id(const struct serial *serial)
{
	if (serial->interrupt_enable & IER_LINE_STATUS && serial->overrun)
		return IIR_LINE_STATUS;
	if (serial->interrupt_enable & IER_RECEIVED && serial->used)
		return IIR_RECEIVED;
	if (serial->interrupt_enable & IER_TRANSMITTER_EMPTY && serial->transmitter_empty)
		return IIR_TRANSMITTER_EMPTY;
	return IIR_NONE;
}

static void update_interrupt(struct serial *serial)
{
	bool level = interrupt_id(serial) != IIR_NONE && serial->modem_control & MCR_OUT2;

	if (level == serial->level)
		return;
	serial->level = level;
	serial->line.interrupt(serial->line.context, level);
}

static size_t room(const struct serial *serial)
{
	const __u8 up = MCR_DTR | MCR_RTS;

	if (serial->modem_control & MCR_LOOP || (serial->modem_control & up) != up)
		return 0;
	if (serial->modem_control & MCR_OUT2 && !(serial->interrupt_enable & IER_RECEIVED))
		return 0;
	return fifo_size(serial) - serial->used;
}

static void transmit(struct serial *serial, __u8 byte)
{
	if (serial->modem_control & MCR_LOOP)
		fifo_put(serial, byte);
	else
		serial->line.transmit(byte);
	serial->transmitter_empty = true;
}

/* In loop-back mode the modem's inputs are connected to our own outputs. */
static __u8 modem_status(const struct serial *serial)
{
	__u8 control = serial->modem_control;

	if (!(control & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (control & MCR_RTS ? MSR_CTS : 0) | (control & MCR_DTR ? MSR_DSR : 0) |
	       (control & MCR_OUT1 ? MSR_RI : 0) | (control & MCR_OUT2 ? MSR_DCD : 0);
}

static __u8 read_interrupt_id(struct serial *serial)
{
	__u8 id = interrupt_id(serial);

	/* Reading it acknowledges this one. */
	if (id == IIR_TRANSMITTER_EMPTY)
		serial->transmitter_empty = false;
	return id | (serial->fifo_control & FCR_ENABLE ? IIR_FIFO : 0);
}

static __u8 read_line_status(struct serial *serial)
{
	__u8 status = LSR_TRANSMITTER_EMPTY | (serial->used ? LSR_RECEIVED : 0) |
		      (serial->overrun ? LSR_OVERRUN : 0);

	serial->overrun = false;
	return status;
}

static __u8 read_register(struct serial *serial, unsigned int offset)
{
	bool divisor = serial->line_control & LCR_DIVISOR;

	switch (offset) {
	case REG_DATA:
		return divisor ? serial->divisor & 0xff : fifo_get(serial);
	case REG_INTERRUPT_ENABLE:
		return divisor ? serial->divisor >> 8 : serial->interrupt_enable;
	case REG_INTERRUPT_ID:
		return read_interrupt_id(serial);
	case REG_LINE_CONTROL:
		return serial->line_control;
	case REG_MODEM_CONTROL:
		return serial->modem_control;
	case REG_LINE_STATUS:
		return read_line_status(serial);
	case REG_MODEM_STATUS:
		return modem_status(serial);
	default:
		return serial->scratch;
	}
}

static void write_fifo_control(struct serial *serial, __u8 value)
{
	/* Turning the FIFOs on or off empties them. */
	if (value & FCR_CLEAR_RECEIVER || (value ^ serial->fifo_control) & FCR_ENABLE) {
		serial->head = 0;
		serial->used = 0;
	}
	serial->fifo_control = value & FCR_ENABLE ? value & FCR_KEPT : 0;
}

static void write_interrupt_enable(struct serial *serial, __u8 value)
{
	/* The transmitter is empty: enabling that interrupt raises it. */
	if (value & ~serial->interrupt_enable & IER_TRANSMITTER_EMPTY)
		serial->transmitter_empty = true;
	serial->interrupt_enable = value & IER_MASK;
}

static void write_register(struct serial *serial, unsigned int offset, __u8 value)
{
	bool divisor = serial->line_control & LCR_DIVISOR;

	switch (offset) {
	case REG_DATA:
		if (divisor)
			serial->divisor = (serial->divisor & 0xff00) | value;
		else
			transmit(serial, value);
		break;
	case REG_INTERRUPT_ENABLE:
		if (divisor)
			serial->divisor = (serial->divisor & 0xff) | value << 8;
		else
			write_interrupt_enable(serial, value);
		break;
	case REG_FIFO_CONTROL:
		write_fifo_control(serial, value);
		break;
	case REG_LINE_CONTROL:
		serial->line_control = value;
		break;
	case REG_MODEM_CONTROL:
		serial->modem_control = value & MCR_MASK;
		break;
	case REG_SCRATCH:
		serial->scratch = value;
		break;
	default:
		break;
	}
}

/* Called with the lock held, after any access. @before: what room() was. */
static void update(struct serial *serial, size_t before)
{
	update_interrupt(serial);
	if (!before && room(serial))
		serial->line.ready();
}

__u8 serial_read(struct serial *serial, unsigned int offset)
{
	size_t before;
	__u8 value;

	pthread_mutex_lock(&serial->lock);
	before = room(serial);
	value = read_register(serial, offset);
	update(serial, before);
	pthread_mutex_unlock(&serial->lock);
	return value;
}

void serial_write(struct serial *serial, unsigned int offset, __u8 value)
{
	size_t before;

	pthread_mutex_lock(&serial->lock);
	before = room(serial);
	write_register(serial, offset, value);
	update(serial, before);
	pthread_mutex_unlock(&serial->lock);
}

size_t serial_room(struct serial *serial)
{
	size_t result;

	pthread_mutex_lock(&serial->lock);
	result = room(serial);
	pthread_mutex_unlock(&serial->lock);
	return result;
}

void serial_receive(struct serial *serial, const __u8 *bytes, size_t n)
{
	size_t i;

	pthread_mutex_lock(&serial->lock);
	for (i = 0; i < n; i++)
		fifo_put(serial, bytes[i]);
	update_interrupt(serial);
	pthread_mutex_unlock(&serial->lock);
}
