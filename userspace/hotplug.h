/* SPDX-License-Identifier: GPL-2.0 */
/* Devices that come and go while the guest runs, in the slots of root ports. */
#ifndef HOTPLUG_H
#define HOTPLUG_H

#include <stdbool.h>
#include <stdio.h>

#include "departure.h"
#include "host.h"

struct hotplug {
	struct host *host;
	bool stats;		/* print counts of what is removed */
	struct departures departures;
};

/* All of them are called by the main thread. */

/* Put the functions that @text describes, as --device does, into the slot of a port. */
int hotplug_plug(struct hotplug *hotplug, const char *text);

/*
 * Remove what is in the slot of the port @name: when the guest has released it, which it is asked
 * for, or at once with @force. What serves it ends after that: as long as hotplug_is_leaving() says
 * so of the port that is put into @removed_from, which is NULL if nothing has been removed yet.
 */
int hotplug_unplug(struct hotplug *hotplug, const char *name, bool force,
		   const struct function **removed_from);

bool hotplug_is_leaving(const struct hotplug *hotplug, const struct function *port);

/* Say what is in the slot of each port that has a name. */
int hotplug_list(const struct hotplug *hotplug, FILE *out);

/*
 * A guest has written to the control register of a slot, or what was in one has gone for good:
 * remove what the guest has released.
 */
void hotplug_serve(struct hotplug *hotplug);

/* Before the host bridge is destroyed: what functions were made of, that came later. */
void hotplug_destroy(struct hotplug *hotplug);

#endif /* HOTPLUG_H */
