/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_VIRTIO_H
#define _KVPCI_VIRTIO_H

#include "pci/range.h"

struct kvpci_contents;
struct kvpci_function_bar;
struct kvpci_range_config;
struct kvpci_virtio_config;
struct kvpci_virtio_queue;

int kvpci_virtio_check(const struct kvpci_function_bar *bar,
		       const struct kvpci_range_config *place,
		       const struct kvpci_virtio_config *desc);
struct kvpci_range *kvpci_virtio_new(const struct kvpci_virtio_config *desc, u32 length,
				     struct kvpci_virtio_queue **queues,
				     struct kvpci_contents *contents);

#endif /* _KVPCI_VIRTIO_H */
