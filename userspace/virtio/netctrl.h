/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control queue of a network device (Virtual I/O Device 1.2, 5.1.6.5), of which as much is
 * served as a device with several pairs of queues needs.
 */
#ifndef VIRTIO_NETCTRL_H
#define VIRTIO_NETCTRL_H

#include "virtio/ring.h"

/**
 * struct netctrl - a control queue that is running
 * @ring: the queue
 * @kick: signalled when there is something in it. A daemon may have it, too.
 * @more: an eventfd that nobody else has: likewise, if it is to be looked at again
 * @max_pairs: how many pairs the driver may use; 0: it has not accepted VIRTIO_NET_F_MQ
 * @set_pairs: use that many. Returns 0 or a negative error number.
 * @announced: the driver has announced itself, as VIRTIO_NET_S_ANNOUNCE asks for; NULL: it has not
 *	accepted VIRTIO_NET_F_GUEST_ANNOUNCE
 * @context: for both
 */
struct netctrl {
	struct ring ring;
	int kick;
	int more;
	unsigned int max_pairs;
	int (*set_pairs)(void *context, unsigned int pairs);
	void (*announced)(void *context);
	void *context;
};

/*
 * @kick or @more is readable: answer one command, if there is one, and leave @more readable then.
 * Returns 1 if the driver is to be interrupted, 0 if not, or a negative error number if it has
 * broken the rules of queues.
 */
int netctrl_serve(struct netctrl *netctrl);

#endif /* VIRTIO_NETCTRL_H */
