/* SPDX-License-Identifier: GPL-2.0 */
/* How any thread ends the guest: the first one to ask says with which exit status. */
#ifndef STOP_H
#define STOP_H

int stop_init(void);

/* May be called from any thread. */
void stop_request(int status);

/* Becomes readable when stop_request() has been called. */
int stop_fd(void);

int stop_status(void);

#endif /* STOP_H */
