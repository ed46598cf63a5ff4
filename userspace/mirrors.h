/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of the guest from which it reads what PCI functions have, without an exit. */
#ifndef MIRRORS_H
#define MIRRORS_H

#include <linux/types.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "host.h"
#include "vm.h"

struct mirror {
	__u64 offset;		/* in the host bridge's descriptor */
	__u64 length;		/* 0: this entry is free */
	__u64 address;		/* of the guest's memory, if there is any */
	__u8 *bytes;
	bool is_memory;
};

struct mirrors {
	const struct vm *vm;
	const struct host *host;
	pthread_mutex_t lock;	/* guards what follows */
	struct mirror *entries;	/* by memory slot */
	size_t nr;
	unsigned long long count;	/* how often memory has come or gone */
	unsigned long long faults;	/* how often a processor has waited for that */
	unsigned long long changes;	/* that we have been told of */
};

/* Let the guest read from mirrors, if @host has an event that tells of them. */
int mirrors_create(struct mirrors *mirrors, const struct vm *vm, const struct host *host);
void mirrors_destroy(struct mirrors *mirrors);

/* Bring the guest's memory in line with what has changed. From any thread. */
int mirrors_sync(struct mirrors *mirrors);

/*
 * A processor has found a mirror that has moved away: so that it can run again. If *@changes is
 * what it was the last time, nothing has moved since.
 */
int mirrors_fault(struct mirrors *mirrors, unsigned long long *changes);

#endif /* MIRRORS_H */
