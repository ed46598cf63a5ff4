/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFIO without devices: what the launcher opens under /dev/vfio, and the device behind that, whose
 * ioctls come here (the linker's --wrap=open and --wrap=ioctl). The device is a file of as many
 * bytes as it has configuration space, and has no BARs.
 */
#ifndef FAKE_VFIO_H
#define FAKE_VFIO_H

#include <linux/types.h>
#include <linux/vfio.h>
#include <stdbool.h>

#define FAKE_VECTORS	8
#define FAKE_MAPPINGS	16

/* What is signalled for interrupts of one kind, and how many calls have changed that. */
struct fake_irqs {
	__u32 nr;
	int event[FAKE_VECTORS];
	unsigned int changes;
};

/**
 * struct fake_vfio - VFIO
 * @on: it is there
 * @no_remapping: the IOMMU does not remap interrupts
 * @no_pci: the device is none of PCI's
 * @busy: it can't reset the device now: who asks is told so, and who asks again waits
 * @config: what the device's configuration space is when it is opened
 * @device: its descriptor
 * @irqs: by VFIO_PCI_*_IRQ_INDEX
 * @asked: how many times it was asked to reset the device
 * @resets: how many times it has
 * @start: of each mapping, of all containers
 * @size: bytes of that; 0: this one is free
 */
struct fake_vfio {
	bool on;
	bool no_remapping;
	bool no_pci;
	bool busy;
	__u8 config[256];
	int device;
	struct fake_irqs irqs[VFIO_PCI_NUM_IRQS];
	unsigned int asked;
	unsigned int resets;
	__u64 start[FAKE_MAPPINGS];
	__u64 size[FAKE_MAPPINGS];
};

extern struct fake_vfio fake_vfio;

/* What the linker makes of calls of open(), and the C library's. */
int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);

/* Is that ioctl VFIO's, or what KVM is told of it? Then @result is what it returns. */
bool fake_vfio_ioctl(int fd, unsigned long request, void *argument, int *result);

/* How many bytes are mapped? */
__u64 fake_vfio_mapped(void);

#endif /* FAKE_VFIO_H */
