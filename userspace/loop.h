/* SPDX-License-Identifier: GPL-2.0 */
/* The main thread's event loop. */
#ifndef LOOP_H
#define LOOP_H

#include "control.h"
#include "host.h"

/* Before the first thread is made: signals are to reach the loop and nobody else. */
int loop_init(void);

/* Serve events until the guest ends. What fails ends it. */
void loop_run(struct host *host, struct control *control);

#endif /* LOOP_H */
