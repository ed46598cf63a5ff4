/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module asks of KVM: a machine that takes no message. So what is pending stays, and
 * states read back as they were set.
 */
#ifndef _FUZZ_KVM_H
#define _FUZZ_KVM_H

#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>

struct kvm {
	int nothing;
};

struct kvm_vcpu;

struct kvpci_claim {
	int nothing;
};

struct kvpci_message {
	u64 address;
	u32 data;
	bool masked;
};

#define kvpci_kvm_dereference(kvm, p)	(p)

static inline bool kvpci_kvm_can_send(struct kvm *kvm, struct kvpci_message message)
{
	return false;
}

static inline bool kvpci_kvm_send(struct kvm *kvm, struct kvpci_message message, bool to_many)
{
	return true;
}

static inline u32 kvpci_kvm_online_vcpus(struct kvm *kvm)
{
	return 1;
}

static inline bool kvpci_kvm_read_lock_held(const struct kvm *kvm)
{
	return false;
}

static inline void kvpci_kvm_synchronize(struct kvm *kvm)
{
}

static inline void kvpci_eventfd_signal(struct eventfd_ctx *eventfd)
{
}

#endif /* _FUZZ_KVM_H */
