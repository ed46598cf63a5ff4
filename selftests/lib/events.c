// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints, read through tracefs: in a buffer of this process's own, which is
 * not in the way of whoever else traces.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events.h"
#include "die.h"

#define INSTANCES	"/sys/kernel/tracing/instances"

/**
 * struct events - events that are recorded
 * @folder: of the buffer, in tracefs
 * @enable: the file there that says whether they are recorded
 */
struct events {
	char *folder;
	char *enable;
};

static int open_in(const struct events *events, const char *name, int flags)
{
	char *path;
	int fd;

	must(asprintf(&path, "%s/%s", events->folder, name));
	fd = open(path, flags);
	if (fd < 0)
		die("%s: %m", path);
	free(path);
	return fd;
}

static void write_to(const struct events *events, const char *name, const char *text)
{
	int fd = open_in(events, name, O_WRONLY | O_TRUNC);

	must(write(fd, text, strlen(text)));
	close(fd);
}

/**
 * events_new() - record events from now on
 * @what: which, as tracefs has them: a system's, or one of them, "SYSTEM/EVENT"
 */
struct events *events_new(const char *what)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events)
		die("out of memory");
	must(asprintf(&events->folder, INSTANCES "/kvpci-test-%d", getpid()));
	must(mkdir(events->folder, 0700));
	must(asprintf(&events->enable, "events/%s/enable", what));
	write_to(events, events->enable, "1");
	return events;
}

/**
 * events_free() - record no more
 * @events: the events
 */
void events_free(struct events *events)
{
	write_to(events, events->enable, "0");
	must(rmdir(events->folder));
	free(events->enable);
	free(events->folder);
	free(events);
}

/**
 * events_clear() - forget what has been recorded
 * @events: the events
 */
void events_clear(struct events *events)
{
	write_to(events, "trace", "");
}

/**
 * events_count() - how many events are there of a kind?
 * @events: the events
 * @format: how their lines end, from the name on
 *
 * Return: how many have been recorded so far
 */
unsigned int events_count(struct events *events, const char *format, ...)
{
	FILE *file = fdopen(open_in(events, "trace", O_RDONLY), "r");
	unsigned int count = 0;
	char *line = NULL, *wanted;
	size_t size = 0;
	va_list args;

	if (!file)
		die("trace: %m");
	va_start(args, format);
	must(vasprintf(&wanted, format, args));
	va_end(args);

	while (getline(&line, &size, file) > 0) {
		const char *found = strstr(line, wanted);

		count += found && !strcmp(found + strlen(wanted), "\n");
	}

	free(wanted);
	free(line);
	fclose(file);
	return count;
}
