// SPDX-License-Identifier: GPL-2.0
/*
 * Which CPUs of the host the guest's processors may run on.
 *
 * A thread may be pinned to CPUs that the launcher itself does not run on, such as those that the
 * host's scheduler leaves alone (isolcpus=), but to none that the control group has not. Of a set
 * with some that there are and some that there are not, the kernel takes the former and says
 * nothing. So each set is tried before there is a guest, by a thread that is there for no other
 * reason: what it is pinned to does not become the launcher's.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "affinity.h"
#include "parse.h"
#include "report.h"

static bool has_cpu(const struct cpus *cpus, unsigned int cpu)
{
	return CPU_ISSET_S(cpu, sizeof(*cpus), cpus->sets);
}

/* "2" or "2-5". */
static bool parse_range(struct cpus *cpus, char *text)
{
	char *end = strchr(text, '-');
	__u64 first, last, cpu;

	if (end)
		*end++ = '\0';
	if (!parse_number(text, &first) || !parse_number(end ? end : text, &last) ||
	    first > last || last >= AFFINITY_MAX_CPUS)
		return false;
	for (cpu = first; cpu <= last; cpu++)
		CPU_SET_S(cpu, sizeof(*cpus), cpus->sets);
	return true;
}

static struct pin *find_pin(const struct affinity *affinity, unsigned int vcpu)
{
	size_t i;

	for (i = 0; i < affinity->nr_pins; i++) {
		if (affinity->pins[i].vcpu == vcpu)
			return &affinity->pins[i];
	}
	return NULL;
}

/* Begin with a processor, which has no CPU yet. */
static int add_pin(struct affinity *affinity, const char *text)
{
	struct pin *grown;
	__u64 vcpu;

	if (!parse_number(text, &vcpu) || (unsigned int)vcpu != vcpu)
		return misuse("--cpu-affinity: %s is not the number of a processor of the guest",
			      text);
	if (find_pin(affinity, vcpu))
		return misuse("--cpu-affinity: processor %llu is there twice, write all of its CPUs behind one =",
			      vcpu);
	grown = reallocarray(affinity->pins, affinity->nr_pins + 1, sizeof(*grown));
	if (!grown)
		return fail("not enough memory for --cpu-affinity");
	affinity->pins = grown;
	grown[affinity->nr_pins++] = (struct pin){ .vcpu = vcpu };
	return STATUS_OK;
}

/* An item is VCPU=CPUS, or more CPUs for the processor of the item before. */
static int parse_item(struct affinity *affinity, char *item, bool *begun)
{
	char *cpus = strchr(item, '=');
	int status;

	if (cpus) {
		*cpus++ = '\0';
		status = add_pin(affinity, item);
		if (status)
			return status;
		*begun = true;
	} else if (*begun) {
		cpus = item;
	} else {
		return misuse("--cpu-affinity %s is not VCPU=CPUS, as 0=2-3", item);
	}
	if (parse_range(&affinity->pins[affinity->nr_pins - 1].cpus, cpus))
		return STATUS_OK;
	return misuse("--cpu-affinity: processor %u has what is no CPU and no range of CPUs, write them as 2 or 2-3",
		      affinity->pins[affinity->nr_pins - 1].vcpu);
}

int affinity_parse(struct affinity *affinity, const char *text)
{
	char *copy = strdup(text);
	bool begun = false;
	char *rest = copy;
	int status = STATUS_OK;
	char *item;

	if (!copy)
		return fail("not enough memory for --cpu-affinity");
	while (!status && (item = strsep(&rest, ",")))
		status = parse_item(affinity, item, &begun);
	free(copy);
	return status;
}

void affinity_free(struct affinity *affinity)
{
	free(affinity->pins);
	*affinity = (struct affinity){ 0 };
}

int affinity_check_vcpus(const struct affinity *affinity, unsigned int cpus)
{
	size_t i;

	for (i = 0; i < affinity->nr_pins; i++) {
		if (affinity->pins[i].vcpu >= cpus)
			return misuse("--cpu-affinity: the guest has no processor %u, they are 0 to %u, see --cpus",
				      affinity->pins[i].vcpu, cpus - 1);
	}
	return STATUS_OK;
}

/* What affinity_check_cpus() has found: the first CPU that a processor can't have. */
struct trial {
	const struct affinity *affinity;
	const struct pin *refused;
	unsigned int cpu;
};

static bool try_pin(struct trial *trial, const struct pin *pin)
{
	struct cpus got = { 0 };

	if (!sched_setaffinity(0, sizeof(pin->cpus), pin->cpus.sets))
		sched_getaffinity(0, sizeof(got), got.sets);
	for (trial->cpu = 0; trial->cpu < AFFINITY_MAX_CPUS; trial->cpu++) {
		if (has_cpu(&pin->cpus, trial->cpu) && !has_cpu(&got, trial->cpu))
			return false;
	}
	return true;
}

static void *try_pins(void *argument)
{
	struct trial *trial = argument;
	size_t i;

	for (i = 0; i < trial->affinity->nr_pins && !trial->refused; i++) {
		if (!try_pin(trial, &trial->affinity->pins[i]))
			trial->refused = &trial->affinity->pins[i];
	}
	return NULL;
}

int affinity_check_cpus(const struct affinity *affinity)
{
	struct trial trial = { .affinity = affinity };
	pthread_t thread;
	int error;

	if (!affinity->nr_pins)
		return STATUS_OK;
	error = pthread_create(&thread, NULL, try_pins, &trial);
	if (error)
		return fail("cannot create a thread: %s", strerror(error));
	pthread_join(thread, NULL);
	if (!trial.refused)
		return STATUS_OK;
	return fail("processor %u can't have the host's CPU %u (--cpu-affinity): it is not in /sys/devices/system/cpu/online, or the control group (cpuset.cpus) leaves it out",
		    trial.refused->vcpu, trial.cpu);
}

int affinity_apply(const struct affinity *affinity, unsigned int vcpu, pthread_attr_t *attributes)
{
	const struct pin *pin = find_pin(affinity, vcpu);

	if (!pin)
		return 0;
	return pthread_attr_setaffinity_np(attributes, sizeof(pin->cpus), pin->cpus.sets);
}
