// SPDX-License-Identifier: GPL-2.0
/*
 * The mappings of a domain of the IOMMU, in the balanced tree of the C library (tsearch(3)). Ranges
 * that overlap count as equal, which is an order since none of those in the tree do: to look for a
 * range finds one that overlaps it.
 */
#include <search.h>
#include <stdlib.h>

#include "mappings.h"

static int compare(const void *a, const void *b)
{
	const struct mapping *one = a, *other = b;

	if (one->last < other->start)
		return -1;
	return one->start > other->last;
}

const struct mapping *mappings_find(const struct mappings *mappings, __u64 start, __u64 last)
{
	const struct mapping key = { .start = start, .last = last };
	struct mapping **found = tfind(&key, &mappings->root, compare);

	return found ? *found : NULL;
}

bool mappings_add(struct mappings *mappings, const struct mapping *mapping)
{
	struct mapping *copy = malloc(sizeof(*copy));

	if (!copy)
		return false;
	*copy = *mapping;
	if (!tsearch(copy, &mappings->root, compare)) {
		free(copy);
		return false;
	}
	mappings->nr++;
	return true;
}

bool mappings_are_cut(const struct mappings *mappings, __u64 start, __u64 last)
{
	const struct mapping *first = mappings_find(mappings, start, start);
	const struct mapping *end = mappings_find(mappings, last, last);

	return (first && first->start < start) || (end && end->last > last);
}

void mappings_remove(struct mappings *mappings, __u64 start, __u64 last)
{
	const struct mapping *found;

	while ((found = mappings_find(mappings, start, last))) {
		tdelete(found, &mappings->root, compare);
		free((void *)found);
		mappings->nr--;
	}
}

/* The first that has an address from @start on. */
static const struct mapping *find_first(const struct mappings *mappings, __u64 start)
{
	const struct mapping *first = NULL;
	const struct mapping *found;
	__u64 last = ~0ULL;

	while ((found = mappings_find(mappings, start, last))) {
		first = found;
		if (found->start <= start)
			break;
		last = found->start - 1;
	}
	return first;
}

int mappings_visit(const struct mappings *mappings,
		   int (*visit)(void *context, const struct mapping *mapping), void *context)
{
	const struct mapping *mapping = find_first(mappings, 0);
	int result = 0;

	while (mapping && !result) {
		result = visit(context, mapping);
		mapping = mapping->last == ~0ULL ? NULL : find_first(mappings, mapping->last + 1);
	}
	return result;
}

void mappings_free(struct mappings *mappings)
{
	tdestroy(mappings->root, free);
	*mappings = (struct mappings){ 0 };
}
