/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEEPER_H
#define KEEPER_H

#include <linux/types.h>

#include "vm.h"

struct keeper;
struct kept;

struct keeper *keeper_new(struct vm *vm);
void keeper_free(struct keeper *keeper);

struct kept *keeper_add(struct keeper *keeper, int function, int route_event,
			unsigned int nr_msi, unsigned int nr_msix);
void keeper_remove(struct keeper *keeper, struct kept *kept);
void keeper_settle(struct keeper *keeper, const struct kept *kept);
unsigned int keeper_updates(const struct keeper *keeper);

#endif /* KEEPER_H */
