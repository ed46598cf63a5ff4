// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbells: places in a BAR where a guest's write signals an eventfd.
 *
 * The rules are those of KVM_IOEVENTFD, but a doorbell belongs to an offset in a BAR
 * and so moves with it at no cost. The doorbells of a BAR are a sorted array that is
 * found and searched without a lock; coming and going replaces the array as a
 * whole, and waits until no write uses the old one.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "doorbell.h"
#include "function.h"
#include "host.h"
#include "region.h"
#include "uarg.h"

struct vpci_doorbell {
	u64 offset;
	u64 datamatch;
	struct eventfd_ctx *eventfd;
	u8 length;		/* 0: any */
	bool wildcard;		/* any value */
};

/**
 * struct vpci_doorbells - the doorbells of a BAR
 * @nr: how many
 * @doorbell: they, by ascending offset
 */
struct vpci_doorbells {
	u32 nr;
	struct vpci_doorbell doorbell[];
};

/* The first of @doorbells at @offset or beyond; nr if there is none. */
static u32 first_from(const struct vpci_doorbells *doorbells, u64 offset)
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
static __always_inline bool matches(const struct vpci_doorbell *doorbell, u32 len,
				    const void *val)
{
	if (doorbell->length != len)
		return !doorbell->length;

	return doorbell->wildcard || doorbell->datamatch == value_of(val, len);
}

static noinline int write_region(struct vpci_bar *bar, struct kvm_vcpu *vcpu, u64 addr,
				 u64 offset, int len, const void *val)
{
	struct vpci_access access = {
		.vcpu = vcpu,
		.base = addr - offset,
		.len = len,
	};

	return vpci_region_write(bar, &access, offset, len, val);
}

/* What vpci_doorbell_write() does where there is not just one. */
static noinline int write_to_some(struct vpci_bar *bar, struct kvm_vcpu *vcpu, u64 addr,
				  u64 offset, int len, const void *val)
{
	const struct vpci_doorbells *doorbells;
	u32 i;

	doorbells = vpci_kvm_dereference(vcpu->kvm, bar->doorbells);
	if (!doorbells)
		return write_region(bar, vcpu, addr, offset, len, val);

	for (i = first_from(doorbells, offset); i < doorbells->nr; i++) {
		const struct vpci_doorbell *doorbell;

		doorbell = &doorbells->doorbell[array_index_nospec(i, doorbells->nr)];
		if (doorbell->offset != offset)
			break;
		if (!matches(doorbell, len, val))
			continue;
		vpci_eventfd_signal(doorbell->eventfd);
		return 0;
	}

	return write_region(bar, vcpu, addr, offset, len, val);
}

/**
 * vpci_doorbell_write() - a guest's write to a BAR
 * @bar: the BAR
 * @vcpu: the guest's
 * @addr: the guest's address
 * @offset: first byte, within the BAR
 * @len: bytes
 * @val: the bytes
 *
 * Signals the doorbell that it rings, or goes on to the regions. Where there is one
 * doorbell, ringing it is to cost no more than KVM takes for it: so that nothing has to
 * be kept for after a call, each call is the last.
 *
 * Context: a callback of a claim.
 * Return: 0, or -EOPNOTSUPP if userspace is to complete it
 */
int vpci_doorbell_write(struct vpci_bar *bar, struct kvm_vcpu *vcpu, u64 addr,
			u64 offset, int len, const void *val)
{
	const struct vpci_doorbells *doorbells;
	const struct vpci_doorbell *doorbell;

	doorbells = vpci_kvm_dereference(vcpu->kvm, bar->doorbells);
	if (!doorbells || doorbells->nr > 1)
		return write_to_some(bar, vcpu, addr, offset, len, val);

	doorbell = &doorbells->doorbell[0];
	if (doorbell->offset != offset || !matches(doorbell, len, val))
		return write_region(bar, vcpu, addr, offset, len, val);

	vpci_eventfd_signal(doorbell->eventfd);
	return 0;
}

static int check(const struct vpci_function *function,
		 struct kvpci_doorbell *desc)
{
	const struct vpci_bar *bar;

	if (desc->flags & ~KVPCI_DOORBELL_FLAGS || desc->pad)
		return -EINVAL;
	if (desc->bar >= KVPCI_NUM_BARS)
		return -EINVAL;
	desc->bar = array_index_nospec(desc->bar, KVPCI_NUM_BARS);

	bar = &function->bars[desc->bar];
	switch (desc->length) {
	case 0:
	case 1:
	case 2:
	case 4:
		break;
	case 8:
		if (!(bar->flags & KVPCI_BAR_IO))
			break;
		fallthrough;
	default:
		return -EINVAL;
	}
	if (desc->offset >= bar->size || desc->length > bar->size - desc->offset)
		return -EINVAL;

	if (desc->flags & KVPCI_DOORBELL_DATAMATCH) {
		if (!desc->length ||
		    (desc->length < 8 && desc->datamatch >> 8 * desc->length))
			return -EINVAL;
	} else if (desc->datamatch) {
		return -EINVAL;
	}

	return 0;
}

/* Could one write ring both? */
static bool collide(const struct vpci_doorbell *a, const struct vpci_doorbell *b)
{
	if (a->offset != b->offset)
		return false;
	if (!a->length || !b->length)
		return true;

	return a->length == b->length &&
	       (a->wildcard || b->wildcard || a->datamatch == b->datamatch);
}

static bool equal(const struct vpci_doorbell *a, const struct vpci_doorbell *b)
{
	return a->offset == b->offset && a->length == b->length &&
	       a->wildcard == b->wildcard && a->datamatch == b->datamatch &&
	       a->eventfd == b->eventfd;
}

static struct vpci_doorbells *current_doorbells(const struct vpci_bar *bar)
{
	return vpci_host_dereference(bar->function->host, bar->doorbells);
}

/**
 * vpci_doorbell_in() - is there a doorbell in a range of a BAR?
 * @bar: the BAR
 * @offset: first byte
 * @length: bytes
 *
 * Context: process; the caller holds the host's lock.
 */
bool vpci_doorbell_in(const struct vpci_bar *bar, u64 offset, u64 length)
{
	const struct vpci_doorbells *doorbells = current_doorbells(bar);
	u32 i;

	if (!doorbells)
		return false;

	i = first_from(doorbells, offset);
	return i < doorbells->nr && doorbells->doorbell[i].offset - offset < length;
}

/* Publish @doorbells, and free the old ones when no write uses them. */
static void replace(struct vpci_bar *bar, struct vpci_doorbells *doorbells)
{
	struct vpci_doorbells *old = current_doorbells(bar);

	rcu_assign_pointer(bar->doorbells, doorbells);
	if (bar->function->plugged)
		vpci_kvm_synchronize(bar->function->host->kvm);
	kvfree(old);
}

/* The doorbells of @bar with @n at @at more or, if negative, fewer. */
static struct vpci_doorbells *resized(const struct vpci_doorbells *old, u32 at,
				      int n)
{
	u32 nr = old ? old->nr : 0;
	u32 skip = n < 0 ? -n : 0, gap = n > 0 ? n : 0;
	struct vpci_doorbells *new;

	new = kvzalloc(struct_size(new, doorbell, nr + n),
		       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!new)
		return NULL;

	new->nr = nr + n;
	if (old) {
		memcpy(new->doorbell, old->doorbell,
		       at * sizeof(*new->doorbell));
		memcpy(new->doorbell + at + gap, old->doorbell + at + skip,
		       (nr - at - skip) * sizeof(*new->doorbell));
	}
	return new;
}

static int assign(struct vpci_bar *bar, const struct vpci_doorbell *doorbell)
{
	struct vpci_doorbells *old = current_doorbells(bar), *new;
	u32 i, at = 0;

	if (bar->function->nr_doorbells == KVPCI_MAX_DOORBELLS)
		return -ENOSPC;

	if (old) {
		at = first_from(old, doorbell->offset);
		for (i = at; i < old->nr; i++)
			if (collide(&old->doorbell[i], doorbell))
				return -EEXIST;
	}

	new = resized(old, at, 1);
	if (!new)
		return -ENOMEM;

	new->doorbell[at] = *doorbell;
	replace(bar, new);
	bar->function->nr_doorbells++;
	return 0;
}

static int deassign(struct vpci_bar *bar, const struct vpci_doorbell *doorbell)
{
	struct vpci_doorbells *old = current_doorbells(bar), *new = NULL;
	struct eventfd_ctx *eventfd;
	u32 at;

	if (!old)
		return -ENOENT;
	for (at = first_from(old, doorbell->offset); at < old->nr; at++)
		if (equal(&old->doorbell[at], doorbell))
			break;
	if (at == old->nr)
		return -ENOENT;

	if (old->nr > 1) {
		new = resized(old, at, -1);
		if (!new)
			return -ENOMEM;
	}

	eventfd = old->doorbell[at].eventfd;
	replace(bar, new);
	eventfd_ctx_put(eventfd);
	bar->function->nr_doorbells--;
	return 0;
}

/**
 * vpci_doorbell_ioctl() - KVPCI_DOORBELL
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int vpci_doorbell_ioctl(struct vpci_function *function,
			const struct kvpci_doorbell __user *arg)
{
	struct vpci_doorbell doorbell;
	struct kvpci_doorbell desc;
	struct vpci_bar *bar;
	bool remove;
	int ret;

	ret = vpci_uarg_get(&desc, sizeof(desc), KVPCI_DOORBELL_SIZE_VER0, arg);
	if (ret)
		return ret;
	ret = check(function, &desc);
	if (ret)
		return ret;

	bar = &function->bars[desc.bar];
	remove = desc.flags & KVPCI_DOORBELL_DEASSIGN;
	doorbell = (struct vpci_doorbell) {
		.offset = desc.offset,
		.datamatch = desc.datamatch,
		.length = desc.length,
		.wildcard = !(desc.flags & KVPCI_DOORBELL_DATAMATCH),
		.eventfd = eventfd_ctx_fdget(desc.eventfd),
	};
	if (IS_ERR(doorbell.eventfd))
		return PTR_ERR(doorbell.eventfd);

	mutex_lock(&function->host->lock);
	if (!function->host->kvm)
		ret = -ENODEV;
	else
		ret = remove ? deassign(bar, &doorbell) :
			       assign(bar, &doorbell);
	mutex_unlock(&function->host->lock);

	/* A doorbell that was assigned keeps the reference. */
	if (ret || remove)
		eventfd_ctx_put(doorbell.eventfd);
	return ret;
}

/**
 * vpci_doorbells_destroy() - free all doorbells of a BAR
 * @bar: the BAR, which no access can reach any more
 */
void vpci_doorbells_destroy(struct vpci_bar *bar)
{
	struct vpci_doorbells *doorbells;
	u32 i;

	doorbells = rcu_dereference_protected(bar->doorbells, true);
	for (i = 0; doorbells && i < doorbells->nr; i++)
		eventfd_ctx_put(doorbells->doorbell[i].eventfd);
	kvfree(doorbells);
}
