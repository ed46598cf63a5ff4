// SPDX-License-Identifier: GPL-2.0
/*
 * BARs: which ones are allowed, how they are sized, and where they are found after
 * any sequence of writes.
 *
 * The model of the last is made to be read, not to be fast, and follows the specification
 * (PCI Local Bus 3.0, 6.2.5): a BAR answers, if the command register and, of a ROM, the
 * enable bit let it, at what its registers hold, which a write changes byte by byte. It
 * keeps registers as bits and finds an address by asking every BAR. The specification does
 * not say which of several BARs answers, for which the model has where each has come last,
 * and when.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/errno.h>
#include <linux/log2.h>

#include "kmod/pci/bar.h"
#include "kmod/pci/config.h"
#include "block.h"
#include "unit.h"

#define NR_FUNCTIONS	3
#define HEADER		0x40	/* bytes of configuration space that are looked at */
#define COMMAND		0x04
#define ROM_REGISTER	0x30

static u32 register_of(int bar)
{
	return bar == KVPCI_BAR_ROM ? ROM_REGISTER : 0x10 + 4 * bar;
}

/* Bounds. */

static bool is_power_of_two(u64 n)
{
	int i, bits = 0;

	for (i = 0; i < 64; i++)
		bits += n >> i & 1;

	return bits == 1;
}

static bool is_good(int index, const struct kvpci_bar *bar, bool next_is_there)
{
	u64 max;

	if (bar->pad || bar->flags > 7)
		return false;
	if (!bar->size)
		return !bar->flags;
	if (!is_power_of_two(bar->size))
		return false;
	if (bar->flags & KVPCI_BAR_IO)
		return bar->flags == KVPCI_BAR_IO && bar->size >= 4 &&
		       bar->size <= 32768;
	if (bar->flags & KVPCI_BAR_64BIT) {
		if (index == 5 || next_is_there)
			return false;
		max = 1ULL << 40;
	} else {
		max = 1ULL << 31;
	}
	return bar->size >= 16 && bar->size <= max;
}

/* Write all ones, as a guest does to learn the size. */
static u32 probe(struct kvpci_regs *config, u32 reg)
{
	u32 ones = 0xffffffff;

	kvpci_regs_write(config, reg, 4, &ones);
	return kvpci_config_u32(config, reg);
}

static void check_size(struct kvpci_regs *config, int index,
		       const struct kvpci_bar *bar)
{
	u32 reg = register_of(index);
	u32 type = 0;
	u64 found;

	if (bar->flags & KVPCI_BAR_IO)
		type |= 1;
	if (bar->flags & KVPCI_BAR_64BIT)
		type |= 4;
	if (bar->flags & KVPCI_BAR_PREFETCH)
		type |= 8;

	CHECK(kvpci_config_u32(config, reg) == type, "BAR %d at reset: 0x%x", index,
	      kvpci_config_u32(config, reg));
	found = probe(config, reg);
	CHECK((found & (type & 1 ? 3 : 15)) == type, "BAR %d: type bits", index);
	found &= type & 1 ? ~3ULL : ~15ULL;

	if (bar->flags & KVPCI_BAR_64BIT)
		found |= (u64)probe(config, reg + 4) << 32;
	else if (found)
		found |= 0xffffffff00000000;
	CHECK(-found == bar->size, "BAR %d: size 0x%llx, not 0x%llx", index,
	      (unsigned long long)-found, (unsigned long long)bar->size);
}

static void try_bar(int index, u64 size, u32 flags, u32 pad, bool next_is_there)
{
	struct kvpci_function_config desc = {};
	struct kvpci_regs config = block_new(KVPCI_CONFIG_SIZE);
	struct kvpci_bar *bar = &desc.bars[index];
	int ret, wanted;

	bar->size = size;
	bar->flags = flags;
	bar->pad = pad;
	if (next_is_there && index < 5)
		bar[1].size = 16;

	wanted = is_good(index, bar, next_is_there) ? 0 : -EINVAL;
	ret = kvpci_bars_init(&config, &desc);
	CHECK(ret == wanted, "BAR %d, 0x%llx bytes, flags 0x%x: %d", index,
	      (unsigned long long)size, flags, ret);
	if (!ret)
		check_size(&config, index, bar);
	block_free(&config);
}

static void bounds(void)
{
	int index, order;
	u32 flags;

	for (index = 0; index < KVPCI_NUM_BARS; index++) {
		for (flags = 0; flags < 8; flags++) {
			try_bar(index, 0, flags, 0, false);
			for (order = 0; order < 64; order++) {
				u64 size = 1ULL << order;

				try_bar(index, size, flags, 0, false);
				try_bar(index, size, flags, 0, true);
				try_bar(index, size - 1, flags, 0, false);
				try_bar(index, size + 1, flags, 0, false);
				try_bar(index, size | size >> 1, flags, 0, false);
			}
		}
		for (order = 0; order < 32; order++) {
			try_bar(index, 4096, 1U << order, 0, false);
			try_bar(index, 4096, 0, 1U << order, false);
			try_bar(index, 0, 0, 1U << order, false);
		}
	}
}

static void try_rom(u64 size)
{
	struct kvpci_function_config desc = { .rom_size = size };
	struct kvpci_regs config = block_new(KVPCI_CONFIG_SIZE);
	bool good = !size || (is_power_of_two(size) && size >= 2048 &&
			      size <= 1 << 24);
	int ret = kvpci_bars_init(&config, &desc);
	u32 wanted = size ? -size | 1 : 0;

	CHECK(ret == (good ? 0 : -EINVAL), "ROM of 0x%llx bytes: %d",
	      (unsigned long long)size, ret);
	CHECK(!good || probe(&config, ROM_REGISTER) == wanted,
	      "ROM of 0x%llx bytes: size", (unsigned long long)size);
	block_free(&config);
}

static void rom_bounds(void)
{
	int order;

	try_rom(0);
	for (order = 0; order < 64; order++) {
		try_rom(1ULL << order);
		try_rom((1ULL << order) - 1);
		try_rom((1ULL << order) + 1);
	}
}

/* The model. */

struct model_bar {
	bool exists;
	bool io;
	bool wide;		/* 64 bits */
	bool rom;
	u64 size;
	u32 reg;
	bool found;		/* at place, since the write of this number */
	u64 place;
	u64 since;
};

struct model {
	bool plugged;
	bool bit[HEADER * 8];
	bool writable[HEADER * 8];
	struct model_bar bar[KVPCI_NUM_BARS_AND_ROM];
};

/* What is tested, and its model. */
struct function {
	struct kvpci_regs config;
	struct kvpci_function_bar bar[KVPCI_NUM_BARS_AND_ROM];
	struct kvpci_bars bars;		/* those of them that there are, at the front */
	struct model model;
};

static struct kvpci_map memory, ports;
static struct function functions[NR_FUNCTIONS];
static u64 writes;

static u64 model_bits(const struct model *model, u32 offset, int nr)
{
	u64 val = 0;

	while (nr--)
		val = val << 1 | model->bit[offset * 8 + nr];

	return val;
}

static u64 model_address(const struct model *model, const struct model_bar *bar)
{
	u64 address = model_bits(model, bar->reg, bar->wide ? 64 : 32);

	return address / bar->size * bar->size;
}

static bool model_decodes(const struct model *model, const struct model_bar *bar)
{
	if (!model->plugged)
		return false;
	if (bar->io)
		return model->bit[COMMAND * 8];

	return model->bit[COMMAND * 8 + 1] &&
	       (!bar->rom || model->bit[ROM_REGISTER * 8]);
}

/* After a write. No address of a guest has more than 52 bits. */
static void settle(const struct model *model, struct model_bar *bar)
{
	bool was_found = bar->found;
	u64 address;

	if (!bar->exists)
		return;

	address = model_address(model, bar);
	bar->found = model_decodes(model, bar) && !(address >> 52);
	if (!bar->found || (was_found && bar->place == address))
		return;

	bar->place = address;
	bar->since = writes;
}

static void model_write(struct model *model, u32 offset, u32 len, const u8 *data)
{
	u32 i, nr;
	int b;

	for (i = 0; i < len; i++)
		for (nr = 0; nr < 8; nr++)
			if (model->writable[(offset + i) * 8 + nr])
				model->bit[(offset + i) * 8 + nr] =
					data[i] >> nr & 1;
	for (b = 0; b < KVPCI_NUM_BARS_AND_ROM; b++)
		settle(model, &model->bar[b]);
}

static void model_init(struct model *model,
		       const struct kvpci_function_config *desc)
{
	int i, nr;

	memset(model, 0, sizeof(*model));
	for (nr = 0; nr < 16; nr++)
		model->writable[COMMAND * 8 + nr] = 0x0547 >> nr & 1;
	for (nr = 0; nr < 8; nr++) {
		model->writable[0x0c * 8 + nr] = true;
		model->writable[0x3c * 8 + nr] = true;
	}

	for (i = 0; i < KVPCI_NUM_BARS_AND_ROM; i++) {
		struct model_bar *bar = &model->bar[i];
		u32 flags = i < KVPCI_NUM_BARS ? desc->bars[i].flags : 0;
		bool *bits;

		bar->rom = i == KVPCI_BAR_ROM;
		bar->size = bar->rom ? desc->rom_size : desc->bars[i].size;
		bar->exists = bar->size;
		bar->io = flags & KVPCI_BAR_IO;
		bar->wide = flags & KVPCI_BAR_64BIT;
		bar->reg = register_of(i);
		if (!bar->exists)
			continue;
		bits = &model->bit[bar->reg * 8];
		bits[0] = bar->io;
		bits[2] = bar->wide;
		bits[3] = flags & KVPCI_BAR_PREFETCH;
		for (nr = ilog2(bar->size); nr < (bar->wide ? 64 : 32); nr++)
			model->writable[bar->reg * 8 + nr] = true;
		if (bar->rom)
			model->writable[bar->reg * 8] = true;
	}
}

/* Is @bar a right answer at @addr, that is, is there no better one? */
static bool is_best(const struct model_bar *bar, u64 addr)
{
	int f, b;

	for (f = 0; f < NR_FUNCTIONS; f++) {
		for (b = 0; b < KVPCI_NUM_BARS_AND_ROM; b++) {
			const struct model_bar *other =
				&functions[f].model.bar[b];

			if (!other->found || other->io != bar->io ||
			    addr - other->place >= other->size)
				continue;
			if (other->size < bar->size ||
			    (other->size == bar->size &&
			     other->since > bar->since))
				return false;
		}
	}

	return true;
}

static bool none_at(bool io, u64 addr)
{
	const struct model_bar nothing = { .io = io, .size = ~0ULL };

	return is_best(&nothing, addr);
}

static void expect(bool io, u64 addr)
{
	struct kvpci_map_place place = kvpci_map_find(io ? &ports : &memory, addr);
	struct kvpci_map_node *node = place.node;
	u64 offset = place.offset;
	int f, b;

	if (!node) {
		CHECK(none_at(io, addr), "nothing at 0x%llx",
		      (unsigned long long)addr);
		return;
	}

	for (f = 0; f < NR_FUNCTIONS; f++) {
		for (b = 0; b < functions[f].bars.nr; b++) {
			u8 index = functions[f].bar[b].index;
			struct model_bar *bar = &functions[f].model.bar[index];

			if (node != &functions[f].bar[b].node)
				continue;
			CHECK(bar->found && bar->io == io &&
			      addr - bar->place < bar->size &&
			      addr - bar->place == offset && is_best(bar, addr),
			      "BAR %d of function %d at 0x%llx", index, f,
			      (unsigned long long)addr);
			return;
		}
	}
	CHECK(false, "no BAR of ours at 0x%llx", (unsigned long long)addr);
}

static void expect_around(bool io, u64 place, u64 size)
{
	expect(io, place - 1);
	expect(io, place);
	expect(io, place + rnd_below(size));
	expect(io, place + size - 1);
	expect(io, place + size);
}

static void check_all(void)
{
	int f, b;
	u32 i;

	for (f = 0; f < NR_FUNCTIONS; f++) {
		const struct function *function = &functions[f];

		for (i = 0; i < HEADER; i++)
			CHECK(function->config.value[i] ==
			      model_bits(&function->model, i, 8),
			      "function %d, 0x%02x: 0x%02x, not 0x%02x", f, i,
			      function->config.value[i],
			      (u8)model_bits(&function->model, i, 8));
		for (b = 0; b < KVPCI_NUM_BARS_AND_ROM; b++) {
			const struct model_bar *bar = &function->model.bar[b];
			const struct kvpci_function_bar *found;

			found = kvpci_bars_find(&function->bars, b);
			CHECK(!found == !bar->exists, "BAR %d of function %d is there", b, f);
			if (!bar->exists)
				continue;
			CHECK(found->mapped == bar->found,
			      "BAR %d of function %d decodes", b, f);
			expect_around(bar->io, bar->place, bar->size);
			expect_around(bar->io, model_address(&function->model, bar),
				      bar->size);
		}
	}
	expect(false, rnd());
	expect(true, rnd_below(0x10000));
}

static void describe(struct kvpci_function_config *desc)
{
	int i;

	memset(desc, 0, sizeof(*desc));
	for (i = 0; i < KVPCI_NUM_BARS; i++) {
		struct kvpci_bar *bar = &desc->bars[i];

		switch (rnd_below(6)) {
		case 0:
			break;
		case 1:
			bar->flags = KVPCI_BAR_IO;
			bar->size = 4 << rnd_below(14);
			break;
		case 2:
			bar->flags = one_in(2) ? KVPCI_BAR_PREFETCH : 0;
			bar->size = 16ULL << rnd_below(28);
			break;
		case 3:
			bar->size = 4096;
			break;
		default:
			if (i == KVPCI_NUM_BARS - 1)
				break;
			bar->flags = KVPCI_BAR_64BIT |
				     (one_in(2) ? KVPCI_BAR_PREFETCH : 0);
			bar->size = one_in(2) ? 4096 : 16ULL << rnd_below(37);
			i++;
		}
	}
	if (one_in(2))
		desc->rom_size = 2048 << rnd_below(14);
}

/* As the module does, see kmod/pci/command.c and bar_registers_write(). */
static void write_config(struct function *function, u32 offset, u32 len,
			 const u8 *data)
{
	writes++;
	kvpci_regs_write(&function->config, offset, len, data);
	if (function->model.plugged && kvpci_overlaps(offset, len, COMMAND, 2))
		kvpci_bars_map(&function->config, &function->bars);
	if (function->model.plugged)
		kvpci_bars_written(&function->config, &function->bars, offset, len);
	model_write(&function->model, offset, len, data);
}

/* Few addresses, so that BARs meet; some in the upper half only, or the lower. */
static u64 random_address(void)
{
	u64 address = 0xe0000000 + (rnd_below(4) << 12);

	switch (rnd_below(9)) {
	case 0:
		return rnd();
	case 1:
		return address & 0xffff;
	case 8:
		return address | 1ULL << (51 + rnd_below(2));
	case 2:
	case 3:
		return address | rnd_below(3) << 32;
	case 4:
		return ~0ULL;
	default:
		return address;
	}
}

static void random_write(struct function *function)
{
	u8 data[8];
	u32 offset, len;
	u64 address;

	switch (rnd_below(8)) {
	case 0:				/* anything anywhere */
		len = 1 + rnd_below(8);
		offset = rnd_below(HEADER - len + 1);
		rnd_bytes(data, len);
		break;
	case 1:
	case 2:				/* decode */
		offset = COMMAND;
		len = 1 << rnd_below(3);
		rnd_bytes(data, len);
		data[0] = one_in(4) ? rnd() : data[0] | 3;
		break;
	case 3:				/* the ROM */
		offset = ROM_REGISTER;
		len = 4;
		address = random_address() | !one_in(3);
		memcpy(data, &address, len);
		break;
	case 4:				/* bytes of a BAR */
		offset = 0x10 + rnd_below(24);
		len = 1 + rnd_below(3);
		address = random_address();
		memcpy(data, &address, len);
		break;
	default:			/* a half of a BAR, or both */
		len = one_in(4) ? 8 : 4;
		offset = 0x10 + 4 * rnd_below(6);
		address = random_address();
		if (len == 4 && one_in(2))
			address >>= 32;
		memcpy(data, &address, len);
	}
	write_config(function, offset, len, data);
}

static void plug(struct function *function, bool plugged)
{
	int b;

	writes++;
	function->model.plugged = plugged;
	if (plugged)
		kvpci_bars_map(&function->config, &function->bars);
	else
		kvpci_bars_unmap(&function->bars);
	for (b = 0; b < KVPCI_NUM_BARS_AND_ROM; b++)
		settle(&function->model, &function->model.bar[b]);
}

static void add_bar(struct function *function, u8 index, u8 flags)
{
	struct kvpci_function_bar *bar = &function->bar[function->bars.nr++];

	function->bars.bar = function->bar;
	bar->index = index;
	bar->space.size = function->model.bar[index].size;
	bar->flags = flags;
	bar->map = flags & KVPCI_BAR_IO ? &ports : &memory;
}

static void new_function(struct function *function)
{
	struct kvpci_function_config desc;
	int i;

	describe(&desc);
	memset(function, 0, sizeof(*function));
	function->config = block_new(KVPCI_CONFIG_SIZE);
	CHECK(!kvpci_config_init(&function->config, &desc), "refused");
	model_init(&function->model, &desc);
	for (i = 0; i < KVPCI_NUM_BARS_AND_ROM; i++)
		if (function->model.bar[i].exists)
			add_bar(function, i, i < KVPCI_NUM_BARS ? desc.bars[i].flags : 0);

	/* The IDs and the class, which are not looked at here. */
	memset(function->config.value, 0, 4);
	memset(function->config.value + 8, 0, 4);
	memset(function->config.value + 0x2c, 0, 4);
}

static void one_bus(void)
{
	int i, f;

	CHECK(!kvpci_map_init(&memory, 3) && !kvpci_map_init(&ports, 3),
	      "no memory");
	for (f = 0; f < NR_FUNCTIONS; f++)
		new_function(&functions[f]);
	check_all();

	for (i = 0; i < 400; i++) {
		struct function *function = &functions[rnd_below(NR_FUNCTIONS)];

		if (one_in(50) || (!function->model.plugged && one_in(3)))
			plug(function, !function->model.plugged);
		else
			random_write(function);
		check_all();
	}

	for (f = 0; f < NR_FUNCTIONS; f++)
		plug(&functions[f], false);
	check_all();
	for (f = 0; f < NR_FUNCTIONS; f++)
		block_free(&functions[f].config);
	kvpci_map_destroy(&memory);
	kvpci_map_destroy(&ports);
}

static void random_writes(void)
{
	int i;

	for (i = 0; i < 40; i++)
		one_bus();
}

/* A function with one 64-bit BAR, which decodes at @place. */
static struct function *new_64_bit_bar(u64 place)
{
	struct kvpci_function_config desc = {
		.bars[0] = { .size = 4096, .flags = KVPCI_BAR_64BIT },
	};
	struct function *function = &functions[0];

	CHECK(!kvpci_map_init(&memory, 3), "no memory");
	memset(functions, 0, sizeof(functions));
	function->config = block_new(KVPCI_CONFIG_SIZE);
	CHECK(!kvpci_config_init(&function->config, &desc), "refused");
	model_init(&function->model, &desc);
	add_bar(function, 0, KVPCI_BAR_64BIT);
	plug(function, true);
	write_config(function, 0x10, 8, (u8 *)&place);
	CHECK(!kvpci_map_find(&memory, place).node, "found, and does not decode");
	write_config(function, COMMAND, 1, (u8 *)&(u8){ 2 });
	return function;
}

static void free_64_bit_bar(struct function *function)
{
	plug(function, false);
	block_free(&function->config);
	kvpci_map_destroy(&memory);
}

#define NOWHERE	(~0ULL)

/* Write, and find the BAR at @place and not where it was. */
static void write_and_expect(struct function *function, u32 offset, u32 len, u64 data,
			     u64 place)
{
	u64 before = function->bar[0].mapped ? function->bar[0].node.base : NOWHERE;
	struct kvpci_map_place found;

	write_config(function, offset, len, (u8 *)&data);
	if (before != place)
		CHECK(!kvpci_map_find(&memory, before).node,
		      "after writing 0x%llx: still at 0x%llx", (unsigned long long)data,
		      (unsigned long long)before);
	found = kvpci_map_find(&memory, place);
	if (place == NOWHERE)
		CHECK(!function->bar[0].mapped && !found.node,
		      "after writing 0x%llx: it is somewhere", (unsigned long long)data);
	else
		CHECK(found.node == &function->bar[0].node && found.offset == 0,
		      "after writing 0x%llx: not at 0x%llx", (unsigned long long)data,
		      (unsigned long long)place);
}

/* Each write to a part of a 64-bit BAR that decodes counts. */
static void halves(void)
{
	const u64 a = 0x1e0000000, b = 0x2f0000000;
	struct function *function = new_64_bit_bar(a);

	/* Lower, then upper; and back, upper then lower; and at once. */
	write_and_expect(function, 0x10, 4, b, 0x1f0000000);
	write_and_expect(function, 0x14, 4, b >> 32, b);
	write_and_expect(function, 0x14, 4, a >> 32, 0x1f0000000);
	write_and_expect(function, 0x10, 4, a, a);
	write_and_expect(function, 0x10, 8, b, b);

	/* In pieces; the last byte of the address that a guest has. */
	write_and_expect(function, 0x13, 1, 0xe0, 0x2e0000000);
	write_and_expect(function, 0x12, 4, 0x0001f000, 0x1f0000000);
	write_and_expect(function, 0x16, 1, 0x0f, 0xf0001f0000000);
	write_and_expect(function, 0x16, 1, 0x10, NOWHERE);
	write_and_expect(function, 0x13, 1, 0xe0, NOWHERE);
	write_and_expect(function, 0x16, 1, 0, a);

	/* What is not an address changes nothing. */
	write_and_expect(function, 0x10, 1, 0xff, a);
	/* Decode puts it where its registers say. */
	write_and_expect(function, COMMAND, 1, 0, NOWHERE);
	write_and_expect(function, 0x14, 4, 0x80000000, NOWHERE);
	write_and_expect(function, COMMAND, 1, 2, NOWHERE);
	write_and_expect(function, 0x14, 4, 3, 0x3e0000000);
	free_64_bit_bar(function);
}

/*
 * Sized while it decodes, as firmware does: each register twice, since ones and zeroes
 * together tell which bits are writable. It is where its registers say in the end.
 */
static void sized(void)
{
	const u64 place = 0xc0000000;
	struct function *function = new_64_bit_bar(place);

	write_and_expect(function, 0x10, 4, ~0U, 0xfffff000);
	write_and_expect(function, 0x10, 4, 0, 0);
	write_and_expect(function, 0x10, 4, place, place);
	write_and_expect(function, 0x14, 4, ~0U, NOWHERE);
	write_and_expect(function, 0x14, 4, 0, place);
	write_and_expect(function, 0x14, 4, place >> 32, place);

	/* Parked at all ones, it does not answer where it was. */
	write_and_expect(function, 0x10, 4, ~0U, 0xfffff000);
	write_and_expect(function, 0x14, 4, ~0U, NOWHERE);
	CHECK(!kvpci_map_find(&memory, place).node, "where it was");
	free_64_bit_bar(function);
}

const struct unit_test bar_tests[] = {
	{ "bar.bounds", bounds },
	{ "bar.rom_bounds", rom_bounds },
	{ "bar.halves", halves },
	{ "bar.sized", sized },
	{ "bar.random_writes", random_writes },
	{}
};
