// SPDX-License-Identifier: GPL-2.0
/*
 * The floor: what KVM and the smallest program on it take for an access and for an
 * interrupt. The runner has these places with --floor: ioeventfds, which end in KVM, and
 * nothing, at which the access ends the runner's KVM_RUN; and with --irqfd: ioeventfds
 * with an irqfd that sends a message.
 */
#include "interrupt.h"
#include "io.h"
#include "measure.h"
#include "operations.h"
#include "places.h"

static void eventfd_port(void)
{
	outl(FLOOR_EVENTFD_PORT, 0);
}

static void eventfd_mmio(void)
{
	writel(FLOOR_EVENTFD_MMIO, 0);
}

static void eventfd_readonly(void)
{
	writel(FLOOR_EVENTFD_READONLY, 0);
}

static void memory_read(void)
{
	readl(FLOOR_EVENTFD_READONLY);
}

static void exit_port_write(void)
{
	outl(FLOOR_EXIT_PORT, 0);
}

static void exit_port_read(void)
{
	inl(FLOOR_EXIT_PORT);
}

static void exit_mmio_write(void)
{
	writel(FLOOR_EXIT_MMIO, 0);
}

static void exit_mmio_read(void)
{
	readl(FLOOR_EXIT_MMIO);
}

static void irqfd_port(void)
{
	interrupt_expect();
	outl(SEND_PORT, 0);
	interrupt_wait();
}

static void irqfd_mmio(void)
{
	interrupt_expect();
	writel(SEND_MMIO, 0);
	interrupt_wait();
}

void measure_floor(void)
{
	measure("eventfd-port", eventfd_port);
	measure("eventfd-mmio", eventfd_mmio);
	/* In this order: a page that has been read is there, which writes take longer for. */
	measure("memory-read", memory_read);
	measure("eventfd-readonly", eventfd_readonly);
	measure("exit-port-write", exit_port_write);
	measure("exit-port-read", exit_port_read);
	measure("exit-mmio-write", exit_mmio_write);
	measure("exit-mmio-read", exit_mmio_read);
}

void measure_irqfd(void)
{
	interrupt_enable();
	measure("irqfd-port", irqfd_port);
	measure("irqfd-mmio", irqfd_mmio);
	interrupt_disable();
}
