/* SPDX-License-Identifier: GPL-2.0 */
/* Turns of devices in the event loop, and how long one may take. */
#ifndef TURN_H
#define TURN_H

#include <pthread.h>
#include <stdbool.h>

/* Milliseconds for all that comes of one event, together. */
#define TURN_MAX	10000

/* One that takes longer than that is followed by a rest, of so many times as long. */
#define TURN_LONG	200
#define TURN_REST	4

/* A device's turn begins, in this thread. */
void turn_begin(void);

/* It ends. Returns for how many milliseconds the device is not to have another; 0: it may. */
unsigned int turn_end(void);

/*
 * It may take long, and a processor of the guest's waits for it: there is to be no rest, and no end
 * of it by which several devices' daemons are to have answered.
 */
void turn_is_guests(void);

/*
 * Take a lock that a processor of the guest's may have for as long as a back end, or a device,
 * takes for what that has been asked. If it has it for so long that there is to be a rest first,
 * returns false: the turn is to end, with what it is about still to be done.
 */
bool turn_lock(pthread_mutex_t *lock);

/* When is something to be done that has @timeout milliseconds from now, or the rest of a turn? */
long long turn_deadline(int timeout);

#endif /* TURN_H */
