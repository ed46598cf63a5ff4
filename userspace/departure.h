/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that the guest has no more, and what serves them not yet: a daemon may have much to
 * write before it ends, or hang. Each is waited for on a thread of its own, so that the guest, its
 * console and other devices go on. All of this is called by the main thread.
 */
#ifndef DEPARTURE_H
#define DEPARTURE_H

#include <stdbool.h>

#include "function.h"

struct departure;

/**
 * struct departures - all that are under way
 * @first: a list of them
 * @event: an eventfd that is signalled when one has ended
 */
struct departures {
	struct departure *first;
	int event;
};

/*
 * Release @detached, which was in the slot of @port or behind what was there, and then, in the main
 * thread, call @end with @context.
 */
void departure_begin(struct departures *departures, const struct function *detached,
		     const struct function *port, void (*end)(void *context), void *context);

/* Do what is left to do of those that have ended; @all: wait for all. */
void departures_end(struct departures *departures, bool all);

/* Is there one of what was in the slot of that port? */
bool departures_has(const struct departures *departures, const struct function *port);

#endif /* DEPARTURE_H */
