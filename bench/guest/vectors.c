// SPDX-License-Identifier: GPL-2.0
/*
 * The operations on MSI-X that are measured, as those on functions are: each is a
 * function here and a row of the report.
 *
 * They are done to the last vector of the last function on bus 0 that has MSI-X. It is
 * enabled, all vectors have a message, and those that are not measured are not masked
 * either. The operations that end with an interrupt are for machines that have the
 * runner's places to trigger it.
 */
#include "interrupt.h"
#include "io.h"
#include "measure.h"
#include "msix.h"
#include "operations.h"
#include "places.h"
#include "print.h"

#define PATIENCE	100000000

static struct msix msix;
static unsigned int last;		/* the vector */
static unsigned long entry;		/* its entry in the table */
static __u32 data;			/* of its message */

static void unmask(void)
{
	writel(entry + MSIX_VECTOR_CONTROL, 0);
}

/* msix-mask: mask a vector that is not, and read that back, so that it is done. */
static void mask(void)
{
	writel(entry + MSIX_VECTOR_CONTROL, MSIX_VECTOR_MASK);
	readl(entry + MSIX_VECTOR_CONTROL);
}

/* msix-rewrite: what Linux does to move an interrupt. */
static void rewrite(void)
{
	data ^= 1;
	writel(entry + MSIX_VECTOR_CONTROL, MSIX_VECTOR_MASK);
	writel(entry + MSIX_ADDRESS, MESSAGE_ADDRESS);
	writel(entry + MSIX_ADDRESS_HIGH, 0);
	writel(entry + MSIX_DATA, data);
	writel(entry + MSIX_VECTOR_CONTROL, 0);
	readl(entry + MSIX_DATA);
}

static void mask_function(void)
{
	cf8_write_word(&msix.f, msix.control, MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK);
}

static void unmask_function(void)
{
	cf8_write_word(&msix.f, msix.control, MSIX_CONTROL_ENABLE);
}

/* msix-function-mask: set the function mask, and clear it. */
static void function_mask(void)
{
	mask_function();
	unmask_function();
}

/* msix-pba-read: the pending bits of 32 vectors. */
static void pba_read(void)
{
	readl(msix.pba + last / 32 * 4);
}

/* msix-table-read: a message's data. */
static void table_read(void)
{
	readl(entry + MSIX_DATA);
}

/* mirrored-register-read, mirrored-register-write: a register that is mirrored. */
static void register_read(void)
{
	readl(msix.table + MIRRORED_REGISTER);
}

static void register_write(void)
{
	writel(msix.table + MIRRORED_REGISTER, 0);
}

/* doorbell-any: one for writes of any length, which nobody waits for. */
static void doorbell_any(void)
{
	writel(msix.table + DOORBELL, 0);
}

/* mirrored-bar-move: of a BAR that has a mirror, which takes it away. */
static void bar_move(void)
{
	__u32 command = ecam_read(&msix.f, PCI_COMMAND);

	ecam_write_word(&msix.f, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
	ecam_write(&msix.f, msix.table_bar, msix.table);
	ecam_write_word(&msix.f, PCI_COMMAND, command);
}

/* Have a vector pending, however long the trigger takes to get there. */
static void wait_pending(unsigned int vector)
{
	unsigned int i;

	for (i = 0; !msix_pending(&msix, vector); i++)
		if (i == PATIENCE)
			fail("a masked vector that was triggered is not pending");
}

static void make_one_pending(void)
{
	mask_function();
	outl(SEND_PORT, 0);
	wait_pending(last);
}

static void make_many_pending(void)
{
	unsigned int i;

	mask_function();
	outl(TRIGGER_MANY_PORT, 0);
	for (i = 0; i < TRIGGER_MANY; i++)
		wait_pending(i * TRIGGER_STRIDE);
}

/*
 * msix-unmask-one, msix-unmask-many: clear the function mask while vectors are pending,
 * until the handler has run, which it does once: their messages are the same.
 */
static void unmask_pending(void)
{
	interrupt_expect();
	unmask_function();
	interrupt_wait();
}

/* eventfd-to-handler: a write that signals an eventfd, which triggers the vector. */
static void eventfd_to_handler(void)
{
	interrupt_expect();
	outl(SEND_PORT, 0);
	interrupt_wait();
}

/* register-to-handler: a write to a register, which triggers the vector. */
static void register_to_handler(void)
{
	interrupt_expect();
	writel(msix.table + TRIGGER_REGISTER, 0);
	interrupt_wait();
}

static void setup(void)
{
	unsigned int i;
	__u32 command;

	pci_setup();
	if (!msix_find(&msix))
		fail("there is no function with MSI-X on bus 0");
	print("vectors ");
	print_number(msix.vectors);
	print("\n");

	last = msix.vectors - 1;
	entry = msix_entry(&msix, last);
	data = MESSAGE_DATA;
	command = cf8_read(&msix.f, PCI_COMMAND);
	cf8_write_word(&msix.f, PCI_COMMAND, command | PCI_COMMAND_MASTER);
	unmask_function();
	for (i = 0; i < msix.vectors; i++)
		msix_set(&msix, i, data);
	settle();
}

/* What a machine of any kind has. */
void measure_vectors(void)
{
	setup();
	measure_after("msix-mask", unmask, mask);
	if (readl(entry + MSIX_VECTOR_CONTROL) != MSIX_VECTOR_MASK)
		fail("the vector is not masked");

	data ^= 1;
	measure("msix-rewrite", rewrite);
	if (readl(entry + MSIX_DATA) != data || readl(entry + MSIX_VECTOR_CONTROL))
		fail("the vector does not have the message that was written");

	measure("msix-function-mask", function_mask);
	measure("msix-pba-read", pba_read);
	measure("msix-table-read", table_read);
}

/* What takes the runner. */
void measure_interrupts(void)
{
	setup();
	interrupt_enable();
	measure("eventfd-to-handler", eventfd_to_handler);
	measure("register-to-handler", register_to_handler);
	measure_after("msix-unmask-none", mask_function, unmask_function);
	measure_after("msix-unmask-one", make_one_pending, unmask_pending);
	if (msix.vectors > (TRIGGER_MANY - 1) * TRIGGER_STRIDE)
		measure_after("msix-unmask-many", make_many_pending, unmask_pending);
	interrupt_disable();
	measure("mirrored-register-read", register_read);
	measure("mirrored-register-write", register_write);
	measure_after("mirrored-bar-move", settle, bar_move);
	if (readl(msix.table + MSIX_DATA) != data)
		fail("the table is not where its BAR is");
	outl(DOORBELL_PORT, 0);
	measure("doorbell-any", doorbell_any);
}
