// SPDX-License-Identifier: GPL-2.0
/*
 * Mirrors: memory that the guest reads without an exit, which the module has made and
 * whoever runs the machine has to put where the guest has moved it. Who is told that
 * something has changed, or whose KVM_RUN has failed, calls mirrors_sync().
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/kvm.h>

#include "die.h"
#include "ioctls.h"
#include "mirrors.h"

#define FIRST_SLOT	1		/* 0 is memory */
#define MAX_MIRRORS	4096

/* A range that has been heard of. Without memory of the guest, @memory is not set. */
struct mirror {
	__u64 offset;
	__u64 length;
	__u64 address;
	void *bytes;
	bool memory;
};

/**
 * struct mirrors - the mirrors of a bridge
 * @vm: descriptor of its machine
 * @limit: where the guest's physical addresses end
 * @host: its descriptor
 * @lock: guards what follows
 * @nr: of @mirror that have ever been used
 * @updates: how often memory of the guest has come or gone
 * @mirror: by slot; those of no length are free
 */
struct mirrors {
	int vm;
	__u64 limit;
	int host;
	pthread_mutex_t lock;
	unsigned int nr;
	unsigned int updates;
	struct mirror mirror[MAX_MIRRORS];
};

/* What is out of KVM's reach is out of the guest's. */
static void set_memory(struct mirrors *mirrors, struct mirror *mirror, bool there)
{
	struct kvm_userspace_memory_region region = {
		.slot = FIRST_SLOT + (mirror - mirrors->mirror),
		.flags = KVM_MEM_READONLY,
		.guest_phys_addr = mirror->address,
		.memory_size = there ? mirror->length : 0,
		.userspace_addr = (unsigned long)mirror->bytes,
	};

	if (mirror->memory == there || mirror->address + mirror->length > mirrors->limit)
		return;
	if (ioctl(mirrors->vm, KVM_SET_USER_MEMORY_REGION, &region))
		die("memory of %#llx bytes at %#llx: %m", mirror->length, mirror->address);
	mirror->memory = there;
	mirrors->updates++;
}

static void map_mirror(struct mirrors *mirrors, struct mirror *mirror, __u64 offset,
		       __u64 length)
{
	mirror->offset = offset;
	mirror->length = length;
	mirror->bytes = mmap(NULL, length, PROT_READ, MAP_SHARED, mirrors->host, offset);
	if (mirror->bytes == MAP_FAILED)
		die("mmap of the mirror at %#llx: %m", offset);
}

static struct mirror *find_mirror(struct mirrors *mirrors, __u64 offset, __u64 length)
{
	struct mirror *mirror, *free = NULL;

	for (mirror = mirrors->mirror; mirror < mirrors->mirror + mirrors->nr; mirror++) {
		if (mirror->length && mirror->offset == offset)
			return mirror;
		if (!mirror->length && !free)
			free = mirror;
	}
	if (!free) {
		if (mirrors->nr == MAX_MIRRORS)
			die("more than %d mirrors", MAX_MIRRORS);
		free = &mirrors->mirror[mirrors->nr++];
	}
	map_mirror(mirrors, free, offset, length);
	return free;
}

/* Who has been there until now has moved as well, and is told of yet. */
static void evict_others(struct mirrors *mirrors, __u64 address, __u64 length)
{
	struct mirror *mirror;

	for (mirror = mirrors->mirror; mirror < mirrors->mirror + mirrors->nr; mirror++)
		if (mirror->memory && mirror->address < address + length &&
		    address < mirror->address + mirror->length)
			set_memory(mirrors, mirror, false);
}

static void drop_mirror(struct mirrors *mirrors, struct mirror *mirror)
{
	set_memory(mirrors, mirror, false);
	munmap(mirror->bytes, mirror->length);
	mirror->length = 0;
}

static void follow_mirror(struct mirrors *mirrors, const struct kvpci_mirror *told)
{
	bool placed = told->flags & KVPCI_MIRROR_PLACED;
	struct mirror *mirror = find_mirror(mirrors, told->offset, told->length);
	struct kvpci_mirror confirm = {
		.size = sizeof(confirm),
		.offset = told->offset,
		.sequence = told->sequence,
	};
	int ret;

	if (mirror->length != told->length) {
		drop_mirror(mirrors, mirror);
		map_mirror(mirrors, mirror, told->offset, told->length);
	}
	if (!placed || mirror->address != told->address)
		set_memory(mirrors, mirror, false);
	if (placed && !mirror->memory) {
		evict_others(mirrors, told->address, told->length);
		mirror->address = told->address;
	}

	/* Before there is memory, which the guest would find without pages. */
	ret = kvpci_ioctl(mirrors->host, KVPCI_SET_MIRROR, &confirm);
	/* Changed again, or gone: there is another one to be told of. */
	if (ret && ret != -EAGAIN && ret != -ENOENT)
		die("KVPCI_SET_MIRROR: %s", strerror(-ret));
	if (!ret && placed)
		set_memory(mirrors, mirror, true);
	else if (!ret)
		drop_mirror(mirrors, mirror);
}

/* Bring the memory of the guest in line with what has changed. */
void mirrors_sync(struct mirrors *mirrors)
{
	struct kvpci_mirror told;
	int ret;

	if (!mirrors)
		return;

	pthread_mutex_lock(&mirrors->lock);
	for (;;) {
		told = (struct kvpci_mirror) { .size = sizeof(told) };
		ret = kvpci_ioctl(mirrors->host, KVPCI_GET_MIRROR, &told);
		if (ret)
			break;
		follow_mirror(mirrors, &told);
	}
	if (ret != -ENOENT)
		die("KVPCI_GET_MIRROR: %s", strerror(-ret));
	pthread_mutex_unlock(&mirrors->lock);
}

/**
 * mirrors_new() - begin to keep a bridge's mirrors
 * @vm: descriptor of its machine
 * @phys_bits: width of the guest's physical addresses
 * @host: descriptor of the bridge
 */
struct mirrors *mirrors_new(int vm, unsigned int phys_bits, int host)
{
	struct mirrors *mirrors = calloc(1, sizeof(*mirrors));

	if (!mirrors)
		die("out of memory");
	mirrors->vm = vm;
	mirrors->limit = 1ULL << phys_bits;
	mirrors->host = host;
	pthread_mutex_init(&mirrors->lock, NULL);
	return mirrors;
}

/**
 * mirrors_add_ecam() - let the guest read the bridge's ECAM
 * @mirrors: those of the bridge
 * @ecam: where it is
 * @first_bus: of the bridge
 * @last_bus: of the bridge
 */
void mirrors_add_ecam(struct mirrors *mirrors, __u64 ecam, __u8 first_bus, __u8 last_bus)
{
	__u64 start = (__u64)first_bus << 20;
	struct mirror *mirror;

	pthread_mutex_lock(&mirrors->lock);
	mirror = find_mirror(mirrors, start, (last_bus - first_bus + 1ULL) << 20);
	mirror->address = ecam + start;
	set_memory(mirrors, mirror, true);
	pthread_mutex_unlock(&mirrors->lock);
}

/* Let there be none, so that the bridge's descriptor can be closed. */
void mirrors_free(struct mirrors *mirrors)
{
	struct mirror *mirror;

	for (mirror = mirrors->mirror; mirror < mirrors->mirror + mirrors->nr; mirror++)
		if (mirror->length)
			drop_mirror(mirrors, mirror);
	pthread_mutex_destroy(&mirrors->lock);
	free(mirrors);
}

/* Is there a mirror at a guest address? */
bool mirrors_has(struct mirrors *mirrors, __u64 addr)
{
	struct mirror *mirror;
	bool has = false;

	pthread_mutex_lock(&mirrors->lock);
	for (mirror = mirrors->mirror; mirror < mirrors->mirror + mirrors->nr; mirror++)
		has |= mirror->memory && addr - mirror->address < mirror->length;
	pthread_mutex_unlock(&mirrors->lock);
	return has;
}

unsigned int mirrors_updates(struct mirrors *mirrors)
{
	unsigned int updates;

	pthread_mutex_lock(&mirrors->lock);
	updates = mirrors->updates;
	pthread_mutex_unlock(&mirrors->lock);
	return updates;
}
