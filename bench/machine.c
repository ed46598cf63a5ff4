// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest virtual machine that the bench guest runs on: one processor, in-kernel
 * interrupt controllers (as any serious machine has, and so KVM's bus is not empty),
 * a serial port to print to and a port to end it with. Any other access that gets
 * here is let pass, so that the cost of getting here is all there is.
 *
 * Programs are ELF files with a PVH note.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libkvpci.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/places.h"
#include "lib/cpuid.h"
#include "lib/die.h"
#include "machine.h"

#define PORT_EXIT		0xf4
#define PORT_SERIAL		0x3f8
#define PORT_SERIAL_STATUS	0x3fd
#define SERIAL_CAN_SEND		0x60

/* KVM's own pages on Intel processors, where there is nothing else. */
#define IDENTITY_MAP		0xfffbc000
#define TSS			0xfffbd000

#define START_INFO		0x1000
#define COMMAND_LINE		0x2000
#define LOW_END			0x10000

#define START_INFO_MAGIC	0x336ec578
#define NT_PHYS32_ENTRY		18

/* Version 1 of PVH's hvm_start_info. */
struct start_info {
	__u32 magic;
	__u32 version;
	__u32 flags;
	__u32 nr_modules;
	__u64 modules;
	__u64 command_line;
	__u64 rsdp;
	__u64 memory_map;
	__u32 memory_map_entries;
	__u32 reserved;
};

static void set_cpuid(struct machine *vm)
{
	struct kvm_cpuid2 *cpuid = cpuid_supported(vm->kvm);

	must(ioctl(vm->vcpu, KVM_SET_CPUID2, cpuid));
	free(cpuid);
}

void machine_create(struct machine *vm)
{
	struct kvm_userspace_memory_region region = { .memory_size = MACHINE_MEMORY };
	__u64 identity_map = IDENTITY_MAP;
	int size;

	vm->bridge = NULL;
	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		die("can't open /dev/kvm: %m");
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		die("can't create a virtual machine: %m");
	if (ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS) ||
	    ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) ||
	    ioctl(vm->fd, KVM_CREATE_IRQCHIP))
		die("can't set up the virtual machine: %m");

	vm->memory = mmap(NULL, MACHINE_MEMORY, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (vm->memory == MAP_FAILED)
		die("can't get memory for the guest: %m");
	region.userspace_addr = (unsigned long)vm->memory;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		die("can't give memory to the guest: %m");

	vm->vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
	size = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (vm->vcpu < 0 || size < 0)
		die("can't create a processor: %m");
	vm->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu,
		       0);
	if (vm->run == MAP_FAILED)
		die("can't map the processor: %m");
	set_cpuid(vm);
}

/* Have a write of 4 bytes to a port, or to memory, signal @eventfd. */
void machine_ioeventfd(struct machine *vm, __u64 address, bool port, int eventfd)
{
	struct kvm_ioeventfd ioeventfd = {
		.addr = address,
		.len = 4,
		.fd = eventfd,
		.flags = port ? KVM_IOEVENTFD_FLAG_PIO : 0,
	};

	if (ioctl(vm->fd, KVM_IOEVENTFD, &ioeventfd))
		die("can't add an ioeventfd: %m");
}

/* Memory that the guest can only read. */
void machine_readonly_page(struct machine *vm, __u64 address)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1,
		.flags = KVM_MEM_READONLY,
		.guest_phys_addr = address,
		.memory_size = 4096,
	};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (page == MAP_FAILED)
		die("can't get memory for the guest: %m");
	region.userspace_addr = (unsigned long)page;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		die("can't give memory to the guest: %m");
}

/* The address in the PVH note of a segment; 0 if it is not there. */
static __u64 note_entry(Elf *elf, const GElf_Phdr *segment)
{
	size_t next = 0, name, value;
	__u64 entry = 0;
	GElf_Nhdr note;
	Elf_Data *data;

	data = elf_getdata_rawchunk(elf, segment->p_offset, segment->p_filesz,
				    ELF_T_NHDR);
	while (data && (next = gelf_getnote(data, next, &note, &name, &value))) {
		const char *bytes = data->d_buf;

		if (note.n_type != NT_PHYS32_ENTRY || note.n_namesz != 4 ||
		    memcmp(bytes + name, "Xen", 4) ||
		    note.n_descsz > sizeof(entry))
			continue;
		memcpy(&entry, bytes + value, note.n_descsz);
	}

	return entry;
}

static void load_segment(struct machine *vm, int fd, const GElf_Phdr *segment,
			 const char *file)
{
	if (segment->p_paddr < LOW_END || segment->p_paddr > MACHINE_MEMORY ||
	    segment->p_memsz > MACHINE_MEMORY - segment->p_paddr ||
	    segment->p_filesz > segment->p_memsz)
		die("%s doesn't fit into the guest's memory", file);
	if (pread(fd, vm->memory + segment->p_paddr, segment->p_filesz,
		  segment->p_offset) != (ssize_t)segment->p_filesz)
		die("can't read %s", file);
}

/* Load @file. Return: where it wants to be started */
static __u64 load_elf(struct machine *vm, const char *file)
{
	__u64 entry = 0;
	size_t n = 0, i;
	GElf_Phdr segment;
	Elf *elf;
	int fd;

	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("can't open %s: %m", file);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	elf_getphdrnum(elf, &n);
	for (i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, i, &segment))
			continue;
		if (segment.p_type == PT_LOAD)
			load_segment(vm, fd, &segment, file);
		else if (segment.p_type == PT_NOTE && !entry)
			entry = note_entry(elf, &segment);
	}
	elf_end(elf);
	close(fd);
	if (!entry)
		die("%s is not an ELF file with a PVH note", file);
	return entry;
}

/* 32-bit protected mode without paging, all of memory in every segment. */
static void set_state(struct machine *vm, __u64 entry)
{
	struct kvm_regs regs = { .rip = entry, .rbx = START_INFO, .rflags = 2 };
	struct kvm_segment flat = {
		.limit = ~0U, .present = 1, .s = 1, .db = 1, .g = 1,
	};
	struct kvm_sregs sregs;

	if (ioctl(vm->vcpu, KVM_GET_SREGS, &sregs))
		die("can't read the processor's state: %m");

	flat.selector = 0x10;
	flat.type = 3;
	sregs.ds = flat;
	sregs.es = flat;
	sregs.fs = flat;
	sregs.gs = flat;
	sregs.ss = flat;
	flat.selector = 0x8;
	flat.type = 11;
	sregs.cs = flat;
	sregs.tr = (struct kvm_segment) { .limit = 0x67, .present = 1, .type = 11 };
	sregs.cr0 = 0x11;

	if (ioctl(vm->vcpu, KVM_SET_SREGS, &sregs) ||
	    ioctl(vm->vcpu, KVM_SET_REGS, &regs))
		die("can't set the processor's state: %m");
}

void machine_load(struct machine *vm, const char *file, const char *command_line)
{
	struct start_info info = {
		.magic = START_INFO_MAGIC,
		.version = 1,
		.command_line = COMMAND_LINE,
	};

	memcpy(vm->memory + START_INFO, &info, sizeof(info));
	strcpy((char *)vm->memory + COMMAND_LINE, command_line);
	set_state(vm, load_elf(vm, file));
}

/* Have the bridge's memory and messages in place. */
static void settle(struct machine *vm)
{
	struct pollfd event = { .events = POLLIN };

	if (!vm->bridge)
		return;
	event.fd = kvpci_host_poll_fd(vm->bridge);
	must(kvpci_host_sync(vm->bridge));
	while (poll(&event, 1, 0) > 0)
		must(kvpci_host_dispatch(vm->bridge, NULL));
}

/* Complete an access to a port. Return: whether it was the one to end with. */
static int port_access(struct machine *vm)
{
	struct kvm_run *run = vm->run;
	__u8 *data = (__u8 *)run + run->io.data_offset;

	if (run->io.direction == KVM_EXIT_IO_IN) {
		memset(data, run->io.port == PORT_SERIAL_STATUS ?
		       SERIAL_CAN_SEND : 0xff, run->io.size);
		return 0;
	}
	if (run->io.port == PORT_SERIAL)
		putchar(*data);
	if (run->io.port == TRIGGER_MANY_PORT && vm->trigger_many)
		vm->trigger_many(vm);
	if (run->io.port == DOORBELL_PORT && vm->add_doorbell)
		vm->add_doorbell(vm);
	if (run->io.port == SETTLE_PORT)
		settle(vm);
	return run->io.port == PORT_EXIT;
}

/* Run until the guest ends. Return: what it wrote to the port to end with */
int machine_run(struct machine *vm)
{
	struct kvpci_fault fault = { .times = 0 };
	struct kvm_run *run = vm->run;

	for (;; fault.times = 0) {
		while (ioctl(vm->vcpu, KVM_RUN, 0)) {
			if (errno != EFAULT || !vm->bridge || kvpci_host_fault(vm->bridge, &fault))
				die("can't run the processor: %m");
		}

		switch (run->exit_reason) {
		case KVM_EXIT_MMIO:
			break;
		case KVM_EXIT_IO:
			if (port_access(vm))
				return *((__u8 *)run + run->io.data_offset);
			break;
		default:
			die("the guest stopped with exit reason %u",
			    run->exit_reason);
		}
	}
}
