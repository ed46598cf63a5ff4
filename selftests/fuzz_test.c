// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer of KVPCI_SET_STATE: a host bridge and functions of all kinds are told that they are in
 * states that are not quite right. One that is refused has changed nothing; one that is taken is
 * what the function gives then, and it takes that again. On a kernel with KCOV, those from which
 * the kernel does something new are kept, and more is made of them.
 *
 * It tries KVPCI_FUZZ_RECORDS states, or a few thousand, and KVPCI_FUZZ_SEED gives others.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/die.h"
#include "lib/environment.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/kcov.h"
#include "lib/kinds.h"
#include "lib/mutate.h"
#include "lib/pci.h"
#include "lib/state.h"
#include "lib/vm.h"

#define NR_TARGETS	(1 + NR_KINDS)
#define MAX_KEPT	512
#define ROOM		8192
#define RECORDS		20000	/* unless told otherwise */
#define DAYS		(2 * 24 * 60 * 60)

/**
 * struct target - a host bridge or a function
 * @fd: its descriptor
 * @mutator: makes states of it
 * @kept: states from which something new has come
 * @nr_kept: how many
 */
struct target {
	int fd;
	struct mutator *mutator;
	struct state kept[MAX_KEPT];
	unsigned int nr_kept;
};

FIXTURE(fuzz) {
	struct vm *vm;
	struct host *host;
	struct kinds_set set;
	struct target targets[NR_TARGETS];
	struct kcov *kcov;
	unsigned long tried;
	unsigned long taken;
	unsigned long refused;
	unsigned long unknown;
};

static unsigned long wanted(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoul(value, NULL, 10) : otherwise;
}

FIXTURE_SETUP(fuzz)
{
	unsigned int i;

	self->vm = vm_new_with(1, VM_INTERRUPTS | VM_MODERN);
	self->host = host_new(self->vm);
	self->set = kinds_new(self->host->fd);
	for (i = 0; i < NR_TARGETS; i++) {
		struct target *target = &self->targets[i];
		struct state good;

		target->fd = i ? self->set.function[i - 1] : self->host->fd;
		good = state_get(target->fd);
		target->mutator = mutator_new(wanted("KVPCI_FUZZ_SEED", 1) + i, &good);
		target->kept[target->nr_kept++] = good;
	}
	self->kcov = kcov_new();
}

FIXTURE_TEARDOWN(fuzz)
{
	unsigned int i, n;

	kcov_free(self->kcov);
	for (i = 0; i < NR_TARGETS; i++) {
		for (n = 0; n < self->targets[i].nr_kept; n++)
			state_free(&self->targets[i].kept[n]);
		mutator_free(self->targets[i].mutator);
		if (i)
			close(self->targets[i].fd);
	}
	host_free(self->host);
	vm_free(self->vm);
}

static void keep(struct target *target, const struct state *state)
{
	unsigned int i = target->nr_kept;

	if (i == MAX_KEPT) {
		/* The first one is good. */
		i = 1 + mutator_random(target->mutator) % (MAX_KEPT - 1);
		state_free(&target->kept[i]);
	} else {
		target->nr_kept++;
	}
	target->kept[i] = state_copy(state);
}

/* Have @state be one that is kept, changed, perhaps with a part of another function's. */
static void make(struct target *targets, struct target *target, struct state *state)
{
	struct mutator *m = target->mutator;
	struct target *other = mutator_random(m) % 4 ? target :
			       &targets[mutator_random(m) % NR_TARGETS];
	const struct state *from = &target->kept[mutator_random(m) % target->nr_kept];
	const struct state *donor = &other->kept[mutator_random(m) % other->nr_kept];

	memcpy(state->data, from->data, from->length);
	state->length = mutate(m, state->data, from->length, ROOM, donor);
}

static void log_difference(struct __test_metadata *_metadata, const struct state *a,
			   const struct state *b)
{
	const __u8 *x = a->data, *y = b->data;
	size_t i;

	for (i = 0; i < a->length && i < b->length; i++)
		if (x[i] != y[i])
			TH_LOG("byte %#zx: %#x, %#x", i, x[i], y[i]);
}

/* It takes what it has given, and gives it again. */
static void set_again(struct __test_metadata *_metadata, const struct target *target)
{
	struct state got = state_get(target->fd), again;

	EXPECT_EQ(0, state_set(target->fd, &got));
	again = state_get(target->fd);
	EXPECT_TRUE(state_reads_back(&got, &again, true)) {
		log_difference(_metadata, &got, &again);
	}
	state_free(&got);
	state_free(&again);
}

/* Have a guest or a device do something, and keep what has come of it. */
static void disturb(int host, struct target *target, enum kinds which)
{
	struct state state;

	kinds_disturb(target->fd, which, mutator_random, target->mutator);
	/* A message to many may have been left to a work item. */
	must(drain(host));
	state = state_get(target->fd);
	keep(target, &state);
	state_free(&state);
}

TEST_F_TIMEOUT(fuzz, states, DAYS)
{
	const unsigned long records = wanted("KVPCI_FUZZ_RECORDS", scaled(RECORDS));
	const unsigned long progress = records / 10 ?: 1;
	struct state set = { .data = malloc(ROOM) };

	ASSERT_NE(NULL, set.data);
	while (self->tried < records && _metadata->passed) {
		const unsigned int i = mutator_random(self->targets[0].mutator) % NR_TARGETS;
		struct target *target = &self->targets[i];
		struct state was, is;
		bool new;
		int ret;

		if (i && !(mutator_random(target->mutator) % 32))
			disturb(self->host->fd, target, i - 1);
		make(self->targets, target, &set);
		was = state_get(target->fd);
		kcov_begin(self->kcov);
		ret = state_set(target->fd, &set);
		new = kcov_end(self->kcov);
		is = state_get(target->fd);

		if (!ret) {
			self->taken++;
			EXPECT_TRUE(state_reads_back(&set, &is, true)) {
				log_difference(_metadata, &set, &is);
			}
			if (i == 1 + KINDS_PORT)
				EXPECT_TRUE(state_slot_agrees(&is));
			mutator_learn(target->mutator, set.data, set.length);
			set_again(_metadata, target);
		} else {
			EXPECT_TRUE(ret == -EINVAL || ret == -EOPNOTSUPP) {
				TH_LOG("KVPCI_SET_STATE: %s", strerror(-ret));
			}
			EXPECT_TRUE(state_equal(&was, &is)) {
				log_difference(_metadata, &was, &is);
			}
			*(ret == -EINVAL ? &self->refused : &self->unknown) += 1;
		}
		if (!_metadata->passed)
			TH_LOG("that was state %lu, of target %u", self->tried, i);
		if (new)
			keep(target, &set);
		state_free(&was);
		state_free(&is);
		if (++self->tried % progress == 0)
			TH_LOG("%lu states, %lu places: %lu taken, %lu refused with EINVAL, %lu with EOPNOTSUPP",
			       self->tried, self->kcov ? self->kcov->nr_seen : 0, self->taken,
			       self->refused, self->unknown);
	}

	/* Not all of them for the same reason, or as nothing else is. */
	EXPECT_LT(self->tried / 20, self->taken);
	EXPECT_LT(self->tried / 20, self->refused);
	free(set.data);
}

TEST_HARNESS_MAIN
