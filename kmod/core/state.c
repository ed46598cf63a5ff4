// SPDX-License-Identifier: GPL-2.0
/*
 * State as a sequence of records, as the uapi has it: a header each, which says what it is
 * about and how long it is, its contents, and zeroes up to a multiple of 8.
 *
 * Which records there are, and in which order, follows from what a function has been made
 * of. So who reads them knows what has to come next, and anything else is refused.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "core/state.h"

#define RECORD_ALIGN	8

/* The last type that this kernel knows. */
#define LAST_TYPE	KVPCI_STATE_VIRTIO

/**
 * kvpci_state_add() - write the header of the next record
 * @writer: the sequence; its memory is all zeroes and as long as all records together
 * @record: the header
 *
 * Return: where the record's contents are to be put; NULL if the sequence is only measured
 */
void *kvpci_state_add(struct kvpci_state_writer *writer,
		      const struct kvpci_state_record *record)
{
	u8 *to = writer->data ? writer->data + writer->length : NULL;

	writer->length += sizeof(*record) + ALIGN(record->length, RECORD_ALIGN);
	if (!to)
		return NULL;

	memcpy(to, record, sizeof(*record));
	return to + sizeof(*record);
}

static bool is_zero(const u8 *bytes, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		if (bytes[i])
			return false;

	return true;
}

/**
 * kvpci_state_next() - read the next record
 * @reader: the sequence
 * @expected: the header that it is to have
 * @contents: where to put the place of its contents, @expected->length bytes
 *
 * Return: 0; -EOPNOTSUPP if its type or version is one that a later kernel may know; -EINVAL if
 * there is no such record, or not all of it
 */
int kvpci_state_next(struct kvpci_state_reader *reader,
		     const struct kvpci_state_record *expected, const void **contents)
{
	const struct kvpci_state_record *record = (const void *)reader->data;
	u32 pad = -expected->length & (RECORD_ALIGN - 1);
	u64 length = sizeof(*record) + expected->length + pad;

	if (reader->length < sizeof(*record))
		return -EINVAL;
	if (record->type > LAST_TYPE)
		return -EOPNOTSUPP;
	if (record->type != expected->type)
		return -EINVAL;
	if (record->version != expected->version)
		return -EOPNOTSUPP;
	if (memcmp(record, expected, sizeof(*record)) || reader->length < length ||
	    !is_zero(reader->data + length - pad, pad))
		return -EINVAL;

	*contents = record + 1;
	reader->data += length;
	reader->length -= length;
	return 0;
}
