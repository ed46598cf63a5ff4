// SPDX-License-Identifier: GPL-2.0
/*
 * Userspace regions: accesses that the caller of KVM_RUN completes.
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
#include <linux/nospec.h>
#include <linux/slab.h>

#include "function.h"
#include "host.h"
#include "uarg.h"
#include "userspace.h"

/**
 * struct vpci_exit - a vCPU's last access to a userspace region
 * @base: where the BAR was
 * @size: the BAR's size; 0 if there has been no such access
 * @serial: of the function
 * @len: bytes of the access
 * @bus: of the function
 * @devfn: of the function
 * @bar: index of the BAR
 * @io: the address is a port
 */
struct vpci_exit {
	u64 base;
	u64 size;
	u64 serial;
	u32 len;
	u8 bus;
	u8 devfn;
	u8 bar;
	bool io;
};

static struct vpci_region *userspace_create(struct vpci_bar *bar,
					    const struct kvpci_region *desc)
{
	struct vpci_region *region;

	if (desc->flags || desc->value || desc->writable || desc->write1clear)
		return ERR_PTR(-EINVAL);
	if (bar->index == KVPCI_BAR_ROM)
		return ERR_PTR(-EINVAL);

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	return region ?: ERR_PTR(-ENOMEM);
}

/* The first one makes room for notes. Accesses come later, when its function is plugged. */
static int userspace_attach(struct vpci_region *region)
{
	struct vpci_host *host = region->bar->function->host;
	u32 nr = vpci_kvm_max_vcpus(host->kvm);
	struct vpci_exit *exits;

	if (host->exits)
		return 0;

	exits = kvcalloc(nr, sizeof(*exits), GFP_KERNEL_ACCOUNT);
	if (!exits)
		return -ENOMEM;

	host->nr_exits = nr;
	/* Pairs with vpci_exit_get(). */
	smp_store_release(&host->exits, exits);
	return 0;
}

static void userspace_destroy(struct vpci_region *region)
{
	kfree(region);
}

/* Note an access to @region, and decline it. */
static int note(struct vpci_region *region, const struct vpci_access *access)
{
	const struct vpci_bar *bar = region->bar;
	const struct vpci_function *function = bar->function;
	u32 index = vpci_kvm_vcpu_index(access->vcpu);

	if (WARN_ON_ONCE(index >= function->host->nr_exits))
		return -EOPNOTSUPP;

	function->host->exits[index] = (struct vpci_exit) {
		.base = access->base,
		.size = bar->size,
		.serial = function->serial,
		.len = access->len,
		.bus = function->bus,
		.devfn = function->devfn,
		.bar = bar->index,
		.io = bar->flags & KVPCI_BAR_IO,
	};
	return -EOPNOTSUPP;
}

static int userspace_read(struct vpci_region *region,
			  const struct vpci_access *access, u64 offset, u32 len,
			  void *val)
{
	return note(region, access);
}

static int userspace_write(struct vpci_region *region,
			   const struct vpci_access *access, u64 offset,
			   u32 len, const void *val)
{
	return note(region, access);
}

const struct vpci_region_ops vpci_userspace_ops = {
	.name = "userspace",
	.create = userspace_create,
	.attach = userspace_attach,
	.destroy = userspace_destroy,
	.read = userspace_read,
	.write = userspace_write,
};

static bool is_in_window(const struct vpci_host *host, const struct kvpci_exit *get)
{
	static const enum vpci_claim_index windows[] = {
		VPCI_CLAIM_IO, VPCI_CLAIM_MEM32, VPCI_CLAIM_MEM64,
	};
	enum kvm_bus bus = get->flags & KVPCI_EXIT_IO ? KVM_PIO_BUS : KVM_MMIO_BUS;
	int i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		const struct vpci_claim *claim = &host->claims[windows[i]];

		if (claim->bus == bus && get->address - claim->base < claim->length)
			return true;
	}

	return false;
}

/* Is @get about the access that @exit is of? */
static bool is_noted(const struct vpci_host *host, const struct vpci_exit *exit,
		     const struct kvpci_exit *get)
{
	if (get->address - exit->base >= exit->size ||
	    exit->io != !!(get->flags & KVPCI_EXIT_IO) || !is_in_window(host, get))
		return false;

	return !exit->io || exit->len == vpci_kvm_io_exit_size(host->kvm, get->vcpu);
}

/* Complete @get from @exit; -ENOENT if it is about something else. */
static int answer(const struct vpci_host *host, const struct vpci_exit *exit,
		  struct kvpci_exit *get)
{
	const struct vpci_function *function;

	if (!is_noted(host, exit, get))
		return -ENOENT;

	function = vpci_host_function(host, host->kvm, exit->bus, exit->devfn);
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
 * vpci_exit_get() - KVPCI_GET_EXIT
 * @host: the host bridge
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int vpci_exit_get(struct vpci_host *host, struct kvpci_exit __user *arg)
{
	struct vpci_exit *exits;
	struct kvpci_exit get;
	int ret, srcu;

	ret = vpci_uarg_get(&get, sizeof(get), KVPCI_EXIT_SIZE_VER0, arg);
	if (ret)
		return ret;
	if (get.flags & ~KVPCI_EXIT_FLAGS || get.pad)
		return -EINVAL;

	if (get.vcpu >= vpci_kvm_online_vcpus(host->kvm))
		return -EINVAL;

	/* Pairs with userspace_attach(). */
	exits = smp_load_acquire(&host->exits);
	if (!exits || get.vcpu >= host->nr_exits)
		return -ENOENT;

	srcu = vpci_kvm_read_lock(host->kvm);
	ret = answer(host, &exits[array_index_nospec(get.vcpu, host->nr_exits)],
		     &get);
	vpci_kvm_read_unlock(host->kvm, srcu);
	if (ret)
		return ret;

	return copy_to_user(arg, &get, min_t(size_t, get.size, sizeof(get))) ?
	       -EFAULT : 0;
}
