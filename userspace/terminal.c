// SPDX-License-Identifier: GPL-2.0
/*
 * The user's side of the serial port: standard input and output.
 *
 * A terminal is put into raw mode, so that every key goes to the guest. Ctrl-A x
 * must work even if the guest reads nothing; so a terminal is always read, into a
 * buffer, and what does not fit is dropped. A pipe or a file is read only when there
 * is room, loses nothing, and has no special characters.
 *
 * The terminal's mode is restored when the process exits, and when a signal is about
 * to kill it; signals that can be waited for are turned into an exit by the main loop.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "array.h"
#include "report.h"
#include "terminal.h"

#define CTRL_A	0x01

static struct termios saved;
static bool is_terminal;
static bool escaped;
static bool input_ended;
static bool output_ended;
static __u8 buffer[4096];
static size_t buffered;

void terminal_restore(void)
{
	if (is_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

/* Installed with SA_RESETHAND: the signal, raised again, does what it always does. */
static void restore_and_die(int signal)
{
	terminal_restore();
	raise(signal);
}

static void restore_on_fatal_signals(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	struct sigaction action = { .sa_handler = restore_and_die, .sa_flags = SA_RESETHAND };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

void terminal_resume(void)
{
	struct termios raw = saved;

	if (!is_terminal)
		return;
	cfmakeraw(&raw);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

int terminal_init(void)
{
	/* A closed pipe is found by write(). */
	signal(SIGPIPE, SIG_IGN);

	is_terminal = isatty(STDIN_FILENO);
	if (!is_terminal)
		return STATUS_OK;
	if (tcgetattr(STDIN_FILENO, &saved))
		return fail("cannot read the terminal's settings: %s", strerror(errno));
	atexit(terminal_restore);
	restore_on_fatal_signals();
	terminal_resume();
	return STATUS_OK;
}

bool terminal_wants_input(void)
{
	return !input_ended && (is_terminal || buffered < sizeof(buffer));
}

enum terminal_filter terminal_filter(bool *escape, __u8 byte)
{
	if (!*escape) {
		*escape = byte == CTRL_A;
		return *escape ? FILTER_DROP : FILTER_PASS;
	}
	*escape = false;
	if (byte == 'x')
		return FILTER_END;
	return byte == CTRL_A ? FILTER_PASS : FILTER_DROP;
}

bool terminal_read(void)
{
	__u8 bytes[sizeof(buffer)];
	size_t max = is_terminal ? sizeof(bytes) : sizeof(buffer) - buffered;
	ssize_t n = read(STDIN_FILENO, bytes, max);
	ssize_t i;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0) {
		input_ended = true;
		return true;
	}
	for (i = 0; i < n; i++) {
		switch (is_terminal ? terminal_filter(&escaped, bytes[i]) : FILTER_PASS) {
		case FILTER_END:
			return false;
		case FILTER_PASS:
			if (buffered < sizeof(buffer))
				buffer[buffered++] = bytes[i];
			break;
		case FILTER_DROP:
			break;
		}
	}
	return true;
}

size_t terminal_take(__u8 *bytes, size_t max)
{
	size_t n = buffered < max ? buffered : max;

	memcpy(bytes, buffer, n);
	memmove(buffer, buffer + n, buffered - n);
	buffered -= n;
	return n;
}

void terminal_write(__u8 byte)
{
	struct pollfd writable = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (!output_ended && write(STDOUT_FILENO, &byte, 1) != 1) {
		if (errno == EINTR)
			continue;
		/* Whoever shares our terminal may have made it non-blocking. */
		if (errno == EAGAIN) {
			poll(&writable, 1, -1);
			continue;
		}
		output_ended = true;
		note("nobody reads the guest's output any more (%s), it is dropped from here on",
		     strerror(errno));
	}
}
