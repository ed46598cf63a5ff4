/* SPDX-License-Identifier: GPL-2.0 */
/* How often a processor came out of the guest, and why. */
#ifndef STATS_H
#define STATS_H

#include <linux/types.h>

#define STATS_REASONS	64

struct stats {
	__u64 exits[STATS_REASONS];	/* by KVM's exit reason; the last is "other" */
	__u64 pci_exits;	/* of these, at addresses that the PCI host bridge owns */
	__u64 region_exits;	/* of these, to userspace regions, where they belong */
};

void stats_count(struct stats *stats, __u32 reason);
void stats_add(struct stats *total, const struct stats *stats);

/* Print them to standard error, one line "name count" each. */
void stats_print(const struct stats *total);

#endif /* STATS_H */
