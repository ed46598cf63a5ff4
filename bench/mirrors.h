/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MIRRORS_H
#define MIRRORS_H

#include <stdbool.h>
#include <linux/types.h>

struct machine;

#define MIRRORS_ECAM_SIZE	(256UL << 20)

void mirrors_create(struct machine *vm, int host, __u64 ecam);
void mirrors_follow(struct machine *vm);

#endif /* MIRRORS_H */
