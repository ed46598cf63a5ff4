// SPDX-License-Identifier: GPL-2.0
/*
 * Exits to userspace: what the access was for that has ended KVM_RUN.
 *
 * There are two of them. An access that userspace completes, be it to a BAR or to configuration
 * space, is declined, and a write that it is to know of is carried out and declined then. KVM,
 * finding no other device for it, exits with the guest's address. What that address belonged to
 * is noted by vCPU at the moment of the access, for KVPCI_GET_EXIT to tell: by the time that
 * userspace asks, another vCPU may have moved the BAR. A note is written on the thread that runs
 * the vCPU and read, as the uapi has it, before the vCPU runs again; a caller that breaks that
 * rule may be told nonsense, but nothing else.
 *
 * KVM may split an access to memory that crosses a page or is longer than 8 bytes into several
 * exits. It asks for each page, so that there are two notes; but not for what follows 8 bytes
 * that were declined. A note thus holds the BAR's range, and any address in it gets an answer, if
 * it is in a window of this bridge: others never come here, though a BAR may be laid there. Of
 * accesses to ports the port and the length are to be those of the note.
 */
#include <linux/nospec.h>
#include <linux/slab.h>

#include "kvm/kvm.h"
#include "pci/exit.h"
#include "pci/function.h"
#include "pci/host.h"

/* The pages that an access may be in. */
#define MAX_PARTS	2

/**
 * struct kvpci_exit_part - an access that was declined, as far as it is in one page
 * @base: where the BAR was; of configuration space, the address of its first byte, be it one
 *	or not
 * @size: of the BAR, or of configuration space; 0: there is none
 * @serial: of the function
 * @addr: of the access
 * @len: bytes of the access
 * @flags: KVPCI_EXIT_*
 * @bus_index: of the function's bus
 * @bus: by what number the guest reached it
 * @devfn: of the function
 * @bar: index of the BAR, or KVPCI_CONFIG
 */
struct kvpci_exit_part {
	u64 base;
	u64 size;
	u64 serial;
	u64 addr;
	u32 len;
	u32 flags;
	u8 bus_index;
	u8 bus;
	u8 devfn;
	u8 bar;
};

/**
 * struct kvpci_exit_note - a vCPU's last access that was declined
 * @part: of each page that it was in
 */
struct kvpci_exit_note {
	struct kvpci_exit_part part[MAX_PARTS];
};

/**
 * kvpci_exits_create() - make room for a host bridge's notes, if there is none
 * @host: the host bridge; accesses that have use for it come later
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0 or -ENOMEM
 */
int kvpci_exits_create(struct kvpci_host *host)
{
	u32 nr = kvpci_kvm_max_vcpus(host->kvm);
	struct kvpci_exit_note *exits;

	lockdep_assert_held(&host->lock);
	if (host->exits)
		return 0;

	exits = kvcalloc(nr, sizeof(*exits), GFP_KERNEL_ACCOUNT);
	if (!exits)
		return -ENOMEM;

	host->nr_exits = nr;
	/* Pairs with kvpci_exit_find(). */
	smp_store_release(&host->exits, exits);
	return 0;
}

/* Note @part of an access of a function's; of another access there is nothing left then. */
static void note_part(const struct kvpci_function *function,
		      const struct kvpci_guest_access *access, struct kvpci_exit_part part)
{
	u32 nr = part.flags & KVPCI_EXIT_IO ? 0 : kvpci_kvm_mmio_part(access->vcpu);
	u32 index = kvpci_kvm_vcpu_index(access->vcpu);
	struct kvpci_exit_note *note;

	if (WARN_ON_ONCE(index >= function->host->nr_exits))
		return;

	note = &function->host->exits[index];
	part.serial = function->serial;
	part.bus = kvpci_function_bus_number(function);
	part.bus_index = function->bus->index;
	part.devfn = function->devfn;
	part.addr = access->addr;
	part.len = access->len;
	note->part[nr] = part;
	if (!nr)
		note->part[1].size = 0;
}

/**
 * kvpci_exit_note_bar() - note an access to a BAR that is declined
 * @bar: the BAR
 * @access: the access
 * @offset: of its first byte, from the start of the BAR
 * @flags: KVPCI_EXIT_*, but for KVPCI_EXIT_IO
 *
 * Context: a callback of a claim.
 */
void kvpci_exit_note_bar(const struct kvpci_function_bar *bar,
			 const struct kvpci_guest_access *access, u64 offset, u32 flags)
{
	note_part(bar->space.function, access, (struct kvpci_exit_part) {
		.base = access->addr - offset,
		.size = bar->space.size,
		.flags = (bar->flags & KVPCI_BAR_IO ? KVPCI_EXIT_IO : 0) | flags,
		.bar = bar->index,
	});
}

/**
 * kvpci_exit_note_config() - note an access to configuration space that is declined
 * @function: the function
 * @access: the access
 * @offset: of its first byte in configuration space
 * @flags: KVPCI_EXIT_*
 *
 * Context: a callback of a claim.
 */
void kvpci_exit_note_config(const struct kvpci_function *function,
			    const struct kvpci_guest_access *access, u64 offset, u32 flags)
{
	note_part(function, access, (struct kvpci_exit_part) {
		.base = access->addr - offset,
		.size = KVPCI_CONFIG_SIZE,
		.flags = flags,
		.bar = KVPCI_CONFIG,
	});
}

/* Is it an address in a window of memory? */
static bool is_in_window(const struct kvpci_host *host, const struct kvpci_exit *get)
{
	static const enum kvpci_claim_index windows[] = {
		KVPCI_CLAIM_MEM32, KVPCI_CLAIM_MEM64,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		const struct kvpci_claim *claim = &host->claims[windows[i]];

		if (get->address - claim->base < claim->length)
			return true;
	}

	return false;
}

/* Is @get about the access that @part is of? */
static bool is_noted(const struct kvpci_host *host, const struct kvpci_exit_part *part,
		     const struct kvpci_exit *get, u32 index)
{
	u32 io = get->flags & KVPCI_EXIT_IO;

	if (get->address - part->base >= part->size || (part->flags & KVPCI_EXIT_IO) != io)
		return false;
	if (io)
		return get->address == part->addr &&
		       part->len == kvpci_kvm_io_exit_size(host->kvm, index);

	return part->bar == KVPCI_CONFIG || is_in_window(host, get);
}

/* Was KVM's question, which was declined, about the first of the bytes that @get is about? */
static bool is_declined(const struct kvpci_exit_part *part, const struct kvpci_exit *get)
{
	return get->address - part->addr < part->len;
}

/* What is noted of the access that @get is about? NULL: nothing. */
static const struct kvpci_exit_part *find_part(const struct kvpci_host *host,
					       const struct kvpci_exit_note *note,
					       const struct kvpci_exit *get, u32 index)
{
	const struct kvpci_exit_part *found = NULL;
	int i;

	for (i = 0; i < MAX_PARTS; i++) {
		const struct kvpci_exit_part *part = &note->part[i];

		if (!is_noted(host, part, get, index))
			continue;
		found = part;
		if (is_declined(part, get))
			break;
	}

	return found;
}

/* Complete @get from @note; -ENOENT if it is about something else. */
static int complete_exit(const struct kvpci_host *host, const struct kvpci_exit_note *note,
			 struct kvpci_exit *get, u32 index)
{
	const struct kvpci_exit_part *part = find_part(host, note, get, index);
	const struct kvpci_function *function = NULL;
	struct kvpci_bus *bus;

	if (!part)
		return -ENOENT;

	bus = kvpci_kvm_dereference(host->kvm, host->bus[part->bus_index]);
	if (bus)
		function = kvpci_kvm_dereference(host->kvm, bus->function[part->devfn]);
	if (!function || function->serial != part->serial)
		return -ENOENT;

	/* What KVM has not asked for has not been written. */
	if (is_declined(part, get))
		get->flags |= part->flags;
	get->bar = part->bar;
	get->offset = get->address - part->base;
	get->user_data = function->user_data;
	get->segment = host->segment;
	get->bus = part->bus;
	get->devfn = part->devfn;
	return 0;
}

/**
 * kvpci_exit_find() - find out what a vCPU has exited for
 * @host: the host bridge
 * @get: the argument of KVPCI_GET_EXIT, whose flags have been checked; completed
 *
 * Context: process.
 * Return: 0; -EINVAL if there is no such vCPU; -ENOENT if it has not exited for this bridge
 */
int kvpci_exit_find(struct kvpci_host *host, struct kvpci_exit *get)
{
	struct kvpci_exit_note *exits;
	int index, ret, srcu;

	index = kvpci_kvm_vcpu_by_id(host->kvm, get->vcpu);
	if (index < 0)
		return -EINVAL;

	/* Pairs with kvpci_exits_create(). */
	exits = smp_load_acquire(&host->exits);
	if (!exits || index >= host->nr_exits)
		return -ENOENT;

	index = array_index_nospec(index, host->nr_exits);
	srcu = kvpci_kvm_read_lock(host->kvm);
	ret = complete_exit(host, &exits[index], get, index);
	kvpci_kvm_read_unlock(host->kvm, srcu);
	return ret;
}
