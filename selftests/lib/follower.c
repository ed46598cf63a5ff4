// SPDX-License-Identifier: GPL-2.0
/*
 * The event loop of a bridge, as a launcher has it: a thread that follows what the kernel tells,
 * which is that messages wait for routes, and that the guest's memory has to be moved.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "die.h"
#include "event.h"
#include "follower.h"

/**
 * struct follower - the event loop of a bridge
 * @bridge: the bridge
 * @control: ends the thread
 * @thread: does it
 */
struct follower {
	struct kvpci_host *bridge;
	int control;
	pthread_t thread;
};

static void *follow(void *arg)
{
	struct follower *follower = arg;
	struct pollfd fds[] = {
		{ .fd = follower->control, .events = POLLIN },
		{ .fd = kvpci_host_poll_fd(follower->bridge), .events = POLLIN },
	};

	while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		int ret = kvpci_host_dispatch(follower->bridge, NULL);

		if (ret)
			die("kvpci_host_dispatch: %s", strerror(-ret));
	}
	return NULL;
}

/**
 * follower_new() - begin to follow
 * @bridge: the bridge
 */
struct follower *follower_new(struct kvpci_host *bridge)
{
	struct follower *follower = calloc(1, sizeof(*follower));

	if (!follower)
		die("out of memory");
	follower->bridge = bridge;
	follower->control = event_new();
	if (pthread_create(&follower->thread, NULL, follow, follower))
		die("no thread");
	return follower;
}

void follower_free(struct follower *follower)
{
	event_signal(follower->control);
	pthread_join(follower->thread, NULL);
	close(follower->control);
	free(follower);
}

/**
 * follower_settle() - wait until there is nothing that it has been told of and has not done
 * @follower: the event loop
 *
 * Who does something after that, and is told of nothing, finds that it stays as it is.
 */
void follower_settle(struct follower *follower)
{
	struct pollfd event = {
		.fd = kvpci_host_poll_fd(follower->bridge), .events = POLLIN,
	};
	bool quiet;

	do {
		must(kvpci_host_dispatch(follower->bridge, NULL));
		quiet = !poll(&event, 1, 0);
		/* The thread may have been told before, and be about to look. */
		must(kvpci_host_dispatch(follower->bridge, NULL));
	} while (!quiet || poll(&event, 1, 0));
}
