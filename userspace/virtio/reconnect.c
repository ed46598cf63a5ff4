// SPDX-License-Identifier: GPL-2.0
/* How to get another daemon for one that has gone, and when. */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "virtio/reconnect.h"
#include "virtio/vhost_user_message.h"

/* Milliseconds; and what a connection lasts that was a good one. */
#define FIRST_DELAY	250
#define LONGEST_DELAY	32000
#define STEADY		60000

/* A time is never now: that is what disarms a timer. */
static void set_timer(const struct reconnect *reconnect, int milliseconds)
{
	const struct itimerspec when = {
		.it_value.tv_sec = milliseconds / 1000,
		.it_value.tv_nsec = milliseconds % 1000 * 1000000L,
	};

	timerfd_settime(reconnect->timer, 0, &when, NULL);
}

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
	set_timer(reconnect, 1);
}

bool reconnect_later(const struct reconnect *reconnect)
{
	if (reconnect->way.tries && reconnect->tried >= reconnect->way.tries)
		return false;
	set_timer(reconnect, reconnect->delay);
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
	set_timer(reconnect, 0);
}
