// SPDX-License-Identifier: GPL-2.0
/*
 * The operations on functions that are measured. Each is a function here, which is its
 * definition, and a row of the report; bench/rows has their number of accesses.
 *
 * They are done to the last pci-testdev on bus 0, by configuration mechanism
 * #1 (cf8: write the address register, then access the data register) and by ECAM (one
 * access). The BAR is BAR 0, of 32-bit memory. No operation reads what it could know:
 * an OS does, but then it does two of these operations.
 *
 * Those on configuration space and on the BAR with a table of MSI-X are done to a device of the
 * host's, too.
 */
#include "io.h"
#include "measure.h"
#include "msix.h"
#include "operations.h"
#include "pci.h"
#include "places.h"
#include "print.h"
#include "testdev.h"

/* Where BAR 0 is moved to and from. No other BAR is there; see MEMORY_POOL. */
#define BAR_HOME		0xd8000000
#define BAR_AWAY		0xd9000000
#define TABLE_HOME		0xda000000
#define TABLE_AWAY		0xdb000000

static struct pci_function f;
static struct testdev_doorbell doorbell;
static __u16 command;	/* decode enabled */
static __u32 bar;		/* where BAR 0 is */
static __u32 ports;		/* where BAR 1 is */
static struct msix msix;
static __u32 table = TABLE_HOME;	/* where the BAR of its table is */

/* config-read: a dword, vendor and device ID. */
static void cf8_config_read(void)
{
	cf8_read(&f, PCI_ID);
}

static void ecam_config_read(void)
{
	ecam_read(&f, PCI_ID);
}

/* config-write: a byte that can be written and does nothing. */
static void cf8_config_write(void)
{
	cf8_write_byte(&f, PCI_INTERRUPT_LINE, 0x5a);
}

static void ecam_config_write(void)
{
	ecam_write_byte(&f, PCI_INTERRUPT_LINE, 0x5a);
}

/*
 * bar-size: read the BAR, write all ones, read the size, restore. Decode stays on; Linux
 * turns it off meanwhile, for another three accesses.
 */
static void cf8_bar_size(void)
{
	__u32 old = cf8_read(&f, PCI_BAR(0));

	cf8_write(&f, PCI_BAR(0), ~0);
	cf8_read(&f, PCI_BAR(0));
	cf8_write(&f, PCI_BAR(0), old);
}

static void ecam_bar_size(void)
{
	__u32 old = ecam_read(&f, PCI_BAR(0));

	ecam_write(&f, PCI_BAR(0), ~0);
	ecam_read(&f, PCI_BAR(0));
	ecam_write(&f, PCI_BAR(0), old);
}

/* bar-move: memory decode off, write another address to the BAR, decode on. */
static void cf8_bar_move(void)
{
	bar ^= BAR_HOME ^ BAR_AWAY;
	cf8_write_word(&f, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
	cf8_write(&f, PCI_BAR(0), bar);
	cf8_write_word(&f, PCI_COMMAND, command);
}

static void ecam_bar_move(void)
{
	bar ^= BAR_HOME ^ BAR_AWAY;
	ecam_write_word(&f, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
	ecam_write(&f, PCI_BAR(0), bar);
	ecam_write_word(&f, PCI_COMMAND, command);
}

/*
 * table-bar-size, table-bar-move: the same of the BAR that has a table of MSI-X. Nothing
 * is read there meanwhile; so it is when an OS boots.
 */
static void cf8_table_bar_size(void)
{
	__u32 old = cf8_read(&f, msix.table_bar);

	cf8_write(&f, msix.table_bar, ~0);
	cf8_read(&f, msix.table_bar);
	cf8_write(&f, msix.table_bar, old);
}

static void cf8_table_bar_move(void)
{
	table ^= TABLE_HOME ^ TABLE_AWAY;
	cf8_write_word(&f, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
	cf8_write(&f, msix.table_bar, table);
	cf8_write_word(&f, PCI_COMMAND, command);
}

/* register-read, register-write: a byte behind the BAR, with no effect. */
static void register_read(void)
{
	readb(bar + TESTDEV_PAD);
}

static void register_write(void)
{
	writeb(bar + TESTDEV_PAD, 0);
}

/* doorbell-mmio, doorbell-port: a write that signals an eventfd nobody waits for. */
static void doorbell_mmio(void)
{
	if (doorbell.width == 1)
		writeb(doorbell.addr, doorbell.data);
	else
		writel(doorbell.addr, doorbell.data);
}

static void doorbell_port(void)
{
	if (doorbell.width == 1)
		outb(doorbell.addr, doorbell.data);
	else
		outl(doorbell.addr, doorbell.data);
}

/* Go to where BAR moves begin, and see that the device answers there. */
static void go_home(void)
{
	bar = BAR_HOME;
	cf8_write_word(&f, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
	cf8_write(&f, PCI_BAR(0), bar);
	cf8_write_word(&f, PCI_COMMAND, command);
	if (!testdev_doorbell(bar, false, &doorbell))
		fail("the test device has no doorbell in its memory BAR");
}

/* Have the runner do what a launcher does, if there is a runner. */
void settle(void)
{
	outl(SETTLE_PORT, 0);
}

static void measure_config(void)
{
	measure("config-read-cf8", cf8_config_read);
	measure("config-write-cf8", cf8_config_write);
	measure("config-read-ecam", ecam_config_read);
	measure("config-write-ecam", ecam_config_write);
}

static void measure_bar(void)
{
	__u32 before;

	measure("bar-size-cf8", cf8_bar_size);
	measure("bar-size-ecam", ecam_bar_size);
	before = bar;
	measure("bar-move-cf8", cf8_bar_move);
	measure("bar-move-ecam", ecam_bar_move);

	/* Moved an odd number of times, it must answer where it is now and only there. */
	if (bar == before)
		cf8_bar_move();
	if (!testdev_doorbell(bar, false, &doorbell) ||
	    testdev_doorbell(before, false, &doorbell))
		fail("the BAR is not where it was moved to");
}

/* And table-bar-leave: a move of a BAR that is mirrored, with what that takes away. */
static void measure_table_bar(void)
{
	unsigned long offset;

	/* QEMU's device has none. */
	if (!msix_of(&f, &msix))
		return;

	offset = msix.table - (cf8_read(&f, msix.table_bar) & ~0xf);
	cf8_table_bar_move();
	measure("table-bar-size-cf8", cf8_table_bar_size);
	measure("table-bar-move-cf8", cf8_table_bar_move);
	measure_after("table-bar-leave-cf8", settle, cf8_table_bar_move);
	if (readl(table + offset + MSIX_VECTOR_CONTROL) != MSIX_VECTOR_MASK)
		fail("the table is not where its BAR was moved to");
}

static void measure_device(void)
{
	testdev_doorbell(bar, false, &doorbell);
	measure("doorbell-mmio", doorbell_mmio);
	if (!testdev_doorbell(ports, true, &doorbell))
		fail("the test device has no doorbell in its port BAR");
	measure("doorbell-port", doorbell_port);

	/* With no test chosen, QEMU has nothing to do for a register. */
	writeb(bar + TESTDEV_TEST, 0xff);
	measure("register-read", register_read);
	measure("register-write", register_write);
}

void measure_functions(void)
{
	unsigned int functions = pci_setup();

	if (!pci_find(TESTDEV_ID, &f))
		fail("there is no test device on bus 0");
	print("functions ");
	print_number(functions);
	print("\n");

	command = cf8_read(&f, PCI_COMMAND);
	ports = cf8_read(&f, PCI_BAR(1)) & ~3;
	go_home();
	writeb(bar + TESTDEV_TEST, 0xff);

	measure_config();
	measure_bar();
	measure_table_bar();
	measure_device();
}

/* The function with MSI-X, whatever else it is: a device of the host's. */
void measure_given(void)
{
	pci_setup();
	if (!msix_find(&msix))
		fail("there is no function with MSI-X on bus 0");
	f = msix.f;
	command = cf8_read(&f, PCI_COMMAND);
	measure_config();
	measure_table_bar();
}
