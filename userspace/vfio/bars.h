/* SPDX-License-Identifier: GPL-2.0 */
/* The BARs of a device of the host, and where the guest's accesses to them go. */
#ifndef VFIO_BARS_H
#define VFIO_BARS_H

#include "function.h"
#include "vfio/config.h"
#include "vfio/device.h"

/* Parts of a BAR, which do not overlap. */
struct vfio_parts {
	struct vfio_area part[2 * VFIO_MAX_AREAS];
	unsigned int n;
};

/**
 * struct vfio_mapping - a part of a BAR that is mapped
 * @address: where we see it
 * @length: bytes
 */
struct vfio_mapping {
	void *address;
	__u64 length;
};

struct vfio_bars {
	struct vfio_mapping mappings[KVPCI_NUM_BARS * 2 * VFIO_MAX_AREAS];
	unsigned int nr_mappings;
};

/* Say which there are: from the device's own registers, and VFIO's regions. */
int vfio_bars_describe(const struct vfio_device *device, const struct vfio_config *config,
		       struct device_spec *spec);

/*
 * What the device is to decode all the time, bits of its command register: as much as it has. Other
 * bits may read as 0 whatever is written, which VFIO takes for a reset that it has not seen: it
 * puts the BARs back, and says so in the host's log, each time.
 */
__u16 vfio_bars_decode(const struct vfio_device *device, const struct vfio_config *config);

/*
 * Cut @region, a BAR of @size bytes, into what can be memory of the guest and what is left for us
 * to read and write, without @holes, which are the module's: the MSI-X table and its pending bits.
 */
void vfio_bars_cut(const struct vfio_region *region, const struct vfio_area *holes,
		   unsigned int nr_holes, struct vfio_parts *mapped, struct vfio_parts *trapped);

/* Put them behind the BARs of a function. */
int vfio_bars_create(struct vfio_bars *bars, const struct vfio_device *device,
		     struct function *function);

/* The function has gone. */
void vfio_bars_destroy(struct vfio_bars *bars);

#endif /* VFIO_BARS_H */
