/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How to get another daemon for one that has gone, and when. One that ends again and again, which a
 * guest may be the reason for, is looked for less often each time, so that nobody is kept busy and
 * no log is filled.
 */
#ifndef VIRTIO_RECONNECT_H
#define VIRTIO_RECONNECT_H

#include <stdbool.h>

/**
 * struct reconnect_way - how to get another
 * @gone: the one before is: have it touch no memory of the guest any more; NULL: nothing to do
 * @call: get a connection to one without waiting: it may not run yet. Returns that or a negative
 *	error number.
 * @context: for both
 * @tries: so many times, until one has lasted for a minute; 0: without end
 */
struct reconnect_way {
	void (*gone)(void *context);
	int (*call)(void *context);
	void *context;
	unsigned int tries;
};

/**
 * struct reconnect - a way back
 * @way: this
 * @timer: a timerfd, which is readable when it is time to try; -1: there is no way back
 * @delay: milliseconds until then
 * @tried: so many times
 * @since: since when there has been a connection
 */
struct reconnect {
	struct reconnect_way way;
	int timer;
	int delay;
	unsigned int tried;
	long long since;
};

#define RECONNECT_NONE	((struct reconnect){ .timer = -1 })

/* There is a connection already. Returns 0 or a negative error number. */
int reconnect_create(struct reconnect *reconnect, const struct reconnect_way *way);
void reconnect_destroy(struct reconnect *reconnect);

static inline bool reconnect_is_there(const struct reconnect *reconnect)
{
	return reconnect->timer >= 0;
}

/* It has been lost, and the timer expires at once. */
void reconnect_lost(struct reconnect *reconnect);

/* Let the timer expire when it is time to try, unless it has been tried often enough. */
bool reconnect_later(const struct reconnect *reconnect);

/* Try. Returns a connection or a negative error number. */
int reconnect_call(struct reconnect *reconnect);

/* There is one again: it does not expire any more. */
void reconnect_made(struct reconnect *reconnect);

#endif /* VIRTIO_RECONNECT_H */
