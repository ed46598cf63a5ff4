// SPDX-License-Identifier: GPL-2.0
/*
 * How any thread ends the guest: what the processors look at before they enter it and before
 * they serve what comes out of it, a kick for those that are in it, and an eventfd that the
 * main thread waits for.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "report.h"
#include "stop.h"

#define NOT_REQUESTED	-1

static int event = -1;
static atomic_int requested;
static void (*kick_processors)(void *context);
static void *kick_context;

int stop_init(void (*kick)(void *context), void *context)
{
	atomic_store(&requested, NOT_REQUESTED);
	kick_processors = kick;
	kick_context = context;
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return fail("cannot create an eventfd: %s", strerror(errno));
	return STATUS_OK;
}

void stop_request(int status)
{
	int expected = NOT_REQUESTED;

	if (atomic_compare_exchange_strong(&requested, &expected, status)) {
		kick_processors(kick_context);
		eventfd_write(event, 1);
	} else if (status == STATUS_FAILED) {
		/* At the same time; its message has been printed, so the status is to be that. */
		atomic_store(&requested, status);
	}
}

bool stop_requested(void)
{
	return atomic_load(&requested) != NOT_REQUESTED;
}

int stop_fd(void)
{
	return event;
}

int stop_status(void)
{
	return atomic_load(&requested);
}
