/* SPDX-License-Identifier: GPL-2.0 */
/* The ACPI tables: what a guest's kernel learns about the machine from its firmware. */
#ifndef ACPI_H
#define ACPI_H

#include <linux/kvpci.h>
#include <linux/types.h>
#include <stddef.h>

#include "memory.h"

/* Places of PCI functions (SLOT()), from the first to the last. */
struct acpi_range {
	__u16 first;
	__u16 last;
};

/**
 * struct acpi_machine - what the tables tell of
 * @iommu: the virtual IOMMU's place (SLOT()); 0: there is none
 * @translated: places of what is, or may be, behind it
 * @nr_translated: how many ranges of these there are
 */
struct acpi_machine {
	unsigned int cpus;
	__u8 last_bus;
	struct kvpci_window io;
	struct kvpci_window mem32;
	struct kvpci_window mem64;
	__u16 iommu;
	const struct acpi_range *translated;
	size_t nr_translated;
};

/* Write the tables into the guest's memory. The root pointer is at ACPI_RSDP. */
int acpi_create(const struct guest_memory *memory, const struct acpi_machine *machine);

#endif /* ACPI_H */
