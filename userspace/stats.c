// SPDX-License-Identifier: GPL-2.0
/*
 * How often a processor came out of the guest, and why. Each processor counts for
 * itself; the counts are added up when all have stopped.
 */
#include <linux/kvm.h>
#include <stdio.h>

#include "stats.h"

static const char *const reasons[STATS_REASONS] = {
	[KVM_EXIT_UNKNOWN] = "unknown",
	[KVM_EXIT_IO] = "io",
	[KVM_EXIT_HLT] = "hlt",
	[KVM_EXIT_MMIO] = "mmio",
	[KVM_EXIT_IRQ_WINDOW_OPEN] = "irq-window",
	[KVM_EXIT_SHUTDOWN] = "shutdown",
	[KVM_EXIT_FAIL_ENTRY] = "fail-entry",
	[KVM_EXIT_INTR] = "intr",
	[KVM_EXIT_INTERNAL_ERROR] = "internal-error",
	[STATS_REASONS - 1] = "other",
};

void stats_count(struct stats *stats, __u32 reason)
{
	stats->exits[reason < STATS_REASONS && reasons[reason] ? reason : STATS_REASONS - 1]++;
}

void stats_add(struct stats *total, const struct stats *stats)
{
	unsigned int i;

	for (i = 0; i < STATS_REASONS; i++)
		total->exits[i] += stats->exits[i];
	total->pci_exits += stats->pci_exits;
	total->region_exits += stats->region_exits;
}

void stats_print(const struct stats *total)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < STATS_REASONS; i++) {
		if (!total->exits[i])
			continue;
		fprintf(stderr, "exits %s %llu\n", reasons[i], total->exits[i]);
		sum += total->exits[i];
	}
	fprintf(stderr, "exits total %llu\n", sum);
	fprintf(stderr, "exits pci %llu\n", total->pci_exits - total->region_exits);
	fprintf(stderr, "exits userspace-region %llu\n", total->region_exits);
}
