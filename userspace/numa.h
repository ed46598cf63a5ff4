/* SPDX-License-Identifier: GPL-2.0 */
/* Which NUMA node of the host memory comes from. */
#ifndef NUMA_H
#define NUMA_H

#include <linux/types.h>

/* The kernel has room for as many, at most. */
#define NUMA_MAX_NODES	1024

/* Have @size bytes at @start, of which none is there yet, come from @node and no other. */
int numa_bind(void *start, __u64 size, unsigned int node);

#endif /* NUMA_H */
