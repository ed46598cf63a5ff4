/* SPDX-License-Identifier: GPL-2.0 */
/* Commands that come by a socket while the guest runs; kvpci-ctl sends them. */
#ifndef CONTROL_H
#define CONTROL_H

#include <stddef.h>

#include "hotplug.h"

#define CONTROL_LINE	4096	/* the longest command, with its line feed */

struct control {
	struct hotplug *hotplug;
	const char *path;
	int listening;		/* -1: there is no socket */
	int client;		/* whose commands are being read; -1: nobody's */
	char line[CONTROL_LINE];
	size_t length;
};

/* Listen at the socket @path, which is made; NULL: don't. */
int control_create(struct control *control, const char *path, struct hotplug *hotplug);
void control_destroy(struct control *control);

/* Becomes readable when control_serve() has something to do; -1: never. */
int control_fd(const struct control *control);
void control_serve(struct control *control);

#endif /* CONTROL_H */
