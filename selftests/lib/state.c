// SPDX-License-Identifier: GPL-2.0
/*
 * State of host bridges and functions, and the records in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"
#include "ioctls.h"
#include "state.h"

/* Of a host bridge or a function that has some. */
struct state state_get(int fd)
{
	struct kvpci_state get = { .size = sizeof(get) };
	struct state state;
	int ret;

	ret = kvpci_ioctl(fd, KVPCI_GET_STATE, &get);
	if (ret)
		die("KVPCI_GET_STATE: %s", strerror(-ret));

	state.length = get.length;
	state.data = calloc(1, state.length);
	if (!state.data)
		die("out of memory");
	get.data = (unsigned long)state.data;
	ret = kvpci_ioctl(fd, KVPCI_GET_STATE, &get);
	if (ret || get.length != state.length)
		die("KVPCI_GET_STATE of %llu bytes: %s, %llu", state.length, strerror(-ret),
		    get.length);
	return state;
}

int state_set(int fd, const struct state *state)
{
	const struct kvpci_state set = {
		.size = sizeof(set),
		.data = (unsigned long)state->data,
		.length = state->length,
	};

	return kvpci_ioctl(fd, KVPCI_SET_STATE, &set);
}

struct state state_copy(const struct state *state)
{
	struct state copy = { .length = state->length, .data = malloc(state->length) };

	if (!copy.data)
		die("out of memory");
	memcpy(copy.data, state->data, state->length);
	return copy;
}

bool state_equal(const struct state *a, const struct state *b)
{
	return a->length == b->length && !memcmp(a->data, b->data, a->length);
}

void state_free(struct state *state)
{
	free(state->data);
	*state = (struct state) {};
}

int drain(int host_fd)
{
	return kvpci_ioctl(host_fd, KVPCI_DRAIN, NULL);
}

/**
 * state_record() - find a record
 * @state: a state as it was got
 * @type: the first of this type
 */
struct kvpci_state_record *state_record(const struct state *state, __u32 type)
{
	__u64 at;

	for (at = 0; at < state->length;) {
		struct kvpci_state_record *record = state->data + at;

		if (record->type == type)
			return record;
		at += sizeof(*record) + (record->length + 7) / 8 * 8;
	}
	die("there is no record of type %u", type);
}

/* What it says. */
void *state_contents(const struct state *state, __u32 type)
{
	return state_record(state, type) + 1;
}
