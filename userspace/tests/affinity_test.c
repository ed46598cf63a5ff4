// SPDX-License-Identifier: GPL-2.0
/* Which CPUs processors are pinned to: how it is written, and that what can't be had is refused. */
#include <stdio.h>
#include <string.h>

#include "affinity.h"
#include "array.h"
#include "report.h"
#include "test.h"

static bool is_pinned(const struct affinity *affinity, size_t i, unsigned int vcpu, int count)
{
	const struct pin *pin = &affinity->pins[i];

	return i < affinity->nr_pins && pin->vcpu == vcpu &&
	       CPU_COUNT_S(sizeof(pin->cpus), pin->cpus.sets) == count;
}

static bool has(const struct affinity *affinity, size_t i, unsigned int cpu)
{
	return CPU_ISSET_S(cpu, sizeof(struct cpus), affinity->pins[i].cpus.sets);
}

static void lists(void)
{
	struct affinity affinity = { 0 };

	EXPECT(!affinity_parse(&affinity, "0=2,3=4-6,9,11-11,1=8191"));
	EXPECT(affinity.nr_pins == 3);
	EXPECT(is_pinned(&affinity, 0, 0, 1) && has(&affinity, 0, 2));
	EXPECT(is_pinned(&affinity, 1, 3, 5) && has(&affinity, 1, 4) && has(&affinity, 1, 5) &&
	       has(&affinity, 1, 6) && has(&affinity, 1, 9) && has(&affinity, 1, 11));
	EXPECT(is_pinned(&affinity, 2, 1, 1) && has(&affinity, 2, 8191));
	/* The option may be there again. */
	EXPECT(!affinity_parse(&affinity, "2=0,0"));
	EXPECT(affinity.nr_pins == 4 && is_pinned(&affinity, 3, 2, 1));
	EXPECT(!affinity_check_vcpus(&affinity, 4));
	EXPECT_MESSAGE(affinity_check_vcpus(&affinity, 3), STATUS_USAGE, "no processor 3");
	affinity_free(&affinity);
}

static void mistakes(void)
{
	static const struct {
		const char *text;
		const char *message;
	} bad[] = {
		{ "", "VCPU=CPUS" },
		{ "2", "VCPU=CPUS" },
		{ "2-3,0=1", "VCPU=CPUS" },
		{ "=2", "not the number of a processor" },
		{ "a=2", "not the number of a processor" },
		{ "-1=2", "not the number of a processor" },
		{ "4294967296=2", "not the number of a processor" },
		{ "0=2,0=3", "processor 0 is there twice" },
		{ "0=", "processor 0 has what is no CPU" },
		{ "0=2,", "processor 0 has what is no CPU" },
		{ "0=2,,3", "processor 0 has what is no CPU" },
		{ "1=-2", "processor 1 has what is no CPU" },
		{ "1=2-", "processor 1 has what is no CPU" },
		{ "1=3-2", "processor 1 has what is no CPU" },
		{ "1=2-3-4", "processor 1 has what is no CPU" },
		{ "1=8192", "processor 1 has what is no CPU" },
		{ "1=0-18446744073709551615", "processor 1 has what is no CPU" },
		{ "1=all", "processor 1 has what is no CPU" },
		{ "1=2=3", "processor 1 has what is no CPU" },
	};
	struct affinity affinity = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_MESSAGE(affinity_parse(&affinity, bad[i].text), STATUS_USAGE,
			       bad[i].message);
		affinity_free(&affinity);
	}
	/* A second option that begins without a processor does not go on with the first. */
	EXPECT(!affinity_parse(&affinity, "0=1"));
	EXPECT_MESSAGE(affinity_parse(&affinity, "2"), STATUS_USAGE, "VCPU=CPUS");
	affinity_free(&affinity);
}

static void *own_cpus(void *argument)
{
	struct cpus *cpus = argument;

	memset(cpus, 0, sizeof(*cpus));
	sched_getaffinity(0, sizeof(*cpus), cpus->sets);
	return NULL;
}

/* A thread has the CPUs that it was given, and we still have ours. */
static void threads(void)
{
	struct cpus before, after, pinned;
	struct affinity affinity = { 0 };
	pthread_attr_t attributes;
	pthread_t thread;
	unsigned int cpu = 0;
	char text[64];

	own_cpus(&before);
	while (!CPU_ISSET_S(cpu, sizeof(before), before.sets))
		cpu++;
	snprintf(text, sizeof(text), "1=%u", cpu);
	EXPECT(!affinity_parse(&affinity, text));
	EXPECT(!affinity_check_cpus(&affinity));
	own_cpus(&after);
	EXPECT(CPU_EQUAL_S(sizeof(before), before.sets, after.sets));

	pthread_attr_init(&attributes);
	EXPECT(!affinity_apply(&affinity, 1, &attributes));
	EXPECT(!pthread_create(&thread, &attributes, own_cpus, &pinned));
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	EXPECT(CPU_COUNT_S(sizeof(pinned), pinned.sets) == 1 &&
	       CPU_ISSET_S(cpu, sizeof(pinned), pinned.sets));

	/* Nobody has so many: some that there are do not hide those that there are not. */
	snprintf(text, sizeof(text), "2=%u,8191", cpu);
	EXPECT(!affinity_parse(&affinity, text));
	EXPECT_MESSAGE(affinity_check_cpus(&affinity), STATUS_FAILED,
		       "processor 2 can't have the host's CPU 8191");
	affinity_free(&affinity);
}

const struct test affinity_tests[] = {
	{ "lists", lists },
	{ "mistakes", mistakes },
	{ "threads", threads },
	{ NULL, NULL },
};
