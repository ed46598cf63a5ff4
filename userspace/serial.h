/* SPDX-License-Identifier: GPL-2.0 */
/* The serial port: a 16550A at 0x3f8, interrupt 4. */
#ifndef SERIAL_H
#define SERIAL_H

#include <linux/types.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define SERIAL_FIFO_SIZE	16

struct serial;

/* What the port is connected to. Called with the port's lock held. */
struct serial_line {
	void (*transmit)(__u8 byte);
	void (*interrupt)(void *context, bool level);
	void (*ready)(void);	/* the guest takes input again */
	void *context;		/* of interrupt() */
};

struct serial {
	struct serial_line line;
	pthread_mutex_t lock;	/* guards all that follows */
	__u8 fifo[SERIAL_FIFO_SIZE];	/* received */
	unsigned int head;	/* the oldest byte in it */
	unsigned int used;
	__u16 divisor;
	__u8 interrupt_enable;
	__u8 fifo_control;
	__u8 line_control;
	__u8 modem_control;
	__u8 scratch;
	bool transmitter_empty;	/* such an interrupt is due */
	bool overrun;
	bool level;		/* of the interrupt line */
};

void serial_init(struct serial *serial, const struct serial_line *line);

/* The registers, at @offset 0 to 7. */
__u8 serial_read(struct serial *serial, unsigned int offset);
void serial_write(struct serial *serial, unsigned int offset, __u8 value);

/* How many bytes the guest is ready to receive. */
size_t serial_room(struct serial *serial);

/* Receive @n bytes, at most serial_room(). */
void serial_receive(struct serial *serial, const __u8 *bytes, size_t n);

#endif /* SERIAL_H */
