/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LAPIC_H
#define LAPIC_H

#include <stdbool.h>

#include <linux/types.h>

/**
 * struct arrived - what has been sent to a vCPU and not been handled
 * @vectors: a bit for each vector: requested
 * @level: a bit for each vector: and level-triggered
 * @nmi: a non-maskable interrupt
 * @smi: a system management interrupt
 */
struct arrived {
	__u32 vectors[8];
	__u32 level[8];
	bool nmi;
	bool smi;
};

void lapic_start(int vcpu);
void lapic_set_logical(int vcpu, __u8 id, bool flat);
void lapic_disable(int vcpu);
void lapic_take(int vcpu, struct arrived *arrived);
bool arrived_any(const struct arrived *arrived);
int arrived_count(const struct arrived *arrived);

#endif /* LAPIC_H */
