// SPDX-License-Identifier: GPL-2.0
/*
 * The follower of mirrors: a thread, as a launcher has it, which waits for the bridge's
 * mirror eventfd and puts the mirrors where they have moved.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "die.h"
#include "event.h"
#include "follower.h"
#include "mirrors.h"

/**
 * struct follower - the follower of a bridge's mirrors
 * @mirrors: they
 * @event: the bridge's mirror eventfd
 * @control: ends the thread
 * @thread: does it
 */
struct follower {
	struct mirrors *mirrors;
	int event;
	int control;
	pthread_t thread;
};

static void *follow_mirrors(void *arg)
{
	struct follower *follower = arg;
	struct pollfd fds[] = {
		{ .fd = follower->control, .events = POLLIN },
		{ .fd = follower->event, .events = POLLIN },
	};

	while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		event_count(follower->event);
		mirrors_sync(follower->mirrors);
	}
	return NULL;
}

/**
 * follower_new() - begin to follow
 * @mirrors: the mirrors
 * @event: the bridge's mirror eventfd, which is the follower's from now on
 */
struct follower *follower_new(struct mirrors *mirrors, int event)
{
	struct follower *follower = calloc(1, sizeof(*follower));

	if (!follower)
		die("out of memory");
	follower->mirrors = mirrors;
	follower->event = event;
	follower->control = event_new();
	if (pthread_create(&follower->thread, NULL, follow_mirrors, follower))
		die("no thread");
	return follower;
}

void follower_free(struct follower *follower)
{
	event_signal(follower->control);
	pthread_join(follower->thread, NULL);
	close(follower->control);
	close(follower->event);
	free(follower);
}
