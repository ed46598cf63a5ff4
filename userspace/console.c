// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's serial port, connected to standard input and output: the processors'
 * threads write what the guest sends; the main thread reads what the user types, and
 * is woken by an eventfd when the guest has made room for more.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "console.h"
#include "layout.h"
#include "report.h"
#include "serial.h"
#include "terminal.h"

#define SERIAL_REGISTERS	8

static struct serial serial;
static int ready_event = -1;

static void ready(void)
{
	eventfd_write(ready_event, 1);
}

static void interrupt(void *context, bool level)
{
	vm_set_irq(context, IRQ_SERIAL, level);
}

static __u32 console_read(void *device, __u16 offset, unsigned int size)
{
	return size == 1 ? serial_read(device, offset) : ~0U;
}

static void console_write(void *device, __u16 offset, unsigned int size, __u32 value)
{
	if (size == 1)
		serial_write(device, offset, value);
}

int console_create(struct ports *ports, struct vm *vm)
{
	const struct serial_line line = {
		.transmit = terminal_write,
		.interrupt = interrupt,
		.ready = ready,
		.context = vm,
	};

	ready_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ready_event < 0)
		return fail("cannot create an eventfd: %s", strerror(errno));
	serial_init(&serial, &line);
	ports_add(ports, &(struct port_range){
		.base = PORT_SERIAL, .length = SERIAL_REGISTERS,
		.device = &serial, .read = console_read, .write = console_write,
	});
	return STATUS_OK;
}

int console_ready_fd(void)
{
	return ready_event;
}

void console_feed(void)
{
	__u8 bytes[SERIAL_FIFO_SIZE];
	eventfd_t count;
	size_t n;

	/* Before room is asked for, so that none that comes after is missed. */
	eventfd_read(ready_event, &count);
	n = serial_room(&serial);
	n = terminal_take(bytes, n);
	if (n)
		serial_receive(&serial, bytes, n);
}
