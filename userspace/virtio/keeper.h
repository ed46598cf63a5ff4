/* SPDX-License-Identifier: GPL-2.0 */
/* Daemons of ours that serve a device, one after the other if need be. */
#ifndef VIRTIO_KEEPER_H
#define VIRTIO_KEEPER_H

#include <stdbool.h>

#include "virtio/daemon.h"
#include "virtio/vhost_user.h"

/**
 * struct keeper - who starts a daemon, and another when that has ended
 * @label: what messages call the device
 * @start: start one, as daemon_start() does
 * @explain: it does not answer as it should: say why; NULL: daemon_explain() does
 * @context: for both
 * @daemon: the one that is there; NULL: none
 */
struct keeper {
	const char *label;
	int (*start)(void *context, struct daemon **daemon, int *socket);
	int (*explain)(void *context, struct daemon *daemon, int error);
	void *context;
	struct daemon *daemon;
};

/*
 * Start one, and make it a back end; @again: and then another if it ends, some times. Returns
 * STATUS_OK, or says why it fails.
 */
int keeper_open(struct keeper *keeper, const struct vhost_user_type *type,
		const struct guest_memory *memory, struct backend **backend, bool again);

/* As daemon_kill() and daemon_end(). */
void keeper_kill(struct keeper *keeper);
void keeper_end(struct keeper *keeper);

#endif /* VIRTIO_KEEPER_H */
