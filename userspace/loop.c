// SPDX-License-Identifier: GPL-2.0
/*
 * The main thread's event loop: the user's input, room for it in the guest's serial
 * port, interrupt routes, mirrors, slots, device models, commands, signals, and the end of the
 * guest.
 *
 * poll() and not epoll, which does not take regular files or /dev/null as input.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "console.h"
#include "loop.h"
#include "report.h"
#include "stop.h"
#include "terminal.h"

/* As a shell reports a process that a signal has killed. */
#define STATUS_SIGNAL	128

static int signals = -1;

int loop_init(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGCONT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return fail("cannot block signals: %s", strerror(errno));
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return fail("cannot wait for signals: %s", strerror(errno));
	return STATUS_OK;
}

static void handle_signal(void)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCONT)
		terminal_resume();
	else
		stop_request(STATUS_SIGNAL + info.ssi_signo);
}

void loop_run(struct host *host, struct control *control)
{
	enum { STOP, SIGNAL, HOST, SLOTS, MODELS, READY, INPUT, NR };
	struct pollfd fds[NR + CONTROL_FDS] = {
		[STOP] = { .fd = stop_fd(), .events = POLLIN },
		[SIGNAL] = { .fd = signals, .events = POLLIN },
		[HOST] = { .fd = host_poll_fd(host), .events = POLLIN },
		[SLOTS] = { .fd = host->slot_event, .events = POLLIN },
		[MODELS] = { .fd = host->models, .events = POLLIN },
		[READY] = { .fd = console_ready_fd(), .events = POLLIN },
		[INPUT] = { .events = POLLIN },
	};
	int status = STATUS_OK;

	while (!status) {
		/* A negative descriptor is ignored. */
		fds[INPUT].fd = terminal_wants_input() ? STDIN_FILENO : -1;
		fds[INPUT].revents = 0;
		control_poll(control, &fds[NR]);
		if (poll(fds, NR + CONTROL_FDS, -1) < 0) {
			if (errno == EINTR)
				continue;
			status = fail("cannot wait for events: %s", strerror(errno));
			break;
		}
		if (fds[STOP].revents)
			return;
		if (fds[SIGNAL].revents)
			handle_signal();
		if (fds[HOST].revents)
			status = host_serve(host);
		if (fds[SLOTS].revents)
			hotplug_serve(control->hotplug);
		if (fds[MODELS].revents)
			host_serve_models(host);
		control_serve(control, &fds[NR]);
		if (fds[INPUT].revents && !terminal_read())
			stop_request(STATUS_OK);
		if (fds[INPUT].revents || fds[READY].revents)
			console_feed();
	}
	stop_request(status);
}
