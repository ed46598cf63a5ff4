/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MUTATE_H
#define MUTATE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "state.h"

/**
 * struct mutator - makes states of a function out of others, most of which are not quite right
 * @random: of the numbers that it draws
 * @good: a state that the function has given
 * @free: for each byte of it, bits that have been others in one that it has taken
 */
struct mutator {
	__u64 random;
	struct state good;
	__u8 *free;
};

struct mutator *mutator_new(__u64 seed, const struct state *good);
void mutator_free(struct mutator *m);
void mutator_learn(struct mutator *m, const void *taken, size_t length);
size_t mutate(struct mutator *m, void *data, size_t length, size_t room,
	      const struct state *donor);
__u64 mutator_random(void *m);

bool state_reads_back(const struct state *set, const struct state *got, bool sends);
bool state_slot_agrees(const struct state *state);

#endif /* MUTATE_H */
