// SPDX-License-Identifier: GPL-2.0
/* How any thread ends the guest: an eventfd that the main thread waits for. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "report.h"
#include "stop.h"

#define NOT_REQUESTED	-1

static int event = -1;
static atomic_int requested = NOT_REQUESTED;

int stop_init(void)
{
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return fail("cannot create an eventfd: %s", strerror(errno));
	return STATUS_OK;
}

void stop_request(int status)
{
	int expected = NOT_REQUESTED;

	if (atomic_compare_exchange_strong(&requested, &expected, status))
		eventfd_write(event, 1);
}

int stop_fd(void)
{
	return event;
}

int stop_status(void)
{
	return atomic_load(&requested);
}
