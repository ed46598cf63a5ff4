// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The state of a host bridge and of all functions behind it, as one piece:
 *
 *	struct header
 *	for each function, and for the bridge itself, whose path is empty:
 *		struct entry
 *		where the function is, and zeroes up to a multiple of 8
 *		what KVPCI_GET_STATE gives
 *
 * A function is found by its place, since the order in which they were made may be another one. One
 * that was behind a bridge which has gone has no place any more, and no state.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define STATE_MAGIC	0x74732d696370766bULL
#define STATE_VERSION	1
#define STATE_PLUGGED	(1U << 0)

struct header {
	__u64 magic;
	__u32 version;
	__u32 entries;
	__u64 length;
};

struct entry {
	__u32 flags;
	__u32 path_length;
	__u64 length;
};

/* Part of a state that is being written; without @data it is only measured. */
struct writer {
	__u8 *data;
	size_t room;
	size_t length;
	__u32 entries;
};

/* One that is being read. */
struct reader {
	const __u8 *next;
	size_t left;
};

static size_t padded(size_t length)
{
	return (length + 7) & ~(size_t)7;
}

static int write_entry(struct writer *writer, int fd, const struct kvpci_function *function)
{
	struct entry entry = {
		.flags = function && function->plugged ? STATE_PLUGGED : 0,
		.path_length = function ? function->path_length : 0,
	};
	struct kvpci_state state = { .size = sizeof(state) };
	__u8 *place = writer->data ? writer->data + writer->length : NULL;
	int ret;

	ret = libkvpci_ioctl(fd, KVPCI_GET_STATE, &state);
	if (ret)
		return ret;
	entry.length = state.length;
	writer->length += sizeof(entry) + padded(entry.path_length) + state.length;
	writer->entries++;
	if (!place)
		return 0;
	/* Somebody adds ranges meanwhile; or just now, below. */
	if (writer->length > writer->room)
		return -EAGAIN;
	memcpy(place, &entry, sizeof(entry));
	place += sizeof(entry);
	if (function)
		memcpy(place, function->path, entry.path_length);
	state.data = libkvpci_pointer(place + padded(entry.path_length));
	ret = libkvpci_ioctl(fd, KVPCI_GET_STATE, &state);
	if (ret == -ENOSPC || (!ret && state.length != entry.length))
		return -EAGAIN;
	return ret;
}

/* Is it one of the functions that have state? The host bridge's lock is held. */
static bool is_there(const struct kvpci_function *function)
{
	return function && function->fd >= 0 && !function->orphan;
}

/* How long a state is follows from what the functions were made of, so it stays the same. */
static int write_all(struct kvpci_host *host, struct writer *writer)
{
	int ret;
	size_t i;

	writer->length = sizeof(struct header);
	writer->entries = 0;
	ret = write_entry(writer, host->fd, NULL);
	for (i = 0; !ret && i < host->nr; i++) {
		if (is_there(host->function[i]))
			ret = write_entry(writer, host->function[i]->fd, host->function[i]);
	}
	return ret;
}

static int save(struct kvpci_host *host, struct writer *writer)
{
	struct header header = { .magic = STATE_MAGIC, .version = STATE_VERSION };
	int ret;

	ret = write_all(host, writer);
	if (ret)
		return ret;
	writer->room = writer->length;
	writer->data = calloc(1, writer->room);
	if (!writer->data)
		return -ENOMEM;
	ret = write_all(host, writer);
	if (ret) {
		free(writer->data);
		return ret;
	}
	header.entries = writer->entries;
	header.length = writer->length;
	memcpy(writer->data, &header, sizeof(header));
	return 0;
}

int kvpci_host_save(struct kvpci_host *host, void **data, size_t *length)
{
	struct writer writer = { .data = NULL };
	int ret = kvpci_host_drain(host);

	if (ret)
		return ret;
	pthread_rwlock_rdlock(&host->lock);
	ret = save(host, &writer);
	pthread_rwlock_unlock(&host->lock);
	if (ret)
		return ret;
	*data = writer.data;
	*length = writer.length;
	return 0;
}

/* Take what is next; NULL: there is less. */
static const void *take(struct reader *reader, __u64 length)
{
	const void *taken = reader->next;

	if (length > reader->left)
		return NULL;
	reader->next += length;
	reader->left -= length;
	return taken;
}

/* Which function, from 1 on, is at that place, and plugged or not likewise? 0: none. */
static size_t find_place(const struct kvpci_host *host, const struct entry *entry,
			 const __u8 *path)
{
	size_t i;

	for (i = 0; i < host->nr; i++) {
		const struct kvpci_function *function = host->function[i];

		if (is_there(function) && function->path_length == entry->path_length &&
		    !memcmp(function->path, path, entry->path_length) &&
		    function->plugged == (bool)(entry->flags & STATE_PLUGGED))
			return i + 1;
	}
	return 0;
}

/* One entry: where its records are goes into @states, by function, the bridge's being the first. */
static int read_entry(const struct kvpci_host *host, struct reader *reader,
		      struct kvpci_state *states)
{
	const void *head = take(reader, sizeof(struct entry));
	const void *path, *records;
	struct entry entry;
	size_t i = 0;

	if (!head)
		return -EINVAL;
	memcpy(&entry, head, sizeof(entry));
	path = take(reader, padded(entry.path_length));
	records = path ? take(reader, entry.length) : NULL;
	if (!records || entry.flags & ~STATE_PLUGGED)
		return -EINVAL;
	if (entry.path_length) {
		i = find_place(host, &entry, path);
		if (!i)
			return -EINVAL;
	}
	if (states[i].data)
		return -EINVAL;
	states[i] = (struct kvpci_state){
		.size = sizeof(states[i]), .data = libkvpci_pointer(records),
		.length = entry.length,
	};
	return 0;
}

static int read_all(const struct kvpci_host *host, const void *data, size_t length,
		    struct kvpci_state *states)
{
	struct reader reader = { .next = data, .left = length };
	const void *head = take(&reader, sizeof(struct header));
	struct header header;
	int ret = 0;
	size_t i;

	if (!head)
		return -EINVAL;
	memcpy(&header, head, sizeof(header));
	if (header.magic != STATE_MAGIC)
		return -EINVAL;
	if (header.version != STATE_VERSION)
		return -EOPNOTSUPP;
	if (header.length != length)
		return -EINVAL;
	for (i = 0; !ret && i < header.entries; i++)
		ret = read_entry(host, &reader, states);
	if (ret || reader.left || !states[0].data)
		return ret ? ret : -EINVAL;
	/* And each of the functions that there are. */
	for (i = 0; i < host->nr; i++) {
		if (is_there(host->function[i]) && !states[i + 1].data)
			return -EINVAL;
	}
	return 0;
}

static int restore(struct kvpci_host *host, const void *data, size_t length)
{
	struct kvpci_state *states = calloc(host->nr + 1, sizeof(*states));
	int ret;
	size_t i;

	if (!states)
		return -ENOMEM;
	ret = read_all(host, data, length, states);
	if (!ret)
		ret = libkvpci_ioctl(host->fd, KVPCI_SET_STATE, &states[0]);
	for (i = 0; !ret && i < host->nr; i++) {
		if (is_there(host->function[i]))
			ret = libkvpci_ioctl(host->function[i]->fd, KVPCI_SET_STATE,
					     &states[i + 1]);
	}
	free(states);
	return ret;
}

int kvpci_host_restore(struct kvpci_host *host, const void *data, size_t length)
{
	int ret;

	pthread_rwlock_rdlock(&host->lock);
	ret = restore(host, data, length);
	pthread_rwlock_unlock(&host->lock);
	libkvpci_follow(host);
	return ret ? ret : kvpci_host_sync(host);
}
