/* SPDX-License-Identifier: GPL-2.0 */
/* How many queues has a tap? */
#ifndef VIRTIO_TAPQUEUES_H
#define VIRTIO_TAPQUEUES_H

/*
 * Of the tap that is the interface @index, of several queues: how many are open, in whatever
 * process. Returns 0, or a negative error number: the kernel does not say.
 */
int tap_count_queues(unsigned int index, unsigned int *nr);

#endif /* VIRTIO_TAPQUEUES_H */
