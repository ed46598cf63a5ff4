/* SPDX-License-Identifier: GPL-2.0 */
/* What the CPUID instruction tells on each processor. */
#ifndef CPUID_H
#define CPUID_H

#include <linux/kvm.h>
#include <stdbool.h>

/* Does the host virtualize by AMD's extensions, as Hygon's processors do, too? */
bool cpuid_host_has_svm(void);

/* Add to @cpuid, which has room for @max entries, the leaves that KVM leaves out. */
void cpuid_prepare(struct kvm_cpuid2 *cpuid, unsigned int max);

/* Complete @cpuid, which KVM offers for any processor, for number @index of @cpus. */
void cpuid_complete(struct kvm_cpuid2 *cpuid, unsigned int index, unsigned int cpus);

#endif /* CPUID_H */
