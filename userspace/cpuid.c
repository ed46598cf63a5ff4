// SPDX-License-Identifier: GPL-2.0
/*
 * What the CPUID instruction tells on each processor: all that KVM supports, with the
 * processor's number put in, and one topology in every leaf that tells about it: one
 * package, whose cores have one thread each.
 */
#include "array.h"
#include "cpuid.h"

#define LEAF1_ECX_TSC_DEADLINE	(1U << 24)
#define LEAF1_ECX_HYPERVISOR	(1U << 31)
#define LEAF1_EDX_HTT		(1U << 28)

#define LEAF80000001_ECX_SVM	(1U << 2)

#define LEVEL_THREAD		(1U << 8)
#define LEVEL_CORE		(2U << 8)

bool cpuid_host_has_svm(void)
{
	__u32 eax = 0x80000001, ebx, ecx = 0, edx;

	asm("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ecx & LEAF80000001_ECX_SVM;
}

/* Bits of an APIC ID that number @cpus cores. */
static unsigned int core_bits(unsigned int cpus)
{
	unsigned int bits = 0;

	while (1U << bits < cpus)
		bits++;
	return bits;
}

static void complete_features(struct kvm_cpuid_entry2 *entry, unsigned int index,
			      unsigned int cpus)
{
	entry->ebx = (entry->ebx & 0xffff) | cpus << 16 | index << 24;
	/* KVM offers both but does not say so here. */
	entry->ecx |= LEAF1_ECX_TSC_DEADLINE | LEAF1_ECX_HYPERVISOR;
	if (cpus > 1)
		entry->edx |= LEAF1_EDX_HTT;
	else
		entry->edx &= ~LEAF1_EDX_HTT;
}

/* Intel's caches: how many processors share one, and how many cores there are. */
static void complete_cache(struct kvm_cpuid_entry2 *entry, unsigned int cpus)
{
	unsigned int ids = 1U << core_bits(cpus);
	unsigned int level = entry->eax >> 5 & 7;
	unsigned int sharing = level < 3 ? 1 : ids;

	if (!(entry->eax & 0x1f))
		return;
	if (ids > 64)
		ids = 64;
	entry->eax = (entry->eax & 0x3fff) | (sharing - 1) << 14 | (ids - 1) << 26;
}

static void complete_topology(struct kvm_cpuid_entry2 *entry, unsigned int index,
			      unsigned int cpus)
{
	entry->eax = 0;
	entry->ebx = 0;
	entry->ecx = entry->index;
	entry->edx = index;
	switch (entry->index) {
	case 0:
		entry->ebx = 1;
		entry->ecx |= LEVEL_THREAD;
		break;
	case 1:
		entry->eax = core_bits(cpus);
		entry->ebx = cpus;
		entry->ecx |= LEVEL_CORE;
		break;
	}
}

static void complete_entry(struct kvm_cpuid_entry2 *entry, unsigned int index,
			   unsigned int cpus)
{
	switch (entry->function) {
	case 0x1:
		complete_features(entry, index, cpus);
		break;
	case 0x4:
		complete_cache(entry, cpus);
		break;
	case 0xb:
	case 0x1f:
		complete_topology(entry, index, cpus);
		break;
	case 0x80000008:	/* AMD: number of cores, bits that number them */
		entry->ecx = (entry->ecx & ~0xf0ffU) | core_bits(cpus) << 12 | (cpus - 1);
		break;
	case 0x8000001d:	/* AMD's caches, as leaf 4 */
		complete_cache(entry, cpus);
		break;
	case 0x8000001e:	/* AMD: APIC ID, core number, node */
		entry->eax = index;
		entry->ebx = index & 0xff;
		entry->ecx = 0;
		break;
	}
}

static bool has_entry(const struct kvm_cpuid2 *cpuid, __u32 function, __u32 index)
{
	unsigned int i;

	for (i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == function && cpuid->entries[i].index == index)
			return true;
	}
	return false;
}

/* KVM offers the topology leaves with their first level only, which means none. */
void cpuid_prepare(struct kvm_cpuid2 *cpuid, unsigned int max)
{
	static const __u32 leaves[] = { 0xb, 0x1f };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (!has_entry(cpuid, leaves[i], 0) || has_entry(cpuid, leaves[i], 1) ||
		    cpuid->nent == max)
			continue;
		cpuid->entries[cpuid->nent++] = (struct kvm_cpuid_entry2){
			.function = leaves[i], .index = 1,
			.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
		};
	}
}

void cpuid_complete(struct kvm_cpuid2 *cpuid, unsigned int index, unsigned int cpus)
{
	unsigned int i;

	for (i = 0; i < cpuid->nent; i++)
		complete_entry(&cpuid->entries[i], index, cpus);
}
