/* SPDX-License-Identifier: GPL-2.0 */
/* Eventfds: what the kernel, KVM and we tell each other events by. */
#ifndef EVENT_H
#define EVENT_H

#include <stdbool.h>
#include <stddef.h>

/* Make one. */
int event_create(int *event);

/*
 * The following are for those that a process has, too, which we do not trust: O_NONBLOCK is its to
 * clear.
 */

/* Has it been signalled since? This never waits. */
bool event_take(int event);

/*
 * Signal it; one that is full is readable anyway. This never waits, unless the kernel has no
 * asynchronous I/O (CONFIG_AIO) for us, and it is filled up at this very moment: there is no write
 * to an eventfd that never does.
 */
void event_signal(int event);

/* Have a timerfd be readable in so many milliseconds, once; 0: not at all. */
void event_set_timer(int timer, int milliseconds);

/* Descriptors that are not there yet, -1 each; NULL: out of memory. */
int *event_array(size_t n);

/* Close those that are there, and free the array. */
void event_array_free(int *events, size_t n);

#endif /* EVENT_H */
