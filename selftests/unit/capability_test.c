// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities: lists of random ones against a model that keeps, for each byte of
 * configuration space, whether it is taken. After each addition, good or refused, the
 * whole of configuration space has to be what the list says and nothing else.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/errno.h>

#include "kmod/pci/capability.h"
#include "block.h"
#include "unit.h"

#define MAX_CAPS	128

/* A capability that was added, and what it holds. */
struct added {
	bool ext;
	u16 id;
	u8 version;
	u32 offset;
	u32 length;
	u8 value[KVPCI_CONFIG_SIZE];
	u8 writable[KVPCI_CONFIG_SIZE];
	u8 write1clear[KVPCI_CONFIG_SIZE];
};

static struct model {
	bool taken[KVPCI_CONFIG_SIZE];
	struct added cap[MAX_CAPS];
	int nr;
	int last[2];	/* index in cap[] of the last standard and extended one */
} model;

static u32 start_of(bool ext)
{
	return ext ? 0x100 : 0x40;
}

static u32 end_of(bool ext)
{
	return ext ? 0x1000 : 0x100;
}

static u32 header_of(bool ext)
{
	return ext ? 4 : 2;
}

static bool is_free(u32 offset, u32 len)
{
	u32 i;

	for (i = offset; i < offset + len; i++)
		if (model.taken[i])
			return false;

	return true;
}

/* What kvpci_capability_add() should return. */
static int place(const struct kvpci_capability *cap, bool masks_ok)
{
	bool ext = cap->flags & KVPCI_CAP_EXTENDED;
	int last = model.last[ext];
	u32 rounded = (cap->length + 3) / 4 * 4;
	u32 at;

	if (!masks_ok)
		return -EINVAL;
	if (ext && last < 0)
		return cap->offset && cap->offset != 0x100 ? -EINVAL : 0x100;
	if (cap->offset)
		return is_free(cap->offset, rounded) ? cap->offset : -EINVAL;

	at = last < 0 ? start_of(ext) :
			model.cap[last].offset + model.cap[last].length;
	for (at = (at + 3) / 4 * 4; at + rounded <= end_of(ext); at += 4)
		if (is_free(at, rounded))
			return at;

	return -ENOSPC;
}

static void remember(const struct kvpci_capability *cap, u32 offset,
		     const u8 *value, const u8 *writable, const u8 *write1clear)
{
	struct added *added = &model.cap[model.nr];
	bool ext = cap->flags & KVPCI_CAP_EXTENDED;
	u32 header = header_of(ext);

	memset(added, 0, sizeof(*added));
	added->ext = ext;
	added->id = cap->id;
	added->version = cap->version;
	added->offset = offset;
	added->length = cap->length;
	memcpy(added->value, value, cap->length);
	if (writable)
		memcpy(added->writable + header, writable + header,
		       cap->length - header);
	if (write1clear)
		memcpy(added->write1clear + header, write1clear + header,
		       cap->length - header);
	memset(model.taken + offset, true, (cap->length + 3) / 4 * 4);
	model.last[ext] = model.nr++;
}

/* The next one of the same kind after @i, or NULL. */
static const struct added *next_of(int i)
{
	bool ext = model.cap[i].ext;

	for (i++; i < model.nr; i++)
		if (model.cap[i].ext == ext)
			return &model.cap[i];

	return NULL;
}

static void check_config(const struct kvpci_regs *config)
{
	static u8 value[KVPCI_CONFIG_SIZE], writable[KVPCI_CONFIG_SIZE];
	static u8 write1clear[KVPCI_CONFIG_SIZE];
	const struct added *next;
	bool first = true;
	int i;

	memset(value, 0, sizeof(value));
	memset(writable, 0, sizeof(writable));
	memset(write1clear, 0, sizeof(write1clear));

	for (i = 0; i < model.nr; i++) {
		const struct added *cap = &model.cap[i];
		u8 *at = value + cap->offset;

		memcpy(at, cap->value, cap->length);
		memcpy(writable + cap->offset, cap->writable, cap->length);
		memcpy(write1clear + cap->offset, cap->write1clear, cap->length);

		next = next_of(i);
		at[0] = cap->id;
		if (cap->ext) {
			u32 link = next ? next->offset : 0;

			at[1] = cap->id >> 8;
			at[2] = cap->version | link << 4;
			at[3] = link >> 4;
			continue;
		}
		at[1] = next ? next->offset : 0;
		if (first) {
			value[0x06] = 0x10;
			value[0x34] = cap->offset;
			first = false;
		}
	}

	for (i = 0; i < KVPCI_CONFIG_SIZE; i++)
		CHECK(config->value[i] == value[i] &&
		      config->writable[i] == writable[i] &&
		      config->write1clear[i] == write1clear[i],
		      "0x%03x: %02x/%02x/%02x, not %02x/%02x/%02x", i,
		      config->value[i], config->writable[i],
		      config->write1clear[i], value[i], writable[i],
		      write1clear[i]);
}

static void check_headers(const struct kvpci_regs *config)
{
	bool is_header[KVPCI_CONFIG_SIZE] = {};
	u32 offset, len, i;

	/* What is at 0x100 says whether there is any extended capability at all. */
	memset(is_header + 0x100, true, 4);
	for (i = 0; i < model.nr; i++)
		memset(is_header + model.cap[i].offset, true,
		       header_of(model.cap[i].ext));

	for (i = 0; i < 200; i++) {
		bool wanted;

		len = rnd_below(one_in(8) ? 512 : 12) + 1;
		offset = rnd_below(KVPCI_CONFIG_SIZE - len + 1);
		wanted = memchr(is_header + offset, true, len);
		CHECK(kvpci_capability_header_in(config, offset, len) == wanted,
		      "%u at 0x%x: %sa header", len, offset, wanted ? "" : "not ");
	}
}

static void random_capability(struct kvpci_capability *cap)
{
	bool ext = rnd() & 1;
	u32 room = end_of(ext) - start_of(ext);
	u32 max = one_in(8) ? room : one_in(3) ? 64 : 12;

	memset(cap, 0, sizeof(*cap));
	cap->flags = ext ? KVPCI_CAP_EXTENDED : 0;
	do
		cap->id = 1 + rnd_below(ext ? 0xffff : 0xff);
	while (!ext && (cap->id == 0x05 || cap->id == 0x11));
	cap->version = ext ? 1 + rnd_below(15) : 0;
	cap->length = header_of(ext) + rnd_below(max - header_of(ext) + 1);
	if (!one_in(3))
		return;
	cap->offset = start_of(ext) + rnd_below((room - cap->length) / 4 + 1) * 4;
	if (ext && one_in(2))
		cap->offset = 0x100;
}

static void random_list(void)
{
	struct kvpci_regs config = block_new(KVPCI_CONFIG_SIZE);
	struct kvpci_capability_list list;
	int i, attempts = 1 + rnd_below(MAX_CAPS);

	memset(&model.taken, 0, sizeof(model.taken));
	model.nr = 0;
	model.last[0] = -1;
	model.last[1] = -1;
	kvpci_capability_begin(&list, &config);
	check_config(&config);

	for (i = 0; i < attempts; i++) {
		struct kvpci_capability cap;
		u8 *value, *writable = NULL, *write1clear = NULL;
		bool masks_ok = true;
		int ret, wanted;
		u32 j;

		random_capability(&cap);
		CHECK(!kvpci_capability_check(&cap), "good capability refused");

		/* Of its length, and no longer. */
		value = malloc(cap.length);
		rnd_bytes(value, cap.length);
		if (!one_in(4)) {
			writable = malloc(cap.length);
			rnd_bytes(writable, cap.length);
		}
		if (!one_in(4)) {
			write1clear = malloc(cap.length);
			rnd_bytes(write1clear, cap.length);
		}
		if (writable && write1clear) {
			for (j = 0; j < cap.length; j++)
				write1clear[j] &= ~writable[j];
			if (one_in(6)) {
				j = rnd_below(cap.length);
				writable[j] |= 1;
				write1clear[j] |= 1;
				masks_ok = false;
			}
		}

		wanted = place(&cap, masks_ok);
		ret = kvpci_capability_add(&list, &cap, value, writable,
					   write1clear);
		CHECK(ret == wanted, "%s of %u at 0x%x: %d, not %d",
		      cap.flags ? "extended" : "standard", cap.length,
		      cap.offset, ret, wanted);
		if (ret > 0)
			remember(&cap, ret, value, writable, write1clear);
		check_config(&config);
		free(value);
		free(writable);
		free(write1clear);
	}

	check_headers(&config);
	block_free(&config);
}

static void random_lists(void)
{
	int i;

	for (i = 0; i < 100; i++)
		random_list();
}

/* As long as they fit, as many as there can be. */
static void fill(bool ext)
{
	struct kvpci_regs config = block_new(KVPCI_CONFIG_SIZE);
	struct kvpci_capability cap = {
		.flags = ext ? KVPCI_CAP_EXTENDED : 0,
		.id = 1,
		.version = ext,
		.length = 4,
	};
	struct kvpci_capability_list list;
	u8 value[4] = {};
	u32 at;

	kvpci_capability_begin(&list, &config);
	for (at = start_of(ext); at < end_of(ext); at += 4)
		CHECK(kvpci_capability_add(&list, &cap, value, NULL, NULL) == at,
		      "not at 0x%x", at);
	CHECK(kvpci_capability_add(&list, &cap, value, NULL, NULL) == -ENOSPC,
	      "one too many");
	cap.offset = end_of(ext) - 4;
	CHECK(kvpci_capability_add(&list, &cap, value, NULL, NULL) == -EINVAL,
	      "two at a place");
	block_free(&config);
}

static void full(void)
{
	fill(false);
	fill(true);
}

/* What the uapi says of one capability. */
static bool is_good(const struct kvpci_capability *cap)
{
	bool ext = cap->flags & 1;

	if (cap->flags > KVPCI_CAP_FLAGS || cap->pad || cap->pad1 || !cap->id)
		return false;
	/* MSI and MSI-X have flags of their own, and no others have those. */
	if ((cap->flags & KVPCI_CAP_MSI) != (!ext && cap->id == 0x05 ? KVPCI_CAP_MSI : 0) ||
	    (cap->flags & KVPCI_CAP_MSIX) != (!ext && cap->id == 0x11 ? KVPCI_CAP_MSIX : 0))
		return false;
	if (cap->flags & (KVPCI_CAP_MSI | KVPCI_CAP_MSIX) &&
	    (cap->writable || cap->write1clear))
		return false;
	if (ext && (cap->version < 1 || cap->version > 15))
		return false;
	if (!ext && (cap->version || cap->id > 0xff))
		return false;
	if (cap->length < header_of(ext) ||
	    cap->length > end_of(ext) - start_of(ext))
		return false;
	if (!cap->offset)
		return true;
	if (cap->flags & (KVPCI_CAP_MSI | KVPCI_CAP_MSIX))
		return cap->offset % 4 == 0 && cap->offset >= start_of(ext) &&
		       cap->offset < end_of(ext);
	return cap->offset % 4 == 0 && cap->offset >= start_of(ext) &&
	       cap->offset + cap->length <= end_of(ext);
}

static void expect(const struct kvpci_capability *cap)
{
	int wanted = is_good(cap) ? 0 : -EINVAL;

	CHECK(kvpci_capability_check(cap) == wanted,
	      "flags 0x%x id 0x%x version %u offset 0x%x length %u: not %d",
	      cap->flags, cap->id, cap->version, cap->offset, cap->length, wanted);
}

static void bounds(void)
{
	static const u16 lengths[] = {
		0, 1, 2, 3, 4, 5, 8, 64, 191, 192, 193, 0xeff, 0xf00, 0xf01,
		0x1000, 0xffff,
	};
	struct kvpci_capability cap;
	u32 ext, i, j;

	for (ext = 0; ext < 2; ext++) {
		const struct kvpci_capability good = {
			.flags = ext,
			.id = 9,
			.version = ext,
			.length = 16,
		};

		expect(&good);
		for (i = 0; i < 32; i++) {
			cap = good;
			cap.flags ^= 1U << i;
			expect(&cap);
			cap = good;
			cap.pad1 = 1U << i;
			expect(&cap);
		}
		for (i = 1; i < 0x100; i++) {
			cap = good;
			cap.pad = i;
			expect(&cap);
		}
		for (i = 0; i < 0x100; i++) {
			cap = good;
			cap.version = i;
			expect(&cap);
		}
		for (i = 0; i < 0x10000; i++) {
			for (j = 0; j < 4; j++) {
				cap = good;
				cap.id = i;
				cap.flags |= j * KVPCI_CAP_MSIX;
				expect(&cap);
				cap.writable = 1;
				expect(&cap);
				cap.writable = 0;
				cap.write1clear = 1;
				expect(&cap);
			}
			cap = good;
			cap.length = i;
			expect(&cap);
			cap.offset = start_of(ext);
			expect(&cap);
			cap = good;
			cap.offset = i;
			for (j = 0; j < ARRAY_SIZE(lengths); j++) {
				cap.length = lengths[j];
				expect(&cap);
			}
		}
	}
}

const struct unit_test capability_tests[] = {
	{ "capability.random_lists", random_lists },
	{ "capability.full", full },
	{ "capability.bounds", bounds },
	{}
};
