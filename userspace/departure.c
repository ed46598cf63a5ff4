// SPDX-License-Identifier: GPL-2.0
/* Functions that the guest has no more, and what serves them not yet. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "departure.h"

/**
 * struct departure - one of them
 * @next: in the list
 * @detached: what is left of the function
 * @port: the port whose slot has been emptied
 * @end: what the main thread is to call then
 * @context: with this
 * @event: what the thread signals
 * @thread: who waits
 * @ended: it does not any more
 */
struct departure {
	struct departure *next;
	struct function detached;
	const struct function *port;
	void (*end)(void *context);
	void *context;
	int event;
	pthread_t thread;
	bool ended;
};

static void *release(void *argument)
{
	struct departure *departure = argument;

	function_release(&departure->detached);
	__atomic_store_n(&departure->ended, true, __ATOMIC_RELEASE);
	eventfd_write(departure->event, 1);
	return NULL;
}

static bool begin(struct departures *departures, struct departure *departure)
{
	if (!departure || pthread_create(&departure->thread, NULL, release, departure))
		return false;
	departure->next = departures->first;
	departures->first = departure;
	return true;
}

void departure_begin(struct departures *departures, const struct function *detached,
		     const struct function *port, void (*end)(void *context), void *context)
{
	struct departure *departure = malloc(sizeof(*departure));
	struct function left = *detached;

	if (departure)
		*departure = (struct departure){
			.detached = left, .port = port, .end = end, .context = context,
			.event = departures->event,
		};
	if (begin(departures, departure))
		return;
	/* Then all wait. */
	free(departure);
	function_release(&left);
	end(context);
}

void departures_end(struct departures *departures, bool all)
{
	struct departure **at = &departures->first;

	while (*at) {
		struct departure *departure = *at;

		if (!all && !__atomic_load_n(&departure->ended, __ATOMIC_ACQUIRE)) {
			at = &departure->next;
			continue;
		}
		pthread_join(departure->thread, NULL);
		*at = departure->next;
		departure->end(departure->context);
		free(departure);
	}
}

bool departures_has(const struct departures *departures, const struct function *port)
{
	const struct departure *departure = departures->first;

	while (departure && departure->port != port)
		departure = departure->next;
	return departure;
}
