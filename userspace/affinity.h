/* SPDX-License-Identifier: GPL-2.0 */
/* Which CPUs of the host the guest's processors may run on. */
#ifndef AFFINITY_H
#define AFFINITY_H

#include <pthread.h>
#include <sched.h>
#include <stddef.h>

/* As many as Linux has on x86. */
#define AFFINITY_MAX_CPUS	8192

/* A set of CPUs, for the macros of sched.h that take a size. */
struct cpus {
	cpu_set_t sets[AFFINITY_MAX_CPUS / CPU_SETSIZE];
};

/* CPUs for one of the guest's processors. */
struct pin {
	unsigned int vcpu;
	struct cpus cpus;
};

/* Those that are not among @pins may run wherever the launcher may. */
struct affinity {
	struct pin *pins;
	size_t nr_pins;
};

/* Add what @text says, VCPU=CPUS[,...], as --cpu-affinity has it. */
int affinity_parse(struct affinity *affinity, const char *text);
void affinity_free(struct affinity *affinity);

/* Has the guest, of @cpus processors, all that are named? */
int affinity_check_vcpus(const struct affinity *affinity, unsigned int cpus);

/* Has the host all CPUs that are named, and may we use them? */
int affinity_check_cpus(const struct affinity *affinity);

/* Have a thread that is made with @attributes be this processor's. An errno if not. */
int affinity_apply(const struct affinity *affinity, unsigned int vcpu, pthread_attr_t *attributes);

#endif /* AFFINITY_H */
