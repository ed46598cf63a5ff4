// SPDX-License-Identifier: GPL-2.0
/*
 * The keeper of mirrors: what a launcher does so that the guest reads without an exit,
 * so that a test is the same with mirrors and without. KVPCI_TEST_MIRROR=off in the
 * environment leaves them out.
 *
 * A thread waits for the bridge's mirror eventfd, finds out what has changed and brings
 * the machine's memory in line. A vCPU that was faster, and whose KVM_RUN has failed, does
 * the same itself.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mirrors.h"
#include "pci.h"

#define FIRST_SLOT	1		/* 0 is memory */
#define MAX_MIRRORS	4096

/* A range that has been heard of. Without memory of the guest, @memory is not set. */
struct kept_mirror {
	__u64 offset;
	__u64 length;
	__u64 address;
	void *bytes;
	bool memory;
};

/**
 * struct mirrors - the keeper of a bridge's mirrors
 * @vm: its machine
 * @host: its descriptor
 * @event: its mirror eventfd
 * @control: ends the thread
 * @thread: does it
 * @lock: guards what follows
 * @nr: of @kept that have ever been used
 * @updates: how often memory of the guest has come or gone
 * @kept: by slot; those of no length are free
 */
struct mirrors {
	struct vm *vm;
	int host;
	int event;
	int control;
	pthread_t thread;
	pthread_mutex_t lock;
	unsigned int nr;
	unsigned int updates;
	struct kept_mirror kept[MAX_MIRRORS];
};

bool mirrors_wanted(void)
{
	const char *mode = getenv("KVPCI_TEST_MIRROR");

	return !mode || strcmp(mode, "off");
}

/* What is out of KVM's reach is out of the guest's. */
static void set_memory(struct mirrors *mirrors, struct kept_mirror *kept, bool there)
{
	__u64 limit = 1ULL << mirrors->vm->phys_bits;
	struct kvm_userspace_memory_region region = {
		.slot = FIRST_SLOT + (kept - mirrors->kept),
		.flags = KVM_MEM_READONLY,
		.guest_phys_addr = kept->address,
		.memory_size = there ? kept->length : 0,
		.userspace_addr = (unsigned long)kept->bytes,
	};

	if (kept->memory == there || kept->address + kept->length > limit)
		return;
	if (ioctl(mirrors->vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		die("memory of %#llx bytes at %#llx: %m", kept->length, kept->address);
	kept->memory = there;
	mirrors->updates++;
}

static void map(struct mirrors *mirrors, struct kept_mirror *kept, __u64 offset,
		__u64 length)
{
	kept->offset = offset;
	kept->length = length;
	kept->bytes = mmap(NULL, length, PROT_READ, MAP_SHARED, mirrors->host, offset);
	if (kept->bytes == MAP_FAILED)
		die("mmap of the mirror at %#llx: %m", offset);
}

static struct kept_mirror *find(struct mirrors *mirrors, __u64 offset, __u64 length)
{
	struct kept_mirror *kept, *free = NULL;

	for (kept = mirrors->kept; kept < mirrors->kept + mirrors->nr; kept++) {
		if (kept->length && kept->offset == offset)
			return kept;
		if (!kept->length && !free)
			free = kept;
	}
	if (!free) {
		if (mirrors->nr == MAX_MIRRORS)
			die("more than %d mirrors", MAX_MIRRORS);
		free = &mirrors->kept[mirrors->nr++];
	}
	map(mirrors, free, offset, length);
	return free;
}

/* Who has been there until now has moved as well, and is told of yet. */
static void evict(struct mirrors *mirrors, __u64 address, __u64 length)
{
	struct kept_mirror *kept;

	for (kept = mirrors->kept; kept < mirrors->kept + mirrors->nr; kept++)
		if (kept->memory && kept->address < address + length &&
		    address < kept->address + kept->length)
			set_memory(mirrors, kept, false);
}

static void drop(struct mirrors *mirrors, struct kept_mirror *kept)
{
	set_memory(mirrors, kept, false);
	munmap(kept->bytes, kept->length);
	kept->length = 0;
}

static void follow(struct mirrors *mirrors, const struct kvpci_mirror *told)
{
	bool placed = told->flags & KVPCI_MIRROR_PLACED;
	struct kept_mirror *kept = find(mirrors, told->offset, told->length);
	struct kvpci_mirror confirm = {
		.size = sizeof(confirm),
		.offset = told->offset,
		.sequence = told->sequence,
	};
	int ret;

	if (kept->length != told->length) {
		drop(mirrors, kept);
		map(mirrors, kept, told->offset, told->length);
	}
	if (!placed || kept->address != told->address)
		set_memory(mirrors, kept, false);
	if (placed && !kept->memory) {
		evict(mirrors, told->address, told->length);
		kept->address = told->address;
		set_memory(mirrors, kept, true);
	}

	ret = kvpci_ioctl(mirrors->host, KVPCI_SET_MIRROR, &confirm);
	/* Changed again, or gone: there is another one to be told of. */
	if (ret && ret != -EAGAIN && ret != -ENOENT)
		die("KVPCI_SET_MIRROR: %s", strerror(-ret));
	if (!ret && !placed)
		drop(mirrors, kept);
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
		follow(mirrors, &told);
	}
	if (ret != -ENOENT)
		die("KVPCI_GET_MIRROR: %s", strerror(-ret));
	pthread_mutex_unlock(&mirrors->lock);
}

static void *keep_mirrors(void *arg)
{
	struct mirrors *mirrors = arg;
	struct pollfd fds[] = {
		{ .fd = mirrors->control, .events = POLLIN },
		{ .fd = mirrors->event, .events = POLLIN },
	};

	while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		event_count(mirrors->event);
		mirrors_sync(mirrors);
	}
	return NULL;
}

/**
 * mirrors_new() - make a keeper
 * @vm: the machine
 * @event: what is to be the bridge's mirror eventfd
 */
struct mirrors *mirrors_new(struct vm *vm, int event)
{
	struct mirrors *mirrors = calloc(1, sizeof(*mirrors));

	if (!mirrors)
		die("out of memory");
	mirrors->vm = vm;
	mirrors->event = event;
	mirrors->control = event_new();
	pthread_mutex_init(&mirrors->lock, NULL);
	return mirrors;
}

/**
 * mirrors_begin() - let there be mirrors
 * @mirrors: the keeper
 * @host: the bridge's descriptor
 * @ecam: where its ECAM is, 0 if it has none
 * @first_bus: of the bridge
 * @last_bus: of the bridge
 */
void mirrors_begin(struct mirrors *mirrors, int host, __u64 ecam, __u8 first_bus,
		   __u8 last_bus)
{
	mirrors->host = host;
	if (ecam) {
		struct kept_mirror *kept = &mirrors->kept[mirrors->nr++];
		__u64 start = (__u64)first_bus << 20;

		map(mirrors, kept, start, (last_bus - first_bus + 1ULL) << 20);
		kept->address = ecam + start;
		set_memory(mirrors, kept, true);
	}
	if (pthread_create(&mirrors->thread, NULL, keep_mirrors, mirrors))
		die("pthread_create");
}

/* Let there be none, so that the bridge's descriptor can be closed. */
void mirrors_free(struct mirrors *mirrors)
{
	struct kept_mirror *kept;
	__u64 one = 1;

	if (write(mirrors->control, &one, sizeof(one)) != sizeof(one))
		die("eventfd: %m");
	pthread_join(mirrors->thread, NULL);
	for (kept = mirrors->kept; kept < mirrors->kept + mirrors->nr; kept++)
		if (kept->length)
			drop(mirrors, kept);
	close(mirrors->control);
	close(mirrors->event);
	free(mirrors);
}

/* Is there a mirror at a guest address? */
bool mirrors_has(struct mirrors *mirrors, __u64 addr)
{
	struct kept_mirror *kept;
	bool has = false;

	pthread_mutex_lock(&mirrors->lock);
	for (kept = mirrors->kept; kept < mirrors->kept + mirrors->nr; kept++)
		has |= kept->memory && addr - kept->address < kept->length;
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
