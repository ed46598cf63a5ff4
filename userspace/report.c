// SPDX-License-Identifier: GPL-2.0
/*
 * Messages to the user: one line each on standard error, with the program's name.
 *
 * The terminal may be in raw mode when a message is due, where a line feed does not
 * return the carriage; a carriage return does no harm elsewhere, but is not sent to
 * a file or a pipe.
 *
 * What goes wrong with a command that has come by the control socket is told there instead.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "report.h"

/* Where messages of this thread go; NULL: to standard error. */
static _Thread_local char *answer;
static _Thread_local size_t answer_size;

void report_into(char *text, size_t size)
{
	answer = text;
	answer_size = size;
}

static void report(const char *format, va_list args)
{
	char text[1024];

	if (answer) {
		vsnprintf(answer, answer_size, format, args);
		return;
	}
	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "kvpci-run: %s%s\n", text, isatty(STDERR_FILENO) ? "\r" : "");
}

int fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(format, args);
	va_end(args);
	return STATUS_FAILED;
}

int misuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(format, args);
	va_end(args);
	return STATUS_USAGE;
}

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(format, args);
	va_end(args);
}
