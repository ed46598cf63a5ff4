// SPDX-License-Identifier: GPL-2.0
/*
 * All that this module knows of KVM's insides, and all that differs between kernel
 * versions (here and in kvm.h).
 *
 * KVM finds the device behind a port or an MMIO address in a sorted array, one per
 * bus, that is replaced as a whole: copied, changed, published and, after a grace
 * period of kvm->srcu, in which vCPUs run, freed. kvm_io_bus_register_dev() does
 * that, but is not exported, so this file does it itself and by the same rules: under
 * kvm->slots_lock, in the order that kvm_io_bus_cmp() defines. It happens when a host
 * bridge comes and when it goes, and at no other time.
 *
 * The length of a KVM range is an int. A longer claim is cut into several ranges at
 * page boundaries. KVM cuts accesses there too, except some of SEV-ES guests, which then
 * find no device.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/file.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/apicdef.h>
#include <asm/msr-index.h>

#include "kvm/kvm.h"

#define MAX_RANGE	(SZ_2G - SZ_4K)

static char *delivery = "auto";
module_param(delivery, charp, 0444);
MODULE_PARM_DESC(delivery,
		 "How messages are sent: direct, irqfd, or auto: direct if the kernel can");

typeof(kvm_apic_send_ipi) *kvpci_kvm_send_ipi __ro_after_init;
static bool (*kvpci_kvm_is_single)(struct kvm *kvm, struct kvm_lapic_irq *irq,
				   struct kvm_vcpu **vcpu) __ro_after_init;

/* Up to 6.17 KVM exports what it takes, with these arguments. */
static void __init get_symbols(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
	kvpci_kvm_is_single = symbol_get(kvm_intr_is_single_vcpu);
	if (!kvpci_kvm_is_single)
		return;
	kvpci_kvm_send_ipi = symbol_get(kvm_apic_send_ipi);
	if (!kvpci_kvm_send_ipi)
		symbol_put(kvm_intr_is_single_vcpu);
#endif
}

/**
 * kvpci_kvm_init() - choose how messages are sent
 *
 * Return: 0; -EINVAL if the module's parameter is none of those; -EOPNOTSUPP if this
 * kernel can't send them as it says
 */
int __init kvpci_kvm_init(void)
{
	if (!strcmp(delivery, "irqfd"))
		return 0;
	if (strcmp(delivery, "auto") && strcmp(delivery, "direct")) {
		pr_err("delivery=%s: use auto, direct or irqfd\n", delivery);
		return -EINVAL;
	}

	get_symbols();
	if (!kvpci_kvm_send_ipi && !strcmp(delivery, "direct")) {
		pr_err("delivery=direct: this kernel does not export what it takes\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * kvpci_kvm_exit() - undo kvpci_kvm_init()
 */
void kvpci_kvm_exit(void)
{
	if (!kvpci_kvm_send_ipi)
		return;

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
	symbol_put(kvm_apic_send_ipi);
	symbol_put(kvm_intr_is_single_vcpu);
#endif
}

static bool is_x2apic(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.apic_base & X2APIC_ENABLE;
}

static bool all_are_x2apic(struct kvm *kvm)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm)
		if (!is_x2apic(vcpu))
			return false;

	return true;
}

/* Of a message's address: its destination is logical; it has a hint for whom it is. */
#define MESSAGE_LOGICAL		BIT(2)
#define MESSAGE_HINT		BIT(3)
/* Of its data, what there is. */
#define MESSAGE_DATA		(APIC_VECTOR_MASK | APIC_MODE_MASK | APIC_INT_LEVELTRIG)

/* Send to a vCPU, in whatever mode its local APIC is: as if it were its own sender. */
static void send_to(struct kvm_vcpu *vcpu, u32 icr_low)
{
	kvpci_kvm_send_ipi(vcpu->arch.apic, icr_low | APIC_DEST_SELF, 0);
}

static void send_to_all(struct kvm *kvm, u32 icr_low)
{
	struct kvm_vcpu *vcpu;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm)
		if (vcpu->arch.apic && vcpu->arch.apic_base & MSR_IA32_APICBASE_ENABLE)
			send_to(vcpu, icr_low);
}

/* Send as a vCPU would, if possible one that can address @dest. */
static void send_as_vcpu(struct kvm *kvm, u32 icr_low, u32 dest)
{
	struct kvm_vcpu *vcpu, *sender = NULL;
	unsigned long i;

	kvm_for_each_vcpu(i, vcpu, kvm) {
		if (!vcpu->arch.apic)
			continue;
		sender = vcpu;
		if (dest <= 0xff || is_x2apic(vcpu))
			break;
	}
	if (!sender)
		return;

	if (is_x2apic(sender))
		kvpci_kvm_send_ipi(sender->arch.apic, icr_low, dest);
	else if (dest <= 0xff || icr_low & APIC_DEST_LOGICAL)
		kvpci_kvm_send_ipi(sender->arch.apic, icr_low, dest << 24);
}

/*
 * The local APIC of a physical destination that is no broadcast in any mode, as KVM's own messages
 * find it; NULL if there is none. That is kvpci_kvm_is_single() without the call. In a read section
 * of RCU.
 */
static __always_inline struct kvm_lapic *physical_target(struct kvm *kvm, u32 dest_id)
{
	const struct kvm_apic_map *map = rcu_dereference_check(kvm->arch.apic_map,
							       rcu_read_lock_sched_held());

	if (unlikely(!map || dest_id > map->max_apic_id))
		return NULL;
	return map->phys_map[array_index_nospec(dest_id, map->max_apic_id + 1)];
}

/*
 * Send what nearly all messages are: one to a single vCPU, by its number, without a hint, as
 * send_to_some() would. Returns whether it was sent.
 */
static __always_inline bool send_to_one(struct kvm *kvm, struct kvpci_message message)
{
	u32 dest_id = (message.address >> 12) & 0xff;
	struct kvm_lapic *apic;

	if (message.address & (MESSAGE_LOGICAL | MESSAGE_HINT))
		return false;
	if (kvm->arch.x2apic_format)
		dest_id |= message.address >> 32;
	if (dest_id == 0xff || dest_id == U32_MAX)
		return false;

	apic = physical_target(kvm, dest_id);
	if (likely(apic))
		kvpci_kvm_send_ipi(apic, (message.data & MESSAGE_DATA) | APIC_INT_ASSERT |
				   APIC_DEST_SELF, 0);
	return apic;
}

/* kvpci_kvm_send(), of a message that is not to one by its number. */
static noinline bool send_to_some(struct kvm *kvm, struct kvpci_message message, bool to_many)
{
	bool quirk = !kvm->arch.x2apic_broadcast_quirk_disabled;
	bool logical = message.address & MESSAGE_LOGICAL;
	bool hint = message.address & MESSAGE_HINT;
	struct kvm_lapic_irq irq = {
		.vector = message.data & APIC_VECTOR_MASK,
		.delivery_mode = message.data & APIC_MODE_MASK,
		.dest_mode = kvm_lapic_irq_dest_mode(logical),
		.level = true,
		.trig_mode = message.data & APIC_INT_LEVELTRIG,
		.dest_id = (message.address >> 12) & 0xff,
		.msi_redir_hint = hint,
	};
	u32 icr_low = irq.vector | irq.trig_mode | APIC_INT_ASSERT;
	struct kvm_vcpu *vcpu;
	bool lowest;

	if (to_many)
		lockdep_assert_irqs_enabled();
	/* One that is being made may yet go away. */
	if (!atomic_read(&kvm->online_vcpus))
		return true;
	if (kvm->arch.x2apic_format)
		irq.dest_id |= message.address >> 32;

	if (hint && irq.delivery_mode == APIC_DM_FIXED)
		irq.delivery_mode = APIC_DM_LOWEST;
	lowest = irq.delivery_mode == APIC_DM_LOWEST;

	/* Among a logical group KVM may choose one that isn't there: leave that to it. */
	if (!(logical && lowest) && kvpci_kvm_is_single(kvm, &irq, &vcpu)) {
		send_to(vcpu, icr_low | irq.delivery_mode);
		return true;
	}

	/* There is no lowest priority among all, but for the hint. */
	if (irq.dest_id == 0xff && !logical && lowest && !hint) {
		irq.delivery_mode = APIC_DM_FIXED;
		lowest = false;
	}
	if (!to_many && !lowest)
		return false;
	icr_low |= irq.delivery_mode | irq.dest_mode;

	if (quirk && irq.dest_id == 0xff) {
		if (!lowest)
			send_to_all(kvm, icr_low & ~APIC_DEST_LOGICAL);
		else
			send_as_vcpu(kvm, icr_low | APIC_DEST_LOGICAL,
				     is_x2apic(kvm_get_vcpu(kvm, 0)) ? U32_MAX : 0xff);
	} else if (!quirk || irq.dest_id != U32_MAX ||
		   (logical && !all_are_x2apic(kvm))) {
		/* Otherwise KVM takes what is everybody's number for nobody's. */
		send_as_vcpu(kvm, icr_low, irq.dest_id);
	}
	return true;
}

/**
 * kvpci_kvm_send() - send a message to the local APICs
 * @kvm: the virtual machine
 * @message: the message (Intel SDM 3A, 10.11), for which kvpci_kvm_can_send()
 * @to_many: also if there may be more than one receiver, which takes longer the more vCPUs
 *	there are
 *
 * KVM_SIGNAL_MSI's way is not exported, that of interrupts between processors is. For a
 * message that one vCPU receives, which KVM says, the two are the same if that vCPU
 * sends it to itself. Others are sent by some vCPU. For them KVM differs in details, two of
 * which are left:
 *
 * - The redirection hint makes a message one of lowest priority. Here it does so for
 *   fixed ones; with other delivery modes all receive it.
 * - Of a lowest-priority message to everybody, one vCPU in each mode receives it while
 *   some local APICs are in x2APIC mode and some are not.
 *
 * Context: any, if kvpci_kvm_sends_directly(); with @to_many, interrupts are on, and otherwise
 * the caller holds a spinlock, which is a read section of RCU, too.
 * Return: whether it was sent. One that reaches nobody counts as sent, and is lost, as it
 * is with KVM_SIGNAL_MSI.
 */
bool kvpci_kvm_send(struct kvm *kvm, struct kvpci_message message, bool to_many)
{
	return likely(!to_many && send_to_one(kvm, message)) ||
	       send_to_some(kvm, message, to_many);
}

/**
 * kvpci_kvm_get() - get the virtual machine behind a descriptor
 * @fd: a descriptor of the calling process
 *
 * Return: the virtual machine, to be let go with kvm_put_kvm(); -EBADF if @fd is not
 * open, -EINVAL if it is something else, -EIO if it is another process's, whose memory the
 * guest has, as KVM says of its own ioctls
 */
struct kvm *kvpci_kvm_get(int fd)
{
	struct file *file = fget(fd);
	struct kvm *kvm = ERR_PTR(-EINVAL);

	if (!file)
		return ERR_PTR(-EBADF);

	/* Compares the file's operations, so that a vCPU's descriptor is not one. */
	if (file_is_kvm(file)) {
		kvm = file->private_data;
		if (kvm->mm == current->mm)
			kvm_get_kvm(kvm);
		else
			kvm = ERR_PTR(-EIO);
	}
	fput(file);
	return kvm;
}

static int ranges_of(const struct kvpci_claim *claim)
{
	return DIV_ROUND_UP_ULL(claim->length, MAX_RANGE);
}

static bool is_ours(const struct kvm_io_device *dev,
		    const struct kvpci_claim *claims, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (dev == &claims[i].dev)
			return true;

	return false;
}

static bool is_free(const struct kvm_io_bus *bus, const struct kvpci_claim *claim)
{
	int i;

	for (i = 0; i < bus->dev_count; i++) {
		const struct kvm_io_range *range = &bus->range[i];
		/* 0: an ioeventfd for any length; negative: KVM never finds it. */
		u64 length = range->len > 0 ? range->len : 1;

		if (range->addr < claim->base + claim->length &&
		    claim->base < range->addr + length)
			return false;
	}

	return true;
}

/*
 * Ours overlap nothing, so that by address is the place that kvm_io_bus_cmp() would have
 * too. The order among KVM's own must stay: for one address, it goes by length.
 */
static void insert_range(struct kvm_io_bus *bus, const struct kvm_io_range *range)
{
	int i;

	for (i = 0; i < bus->dev_count; i++)
		if (bus->range[i].addr > range->addr)
			break;

	memmove(&bus->range[i + 1], &bus->range[i],
		(bus->dev_count - i) * sizeof(*range));
	bus->range[i] = *range;
	bus->dev_count++;
}

/* The array of @bus with the ranges of @claims added; NULL for want of memory. */
static struct kvm_io_bus *bus_with(const struct kvm_io_bus *bus,
				   enum kvm_bus bus_idx,
				   struct kvpci_claim *claims, int nr, int added)
{
	struct kvm_io_bus *new_bus;
	int i;

	new_bus = kmalloc(struct_size(new_bus, range, bus->dev_count + added),
			  GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!new_bus)
		return NULL;

	memcpy(new_bus, bus, struct_size(bus, range, bus->dev_count));
	for (i = 0; i < nr; i++) {
		struct kvm_io_range range = {
			.addr = claims[i].base,
			.dev = &claims[i].dev,
		};
		u64 left = claims[i].bus == bus_idx ? claims[i].length : 0;

		for (; left; left -= range.len, range.addr += range.len) {
			range.len = min_t(u64, left, MAX_RANGE);
			insert_range(new_bus, &range);
		}
	}

	return new_bus;
}

/* The array of @bus without the ranges of @claims. */
static struct kvm_io_bus *bus_without(const struct kvm_io_bus *bus,
				      struct kvpci_claim *claims, int nr)
{
	struct kvm_io_bus *new_bus;
	size_t size;
	int i, kept = 0;

	for (i = 0; i < bus->dev_count; i++)
		kept += !is_ours(bus->range[i].dev, claims, nr);
	size = struct_size(bus, range, kept);

	/*
	 * This must not fail. Not accounted, so that no cgroup's limit can have it fail.
	 * __GFP_NOFAIL is for two pages at most, and KVM frees the array with kfree().
	 */
	while (!(new_bus = kmalloc(size, GFP_KERNEL | __GFP_NOWARN)))
		memalloc_retry_wait(GFP_KERNEL);

	*new_bus = *bus;
	new_bus->dev_count = 0;
	for (i = 0; i < bus->dev_count; i++)
		if (!is_ours(bus->range[i].dev, claims, nr))
			new_bus->range[new_bus->dev_count++] = bus->range[i];

	return new_bus;
}

static const enum kvm_bus buses[] = { KVM_PIO_BUS, KVM_MMIO_BUS, KVM_FAST_MMIO_BUS };

/**
 * kvpci_kvm_attach() - claim guest addresses
 * @kvm: the virtual machine
 * @claims: what to claim; overlap neither each other nor 2^64
 * @nr: how many
 *
 * All are claimed, or none. The guest may run.
 *
 * Return: 0; -EBUSY if one of the addresses has a device; -ENOSPC if KVM's limit on
 * ranges is exceeded; -ENOMEM
 */
int kvpci_kvm_attach(struct kvm *kvm, struct kvpci_claim *claims, int nr)
{
	struct kvm_io_bus *old[ARRAY_SIZE(buses)] = {};
	struct kvm_io_bus *new[ARRAY_SIZE(buses)] = {};
	int i, j, added, ret;

	mutex_lock(&kvm->slots_lock);

	for (i = 0; i < ARRAY_SIZE(buses); i++) {
		ret = -ENOMEM;
		old[i] = kvm_get_bus(kvm, buses[i]);
		if (!old[i])
			goto err;

		added = 0;
		for (j = 0; j < nr; j++) {
			if (claims[j].bus != buses[i])
				continue;
			ret = -EBUSY;
			if (!is_free(old[i], &claims[j]))
				goto err;
			added += ranges_of(&claims[j]);
		}

		ret = -ENOSPC;
		if (old[i]->dev_count - old[i]->ioeventfd_count + added >
		    NR_IOBUS_DEVS)
			goto err;

		ret = -ENOMEM;
		new[i] = bus_with(old[i], buses[i], claims, nr, added);
		if (!new[i])
			goto err;
	}

	for (i = 0; i < ARRAY_SIZE(buses); i++)
		rcu_assign_pointer(kvm->buses[buses[i]], new[i]);
	synchronize_srcu_expedited(&kvm->srcu);
	mutex_unlock(&kvm->slots_lock);

	for (i = 0; i < ARRAY_SIZE(buses); i++)
		kfree(old[i]);
	return 0;

err:
	mutex_unlock(&kvm->slots_lock);
	for (i = 0; i < ARRAY_SIZE(buses); i++)
		kfree(new[i]);
	return ret;
}

/**
 * kvpci_kvm_detach() - give claimed addresses back
 * @kvm: the virtual machine
 * @claims: as given to kvpci_kvm_attach()
 * @nr: how many
 *
 * When this returns no callback of theirs is running, nor will be.
 */
void kvpci_kvm_detach(struct kvm *kvm, struct kvpci_claim *claims, int nr)
{
	struct kvm_io_bus *old[ARRAY_SIZE(buses)];
	int i;

	mutex_lock(&kvm->slots_lock);

	for (i = 0; i < ARRAY_SIZE(buses); i++) {
		old[i] = kvm_get_bus(kvm, buses[i]);
		/* KVM drops a bus for good if it fails to shrink it. */
		if (old[i])
			rcu_assign_pointer(kvm->buses[buses[i]],
					   bus_without(old[i], claims, nr));
	}
	synchronize_srcu_expedited(&kvm->srcu);
	mutex_unlock(&kvm->slots_lock);

	for (i = 0; i < ARRAY_SIZE(buses); i++)
		kfree(old[i]);
}

/**
 * kvpci_kvm_synchronize() - wait for callbacks that may use what was unpublished
 * @kvm: the virtual machine
 *
 * Context: process, not in a callback.
 */
void kvpci_kvm_synchronize(struct kvm *kvm)
{
	synchronize_srcu_expedited(&kvm->srcu);
}

/**
 * kvpci_kvm_read_lock() - keep what is published, as a callback does
 * @kvm: the virtual machine
 *
 * Context: process.
 * Return: what kvpci_kvm_read_unlock() needs
 */
int kvpci_kvm_read_lock(struct kvm *kvm)
	__acquires(&kvm->srcu)
{
	return srcu_read_lock(&kvm->srcu);
}

/**
 * kvpci_kvm_read_unlock() - undo kvpci_kvm_read_lock()
 * @kvm: the virtual machine
 * @index: what that returned
 */
void kvpci_kvm_read_unlock(struct kvm *kvm, int index)
	__releases(&kvm->srcu)
{
	srcu_read_unlock(&kvm->srcu, index);
}

/**
 * kvpci_kvm_max_vcpus() - bound of kvpci_kvm_vcpu_index()
 * @kvm: the virtual machine
 */
u32 kvpci_kvm_max_vcpus(struct kvm *kvm)
{
	return kvm->max_vcpus;
}

/**
 * kvpci_kvm_online_vcpus() - how many vCPUs there are
 * @kvm: the virtual machine
 */
u32 kvpci_kvm_online_vcpus(struct kvm *kvm)
{
	return atomic_read(&kvm->online_vcpus);
}

/**
 * kvpci_kvm_vcpu_by_id() - find a vCPU
 * @kvm: the virtual machine
 * @id: what KVM_CREATE_VCPU was told
 *
 * Return: as kvpci_kvm_vcpu_index(); -ENOENT if there is no such vCPU
 */
int kvpci_kvm_vcpu_by_id(struct kvm *kvm, u32 id)
{
	struct kvm_vcpu *vcpu = id <= INT_MAX ? kvm_get_vcpu_by_id(kvm, id) : NULL;

	return vcpu ? vcpu->vcpu_idx : -ENOENT;
}

/**
 * kvpci_kvm_io_exit_size() - how long is the access to ports that a vCPU has exited for?
 * @kvm: the virtual machine
 * @index: as kvpci_kvm_vcpu_index(); there is such a vCPU
 *
 * Context: process.
 * Return: bytes, if it has exited for that; userspace can write there
 */
u32 kvpci_kvm_io_exit_size(struct kvm *kvm, u32 index)
{
	return READ_ONCE(kvm_get_vcpu(kvm, index)->run->io.size);
}
