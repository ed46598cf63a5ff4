// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells: places in a BAR where a guest's write signals an eventfd.
 *
 * The rules are those of KVM_IOEVENTFD, but a doorbell belongs to an offset in a BAR
 * and so moves with it at no cost. The doorbells of a BAR are a sorted array that is
 * found and searched without a lock; coming and going replaces the array as a
 * whole, and waits until no write uses the old one.
 *
 * Ringing one is to cost no more than KVM takes for an ioeventfd, which does not move. Who has
 * found a doorbell leaves a hint with the map of the address space, by which the next write to its
 * address finds it without a look at BARs (window.c), until one of these moves.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "pci/doorbell.h"
#include "pci/function.h"
#include "pci/host.h"
#include "pci/range.h"

/**
 * struct kvpci_doorbells - the doorbells of a BAR
 * @nr: how many
 * @first: the least offset
 * @span: the greatest offset, less @first
 * @doorbell: the doorbells, by ascending offset
 */
struct kvpci_doorbells {
	u32 nr;
	u64 first;
	u64 span;
	struct kvpci_bar_doorbell doorbell[];
};

/* The first of @doorbells at @offset or beyond; nr if there is none. */
static u32 first_from(const struct kvpci_doorbells *doorbells, u64 offset)
{
	u32 low = 0, high = doorbells->nr;

	while (low < high) {
		u32 mid = (low + high) / 2;

		if (doorbells->doorbell[mid].offset >= offset)
			high = mid;
		else
			low = mid + 1;
	}

	return low;
}

/* What a write of a known length writes; no more than registers are needed for it. */
static __always_inline u64 value_of(const void *val, u32 len)
{
	u64 v = 0;

	switch (len) {
	case 1:
		memcpy(&v, val, 1);
		break;
	case 2:
		memcpy(&v, val, 2);
		break;
	case 4:
		memcpy(&v, val, 4);
		break;
	default:
		memcpy(&v, val, 8);
	}

	return v;
}

/* Does a write have the length, and the value, that it takes? */
static __always_inline bool doorbell_matches(const struct kvpci_bar_doorbell *doorbell, u32 len,
					     const void *val)
{
	if (doorbell->length != len)
		return !doorbell->length;

	return doorbell->wildcard || doorbell->datamatch == value_of(val, len);
}

/* Have the next write to the address of a doorbell find it by a hint. */
static noinline void doorbell_learn(struct kvpci_function_bar *bar,
				    struct kvpci_doorbells *doorbells,
				    struct kvpci_bar_doorbell *doorbell,
				    const struct kvpci_guest_access *access)
{
	const struct kvpci_map_place place = { &bar->node, doorbell->offset };

	spin_lock(&bar->map->lock);
	/* They may have been replaced since, see doorbells_replace(). */
	if (doorbells == kvpci_kvm_dereference(access->vcpu->kvm, bar->doorbells))
		kvpci_map_learn(bar->map, place, &doorbell->hint, access->addr);
	spin_unlock(&bar->map->lock);
}

/* What kvpci_doorbell_write() does where there may be one. */
static noinline int doorbell_write_to_some(struct kvpci_function_bar *bar,
					   struct kvpci_doorbells *doorbells,
					   const struct kvpci_guest_access *access, u64 offset,
					   const void *val)
{
	u32 i;

	for (i = first_from(doorbells, offset); i < doorbells->nr; i++) {
		struct kvpci_bar_doorbell *doorbell;

		doorbell = &doorbells->doorbell[array_index_nospec(i, doorbells->nr)];
		if (doorbell->offset != offset)
			break;
		if (!doorbell_matches(doorbell, access->len, val))
			continue;
		kvpci_eventfd_signal(doorbell->eventfd);
		if (doorbell->wildcard && kvpci_map_has_room(bar->map, access->addr))
			doorbell_learn(bar, doorbells, doorbell, access);
		return 0;
	}

	return kvpci_space_write(&bar->space, access, offset, access->len, val);
}

/**
 * kvpci_doorbell_write() - a guest's write to a BAR
 * @bar: the BAR
 * @access: the write
 * @offset: first byte, within the BAR
 * @val: the bytes
 *
 * Signals the doorbell that it rings, or goes on to the ranges.
 *
 * Context: a callback of a claim.
 * Return: 0, or -EOPNOTSUPP if userspace is to complete it or to know of it
 */
int kvpci_doorbell_write(struct kvpci_function_bar *bar, const struct kvpci_guest_access *access,
			 u64 offset, const void *val)
{
	struct kvpci_doorbells *doorbells;

	doorbells = kvpci_kvm_dereference(access->vcpu->kvm, bar->doorbells);
	if (doorbells && offset - doorbells->first <= doorbells->span)
		return doorbell_write_to_some(bar, doorbells, access, offset, val);

	return kvpci_space_write(&bar->space, access, offset, access->len, val);
}

/**
 * kvpci_doorbell_ring_any() - a guest's access to a BAR, of which only the place is known
 * @bar: the BAR
 * @vcpu: the guest's
 * @offset: first byte, within the BAR
 *
 * Signals the doorbell there, if that takes writes of any length: it is then the only one.
 * The access may be a read. It is so with KVM_IOEVENTFD too.
 *
 * Context: a callback of a claim.
 * Return: 0, or -EOPNOTSUPP if there is none
 */
int kvpci_doorbell_ring_any(struct kvpci_function_bar *bar, struct kvm_vcpu *vcpu, u64 offset)
{
	const struct kvpci_doorbells *doorbells;
	const struct kvpci_bar_doorbell *doorbell;
	u32 i;

	doorbells = kvpci_kvm_dereference(vcpu->kvm, bar->doorbells);
	if (!doorbells)
		return -EOPNOTSUPP;
	i = first_from(doorbells, offset);
	if (i >= doorbells->nr)
		return -EOPNOTSUPP;

	doorbell = &doorbells->doorbell[array_index_nospec(i, doorbells->nr)];
	if (doorbell->offset != offset || doorbell->length)
		return -EOPNOTSUPP;

	kvpci_eventfd_signal(doorbell->eventfd);
	return 0;
}

/* Could one write ring both? */
static bool doorbells_collide(const struct kvpci_bar_doorbell *a,
			      const struct kvpci_bar_doorbell *b)
{
	if (a->offset != b->offset)
		return false;
	if (!a->length || !b->length)
		return true;

	return a->length == b->length &&
	       (a->wildcard || b->wildcard || a->datamatch == b->datamatch);
}

static bool doorbells_equal(const struct kvpci_bar_doorbell *a,
			    const struct kvpci_bar_doorbell *b)
{
	return a->offset == b->offset && a->length == b->length &&
	       a->wildcard == b->wildcard && a->datamatch == b->datamatch &&
	       a->eventfd == b->eventfd;
}

static struct kvpci_doorbells *current_doorbells(const struct kvpci_function_bar *bar)
{
	return kvpci_host_dereference(bar->space.function->host, bar->doorbells);
}

/**
 * kvpci_doorbell_in() - is there a doorbell in a range of a BAR?
 * @bar: the BAR
 * @offset: first byte
 * @length: bytes
 *
 * Context: process; the caller holds the host's lock.
 */
bool kvpci_doorbell_in(const struct kvpci_function_bar *bar, u64 offset, u64 length)
{
	const struct kvpci_doorbells *doorbells = current_doorbells(bar);
	u32 i;

	if (!doorbells)
		return false;

	i = first_from(doorbells, offset);
	return i < doorbells->nr && doorbells->doorbell[i].offset - offset < length;
}

/* Publish @doorbells, and free the old ones when no write uses them. */
static void doorbells_replace(struct kvpci_function_bar *bar, struct kvpci_doorbells *doorbells)
{
	struct kvpci_doorbells *old = current_doorbells(bar);

	if (doorbells) {
		doorbells->first = doorbells->doorbell[0].offset;
		doorbells->span = doorbells->doorbell[doorbells->nr - 1].offset - doorbells->first;
	}
	rcu_assign_pointer(bar->doorbells, doorbells);
	if (bar->space.function->plugged) {
		/* After that nobody leaves a hint of the old ones. */
		kvpci_map_forget(bar->map);
		kvpci_kvm_synchronize(bar->space.function->host->kvm);
	}
	kvfree(old);
}

/* The doorbells of @bar with @n at @at more or, if negative, fewer. */
static struct kvpci_doorbells *doorbells_resized(const struct kvpci_doorbells *old, u32 at,
						 int n)
{
	u32 nr = old ? old->nr : 0;
	u32 skip = n < 0 ? -n : 0, gap = n > 0 ? n : 0;
	struct kvpci_doorbells *new;

	new = kvzalloc(struct_size(new, doorbell, nr + n),
		       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!new)
		return NULL;

	new->nr = nr + n;
	/* A hint may be written meanwhile, by doorbell_learn(). A copy means nothing. */
	if (old) {
		memcpy(new->doorbell, old->doorbell,
		       at * sizeof(*new->doorbell));
		memcpy(new->doorbell + at + gap, old->doorbell + at + skip,
		       (nr - at - skip) * sizeof(*new->doorbell));
	}
	return new;
}

/**
 * kvpci_doorbell_assign() - put a doorbell into a BAR
 * @bar: the BAR
 * @doorbell: the doorbell, whose eventfd is kept if it is
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -EEXIST if one write could ring another one too; -ENOSPC if there are too
 * many; -ENOMEM
 */
int kvpci_doorbell_assign(struct kvpci_function_bar *bar, const struct kvpci_bar_doorbell *doorbell)
{
	struct kvpci_doorbells *old = current_doorbells(bar), *new;
	u32 i, at = 0;

	if (bar->space.function->nr_doorbells == KVPCI_MAX_DOORBELLS)
		return -ENOSPC;

	if (old) {
		at = first_from(old, doorbell->offset);
		for (i = at; i < old->nr; i++)
			if (doorbells_collide(&old->doorbell[i], doorbell))
				return -EEXIST;
	}

	new = doorbells_resized(old, at, 1);
	if (!new)
		return -ENOMEM;

	new->doorbell[at] = *doorbell;
	doorbells_replace(bar, new);
	bar->space.function->nr_doorbells++;
	return 0;
}

/**
 * kvpci_doorbell_deassign() - undo kvpci_doorbell_assign()
 * @bar: the BAR
 * @doorbell: the same doorbell
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -ENOENT if there is none; -ENOMEM
 */
int kvpci_doorbell_deassign(struct kvpci_function_bar *bar,
			    const struct kvpci_bar_doorbell *doorbell)
{
	struct kvpci_doorbells *old = current_doorbells(bar), *new = NULL;
	struct eventfd_ctx *eventfd;
	u32 at;

	if (!old)
		return -ENOENT;
	for (at = first_from(old, doorbell->offset); at < old->nr; at++)
		if (doorbells_equal(&old->doorbell[at], doorbell))
			break;
	if (at == old->nr)
		return -ENOENT;

	if (old->nr > 1) {
		new = doorbells_resized(old, at, -1);
		if (!new)
			return -ENOMEM;
	}

	eventfd = old->doorbell[at].eventfd;
	doorbells_replace(bar, new);
	eventfd_ctx_put(eventfd);
	bar->space.function->nr_doorbells--;
	return 0;
}

/**
 * kvpci_doorbells_destroy() - free all doorbells of a BAR
 * @bar: the BAR, which no access can reach any more
 */
void kvpci_doorbells_destroy(struct kvpci_function_bar *bar)
{
	struct kvpci_doorbells *doorbells;
	u32 i;

	doorbells = rcu_dereference_protected(bar->doorbells, true);
	for (i = 0; doorbells && i < doorbells->nr; i++)
		eventfd_ctx_put(doorbells->doorbell[i].eventfd);
	kvfree(doorbells);
}
