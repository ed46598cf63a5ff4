/* SPDX-License-Identifier: GPL-2.0 */
/* How any thread ends the guest: the first one to ask says with which exit status. */
#ifndef STOP_H
#define STOP_H

#include <stdbool.h>

/* @kick brings all processors out of the guest. Any thread may call it, but only one does. */
int stop_init(void (*kick)(void *context), void *context);

/*
 * May be called from any thread that does not run the guest at that moment. When it returns, no
 * processor is in the guest, goes back into it or is served any more.
 */
void stop_request(int status);

bool stop_requested(void);

/* Becomes readable when stop_request() has been called. */
int stop_fd(void);

/* Final when no processor's thread is left. */
int stop_status(void);

#endif /* STOP_H */
