// SPDX-License-Identifier: GPL-2.0
/*
 * Has something that was taken not been given back? What is in use is counted before
 * and after.
 *
 * The counts of modules and descriptors are exact. Those of memory are not: other
 * processes use the same caches, and each processor keeps some free objects for
 * itself. So what might lose memory is done many times: a leak is then an object, or
 * some memory, more for each time.
 *
 * What is freed after a grace period needs some time to go, so that all is looked at
 * again for a while before it is called a leak.
 *
 * A kernel with kmemleak has KASAN, too, which keeps what has been freed for a long time.
 * There kmemleak finds what leaks, when all tests are done (scripts/leak-check).
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "baseline.h"
#include "die.h"
#include "wait.h"

#define PATIENCE_MS	3000
#define STEP_MS		50
#define OTHERS_KB	2048	/* that others may have taken meanwhile */
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define ENOUGH		5	/* times that something leaks, for kmemleak */

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (!dir)
		die("/proc/self/fd: %m");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* How many use a module; -1 if it is not there. */
static int module_users(const char *name)
{
	char path[80];
	FILE *file;
	int n = -1;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &n) != 1)
		die("%s has no number", path);
	fclose(file);
	return n;
}

/* What a processor has set aside for itself, which can be some MiB, is free all the same. */
static long set_aside_pages(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	long pages = 0, count;
	char line[128];

	if (!file)
		die("/proc/zoneinfo: %m");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %ld", &count) == 1)
			pages += count;
	fclose(file);
	return pages;
}

static long free_memory(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long kb = -1;

	if (!file)
		die("/proc/meminfo: %m");
	while (kb < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "MemFree: %ld kB", &kb);
	fclose(file);
	return kb + set_aside_pages() * (sysconf(_SC_PAGESIZE) >> 10);
}

static void count_objects(struct baseline *baseline)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	char line[256];
	int n = 0;

	if (!file)
		die("/proc/slabinfo: %m");
	while (n < MAX_CACHES && fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %ld", baseline->cache[n].name,
			   &baseline->cache[n].objects) == 2 &&
		    !strncmp(line, "kmalloc-", 8))
			n++;
	fclose(file);
	if (!n)
		die("/proc/slabinfo has no kmalloc caches");
	baseline->nr_caches = n;
}

/**
 * baseline_take() - count what is in use now
 * @baseline: where to put it
 */
void baseline_take(struct baseline *baseline)
{
	memset(baseline, 0, sizeof(*baseline));
	baseline->fds = count_fds();
	baseline->module = module_users("kvpci");
	baseline->kvm = module_users("kvm_amd");
	if (baseline->kvm < 0)
		baseline->kvm = module_users("kvm_intel");
	baseline->free_kb = free_memory();
	count_objects(baseline);
}

static const char *complain(const char *what, long before, long now)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s: %ld before, %ld now", what, before, now);
	return text;
}

static const char *more_users(const struct baseline *before,
			      const struct baseline *now)
{
	if (now->fds != before->fds)
		return complain("descriptors", before->fds, now->fds);
	if (now->module != before->module)
		return complain("uses of kvpci", before->module, now->module);
	if (now->kvm != before->kvm)
		return complain("uses of KVM", before->kvm, now->kvm);
	return NULL;
}

static const char *less_memory(const struct baseline *before,
			       const struct baseline *now, int times)
{
	int i;

	/* What is not in a cache is 8 kB or more. */
	if (before->free_kb - now->free_kb > 8L * times + OTHERS_KB)
		return complain("kB of free memory", before->free_kb,
				now->free_kb);
	for (i = 0; i < before->nr_caches && i < now->nr_caches; i++)
		if (now->cache[i].objects - before->cache[i].objects >=
		    times * 9L / 10)
			return complain(before->cache[i].name,
					before->cache[i].objects,
					now->cache[i].objects);

	return NULL;
}

static int have_kmemleak(void)
{
	return !access(KMEMLEAK, F_OK);
}

/**
 * baseline_rounds() - how often to do what might lose memory
 * @times: for baseline_memory() to tell
 *
 * Return: that, or a few where kmemleak finds each object
 */
int baseline_rounds(int times)
{
	return have_kmemleak() && times > ENOUGH ? ENOUGH : times;
}

/**
 * baseline_users() - is there a descriptor or a user of a module more or less?
 * @baseline: what there was
 *
 * Return: NULL, or what there is more of
 */
const char *baseline_users(const struct baseline *baseline)
{
	struct baseline now;
	const char *what;

	eventually(({ baseline_take(&now); !(what = more_users(baseline, &now)); }));
	return what;
}

/**
 * baseline_memory() - has the kernel lost memory?
 * @baseline: what was in use after the first few times
 * @times: how many times since then it could have; some hundreds
 *
 * Return: NULL, or what there is more or less of
 */
const char *baseline_memory(const struct baseline *baseline, int times)
{
	struct baseline now;
	const char *what;
	int i;

	if (have_kmemleak())
		return NULL;

	for (i = 0; i < PATIENCE_MS / STEP_MS; i++) {
		baseline_take(&now);
		what = less_memory(baseline, &now, times);
		if (!what)
			break;
		usleep(STEP_MS * 1000);
	}

	return what;
}
