// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop serves one device at a time, and others wait meanwhile, as do interrupt routes and
 * the user. What serves a device may be slow, or mean to be: a daemon takes its time to answer, or
 * has something to tell as soon as that has been heard. So a turn in the loop has an end, by which
 * all that comes of the event is to be done, and who has taken long rests for longer: however many
 * events there are, the loop is others' for most of the time.
 */
#include <time.h>

#include "milliseconds.h"
#include "turn.h"

/* Milliseconds for which a lock is waited for: who has not got it rests. */
#define LOCK_WAIT	(TURN_LONG + 50)

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

bool turn_lock(pthread_mutex_t *lock)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += LOCK_WAIT * 1000000L;
	if (end.tv_nsec >= 1000000000L) {
		end.tv_nsec -= 1000000000L;
		end.tv_sec++;
	}
	return !pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &end);
}

long long turn_deadline(int timeout)
{
	const long long deadline = milliseconds() + timeout;

	if (!turn.runs || turn.guests)
		return deadline;
	return deadline > turn.start + TURN_MAX ? turn.start + TURN_MAX : deadline;
}
