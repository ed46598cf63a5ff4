// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU that is held in KVM: it reads from a page of its memory that is not there, and that
 * it does not get (missing.c). So it waits inside kvm->srcu, as if in the middle of an access
 * to a device. What promises that no access is under way any more has to wait for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "die.h"
#include "guest.h"
#include "held.h"
#include "missing.h"
#include "wait.h"

/**
 * struct held - a vCPU that is held
 * @vcpu: the vCPU; NULL when it was let go
 * @missing: what it waits for
 * @removal: what has to wait for the vCPU
 * @arg: its argument
 * @thread: the kernel's number of the thread that runs @removal, or 0
 * @removed: @removal has returned
 */
struct held {
	struct vcpu *vcpu;
	struct missing missing;
	held_fn *removal;
	void *arg;
	int thread;
	bool removed;
};

/**
 * held_new() - have a vCPU wait in KVM
 * @vcpu: the vCPU, which does nothing yet
 * @addr: a page of guest memory, which is zero afterwards
 */
struct held *held_new(struct vcpu *vcpu, __u64 addr)
{
	struct held *held = calloc(1, sizeof(*held));

	if (!held)
		die("out of memory");
	held->vcpu = vcpu;
	missing_begin(&held->missing, vm_ram(vcpu->vm, addr));

	guest_begin(vcpu);
	add_load(vcpu, addr, 8);
	guest_start(vcpu, 1);
	if (!eventually(missing_is_wanted(&held->missing)))
		die("the vCPU does not come to its missing page");
	return held;
}

static void let_go(struct held *held)
{
	if (!held->vcpu)
		return;
	missing_fill(&held->missing, 0);
	guest_wait(held->vcpu);
	held->vcpu = NULL;
}

void held_free(struct held *held)
{
	let_go(held);
	missing_end(&held->missing);
	free(held);
}

static void *run_removal(void *arg)
{
	struct held *held = arg;

	__atomic_store_n(&held->thread, syscall(SYS_gettid), __ATOMIC_RELEASE);
	held->removal(held->arg);
	__atomic_store_n(&held->removed, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_removed(const struct held *held)
{
	return __atomic_load_n(&held->removed, __ATOMIC_ACQUIRE);
}

/* Does the thread wait for readers of an SRCU? */
static bool waits_for_readers(const struct held *held)
{
	int thread = __atomic_load_n(&held->thread, __ATOMIC_ACQUIRE);
	char path[64], where[64] = "";
	FILE *file;

	if (!thread)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/wchan", thread);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(where, sizeof(where), file))
		where[0] = '\0';
	fclose(file);
	return strstr(where, "srcu");
}

/**
 * held_keeps_back() - does a removal wait for the vCPU?
 * @held: the vCPU, which is let go when that is known
 * @removal: what is to wait
 * @arg: its argument
 *
 * Return: true if it did. It is through in any case.
 */
bool held_keeps_back(struct held *held, held_fn *removal, void *arg)
{
	pthread_t thread;
	bool waits;

	held->removal = removal;
	held->arg = arg;
	if (pthread_create(&thread, NULL, run_removal, held))
		die("can't start a thread");
	if (!eventually(is_removed(held) || waits_for_readers(held)))
		die("the removal neither waits for readers nor returns");
	waits = !is_removed(held);
	let_go(held);
	pthread_join(thread, NULL);
	return waits;
}
