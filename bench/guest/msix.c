// SPDX-License-Identifier: GPL-2.0
/*
 * MSI-X (PCI Local Bus 3.0, 6.8.2): where a function has its table and pending bits, and
 * what is in them.
 */
#include "msix.h"
#include "places.h"

#define CAPABILITY_MSIX		0x11
#define MSIX_CONTROL		2
#define MSIX_TABLE		4
#define MSIX_PBA		8
#define MSIX_CONTROL_SIZE	0x7ff
#define MSIX_BAR		7

/* The address that a register of the capability tells. */
static unsigned long place(const struct pci_function *f, __u32 reg)
{
	__u32 val = cf8_read(f, reg);

	return (cf8_read(f, PCI_BAR(val & MSIX_BAR)) & ~0xf) + (val & ~MSIX_BAR);
}

/* Look at a function, which has been set up. Return: whether it has MSI-X. */
bool msix_of(const struct pci_function *f, struct msix *msix)
{
	__u32 at = pci_capability(f, CAPABILITY_MSIX);

	if (!at)
		return false;

	msix->f = *f;
	msix->table_bar = PCI_BAR(cf8_read(f, at + MSIX_TABLE) & MSIX_BAR);
	msix->control = at + MSIX_CONTROL;
	msix->vectors = (cf8_read(&msix->f, at) >> 16 & MSIX_CONTROL_SIZE) + 1;
	msix->table = place(&msix->f, at + MSIX_TABLE);
	msix->pba = place(&msix->f, at + MSIX_PBA);
	return true;
}

/* Find the last function that has MSI-X, on a bus that has been set up. */
bool msix_find(struct msix *msix)
{
	struct pci_function f;

	return pci_find_capability(CAPABILITY_MSIX, &f) && msix_of(&f, msix);
}

/* Give a vector its message, and unmask it. */
void msix_set(const struct msix *msix, unsigned int vector, __u32 data)
{
	unsigned long entry = msix_entry(msix, vector);

	writel(entry + MSIX_ADDRESS, MESSAGE_ADDRESS);
	writel(entry + MSIX_ADDRESS_HIGH, 0);
	writel(entry + MSIX_DATA, data);
	writel(entry + MSIX_VECTOR_CONTROL, 0);
}

bool msix_pending(const struct msix *msix, unsigned int vector)
{
	return readl(msix->pba + vector / 32 * 4) >> vector % 32 & 1;
}
