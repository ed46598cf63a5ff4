/* SPDX-License-Identifier: GPL-2.0 */
/* What the description of a device of the host, and the function that is made of it, share. */
#ifndef VFIO_INTERNAL_H
#define VFIO_INTERNAL_H

#include "vfio/config.h"
#include "vfio/device.h"

/**
 * struct vfio_function - a device from its description to its end
 * @text: how the user names it
 * @label: what messages call it
 * @bypass: KVM is to take its interrupts' eventfds
 * @no_rom: the guest is not to see its expansion ROM
 * @endpoint: what the virtual IOMMU knows it by; NULL: it is not behind that
 * @device: the device; open once the description is used
 * @config: what of its configuration space the guest is shown
 */
struct vfio_function {
	char *text;
	char *label;
	bool bypass;
	bool no_rom;
	struct iommu_endpoint *endpoint;
	struct vfio_device device;
	struct vfio_config config;
};

/* description.c */
extern const struct model_description vfio_description;

#endif /* VFIO_INTERNAL_H */
