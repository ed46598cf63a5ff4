// SPDX-License-Identifier: GPL-2.0
/*
 * Exits to userspace: what the access was for that has ended KVM_RUN.
 *
 * There are two of them. An access that userspace completes is declined, and a write that it is
 * to know of is carried out and declined then. KVM, finding no other device for it, exits with
 * the guest's address. What that address belonged to is noted by vCPU at the moment of the
 * access, for KVPCI_GET_EXIT to tell: by the time that userspace asks, another vCPU may have
 * moved the BAR. A note is written on the thread that runs the vCPU and read, as the uapi has
 * it, before the vCPU runs again; a caller that breaks that rule may be told nonsense, but
 * nothing else.
 *
 * KVM may split an access that crosses a page or is longer than 8 bytes into several exits. The
 * note thus holds the BAR's range, and any address in it gets an answer, if it is in a window of
 * this bridge: others never come here, though a BAR may be laid there. Nor does an access to
 * ports that leaves the window, which no other access has both the port and the length of. Of
 * the parts of a write, KVM asks for each page, but not for what follows 8 bytes that were
 * declined: which bytes have been written is noted, too.
 */
#include <linux/nospec.h>
#include <linux/slab.h>

#include "kvm/kvm.h"
#include "pci/exit.h"
#include "pci/function.h"
#include "pci/host.h"

/**
 * struct kvpci_exit_note - a vCPU's last access that was declined
 * @base: where the BAR was; of configuration space, the address of its first byte, be it one
 *	or not
 * @size: of the BAR, or of configuration space; 0 if there has been no such access
 * @serial: of the function
 * @len: bytes of the access
 * @written: the first byte of those that have been written
 * @nr_written: how many there are
 * @bus: of the function
 * @devfn: of the function
 * @bar: index of the BAR, or KVPCI_CONFIG
 * @io: the address is a port
 */
struct kvpci_exit_note {
	u64 base;
	u64 size;
	u64 serial;
	u32 len;
	u64 written;
	u64 nr_written;
	u8 bus;
	u8 devfn;
	u8 bar;
	bool io;
};

/**
 * kvpci_exits_create() - make room for a host bridge's notes, if there is none
 * @host: the host bridge; accesses come later, when the function that has use for it is plugged
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

/* Put @note, complete but for what has been written, into the place of the one before. */
static void replace_note(const struct kvpci_function *function,
			 const struct kvpci_guest_access *access, struct kvpci_exit_note note,
			 bool written)
{
	u32 index = kvpci_kvm_vcpu_index(access->vcpu);
	struct kvpci_exit_note *old;

	if (WARN_ON_ONCE(index >= function->host->nr_exits))
		return;

	old = &function->host->exits[index];
	if (written) {
		note.written = access->addr;
		note.nr_written = access->len;
		/* The other page of the same write? If not, it was one that was written. */
		if (old->nr_written && old->written + old->nr_written == access->addr &&
		    old->serial == note.serial && old->bar == note.bar) {
			note.written = old->written;
			note.nr_written += old->nr_written;
		}
	}
	*old = note;
}

/**
 * kvpci_exit_note_bar() - note an access to a BAR that is declined
 * @bar: the BAR
 * @access: the access
 * @offset: of its first byte, from the start of the BAR
 * @written: it is a write that has been carried out
 *
 * Context: a callback of a claim.
 */
void kvpci_exit_note_bar(const struct kvpci_function_bar *bar,
			 const struct kvpci_guest_access *access, u64 offset, bool written)
{
	const struct kvpci_function *function = bar->space.function;

	replace_note(function, access, (struct kvpci_exit_note) {
		.base = access->addr - offset,
		.size = bar->space.size,
		.serial = function->serial,
		.len = access->len,
		.bus = function->bus,
		.devfn = function->devfn,
		.bar = bar->index,
		.io = bar->flags & KVPCI_BAR_IO,
	}, written);
}

/**
 * kvpci_exit_note_config() - note a write to configuration space that has been carried out
 * @function: the function
 * @access: the access
 * @offset: of its first byte in configuration space
 * @io: it came by ports
 *
 * Context: a callback of a claim.
 */
void kvpci_exit_note_config(const struct kvpci_function *function,
			    const struct kvpci_guest_access *access, u64 offset, bool io)
{
	replace_note(function, access, (struct kvpci_exit_note) {
		.base = access->addr - offset,
		.size = KVPCI_CONFIG_SIZE,
		.serial = function->serial,
		.len = access->len,
		.bus = function->bus,
		.devfn = function->devfn,
		.bar = KVPCI_CONFIG,
		.io = io,
	}, true);
}

static bool is_in_window(const struct kvpci_host *host, const struct kvpci_exit *get)
{
	static const enum kvpci_claim_index windows[] = {
		KVPCI_CLAIM_IO, KVPCI_CLAIM_MEM32, KVPCI_CLAIM_MEM64,
	};
	enum kvm_bus bus = get->flags & KVPCI_EXIT_IO ? KVM_PIO_BUS : KVM_MMIO_BUS;
	int i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		const struct kvpci_claim *claim = &host->claims[windows[i]];

		if (claim->bus == bus && get->address - claim->base < claim->length)
			return true;
	}

	return false;
}

/* Is @get about bytes that have been written? */
static bool is_written(const struct kvpci_exit_note *exit, const struct kvpci_exit *get)
{
	return get->address - exit->written < exit->nr_written;
}

/* Is @get about the access that @exit is of? */
static bool is_noted(const struct kvpci_host *host, const struct kvpci_exit_note *exit,
		     const struct kvpci_exit *get, u32 index)
{
	if (get->address - exit->base >= exit->size ||
	    exit->io != !!(get->flags & KVPCI_EXIT_IO))
		return false;
	/* Of configuration space, all that is declined has been written. */
	if (exit->bar == KVPCI_CONFIG ? !is_written(exit, get) : !is_in_window(host, get))
		return false;

	return !exit->io || exit->len == kvpci_kvm_io_exit_size(host->kvm, index);
}

/* Complete @get from @exit; -ENOENT if it is about something else. */
static int complete_exit(const struct kvpci_host *host, const struct kvpci_exit_note *exit,
			 struct kvpci_exit *get, u32 index)
{
	const struct kvpci_function *function;

	if (!is_noted(host, exit, get, index))
		return -ENOENT;

	function = kvpci_host_function(host, host->kvm, exit->bus, exit->devfn);
	if (!function || function->serial != exit->serial)
		return -ENOENT;

	if (is_written(exit, get))
		get->flags |= KVPCI_EXIT_WRITTEN;
	get->bar = exit->bar;
	get->offset = get->address - exit->base;
	get->user_data = function->user_data;
	get->segment = host->segment;
	get->bus = exit->bus;
	get->devfn = exit->devfn;
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
