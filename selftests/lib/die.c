// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a program that cannot go on, and where that was.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "die.h"

void die_at(const char *file, int line, const char *format, ...)
{
	va_list args;

	/* One call, so that two threads' lines don't mix. */
	char text[512];

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "# %s:%d: %s\n", file, line, text);
	abort();
}
