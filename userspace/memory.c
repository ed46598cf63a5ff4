// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's RAM: one mapping, cut into the pieces that layout.h gives.
 *
 * It is anonymous memory unless other processes are to map it: of a file in memory, huge pages
 * are to be had only where the administrator has allowed it.
 *
 * What lies between LOW_RAM_END and FIRMWARE_BASE is part of the mapping but is not
 * given to the guest, so that addresses below 2 GiB are offsets into the mapping.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "layout.h"
#include "memory.h"
#include "report.h"

#define HUGE_PAGE	MIB(2)

static void add_ram(struct guest_memory *memory, __u64 address, __u64 size, __u8 *host)
{
	memory->ram[memory->nr_ram++] = (struct ram){ address, size, host };
	memory->end = address + size;
}

/*
 * Map so that huge pages of ours are ones of the guest, too: KVM takes them for one only if
 * both are aligned.
 */
static __u8 *map_aligned(__u64 size, int fd)
{
	const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	__u8 *host, *start;

	host = mmap(NULL, size + HUGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (host == MAP_FAILED)
		return NULL;
	start = (__u8 *)(((unsigned long)host + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	if (start > host)
		munmap(host, start - host);
	munmap(start + size, host + HUGE_PAGE - start);
	if (mmap(start, size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE | MAP_FIXED, fd, 0) !=
	    MAP_FAILED)
		return start;
	munmap(start, size);
	return NULL;
}

/* A file that nobody can make shorter, which would take away memory that is mapped. */
static int create_file(struct guest_memory *memory)
{
	memory->fd = memfd_create("kvpci guest memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory->fd < 0 || ftruncate(memory->fd, memory->size) ||
	    fcntl(memory->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fail("cannot make a file of the guest's memory: %s", strerror(errno));
	return STATUS_OK;
}

int memory_create(struct guest_memory *memory, __u64 size, bool shared)
{
	__u64 low = size < RAM_HOLE_BASE ? size : RAM_HOLE_BASE;
	int status = STATUS_OK;
	__u8 *host;

	*memory = (struct guest_memory){ .size = size, .fd = -1 };
	if (shared)
		status = create_file(memory);
	if (status)
		return status;
	host = map_aligned(size, memory->fd);
	if (!host)
		return fail("cannot allocate %llu MiB of guest memory, try a smaller --memory: %s",
			    size / MIB(1), strerror(errno));

	/* Only saves time; a kernel without huge pages may refuse it. */
	madvise(host, size, MADV_HUGEPAGE);

	add_ram(memory, 0, LOW_RAM_END, host);
	add_ram(memory, FIRMWARE_BASE, low - FIRMWARE_BASE, host + FIRMWARE_BASE);
	if (size > low)
		add_ram(memory, RAM_HOLE_END, size - low, host + low);
	return STATUS_OK;
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
