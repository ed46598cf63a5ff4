/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WORKER_H
#define WORKER_H

#include <sys/types.h>

pid_t worker_of(pid_t owner);

#endif /* WORKER_H */
