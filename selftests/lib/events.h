/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVENTS_H
#define EVENTS_H

struct events;

struct events *events_new(const char *what);
void events_free(struct events *events);
void events_clear(struct events *events);
unsigned int events_count(struct events *events, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* EVENTS_H */
