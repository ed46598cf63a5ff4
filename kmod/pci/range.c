// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges: what a guest finds in configuration space and behind a BAR.
 *
 * Both are spaces: a number of bytes, some of which are of a kind, which knows what reads
 * and writes of them do. A space's ranges are disjoint and sorted, in a table that is replaced as
 * a whole, so that an access finds them by bisection and without a lock. An access that covers
 * more than one is cut up.
 *
 * Bytes in no range are, in configuration space, registers that are masks and nothing else
 * (function.c); behind a BAR nothing: they read all ones, and writes to them are dropped. If
 * the range of a BAR's access's first byte leaves it to userspace, it does so for the whole
 * of it; if one further on does, its bytes count as in none.
 *
 * What is left to userspace, or told to it, is noted (exit.c).
 *
 * A kind is a struct kvpci_range_ops in a file of its own, in kinds/. Nothing else
 * knows it but what makes its ranges, from what userspace asks for, in ioctl/.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pci/bar.h"
#include "pci/exit.h"
#include "pci/range.h"

/* The first range that ends after @offset; ranges->nr if there is none. */
static u32 first_after(const struct kvpci_ranges *ranges, u64 offset)
{
	u32 low = 0, high = ranges->nr;

	while (low < high) {
		u32 mid = (low + high) / 2;
		const struct kvpci_range *range = ranges->range[mid];

		if (range->offset + range->length > offset)
			high = mid;
		else
			low = mid + 1;
	}

	return low;
}

/**
 * kvpci_range_next() - find a range by its place
 * @space: the space
 * @offset: where to look from
 *
 * Context: any in which the space's ranges stay, see kvpci_space_ranges().
 * Return: the first one of which there is a byte at @offset or after it, or NULL
 */
struct kvpci_range *kvpci_range_next(const struct kvpci_space *space, u64 offset)
{
	const struct kvpci_ranges *ranges = kvpci_space_ranges(space);
	u32 i;

	if (!ranges)
		return NULL;

	i = first_after(ranges, offset);
	return i < ranges->nr ? ranges->range[array_index_nospec(i, ranges->nr)] : NULL;
}

/**
 * kvpci_range_find() - find the range that a byte is in
 * @space: the space
 * @offset: the byte
 *
 * Context: any in which the space's ranges stay, see kvpci_space_ranges().
 * Return: the range or NULL
 */
struct kvpci_range *kvpci_range_find(const struct kvpci_space *space, u64 offset)
{
	struct kvpci_range *range = kvpci_range_next(space, offset);

	return range && range->offset <= offset ? range : NULL;
}

/**
 * kvpci_range_piece() - cut an access up
 * @space: the space
 * @offset: first byte, within the space
 * @len: bytes
 * @range: where to put the range of the first byte, or NULL
 *
 * Context: as kvpci_range_find().
 * Return: how many bytes, at most @len, share that range, or have none in common
 */
u32 kvpci_range_piece(const struct kvpci_space *space, u64 offset, u32 len,
		      struct kvpci_range **range)
{
	struct kvpci_range *next = kvpci_range_next(space, offset);
	u64 end = next ? next->offset : space->size;

	*range = NULL;
	if (end <= offset) {
		*range = next;
		end += next->length;
	}

	return min_t(u64, len, end - offset);
}

/* Note an access that is declined. */
static noinline void note_exit(const struct kvpci_space *space,
			       const struct kvpci_guest_access *access, u64 offset, u32 effects)
{
	u32 flags = effects & (KVPCI_EFFECT_EXIT | KVPCI_EFFECT_RECALL) ? KVPCI_EXIT_WRITTEN : 0;

	if (effects & KVPCI_EFFECT_RECALL)
		flags |= KVPCI_EXIT_RECALL;
	kvpci_exit_note_bar(container_of(space, struct kvpci_function_bar, space), access,
			    offset, flags);
}

/**
 * kvpci_space_read() - a guest's read of what is behind a BAR
 * @space: the BAR's
 * @access: whose access it is
 * @offset: first byte, within the BAR
 * @len: bytes
 * @val: where to put them
 *
 * Context: a callback of a claim.
 * Return: 0, or -EOPNOTSUPP if userspace is to complete it
 */
int kvpci_space_read(struct kvpci_space *space, const struct kvpci_guest_access *access,
		     u64 offset, u32 len, void *val)
{
	u32 done, n;

	for (done = 0; done < len && offset < space->size; done += n, offset += n) {
		struct kvpci_range *range;
		int ret = -EOPNOTSUPP;

		n = kvpci_range_piece(space, offset, len - done, &range);
		if (range) {
			ret = range->ops->read(range, access, offset - range->offset, n,
					       val + done);
			if (ret && !done) {
				note_exit(space, access, offset, 0);
				return ret;
			}
		}
		if (ret)
			memset(val + done, 0xff, n);
	}

	if (done < len)
		memset(val + done, 0xff, len - done);
	return 0;
}

/**
 * kvpci_space_write() - a guest's write to what is behind a BAR
 * @space: the BAR's
 * @access: whose access it is
 * @offset: first byte, within the BAR
 * @len: bytes
 * @val: the bytes
 *
 * Context: a callback of a claim.
 * Return: 0, or -EOPNOTSUPP if userspace is to complete it or to know of it
 */
int kvpci_space_write(struct kvpci_space *space, const struct kvpci_guest_access *access,
		      u64 offset, u32 len, const void *val)
{
	u32 effects = 0;
	u32 done, n;

	for (done = 0; done < len && offset + done < space->size; done += n) {
		struct kvpci_range *range;

		n = kvpci_range_piece(space, offset + done, len - done, &range);
		if (!range)
			continue;

		effects |= range->ops->write(range, access, offset + done - range->offset, n,
					     val + done);
		if (effects & KVPCI_EFFECT_USERSPACE && !done)
			break;
	}

	if (likely(!effects))
		return 0;
	if (!(effects & (KVPCI_EFFECT_EXIT | KVPCI_EFFECT_RECALL)) &&
	    !(effects & KVPCI_EFFECT_USERSPACE && !done))
		return 0;

	note_exit(space, access, offset, effects);
	return -EOPNOTSUPP;
}

/* A table without @old, and with room for one more; NULL: out of memory. */
static struct kvpci_ranges *ranges_without(const struct kvpci_ranges *ranges,
					   const struct kvpci_range *old)
{
	u32 i, nr = ranges ? ranges->nr : 0;
	struct kvpci_ranges *copy;

	copy = kmalloc(struct_size(copy, range, nr + 1), GFP_KERNEL_ACCOUNT);
	if (!copy)
		return NULL;

	copy->nr = 0;
	for (i = 0; i < nr; i++)
		if (ranges->range[i] != old)
			copy->range[copy->nr++] = ranges->range[i];
	return copy;
}

static int ranges_insert(struct kvpci_ranges *ranges, struct kvpci_range *new)
{
	u32 at = first_after(ranges, new->offset);

	if (at < ranges->nr && ranges->range[at]->offset < new->offset + new->length)
		return -EEXIST;

	memmove(ranges->range + at + 1, ranges->range + at,
		(ranges->nr - at) * sizeof(ranges->range[0]));
	ranges->range[at] = new;
	ranges->nr++;
	return 0;
}

/**
 * kvpci_range_replace() - take a range out of a space, and put another one into it
 * @space: the space
 * @old: a range of it, or NULL
 * @new: the other, complete, or NULL
 * @stale: where to put what an access may still find @old by, for the caller to free, as @old is
 *
 * An access finds both as they were or both as they are to be.
 *
 * Context: process; the caller holds the host's lock, or nobody else knows of the function.
 * Return: 0; -EEXIST if @new overlaps another; -ENOMEM
 */
int kvpci_range_replace(struct kvpci_space *space, struct kvpci_range *old,
			struct kvpci_range *new, struct kvpci_ranges **stale)
{
	struct kvpci_ranges *now = kvpci_space_ranges(space);
	struct kvpci_ranges *then = ranges_without(now, old);
	int ret;

	if (!then)
		return -ENOMEM;
	ret = new ? ranges_insert(then, new) : 0;
	if (ret) {
		kfree(then);
		return ret;
	}

	rcu_assign_pointer(space->ranges, then);
	*stale = now;
	return 0;
}

/**
 * kvpci_range_insert() - put a range into its space
 * @range: the range, complete
 *
 * Context: process; nobody else knows of the function.
 * Return: 0; -EEXIST if it overlaps another; -ENOMEM
 */
int kvpci_range_insert(struct kvpci_range *range)
{
	struct kvpci_ranges *stale;
	int ret = kvpci_range_replace(range->space, NULL, range, &stale);

	if (!ret)
		kfree(stale);
	return ret;
}

/**
 * kvpci_ranges_destroy() - free all ranges of a space
 * @space: the space, which no access can reach any more
 *
 * Context: process.
 */
void kvpci_ranges_destroy(struct kvpci_space *space)
{
	struct kvpci_ranges *ranges = kvpci_space_ranges(space);
	u32 i;

	for (i = 0; ranges && i < ranges->nr; i++)
		if (ranges->range[i]->ops->destroy)
			ranges->range[i]->ops->destroy(ranges->range[i]);
	kfree(ranges);
}
