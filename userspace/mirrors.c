// SPDX-License-Identifier: GPL-2.0
/*
 * Mirrors: memory of the guest that is not ours but the kernel module's, and read-only.
 * Configuration space has its place; the parts of BARs follow their BARs.
 *
 * The module takes the pages away itself when a BAR moves, before the guest's write
 * completes. It signals an eventfd when the guest has read at the new place often enough, or
 * when the function has gone; the main thread then moves the memory. A processor that reads
 * from the old place before that can't run, and moves it itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "layout.h"
#include "mirrors.h"
#include "report.h"

static int set_memory(struct mirrors *mirrors, struct mirror *mirror, bool there)
{
	unsigned int slot = VM_FIRST_FREE_SLOT + (mirror - mirrors->entries);

	if (mirror->is_memory == there)
		return STATUS_OK;
	if (!vm_set_memory(mirrors->vm, slot, mirror->address, there ? mirror->length : 0,
			   mirror->bytes, KVM_MEM_READONLY))
		return fail("KVM does not map a mirror of PCI registers, try --mirror=off: %s",
			    strerror(errno));
	mirror->is_memory = there;
	mirrors->count++;
	return STATUS_OK;
}

static int map(const struct mirrors *mirrors, struct mirror *mirror, __u64 offset, __u64 length)
{
	void *bytes = mmap(NULL, length, PROT_READ, MAP_SHARED, mirrors->host->fd, offset);

	if (bytes == MAP_FAILED)
		return fail("cannot map a mirror of PCI registers, try --mirror=off: %s",
			    strerror(errno));
	mirror->bytes = bytes;
	mirror->offset = offset;
	mirror->length = length;
	return STATUS_OK;
}

static int drop(struct mirrors *mirrors, struct mirror *mirror)
{
	int status = set_memory(mirrors, mirror, false);

	munmap(mirror->bytes, mirror->length);
	mirror->length = 0;
	return status;
}

/* An entry that is free, or NULL for want of memory. */
static struct mirror *add_entry(struct mirrors *mirrors)
{
	struct mirror *grown;
	size_t i;

	for (i = 0; i < mirrors->nr; i++) {
		if (!mirrors->entries[i].length)
			return &mirrors->entries[i];
	}
	grown = reallocarray(mirrors->entries, mirrors->nr + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	mirrors->entries = grown;
	grown[mirrors->nr] = (struct mirror){ 0 };
	return &grown[mirrors->nr++];
}

static struct mirror *find(struct mirrors *mirrors, __u64 offset)
{
	size_t i;

	for (i = 0; i < mirrors->nr; i++) {
		struct mirror *mirror = &mirrors->entries[i];

		if (mirror->length && mirror->offset == offset)
			return mirror;
	}
	return NULL;
}

/* Whoever has been at @address has moved too, and will be told of. */
static int make_room(struct mirrors *mirrors, __u64 address, __u64 length)
{
	int status = STATUS_OK;
	size_t i;

	for (i = 0; !status && i < mirrors->nr; i++) {
		struct mirror *mirror = &mirrors->entries[i];

		if (mirror->is_memory && mirror->address < address + length &&
		    address < mirror->address + mirror->length)
			status = set_memory(mirrors, mirror, false);
	}
	return status;
}

/* All but the memory itself: *@found is what is to be memory at the place that was told. */
static int prepare(struct mirrors *mirrors, const struct kvpci_mirror *told,
		   struct mirror **found)
{
	struct mirror *mirror = find(mirrors, told->offset);
	int status = STATUS_OK;

	if (mirror && mirror->length != told->length) {
		status = drop(mirrors, mirror);
		mirror = NULL;
	} else if (mirror && mirror->address != told->address) {
		status = set_memory(mirrors, mirror, false);
	}
	if (!status && !mirror) {
		mirror = add_entry(mirrors);
		if (!mirror)
			return fail("not enough memory for mirrors of PCI registers, try --mirror=off");
		status = map(mirrors, mirror, told->offset, told->length);
	}
	if (!status && !mirror->is_memory) {
		status = make_room(mirrors, told->address, told->length);
		mirror->address = told->address;
	}
	*found = mirror;
	return status;
}

/*
 * One change; *@more: there may be others. Confirmed before there is memory, which the guest,
 * who is reading there, would find without pages.
 */
static int follow(struct mirrors *mirrors, bool *more)
{
	struct kvpci_mirror told = { .size = sizeof(told) };
	struct kvpci_mirror confirm = { .size = sizeof(confirm) };
	struct mirror *mirror = NULL;
	int status = STATUS_OK;

	*more = !ioctl(mirrors->host->fd, KVPCI_GET_MIRROR, &told);
	if (!*more)
		return errno == ENOENT ? STATUS_OK :
		       fail("the kernel does not tell what is mirrored, try --mirror=off: %s",
			    strerror(errno));
	mirrors->changes++;
	if (told.flags & KVPCI_MIRROR_PLACED) {
		status = prepare(mirrors, &told, &mirror);
	} else {
		mirror = find(mirrors, told.offset);
		if (mirror)
			status = drop(mirrors, mirror);
		mirror = NULL;
	}
	if (status)
		return status;

	confirm.offset = told.offset;
	confirm.sequence = told.sequence;
	/* It may have changed again, or gone: then there is more to be told. */
	if (ioctl(mirrors->host->fd, KVPCI_SET_MIRROR, &confirm)) {
		if (errno == EAGAIN || errno == ENOENT)
			return STATUS_OK;
		return fail("the kernel refuses a mirror, try --mirror=off: %s", strerror(errno));
	}
	return mirror ? set_memory(mirrors, mirror, true) : STATUS_OK;
}

int mirrors_sync(struct mirrors *mirrors)
{
	bool more = mirrors->host->mirror_event >= 0;
	int status = STATUS_OK;
	eventfd_t count;

	if (!more)
		return STATUS_OK;
	pthread_mutex_lock(&mirrors->lock);
	/* Before looking, so that what comes while we look is not missed. */
	eventfd_read(mirrors->host->mirror_event, &count);
	while (!status && more)
		status = follow(mirrors, &more);
	pthread_mutex_unlock(&mirrors->lock);
	return status;
}

int mirrors_fault(struct mirrors *mirrors, unsigned long long *changes)
{
	int status = mirrors_sync(mirrors);

	pthread_mutex_lock(&mirrors->lock);
	mirrors->faults++;
	*changes = mirrors->changes;
	pthread_mutex_unlock(&mirrors->lock);
	return status;
}

int mirrors_create(struct mirrors *mirrors, const struct vm *vm, const struct host *host)
{
	struct mirror *ecam;
	int status;

	*mirrors = (struct mirrors){ .vm = vm, .host = host };
	pthread_mutex_init(&mirrors->lock, NULL);
	if (host->mirror_event < 0)
		return STATUS_OK;
	ecam = add_entry(mirrors);
	if (!ecam)
		return fail("not enough memory");
	status = map(mirrors, ecam, 0, host_ecam_size(host));
	if (status)
		return status;
	ecam->address = PCI_ECAM_BASE;
	status = set_memory(mirrors, ecam, true);
	return status ? status : mirrors_sync(mirrors);
}

void mirrors_destroy(struct mirrors *mirrors)
{
	size_t i;

	/* Without them the host bridge would stay open. The guest does not run any more. */
	for (i = 0; i < mirrors->nr; i++) {
		if (mirrors->entries[i].length)
			munmap(mirrors->entries[i].bytes, mirrors->entries[i].length);
	}
	free(mirrors->entries);
	mirrors->entries = NULL;
	mirrors->nr = 0;
}
