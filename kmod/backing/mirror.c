// SPDX-License-Identifier: GPL-2.0
/*
 * Mirrors: state that the guest reads without an exit.
 *
 * What can be read without a side effect lies in whole pages: the configuration space of
 * each function, and of BARs the MSI-X table, the pending bits and registers that are to
 * be mirrored. Userspace maps these pages, through the host bridge's descriptor, and
 * makes read-only memory of the guest of them. The pages are the state itself. Where
 * there is no such memory, the same access comes to ecam.c or window.c and finds the same.
 *
 * Configuration space moves only when the guest gives a bus another number. Then, and when a
 * function comes or goes, its page is taken out of all mappings, from where KVM takes it out of
 * the guest's, and the next access has it replaced.
 *
 * That of a function some of whose registers userspace has the accesses to is in no mapping: a
 * read has to exit. It is a hole in what userspace has made memory of, which follows the function
 * as the mirror of a BAR does, but that nothing has to be counted. Where the hole is to be is the
 * number of its last change.
 *
 * A BAR moves, and userspace learns of that only when it is worth it:
 *
 *	guest moves it			userspace
 *	  map.c counts a change,
 *	  and no others after it
 *	  its pages are taken out,
 *	  no access brings them back
 *	the write has completed
 *	  accesses to its old place	  (a failure has it do what follows at once)
 *	  fail in KVM_RUN, those to
 *	  its new one come to window.c
 *	reads there have come often	eventfd: KVPCI_GET_MIRROR: where it is now, and
 *					  the change's number; the next one is counted
 *					moves the memory
 *					KVPCI_SET_MIRROR: with that number
 *					  accesses bring pages back, unless it has changed
 *					  again
 *
 * To move memory costs as much as some reads that trap. A guest that sizes BARs and moves
 * them about, as all do that boot, reads nothing there meanwhile, and a move of a BAR that
 * has no memory costs no more than that of one without a mirror.
 *
 * So what userspace does or does not do can make the guest wait, or trap, but never see
 * what is not there. What counts as a change is whatever makes an access at some address
 * of the BAR find something else: a BAR that is placed on top of it does too.
 *
 * Pages that are not the module's but userspace's own (KVPCI_RANGE_MEMORY) follow their BAR by the
 * same ioctls. The module can't take them from the guest. Instead, the guest's write that has
 * moved such memory away from where it was ends KVM_RUN, for userspace to move it, and so does
 * every other that may rely on that, until it is confirmed: the change is not followed before.
 * As reads of it that trap are not answered in the kernel, userspace is asked at once.
 *
 * The lock of mirrors is taken when pages are mapped, with the mmap lock held, and
 * outside of the one that guards a file's mappings. What makes a page unreachable does so
 * first, by the table of functions or the count of changes, and then takes it out of the
 * mappings with the lock held, so that whoever was mapping it has finished.
 */
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "backing/mirror.h"
#include "kvm/kvm.h"
#include "pci/doorbell.h"
#include "pci/function.h"
#include "pci/host.h"
#include "trace.h"

/*
 * Offsets in the host bridge's file: bits 0 to 39 are the place in a BAR, 40 to 42 the
 * BAR, and from 43 on the function, counted from 1. Before the first are all
 * configuration spaces, as in the ECAM.
 */
#define BAR_SHIFT	40
#define FUNCTION_SHIFT	43
#define FILE_END	((KVPCI_NUM_BUSES * KVPCI_NUM_DEVFNS + 1ULL) << FUNCTION_SHIFT)

/* After so many reads that trap userspace is asked to place a mirror. */
#define WORTH_A_MIRROR	16

/* Numbers of changes that a map never comes to. */
#define CHANGE_NOWHERE	(U64_MAX - 2)	/* of a hole */
#define CHANGE_NONE	(U64_MAX - 1)
#define CHANGE_GONE	U64_MAX

/**
 * struct kvpci_mirror_range - whole pages of a BAR that are mirrored, or a hole
 * @of_host: in the host's list
 * @of_bar: in the mirror's list, until the function goes
 * @function: whose it is, NULL once that has gone
 * @bar: the BAR, as long as there is @function; NULL: it is a hole, where the guest is to have no
 *	memory of configuration space
 * @offset: in the file; what userspace knows it by
 * @length: bytes
 * @bytes: the pages' contents; NULL: they are userspace's, or it is a hole
 * @told: the change that userspace has been told of last
 * @told_placed: and whether the BAR, or the hole, was placed then
 * @confirmed: the change that userspace has confirmed last
 * @placed: whether it was placed then, so that there is memory of the guest, or none
 *
 * All that is not fixed is guarded by the lock of mirrors.
 */
struct kvpci_mirror_range {
	struct list_head of_host;
	struct list_head of_bar;
	struct kvpci_function *function;
	struct kvpci_function_bar *bar;
	u64 offset;
	u64 length;
	u8 *bytes;
	u64 told;
	bool told_placed;
	u64 confirmed;
	bool placed;
};

/**
 * struct kvpci_mirror_part - pages that hold ranges of a BAR
 * @link: in the mirror's list
 * @bytes: the pages; what is in no range is all ones
 * @start: of the first page, in the BAR
 * @end: of the last one
 */
struct kvpci_mirror_part {
	struct list_head link;
	u8 *bytes;
	u64 start;
	u64 end;
};

/**
 * struct kvpci_bar_mirror - the mirror of a BAR
 * @trapped: reads of what is mirrored since the last change that was counted; when they are
 *	WORTH_A_MIRROR, userspace is asked for it. Counted without a lock: one more or less
 *	makes no difference.
 * @external: there are pages of userspace's
 * @owed: userspace is to move them, and has not confirmed it; guarded by the lock of mirrors
 * @parts: its pages
 * @ranges: those of them that are mirrored, or are userspace's
 */
struct kvpci_bar_mirror {
	u32 trapped;
	bool external;
	bool owed;
	struct list_head parts;
	struct list_head ranges;
};

/*
 * What is found in the configuration space of a function that is not there: of any bridge,
 * and mapped as often as processes like, for which no mapping has a reference to it.
 */
static struct page *absent;

/* The start of a range in its BAR. */
static u64 start_of(const struct kvpci_mirror_range *range)
{
	return range->offset & (BIT_ULL(BAR_SHIFT) - 1);
}

/* Is it a hole in configuration space? It is known by that after its function has gone, too. */
static bool is_hole(const struct kvpci_mirror_range *range)
{
	return (range->offset >> BAR_SHIFT & 7) == KVPCI_CONFIG;
}

/* Which page of all configuration spaces is not to be memory of the guest, if any? */
static u64 hole_page(const struct kvpci_function *function)
{
	const struct kvpci_host *host = function->host;
	const struct kvpci_bus *bus = function->bus;

	lockdep_assert_held(&host->mirror_lock);
	if (!kvpci_function_has_traps(function) || bus->number == KVPCI_BUS_NONE ||
	    rcu_access_pointer(bus->function[function->devfn]) != function ||
	    !host->claims[KVPCI_CLAIM_ECAM].length)
		return CHANGE_NOWHERE;

	return (u64)bus->number << 8 | function->devfn;
}

static u64 current_change(const struct kvpci_mirror_range *range)
{
	if (!range->function)
		return CHANGE_GONE;

	return range->bar ? READ_ONCE(range->bar->node.changes) : hole_page(range->function);
}

/* Is there memory of userspace's behind a BAR that is where the guest does not find it? */
static bool is_owing(const struct kvpci_bar_mirror *mirror)
{
	const struct kvpci_mirror_range *range;

	list_for_each_entry(range, &mirror->ranges, of_bar)
		if (!range->bytes && range->placed && range->confirmed != current_change(range))
			return true;

	return false;
}

/**
 * kvpci_mirrors_init() - before the first host bridge
 *
 * Return: 0 or -ENOMEM
 */
int __init kvpci_mirrors_init(void)
{
	absent = alloc_page(GFP_KERNEL);
	if (!absent)
		return -ENOMEM;

	memset(page_address(absent), 0xff, PAGE_SIZE);
	return 0;
}

/**
 * kvpci_mirrors_exit() - after the last one
 */
void kvpci_mirrors_exit(void)
{
	__free_page(absent);
}

static u64 function_offset(const struct kvpci_function *function)
{
	return (((u64)function->bus->index << 8 | function->devfn) + 1) << FUNCTION_SHIFT;
}

/* Map the page of a function, unless accesses to it have to exit. */
static vm_fault_t config_fault(struct vm_fault *vmf, const struct kvpci_host *host, u64 offset)
{
	unsigned long address = vmf->address & PAGE_MASK;
	const struct kvpci_function *function;

	function = kvpci_host_mirrored(host, host->route[offset >> KVPCI_ECAM_BUS_SHIFT],
				       offset >> PAGE_SHIFT);
	if (!function)
		return kvpci_vma_insert_shared(vmf->vma, address, absent);
	if (kvpci_function_has_traps(function))
		return VM_FAULT_SIGBUS;

	return vmf_insert_page(vmf->vma, address, virt_to_page(function->config.value));
}

/* The page of a BAR that is there, and may be mapped now; NULL if there is none. */
static struct page *bar_page(const struct kvpci_host *host, u64 offset)
{
	u64 number = (offset >> FUNCTION_SHIFT) - 1;
	u8 index = offset >> BAR_SHIFT & 7;
	const struct kvpci_function *function;
	struct kvpci_mirror_range *range;
	const struct kvpci_function_bar *bar;

	function = kvpci_host_mirrored(host, host->bus[number >> 8], number);
	bar = function ? kvpci_bars_find(&function->bars, index) : NULL;
	if (!bar || !bar->mirror)
		return NULL;

	list_for_each_entry(range, &bar->mirror->ranges, of_bar) {
		if (offset - range->offset >= range->length)
			continue;
		if (!range->bytes || !range->placed ||
		    range->confirmed != READ_ONCE(bar->node.changes))
			return NULL;
		return vmalloc_to_page(range->bytes + (offset - range->offset));
	}

	return NULL;
}

static vm_fault_t bar_fault(struct vm_fault *vmf, const struct kvpci_host *host, u64 offset)
{
	struct page *page = bar_page(host, offset);

	if (!page)
		return VM_FAULT_SIGBUS;

	return vmf_insert_page(vmf->vma, vmf->address & PAGE_MASK, page);
}

/* The page is mapped with the lock held: it may not be the right one after that. */
static vm_fault_t mirror_fault(struct vm_fault *vmf)
{
	struct kvpci_host *host = vmf->vma->vm_private_data;
	u64 offset = (u64)vmf->pgoff << PAGE_SHIFT;
	vm_fault_t ret;

	mutex_lock(&host->mirror_lock);
	ret = offset >> FUNCTION_SHIFT ? bar_fault(vmf, host, offset) :
					 config_fault(vmf, host, offset);
	mutex_unlock(&host->mirror_lock);
	return ret;
}

static const struct vm_operations_struct mirror_vm_ops = {
	.fault = mirror_fault,
};

/* Is it all of one BAR, or in the ECAM that the bridge has? */
static bool range_is_valid(const struct kvpci_host *host, u64 offset, u64 length)
{
	const struct kvpci_claim *ecam = &host->claims[KVPCI_CLAIM_ECAM];
	u64 end = offset + length;

	if (end > FILE_END || end < offset)
		return false;
	if (offset >> FUNCTION_SHIFT)
		return offset >> BAR_SHIFT == (end - 1) >> BAR_SHIFT;

	offset += host->ecam;
	return ecam->length && offset >= ecam->base &&
	       offset + length <= ecam->base + ecam->length;
}

/**
 * kvpci_mirror_mmap() - mmap of a host bridge's descriptor
 * @host: the host bridge
 * @vma: the mapping
 *
 * Return: 0; -EACCES if it is to be writable; -EINVAL if it is private or nothing that
 * could be mirrored can be there
 */
int kvpci_mirror_mmap(struct kvpci_host *host, struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_pgoff >= FILE_END >> PAGE_SHIFT ||
	    !range_is_valid(host, (u64)vma->vm_pgoff << PAGE_SHIFT,
			    vma->vm_end - vma->vm_start))
		return -EINVAL;

	kvpci_vma_set_mirror(vma);
	vma->vm_private_data = host;
	vma->vm_ops = &mirror_vm_ops;
	return 0;
}

/* Nobody has these pages mapped any more when this returns. */
static void unmap_everywhere(struct kvpci_host *host, u64 offset, u64 length)
{
	lockdep_assert_held(&host->mirror_lock);
	if (host->mapping)
		unmap_mapping_range(host->mapping, offset, length, 1);
}

/* No guest reads from a range any more when this returns. */
static void withdraw_range(struct kvpci_host *host, const struct kvpci_mirror_range *range)
{
	if (range->placed && range->bar)
		trace_kvpci_mirror_withdraw(range->bar, start_of(range), range->length);
	unmap_everywhere(host, range->offset, range->length);
}

/* Take the page of a function's configuration space out of all mappings. */
static void unmap_config(struct kvpci_function *function)
{
	const struct kvpci_bus *bus = function->bus;

	if (bus->number != KVPCI_BUS_NONE)
		unmap_everywhere(function->host,
				 ((u64)bus->number << 8 | function->devfn) << PAGE_SHIFT,
				 PAGE_SIZE);
}

/* Does userspace have the hole elsewhere, or none where one is to be? NULL: there is none. */
static bool hole_is_astray(const struct kvpci_mirror_range *hole)
{
	return hole && hole->confirmed != current_change(hole);
}

/* Have userspace ask where holes are. */
static void tell_if(struct kvpci_host *host, bool tell)
{
	if (tell && host->mirror_eventfd)
		kvpci_eventfd_signal(host->mirror_eventfd);
}

/**
 * kvpci_mirrors_publish() - let a guest find a function in its place, mirrored or not
 * @function: the function
 * @there: it is there; or not any more
 *
 * Context: process; the caller holds the host's lock.
 */
void kvpci_mirrors_publish(struct kvpci_function *function, bool there)
{
	struct kvpci_host *host = function->host;
	bool tell;

	mutex_lock(&host->mirror_lock);
	kvpci_bus_publish(host, function->bus, function->devfn, there ? function : NULL);
	unmap_config(function);
	tell = hole_is_astray(function->hole);
	mutex_unlock(&host->mirror_lock);
	tell_if(host, tell);
}

/**
 * kvpci_mirrors_route() - have bus numbers lead to where bridges say, mirrored or not
 * @host: the host bridge
 *
 * Context: process; the caller holds the host's lock, or this is a callback of a claim.
 */
void kvpci_mirrors_route(struct kvpci_host *host)
{
	DECLARE_BITMAP(changed, KVPCI_NUM_BUSES);
	const struct kvpci_mirror_range *range;
	bool tell = false;
	u32 number;

	mutex_lock(&host->mirror_lock);
	kvpci_buses_route(host, changed);
	for_each_set_bit(number, changed, KVPCI_NUM_BUSES)
		unmap_everywhere(host, (u64)number << KVPCI_ECAM_BUS_SHIFT,
				 BIT(KVPCI_ECAM_BUS_SHIFT));
	if (!bitmap_empty(changed, KVPCI_NUM_BUSES))
		list_for_each_entry(range, &host->mirrors, of_host)
			tell |= is_hole(range) && hole_is_astray(range);
	mutex_unlock(&host->mirror_lock);
	tell_if(host, tell);
}

/* Does a page of a BAR hold what can't be mirrored, or should not be? */
static bool is_trapped(const struct kvpci_function_bar *bar, u64 page)
{
	const struct kvpci_range *range;

	for (range = kvpci_range_next(&bar->space, page);
	     range && range->offset < page + PAGE_SIZE;
	     range = kvpci_range_next(&bar->space, range->offset + range->length))
		if (!range->mirrored)
			return true;

	return kvpci_doorbell_in(bar, page, PAGE_SIZE);
}

/* @index: KVPCI_CONFIG: a hole. */
static struct kvpci_mirror_range *alloc_range(struct kvpci_function *function, u8 index,
					      u64 start, u64 end)
{
	struct kvpci_mirror_range *range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);

	if (!range)
		return NULL;

	range->function = function;
	range->offset = function_offset(function) + ((u64)index << BAR_SHIFT) + start;
	range->length = end - start;
	range->told = CHANGE_NONE;
	range->confirmed = CHANGE_NONE;
	INIT_LIST_HEAD(&range->of_host);
	INIT_LIST_HEAD(&range->of_bar);
	return range;
}

/* @bytes: its pages; NULL: userspace has them. */
static int new_range(struct kvpci_function_bar *bar, u8 *bytes, u64 start, u64 end)
{
	struct kvpci_mirror_range *range = alloc_range(bar->space.function, bar->index, start, end);

	if (!range)
		return -ENOMEM;

	range->bar = bar;
	range->bytes = bytes;
	list_add_tail(&range->of_bar, &bar->mirror->ranges);
	return 0;
}

static int new_ranges(struct kvpci_function_bar *bar, const struct kvpci_mirror_part *part)
{
	u64 page, start = part->end;
	int ret = 0;

	for (page = part->start; page < part->end && !ret; page += PAGE_SIZE) {
		if (!is_trapped(bar, page)) {
			start = min(start, page);
		} else if (start < page) {
			ret = new_range(bar, part->bytes + (start - part->start), start, page);
			start = part->end;
		}
		cond_resched();
	}
	if (!ret && start < part->end)
		ret = new_range(bar, part->bytes + (start - part->start), start, part->end);

	return ret;
}

/* Make pages for what is from @start to @end. */
static int new_part(struct kvpci_function_bar *bar, u64 start, u64 end)
{
	struct kvpci_mirror_part *part;

	part = kzalloc(sizeof(*part), GFP_KERNEL_ACCOUNT);
	if (!part)
		return -ENOMEM;

	part->start = start;
	part->end = end;
	part->bytes = __vmalloc(end - start, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!part->bytes) {
		kfree(part);
		return -ENOMEM;
	}
	list_add_tail(&part->link, &bar->mirror->parts);
	memset(part->bytes, 0xff, end - start);
	return new_ranges(bar, part);
}

/* Ranges whose pages touch share a part. */
static int new_parts(struct kvpci_function_bar *bar)
{
	const struct kvpci_ranges *ranges = kvpci_space_ranges(&bar->space);
	u64 start = 0, end = 0;
	u32 i;

	for (i = 0; i < ranges->nr; i++) {
		const struct kvpci_range *range = ranges->range[i];
		u64 from = ALIGN_DOWN(range->offset, PAGE_SIZE);

		if (!range->mirrored)
			continue;
		if (end && from > end) {
			int ret = new_part(bar, start, end);

			if (ret)
				return ret;
			end = 0;
		}
		if (!end)
			start = from;
		end = ALIGN(range->offset + range->length, PAGE_SIZE);
	}

	return end ? new_part(bar, start, end) : 0;
}

static int new_externals(struct kvpci_function_bar *bar)
{
	const struct kvpci_ranges *ranges = kvpci_space_ranges(&bar->space);
	int ret = 0;
	u32 i;

	for (i = 0; i < ranges->nr && !ret; i++) {
		const struct kvpci_range *range = ranges->range[i];

		if (!range->external)
			continue;
		bar->mirror->external = true;
		ret = new_range(bar, NULL, range->offset, range->offset + range->length);
	}

	return ret;
}

static void move_ranges(struct kvpci_function_bar *bar, const struct kvpci_mirror_part *part)
{
	struct kvpci_range *range;

	for (range = kvpci_range_next(&bar->space, part->start);
	     range && range->offset < part->end;
	     range = kvpci_range_next(&bar->space, range->offset + range->length))
		if (range->mirrored)
			range->ops->move(range,
					 part->bytes + (range->offset - part->start));
}

/* Make all of a mirror that takes memory, and change nothing. */
static int mirror_prepare(struct kvpci_function_bar *bar)
{
	int ret;

	bar->mirror = kzalloc(sizeof(*bar->mirror), GFP_KERNEL_ACCOUNT);
	if (!bar->mirror)
		return -ENOMEM;

	INIT_LIST_HEAD(&bar->mirror->parts);
	INIT_LIST_HEAD(&bar->mirror->ranges);
	ret = new_parts(bar);
	return ret ?: new_externals(bar);
}

static void mirror_establish(struct kvpci_function_bar *bar)
{
	struct kvpci_host *host = bar->space.function->host;
	struct kvpci_mirror_range *range;
	struct kvpci_mirror_part *part;

	list_for_each_entry(part, &bar->mirror->parts, link)
		move_ranges(bar, part);

	mutex_lock(&host->mirror_lock);
	list_for_each_entry(range, &bar->mirror->ranges, of_bar)
		list_add_tail(&range->of_host, &host->mirrors);
	mutex_unlock(&host->mirror_lock);
}

/* Smaller ones share their page of the guest with others. */
static bool wants_mirror(const struct kvpci_function_bar *bar)
{
	const struct kvpci_ranges *ranges = kvpci_space_ranges(&bar->space);
	u32 i;

	if (bar->flags & KVPCI_BAR_IO || bar->space.size < PAGE_SIZE)
		return false;

	for (i = 0; ranges && i < ranges->nr; i++)
		if (ranges->range[i]->mirrored || ranges->range[i]->external)
			return true;

	return false;
}

/**
 * kvpci_mirrors_create() - make the mirrors of a function's BARs
 * @function: the function, whose ranges are complete and that is not plugged
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0 or -ENOMEM
 */
int kvpci_mirrors_create(struct kvpci_function *function)
{
	const struct kvpci_bars *bars = &function->bars;
	bool tell = false;
	int i, ret = 0;

	lockdep_assert_held(&function->host->lock);
	if (!function->host->mirror_eventfd)
		return 0;

	for (i = 0; i < bars->nr && !ret; i++)
		if (wants_mirror(&bars->bar[i]))
			ret = mirror_prepare(&bars->bar[i]);
	for (i = 0; i < bars->nr; i++) {
		if (!bars->bar[i].mirror)
			continue;
		if (ret) {
			kvpci_mirror_destroy(&bars->bar[i]);
			continue;
		}
		mirror_establish(&bars->bar[i]);
		tell |= bars->bar[i].mirror->external;
	}

	/* It is told of changes when it has asked where its memory is. */
	if (tell)
		kvpci_eventfd_signal(function->host->mirror_eventfd);
	return ret;
}

/**
 * kvpci_mirror_has() - are there mirrored pages in which a range lies?
 * @bar: the BAR
 * @offset: of the range in it
 * @length: bytes
 *
 * Context: process; the caller holds the host's lock, and the function has not gone.
 * Return: whether there are
 */
bool kvpci_mirror_has(const struct kvpci_function_bar *bar, u64 offset, u64 length)
{
	const struct kvpci_mirror_range *range;

	lockdep_assert_held(&bar->space.function->host->lock);
	if (!bar->mirror)
		return false;

	/* The list is fixed until the function goes. */
	list_for_each_entry(range, &bar->mirror->ranges, of_bar)
		if (kvpci_overlaps(offset, length, start_of(range), range->length))
			return true;

	return false;
}

static void free_range(struct kvpci_mirror_range *range)
{
	list_del(&range->of_host);
	list_del(&range->of_bar);
	kfree(range);
}

/* Userspace is to move its pages: until then the change has not been followed. */
static void mirror_owe(struct kvpci_host *host, struct kvpci_bar_mirror *mirror)
{
	mirror->owed = true;
	WRITE_ONCE(host->owed, host->owed + 1);
}

/* Its pages are where they are to be, or have gone. */
static void mirror_pay(struct kvpci_host *host, struct kvpci_bar_mirror *mirror)
{
	if (!mirror->owed)
		return;

	mirror->owed = false;
	WRITE_ONCE(host->owed, host->owed - 1);
	kvpci_map_followed(&host->memory);
}

/* Have a hole to follow a function, if there is none. */
static int hole_create(struct kvpci_function *function)
{
	struct kvpci_mirror_range *hole;

	if (function->hole)
		return 0;

	hole = alloc_range(function, KVPCI_CONFIG, 0, KVPCI_CONFIG_SIZE);
	if (!hole)
		return -ENOMEM;

	/* There is none that it would have to be told of. */
	hole->confirmed = CHANGE_NOWHERE;
	mutex_lock(&function->host->mirror_lock);
	function->hole = hole;
	list_add_tail(&hole->of_host, &function->host->mirrors);
	mutex_unlock(&function->host->mirror_lock);
	return 0;
}

/**
 * kvpci_mirrors_trap() - have userspace complete accesses to configuration space, or not
 * @function: the function
 * @offset: first byte
 * @len: bytes; @offset + @len is within configuration space
 * @trap: it is to complete them
 *
 * When this returns, each access of a guest is as it says.
 *
 * Context: process; the caller holds the host's lock, and there is a virtual machine.
 * Return: 0; -ENOMEM, or -EINVAL or -ENOENT as kvpci_function_new_traps() has it
 */
int kvpci_mirrors_trap(struct kvpci_function *function, u32 offset, u32 len, bool trap)
{
	unsigned long *traps = kvpci_function_new_traps(function, offset, len, trap);
	struct kvpci_host *host = function->host;
	bool tell;
	int ret;

	lockdep_assert_held(&host->lock);
	if (IS_ERR(traps))
		return PTR_ERR(traps);
	ret = hole_create(function);
	if (ret) {
		bitmap_free(traps);
		return ret;
	}

	mutex_lock(&host->mirror_lock);
	traps = rcu_replace_pointer(function->traps, traps,
				    lockdep_is_held(&host->mirror_lock));
	/* Who maps it from now on finds the traps. */
	unmap_config(function);
	tell = hole_is_astray(function->hole);
	mutex_unlock(&host->mirror_lock);
	kvpci_function_watch(function);
	tell_if(host, tell);
	if (function->plugged)
		kvpci_kvm_synchronize(host->kvm);
	bitmap_free(traps);
	return 0;
}

/* The function of a range goes. Returns whether userspace is to be told. */
static bool range_forsake(struct kvpci_host *host, struct kvpci_mirror_range *range)
{
	withdraw_range(host, range);
	if (!range->placed || !host->kvm) {
		free_range(range);
		return false;
	}

	list_del_init(&range->of_bar);
	range->function = NULL;
	range->bar = NULL;
	range->placed = false;
	return true;
}

/**
 * kvpci_mirrors_withdraw() - take a function's mirrors away from userspace
 * @function: the function, which no look-up finds any more
 *
 * Where userspace has made memory of one, it is told that there is none any more.
 *
 * Context: process; the caller holds the host's lock.
 */
void kvpci_mirrors_withdraw(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;
	struct kvpci_mirror_range *range, *next;
	bool tell = false;
	int i;

	lockdep_assert_held(&host->lock);
	mutex_lock(&host->mirror_lock);
	for (i = 0; i < function->bars.nr; i++) {
		struct kvpci_bar_mirror *mirror = function->bars.bar[i].mirror;

		if (!mirror)
			continue;
		mirror_pay(host, mirror);
		list_for_each_entry_safe(range, next, &mirror->ranges, of_bar)
			tell |= range_forsake(host, range);
	}
	if (function->hole)
		tell |= range_forsake(host, function->hole);
	function->hole = NULL;
	mutex_unlock(&host->mirror_lock);
	tell_if(host, tell);
}

/**
 * kvpci_mirror_destroy() - free the mirror of a BAR
 * @bar: the BAR, which nobody can reach any more
 */
void kvpci_mirror_destroy(struct kvpci_function_bar *bar)
{
	struct kvpci_mirror_range *range, *next_range;
	struct kvpci_mirror_part *part, *next_part;

	if (!bar->mirror)
		return;

	list_for_each_entry_safe(range, next_range, &bar->mirror->ranges, of_bar)
		free_range(range);
	list_for_each_entry_safe(part, next_part, &bar->mirror->parts, link) {
		vfree(part->bytes);
		kfree(part);
	}
	kfree(bar->mirror);
	bar->mirror = NULL;
}

/**
 * kvpci_mirrors_follow() - have mirrors follow what has changed in the map of memory
 * @host: the host bridge
 *
 * When this returns, no guest can read from where a mirrored BAR has been, unless that is memory
 * of userspace's, which has not confirmed to have moved it: kvpci_host_has_unfollowed() then.
 *
 * Context: process; the caller holds no spinlock, and is not in a callback of an eventfd.
 */
void kvpci_mirrors_follow(struct kvpci_host *host)
{
	struct kvpci_map_node *node;
	bool tell = false;

	mutex_lock(&host->mirror_lock);
	while ((node = kvpci_map_take_changed(&host->memory))) {
		struct kvpci_mirror_range *range;
		struct kvpci_function_bar *bar;

		bar = container_of(node, struct kvpci_function_bar, node);
		list_for_each_entry(range, &bar->mirror->ranges, of_bar)
			if (range->bytes && range->placed)
				withdraw_range(host, range);
		WRITE_ONCE(bar->mirror->trapped, 0);
		tell |= bar->mirror->external;
		/* Once for the BAR, however often it changes; not if userspace has been quicker. */
		if (!bar->mirror->owed && is_owing(bar->mirror))
			mirror_owe(host, bar->mirror);
		else
			kvpci_map_followed(&host->memory);
	}
	mutex_unlock(&host->mirror_lock);

	if (tell)
		kvpci_eventfd_signal(host->mirror_eventfd);
}

/**
 * kvpci_mirror_read_trapped() - a guest's read of a BAR has come to the bridge
 * @bar: the BAR, which has a mirror
 * @offset: where
 *
 * Context: a callback of a claim.
 */
void kvpci_mirror_read_trapped(struct kvpci_function_bar *bar, u64 offset)
{
	struct kvpci_bar_mirror *mirror = bar->mirror;
	u32 trapped = READ_ONCE(mirror->trapped);
	const struct kvpci_range *range;

	if (trapped >= WORTH_A_MIRROR)
		return;

	/* Not the mirror's own ranges, which go before accesses have ended. */
	range = kvpci_range_find(&bar->space, offset);
	if (!range || !range->mirrored)
		return;

	WRITE_ONCE(mirror->trapped, trapped + 1);
	if (trapped + 1 == WORTH_A_MIRROR)
		kvpci_eventfd_signal(bar->space.function->host->mirror_eventfd);
}

/**
 * kvpci_mirrors_forget() - free what is left of mirrors whose functions have gone
 * @host: the host bridge, whose descriptor is being closed
 *
 * Context: process.
 */
void kvpci_mirrors_forget(struct kvpci_host *host)
{
	struct kvpci_mirror_range *range, *next;

	mutex_lock(&host->mirror_lock);
	host->mapping = NULL;
	list_for_each_entry_safe(range, next, &host->mirrors, of_host)
		if (!range->function)
			free_range(range);
	mutex_unlock(&host->mirror_lock);
}

/* Is all of a BAR that decodes at @base in one window of memory? */
static bool is_in_window(const struct kvpci_host *host, const struct kvpci_function_bar *bar,
			 u64 base)
{
	static const enum kvpci_claim_index windows[] = {
		KVPCI_CLAIM_MEM32, KVPCI_CLAIM_MEM64,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		const struct kvpci_claim *claim = &host->claims[windows[i]];

		if (claim->length >= bar->space.size && base >= claim->base &&
		    base - claim->base <= claim->length - bar->space.size)
			return true;
	}

	return false;
}

/* Does any BAR of @function come before @bar, or share its place? */
static bool has_bar_within(struct kvpci_function *function, const struct kvpci_function_bar *bar,
			   u64 base)
{
	bool found = false;
	int i;

	spin_lock(&function->lock);
	for (i = 0; i < function->bars.nr; i++) {
		const struct kvpci_function_bar *other = &function->bars.bar[i];

		if (other != bar && other->mapped && !(other->flags & KVPCI_BAR_IO) &&
		    other->space.size <= bar->space.size &&
		    other->node.base - base < bar->space.size)
			found = true;
	}
	spin_unlock(&function->lock);
	return found;
}

/*
 * Find out where the guest finds all of a range, if it does. Whoever changes that
 * afterwards counts it, so that what has been told is not confirmed.
 */
static void mirror_locate(struct kvpci_host *host, struct kvpci_mirror_range *range, u64 *address)
{
	struct kvpci_function_bar *bar = range->bar;
	struct kvpci_function *function;
	u64 base;

	range->told = current_change(range);
	range->told_placed = false;
	if (is_hole(range) && range->told < CHANGE_NOWHERE) {
		range->told_placed = true;
		*address = host->ecam + (range->told << PAGE_SHIFT);
	}
	if (!bar)
		return;

	spin_lock(&bar->space.function->lock);
	range->told = kvpci_map_watch(bar->map, &bar->node);
	range->told_placed = bar->mapped;
	base = bar->node.base;
	spin_unlock(&bar->space.function->lock);

	if (!is_in_window(host, bar, base))
		range->told_placed = false;
	list_for_each_entry(function, &host->all, link) {
		if (!range->told_placed)
			break;
		range->told_placed = !has_bar_within(function, bar, base);
	}
	if (range->told_placed)
		*address = base + start_of(range);
}

/* What is it, if it is none of the module's own pages? */
static void mirror_describe(const struct kvpci_mirror_range *range, struct kvpci_mirror *mirror)
{
	if (is_hole(range)) {
		mirror->flags |= KVPCI_MIRROR_TRAPPED;
		return;
	}
	mirror->flags |= KVPCI_MIRROR_EXTERNAL;
	mirror->place = start_of(range);
	if (!range->bar)
		return;

	mirror->bar = range->bar->index;
	mirror->user_data = range->bar->space.function->user_data;
}

/**
 * kvpci_mirror_get() - find a range of a BAR whose mirror is not where the guest finds it
 * @host: the host bridge
 * @mirror: where to put what there is to say of it
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0, or -ENOENT if there is none
 */
int kvpci_mirror_get(struct kvpci_host *host, struct kvpci_mirror *mirror)
{
	struct kvpci_mirror_range *range;
	int ret = -ENOENT;

	mutex_lock(&host->mirror_lock);
	list_for_each_entry(range, &host->mirrors, of_host) {
		if (range->confirmed == current_change(range))
			continue;
		mirror_locate(host, range, &mirror->address);
		if (range->told_placed)
			mirror->flags |= KVPCI_MIRROR_PLACED;
		if (!range->bytes)
			mirror_describe(range, mirror);
		mirror->offset = range->offset;
		mirror->length = range->length;
		mirror->sequence = range->told;
		ret = 0;
		break;
	}
	mutex_unlock(&host->mirror_lock);
	return ret;
}

/**
 * kvpci_mirror_set() - userspace has moved its memory to where it was told
 * @host: the host bridge
 * @mirror: which range, and the change of its place
 *
 * Context: process.
 * Return: 0; -ENOENT if there is no such range; -EAGAIN if it has changed again
 */
int kvpci_mirror_set(struct kvpci_host *host, const struct kvpci_mirror *mirror)
{
	struct kvpci_mirror_range *range;
	int ret = -ENOENT;

	mutex_lock(&host->mirror_lock);
	list_for_each_entry(range, &host->mirrors, of_host) {
		if (range->offset != mirror->offset)
			continue;
		ret = -EAGAIN;
		if (range->told != mirror->sequence ||
		    range->told != current_change(range))
			continue;
		range->confirmed = range->told;
		range->placed = range->told_placed;
		if (range->placed && range->bar)
			trace_kvpci_mirror_place(range->bar, start_of(range), range->length);
		if (!range->function)
			free_range(range);
		else if (range->bar && !is_owing(range->bar->mirror))
			mirror_pay(host, range->bar->mirror);
		ret = 0;
		break;
	}
	mutex_unlock(&host->mirror_lock);
	return ret;
}
