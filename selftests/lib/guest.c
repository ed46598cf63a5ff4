// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest does: lists of accesses for its vCPUs, which run until they are through with
 * them, and what becomes of accesses that come to userspace.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libkvpci.h>

#include "die.h"
#include "guest.h"
#include "wait.h"

__u64 exit_is_noted(struct vcpu *vcpu, const struct guest_exit *exit)
{
	if (vcpu->nr_exits < MAX_EXITS)
		vcpu->exits[vcpu->nr_exits] = *exit;
	vcpu->nr_exits++;
	return EXIT_ANSWER;
}

static void complete_exit(struct vcpu *vcpu, const struct guest_exit *exit, void *data)
{
	__u64 value;
	__u32 i;

	if (!vcpu->on_exit)
		die("vCPU %d: a %s of %u bytes at %s %#llx came to userspace",
		    vcpu->index, exit->write ? "write" : "read", exit->size,
		    exit->io ? "port" : "address", exit->addr);

	value = vcpu->on_exit(vcpu, exit);
	if (!exit->write)
		for (i = 0; i < exit->count; i++)
			memcpy(data + i * exit->size, &value, exit->size);
}

static void complete_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct guest_exit exit = {
		.write = run->mmio.is_write,
		.size = run->mmio.len,
		.count = 1,
		.addr = run->mmio.phys_addr,
	};

	if (exit.write)
		memcpy(&exit.data, run->mmio.data, exit.size);
	complete_exit(vcpu, &exit, run->mmio.data);
}

static void complete_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	void *data = (void *)run + run->io.data_offset;
	struct guest_exit exit = {
		.io = true,
		.write = run->io.direction == KVM_EXIT_IO_OUT,
		.size = run->io.size,
		.count = run->io.count,
		.addr = run->io.port,
	};

	if (exit.write)
		memcpy(&exit.data, data, exit.size);
	complete_exit(vcpu, &exit, data);
}

/*
 * QEMU's emulation of AMD's virtualization has been seen to save the host's registers over
 * the guest's, which then faults for ever. That is no fault of what is tested, and said
 * so in the kernel log, where scripts/check finds it: no agent is up there.
 */
static void check_emulator(struct vcpu *vcpu)
{
	struct kvm_regs regs;
	FILE *log;

	if (ioctl(vcpu->fd, KVM_GET_REGS, &regs) || !(regs.rip >> 47))
		return;
	log = fopen("/dev/kmsg", "we");
	if (log) {
		fprintf(log, "the emulator has saved the host's registers over the guest's\n");
		fclose(log);
	}
	die("vCPU %d: at %#llx, which is the host's", vcpu->index, regs.rip);
}

static void run_vcpu(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct kvpci_fault fault = { .times = 0 };
	__u64 done = 0;

	for (;; fault.times = 0) {
		while (ioctl(vcpu->fd, KVM_RUN, 0)) {
			if (errno == EINTR)
				check_emulator(vcpu);
			if (errno == EINTR || errno == EAGAIN)
				continue;
			/* A guest need not exit otherwise, however much it does. */
			if (vcpu->list->done != done)
				fault.times = 0;
			done = vcpu->list->done;
			/* A mirror has moved away under the guest. */
			if (errno != EFAULT || !vcpu->vm->mirrored ||
			    kvpci_host_fault(vcpu->vm->mirrored, &fault))
				die("vCPU %d: KVM_RUN: %m", vcpu->index);
		}

		switch (run->exit_reason) {
		case KVM_EXIT_HLT:
			return;
		case KVM_EXIT_MMIO:
			complete_mmio(vcpu);
			break;
		case KVM_EXIT_IO:
			if (run->io.port == vcpu->list->end_port)
				return;
			complete_io(vcpu);
			break;
		case KVM_EXIT_INTERNAL_ERROR:
			die("vCPU %d: KVM's internal error %u", vcpu->index,
			    run->internal.suberror);
		case KVM_EXIT_SHUTDOWN:
			die("vCPU %d: exception in the guest", vcpu->index);
		default:
			die("vCPU %d: exit reason %u", vcpu->index,
			    run->exit_reason);
		}
	}
}

static void *run_until_halt(void *arg)
{
	struct vcpu *vcpu = arg;

	__atomic_store_n(&vcpu->running, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	run_vcpu(vcpu);
	__atomic_store_n(&vcpu->running, 0, __ATOMIC_SEQ_CST);
	return NULL;
}

/**
 * guest_begin() - start a new list of ops
 * @vcpu: which is to do them
 */
void guest_begin(struct vcpu *vcpu)
{
	memset(vcpu->list, 0, sizeof(*vcpu->list));
	vcpu->list->ops = RAM_BASE + ((void *)vcpu->ops - vcpu->vm->ram);
	if (vcpu->vm->flags & VM_INTERRUPTS)
		vcpu->list->end_port = AGENT_END_PORT;
}

/**
 * guest_add() - add an op to the list
 * @vcpu: which is to do it
 * @op: the op
 *
 * Return: the op in guest memory, to read its result or to change it
 */
struct agent_op *guest_add(struct vcpu *vcpu, struct agent_op op)
{
	if (vcpu->list->nr == MAX_OPS)
		die("too many ops");
	vcpu->ops[vcpu->list->nr] = op;
	return &vcpu->ops[vcpu->list->nr++];
}

/**
 * guest_prepare() - point a vCPU at the start of its list, for a test that runs it itself
 * @vcpu: the vCPU
 * @loops: how many times it is to do the list
 */
void guest_prepare(struct vcpu *vcpu, __u64 loops)
{
	vcpu->list->loops = loops;
	vcpu->list->stop = 0;
	vcpu->list->done = 0;
	vcpu->list->wrong = 0;
	vcpu_reset(vcpu);
}

/**
 * guest_start() - let a vCPU do its list on a thread of its own
 * @vcpu: the vCPU
 * @loops: how many times
 */
void guest_start(struct vcpu *vcpu, __u64 loops)
{
	int err;

	guest_prepare(vcpu, loops);
	err = pthread_create(&vcpu->thread, NULL, run_until_halt, vcpu);
	if (err)
		die("no thread: %s", strerror(err));
}

/**
 * guest_begun() - wait until a vCPU has been through its list once
 * @vcpu: the vCPU, which has been started
 *
 * What another one does from then on meets it in the middle of its work.
 */
void guest_begun(struct vcpu *vcpu)
{
	if (!eventually(__atomic_load_n(&vcpu->list->done, __ATOMIC_SEQ_CST)))
		die("vCPU %d does not come to the end of its list", vcpu->index);
}

/**
 * guest_stop() - have a vCPU end after the loop that it is in
 * @vcpu: the vCPU
 */
void guest_stop(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->list->stop, 1, __ATOMIC_SEQ_CST);
}

static void check_expectations(const struct vcpu *vcpu)
{
	const struct agent_list *list = vcpu->list;
	const struct agent_op *op = &vcpu->ops[list->wrong_op];

	if (list->wrong)
		die("vCPU %d: %llu wrong reads; the first: op %llu in loop %llu, %u bytes at %#llx: %#llx, not %#llx",
		    vcpu->index, list->wrong, list->wrong_op, list->wrong_loop,
		    op->size, op->addr, list->wrong_result,
		    op->value - op->step * (list->done - list->wrong_loop));
}

/**
 * guest_wait() - wait until a vCPU is through with its list
 * @vcpu: the vCPU
 *
 * Dies if it did not read what it was to expect.
 */
void guest_wait(struct vcpu *vcpu)
{
	int err = pthread_join(vcpu->thread, NULL);

	if (err)
		die("pthread_join: %s", strerror(err));
	check_expectations(vcpu);
}

/**
 * guest_run() - let a vCPU do its list and wait until it is through
 * @vcpu: the vCPU
 * @loops: how many times
 *
 * Dies if it did not read what it was to expect.
 */
void guest_run(struct vcpu *vcpu, __u64 loops)
{
	guest_prepare(vcpu, loops);
	run_until_halt(vcpu);
	check_expectations(vcpu);
}

/* Have vCPU 0 make one access. Returns what it has read. */
static __u64 run_one(struct vm *vm, struct agent_op op)
{
	struct vcpu *vcpu = &vm->vcpus[0];
	struct agent_op *added;

	guest_begin(vcpu);
	added = guest_add(vcpu, op);
	guest_run(vcpu, 1);
	return added->result;
}

__u32 guest_in(struct vm *vm, __u16 port, __u8 size)
{
	return run_one(vm, (struct agent_op) { .kind = OP_IN, .addr = port, .size = size });
}

void guest_out(struct vm *vm, __u16 port, __u8 size, __u32 value)
{
	run_one(vm, (struct agent_op) {
		.kind = OP_OUT, .addr = port, .size = size, .value = value });
}

__u64 guest_load(struct vm *vm, __u64 addr, __u8 size)
{
	return run_one(vm, (struct agent_op) { .kind = OP_LOAD, .addr = addr, .size = size });
}

void guest_store(struct vm *vm, __u64 addr, __u8 size, __u64 value)
{
	run_one(vm, (struct agent_op) {
		.kind = OP_STORE, .addr = addr, .size = size, .value = value });
}
