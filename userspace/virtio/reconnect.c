// SPDX-License-Identifier: GPL-2.0
/* How to get another daemon for one that has gone, and when. */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "event.h"
#include "virtio/reconnect.h"
#include "virtio/vhost_user_message.h"

/* Milliseconds; and what a connection lasts that was a good one. */
#define FIRST_DELAY	250
#define LONGEST_DELAY	32000
#define STEADY		60000

int reconnect_create(struct reconnect *reconnect, const struct reconnect_way *way)
{
	reconnect->way = *way;
	reconnect->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (reconnect->timer < 0)
		return -errno;
	reconnect_made(reconnect);
	return 0;
}

void reconnect_destroy(struct reconnect *reconnect)
{
	if (reconnect->timer >= 0)
		close(reconnect->timer);
	*reconnect = RECONNECT_NONE;
}

void reconnect_lost(struct reconnect *reconnect)
{
	if (!reconnect->delay || vhost_user_deadline(0) - reconnect->since >= STEADY) {
		reconnect->delay = FIRST_DELAY;
		reconnect->tried = 0;
	} else if (reconnect->delay < LONGEST_DELAY) {
		reconnect->delay *= 2;
	}
	if (reconnect->way.gone)
		reconnect->way.gone(reconnect->way.context);
	/* As good as now, which would disarm it. */
	event_set_timer(reconnect->timer, 1);
}

bool reconnect_later(const struct reconnect *reconnect)
{
	if (reconnect->way.tries && reconnect->tried >= reconnect->way.tries)
		return false;
	event_set_timer(reconnect->timer, reconnect->delay);
	return true;
}

int reconnect_call(struct reconnect *reconnect)
{
	reconnect->tried++;
	return reconnect->way.call(reconnect->way.context);
}

void reconnect_made(struct reconnect *reconnect)
{
	reconnect->since = vhost_user_deadline(0);
	event_set_timer(reconnect->timer, 0);
}
