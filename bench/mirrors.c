// SPDX-License-Identifier: GPL-2.0
/*
 * What the guest reads without an exit: configuration space, and parts of BARs, which
 * follow these when the guest says that it has placed them, or when it could not go on
 * because they have moved. A launcher would have a thread for that.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/kvpci.h>

#include "bus.h"
#include "machine.h"
#include "mirrors.h"

#define FIRST_SLOT	1		/* 0 is the guest's memory */
#define MAX_RANGES	16

static int host = -1;
static struct kvm_userspace_memory_region ranges[MAX_RANGES];
static __u64 offsets[MAX_RANGES];
static unsigned int nr_ranges;

static void set_memory(struct machine *vm, struct kvm_userspace_memory_region *region,
		       __u64 address, __u64 size)
{
	region->guest_phys_addr = address;
	region->memory_size = size;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, region))
		die("can't give a mirror to the guest: %m");
}

static struct kvm_userspace_memory_region *find(__u64 offset, __u64 length)
{
	struct kvm_userspace_memory_region *region;
	unsigned int i;
	void *bytes;

	for (i = 0; i < nr_ranges; i++)
		if (offsets[i] == offset)
			return &ranges[i];
	if (nr_ranges == MAX_RANGES)
		die("there are more than %u mirrors", MAX_RANGES);

	bytes = mmap(NULL, length, PROT_READ, MAP_SHARED, host, offset);
	if (bytes == MAP_FAILED)
		die("can't map a mirror: %m");
	region = &ranges[nr_ranges];
	region->slot = FIRST_SLOT + nr_ranges;
	region->flags = KVM_MEM_READONLY;
	region->userspace_addr = (unsigned long)bytes;
	offsets[nr_ranges++] = offset;
	return region;
}

/* Let the guest have what @bridge mirrors; its ECAM is at @ecam. */
void mirrors_create(struct machine *vm, int bridge, __u64 ecam)
{
	host = bridge;
	set_memory(vm, find(0, MIRRORS_ECAM_SIZE), ecam, MIRRORS_ECAM_SIZE);
}

/* Follow all that has changed. */
void mirrors_follow(struct machine *vm)
{
	struct kvpci_mirror mirror = { .size = sizeof(mirror) };

	if (host < 0)
		return;
	while (!ioctl(host, KVPCI_GET_MIRROR, &mirror)) {
		struct kvm_userspace_memory_region *region = find(mirror.offset, mirror.length);
		struct kvpci_mirror confirm = {
			.size = sizeof(confirm),
			.offset = mirror.offset,
			.sequence = mirror.sequence,
		};

		if (region->memory_size)
			set_memory(vm, region, region->guest_phys_addr, 0);
		if (mirror.flags & KVPCI_MIRROR_PLACED)
			set_memory(vm, region, mirror.address, mirror.length);
		kvpci(host, KVPCI_SET_MIRROR, &confirm, "confirm a mirror");
		mirror = (struct kvpci_mirror) { .size = sizeof(mirror) };
	}
	if (errno != ENOENT)
		die("can't find what is mirrored: %m");
}
