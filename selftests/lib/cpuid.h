/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CPUID_H
#define CPUID_H

#include <linux/kvm.h>

struct kvm_cpuid2 *cpuid_supported(int kvm);

#endif /* CPUID_H */
