/* SPDX-License-Identifier: GPL-2.0 */
/* Eventfds: what the kernel, KVM and we tell each other events by. */
#ifndef EVENT_H
#define EVENT_H

#include <stddef.h>

/* Make one. */
int event_create(int *event);

/* Descriptors that are not there yet, -1 each; NULL: out of memory. */
int *event_array(size_t n);

/* Close those that are there, and free the array. */
void event_array_free(int *events, size_t n);

#endif /* EVENT_H */
