/* SPDX-License-Identifier: GPL-2.0 */
/* The KVM virtual machine: what all of its processors share. */
#ifndef VM_H
#define VM_H

#include <linux/kvm.h>
#include <linux/kvpci.h>
#include <linux/types.h>

#include "memory.h"

struct vm {
	int kvm_fd;
	int fd;
	size_t run_size;		/* of a vCPU's shared page */
	unsigned int nr_slots;		/* of memory */
	unsigned int address_bits;	/* of guest physical addresses */
	struct kvm_cpuid2 *cpuid;	/* what KVM can offer */
	const struct guest_memory *memory;
};

/* Memory slots from this one on are free. */
#define VM_FIRST_FREE_SLOT	MAX_RAM

/* Make a virtual machine with interrupt controllers and this memory. */
int vm_create(struct vm *vm, const struct guest_memory *memory, unsigned int cpus);

/* Close it. Processors and bridges that are still open keep it alive. */
void vm_destroy(struct vm *vm);

/* Drive an input of the interrupt controllers. */
void vm_set_irq(struct vm *vm, unsigned int irq, int level);

/* The window for 64-bit BARs: the upper half of what the processor can address. */
struct kvpci_window vm_mem64_window(const struct vm *vm);

#endif /* VM_H */
