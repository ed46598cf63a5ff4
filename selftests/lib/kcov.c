// SPDX-License-Identifier: GPL-2.0
/*
 * KCOV: which places of the kernel's code does a thread execute? It tells of what has been
 * compiled for that, which is this module alone. See the kernel's Documentation/dev-tools/kcov.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "die.h"
#include "kcov.h"

#define ENTRIES		(64UL << 10)	/* of what one call executes */
#define SEEN_BITS	16
#define HASH		0x9e3779b97f4a7c15UL

/* Return: NULL if the kernel does not have it */
struct kcov *kcov_new(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	struct kcov *kcov;

	if (fd < 0 && errno == ENOENT)
		return NULL;
	kcov = calloc(1, sizeof(*kcov));
	if (!kcov)
		die("out of memory");
	kcov->fd = must(fd);
	must(ioctl(fd, KCOV_INIT_TRACE, ENTRIES));
	kcov->cover = mmap(NULL, ENTRIES * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	kcov->seen = calloc(1UL << SEEN_BITS, sizeof(long));
	if (kcov->cover == MAP_FAILED || !kcov->seen)
		die("no memory for KCOV: %m");
	must(ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC));
	return kcov;
}

void kcov_free(struct kcov *kcov)
{
	if (!kcov)
		return;
	ioctl(kcov->fd, KCOV_DISABLE, 0);
	munmap(kcov->cover, ENTRIES * sizeof(long));
	close(kcov->fd);
	free(kcov->seen);
	free(kcov);
}

/* From now on, if there is @kcov. */
void kcov_begin(struct kcov *kcov)
{
	if (kcov)
		__atomic_store_n(&kcov->cover[0], 0, __ATOMIC_RELAXED);
}

static bool note(struct kcov *kcov, unsigned long place)
{
	unsigned long i = place * HASH >> (64 - SEEN_BITS);

	for (; kcov->seen[i]; i = (i + 1) % (1UL << SEEN_BITS))
		if (kcov->seen[i] == place)
			return false;
	if (kcov->nr_seen == (1UL << SEEN_BITS) / 2)
		return false;
	kcov->seen[i] = place;
	kcov->nr_seen++;
	return true;
}

/* Return: whether there was something that has not been seen before */
bool kcov_end(struct kcov *kcov)
{
	unsigned long i, nr;
	bool new = false;

	if (!kcov)
		return false;
	nr = __atomic_load_n(&kcov->cover[0], __ATOMIC_RELAXED);
	for (i = 1; i <= nr && i < ENTRIES; i++)
		new |= note(kcov, kcov->cover[i]);
	return new;
}
