/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's processors: a thread for each. */
#ifndef VCPU_H
#define VCPU_H

#include <linux/types.h>
#include <pthread.h>
#include <stdatomic.h>

#include "affinity.h"
#include "boot.h"
#include "host.h"
#include "ports.h"
#include "stats.h"
#include "vm.h"

struct vcpu {
	struct vm *vm;
	struct host *host;
	const struct ports *ports;
	unsigned int index;		/* in order of creation; also the APIC ID */
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	atomic_int tid;			/* of the thread, 0: it does not run yet */
	atomic_bool in_guest;		/* in KVM_RUN, or about to be */
	struct stats stats;
};

/* Make @vcpu number @index of @cpus. They must be made in order. */
int vcpu_create(struct vcpu *vcpu, struct vm *vm, struct host *host, const struct ports *ports,
		unsigned int index, unsigned int cpus);
void vcpu_destroy(struct vcpu *vcpu);

/* Set the registers of the first processor as the boot protocol demands. */
int vcpu_set_entry(struct vcpu *vcpu, const struct boot_entry *entry);

/* Its thread, by which operators find it, has the name vcpuN. */
int vcpu_start(struct vcpu *vcpu, const struct affinity *affinity);

/* Bring it out of the guest, whether its thread has been started or not. From any thread. */
void vcpu_kick(struct vcpu *vcpu);

/* After it was kicked: wait until it is out of the guest. */
void vcpu_await_exit(struct vcpu *vcpu);

/* Wait until its thread has ended, after stop_request(). */
void vcpu_join(struct vcpu *vcpu);

#endif /* VCPU_H */
