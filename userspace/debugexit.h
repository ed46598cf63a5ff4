/* SPDX-License-Identifier: GPL-2.0 */
/* A port with which a test program ends the guest and sets the exit status. */
#ifndef DEBUGEXIT_H
#define DEBUGEXIT_H

#include "ports.h"

void debugexit_create(struct ports *ports);

#endif /* DEBUGEXIT_H */
