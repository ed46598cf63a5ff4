/* SPDX-License-Identifier: GPL-2.0 */
/* A tap: a network interface of this machine, whose other end we have (linux/if_tun.h). */
#ifndef VIRTIO_TAP_H
#define VIRTIO_TAP_H

#include <linux/types.h>
#include <stdbool.h>

/*
 * Open one queue of the tap @name, which is made, and goes with its last queue, if it is not there.
 * @label is what messages call it.
 */
int tap_open(int *fd, const char *name, bool multi_queue, const char *label);

/*
 * All @queues of the tap @name, of several, have been opened, which is the interface @index: has
 * nobody else any? Of two that open one at a time, at least one is told.
 */
int tap_expect_alone(unsigned int index, unsigned int queues, const char *name, const char *label);

/* Both return 0 or a negative error number. What has been accepted, for all queues. */
int tap_set_features(int fd, __u64 accepted);

/* Have a queue take part or not, of a tap with several. It must be the other way before. */
int tap_set_attached(int fd, bool attached);

/* Drop what has come. */
void tap_drain(int fd);

#endif /* VIRTIO_TAP_H */
