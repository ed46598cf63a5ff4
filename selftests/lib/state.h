/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/kvpci.h>
#include <linux/types.h>

/**
 * struct state - of a host bridge or a function
 * @data: its records
 * @length: how many bytes they are
 */
struct state {
	void *data;
	__u64 length;
};

struct state state_get(int fd);
int state_set(int fd, const struct state *state);
struct state state_copy(const struct state *state);
bool state_equal(const struct state *a, const struct state *b);
void state_free(struct state *state);
int drain(int host_fd);

struct kvpci_state_record *state_record(const struct state *state, __u32 type);
void *state_contents(const struct state *state, __u32 type);

#endif /* STATE_H */
