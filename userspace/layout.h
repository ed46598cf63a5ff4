/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where everything is in the guest's physical address space and among its ports.
 *
 *	0000'0000 - 0009'fbff	RAM; the BIOS's and the boot data below are in it
 *	0009'fc00 - 0009'ffff	RAM, reserved (where a BIOS keeps its data)
 *	000a'0000 - 000b'ffff	nothing
 *	000c'0000 - 000f'ffff	RAM, reserved: ACPI tables at 000e'0000, MP tables at 000f'0000
 *	0010'0000 - 7fff'ffff	RAM
 *	8000'0000 - dfff'ffff	window for 32-bit BARs
 *	e000'0000 - efff'ffff	PCI configuration space (ECAM), buses 0 to 255
 *	fec0'0000, fee0'0000	I/O APIC and local APICs, both KVM's
 *	fffb'c000 - fffb'ffff	pages that KVM needs on Intel processors
 *	1'0000'0000 - ...	the rest of RAM
 *	upper half of what the processor can address	window for 64-bit BARs
 *
 * Guests search 000c'0000 to 000f'ffff for tables and ROMs, word by word: there is RAM,
 * so that they find nothing without an exit for each. The 32-bit window starts at a
 * multiple of 1 GiB so that a BAR of that size fits.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#define KIB(n)			((n) * 1024ULL)
#define MIB(n)			((n) * 1024ULL * 1024)
#define GIB(n)			((n) * 1024ULL * 1024 * 1024)

/* RAM */
#define LOW_RAM_END		0xa0000ULL
#define LOW_RAM_USABLE_END	0x9fc00ULL
#define FIRMWARE_BASE		0xc0000ULL
#define FIRMWARE_END		0x100000ULL
#define HIGH_RAM_BASE		0x100000ULL
#define RAM_HOLE_BASE		0x80000000ULL
#define RAM_HOLE_END		0x100000000ULL

/* What a BIOS has: interrupt vectors, data, and here one handler. */
#define BIOS_VECTORS		0x0ULL
#define BIOS_DATA		0x400ULL
#define BIOS_HANDLER_SEGMENT	0xf000
#define BIOS_HANDLER_OFFSET	0xff53

/*
 * Boot data. Below is room for small kernels, but for the first page, where guests put
 * real-mode trampolines; they put larger ones at the end of usable RAM.
 */
#define LOW_KERNEL_BASE		0x1000ULL
#define LOW_KERNEL_END		0x70000ULL
#define BOOT_COMMAND_LINE	0x70000ULL
#define BOOT_COMMAND_LINE_SIZE	0x10000ULL
#define BOOT_PARAMS		0x80000ULL	/* what the boot protocol hands over */
#define BOOT_PARAMS_SIZE	0x2000ULL
#define BOOT_PAGE_TABLES	0x82000ULL	/* 6 pages: 4 GiB in 2 MiB pages */
#define BOOT_GDT		0x88000ULL

/* ACPI: the RSDP must be in the range that guests search for it. */
#define ACPI_TABLES_BASE	0xe0000ULL
#define ACPI_RSDP		ACPI_TABLES_BASE
#define ACPI_TABLES_SIZE	0x10000ULL
#define ACPI_INFO_BASE		0xff000ULL	/* repeated in dsdt.asl */

/* MultiProcessor tables: the pointer to them too must be where guests search for it. */
#define MP_TABLE_BASE		0xf0000ULL
#define MP_TABLE_SIZE		0xf000ULL

/* PCI */
#define PCI_LAST_BUS		255
#define PCI_ECAM_BASE		0xe0000000ULL
#define PCI_ECAM_SIZE		0x10000000ULL	/* of all buses */
#define PCI_ECAM_BUS_SIZE	0x100000ULL
#define PCI_MEM32_BASE		0x80000000ULL
#define PCI_MEM32_SIZE		0x60000000ULL
#define PCI_IO_BASE		0x1000ULL
#define PCI_IO_SIZE		0xf000ULL

/* Interrupt controllers and KVM's own pages */
#define IOAPIC_BASE		0xfec00000U
#define LOCAL_APIC_BASE		0xfee00000U
#define KVM_IDENTITY_MAP_BASE	0xfffbc000ULL
#define KVM_TSS_BASE		0xfffbd000ULL

/* Ports */
#define PORT_KEYBOARD_CONTROL	0x64
#define PORT_RTC		0x70
#define PORT_DEBUG_EXIT		0xf4
#define PORT_SERIAL		0x3f8
#define PORT_PM1_EVENT		0x600
#define PORT_PM1_CONTROL	0x604
#define PORT_PM_TIMER		0x608
#define PORT_PCI_CONFIG		0xcf8
#define PORT_PCI_CONFIG_SIZE	8
#define PORT_RESET		0xcf9

/* Interrupts */
#define IRQ_SERIAL		4
#define IRQ_ACPI		9

#endif /* LAYOUT_H */
