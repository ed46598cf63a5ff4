// SPDX-License-Identifier: GPL-2.0
/* Eventfds: what the kernel, KVM and we tell each other events by. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "event.h"
#include "report.h"

int event_create(int *event)
{
	*event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (*event < 0)
		return fail("cannot create an eventfd (%s), raise the limit of open files (ulimit -n)",
			    strerror(errno));
	return STATUS_OK;
}

bool event_take(int event)
{
	eventfd_t count;
	const struct iovec iov = { &count, sizeof(count) };

	return preadv2(event, &iov, 1, -1, RWF_NOWAIT) == sizeof(count);
}

void event_signal(int event)
{
	struct pollfd fd = { .fd = event, .events = POLLOUT };

	if (poll(&fd, 1, 0) == 1)
		eventfd_write(event, 1);
}

int *event_array(size_t n)
{
	int *events = calloc(n ? n : 1, sizeof(*events));
	size_t i;

	for (i = 0; events && i < n; i++)
		events[i] = -1;
	return events;
}

void event_array_free(int *events, size_t n)
{
	size_t i;

	for (i = 0; events && i < n; i++) {
		if (events[i] >= 0)
			close(events[i]);
	}
	free(events);
}
