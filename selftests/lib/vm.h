/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VM_H
#define VM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/kvm.h>
#include <linux/types.h>

#include "agent.h"

#define MAX_VCPUS	4
#define MAX_OPS		50000		/* of one vCPU's list */
#define MAX_EXITS	16		/* that are noted */

#define RAM_BASE	0x40000000ULL
#define RAM_SIZE	(32ULL << 20)
/* Guest memory from here to the end is the test's, and zero at first. */
#define RAM_FREE	(RAM_BASE + (16ULL << 20))

struct kvpci_host;
struct vcpu;

/**
 * struct guest_exit - an access that was left to userspace
 * @io: to a port
 * @write: not a read
 * @size: bytes of one access
 * @count: accesses, of a string instruction to a port
 * @addr: guest address or port
 * @data: what was written first
 */
struct guest_exit {
	bool io;
	bool write;
	__u32 size;
	__u32 count;
	__u64 addr;
	__u64 data;
};

/* Completes an access: returns what a read gives. Runs on the vCPU's thread. */
typedef __u64 guest_exit_fn(struct vcpu *vcpu, const struct guest_exit *exit);

/**
 * struct vcpu - a virtual CPU
 * @vm: its machine
 * @index: its number, from 0
 * @fd: KVM's descriptor
 * @run: shared with KVM
 * @interrupts: those that it has handled, in guest memory
 * @list: what it is to do, in guest memory
 * @ops: the ops of @list
 * @on_exit: what to do with accesses that come to userspace; NULL: they must not
 * @arg: for @on_exit
 * @nr_exits: how many accesses have come to userspace
 * @exits: the first of them
 * @thread: runs it after guest_start()
 * @running: the kernel's number of the thread that runs it now, or 0
 */
struct vcpu {
	struct vm *vm;
	int index;
	int fd;
	struct kvm_run *run;
	struct agent_interrupts *interrupts;
	struct agent_list *list;
	struct agent_op *ops;
	guest_exit_fn *on_exit;
	void *arg;
	unsigned int nr_exits;
	struct guest_exit exits[MAX_EXITS];
	pthread_t thread;
	int running;
};

/* Interrupt controllers in the kernel, local APICs that are enabled, and handlers. */
#define VM_INTERRUPTS	(1U << 0)
/* With that: local APICs are in x2APIC mode. */
#define VM_X2APIC	(1U << 1)
/* KVM_CAP_X2APIC_API: destinations of messages have 32 bits. */
#define VM_X2APIC_API	(1U << 2)
/* With that: destination 0xff is nothing special to a local APIC in x2APIC mode. */
#define VM_NO_QUIRK	(1U << 3)
#define VM_MODERN	(VM_X2APIC | VM_X2APIC_API | VM_NO_QUIRK)

/**
 * struct vm - a virtual machine
 * @flags: VM_*
 * @kvm_fd: /dev/kvm
 * @fd: KVM's descriptor
 * @phys_bits: width of its physical addresses
 * @run_size: of the memory shared with KVM
 * @ram: its memory, guest address RAM_BASE
 * @mirrored: the host bridge that it has mirrors of, or NULL
 * @watcher: with VM_INTERRUPTS: looks if the vCPUs are in their right mind
 * @watch_stop: ends it
 * @nr_vcpus: how many vCPUs there are
 * @vcpus: they
 */
struct vm {
	unsigned int flags;
	int kvm_fd;
	int fd;
	unsigned int phys_bits;
	size_t run_size;
	void *ram;
	struct kvpci_host *mirrored;
	pthread_t watcher;
	int watch_stop;
	int nr_vcpus;
	struct vcpu vcpus[MAX_VCPUS];
};

struct vm *vm_new(int nr_vcpus);
struct vm *vm_new_with(int nr_vcpus, unsigned int flags);
int vm_add_vcpu(struct vm *vm, __u32 id, bool x2apic);
void vm_free(struct vm *vm);
void *vm_ram(struct vm *vm, __u64 addr);
void vcpu_reset(struct vcpu *vcpu);

#endif /* VM_H */
