// SPDX-License-Identifier: GPL-2.0
/*
 * Eventfds: who waits for one has it tell how often it was signalled.
 */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "die.h"
#include "event.h"

int event_new(void)
{
	return must(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void event_signal(int eventfd)
{
	const __u64 one = 1;

	if (write(eventfd, &one, sizeof(one)) != sizeof(one))
		die("eventfd: %m");
}

/* How often an eventfd has been signalled since this was last asked. */
__u64 event_count(int eventfd)
{
	__u64 count;

	if (read(eventfd, &count, sizeof(count)) == sizeof(count))
		return count;
	if (errno != EAGAIN)
		die("eventfd: %m");
	return 0;
}
