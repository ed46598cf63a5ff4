// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages of the host's pool (hugetlbfs), which the guest's memory may be of.
 *
 * The administrator puts pages into the pool, and they are for those only who ask for them: they
 * are there, or it is told before the guest starts that they are not. How many there are is in a
 * folder of sysfs for each size, and in another one for each size and NUMA node.
 */
#include <linux/memfd.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "array.h"
#include "hugepages.h"
#include "layout.h"
#include "report.h"

static const struct {
	__u64 page;
	const char *name;
} sizes[] = {
	{ MIB(2), "2M" },
	{ GIB(1), "1G" },
};

/* Where the pool of a size is, in sysfs. */
struct pool {
	char path[128];
};

static struct pool find_pool(__u64 page, int node)
{
	struct pool pool;

	if (node < 0)
		snprintf(pool.path, sizeof(pool.path), "/sys/kernel/mm/hugepages/hugepages-%llukB",
			 page / KIB(1));
	else
		snprintf(pool.path, sizeof(pool.path),
			 "/sys/devices/system/node/node%d/hugepages/hugepages-%llukB", node,
			 page / KIB(1));
	return pool;
}

/* 0 if it is not there: a node has no count of pages that are promised to somebody. */
static __u64 pool_count(const struct pool *pool, const char *name)
{
	unsigned long long count = 0;
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", pool->path, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%llu", &count) != 1)
		count = 0;
	fclose(file);
	return count;
}

bool hugepages_size_known(__u64 page)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (sizes[i].page == page)
			return true;
	}
	return false;
}

const char *hugepages_name(__u64 page)
{
	size_t i = 0;

	while (sizes[i].page != page)
		i++;
	return sizes[i].name;
}

int hugepages_check(__u64 page)
{
	const struct pool pool = find_pool(page, -1);

	if (!access(pool.path, F_OK))
		return STATUS_OK;
	return fail("this machine has no huge pages of %s, /sys/kernel/mm/hugepages lists those that it has",
		    hugepages_name(page));
}

int hugepages_create_file(const char *name, unsigned int flags, __u64 page)
{
	unsigned int size = __builtin_ctzll(page);

	/* The kernel's header and the C library's, which has no sizes, don't go together. */
	return syscall(SYS_memfd_create, name, flags | MFD_HUGETLB | size << MFD_HUGE_SHIFT);
}

int hugepages_lack(__u64 size, __u64 page, int node)
{
	const struct pool pool = find_pool(page, node);
	__u64 free = pool_count(&pool, "free_hugepages");
	__u64 promised = pool_count(&pool, "resv_hugepages");
	__u64 needed = size / page;
	char where[32] = "";

	if (node >= 0)
		snprintf(where, sizeof(where), " on node %d", node);
	free = free > promised ? free - promised : 0;
	if (free >= needed)
		return fail("the guest's memory needs %llu huge pages of %s and may not have them, although %llu are free%s: raise the control group's limit for hugetlb",
			    needed, hugepages_name(page), free, where);
	return fail("the guest's memory needs %llu huge pages of %s, and %llu are free%s: add %llu to the number in %s/nr_hugepages",
		    needed, hugepages_name(page), free, where, needed - free, pool.path);
}
