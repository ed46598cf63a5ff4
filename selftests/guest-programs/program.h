/* SPDX-License-Identifier: GPL-2.0 */
/* What programs that drive a device share. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <fcntl.h>
#include <linux/types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE		4096UL

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Whole pages of memory, which are there and stay. */
static inline void *take(__u64 size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

/* Where a page of it is in what is memory for the kernel: what reaches it without an IOMMU. */
static inline __u64 physical(const void *page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	__u64 entry = 0;

	if (fd < 0 || pread(fd, &entry, sizeof(entry), (uintptr_t)page / PAGE * sizeof(entry)) !=
			      sizeof(entry))
		die("/proc/self/pagemap");
	close(fd);
	entry &= (1ULL << 55) - 1;
	if (!entry) {
		fprintf(stderr, "the kernel does not tell where memory is\n");
		exit(1);
	}
	return entry * PAGE;
}

#endif /* PROGRAM_H */
