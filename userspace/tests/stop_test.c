// SPDX-License-Identifier: GPL-2.0
/* The end of the guest: who says with which status, and who is told. */
#include <poll.h>

#include "report.h"
#include "stop.h"
#include "test.h"

static unsigned int kicks;

static bool readable(void)
{
	struct pollfd event = { .fd = stop_fd(), .events = POLLIN };

	return poll(&event, 1, 0) == 1;
}

/* By then no processor may go back, and the main thread must not look for the threads yet. */
static void kick(void *context)
{
	EXPECT(context == &kicks);
	EXPECT(stop_requested() && !readable());
	kicks++;
}

static void create(void)
{
	kicks = 0;
	EXPECT(!stop_init(kick, &kicks));
	EXPECT(!stop_requested() && !readable());
}

static void first(void)
{
	create();
	stop_request(7);
	EXPECT(stop_requested() && readable() && kicks == 1 && stop_status() == 7);
	stop_request(STATUS_OK);
	stop_request(8);
	EXPECT(kicks == 1 && stop_status() == 7);
}

static void ok(void)
{
	create();
	stop_request(STATUS_OK);
	EXPECT(stop_requested() && readable() && kicks == 1 && stop_status() == STATUS_OK);
}

/* What has been printed by then is not to go with another status. */
static void failure(void)
{
	create();
	stop_request(STATUS_OK);
	stop_request(STATUS_FAILED);
	EXPECT(kicks == 1 && stop_status() == STATUS_FAILED);
}

const struct test stop_tests[] = {
	{ "first", first },
	{ "ok", ok },
	{ "failure", failure },
	{ NULL, NULL },
};
