// SPDX-License-Identifier: GPL-2.0
/*
 * A local APIC, as the test sees and sets it: what has arrived there without a handler of
 * the guest.
 */
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "die.h"
#include "lapic.h"

/* Registers of the local APIC. */
#define APIC_TPR	0x080
#define APIC_LDR	0x0d0
#define APIC_DFR	0x0e0
#define APIC_SPIV	0x0f0
#define APIC_TMR	0x180
#define APIC_IRR	0x200

#define APIC_SPIV_ENABLED	(1U << 8)
#define APIC_DFR_FLAT		0xffffffffU
#define APIC_DFR_CLUSTER	0x0fffffffU

static __u32 read_register(const struct kvm_lapic_state *apic, unsigned int at)
{
	__u32 value;

	memcpy(&value, apic->regs + at, sizeof(value));
	return value;
}

static void write_register(struct kvm_lapic_state *apic, unsigned int at, __u32 value)
{
	memcpy(apic->regs + at, &value, sizeof(value));
}

/**
 * lapic_start() - let a vCPU run, and its local APIC take interrupts
 * @vcpu: its descriptor
 */
void lapic_start(int vcpu)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_lapic_state apic;

	must(ioctl(vcpu, KVM_GET_LAPIC, &apic));
	write_register(&apic, APIC_SPIV, APIC_SPIV_ENABLED | 0xff);
	write_register(&apic, APIC_TPR, 0);
	must(ioctl(vcpu, KVM_SET_LAPIC, &apic));
	must(ioctl(vcpu, KVM_SET_MP_STATE, &state));
}

/**
 * lapic_set_logical() - give a local APIC that is not in x2APIC mode a logical ID
 * @vcpu: its descriptor
 * @id: the ID
 * @flat: the flat model, not the one with clusters
 */
void lapic_set_logical(int vcpu, __u8 id, bool flat)
{
	struct kvm_lapic_state apic;

	must(ioctl(vcpu, KVM_GET_LAPIC, &apic));
	write_register(&apic, APIC_LDR, (__u32)id << 24);
	write_register(&apic, APIC_DFR, flat ? APIC_DFR_FLAT : APIC_DFR_CLUSTER);
	must(ioctl(vcpu, KVM_SET_LAPIC, &apic));
}

/**
 * lapic_disable() - have a local APIC take no vectors
 * @vcpu: its descriptor
 */
void lapic_disable(int vcpu)
{
	struct kvm_lapic_state apic;

	must(ioctl(vcpu, KVM_GET_LAPIC, &apic));
	write_register(&apic, APIC_SPIV, read_register(&apic, APIC_SPIV) & ~APIC_SPIV_ENABLED);
	must(ioctl(vcpu, KVM_SET_LAPIC, &apic));
}

/**
 * lapic_take() - find out what has arrived at a vCPU that does not run, and forget it
 * @vcpu: its descriptor
 * @arrived: what it was
 */
void lapic_take(int vcpu, struct arrived *arrived)
{
	struct kvm_vcpu_events events;
	struct kvm_lapic_state apic;
	int i;

	memset(arrived, 0, sizeof(*arrived));
	must(ioctl(vcpu, KVM_GET_VCPU_EVENTS, &events));
	arrived->nmi = events.nmi.pending;
	arrived->smi = events.smi.pending;
	if (arrived->nmi || arrived->smi) {
		events.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SMM;
		events.nmi.pending = 0;
		events.smi.pending = 0;
		must(ioctl(vcpu, KVM_SET_VCPU_EVENTS, &events));
	}

	must(ioctl(vcpu, KVM_GET_LAPIC, &apic));
	for (i = 0; i < 8; i++)
		arrived->vectors[i] = read_register(&apic, APIC_IRR + 16 * i);
	if (!arrived_count(arrived))
		return;

	/* Its trigger mode was set before it, but may have been copied before that. */
	must(ioctl(vcpu, KVM_GET_LAPIC, &apic));
	for (i = 0; i < 8; i++) {
		arrived->level[i] = read_register(&apic, APIC_TMR + 16 * i) & arrived->vectors[i];
		write_register(&apic, APIC_IRR + 16 * i,
			       read_register(&apic, APIC_IRR + 16 * i) & ~arrived->vectors[i]);
	}
	must(ioctl(vcpu, KVM_SET_LAPIC, &apic));
}

/* How many vectors? */
int arrived_count(const struct arrived *arrived)
{
	int i, n = 0;

	for (i = 0; i < 8; i++)
		n += __builtin_popcount(arrived->vectors[i]);
	return n;
}

bool arrived_any(const struct arrived *arrived)
{
	return arrived->nmi || arrived->smi || arrived_count(arrived);
}
