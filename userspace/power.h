/* SPDX-License-Identifier: GPL-2.0 */
/* Power-off, reset and the power management timer. */
#ifndef POWER_H
#define POWER_H

#include "ports.h"

void power_create(struct ports *ports);

#endif /* POWER_H */
