/* SPDX-License-Identifier: GPL-2.0 */
/* Network devices with several pairs of queues. */
#ifndef VIRTIO_NETPAIRS_H
#define VIRTIO_NETPAIRS_H

#include "virtio/backend.h"

struct iommu_endpoint;

/**
 * struct netpairs_config - what the control queue is about
 * @nr_pairs: how many pairs the back end serves
 * @endpoint: the device is behind the virtual IOMMU; NULL: it is not
 * @set_pairs: have it use the first so many, whether they run or not. Returns 0 or a negative error
 *	number.
 * @announced: the driver has announced itself
 * @context: for @announced
 */
struct netpairs_config {
	unsigned int nr_pairs;
	struct iommu_endpoint *endpoint;
	int (*set_pairs)(struct backend *backend, unsigned int pairs);
	void (*announced)(void *context);
	void *context;
};

/**
 * netpairs_open - put a control queue on a back end that has none
 * @backend: the back end, of which one that has the control queue, too, takes the place
 * @config: what that is to do
 *
 * Return: 0 or a negative error number, and then nothing has been done
 */
int netpairs_open(struct backend **backend, const struct netpairs_config *config);

#endif /* VIRTIO_NETPAIRS_H */
