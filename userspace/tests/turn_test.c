// SPDX-License-Identifier: GPL-2.0
/* Turns of devices in the event loop: whose take long don't keep others from theirs. */
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "event.h"
#include "host.h"
#include "milliseconds.h"
#include "model.h"
#include "test.h"
#include "turn.h"

#define NR	2

/* Models that have something to do all the time. */
static struct side {
	int event;
	int takes;	/* milliseconds */
	bool guests;
	unsigned int turns;
} sides[NR];

static int poll_fd(void *state)
{
	return ((struct side *)state)->event;
}

static void dispatch(void *state)
{
	struct side *side = state;

	side->turns++;
	if (side->guests)
		turn_is_guests();
	poll(NULL, 0, side->takes);
}

static const struct device_model model = { .poll_fd = poll_fd, .dispatch = dispatch };
static const struct device_spec spec = { .model = &model };

static void begin(struct host *host, struct function *functions)
{
	unsigned int i;

	*host = (struct host){ .functions = functions, .models = epoll_create1(EPOLL_CLOEXEC) };
	for (i = 0; i < NR; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };

		sides[i] = (struct side){ .event = -1 };
		EXPECT(!event_create(&sides[i].event));
		event_signal(sides[i].event);
		functions[i] = (struct function){
			.spec = &spec, .model_state = &sides[i], .rest = -1,
		};
		EXPECT(!epoll_ctl(host->models, EPOLL_CTL_ADD, sides[i].event, &event));
	}
}

static void end(struct host *host)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		if (host->functions[i].rest >= 0)
			close(host->functions[i].rest);
		close(sides[i].event);
	}
	close(host->models);
}

static void serve(struct host *host, unsigned int n)
{
	while (n--)
		host_serve_models(host);
}

static void begin_to_count(void)
{
	int i;

	for (i = 0; i < NR; i++)
		sides[i].turns = 0;
}

/* They take turns, and one that takes long has fewer. */
static void rests(void)
{
	struct function functions[NR];
	struct host host;

	begin(&host, functions);
	serve(&host, 20);
	EXPECT(sides[0].turns > 5 && sides[1].turns > 5);
	begin_to_count();
	sides[0].takes = TURN_LONG + 50;
	serve(&host, 20);
	EXPECT(sides[0].turns < 5 && sides[1].turns > 15);
	/* It has one again after that. */
	sides[0].takes = 0;
	while (functions[0].rest >= 0)
		serve(&host, 1);
	begin_to_count();
	serve(&host, 20);
	EXPECT(sides[0].turns > 5 && sides[1].turns > 5);
	end(&host);
}

/* Who serves what a processor waits for goes on. */
static void guests(void)
{
	struct function functions[NR];
	struct host host;

	begin(&host, functions);
	sides[0].takes = TURN_LONG + 50;
	sides[0].guests = true;
	serve(&host, 6);
	EXPECT(sides[0].turns >= 3 && functions[0].rest < 0);
	end(&host);
}

/* Whatever is done in one ends with it, and what is done elsewhere has its own time. */
static void deadlines(void)
{
	const long long start = milliseconds();

	EXPECT(turn_deadline(2 * TURN_MAX) >= start + 2 * TURN_MAX);
	turn_begin();
	EXPECT(turn_deadline(2 * TURN_MAX) < start + 2 * TURN_MAX);
	EXPECT(turn_deadline(1) <= milliseconds() + 1);
	/* A daemon that is slow does not take the time of the next, which another device has. */
	turn_is_guests();
	EXPECT(turn_deadline(2 * TURN_MAX) >= start + 2 * TURN_MAX);
	turn_end();
	EXPECT(turn_deadline(2 * TURN_MAX) >= start + 2 * TURN_MAX);
}

const struct test turn_tests[] = {
	{ "deadlines", deadlines },
	{ "guests", guests },
	{ "rests", rests },
	{ NULL, NULL },
};
