/* SPDX-License-Identifier: GPL-2.0 */
/* vhost-net: pairs of queues of a network device, each on a queue of a tap. */
#ifndef VIRTIO_VHOSTNET_H
#define VIRTIO_VHOSTNET_H

#include <stdbool.h>

#include "virtio/backend.h"

/*
 * Serve @pairs pairs by the tap @name. @label is what messages call the device. The result is there
 * to be closed even on failure, unless it is NULL.
 */
int vhostnet_open(struct backend **result, const char *name, unsigned int pairs,
		  const char *label, const struct guest_memory *memory,
		  struct iommu_endpoint *endpoint);

/* Is the tap up? Changes of that are BACKEND_LINK_UP and BACKEND_LINK_DOWN. */
bool vhostnet_link_is_up(const struct backend *backend);

/* Use the first @n pairs only, of several. Returns 0 or a negative error number. */
int vhostnet_set_pairs(struct backend *backend, unsigned int n);

#endif /* VIRTIO_VHOSTNET_H */
