/* SPDX-License-Identifier: GPL-2.0 */
/* The whole virtual machine. */
#ifndef MACHINE_H
#define MACHINE_H

#include "options.h"

/* Build it as the user asked, run it to its end, and return the exit status. */
int machine_run(const struct options *options);

#endif /* MACHINE_H */
