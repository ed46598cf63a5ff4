/* SPDX-License-Identifier: GPL-2.0 */
/* The guest's RAM, and the map of it that kernels get from their boot loader. */
#ifndef MEMORY_H
#define MEMORY_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* A piece of RAM: guest addresses that follow each other, and where we see them. */
struct ram {
	__u64 address;
	__u64 size;
	__u8 *host;
};

#define MAX_RAM	3

struct iommu;

struct guest_memory {
	struct ram ram[MAX_RAM];
	unsigned int nr_ram;
	__u64 size;		/* as the user asked */
	__u64 end;		/* first address after the last piece */
	struct iommu *iommu;	/* what devices may be behind; NULL: there is none */
	int fd;			/* the file that all of it is mapped from; -1: it can't be shared */
};

/* The numbers of these types are the same in all three boot protocols. */
enum memory_type {
	MEMORY_USABLE = 1,
	MEMORY_RESERVED = 2,
};

struct memory_map_entry {
	__u64 address;
	__u64 size;
	enum memory_type type;
};

#define MAX_MEMORY_MAP	8

#define MEMORY_MINIMUM	MIB(16)

/**
 * struct memory_options - what RAM is to be like
 * @size: bytes: at least MEMORY_MINIMUM, and whole pages
 * @huge_page: size of the host's huge pages that all of it is to be of; 0: ordinary ones
 * @bound: it is to come from one NUMA node of the host
 * @node: which
 * @shared: other processes are going to map it
 */
struct memory_options {
	__u64 size;
	__u64 huge_page;
	bool bound;
	unsigned int node;
	bool shared;
};

int memory_create(struct guest_memory *memory, const struct memory_options *options);

void memory_destroy(struct guest_memory *memory);

/* Our address of @size bytes at @address of the guest, NULL if not all of it is RAM. */
void *memory_at(const struct guest_memory *memory, __u64 address, __u64 size);

/*
 * Fill in @shared, which has MAX_RAM entries, with what other processes are to map, or the kernel
 * for them, and return how many are used. Each begins and ends with a page of the file, however
 * large these are: a mapping that does not can't be undone by its length.
 */
unsigned int memory_shared(const struct guest_memory *memory, struct ram *shared);

/* Where a piece begins in memory->fd. */
__u64 memory_offset(const struct guest_memory *memory, const struct ram *ram);

/* End of the RAM that starts at 1 MiB. */
__u64 memory_high_ram_end(const struct guest_memory *memory);

/* Fill in @map, which has MAX_MEMORY_MAP entries, and return how many are used. */
unsigned int memory_map(const struct guest_memory *memory, struct memory_map_entry *map);

#endif /* MEMORY_H */
