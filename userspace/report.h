/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages to the user, and the exit status that goes with each.
 *
 * Every function of the launcher that can fail returns one of these statuses;
 * whoever finds the failure reports it, and everybody above just passes it on:
 *
 *	return fail("cannot open %s: %s", path, strerror(errno));
 */
#ifndef REPORT_H
#define REPORT_H

#include <stddef.h>

enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,	/* the environment, a file, or the guest */
	STATUS_USAGE = 2,	/* the command line */
};

/* Say why it does not work, and return STATUS_FAILED. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Say what is wrong with the command line, and return STATUS_USAGE. */
int misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Say something that changes nothing. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Have this thread's messages put into @text, of @size bytes; NULL: print them again. */
void report_into(char *text, size_t size);

#endif /* REPORT_H */
