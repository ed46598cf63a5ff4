/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MIRRORS_H
#define MIRRORS_H

#include <stdbool.h>

#include <linux/types.h>

struct mirrors;
struct vm;

bool mirrors_wanted(void);
struct mirrors *mirrors_new(struct vm *vm, int event);
void mirrors_begin(struct mirrors *mirrors, int host, __u64 ecam, __u8 first_bus,
		   __u8 last_bus);
void mirrors_free(struct mirrors *mirrors);
void mirrors_sync(struct mirrors *mirrors);
bool mirrors_has(struct mirrors *mirrors, __u64 addr);
unsigned int mirrors_updates(struct mirrors *mirrors);

#endif /* MIRRORS_H */
