// SPDX-License-Identifier: GPL-2.0
/*
 * What libFuzzer calls: a state is put into a host bridge or into one of several functions. One
 * that is refused has changed nothing; one that is taken is what the function gives then, it
 * takes that again, and it takes what it gives after whatever a guest does with it. An input is
 * the number of a function and its state; those to begin with are made here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kvpci.h>

#include "host.h"
#include "lib/ioctls.h"
#include "lib/kinds.h"
#include "lib/mutate.h"
#include "lib/state.h"
#include "libfuzzer.h"

#define NR_TARGETS	(1 + NR_KINDS)
#define PROGRESS	1000000

/**
 * struct target - a host bridge or a function
 * @fd: its descriptor
 * @mutator: makes states of it
 * @taken: how many it has taken
 * @refused: how many it has refused with EINVAL
 * @unknown: with EOPNOTSUPP
 */
struct target {
	int fd;
	struct mutator *mutator;
	unsigned long taken;
	unsigned long refused;
	unsigned long unknown;
};

static struct target targets[NR_TARGETS];

static const char *const names[NR_TARGETS] = {
	"host bridge",
	[1 + KINDS_REGISTERS] = "registers",
	[1 + KINDS_MSIX] = "MSI-X",
	[1 + KINDS_MSI] = "MSI with masks",
	[1 + KINDS_PLAIN] = "MSI without masks",
	[1 + KINDS_PORT] = "port",
	[1 + KINDS_BEHIND] = "behind the port",
	[1 + KINDS_UNPLUGGED] = "not plugged",
};

static unsigned long tried;

static void fail(const struct target *target, const char *what)
{
	fprintf(stderr, "%s: %s\n", names[target - targets], what);
	abort();
}

/* In which bytes are they not the same? */
static void fail_with(const struct target *target, const char *what, const struct state *a,
		      const struct state *b)
{
	const u8 *x = a->data, *y = b->data;
	size_t i;

	for (i = 0; i < a->length && i < b->length; i++)
		if (x[i] != y[i])
			fprintf(stderr, "byte %#zx: %#x, %#x\n", i, x[i], y[i]);
	fail(target, what);
}

static void print_counts(void)
{
	unsigned long taken = 0, refused = 0, unknown = 0;
	int i;

	for (i = 0; i < NR_TARGETS; i++) {
		taken += targets[i].taken;
		refused += targets[i].refused;
		unknown += targets[i].unknown;
	}
	printf("%lu states: %lu taken, %lu refused with EINVAL, %lu with EOPNOTSUPP\n", tried,
	       taken, refused, unknown);
	fflush(stdout);
}

static void print_all(void)
{
	int i;

	for (i = 0; i < NR_TARGETS; i++)
		printf("%-18s%9lu taken, %9lu and %8lu refused\n", names[i], targets[i].taken,
		       targets[i].refused, targets[i].unknown);
	print_counts();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const int host = fuzz_host_new();
	const struct kinds_set set = kinds_new(host);
	int i;

	for (i = 0; i < NR_TARGETS; i++) {
		struct state good;

		targets[i].fd = i ? set.function[i - 1] : host;
		good = state_get(targets[i].fd);
		targets[i].mutator = mutator_new(0, &good);
		state_free(&good);
	}
	atexit(print_all);
	return 0;
}

/* It takes what it has given, and gives it again. */
static void set_again(const struct target *target, const struct state *got)
{
	struct state again;

	if (state_set(target->fd, got))
		fail(target, "what was given is refused");
	again = state_get(target->fd);
	if (!state_reads_back(got, &again, false))
		fail_with(target, "what was given is set to something else", got, &again);
	state_free(&again);
}

/* Now and then do as guests do; and go back. */
static void use(struct target *target)
{
	const int which = target - targets - 1;
	unsigned int steps = mutator_random(target->mutator) % 4 ? 0 :
			     mutator_random(target->mutator) % 8;

	while (which >= 0 && steps--) {
		struct state got;

		kinds_disturb(target->fd, which, mutator_random, target->mutator);
		got = state_get(target->fd);
		set_again(target, &got);
		state_free(&got);
	}
	if (state_set(target->fd, &target->mutator->good))
		fail(target, "what was given first is refused");
}

/* The random numbers of a run are to be the same if it is tried again. */
static u64 sum_of(const u8 *data, size_t size)
{
	u64 sum = size;

	while (size--)
		sum = sum * 0x100000001b3 ^ *data++;
	return sum;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct target *target;
	struct state was, is, set;
	int ret;

	if (!size)
		return 0;
	target = &targets[data[0] % NR_TARGETS];
	/* Aligned. */
	set = state_copy(&(struct state) { .data = (void *)(data + 1), .length = size - 1 });
	was = state_get(target->fd);
	ret = state_set(target->fd, &set);
	is = state_get(target->fd);
	switch (ret) {
	case 0:
		target->taken++;
		if (!state_reads_back(&set, &is, false))
			fail_with(target, "another state was taken than was set", &set, &is);
		if (target == &targets[1 + KINDS_PORT] && !state_slot_agrees(&is))
			fail(target, "the pin is not what the slot's events are");
		break;
	case -EINVAL:
		target->refused++;
		break;
	case -EOPNOTSUPP:
		target->unknown++;
		break;
	default:
		fail(target, strerror(-ret));
	}
	if (ret && !state_equal(&was, &is))
		fail_with(target, "what was refused has changed something", &was, &is);
	if (!ret) {
		set_again(target, &is);
		mutator_learn(target->mutator, set.data, set.length);
		target->mutator->random = sum_of(data, size);
		use(target);
	}
	state_free(&was);
	state_free(&is);
	state_free(&set);
	if (!(++tried % PROGRESS))
		print_counts();
	return 0;
}

/* A state that a function gives after what a guest has done. */
static size_t disturbed(struct target *target, u8 *data, size_t max_size)
{
	const int which = target - targets - 1;
	unsigned int steps = 1 + mutator_random(target->mutator) % 8;
	struct state state;
	size_t size = 0;

	while (which >= 0 && steps--)
		kinds_disturb(target->fd, which, mutator_random, target->mutator);
	state = state_get(target->fd);
	if (state.length < max_size) {
		data[0] = target - targets;
		memcpy(data + 1, state.data, state.length);
		size = 1 + state.length;
	}
	state_free(&state);
	if (state_set(target->fd, &target->mutator->good))
		fail(target, "what was given first is refused");
	return size;
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max_size, unsigned int seed)
{
	struct mutator *m;
	u64 what;

	if (!size || data[0] >= NR_TARGETS || !(seed % 16)) {
		data[0] = seed / 16 % NR_TARGETS;
		size = 1;
	}
	m = targets[data[0]].mutator;
	m->random = seed;
	what = mutator_random(m) % 64;
	if (what < 4)
		return disturbed(&targets[data[0]], data, max_size);
	if (what < 5 && size > 1)
		return 1 + LLVMFuzzerMutate(data + 1, size - 1, max_size - 1);
	return 1 + mutate(m, data + 1, size - 1, max_size - 1,
			  &targets[mutator_random(m) % NR_TARGETS].mutator->good);
}
