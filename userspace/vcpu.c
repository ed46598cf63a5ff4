// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's processors: a thread for each, which runs the guest and serves what
 * comes out of it.
 *
 * All but the first wait in KVM until the guest's INIT and SIPI messages reach them.
 *
 * An access that no device has taken in the kernel is looked for among our own ports,
 * then among the userspace regions of PCI functions. If nobody has it, reads are all
 * ones and writes are dropped, as on a bus where nobody answers.
 *
 * When the guest has ended, no thread goes back into it, and what other processors have
 * come out for is not served.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpuid.h"
#include "layout.h"
#include "report.h"
#include "stop.h"
#include "vcpu.h"

#define KICK_SIGNAL		SIGUSR1

#define CR0_PE			(1ULL << 0)
#define CR0_ET			(1ULL << 4)
#define CR0_PG			(1ULL << 31)
#define CR4_PAE			(1ULL << 5)
#define EFER_LME		(1ULL << 8)
#define EFER_LMA		(1ULL << 10)

#define RFLAGS_FIXED		(1ULL << 1)

#define PAGE_PRESENT		(1ULL << 0)
#define PAGE_WRITABLE		(1ULL << 1)
#define PAGE_LARGE		(1ULL << 7)

/* The selectors that Linux's boot protocol asks for; the others ask for none. */
#define SELECTOR_CODE		0x10
#define SELECTOR_DATA		0x18

#define GDT_ENTRIES		4
#define GDT_CODE32		0x00cf9b000000ffffULL
#define GDT_CODE64		0x00af9b000000ffffULL
#define GDT_DATA		0x00cf93000000ffffULL

#define MSR_MISC_ENABLE		0x1a0
#define MISC_ENABLE_FAST_STRING	(1ULL << 0)
#define MSR_MTRR_DEFAULT_TYPE	0x2ff
#define MTRR_ENABLE		(1ULL << 11)
#define MTRR_WRITE_BACK		6ULL

/* A firmware leaves memory cacheable, and fast string operations enabled. */
static int set_msrs(struct vcpu *vcpu)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entries[2];
	} msrs = {
		.head.nmsrs = 2,
		.entries = {
			{ .index = MSR_MISC_ENABLE, .data = MISC_ENABLE_FAST_STRING },
			{ .index = MSR_MTRR_DEFAULT_TYPE, .data = MTRR_ENABLE | MTRR_WRITE_BACK },
		},
	};

	if (ioctl(vcpu->fd, KVM_SET_MSRS, &msrs) != 2)
		return fail("KVM does not take the processor's MSRs: %s", strerror(errno));
	return STATUS_OK;
}

static int set_cpuid(struct vcpu *vcpu, unsigned int cpus)
{
	struct kvm_cpuid2 *cpuid = vcpu->vm->cpuid;

	/* Every field that it sets is set for each processor, so one copy is enough. */
	cpuid_complete(cpuid, vcpu->index, cpus);
	if (ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid))
		return fail("KVM does not take the processor's CPUID: %s", strerror(errno));
	return STATUS_OK;
}

static int create(struct vcpu *vcpu, unsigned int cpus)
{
	struct vm *vm = vcpu->vm;
	int status;

	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, vcpu->index);
	if (vcpu->fd < 0)
		return fail("KVM does not create processor %u: %s", vcpu->index, strerror(errno));
	vcpu->run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		return fail("cannot map a processor's shared page: %s", strerror(errno));
	}
	status = set_cpuid(vcpu, cpus);
	if (!status)
		status = set_msrs(vcpu);
	return status;
}

int vcpu_create(struct vcpu *vcpu, struct vm *vm, struct host *host, const struct ports *ports,
		unsigned int index, unsigned int cpus)
{
	int status;

	*vcpu = (struct vcpu){
		.vm = vm, .host = host, .ports = ports, .index = index, .fd = -1,
	};
	status = create(vcpu, cpus);
	if (status)
		vcpu_destroy(vcpu);
	return status;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->vm->run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	vcpu->run = NULL;
	vcpu->fd = -1;
}

/* Four page directories that map 4 GiB to itself, in 2 MiB pages. */
static bool create_page_tables(const struct guest_memory *memory)
{
	__u64 *tables = memory_at(memory, BOOT_PAGE_TABLES, 6 * KIB(4));
	__u64 i;

	if (!tables)
		return false;
	memset(tables, 0, 2 * KIB(4));
	tables[0] = (BOOT_PAGE_TABLES + KIB(4)) | PAGE_PRESENT | PAGE_WRITABLE;
	for (i = 0; i < 4; i++)
		tables[512 + i] = (BOOT_PAGE_TABLES + (2 + i) * KIB(4)) |
				  PAGE_PRESENT | PAGE_WRITABLE;
	for (i = 0; i < 4 * 512ULL; i++)
		tables[1024 + i] = i * MIB(2) | PAGE_PRESENT | PAGE_WRITABLE | PAGE_LARGE;
	return true;
}

static bool create_gdt(const struct guest_memory *memory, bool long_mode)
{
	__u64 *gdt = memory_at(memory, BOOT_GDT, GDT_ENTRIES * sizeof(*gdt));

	if (!gdt)
		return false;
	gdt[0] = 0;
	gdt[1] = 0;
	gdt[SELECTOR_CODE / sizeof(*gdt)] = long_mode ? GDT_CODE64 : GDT_CODE32;
	gdt[SELECTOR_DATA / sizeof(*gdt)] = GDT_DATA;
	return true;
}

static void set_segments(struct kvm_sregs *sregs, bool long_mode)
{
	struct kvm_segment code = {
		.limit = 0xffffffff, .selector = SELECTOR_CODE, .type = 11, .present = 1,
		.s = 1, .g = 1, .db = !long_mode, .l = long_mode,
	};
	struct kvm_segment data = {
		.limit = 0xffffffff, .selector = SELECTOR_DATA, .type = 3, .present = 1,
		.s = 1, .g = 1, .db = 1,
	};

	sregs->cs = code;
	sregs->ds = data;
	sregs->es = data;
	sregs->fs = data;
	sregs->gs = data;
	sregs->ss = data;
	sregs->gdt.base = BOOT_GDT;
	sregs->gdt.limit = GDT_ENTRIES * sizeof(__u64) - 1;
}

int vcpu_set_entry(struct vcpu *vcpu, const struct boot_entry *entry)
{
	const struct guest_memory *memory = vcpu->vm->memory;
	struct kvm_regs regs = {
		.rip = entry->rip, .rax = entry->rax, .rbx = entry->rbx, .rsi = entry->rsi,
		.rflags = RFLAGS_FIXED,
	};
	struct kvm_sregs sregs;

	if (!create_gdt(memory, entry->long_mode) ||
	    (entry->long_mode && !create_page_tables(memory)))
		return fail("the guest has no memory for its first page tables");
	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		return fail("KVM does not tell the processor's registers: %s", strerror(errno));
	set_segments(&sregs, entry->long_mode);
	sregs.cr0 = CR0_PE | CR0_ET;
	sregs.cr3 = 0;
	sregs.cr4 = 0;
	sregs.efer = 0;
	if (entry->long_mode) {
		sregs.cr0 |= CR0_PG;
		sregs.cr3 = BOOT_PAGE_TABLES;
		sregs.cr4 = CR4_PAE;
		sregs.efer = EFER_LME | EFER_LMA;
	}
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) || ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		return fail("KVM does not take the processor's registers: %s", strerror(errno));
	return STATUS_OK;
}

/* Is this access one that the PCI host bridge's ports or windows should have served? */
static bool is_pci_port(__u16 port, unsigned int size)
{
	if (port >= PORT_PCI_CONFIG && port < PORT_PCI_CONFIG + PORT_PCI_CONFIG_SIZE)
		return port != PORT_RESET || size != 1;
	return port >= PCI_IO_BASE;
}

static __u32 port_read(struct vcpu *vcpu, __u16 port, unsigned int size)
{
	__u32 value = ~0U;
	__u64 data;

	if (ports_read(vcpu->ports, port, size, &value))
		return value;
	if (is_pci_port(port, size))
		vcpu->stats.pci_exits++;
	if (host_read(vcpu->host, vcpu->index, KVPCI_EXIT_IO, port, size, &data)) {
		vcpu->stats.region_exits++;
		value = data;
	}
	return value;
}

static void port_write(struct vcpu *vcpu, __u16 port, unsigned int size, __u32 value)
{
	if (ports_write(vcpu->ports, port, size, value))
		return;
	if (is_pci_port(port, size))
		vcpu->stats.pci_exits++;
	if (host_write(vcpu->host, vcpu->index, KVPCI_EXIT_IO, port, size, value))
		vcpu->stats.region_exits++;
}

/* String instructions give several values, all for the same port. One may end the guest. */
static void handle_io(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	__u8 *data = (__u8 *)run + run->io.data_offset;
	__u32 i;

	for (i = 0; i < run->io.count && !stop_requested(); i++, data += run->io.size) {
		__u32 value = 0;

		if (run->io.direction == KVM_EXIT_IO_IN) {
			value = port_read(vcpu, run->io.port, run->io.size);
			memcpy(data, &value, run->io.size);
		} else {
			memcpy(&value, data, run->io.size);
			port_write(vcpu, run->io.port, run->io.size, value);
		}
	}
}

static void handle_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	__u64 address = run->mmio.phys_addr;
	__u64 data = 0;
	bool served;

	if (host_owns_memory(vcpu->host, address))
		vcpu->stats.pci_exits++;
	if (run->mmio.is_write) {
		memcpy(&data, run->mmio.data, sizeof(data));
		served = host_write(vcpu->host, vcpu->index, 0, address, run->mmio.len, data);
	} else {
		data = ~0ULL;
		served = host_read(vcpu->host, vcpu->index, 0, address, run->mmio.len, &data);
		memcpy(run->mmio.data, &data, sizeof(data));
	}
	if (served)
		vcpu->stats.region_exits++;
}

static int handle_internal_error(const struct kvm_run *run)
{
	if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
		return fail("KVM cannot emulate an instruction of the guest, look for a kernel bug or a wrong jump in it");
	return fail("KVM stopped with internal error %u, look for its reason in the host's kernel log",
		    run->internal.suberror);
}

/* Serve what KVM_RUN came back for. Anything but STATUS_OK ends the guest, as requests do. */
static int handle_exit(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;

	stats_count(&vcpu->stats, run->exit_reason);
	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		handle_io(vcpu);
		return STATUS_OK;
	case KVM_EXIT_MMIO:
		handle_mmio(vcpu);
		return STATUS_OK;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return STATUS_OK;
	case KVM_EXIT_SHUTDOWN:
		return fail("the guest had a triple fault on processor %u: its kernel crashed before it could say why",
			    vcpu->index);
	case KVM_EXIT_INTERNAL_ERROR:
		return handle_internal_error(run);
	case KVM_EXIT_FAIL_ENTRY:
		return fail("the host's processor refused to run the guest (reason %#llx), look at the host's kernel log",
			    run->fail_entry.hardware_entry_failure_reason);
	default:
		return fail("KVM stopped for a reason that is not known here (%u)",
			    run->exit_reason);
	}
}

static void *run(void *argument)
{
	struct vcpu *vcpu = argument;
	struct kvpci_fault fault = { .times = 0 };
	int status = STATUS_OK;
	char name[16];

	snprintf(name, sizeof(name), "vcpu%u", vcpu->index);
	pthread_setname_np(pthread_self(), name);
	/* Whoever ends the guest sees it, or we see that the guest has ended. */
	atomic_store(&vcpu->tid, gettid());
	while (!status && !stop_requested()) {
		int error;

		/* In this order: either this is seen there, or the other here. */
		atomic_store(&vcpu->in_guest, true);
		error = !stop_requested() && ioctl(vcpu->fd, KVM_RUN, 0) ? errno : 0;
		atomic_store(&vcpu->in_guest, false);
		if (stop_requested())
			break;
		if (!error) {
			status = handle_exit(vcpu);
			fault.times = 0;
		} else if (error == EFAULT) {
			/* Memory that is not there: a mirror has moved away. */
			status = host_fault(vcpu->host, vcpu->index, &fault);
		} else if (error != EINTR && error != EAGAIN) {
			status = fail("KVM does not run processor %u: %s", vcpu->index,
				      strerror(error));
		}
	}
	if (status)
		stop_request(status);
	return NULL;
}

static void kicked(int signal)
{
	(void)signal;
}

static int create_thread(struct vcpu *vcpu, const struct affinity *affinity)
{
	pthread_attr_t attributes;
	int error;

	error = pthread_attr_init(&attributes);
	if (error)
		return error;
	error = affinity_apply(affinity, vcpu->index, &attributes);
	if (!error)
		error = pthread_create(&vcpu->thread, &attributes, run, vcpu);
	pthread_attr_destroy(&attributes);
	return error;
}

int vcpu_start(struct vcpu *vcpu, const struct affinity *affinity)
{
	struct sigaction action = { .sa_handler = kicked };
	int error;

	sigaction(KICK_SIGNAL, &action, NULL);
	error = create_thread(vcpu, affinity);
	if (error)
		return fail("cannot create a thread for processor %u: %s", vcpu->index,
			    strerror(error));
	return STATUS_OK;
}

void vcpu_kick(struct vcpu *vcpu)
{
	pid_t tid = atomic_load(&vcpu->tid);

	/* In case the signal comes before the thread enters KVM. */
	vcpu->run->immediate_exit = 1;
	if (tid)
		tgkill(getpid(), tid, KICK_SIGNAL);
}

void vcpu_await_exit(struct vcpu *vcpu)
{
	while (atomic_load(&vcpu->in_guest))
		sched_yield();
}

void vcpu_join(struct vcpu *vcpu)
{
	pthread_join(vcpu->thread, NULL);
}
