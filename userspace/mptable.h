/* SPDX-License-Identifier: GPL-2.0 */
/* The MultiProcessor tables: what guests that make no use of ACPI know of the interrupts. */
#ifndef MPTABLE_H
#define MPTABLE_H

#include "memory.h"

/* Write the tables, for @cpus processors, to where guests look for them. */
int mptable_create(const struct guest_memory *memory, unsigned int cpus);

#endif /* MPTABLE_H */
