// SPDX-License-Identifier: GPL-2.0
/*
 * Userspace ranges of BARs: accesses that the caller of KVM_RUN completes.
 *
 * Such an access is declined here, and KVM, finding no other device for it, exits to
 * userspace with the guest's address. What BAR that address belonged to is noted by
 * vCPU at the moment of the access, for KVPCI_GET_EXIT to tell: by the time that
 * userspace asks, another vCPU may have moved the BAR. A note is written on the thread
 * that runs the vCPU and read, as the uapi has it, before the vCPU runs again; a
 * caller that breaks that rule may be told nonsense, but nothing else.
 *
 * KVM may split an access that crosses a page or is longer than 8 bytes into several
 * exits. The note thus holds the BAR's range, and any address in it gets an answer, if it
 * is in a window of this bridge: others never come here, though a BAR may be laid there.
 * Nor does an access to ports that leaves the window, which no other access has both the
 * port and the length of.
 */
#include <linux/err.h>
#include <linux/kvpci.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "kinds/userspace.h"
#include "kvm/kvm.h"
#include "pci/function.h"
#include "pci/host.h"

/**
 * struct kvpci_exit_note - a vCPU's last access to a userspace range
 * @base: where the BAR was
 * @size: the BAR's size; 0 if there has been no such access
 * @serial: of the function
 * @len: bytes of the access
 * @bus: of the function
 * @devfn: of the function
 * @bar: index of the BAR
 * @io: the address is a port
 */
struct kvpci_exit_note {
	u64 base;
	u64 size;
	u64 serial;
	u32 len;
	u8 bus;
	u8 devfn;
	u8 bar;
	bool io;
};

/* Note an access to @range; it is declined. */
static void note_exit(struct kvpci_range *range, const struct kvpci_guest_access *access)
{
	const struct kvpci_function *function = kvpci_range_function(range);
	const struct kvpci_function_bar *bar = kvpci_range_bar(range);
	u32 index = kvpci_kvm_vcpu_index(access->vcpu);

	if (WARN_ON_ONCE(index >= function->host->nr_exits))
		return;

	function->host->exits[index] = (struct kvpci_exit_note) {
		.base = access->base,
		.size = bar->space.size,
		.serial = function->serial,
		.len = access->len,
		.bus = function->bus,
		.devfn = function->devfn,
		.bar = bar->index,
		.io = bar->flags & KVPCI_BAR_IO,
	};
}

static int userspace_read(struct kvpci_range *range, const struct kvpci_guest_access *access,
			  u64 offset, u32 len, void *val)
{
	note_exit(range, access);
	return -EOPNOTSUPP;
}

static u32 userspace_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
			   u64 offset, u32 len, const void *val)
{
	note_exit(range, access);
	return KVPCI_EFFECT_USERSPACE;
}

static void userspace_destroy(struct kvpci_range *range)
{
	kfree(range);
}

static const struct kvpci_range_ops userspace_ops = {
	.name = "userspace",
	.read = userspace_read,
	.write = userspace_write,
	.destroy = userspace_destroy,
};

/**
 * kvpci_userspace_new() - have userspace complete accesses to a range of a BAR
 * @bar: the BAR
 *
 * Context: process.
 * Return: the range, without its place, or an ERR_PTR as the uapi says
 */
struct kvpci_range *kvpci_userspace_new(struct kvpci_function_bar *bar)
{
	struct kvpci_range *range;

	if (bar->index == KVPCI_BAR_ROM)
		return ERR_PTR(-EINVAL);

	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return ERR_PTR(-ENOMEM);

	range->ops = &userspace_ops;
	return range;
}

/**
 * kvpci_exits_create() - make room for a host bridge's notes, if there is none
 * @host: the host bridge; accesses come later, when the range's function is plugged
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

/* Is @get about the access that @exit is of? */
static bool is_noted(const struct kvpci_host *host, const struct kvpci_exit_note *exit,
		     const struct kvpci_exit *get)
{
	if (get->address - exit->base >= exit->size ||
	    exit->io != !!(get->flags & KVPCI_EXIT_IO) || !is_in_window(host, get))
		return false;

	return !exit->io || exit->len == kvpci_kvm_io_exit_size(host->kvm, get->vcpu);
}

/* Complete @get from @exit; -ENOENT if it is about something else. */
static int complete_exit(const struct kvpci_host *host, const struct kvpci_exit_note *exit,
			 struct kvpci_exit *get)
{
	const struct kvpci_function *function;

	if (!is_noted(host, exit, get))
		return -ENOENT;

	function = kvpci_host_function(host, host->kvm, exit->bus, exit->devfn);
	if (!function || function->serial != exit->serial)
		return -ENOENT;

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
 * Return: 0; -EINVAL if there is no such vCPU; -ENOENT if it has not exited for a range
 */
int kvpci_exit_find(struct kvpci_host *host, struct kvpci_exit *get)
{
	struct kvpci_exit_note *exits;
	int ret, srcu;

	if (get->vcpu >= kvpci_kvm_online_vcpus(host->kvm))
		return -EINVAL;

	/* Pairs with kvpci_exits_create(). */
	exits = smp_load_acquire(&host->exits);
	if (!exits || get->vcpu >= host->nr_exits)
		return -ENOENT;

	srcu = kvpci_kvm_read_lock(host->kvm);
	ret = complete_exit(host, &exits[array_index_nospec(get->vcpu, host->nr_exits)],
			    get);
	kvpci_kvm_read_unlock(host->kvm, srcu);
	return ret;
}
