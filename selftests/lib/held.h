/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HELD_H
#define HELD_H

#include <stdbool.h>

#include "vm.h"

struct held;

struct held *held_new(struct vcpu *vcpu, __u64 addr);
void held_free(struct held *held);

typedef void held_fn(void *arg);
bool held_keeps_back(struct held *held, held_fn *removal, void *arg);

#endif /* HELD_H */
