// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop serves one device at a time, and others wait meanwhile, as do interrupt routes and
 * the user. What serves a device may be slow, or mean to be: a daemon takes its time to answer, or
 * has something to tell as soon as that has been heard. So a turn in the loop has an end, by which
 * all that comes of the event is to be done, and who has taken long rests for longer: however many
 * events there are, the loop is others' for most of the time.
 */
#include <stdbool.h>

#include "milliseconds.h"
#include "turn.h"

/* Of this thread; the others have none. */
static __thread struct {
	bool runs;
	bool guests;
	long long start;
} turn;

void turn_begin(void)
{
	turn.runs = true;
	turn.guests = false;
	turn.start = milliseconds();
}

unsigned int turn_end(void)
{
	const long long taken = milliseconds() - turn.start;

	turn.runs = false;
	return taken > TURN_LONG && !turn.guests ? TURN_REST * taken : 0;
}

void turn_is_guests(void)
{
	turn.guests = true;
}

long long turn_deadline(int timeout)
{
	const long long deadline = milliseconds() + timeout;

	if (!turn.runs || turn.guests)
		return deadline;
	return deadline > turn.start + TURN_MAX ? turn.start + TURN_MAX : deadline;
}
