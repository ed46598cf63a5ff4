/* SPDX-License-Identifier: GPL-2.0 */
/* The mappings of a domain of the IOMMU: ranges of addresses that don't overlap, in their order. */
#ifndef MAPPINGS_H
#define MAPPINGS_H

#include <linux/types.h>
#include <stdbool.h>

struct mapping {
	__u64 start;
	__u64 last;
	__u64 physical;
	__u32 flags;
};

/* All zero: empty. */
struct mappings {
	void *root;
	unsigned int nr;
};

/* One of those that have an address from @start to @last, or NULL. */
const struct mapping *mappings_find(const struct mappings *mappings, __u64 start, __u64 last);

/* Add a copy. Nothing that overlaps it is there. Returns whether there was memory for it. */
bool mappings_add(struct mappings *mappings, const struct mapping *mapping);

/* Does one begin before @start or @last end after it, of those that have an address in between? */
bool mappings_are_cut(const struct mappings *mappings, __u64 start, __u64 last);

/* Take out all that have an address from @start to @last. */
void mappings_remove(struct mappings *mappings, __u64 start, __u64 last);

/* Call @visit with each, in their order, until it does not return 0. Returns what it has. */
int mappings_visit(const struct mappings *mappings,
		   int (*visit)(void *context, const struct mapping *mapping), void *context);

void mappings_free(struct mappings *mappings);

#endif /* MAPPINGS_H */
