// SPDX-License-Identifier: GPL-2.0
/*
 * Sequences of records: what is written is read, and what is not just that is refused,
 * without a look at a byte behind it.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "kmod/core/state.h"
#include "unit.h"

#define MAX_RECORDS	6
#define LAST_TYPE	KVPCI_STATE_VIRTIO
#define MAX_LENGTH	40

/**
 * struct sequence - a sequence of records
 * @nr: how many there are
 * @record: their headers
 * @start: where each begins
 * @length: of all of it
 * @data: @length bytes, no more
 */
struct sequence {
	int nr;
	struct kvpci_state_record record[MAX_RECORDS];
	u64 start[MAX_RECORDS];
	u64 length;
	u8 *data;
};

static void write_sequence(struct sequence *seq, struct kvpci_state_writer *writer)
{
	int i;

	for (i = 0; i < seq->nr; i++) {
		void *contents;

		seq->start[i] = writer->length;
		contents = kvpci_state_add(writer, &seq->record[i]);
		CHECK(!contents == !writer->data, "record %d is written nowhere", i);
		if (contents)
			rnd_bytes(contents, seq->record[i].length);
	}
}

static struct sequence new_sequence(void)
{
	struct sequence seq = { .nr = 1 + rnd_below(MAX_RECORDS) };
	struct kvpci_state_writer measured = {}, writer = {};
	int i;

	for (i = 0; i < seq.nr; i++)
		seq.record[i] = (struct kvpci_state_record) {
			.type = rnd_below(8),
			.version = 1 + rnd_below(2),
			.bar = rnd_below(8),
			.offset = rnd(),
			.length = rnd_below(MAX_LENGTH + 1),
		};

	write_sequence(&seq, &measured);
	seq.length = measured.length;
	seq.data = calloc(1, seq.length);
	writer.data = seq.data;
	write_sequence(&seq, &writer);
	CHECK(writer.length == seq.length, "%llu bytes, not %llu",
	      (unsigned long long)writer.length, (unsigned long long)seq.length);
	return seq;
}

/* Read all of @length bytes of it; 0, or the first error. */
static int read_sequence(const struct sequence *seq, const u8 *data, u64 length)
{
	struct kvpci_state_reader reader = { .data = data, .length = length };
	int i, ret;

	for (i = 0; i < seq->nr; i++) {
		const void *contents = NULL;

		ret = kvpci_state_next(&reader, &seq->record[i], &contents);
		if (ret)
			return ret;
		CHECK((const u8 *)contents == data + seq->start[i] + sizeof(seq->record[i]),
		      "the contents of record %d are somewhere else", i);
	}
	return reader.length ? -EINVAL : 0;
}

static void what_is_written(void)
{
	struct sequence seq = new_sequence();

	CHECK(!read_sequence(&seq, seq.data, seq.length), "it is refused");
	free(seq.data);
}

/* What should come of it with byte @at another one than it was? */
static int refusal(const struct sequence *seq, u64 at)
{
	const struct kvpci_state_record *record;
	int i = seq->nr - 1;

	while (seq->start[i] > at)
		i--;
	record = (const void *)(seq->data + seq->start[i]);
	at -= seq->start[i];
	if (at >= sizeof(*record))
		return at < sizeof(*record) + record->length ? 0 : -EINVAL;
	if (record->type > LAST_TYPE)
		return -EOPNOTSUPP;

	return at >= offsetof(struct kvpci_state_record, version) &&
	       at < offsetof(struct kvpci_state_record, bar) ? -EOPNOTSUPP : -EINVAL;
}

static void another_byte(void)
{
	struct sequence seq = new_sequence();
	u64 at;

	for (at = 0; at < seq.length; at++) {
		u8 bits = 1 + rnd_below(255);
		int ret;

		seq.data[at] ^= bits;
		ret = read_sequence(&seq, seq.data, seq.length);
		CHECK(ret == refusal(&seq, at), "byte %llu: %d, not %d", (unsigned long long)at,
		      ret, refusal(&seq, at));
		seq.data[at] ^= bits;
	}
	free(seq.data);
}

static void another_length(void)
{
	struct sequence seq = new_sequence();
	u64 length;

	for (length = 0; length < seq.length + 70; length++) {
		u8 *data = calloc(1, length);
		int ret;

		memcpy(data, seq.data, length < seq.length ? length : seq.length);
		ret = read_sequence(&seq, data, length);
		CHECK(ret == (length == seq.length ? 0 : -EINVAL), "%llu bytes of %llu: %d",
		      (unsigned long long)length, (unsigned long long)seq.length, ret);
		free(data);
	}
	free(seq.data);
}

const struct unit_test state_tests[] = {
	{ "state.what_is_written", what_is_written },
	{ "state.another_byte", another_byte },
	{ "state.another_length", another_length },
	{}
};
