/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that come by a socket while the guest runs; kvpci-ctl sends them. */
#ifndef CONTROL_H
#define CONTROL_H

#include <poll.h>
#include <stddef.h>

#include "hotplug.h"

#define CONTROL_LINE	4096	/* the longest command, with its line feed */
#define CONTROL_CLIENTS	8	/* that are served at the same time; others wait */
#define CONTROL_FDS	(1 + CONTROL_CLIENTS)

struct control_client {
	int fd;			/* -1: nobody */
	char line[CONTROL_LINE];
	size_t length;
	const struct function *awaited;	/* answered when what was in this port's slot has ended */
};

struct control {
	struct hotplug *hotplug;
	const char *path;
	int listening;		/* -1: there is no socket */
	int spare;		/* to have a descriptor when there is none left */
	struct control_client clients[CONTROL_CLIENTS];
};

/* Listen at the socket @path, which is made; NULL: don't. */
int control_create(struct control *control, const char *path, struct hotplug *hotplug);
void control_destroy(struct control *control);

/* What poll() is to wait for, and what to do when it has come: CONTROL_FDS entries. */
void control_poll(const struct control *control, struct pollfd *fds);
void control_serve(struct control *control, const struct pollfd *fds);

#endif /* CONTROL_H */
