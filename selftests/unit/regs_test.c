// SPDX-License-Identifier: GPL-2.0
/*
 * Registers: every size at every offset against a model that knows bits only.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <linux/slab.h>

#include "kmod/core/regs.h"
#include "unit.h"

#define SIZE	40

/* Allocated each at its exact size, so that no access outside goes unseen. */
static struct kvpci_regs new_block(bool writable, bool write1clear)
{
	struct kvpci_regs regs = { .size = SIZE };
	int i;

	regs.value = malloc(SIZE);
	rnd_bytes(regs.value, SIZE);
	if (writable) {
		regs.writable = malloc(SIZE);
		rnd_bytes(regs.writable, SIZE);
	}
	if (write1clear) {
		regs.write1clear = malloc(SIZE);
		rnd_bytes(regs.write1clear, SIZE);
		for (i = 0; writable && i < SIZE; i++)
			regs.write1clear[i] &= ~regs.writable[i];
	}

	return regs;
}

static void free_block(struct kvpci_regs *regs)
{
	free(regs->value);
	free(regs->writable);
	free(regs->write1clear);
}

static bool bit(const u8 *array, u32 nr)
{
	return array && array[nr / 8] >> nr % 8 & 1;
}

/* What bit @nr of the block is after @data has been written at @offset. */
static bool model(const struct kvpci_regs *regs, const u8 *old, u32 nr, u32 offset,
		  u32 len, const u8 *data)
{
	bool written;

	if (nr < offset * 8 || nr >= (offset + len) * 8)
		return bit(old, nr);

	written = bit(data, nr - offset * 8);
	if (bit(regs->writable, nr))
		return written;
	if (bit(regs->write1clear, nr) && written)
		return false;
	return bit(old, nr);
}

static void write_once(bool writable, bool write1clear, u32 offset, u32 len)
{
	struct kvpci_regs regs = new_block(writable, write1clear);
	u8 *data = malloc(len), *read = malloc(len), old[SIZE], masks[2][SIZE];
	u32 nr;

	rnd_bytes(data, len);
	memcpy(old, regs.value, SIZE);
	if (writable)
		memcpy(masks[0], regs.writable, SIZE);
	if (write1clear)
		memcpy(masks[1], regs.write1clear, SIZE);

	kvpci_regs_read(&regs, offset, len, read);
	CHECK(!memcmp(read, old + offset, len), "read %u at %u", len, offset);

	kvpci_regs_write(&regs, offset, len, data);
	for (nr = 0; nr < SIZE * 8; nr++)
		CHECK(bit(regs.value, nr) ==
		      model(&regs, old, nr, offset, len, data),
		      "bit %u after writing %u at %u", nr, len, offset);
	CHECK((!writable || !memcmp(masks[0], regs.writable, SIZE)) &&
	      (!write1clear || !memcmp(masks[1], regs.write1clear, SIZE)),
	      "masks changed by writing %u at %u", len, offset);

	/* As the device, all bits and some. */
	memcpy(old, regs.value, SIZE);
	memcpy(old + offset, data, len);
	kvpci_regs_set(&regs, offset, len, data, NULL);
	CHECK(!memcmp(old, regs.value, SIZE), "set %u at %u", len, offset);
	rnd_bytes(data, len);
	rnd_bytes(read, len);
	for (nr = 0; nr < len; nr++)
		old[offset + nr] = (old[offset + nr] & ~read[nr]) |
				   (data[nr] & read[nr]);
	kvpci_regs_set(&regs, offset, len, data, read);
	CHECK(!memcmp(old, regs.value, SIZE), "set some of %u at %u", len,
	      offset);

	free(data);
	free(read);
	free_block(&regs);
}

static void every_size_and_offset(void)
{
	u32 offset, len, i;

	for (offset = 0; offset < SIZE; offset++)
		for (len = 1; len <= SIZE - offset; len++)
			for (i = 0; i < 8; i++)
				write_once(i & 1, i & 2, offset, len);
}

/* Each read gives what was there, and clears bits of what it has read, and no others. */
static void read_clear(void)
{
	struct kvpci_regs regs = new_block(true, true);
	u8 old[SIZE], read[SIZE];
	u32 offset, len, i;

	regs.readclear = malloc(SIZE);
	for (offset = 0; offset < SIZE; offset++) {
		for (len = 1; len <= SIZE - offset; len++) {
			rnd_bytes(regs.value, SIZE);
			rnd_bytes(regs.readclear, SIZE);
			memcpy(old, regs.value, SIZE);
			kvpci_regs_read_clear(&regs, offset, len, read);
			CHECK(!memcmp(read, old + offset, len), "read %u at %u", len, offset);
			for (i = offset; i < offset + len; i++)
				old[i] &= ~regs.readclear[i];
			CHECK(!memcmp(old, regs.value, SIZE), "cleared by %u at %u", len, offset);
		}
	}
	free(regs.readclear);
	free_block(&regs);
}

static void masks(void)
{
	u8 a[SIZE] = {}, b[SIZE] = {};
	u32 i, j;

	for (i = 0; i < SIZE * 8; i++) {
		a[i / 8] = 1 << i % 8;
		for (j = 0; j < SIZE * 8; j++) {
			b[j / 8] = 1 << j % 8;
			CHECK(kvpci_regs_masks_ok(a, b, NULL, SIZE) == (i != j),
			      "writable bit %u, w1c bit %u", i, j);
			CHECK(kvpci_regs_masks_ok(NULL, a, b, SIZE) == (i != j),
			      "w1c bit %u, read-to-clear bit %u", i, j);
			CHECK(kvpci_regs_masks_ok(a, NULL, b, SIZE) == (i != j),
			      "writable bit %u, read-to-clear bit %u", i, j);
			b[j / 8] = 0;
		}
		a[i / 8] = 0;
	}

	memset(a, 0xff, SIZE);
	memset(b, 0xff, SIZE);
	CHECK(kvpci_regs_masks_ok(NULL, b, NULL, SIZE), "only write-1-to-clear bits");
	CHECK(kvpci_regs_masks_ok(a, NULL, NULL, SIZE), "only writable bits");
	CHECK(kvpci_regs_masks_ok(NULL, NULL, a, SIZE), "only read-to-clear bits");
	CHECK(kvpci_regs_masks_ok(a, b, a, 0), "no byte");
	CHECK(!kvpci_regs_masks_ok(a, b, NULL, 1), "a byte of both");
}

static void overlaps(void)
{
	u64 a, a_len, b, b_len, i;

	for (a = 0; a < 8; a++)
		for (a_len = 1; a_len < 8; a_len++)
			for (b = 0; b < 8; b++)
				for (b_len = 1; b_len < 8; b_len++) {
					bool both = false;

					for (i = a; i < a + a_len; i++)
						both |= i >= b && i < b + b_len;
					CHECK(kvpci_overlaps(a, a_len, b, b_len) ==
					      both, "%d+%d, %d+%d", (int)a,
					      (int)a_len, (int)b, (int)b_len);
				}
}

/* The word that readers read while it is written. */
struct shared {
	struct kvpci_regs regs;
	u32 offset;
	u32 len;
	bool stop;
	bool torn;
};

static void *reader(void *arg)
{
	struct shared *shared = arg;

	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		u8 data[8];
		u32 i;

		kvpci_regs_read(&shared->regs, shared->offset, shared->len, data);
		for (i = 1; i < shared->len; i++)
			if (data[i] != data[0])
				shared->torn = true;
	}
	return NULL;
}

/* Aligned accesses are whole, both with masks and without. */
static void nothing_torn(void)
{
	u32 i, j;

	for (i = 0; i < 8; i++) {
		struct shared shared = {
			.regs = new_block(true, true),
			.len = 2 << i / 2 % 3,
		};
		pthread_t thread;

		shared.offset = rnd_below(SIZE / shared.len) * shared.len;
		memset(shared.regs.value, 0, SIZE);
		memset(shared.regs.writable, 0xff, SIZE);
		memset(shared.regs.write1clear, 0, SIZE);
		pthread_create(&thread, NULL, reader, &shared);
		for (j = 0; j < 100000; j++) {
			u64 data = j & 1 ? ~0ULL : 0;

			if (i & 1)
				kvpci_regs_set(&shared.regs, shared.offset,
					       shared.len, &data, NULL);
			else
				kvpci_regs_write(&shared.regs, shared.offset,
						 shared.len, &data);
		}
		__atomic_store_n(&shared.stop, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		free_block(&shared.regs);
		CHECK(!shared.torn, "%u bytes at %u", shared.len, shared.offset);
	}
}

/* What the guest has written is put back, in pieces of any size. */
static void reset(void)
{
	struct kvpci_regs regs = new_block(true, true);
	u8 before[SIZE], read[8];
	u32 i, n, nr = 0, index = 0;

	regs.readclear = malloc(SIZE);
	rnd_bytes(regs.readclear, SIZE);
	memcpy(before, regs.value, SIZE);
	CHECK(!kvpci_regs_save(&regs), "no memory");
	for (i = 0; i < 100; i++) {
		u64 data = rnd();

		n = 1 << rnd_below(4);
		kvpci_regs_write(&regs, rnd_below(SIZE - n + 1), n, &data);
		kvpci_regs_read_clear(&regs, rnd_below(SIZE - n + 1), n, read);
	}
	CHECK(memcmp(before, regs.value, SIZE), "nothing was written");
	for (i = 0; i < SIZE; i += n) {
		n = 1 + rnd_below(SIZE - i < 8 ? SIZE - i : 8);
		index = kvpci_regs_reset(&regs, i, n, index);
	}
	for (i = 0; i < SIZE; i++)
		nr += (regs.writable[i] | regs.write1clear[i] | regs.readclear[i]) != 0;
	CHECK(index == nr, "%u bytes of %u", index, nr);
	CHECK(!memcmp(before, regs.value, SIZE), "not put back");
	kvfree(regs.reset);
	regs.reset = NULL;
	free(regs.readclear);
	free_block(&regs);
}

const struct unit_test regs_tests[] = {
	{ "regs.every_size_and_offset", every_size_and_offset },
	{ "regs.read_clear", read_clear },
	{ "regs.masks", masks },
	{ "regs.overlaps", overlaps },
	{ "regs.nothing_torn", nothing_torn },
	{ "regs.reset", reset },
	{}
};
