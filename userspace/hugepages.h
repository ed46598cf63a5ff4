/* SPDX-License-Identifier: GPL-2.0 */
/* Huge pages of the host's pool, which the guest's memory may be of. */
#ifndef HUGEPAGES_H
#define HUGEPAGES_H

#include <linux/types.h>
#include <stdbool.h>

/* Is this a size of huge pages that x86 has? */
bool hugepages_size_known(__u64 page);

/* "2M" or "1G". */
const char *hugepages_name(__u64 page);

/* Has this machine a pool of that size, be it empty? */
int hugepages_check(__u64 page);

/* Make a file in memory, of such pages. -1: errno says why not. */
int hugepages_create_file(const char *name, unsigned int flags, __u64 page);

/*
 * Say that @size bytes of such pages can't be had, on NUMA node @node (-1: on any), and what to do.
 * Whatever the caller has of them it has given back before.
 */
int hugepages_lack(__u64 size, __u64 page, int node);

#endif /* HUGEPAGES_H */
