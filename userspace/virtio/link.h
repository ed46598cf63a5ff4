/* SPDX-License-Identifier: GPL-2.0 */
/* Is a network interface of this machine's up, and when is it not any more? */
#ifndef VIRTIO_LINK_H
#define VIRTIO_LINK_H

#include <stdbool.h>

/**
 * struct link - an interface that is watched
 * @socket: is readable when something has become of some interface; -1: it is not watched
 * @index: of the interface
 * @tap: it is a tap, and this is a file of it; otherwise -1
 * @up: it was up when it was looked at last
 * @gone: the tap has been deleted
 */
struct link {
	int socket;
	unsigned int index;
	int tap;
	bool up;
	bool gone;
};

#define LINK_NONE	((struct link){ .socket = -1, .tap = -1, .up = true })

/*
 * Watch the interface @name; @tap is a file of it, if it is a tap, and otherwise -1. Returns 0 or a
 * negative error number.
 */
int link_open(struct link *link, const char *name, int tap);
void link_close(struct link *link);

/* The socket is readable: has the interface gone up or down? */
bool link_changed(struct link *link);

#endif /* VIRTIO_LINK_H */
