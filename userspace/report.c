// SPDX-License-Identifier: GPL-2.0
/*
 * Messages to the user: one line each on standard error, with the program's name.
 *
 * The terminal may be in raw mode when a message is due, where a line feed does not
 * return the carriage; a carriage return does no harm elsewhere, but is not sent to
 * a file or a pipe.
 */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "report.h"

static void report(const char *format, va_list args)
{
	char text[1024];

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
