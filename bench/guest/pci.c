// SPDX-License-Identifier: GPL-2.0
/*
 * Bus 0: where its functions are, and addresses for BARs that have none.
 *
 * QEMU's firmware has given every BAR an address before this program runs, as kvpci-run has, which
 * takes one above 4 GiB if it can; under the bench's runner pci_setup() does it. The ranges from
 * which it gives them are free in all of them.
 */
#include "pci.h"
#include "print.h"

#define NUM_DEVFNS	256
#define CLASS_BRIDGE	0x06
#define ABSENT		0xffffffff

#define MEMORY_POOL	0xc0000000
#define IO_POOL		0xc000

/* Intel's Q35 has a register that tells where ECAM is; other bridges have it here. */
#define Q35_ID		0x29c08086
#define Q35_PCIEXBAR	0x60
#define ECAM_DEFAULT	0xe0000000

static __u32 next_memory = MEMORY_POOL;
static __u32 next_io = IO_POOL;

static void address(struct pci_function *f, unsigned int devfn)
{
	static unsigned long ecam;

	if (!ecam) {
		struct pci_function bridge = { .cf8 = CF8_ENABLE };

		ecam = ECAM_DEFAULT;
		if (cf8_read(&bridge, PCI_ID) == Q35_ID)
			ecam = cf8_read(&bridge, Q35_PCIEXBAR) & 0xf0000000;
	}

	f->cf8 = CF8_ENABLE | devfn << 8;
	f->ecam = ecam + (devfn << 12);
}

/*
 * Give the BAR at @reg an address if it has none, or one above 4 GiB, where this program does not
 * look. Return: whether it is of 64 bits.
 */
static bool assign(const struct pci_function *f, __u32 reg)
{
	__u32 old = cf8_read(f, reg);
	__u32 flags = old & PCI_BAR_IO ? 0x3 : 0xf;
	__u32 *next = old & PCI_BAR_IO ? &next_io : &next_memory;
	bool is_64bit = (old & (PCI_BAR_IO | PCI_BAR_64BIT)) == PCI_BAR_64BIT;
	bool is_high = is_64bit && cf8_read(f, reg + 4);
	__u32 size;

	if (old & ~flags && !is_high)
		return is_64bit;
	cf8_write(f, reg, ~0);
	size = -(cf8_read(f, reg) & ~flags);
	if (old & PCI_BAR_IO)
		size &= 0xffff;
	if (!size) {
		cf8_write(f, reg, old);
	} else {
		*next = (*next + size - 1) & -size;
		cf8_write(f, reg, *next);
		if (is_high)
			cf8_write(f, reg + 4, 0);
		*next += size;
	}
	return is_64bit;
}

/* Make every function decode. Return: how many there are, bridges left out. */
unsigned int pci_setup(void)
{
	unsigned int devfn, bar, count = 0;
	struct pci_function f;
	__u32 command;

	for (devfn = 0; devfn < NUM_DEVFNS; devfn++) {
		address(&f, devfn);
		if (cf8_read(&f, PCI_ID) == ABSENT ||
		    cf8_read(&f, PCI_CLASS) >> 24 == CLASS_BRIDGE)
			continue;

		count++;
		command = cf8_read(&f, PCI_COMMAND) & 0xffff;
		for (bar = 0; bar < PCI_NUM_BARS; bar++)
			if (assign(&f, PCI_BAR(bar)))
				bar++;
		cf8_write_word(&f, PCI_COMMAND, command | PCI_COMMAND_IO |
			       PCI_COMMAND_MEMORY);
	}

	return count;
}

/* The last function that has this vendor and device ID. */
bool pci_find(__u32 id, struct pci_function *f)
{
	unsigned int devfn = NUM_DEVFNS;

	while (devfn--) {
		address(f, devfn);
		if (cf8_read(f, PCI_ID) != id)
			continue;
		if (ecam_read(f, PCI_ID) != id)
			fail("ECAM is not where it was expected");
		return true;
	}

	return false;
}

/* Return: where a function has a capability; 0 if it has none of that ID */
__u32 pci_capability(const struct pci_function *f, __u8 id)
{
	__u32 at = cf8_read(f, PCI_CAPABILITIES) & 0xfc;

	while (at) {
		__u32 header = cf8_read(f, at);

		if ((header & 0xff) == id)
			return at;
		at = header >> 8 & 0xfc;
	}

	return 0;
}

/* The last function that has a capability. */
bool pci_find_capability(__u8 id, struct pci_function *f)
{
	unsigned int devfn = NUM_DEVFNS;

	while (devfn--) {
		address(f, devfn);
		if (cf8_read(f, PCI_ID) == ABSENT)
			continue;
		if (pci_capability(f, id))
			return true;
	}

	return false;
}
