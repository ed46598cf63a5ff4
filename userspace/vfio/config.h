/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configuration space of a device of the host, and what of it the guest finds.
 *
 * The header, BARs, MSI and MSI-X are the kernel module's. Other capabilities are copied: those
 * that stay as they are, power management, which the guest may set without effect, and the
 * registers of PCI Express by which the device is set up, of which what the guest writes is passed
 * on. Accesses to capabilities that have registers of the device's own behind them are
 * passed on one by one.
 */
#ifndef VFIO_CONFIG_H
#define VFIO_CONFIG_H

#include <linux/types.h>
#include <stdbool.h>

#include "spec.h"

#define VFIO_CONFIG_SIZE	4096

/* The most capabilities with registers that accesses are passed on to. */
#define VFIO_MAX_PASSED		64

/**
 * struct vfio_passed - registers of configuration space that are the device's own
 * @at: where the guest finds them
 * @device_at: where the device has them
 * @length: bytes
 * @vpd: they are those of VPD, of which the address is first
 */
struct vfio_passed {
	__u16 at;
	__u16 device_at;
	__u16 length;
	bool vpd;
};

/**
 * struct vfio_config - what is known of it
 * @bytes: as the device has it when the guest starts; what is beyond its end is 0
 * @decode: what the device decodes all the time, bits of its command register
 * @msi: where both the device and the guest have MSI's capability; 0: there is none
 * @msix: likewise, MSI-X's
 * @express: likewise, PCI Express's
 * @express_length: bytes of that
 * @passed: what is passed on
 * @nr_passed: how many that are
 */
struct vfio_config {
	__u8 bytes[VFIO_CONFIG_SIZE];
	__u16 decode;
	__u16 msi;
	__u16 msix;
	__u16 express;
	__u16 express_length;
	struct vfio_passed passed[VFIO_MAX_PASSED];
	unsigned int nr_passed;
};

/**
 * struct vfio_abilities - what else there is to know before the guest can be told what it has
 * @interrupts: by enum kvpci_interrupt: how many VFIO can have signalled
 * @reset: VFIO can reset the device
 * @port: it is behind a root port, of which it is an endpoint; otherwise the root complex has it
 */
struct vfio_abilities {
	__u32 interrupts[KVPCI_MSIX + 1];
	bool reset;
	bool port;
};

/* Describe it from config->bytes, but for BARs. @label is what messages call the device. */
int vfio_config_describe(struct vfio_config *config, const struct vfio_abilities *abilities,
			 struct device_spec *spec, const char *label);

/* Where PCI Express's device control and device control 2 are; 0: there is none. */
__u16 vfio_config_control(const struct vfio_config *config);
__u16 vfio_config_control2(const struct vfio_config *config);

/* What a byte of configuration space is passed on to; NULL: it is not. */
const struct vfio_passed *vfio_config_find(const struct vfio_config *config, __u64 offset);

/*
 * Would that write, of bytes that are passed on, have the device write to its VPD? That would be
 * for good, and for all functions that share it.
 */
bool vfio_config_writes_vpd(const struct vfio_passed *passed, __u64 offset, unsigned int size,
			    __u64 data);

#endif /* VFIO_CONFIG_H */
