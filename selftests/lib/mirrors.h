/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MIRRORS_H
#define MIRRORS_H

#include <stdbool.h>

#include <linux/types.h>

struct mirrors;

struct mirrors *mirrors_new(int vm, unsigned int phys_bits, int host);
void mirrors_add_ecam(struct mirrors *mirrors, __u64 ecam, __u8 first_bus, __u8 last_bus);
void mirrors_free(struct mirrors *mirrors);
void mirrors_sync(struct mirrors *mirrors);
bool mirrors_has(struct mirrors *mirrors, __u64 addr);
unsigned int mirrors_updates(struct mirrors *mirrors);

#endif /* MIRRORS_H */
