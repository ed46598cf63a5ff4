/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MSIX_H
#define MSIX_H

#include <stdbool.h>
#include <linux/types.h>

#include "pci.h"

#define MSIX_CONTROL_ENABLE	0x8000
#define MSIX_CONTROL_MASK	0x4000

/* An entry of the table. */
#define MSIX_ENTRY_SIZE		16
#define MSIX_ADDRESS		0
#define MSIX_ADDRESS_HIGH	4
#define MSIX_DATA		8
#define MSIX_VECTOR_CONTROL	12
#define MSIX_VECTOR_MASK	1

/* A function that has MSI-X. */
struct msix {
	struct pci_function f;
	__u32 control;			/* where its message control is */
	unsigned int vectors;
	__u32 table_bar;		/* where the BAR of its table is */
	unsigned long table;
	unsigned long pba;
};

static inline unsigned long msix_entry(const struct msix *msix, unsigned int vector)
{
	return msix->table + vector * MSIX_ENTRY_SIZE;
}

bool msix_of(const struct pci_function *f, struct msix *msix);
bool msix_find(struct msix *msix);
void msix_set(const struct msix *msix, unsigned int vector, __u32 data);
bool msix_pending(const struct msix *msix, unsigned int vector);

#endif /* MSIX_H */
