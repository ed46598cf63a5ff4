// SPDX-License-Identifier: GPL-2.0
/*
 * Which NUMA node of the host memory comes from.
 *
 * That is one system call, for which libnuma is not needed. It is about the pages that the mapping
 * gets from then on, whoever touches them first; of a file, also about those that other processes
 * which map it touch.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "numa.h"
#include "report.h"

#define BITS	(sizeof(long) * CHAR_BIT)

int numa_bind(void *start, __u64 size, unsigned int node)
{
	unsigned long nodes[NUMA_MAX_NODES / BITS] = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u", node);
	if (access(path, F_OK))
		return fail("there is no NUMA node %u, /sys/devices/system/node/online lists those that there are",
			    node);
	nodes[node / BITS] = 1UL << node % BITS;
	/* The kernel takes a bit less than it is told. */
	if (!syscall(SYS_mbind, start, size, MPOL_BIND, nodes, NUMA_MAX_NODES + 1, 0))
		return STATUS_OK;
	if (errno == EINVAL)
		return fail("the guest's memory can't come from NUMA node %u: it has none, or the control group (cpuset.mems) leaves it out",
			    node);
	return fail("the guest's memory can't come from NUMA node %u: %s", node, strerror(errno));
}
