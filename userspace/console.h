/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's serial port, connected to standard input and output. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "ports.h"
#include "vm.h"

int console_create(struct ports *ports, struct vm *vm);

/* Becomes readable when the guest takes input again. */
int console_ready_fd(void);

/* Pass on what was typed, as far as the guest takes it. */
void console_feed(void);

#endif /* CONSOLE_H */
