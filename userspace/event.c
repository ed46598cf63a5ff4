// SPDX-License-Identifier: GPL-2.0
/* Eventfds: what the kernel, KVM and we tell each other events by. */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "event.h"
#include "report.h"

/* Requests at a time, of as many threads. */
#define MAX_AIO	16

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

/* What asynchronous I/O needs. It is there as long as we are. */
static struct {
	pthread_once_t once;
	aio_context_t context;
	int null;
	bool usable;
} aio = { .once = PTHREAD_ONCE_INIT };

static void open_aio(void)
{
	aio.null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	aio.usable = aio.null >= 0 && !syscall(SYS_io_setup, MAX_AIO, &aio.context);
}

/* The end of a request that does nothing signals it: by the kernel, which never waits for that. */
static bool signal_by_kernel(int event)
{
	struct iocb request = {
		.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = aio.null,
		.aio_flags = IOCB_FLAG_RESFD, .aio_resfd = event,
	};
	struct iocb *requests = &request;
	struct io_event done;

	if (syscall(SYS_io_submit, aio.context, 1, &requests) != 1)
		return false;
	/* Whose it was does not matter, if another thread does the same. */
	syscall(SYS_io_getevents, aio.context, 1, 1, &done, NULL);
	return true;
}

void event_signal(int event)
{
	struct pollfd fd = { .fd = event, .events = POLLOUT };

	pthread_once(&aio.once, open_aio);
	if (aio.usable && signal_by_kernel(event))
		return;
	if (poll(&fd, 1, 0) == 1)
		eventfd_write(event, 1);
}

void event_set_timer(int timer, int milliseconds)
{
	const struct itimerspec when = {
		.it_value.tv_sec = milliseconds / 1000,
		.it_value.tv_nsec = milliseconds % 1000 * 1000000L,
	};

	timerfd_settime(timer, 0, &when, NULL);
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
