/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RIG_H
#define RIG_H

#include <stdbool.h>

#include <linux/types.h>

#include "pci.h"

/**
 * struct rig - a machine that takes interrupts
 * @vm: its vCPUs; the first one accesses registers, the others wait for interrupts
 * @host: its bridge
 * @listening: vCPUs wait for interrupts
 * @known: how many interrupts of each vCPU and vector have been asked for
 */
struct rig {
	struct vm *vm;
	struct host *host;
	bool listening;
	__u64 known[MAX_VCPUS][NR_VECTORS];
};

struct rig *rig_new(int nr_vcpus, unsigned int flags);
void rig_free(struct rig *rig);
void rig_listen(struct rig *rig);
void rig_deafen(struct rig *rig);

__u64 rig_handled(struct rig *rig, int vcpu, __u8 vector);
__u64 take(struct rig *rig, int vcpu, __u8 vector, __u64 wanted);
__u64 take_rest(struct rig *rig, int vcpu, __u8 vector);
__u64 strays(struct rig *rig);
void rig_flush(struct rig *rig);

#endif /* RIG_H */
