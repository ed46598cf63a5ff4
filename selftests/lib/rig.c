// SPDX-License-Identifier: GPL-2.0
/*
 * A machine with vCPUs that take interrupts.
 *
 * The first vCPU accesses registers and takes no interrupts. The others are halted until
 * one comes, which they count (agent.c). Tests ask what has come since they last asked:
 * take() waits for what has to come, and strays() is what nobody has asked for.
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "die.h"
#include "guest.h"
#include "message.h"
#include "rig.h"
#include "wait.h"

#define QUIET_US	5000		/* for what must not come */
#define ALWAYS_MORE	1000		/* interrupts before the one that comes last */
#define VECTOR_WAKE	0xfe		/* for a vCPU to see that it is to stop */
#define VECTOR_LAST	0x20		/* with the lowest priority of all */

/**
 * rig_new() - make a machine that takes interrupts
 * @nr_vcpus: how many vCPUs it has
 * @flags: VM_*, besides VM_INTERRUPTS
 *
 * None of them runs until rig_listen().
 */
struct rig *rig_new(int nr_vcpus, unsigned int flags)
{
	const struct rlimit limit = { 8192, 8192 };
	struct rig *rig = calloc(1, sizeof(*rig));

	if (!rig)
		die("out of memory");
	/* Where irqfds deliver messages, each vector takes an eventfd. */
	must(setrlimit(RLIMIT_NOFILE, &limit));
	rig->vm = vm_new_with(nr_vcpus, VM_INTERRUPTS | flags);
	rig->host = host_new(rig->vm);
	return rig;
}

void rig_free(struct rig *rig)
{
	host_free(rig->host);
	vm_free(rig->vm);
	free(rig);
}

/* Let all vCPUs but the first wait for interrupts. */
void rig_listen(struct rig *rig)
{
	int i;

	for (i = 1; i < rig->vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &rig->vm->vcpus[i];

		guest_begin(vcpu);
		/* Until told to stop: this word is nobody's, and always 0. */
		guest_add(vcpu, (struct agent_op) {
			.kind = OP_IDLE, .addr = RAM_BASE + RAM_SIZE - 8, .value = 1 });
		guest_start(vcpu, 1);
	}
	rig->listening = true;
}

/* Stop them. */
void rig_deafen(struct rig *rig)
{
	int i;

	rig->listening = false;
	for (i = 1; i < rig->vm->nr_vcpus; i++)
		guest_stop(&rig->vm->vcpus[i]);
	for (i = 1; i < rig->vm->nr_vcpus; i++) {
		must(signal_msi(rig->vm->fd, MSI_TO(i), VECTOR_WAKE));
		guest_wait(&rig->vm->vcpus[i]);
		rig->known[i][VECTOR_WAKE] = rig_handled(rig, i, VECTOR_WAKE);
	}
}

/* How many interrupts of a vector has a vCPU handled? */
__u64 rig_handled(struct rig *rig, int vcpu, __u8 vector)
{
	return __atomic_load_n(&rig->vm->vcpus[vcpu].interrupts->count[vector],
			       __ATOMIC_SEQ_CST);
}

/* Of all vectors. */
static __u64 handled_all(struct rig *rig, int vcpu)
{
	__u64 sum = 0;
	int vector;

	for (vector = 0; vector < NR_VECTORS; vector++)
		sum += rig_handled(rig, vcpu, vector);
	return sum;
}

/**
 * rig_flush() - let the vCPUs that listen handle all that has arrived
 * @rig: the machine
 *
 * After it comes an interrupt of ours, whose priority is the lowest, unless there is always
 * more.
 */
void rig_flush(struct rig *rig)
{
	int i;

	for (i = 1; i < rig->vm->nr_vcpus && rig->listening; i++) {
		__u64 last = rig_handled(rig, i, VECTOR_LAST), all = handled_all(rig, i);

		must(signal_msi(rig->vm->fd, MSI_TO(i), VECTOR_LAST));
		eventually(rig_handled(rig, i, VECTOR_LAST) != last ||
			   handled_all(rig, i) > all + ALWAYS_MORE);
	}
}

/**
 * take() - how many interrupts have come?
 * @rig: the machine
 * @vcpu: to which vCPU
 * @vector: with which vector
 * @wanted: how many to wait for
 *
 * Return: how many that nobody has asked for
 */
__u64 take(struct rig *rig, int vcpu, __u8 vector, __u64 wanted)
{
	__u64 *known = &rig->known[vcpu][vector], came;

	eventually(rig_handled(rig, vcpu, vector) - *known >= wanted);
	/* Is that all? */
	usleep(QUIET_US);
	rig_flush(rig);
	came = rig_handled(rig, vcpu, vector) - *known;
	*known += came;
	return came;
}

/**
 * take_rest() - how many interrupts are still on their way?
 * @rig: the machine
 * @vcpu: to which vCPU
 * @vector: with which vector
 *
 * For what may take a while, from KVM to the function and back by work items.
 *
 * Return: how many came before there was quiet, that is, none for a while
 */
__u64 take_rest(struct rig *rig, int vcpu, __u8 vector)
{
	const time_t end = time(NULL) + patience();
	__u64 rest = 0, came;
	int quiet = 0;

	while (quiet < 4 && time(NULL) < end) {
		usleep(20000);
		came = take(rig, vcpu, vector, 0);
		rest += came;
		quiet = came ? 0 : quiet + 1;
	}
	return rest;
}

/* How many that nobody has asked for, of any vCPU and vector, in a while? */
__u64 strays(struct rig *rig)
{
	__u64 came = 0;
	int i, vector;

	usleep(QUIET_US);
	rig_flush(rig);
	for (i = 0; i < rig->vm->nr_vcpus; i++)
		for (vector = 0; vector < NR_VECTORS; vector++) {
			__u64 new = rig_handled(rig, i, vector) - rig->known[i][vector];

			rig->known[i][vector] += new;
			if (vector != VECTOR_LAST)
				came += new;
		}
	return came;
}
