/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include <stdbool.h>

int patience(void);
unsigned long scaled(unsigned long times);
bool mirrors_wanted(void);

#endif /* ENVIRONMENT_H */
