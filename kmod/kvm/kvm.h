/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_KVM_H
#define _KVPCI_KVM_H

#ifndef CONFIG_X86_64
#error "kvpci is for x86-64"
#endif

#include <linux/eventfd.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/pfn_t.h>
#include <linux/version.h>
#include <kvm/iodev.h>

struct kvpci_host;

/**
 * struct kvpci_claim - a range of guest addresses answered by this module
 * @dev: its callbacks, set by kvm_iodevice_init(). They run in process context, in
 *	a read section of kvm->srcu, on the thread of the vCPU.
 * @host: whose it is
 * @bus: KVM_PIO_BUS, KVM_MMIO_BUS or KVM_FAST_MMIO_BUS. On the last KVM asks before it
 *	decodes the instruction, where it can (Intel, EPT misconfiguration): for a write of no
 *	bytes, which may be a read, also at the address behind the range.
 * @base: first address
 * @length: bytes, 0 for none
 */
struct kvpci_claim {
	struct kvm_io_device dev;
	struct kvpci_host *host;
	enum kvm_bus bus;
	u64 base;
	u64 length;
};

static inline struct kvpci_claim *kvpci_claim_of(struct kvm_io_device *dev)
{
	return container_of(dev, struct kvpci_claim, dev);
}

static inline struct kvpci_host *kvpci_claim_host(struct kvm_io_device *dev)
{
	return kvpci_claim_of(dev)->host;
}

/**
 * struct kvpci_message - a message signalled interrupt; two words, which are passed in registers
 * @address: where it is written
 * @data: what is written
 * @masked: its vector is masked, for itself
 */
struct kvpci_message {
	u64 address;
	u32 data;
	bool masked;
};

/* KVM exports it, but not the header that declares it. */
void kvm_apic_send_ipi(struct kvm_lapic *apic, u32 icr_low, u32 icr_high);

extern typeof(kvm_apic_send_ipi) *kvpci_kvm_send_ipi;

/**
 * kvpci_kvm_sends_directly() - does kvpci_kvm_send() work?
 *
 * Return: always the same; false if messages are to be sent by irqfds
 */
static inline bool kvpci_kvm_sends_directly(void)
{
	return !!kvpci_kvm_send_ipi;
}

/* Reserved; of remapped messages bit 4 says so, of some hypervisors' the rest is destination. */
#define KVPCI_ADDRESS_RESERVED	GENMASK_ULL(11, 4)

/**
 * kvpci_kvm_can_send() - is a message one that KVM's local APICs take as it is?
 * @kvm: the virtual machine
 * @message: the message
 *
 * It is not if the virtual machine has no local APICs in the kernel, or if its address has
 * bits that only the caller knows to read: those of an IOMMU that remaps interrupts, or of
 * KVM_FEATURE_MSI_EXT_DEST_ID, which KVM leaves to userspace.
 *
 * Context: any.
 */
static __always_inline bool kvpci_kvm_can_send(struct kvm *kvm, struct kvpci_message message)
{
	if (READ_ONCE(kvm->arch.irqchip_mode) == KVM_IRQCHIP_NONE)
		return false;
	if (message.address & KVPCI_ADDRESS_RESERVED)
		return false;

	/* Of 32-bit destinations the upper part is in the upper half, less its low byte. */
	return !kvm->arch.x2apic_format || !(message.address >> 32 & 0xff);
}

int kvpci_kvm_init(void);
void kvpci_kvm_exit(void);
bool kvpci_kvm_send(struct kvm *kvm, struct kvpci_message message, bool to_many);
struct kvm *kvpci_kvm_get(int fd);
int kvpci_kvm_attach(struct kvm *kvm, struct kvpci_claim *claims, int nr);
void kvpci_kvm_detach(struct kvm *kvm, struct kvpci_claim *claims, int nr);
void kvpci_kvm_synchronize(struct kvm *kvm);
int kvpci_kvm_read_lock(struct kvm *kvm);
void kvpci_kvm_read_unlock(struct kvm *kvm, int index);
u32 kvpci_kvm_max_vcpus(struct kvm *kvm);
u32 kvpci_kvm_online_vcpus(struct kvm *kvm);
int kvpci_kvm_vcpu_by_id(struct kvm *kvm, u32 id);
u32 kvpci_kvm_io_exit_size(struct kvm *kvm, u32 index);

/* Read a pointer in one of the callbacks; see kvpci_kvm_synchronize(). */
#define kvpci_kvm_dereference(kvm, p)	srcu_dereference(p, &(kvm)->srcu)

/* Is this one of them, for lockdep? */
static inline bool kvpci_kvm_read_lock_held(const struct kvm *kvm)
{
	return kvm && srcu_read_lock_held(&kvm->srcu);
}

static inline u32 kvpci_kvm_vcpu_index(const struct kvm_vcpu *vcpu)
{
	return vcpu->vcpu_idx;
}

/*
 * Which part of its access does a vCPU ask for? 1 for the second page of one to memory, if the
 * first has been declined. (Of an SEV-ES guest it may be 1 for all.)
 */
static inline u32 kvpci_kvm_mmio_part(const struct kvm_vcpu *vcpu)
{
	return vcpu->mmio_nr_fragments ? 1 : 0;
}

/*
 * Have a mapping be of single pages that nobody can make writable. With VM_IO, KVM takes them
 * from the page tables, also those of kvpci_vma_insert_shared().
 */
static inline void kvpci_vma_set_mirror(struct vm_area_struct *vma)
{
	const unsigned long set = VM_MIXEDMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_mod(vma, set, VM_MAYWRITE);
#else
	vma->vm_flags |= set;
	vma->vm_flags &= ~VM_MAYWRITE;
#endif
}

/*
 * Map a page that lives longer than any mapping, and takes no reference: there may be more
 * of them than its count can hold, and they are nobody's memory.
 */
static inline vm_fault_t kvpci_vma_insert_shared(struct vm_area_struct *vma,
						 unsigned long address, struct page *page)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
	return vmf_insert_mixed(vma, address, page_to_pfn(page));
#else
	return vmf_insert_mixed(vma, address, page_to_pfn_t(page));
#endif
}

static inline void kvpci_eventfd_signal(struct eventfd_ctx *eventfd)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(eventfd);
#else
	eventfd_signal(eventfd, 1);
#endif
}

#endif /* _KVPCI_KVM_H */
