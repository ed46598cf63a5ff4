// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory of the guest that follows its BARs: mirrors, which are pages of the kernel module's that
 * the guest only reads, and memory of the caller's. Configuration space is one that has its place,
 * or several: where accesses to a function's have to come to the caller, there is a hole of a page.
 *
 * The kernel takes a mirror's pages away itself when a BAR moves, before the guest's write
 * completes. It signals an eventfd when the guest has read at the new place often enough, or when
 * the function has gone; the event loop then moves the memory. A vCPU that reads from the old
 * place before that can't run, and its thread moves it. Of memory of the caller's the kernel can't
 * take anything away: the guest's write waits until the vCPU's thread has moved it.
 *
 * Each range that is placed has a slot of KVM's. If there are too few, or too little memory for
 * one, the range is none of the guest's memory, and accesses come to the kernel or to the caller:
 * that is slower, and no reason for a vCPU not to go on.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

/* Mirrors of BARs begin beyond what 31 bits tell. */
static_assert(sizeof(off_t) == sizeof(__u64), "compile with -D_FILE_OFFSET_BITS=64");

/* So often in a row a vCPU may fail where nothing has moved: others may have moved it before. */
#define MAX_FAULTS	100

/* So many changes are followed at a time: a guest may make them faster than that. */
#define MAX_CHANGES	1024

#define HOLE_LENGTH	4096

/* Beyond the guest's physical addresses there is no memory, and nobody who could miss it. */
static bool is_reachable(const struct kvpci_host *host, const struct libkvpci_mirror *mirror)
{
	__u32 bits = host->machine.phys_bits;

	return !bits || bits >= 64 || mirror->address + mirror->length <= 1ULL << bits;
}

static int set_memory(struct kvpci_host *host, struct libkvpci_mirror *mirror, bool there)
{
	struct kvm_userspace_memory_region region = {
		.slot = host->machine.first_slot + (mirror - host->mirrors.mirror),
		.flags = mirror->kvm_flags,
		.guest_phys_addr = mirror->address,
		.memory_size = there ? mirror->length : 0,
		.userspace_addr = libkvpci_pointer(mirror->bytes),
	};
	int ret;

	if (mirror->is_memory == there)
		return 0;
	if (there && (!mirror->bytes || !is_reachable(host, mirror)))
		return 0;
	ret = libkvpci_ioctl(host->config.vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
	if (ret)
		return ret;
	mirror->is_memory = there;
	host->mirrors.count++;
	return 0;
}

static int drop(struct kvpci_host *host, struct libkvpci_mirror *mirror)
{
	int ret = set_memory(host, mirror, false);

	if (ret)
		return ret;
	if (mirror->bytes && !mirror->owner)
		munmap(mirror->bytes, mirror->length);
	*mirror = (struct libkvpci_mirror){ .length = 0 };
	return 0;
}

/* One that is free; NULL: none, and *@error says why. */
static struct libkvpci_mirror *find_free(struct kvpci_host *host, int *error)
{
	struct libkvpci_mirrors *mirrors = &host->mirrors;
	struct libkvpci_mirror *grown;
	size_t i;

	for (i = 0; i < mirrors->nr; i++) {
		if (!mirrors->mirror[i].length)
			return &mirrors->mirror[i];
	}
	*error = -ENOSPC;
	if (mirrors->nr == host->machine.nr_slots)
		return NULL;
	*error = -ENOMEM;
	grown = reallocarray(mirrors->mirror, mirrors->nr + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	mirrors->mirror = grown;
	grown[mirrors->nr] = (struct libkvpci_mirror){ .length = 0 };
	return &grown[mirrors->nr++];
}

static struct libkvpci_mirror *find(struct libkvpci_mirrors *mirrors, __u64 offset)
{
	size_t i;

	for (i = 0; i < mirrors->nr; i++) {
		struct libkvpci_mirror *mirror = &mirrors->mirror[i];

		if (mirror->length && mirror->offset == offset)
			return mirror;
	}
	return NULL;
}

static const struct libkvpci_memory *find_memory(const struct libkvpci_mirrors *mirrors,
						 __u64 owner, __u32 bar, __u64 place)
{
	size_t i;

	for (i = 0; i < mirrors->nr_memory; i++) {
		const struct libkvpci_memory *memory = &mirrors->memory[i];

		if (memory->owner == owner && memory->bar == bar && memory->place == place)
			return memory;
	}
	return NULL;
}

/* What a range has that has not been told of before. */
static int map(struct kvpci_host *host, struct libkvpci_mirror *mirror,
	       const struct kvpci_mirror *told)
{
	const struct libkvpci_memory *memory;
	void *bytes;

	*mirror = (struct libkvpci_mirror){ .kvm_flags = KVM_MEM_READONLY };
	if (told->flags & KVPCI_MIRROR_EXTERNAL) {
		/* It is not here if its function is just going, or it was added by an ioctl. */
		memory = find_memory(&host->mirrors, told->user_data, told->bar, told->place);
		mirror->owner = told->user_data;
		if (memory && memory->length == told->length) {
			mirror->bytes = memory->bytes;
			mirror->kvm_flags = memory->kvm_flags;
		}
	} else {
		bytes = mmap(NULL, told->length, PROT_READ, MAP_SHARED, host->fd, told->offset);
		if (bytes == MAP_FAILED)
			return -errno;
		mirror->bytes = bytes;
		/* A child would keep the bridge, and its memory, when this process has gone. */
		madvise(bytes, told->length, MADV_DONTFORK);
	}
	mirror->offset = told->offset;
	mirror->length = told->length;
	return 0;
}

/* Whoever has been at @address has moved too, and will be told of. */
static int make_room(struct kvpci_host *host, __u64 address, __u64 length)
{
	int ret = 0;
	size_t i;

	for (i = 0; !ret && i < host->mirrors.nr; i++) {
		struct libkvpci_mirror *mirror = &host->mirrors.mirror[i];

		if (mirror->is_memory && mirror->address < address + length &&
		    address < mirror->address + mirror->length)
			ret = set_memory(host, mirror, false);
	}
	return ret;
}

/* Have an entry for what has been told; NULL: it will be no memory, which is noted. */
static struct libkvpci_mirror *add(struct kvpci_host *host, const struct kvpci_mirror *told)
{
	int error = 0;
	struct libkvpci_mirror *mirror = find_free(host, &error);

	if (mirror) {
		error = map(host, mirror, told);
		if (!error)
			return mirror;
	}
	host->mirrors.error = error;
	return NULL;
}

/* All but the memory itself: *@found is what is to be memory at the place that was told, if any. */
static int prepare(struct kvpci_host *host, const struct kvpci_mirror *told,
		   struct libkvpci_mirror **found)
{
	struct libkvpci_mirror *mirror = find(&host->mirrors, told->offset);
	int ret = 0;

	if (mirror && (mirror->length != told->length || mirror->owner != told->user_data)) {
		ret = drop(host, mirror);
		mirror = NULL;
	} else if (mirror && mirror->address != told->address) {
		ret = set_memory(host, mirror, false);
	}
	if (!ret && !mirror)
		mirror = add(host, told);
	if (!ret && !(mirror && mirror->is_memory))
		ret = make_room(host, told->address, told->length);
	if (!ret && mirror && !mirror->is_memory)
		mirror->address = told->address;
	*found = mirror;
	return ret;
}

/*
 * What one change asks for. It is confirmed before there is memory, which the guest, who is
 * reading there, would find without pages.
 */
static int follow(struct kvpci_host *host, const struct kvpci_mirror *told)
{
	struct kvpci_mirror confirm = {
		.size = sizeof(confirm), .offset = told->offset, .sequence = told->sequence,
	};
	struct libkvpci_mirror *mirror = NULL;
	int ret = 0;

	host->mirrors.changes++;
	if (told->flags & KVPCI_MIRROR_PLACED) {
		ret = prepare(host, told, &mirror);
	} else {
		mirror = find(&host->mirrors, told->offset);
		if (mirror)
			ret = drop(host, mirror);
		mirror = NULL;
	}
	if (ret)
		return ret;
	ret = libkvpci_ioctl(host->fd, KVPCI_SET_MIRROR, &confirm);
	/* If it has changed again, that is told of. If it has gone, nothing is. */
	if (ret == -EAGAIN || ret == -ENOENT)
		return mirror && !mirror->is_memory ? drop(host, mirror) : 0;
	return ret || !mirror ? ret : set_memory(host, mirror, true);
}

static __u64 ecam_start(const struct kvpci_host *host)
{
	return (__u64)host->config.first_bus << 20;
}

/* 0: the guest has no memory of it. */
static __u64 ecam_end(const struct kvpci_host *host)
{
	return host->config.flags & KVPCI_HOST_ECAM ? (host->config.last_bus + 1ULL) << 20 : 0;
}

/* Where is the first hole from @offset of configuration space on, or its end? */
static __u64 next_hole(const struct kvpci_host *host, __u64 offset)
{
	__u64 next = ecam_end(host);
	size_t i;

	for (i = 0; i < host->mirrors.nr_holes; i++) {
		__u64 at = host->mirrors.hole[i].address - host->config.ecam;

		if (at >= offset && at < next)
			next = at;
	}
	return next;
}

/* Is @mirror all that there is between two holes? */
static bool is_piece(const struct kvpci_host *host, const struct libkvpci_mirror *mirror)
{
	__u64 before = mirror->offset - HOLE_LENGTH;

	return (mirror->offset == ecam_start(host) || next_hole(host, before) == before) &&
	       next_hole(host, mirror->offset) == mirror->offset + mirror->length;
}

static int add_piece(struct kvpci_host *host, __u64 offset, __u64 length)
{
	const struct kvpci_mirror piece = { .offset = offset, .length = length };
	struct libkvpci_mirror *mirror = find(&host->mirrors, offset);

	if (mirror)
		return 0;
	mirror = add(host, &piece);
	if (!mirror)
		return host->mirrors.error;
	mirror->address = host->config.ecam + offset;
	return set_memory(host, mirror, true);
}

/* Let configuration space be memory, but for holes. Without it the kernel answers meanwhile. */
static int lay_out_ecam(struct kvpci_host *host)
{
	__u64 at, end = ecam_end(host);
	int ret = 0;
	size_t i;

	host->mirrors.astray = true;
	for (i = 0; !ret && i < host->mirrors.nr; i++) {
		struct libkvpci_mirror *mirror = &host->mirrors.mirror[i];

		if (mirror->length && mirror->offset < end && !is_piece(host, mirror))
			ret = drop(host, mirror);
	}
	if (ret)
		return ret;
	host->mirrors.astray = false;
	for (at = ecam_start(host); !ret && at < end; at = next_hole(host, at) + HOLE_LENGTH) {
		__u64 length = next_hole(host, at) - at;

		if (length)
			ret = add_piece(host, at, length);
	}
	if (ret)
		host->mirrors.error = ret;
	return 0;
}

static struct libkvpci_hole *find_hole(struct libkvpci_mirrors *mirrors, __u64 offset)
{
	size_t i;

	for (i = 0; i < mirrors->nr_holes; i++) {
		if (mirrors->hole[i].offset == offset)
			return &mirrors->hole[i];
	}
	return NULL;
}

/* Have room for one more. */
static int grow_holes(struct libkvpci_mirrors *mirrors)
{
	struct libkvpci_hole *grown;

	grown = reallocarray(mirrors->hole, mirrors->nr_holes + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	mirrors->hole = grown;
	return 0;
}

/* Have a hole be where it was told to be, or nowhere. */
static void set_hole(struct libkvpci_mirrors *mirrors, const struct kvpci_mirror *told)
{
	struct libkvpci_hole *hole = find_hole(mirrors, told->offset);

	if (!(told->flags & KVPCI_MIRROR_PLACED)) {
		if (hole)
			*hole = mirrors->hole[--mirrors->nr_holes];
		return;
	}
	if (!hole)
		hole = &mirrors->hole[mirrors->nr_holes++];
	*hole = (struct libkvpci_hole){ .offset = told->offset, .address = told->address };
}

static int follow_hole(struct kvpci_host *host, const struct kvpci_mirror *told)
{
	struct kvpci_mirror confirm = {
		.size = sizeof(confirm), .offset = told->offset, .sequence = told->sequence,
	};
	int ret;

	host->mirrors.changes++;
	ret = grow_holes(&host->mirrors);
	if (!ret)
		ret = libkvpci_ioctl(host->fd, KVPCI_SET_MIRROR, &confirm);
	/* It may be back where it was, or else is told of again: there it stays until then. */
	if (ret)
		return ret == -EAGAIN || ret == -ENOENT ? 0 : ret;
	set_hole(&host->mirrors, told);
	return lay_out_ecam(host);
}

/* Follow one change. Returns -ENOENT if there is none. */
static int follow_next(struct kvpci_host *host)
{
	struct kvpci_mirror told = { .size = sizeof(told) };
	int ret = libkvpci_ioctl(host->fd, KVPCI_GET_MIRROR, &told);

	if (ret)
		return ret;
	return told.flags & KVPCI_MIRROR_TRAPPED ? follow_hole(host, &told) : follow(host, &told);
}

/* The caller holds the lock. */
static int sync_mirrors(struct kvpci_host *host)
{
	int ret, i;

	/* Before looking, so that what comes while we look is not missed. */
	libkvpci_event_clear(host->mirror_event);
	ret = host->mirrors.astray ? lay_out_ecam(host) : 0;
	for (i = 0; !ret && i < MAX_CHANGES; i++)
		ret = follow_next(host);
	/* There may be more: others are to have a turn. */
	if (!ret)
		libkvpci_event_signal(host->mirror_event);
	return ret == -ENOENT ? 0 : ret;
}

int libkvpci_mirrors_sync(struct kvpci_host *host)
{
	int ret;

	if (host->mirror_event < 0)
		return 0;
	pthread_mutex_lock(&host->mirrors.lock);
	ret = sync_mirrors(host);
	pthread_mutex_unlock(&host->mirrors.lock);
	return ret;
}

int kvpci_host_sync(struct kvpci_host *host)
{
	int ret = libkvpci_mirrors_sync(host);

	if (ret || host->mirror_event < 0)
		return ret;
	pthread_mutex_lock(&host->mirrors.lock);
	ret = host->mirrors.error;
	host->mirrors.error = 0;
	pthread_mutex_unlock(&host->mirrors.lock);
	return ret;
}

int kvpci_host_fault(struct kvpci_host *host, struct kvpci_fault *fault)
{
	int ret;

	if (host->mirror_event < 0)
		return -EFAULT;
	pthread_mutex_lock(&host->mirrors.lock);
	ret = sync_mirrors(host);
	host->mirrors.faults++;
	if (fault->changes != host->mirrors.changes)
		fault->times = 0;
	fault->changes = host->mirrors.changes;
	pthread_mutex_unlock(&host->mirrors.lock);
	if (!ret && fault->times++ == MAX_FAULTS)
		ret = -EFAULT;
	return ret;
}

/* Have the event loop try again what could not be done, and tell why. */
static void try_later(struct kvpci_host *host, int error)
{
	host->mirrors.error = error;
	libkvpci_event_signal(host->mirror_event);
}

/* After something that the caller has done to a BAR: the kernel does not tell of that. */
void libkvpci_mirrors_follow(struct kvpci_host *host)
{
	int ret = 0;

	if (host->mirror_event < 0)
		return;
	pthread_mutex_lock(&host->mirrors.lock);
	if (host->mirrors.nr_memory)
		ret = sync_mirrors(host);
	if (ret)
		try_later(host, ret);
	pthread_mutex_unlock(&host->mirrors.lock);
}

/* Before there is a guest that could read: the ECAM. */
int libkvpci_mirrors_init(struct kvpci_host *host)
{
	int ret;

	pthread_mutex_init(&host->mirrors.lock, NULL);
	if (host->mirror_event < 0)
		return 0;
	ret = lay_out_ecam(host);
	return ret ? ret : host->mirrors.error;
}

/* What is mapped keeps the bridge's descriptor open. */
void libkvpci_mirrors_destroy(struct kvpci_host *host)
{
	struct libkvpci_mirrors *mirrors = &host->mirrors;
	size_t i;

	for (i = 0; i < mirrors->nr; i++) {
		if (mirrors->mirror[i].length)
			drop(host, &mirrors->mirror[i]);
	}
	free(mirrors->mirror);
	free(mirrors->hole);
	free(mirrors->memory);
	pthread_mutex_destroy(&mirrors->lock);
}

/*
 * Have no memory of the function's in the guest, nor place any from now on: it is to be closed. If
 * KVM has no memory to do that, it is done when the kernel tells that the function has gone.
 */
void libkvpci_mirrors_remove(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;
	struct libkvpci_mirrors *mirrors = &host->mirrors;
	size_t i, left = 0;
	int ret;

	pthread_mutex_lock(&mirrors->lock);
	for (i = 0; i < mirrors->nr; i++) {
		struct libkvpci_mirror *mirror = &mirrors->mirror[i];

		if (!mirror->length || mirror->owner != function->number)
			continue;
		ret = set_memory(host, mirror, false);
		if (ret)
			try_later(host, ret);
		mirror->bytes = NULL;
	}
	for (i = 0; i < mirrors->nr_memory; i++) {
		if (mirrors->memory[i].owner != function->number)
			mirrors->memory[left++] = mirrors->memory[i];
	}
	mirrors->nr_memory = left;
	pthread_mutex_unlock(&mirrors->lock);
}

/* The range of memory that was at @place of @bar is not there any more. */
void libkvpci_mirrors_forget(struct kvpci_function *function, __u32 bar, __u64 place)
{
	struct libkvpci_mirrors *mirrors = &function->host->mirrors;
	size_t i;

	pthread_mutex_lock(&mirrors->lock);
	for (i = 0; i < mirrors->nr_memory; i++) {
		struct libkvpci_memory *memory = &mirrors->memory[i];

		if (memory->owner == function->number && memory->bar == bar &&
		    memory->place == place) {
			*memory = mirrors->memory[--mirrors->nr_memory];
			break;
		}
	}
	pthread_mutex_unlock(&mirrors->lock);
}

static int remember(struct libkvpci_mirrors *mirrors, const struct libkvpci_memory *memory)
{
	struct libkvpci_memory *grown;

	grown = reallocarray(mirrors->memory, mirrors->nr_memory + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[mirrors->nr_memory++] = *memory;
	mirrors->memory = grown;
	return 0;
}

/* KVM would refuse it when the guest has placed the BAR, where nobody could be told. */
static bool is_usable(const void *bytes, __u64 length, __u32 kvm_flags)
{
	__u64 start = libkvpci_pointer(bytes);

	return bytes && !(start % sysconf(_SC_PAGESIZE)) && start + length - 1 >= start &&
	       start + length - 1 <= UINTPTR_MAX &&
	       !(kvm_flags & ~(KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES));
}

int kvpci_function_add_memory(struct kvpci_function *function, __u32 bar, __u64 offset,
			      __u64 length, void *bytes, __u32 kvm_flags)
{
	const struct libkvpci_memory memory = {
		.owner = function->number, .bar = bar, .kvm_flags = kvm_flags, .place = offset,
		.length = length, .bytes = bytes,
	};
	struct kvpci_range_config range = {
		.size = sizeof(range), .bar = bar, .kind = KVPCI_RANGE_MEMORY, .offset = offset,
		.length = length,
	};
	struct libkvpci_mirrors *mirrors = &function->host->mirrors;
	int ret;

	if (!is_usable(bytes, length, kvm_flags))
		return -EINVAL;
	ret = libkvpci_ioctl(function->fd, KVPCI_ADD_RANGE, &range);
	if (ret)
		return ret;
	/* The kernel tells of it when the function has been plugged. */
	pthread_mutex_lock(&mirrors->lock);
	ret = remember(mirrors, &memory);
	pthread_mutex_unlock(&mirrors->lock);
	if (ret) {
		range.flags = KVPCI_RANGE_REMOVE;
		libkvpci_ioctl(function->fd, KVPCI_ADD_RANGE, &range);
	}
	return ret;
}
