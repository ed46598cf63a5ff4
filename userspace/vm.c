// SPDX-License-Identifier: GPL-2.0
/*
 * The KVM virtual machine: what all of its processors share. KVM has the interrupt
 * controllers and the timer in the kernel; the rest of the machine is ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "array.h"
#include "cpuid.h"
#include "layout.h"
#include "report.h"
#include "vm.h"

#define CPUID_MAX_ENTRIES	256
#define CPUID_ADDRESS_SIZES	0x80000008U

/*
 * KVM's page tables for guest memory may have only four levels, which is 48 bits,
 * even where the processor's addresses are longer.
 */
#define MAX_ADDRESS_BITS	48
#define MIN_ADDRESS_BITS	36

static int open_kvm(struct vm *vm)
{
	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd >= 0)
		return STATUS_OK;
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return fail("there is no KVM here: load kvm-intel or kvm-amd (and enable virtualization in the BIOS)");
	case EACCES:
	case EPERM:
		return fail("/dev/kvm may not be opened: run as root or join the group kvm");
	default:
		return fail("cannot open /dev/kvm: %s", strerror(errno));
	}
}

static int check_kvm(const struct vm *vm, unsigned int cpus)
{
	static const struct {
		int capability;
		const char *name;
	} needed[] = {
		{ KVM_CAP_IRQCHIP, "interrupt controllers" },
		{ KVM_CAP_IRQ_ROUTING, "interrupt routing" },
		{ KVM_CAP_IRQFD_RESAMPLE, "level-triggered interrupts from eventfds" },
		{ KVM_CAP_PIT2, "a timer" },
		{ KVM_CAP_SET_TSS_ADDR, "a TSS address" },
		{ KVM_CAP_SET_IDENTITY_MAP_ADDR, "an identity map address" },
		{ KVM_CAP_EXT_CPUID, "CPUID" },
		{ KVM_CAP_IMMEDIATE_EXIT, "immediate exits" },
		{ KVM_CAP_READONLY_MEM, "read-only memory" },
		{ KVM_CAP_NR_MEMSLOTS, "memory slots" },
	};
	int max;
	size_t i;

	if (ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return fail("/dev/kvm has another interface than version %d, use a Linux of this century",
			    KVM_API_VERSION);
	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		if (ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, needed[i].capability) <= 0)
			return fail("this machine's KVM offers no %s, use a later kernel",
				    needed[i].name);
	}
	max = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	if (max > 0 && cpus > (unsigned int)max)
		return fail("this machine's KVM runs at most %d processors, lower --cpus", max);
	return STATUS_OK;
}

static int get_cpuid(struct vm *vm)
{
	vm->cpuid = calloc(1, sizeof(*vm->cpuid) +
			   CPUID_MAX_ENTRIES * sizeof(vm->cpuid->entries[0]));
	if (!vm->cpuid)
		return fail("not enough memory");
	vm->cpuid->nent = CPUID_MAX_ENTRIES;
	if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, vm->cpuid))
		return fail("KVM does not tell its CPUID: %s", strerror(errno));
	cpuid_prepare(vm->cpuid, CPUID_MAX_ENTRIES);
	return STATUS_OK;
}

static void get_address_bits(struct vm *vm)
{
	unsigned int i, bits = MIN_ADDRESS_BITS;

	for (i = 0; i < vm->cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &vm->cpuid->entries[i];

		if (entry->function != CPUID_ADDRESS_SIZES)
			continue;
		/* Bits 16 to 23 are the limit for guests, where there is another. */
		bits = entry->eax >> 16 & 0xff;
		if (!bits)
			bits = entry->eax & 0xff;
	}
	vm->address_bits = bits < MAX_ADDRESS_BITS ? bits : MAX_ADDRESS_BITS;
}

static int create_chips(struct vm *vm)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	__u64 identity_map = KVM_IDENTITY_MAP_BASE;

	if (ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) ||
	    ioctl(vm->fd, KVM_SET_TSS_ADDR, KVM_TSS_BASE))
		return fail("KVM does not take the addresses for its own pages: %s",
			    strerror(errno));
	if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0))
		return fail("KVM does not create interrupt controllers: %s", strerror(errno));
	if (ioctl(vm->fd, KVM_CREATE_PIT2, &pit))
		return fail("KVM does not create a timer: %s", strerror(errno));
	return STATUS_OK;
}

static int map_memory(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->memory->nr_ram; i++) {
		const struct ram *ram = &vm->memory->ram[i];
		const struct kvm_userspace_memory_region region = {
			.slot = i,
			.guest_phys_addr = ram->address,
			.memory_size = ram->size,
			.userspace_addr = (unsigned long)ram->host,
		};

		if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
			return fail("KVM does not map the guest's memory: %s", strerror(errno));
	}
	return STATUS_OK;
}

static int create(struct vm *vm, unsigned int cpus)
{
	__u64 most;
	int status;
	int size;

	status = open_kvm(vm);
	if (!status)
		status = check_kvm(vm, cpus);
	if (!status)
		status = get_cpuid(vm);
	if (status)
		return status;
	get_address_bits(vm);
	/* RAM ends below the window for 64-bit BARs; some of it is above a hole. */
	most = vm_mem64_window(vm).base - (RAM_HOLE_END - RAM_HOLE_BASE);
	if (vm->memory->size > most)
		return fail("this processor gives a guest at most %llu GiB, lower --memory",
			    most / GIB(1));

	size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run))
		return fail("KVM does not tell the size of its shared page: %s", strerror(errno));
	vm->run_size = size;
	vm->nr_slots = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_NR_MEMSLOTS);

	vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		return fail("KVM does not create a virtual machine: %s", strerror(errno));
	status = create_chips(vm);
	if (!status)
		status = map_memory(vm);
	return status;
}

int vm_create(struct vm *vm, const struct guest_memory *memory, unsigned int cpus)
{
	int status;

	*vm = (struct vm){ .kvm_fd = -1, .fd = -1, .memory = memory };
	status = create(vm, cpus);
	if (status)
		vm_destroy(vm);
	return status;
}

void vm_destroy(struct vm *vm)
{
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm_fd >= 0)
		close(vm->kvm_fd);
	free(vm->cpuid);
	*vm = (struct vm){ .kvm_fd = -1, .fd = -1 };
}

void vm_set_irq(struct vm *vm, unsigned int irq, int level)
{
	struct kvm_irq_level request = { .irq = irq, .level = level };

	ioctl(vm->fd, KVM_IRQ_LINE, &request);
}

struct kvpci_window vm_mem64_window(const struct vm *vm)
{
	__u64 half = 1ULL << (vm->address_bits - 1);

	return (struct kvpci_window){ .base = half, .length = half };
}
