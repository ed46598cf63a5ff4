// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's RAM: one mapping, cut into the pieces that layout.h gives.
 *
 * It is anonymous memory unless other processes are to map it: of a file in memory, huge pages
 * are to be had only where the administrator has allowed it. If the administrator has put pages
 * into a pool for it, it is a file in any case: a process that we start then has no copy of ours.
 * All of these pages are taken at once: a guest that touches one which is not there gets SIGBUS.
 *
 * What lies between LOW_RAM_END and FIRMWARE_BASE is part of the mapping but is not
 * given to the guest, so that addresses below 2 GiB are offsets into the mapping. Who
 * serves the guest's devices maps it, too: a huge page can't be mapped in part.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hugepages.h"
#include "layout.h"
#include "memory.h"
#include "numa.h"
#include "report.h"

#define HUGE_PAGE	MIB(2)

static void add_ram(struct guest_memory *memory, __u64 address, __u64 size, __u8 *host)
{
	memory->ram[memory->nr_ram++] = (struct ram){ address, size, host };
	memory->end = address + size;
}

/*
 * Addresses such that huge pages of ours are ones of the guest, too: KVM takes them for one only
 * if both are aligned.
 */
static __u8 *reserve_aligned(__u64 size, __u64 alignment)
{
	__u8 *host, *start;

	host = mmap(NULL, size + alignment, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (host == MAP_FAILED)
		return NULL;
	start = (__u8 *)(((unsigned long)host + alignment - 1) & ~(alignment - 1));
	if (start > host)
		munmap(host, start - host);
	munmap(start + size, host + alignment - start);
	return start;
}

/* 0 or a negative error number. */
static int map_at(__u8 *host, __u64 size, int flags, int fd)
{
	int error;

	if (mmap(host, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0) != MAP_FAILED)
		return 0;
	error = -errno;
	munmap(host, size);
	return error;
}

static int no_room(__u64 size, int error)
{
	return fail("cannot allocate %llu MiB of guest memory, try a smaller --memory: %s",
		    size / MIB(1), strerror(-error));
}

/* A file that nobody can make shorter, which would take away memory that is mapped. */
static int create_file(struct guest_memory *memory, __u64 huge_page)
{
	static const char name[] = "kvpci guest memory";
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

	memory->fd = huge_page ? hugepages_create_file(name, flags, huge_page) :
				 memfd_create(name, flags);
	if (memory->fd < 0 || ftruncate(memory->fd, memory->size) ||
	    fcntl(memory->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fail("cannot make a file of the guest's memory: %s", strerror(errno));
	return STATUS_OK;
}

/* Huge pages of the pool are promised to us here, of whichever node they may be. */
static int map(struct guest_memory *memory, const struct memory_options *options)
{
	__u64 low = options->size < RAM_HOLE_BASE ? options->size : RAM_HOLE_BASE;
	bool file = options->shared || options->huge_page;
	int flags = file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	__u64 alignment = options->huge_page;
	int status = STATUS_OK;
	__u8 *host;
	int error;

	if (!options->huge_page) {
		alignment = HUGE_PAGE;
		flags |= MAP_NORESERVE;
	}
	if (file)
		status = create_file(memory, options->huge_page);
	if (status)
		return status;
	host = reserve_aligned(memory->size, alignment);
	if (!host)
		return no_room(memory->size, -errno);
	error = map_at(host, memory->size, flags, memory->fd);
	if (error == -ENOMEM && options->huge_page)
		return hugepages_lack(memory->size, options->huge_page, -1);
	if (error)
		return no_room(memory->size, error);
	/* It is not in what we leave if we crash. */
	madvise(host, memory->size, MADV_DONTDUMP);
	add_ram(memory, 0, LOW_RAM_END, host);
	add_ram(memory, FIRMWARE_BASE, low - FIRMWARE_BASE, host + FIRMWARE_BASE);
	if (memory->size > low)
		add_ram(memory, RAM_HOLE_END, memory->size - low, host + low);
	return STATUS_OK;
}

/* What was promised may not be there on one node, or not be allowed to us. */
static int take_huge_pages(struct guest_memory *memory, const struct memory_options *options)
{
	int error;

	do
		error = madvise(memory->ram[0].host, memory->size, MADV_POPULATE_WRITE) ? errno : 0;
	while (error == EINTR);
	if (!error)
		return STATUS_OK;
	if (error != EFAULT && error != ENOMEM)
		return fail("cannot take huge pages for the guest's memory: %s", strerror(error));
	memory_destroy(memory);
	return hugepages_lack(options->size, options->huge_page,
			      options->bound ? (int)options->node : -1);
}

static int create(struct guest_memory *memory, const struct memory_options *options)
{
	int status = STATUS_OK;

	if (options->huge_page)
		status = hugepages_check(options->huge_page);
	if (!status)
		status = map(memory, options);
	if (!status && options->bound)
		status = numa_bind(memory->ram[0].host, memory->size, options->node);
	if (status)
		return status;
	if (options->huge_page)
		return take_huge_pages(memory, options);
	/* Only saves time; a kernel without huge pages may refuse it. */
	madvise(memory->ram[0].host, memory->size, MADV_HUGEPAGE);
	return STATUS_OK;
}

int memory_create(struct guest_memory *memory, const struct memory_options *options)
{
	int status;

	*memory = (struct guest_memory){ .size = options->size, .fd = -1 };
	status = create(memory, options);
	if (status)
		memory_destroy(memory);
	return status;
}

void memory_destroy(struct guest_memory *memory)
{
	if (memory->nr_ram)
		munmap(memory->ram[0].host, memory->size);
	if (memory->fd >= 0)
		close(memory->fd);
	*memory = (struct guest_memory){ .fd = -1 };
}

void *memory_at(const struct guest_memory *memory, __u64 address, __u64 size)
{
	unsigned int i;

	for (i = 0; i < memory->nr_ram; i++) {
		const struct ram *ram = &memory->ram[i];

		if (address >= ram->address && address - ram->address < ram->size &&
		    size <= ram->size - (address - ram->address))
			return ram->host + (address - ram->address);
	}
	return NULL;
}

unsigned int memory_shared(const struct guest_memory *memory, struct ram *shared)
{
	unsigned int n = 0;
	unsigned int i;

	shared[n++] = (struct ram){
		.size = memory_high_ram_end(memory), .host = memory->ram[0].host,
	};
	for (i = 2; i < memory->nr_ram; i++)
		shared[n++] = memory->ram[i];
	return n;
}

__u64 memory_offset(const struct guest_memory *memory, const struct ram *ram)
{
	return ram->host - memory->ram[0].host;
}

__u64 memory_high_ram_end(const struct guest_memory *memory)
{
	return memory->ram[1].address + memory->ram[1].size;
}

unsigned int memory_map(const struct guest_memory *memory, struct memory_map_entry *map)
{
	__u64 high_end = memory_high_ram_end(memory);
	unsigned int n = 0;

	map[n++] = (struct memory_map_entry){ 0, LOW_RAM_USABLE_END, MEMORY_USABLE };
	map[n++] = (struct memory_map_entry){ LOW_RAM_USABLE_END,
		LOW_RAM_END - LOW_RAM_USABLE_END, MEMORY_RESERVED };
	map[n++] = (struct memory_map_entry){ FIRMWARE_BASE,
		FIRMWARE_END - FIRMWARE_BASE, MEMORY_RESERVED };
	map[n++] = (struct memory_map_entry){ HIGH_RAM_BASE,
		high_end - HIGH_RAM_BASE, MEMORY_USABLE };
	map[n++] = (struct memory_map_entry){ PCI_ECAM_BASE, PCI_ECAM_SIZE, MEMORY_RESERVED };
	map[n++] = (struct memory_map_entry){ KVM_IDENTITY_MAP_BASE, 4 * 4096, MEMORY_RESERVED };
	if (memory->nr_ram > 2)
		map[n++] = (struct memory_map_entry){ memory->ram[2].address,
			memory->ram[2].size, MEMORY_USABLE };
	return n;
}
