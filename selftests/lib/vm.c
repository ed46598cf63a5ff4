// SPDX-License-Identifier: GPL-2.0
/*
 * A virtual machine for tests: some memory, and vCPUs that can do what lists of accesses
 * tell them (guest.c).
 *
 * A vCPU starts in 64-bit mode with all of its physical addresses, at most 2^42, mapped
 * one to one by pages of 1 GiB. An exception comes back to userspace, as a shutdown.
 *
 * With VM_INTERRUPTS there are interrupt controllers, in the kernel, and handlers for all
 * vectors but those of exceptions. HLT waits then, so that a vCPU writes to a port when it
 * is through with its list. Otherwise HLT is what comes back to userspace.
 *
 * Guest memory, from RAM_BASE:
 *
 *	0		page tables
 *	40 KiB		segments and interrupt vectors
 *	64 KiB		the agent's code
 *	128 KiB		stacks, 64 KiB per vCPU
 *	512 KiB		interrupts, 16 KiB per vCPU: struct agent_interrupts
 *	640 KiB		what struct agent_interrupts has as sequence
 *	1 MiB		lists, 3 MiB per vCPU: struct agent_list, and in the next page
 *			its ops
 *	RAM_FREE	the test's
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpuid.h"
#include "die.h"
#include "event.h"
#include "lapic.h"
#include "vm.h"

#define WATCH_MS	5000
#define PML4		0x0
#define PDPT		0x1000
#define MAX_PDPTS	8
#define MAX_PHYS_BITS	42
#define GDT		0xa000
#define IDT		0xb000
#define CODE		0x10000
#define STACKS		0x20000
#define STACK_SIZE	0x10000
#define INTERRUPTS	0x80000
#define INTERRUPTS_SIZE	0x4000
#define SEQUENCE	0xa0000
#define LISTS		0x100000
#define LIST_SIZE	0x300000
#define LIST_OPS	0x1000

#define PTE_PRESENT	(1ULL << 0)
#define PTE_WRITABLE	(1ULL << 1)
#define PTE_LARGE	(1ULL << 7)

#define SELECTOR_CODE	0x08
#define SELECTOR_DATA	0x10
#define GDT_CODE	0x00af9b000000ffffULL
#define GDT_DATA	0x00cf93000000ffffULL
#define GATE_INTERRUPT	(0x8eULL << 40)		/* present, an interrupt gate */
#define FIRST_INTERRUPT	32			/* below, and but for 2, are exceptions */

#define APIC_BASE_X2APIC	(1ULL << 10)

#define CR0_PE		(1ULL << 0)
#define CR0_MP		(1ULL << 1)
#define CR0_ET		(1ULL << 4)
#define CR0_NE		(1ULL << 5)
#define CR0_PG		(1ULL << 31)
#define CR4_PAE		(1ULL << 5)
#define CR4_OSFXSR	(1ULL << 9)
#define EFER_LME	(1ULL << 8)
#define EFER_LMA	(1ULL << 10)

#define CPUID_LARGE_PAGES	(1U << 26)	/* 80000001 EDX */

/**
 * vm_ram() - the test's view of guest memory
 * @vm: the machine
 * @addr: a guest address in it
 */
void *vm_ram(struct vm *vm, __u64 addr)
{
	if (addr < RAM_BASE || addr >= RAM_BASE + RAM_SIZE)
		die("%#llx is not in guest memory", addr);
	return vm->ram + (addr - RAM_BASE);
}

/* Let the guest have what KVM supports, and see how wide its addresses are. */
static void set_cpuid(struct vm *vm, struct kvm_cpuid2 *cpuid)
{
	bool large_pages = false;
	int i;

	vm->phys_bits = 36;
	for (i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == 0x80000008)
			vm->phys_bits = entry->eax & 0xff;
		if (entry->function == 0x80000001)
			large_pages = entry->edx & CPUID_LARGE_PAGES;
	}
	if (!large_pages)
		die("the processor has no 1 GiB pages");

	for (i = 0; i < vm->nr_vcpus; i++)
		must(ioctl(vm->vcpus[i].fd, KVM_SET_CPUID2, cpuid));
}

static void map_all(struct vm *vm)
{
	__u64 *pml4 = vm->ram + PML4, *pdpt = vm->ram + PDPT;
	unsigned int bits = vm->phys_bits;
	__u64 i;

	if (bits > MAX_PHYS_BITS)
		bits = MAX_PHYS_BITS;
	for (i = 0; i < 1ULL << (bits - 30); i++)
		pdpt[i] = i << 30 | PTE_PRESENT | PTE_WRITABLE | PTE_LARGE;
	for (i = 0; i < MAX_PDPTS; i++)
		pml4[i] = (RAM_BASE + PDPT + i * 0x1000) |
			  PTE_PRESENT | PTE_WRITABLE;
}

static __u64 code_address(const void *symbol)
{
	return RAM_BASE + CODE + ((const char *)symbol - __start_agent_text);
}

/* A gate of 16 bytes for each vector but exceptions, and the segment that they lead to. */
static void make_tables(struct vm *vm)
{
	__u64 *gdt = vm->ram + GDT, *gate = vm->ram + IDT;
	int vector;

	gdt[SELECTOR_CODE / 8] = GDT_CODE;
	gdt[SELECTOR_DATA / 8] = GDT_DATA;
	for (vector = 0; vector < NR_VECTORS; vector++, gate += 2) {
		__u64 entry = code_address(agent_entries) + vector * AGENT_ENTRY_SIZE;

		if (vector < FIRST_INTERRUPT && vector != VECTOR_NMI)
			continue;
		gate[0] = (entry & 0xffff) | SELECTOR_CODE << 16 | GATE_INTERRUPT |
			  (entry & 0xffff0000) << 32;
		gate[1] = entry >> 32;
	}
}

static void set_mode(struct vcpu *vcpu)
{
	struct kvm_segment code = {
		.selector = SELECTOR_CODE, .limit = ~0U, .type = 11, .present = 1, .s = 1,
		.l = 1, .g = 1,
	};
	struct kvm_segment data = {
		.selector = SELECTOR_DATA, .limit = ~0U, .type = 3, .present = 1, .s = 1,
		.db = 1, .g = 1,
	};
	struct kvm_sregs sregs;

	must(ioctl(vcpu->fd, KVM_GET_SREGS, &sregs));
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.fs = data;
	sregs.gs = data;
	sregs.ss = data;
	sregs.idt.limit = 0;
	if (vcpu->vm->flags & VM_INTERRUPTS) {
		sregs.gs.base = vcpu->interrupts->self;
		sregs.gdt.base = RAM_BASE + GDT;
		sregs.gdt.limit = 3 * 8 - 1;
		sregs.idt.base = RAM_BASE + IDT;
		sregs.idt.limit = NR_VECTORS * 16 - 1;
	}
	if (vcpu->vm->flags & VM_X2APIC)
		sregs.apic_base |= APIC_BASE_X2APIC;
	sregs.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_PG;
	sregs.cr3 = RAM_BASE + PML4;
	sregs.cr4 = CR4_PAE | CR4_OSFXSR;
	sregs.efer = EFER_LME | EFER_LMA;
	must(ioctl(vcpu->fd, KVM_SET_SREGS, &sregs));
}

static void interrupts_init(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	__u64 at = INTERRUPTS + vcpu->index * INTERRUPTS_SIZE;

	vcpu->interrupts = vm->ram + at;
	vcpu->interrupts->self = RAM_BASE + at;
	vcpu->interrupts->sequence = RAM_BASE + SEQUENCE;
	vcpu->interrupts->x2apic = !!(vm->flags & VM_X2APIC);
}

static void vcpu_init(struct vm *vm, int index)
{
	struct vcpu *vcpu = &vm->vcpus[index];
	void *list = vm->ram + LISTS + index * LIST_SIZE;

	vcpu->vm = vm;
	vcpu->index = index;
	vcpu->fd = must(ioctl(vm->fd, KVM_CREATE_VCPU, index));
	vcpu->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		die("mmap of a vCPU: %m");
	vcpu->list = list;
	vcpu->ops = list + LIST_OPS;
	interrupts_init(vcpu);
}

static void make_interrupt_controllers(struct vm *vm)
{
	struct kvm_enable_cap x2apic = {
		.cap = KVM_CAP_X2APIC_API,
		.args[0] = KVM_X2APIC_API_USE_32BIT_IDS,
	};

	must(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0));
	if (vm->flags & VM_NO_QUIRK)
		x2apic.args[0] |= KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK;
	if (vm->flags & VM_X2APIC_API)
		must(ioctl(vm->fd, KVM_ENABLE_CAP, &x2apic));
}

static void ignore_signal(int signal)
{
}

/* Have KVM_RUN return now and then, so that somebody looks. */
static void *watch_vcpus(void *arg)
{
	struct vm *vm = arg;
	struct pollfd stop = { .fd = vm->watch_stop, .events = POLLIN };
	int i;

	while (!poll(&stop, 1, WATCH_MS))
		for (i = 0; i < vm->nr_vcpus; i++) {
			int thread = __atomic_load_n(&vm->vcpus[i].running, __ATOMIC_SEQ_CST);

			if (thread)
				syscall(SYS_tgkill, getpid(), thread, SIGUSR2);
		}
	return NULL;
}

static void start_watching(struct vm *vm)
{
	const struct sigaction action = { .sa_handler = ignore_signal };

	sigaction(SIGUSR2, &action, NULL);
	vm->watch_stop = event_new();
	if (pthread_create(&vm->watcher, NULL, watch_vcpus, vm))
		die("no thread");
}

static void stop_watching(struct vm *vm)
{
	event_signal(vm->watch_stop);
	pthread_join(vm->watcher, NULL);
	close(vm->watch_stop);
}

/**
 * vm_new_with() - make a virtual machine
 * @nr_vcpus: how many vCPUs it has
 * @flags: VM_*
 */
struct vm *vm_new_with(int nr_vcpus, unsigned int flags)
{
	struct kvm_userspace_memory_region ram = {
		.guest_phys_addr = RAM_BASE,
		.memory_size = RAM_SIZE,
	};
	struct kvm_cpuid2 *cpuid;
	struct vm *vm = calloc(1, sizeof(*vm));
	int i;

	if (!vm || nr_vcpus > MAX_VCPUS)
		die("no such virtual machine");

	vm->kvm_fd = must(open("/dev/kvm", O_RDWR | O_CLOEXEC));
	vm->fd = must(ioctl(vm->kvm_fd, KVM_CREATE_VM, 0));
	vm->run_size = must(ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0));
	vm->nr_vcpus = nr_vcpus;
	vm->flags = flags;
	if (flags & VM_INTERRUPTS)
		make_interrupt_controllers(vm);

	vm->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->ram == MAP_FAILED)
		die("mmap of guest memory: %m");
	ram.userspace_addr = (unsigned long)vm->ram;
	must(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &ram));
	memcpy(vm->ram + CODE, __start_agent_text,
	       __stop_agent_text - __start_agent_text);

	for (i = 0; i < nr_vcpus; i++)
		vcpu_init(vm, i);

	cpuid = cpuid_supported(vm->kvm_fd);
	set_cpuid(vm, cpuid);
	free(cpuid);

	map_all(vm);
	make_tables(vm);
	for (i = 0; i < nr_vcpus; i++) {
		set_mode(&vm->vcpus[i]);
		if (flags & VM_INTERRUPTS)
			lapic_start(vm->vcpus[i].fd);
	}
	if (flags & VM_INTERRUPTS)
		start_watching(vm);
	return vm;
}

struct vm *vm_new(int nr_vcpus)
{
	return vm_new_with(nr_vcpus, 0);
}

/**
 * vm_add_vcpu() - make a vCPU that is never run, and only there to be interrupted
 * @vm: its machine, which has VM_INTERRUPTS
 * @id: its number, and that of its local APIC
 * @x2apic: whether that is in x2APIC mode
 *
 * Return: its descriptor
 */
int vm_add_vcpu(struct vm *vm, __u32 id, bool x2apic)
{
	struct kvm_cpuid2 *cpuid = cpuid_supported(vm->kvm_fd);
	int fd = must(ioctl(vm->fd, KVM_CREATE_VCPU, id));
	struct kvm_sregs sregs;

	must(ioctl(fd, KVM_SET_CPUID2, cpuid));
	free(cpuid);
	if (x2apic) {
		must(ioctl(fd, KVM_GET_SREGS, &sregs));
		sregs.apic_base |= APIC_BASE_X2APIC;
		must(ioctl(fd, KVM_SET_SREGS, &sregs));
	}
	lapic_start(fd);
	return fd;
}

/**
 * vcpu_reset() - point a vCPU at the start of its list
 * @vcpu: the vCPU
 */
void vcpu_reset(struct vcpu *vcpu)
{
	struct kvm_regs regs = {
		.rip = code_address(agent_main),
		/* As after a call. */
		.rsp = RAM_BASE + STACKS + (vcpu->index + 1) * STACK_SIZE - 8,
		.rdi = RAM_BASE + LISTS + vcpu->index * LIST_SIZE,
		.rflags = 2,
	};

	must(ioctl(vcpu->fd, KVM_SET_REGS, &regs));
}

/**
 * vm_free() - close all of a machine's descriptors and give its memory back
 * @vm: the machine, none of whose vCPUs runs
 */
void vm_free(struct vm *vm)
{
	int i;

	if (vm->flags & VM_INTERRUPTS)
		stop_watching(vm);
	for (i = 0; i < vm->nr_vcpus; i++) {
		munmap(vm->vcpus[i].run, vm->run_size);
		close(vm->vcpus[i].fd);
	}
	close(vm->fd);
	close(vm->kvm_fd);
	munmap(vm->ram, RAM_SIZE);
	free(vm);
}
