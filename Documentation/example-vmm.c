// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A whole virtual machine monitor. Its guest finds a device, places its BAR, uses a register, one
 * that is completed here, and a doorbell, which is answered by an interrupt.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libkvpci.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* The guest: 32-bit, without paging. 0xb0008000 is 00:01.0 in the ECAM. Port 0x80 prints. */
asm(".pushsection .rodata; .code32; guest:;"
	"mov 0xb0008000, %eax; out %eax, $0x80;"		/* which device is it? */
	"movl $0xc0000000, 0xb0008010; movl $6, 0xb0008004;"	/* its BAR, decode, master */
	"movl $0x1234abcd, 0xc0000000; mov 0xc0000000, %eax; out %eax, $0x80;"	/* a register */
	"mov 0xc0000020, %eax; out %eax, $0x80;"		/* one that is completed */
	"movl $0xfee00000, 0xc0000800; movl $0x40, 0xc0000808; movl $0, 0xc000080c;" /* MSI-X */
	"movl $0x80000011, 0xb0008040; movl $0x1ff, 0xfee000f0;"	/* enabled, and the APIC */
	"movl $1, 0xc0000100; 1: mov 0xfee00220, %eax; test %eax, %eax; jz 1b;"	/* the doorbell */
	"out %eax, $0x80; out %al, $0xf4; guest_end: .code64; .popsection");	/* what has come? */
extern const char guest[], guest_end[];
/* The guest has ended, the doorbell was rung, the library has something to do. */
static struct pollfd fds[] = { { 0, POLLIN, 0 }, { 0, POLLIN, 0 }, { 0, POLLIN, 0 } };
static int vm, vcpu;
static struct kvm_run *run;
static struct kvpci_host *host;
static struct kvpci_function *function;

/* The library returns negative error numbers, system calls return -1. */
static int check(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, strerror(ret == -1 ? errno : -ret));
	return ret;
}

/* An access that nobody in the kernel has taken. Reads that are nobody's are all ones. */
static void complete(void)
{
	struct kvpci_exit what = { .size = sizeof(what) };
	int ret = kvpci_host_exit(host, 0, 0, run->mmio.phys_addr, &what);
	__u64 data = ret ? ~0ULL : what.user_data + what.offset;

	check(ret == -ENOENT ? 0 : ret, "an access");
	if (!run->mmio.is_write)
		memcpy(run->mmio.data, &data, sizeof(data));
}

static void *run_vcpu(void *arg)
{
	struct kvpci_fault fault = { .times = 0 };

	for (;; fault.times = 0) {
		while (ioctl(vcpu, KVM_RUN, 0)) {
			if (errno != EINTR && errno != EAGAIN)
				check(errno == EFAULT ? kvpci_host_fault(host, &fault) : -1,
				      "KVM_RUN");
		}
		if (run->exit_reason == KVM_EXIT_MMIO)
			complete();
		else if (run->exit_reason == KVM_EXIT_IO && run->io.port == 0x80)
			printf("%08x\n", *(__u32 *)((char *)run + run->io.data_offset));
		else
			break;
	}
	check(eventfd_write(fds[0].fd, 1), "the end");
	return arg;
}

static void create_machine(int kvm)
{
	static char memory[8192] __attribute__((aligned(4096)));
	const struct kvm_userspace_memory_region region = {
		.memory_size = sizeof(memory), .userspace_addr = (unsigned long)memory };
	struct kvm_segment flat = { .limit = -1, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1 };
	const struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };
	int length = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "/dev/kvm");
	struct kvm_sregs sregs;

	memcpy(memory + 0x1000, guest, guest_end - guest);
	vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "a virtual machine");
	check(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000) ?: ioctl(vm, KVM_CREATE_IRQCHIP, 0) ?:
		ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "its parts");
	vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "a vCPU");
	run = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	check(run == MAP_FAILED ? -1 : ioctl(vcpu, KVM_GET_SREGS, &sregs), "its registers");
	sregs.ds = flat;
	sregs.cs = flat;
	sregs.cs.type = 11;
	sregs.cr0 |= 1;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs) ?: ioctl(vcpu, KVM_SET_REGS, &regs), "its start");
}

static void create_pci(int device)
{
	const struct kvpci_host_config bridge = {
		.size = sizeof(bridge), .flags = KVPCI_HOST_ECAM | KVPCI_HOST_MIRROR, .vm_fd = vm,
		.ecam = 0xb0000000, .mem32 = { 0xc0000000, 0x10000000 }, .vendor = 0x1b36 };
	const struct kvpci_machine machine = { sizeof(machine), .first_slot = 1, .nr_slots = 8 };
	struct kvpci_msix msix = { sizeof(msix), 0, 1, .table_offset = 0x800, .pba_offset = 0xc00 };
	const struct kvpci_capability capability = {
		.flags = KVPCI_CAP_MSIX, .id = 0x11, .offset = 0x40,
		.length = sizeof(msix), .value = (unsigned long)&msix };
	const struct kvpci_function_config config = {
		.size = sizeof(config), .devfn = 1 << 3, .vendor = 0x1234, .device = 0x5678,
		.class_code = 0xff0000, .bars = { { .size = 4096 } }, .user_data = 0xc0de00,
		.capabilities = (unsigned long)&capability, .nr_capabilities = 1,
		.capability_size = sizeof(capability) };
	const struct kvpci_registers_config registers = {
		.size = sizeof(registers), .writable = (unsigned long)"\xff\xff\xff\xff" };
	const struct kvpci_doorbell bell = {
		.size = sizeof(bell), .offset = 0x100, .length = 4, .eventfd = fds[1].fd };

	check(kvpci_host_create(device, &bridge, &machine, &host), "the host bridge");
	check(kvpci_function_create(host, &config, NULL, &function), "the function");
	check(kvpci_function_add_range(function, 0, KVPCI_RANGE_REGISTERS, 0, 4, &registers), "0");
	check(kvpci_function_add_range(function, 0, KVPCI_RANGE_USERSPACE, 0x20, 4, NULL), "0x20");
	check(kvpci_function_add_doorbell(function, &bell), "the doorbell");
	check(kvpci_function_plug(function), "to plug it");
}

int main(void)
{
	eventfd_t count;
	pthread_t thread;

	fds[0].fd = check(eventfd(0, EFD_NONBLOCK), "an eventfd");
	fds[1].fd = check(eventfd(0, EFD_NONBLOCK), "an eventfd");
	create_machine(check(open("/dev/kvm", O_RDWR), "/dev/kvm"));
	create_pci(check(kvpci_device_open(NULL), KVPCI_DEVICE_PATH));
	fds[2].fd = kvpci_host_poll_fd(host);
	check(-pthread_create(&thread, NULL, run_vcpu, NULL), "a thread");
	while (eventfd_read(fds[0].fd, &count)) {
		check(poll(fds, 3, -1) < 0 && errno != EINTR ? -1 : 0, "poll");
		if (!eventfd_read(fds[1].fd, &count))
			check(kvpci_function_trigger(function, KVPCI_MSIX, 0), "an interrupt");
		check(kvpci_host_dispatch(host, NULL), "the event loop");
	}
	check(-pthread_join(thread, NULL), "to join it");
	kvpci_host_free(host);
	return 0;
}
