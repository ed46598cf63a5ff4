// SPDX-License-Identifier: GPL-2.0
/*
 * What a virtual CPU can be.
 */
#include <stdlib.h>
#include <sys/ioctl.h>

#include "cpuid.h"
#include "die.h"

#define MAX_ENTRIES	256

/**
 * cpuid_supported() - all that KVM supports
 * @kvm: descriptor of /dev/kvm
 *
 * Return: it, for KVM_SET_CPUID2, to be freed
 */
struct kvm_cpuid2 *cpuid_supported(int kvm)
{
	struct kvm_cpuid2 *cpuid;

	cpuid = calloc(1, sizeof(*cpuid) + MAX_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		die("out of memory");
	cpuid->nent = MAX_ENTRIES;
	must(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid));
	return cpuid;
}
