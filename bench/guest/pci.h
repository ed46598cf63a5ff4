/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PCI_H
#define PCI_H

#include <stdbool.h>
#include <linux/types.h>

#include "io.h"

#define PCI_ID			0x00
#define PCI_COMMAND		0x04
#define PCI_COMMAND_IO		0x1
#define PCI_COMMAND_MEMORY	0x2
#define PCI_COMMAND_MASTER	0x4
#define PCI_CLASS		0x08
#define PCI_BAR(n)		(0x10 + 4 * (n))
#define PCI_NUM_BARS		6
#define PCI_BAR_IO		0x1
#define PCI_BAR_64BIT		0x4
#define PCI_CAPABILITIES	0x34
#define PCI_INTERRUPT_LINE	0x3c

#define CF8_ADDRESS		0xcf8
#define CF8_DATA		0xcfc
#define CF8_ENABLE		0x80000000

/* A function on bus 0, named as both mechanisms want it. */
struct pci_function {
	__u32 cf8;		/* what to write to CF8_ADDRESS for register 0 */
	unsigned long ecam;		/* address of register 0 */
};

static inline __u32 cf8_read(const struct pci_function *f, __u32 reg)
{
	outl(CF8_ADDRESS, f->cf8 | reg);
	return inl(CF8_DATA);
}

static inline void cf8_write(const struct pci_function *f, __u32 reg,
			     __u32 val)
{
	outl(CF8_ADDRESS, f->cf8 | reg);
	outl(CF8_DATA, val);
}

static inline void cf8_write_word(const struct pci_function *f, __u32 reg,
				  __u16 val)
{
	outl(CF8_ADDRESS, f->cf8 | (reg & ~3));
	outw(CF8_DATA + (reg & 2), val);
}

static inline void cf8_write_byte(const struct pci_function *f, __u32 reg,
				  __u8 val)
{
	outl(CF8_ADDRESS, f->cf8 | reg);
	outb(CF8_DATA, val);
}

static inline __u32 ecam_read(const struct pci_function *f, __u32 reg)
{
	return readl(f->ecam + reg);
}

static inline void ecam_write(const struct pci_function *f, __u32 reg,
			      __u32 val)
{
	writel(f->ecam + reg, val);
}

static inline void ecam_write_word(const struct pci_function *f, __u32 reg,
				   __u16 val)
{
	writew(f->ecam + reg, val);
}

static inline void ecam_write_byte(const struct pci_function *f, __u32 reg,
				   __u8 val)
{
	writeb(f->ecam + reg, val);
}

unsigned int pci_setup(void);
bool pci_find(__u32 id, struct pci_function *f);
__u32 pci_capability(const struct pci_function *f, __u8 id);
bool pci_find_capability(__u8 id, struct pci_function *f);

#endif /* PCI_H */
