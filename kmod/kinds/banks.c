// SPDX-License-Identifier: GPL-2.0
/*
 * Registers in banks: a selector, which the guest writes, and behind it a window that shows
 * the registers of the bank whose number the selector holds.
 *
 * A bank that is not there reads as zero, and writes to it are dropped. The guest sees
 * the selected bank only; the device, by its descriptor, sees all of them.
 */
#include <linux/err.h>
#include <linux/kvpci.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "core/regs.h"
#include "kinds/banks.h"
#include "kinds/block.h"
#include "pci/function.h"

/**
 * struct kvpci_banks - registers in banks
 * @range: where
 * @selector: bytes of the selector, with which the range begins
 * @window: bytes of the window behind it
 * @selected: what the selector holds, little-endian; written under the function's lock
 * @regs: the registers of all banks, one bank after the other; likewise
 */
struct kvpci_banks {
	struct kvpci_range range;
	u32 selector;
	u32 window;
	u32 selected;
	struct kvpci_regs regs;
};

static struct kvpci_banks *to_banks(const struct kvpci_range *range)
{
	return container_of(range, struct kvpci_banks, range);
}

/* The place of byte @offset of the window among @regs; false if there is no such bank. */
static bool find_register(const struct kvpci_banks *banks, u32 selected, u64 offset, u32 *at)
{
	u64 first = (u64)selected * banks->window;

	if (first >= banks->regs.size)
		return false;

	*at = array_index_nospec(first, banks->regs.size) + offset;
	return true;
}

/* How many of @len bytes at @offset are the selector's? */
static u32 selector_piece(const struct kvpci_banks *banks, u64 offset, u32 len)
{
	return offset < banks->selector ? min_t(u32, len, banks->selector - offset) : 0;
}

/* Byte @offset of the selector, of which @selected is a copy. */
static u8 *selector_bytes(const struct kvpci_banks *banks, u32 *selected, u64 offset)
{
	return (u8 *)selected + array_index_nospec(offset, banks->selector);
}

/* Read @selected, which the selector holds, and registers of @bank, if it is there. */
static void read_bank(const struct kvpci_banks *banks, u32 selected, u32 bank, u64 offset,
		      u32 len, void *val)
{
	u32 n = selector_piece(banks, offset, len);
	u32 at;

	if (n)
		memcpy(val, selector_bytes(banks, &selected, offset), n);
	if (n == len)
		return;

	if (find_register(banks, bank, offset + n - banks->selector, &at))
		kvpci_regs_read(&banks->regs, at, len - n, val + n);
	else
		memset(val + n, 0, len - n);
}

static int banks_read(struct kvpci_range *range, const struct kvpci_guest_access *access,
		      u64 offset, u32 len, void *val)
{
	struct kvpci_banks *banks = to_banks(range);
	u32 selected = READ_ONCE(banks->selected);

	read_bank(banks, selected, selected, offset, len, val);
	return 0;
}

static u32 banks_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
		       u64 offset, u32 len, const void *val)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_banks *banks = to_banks(range);
	u32 n = selector_piece(banks, offset, len);
	u32 at, selected;

	spin_lock(&function->lock);
	selected = banks->selected;
	if (n) {
		memcpy(selector_bytes(banks, &selected, offset), val, n);
		WRITE_ONCE(banks->selected, selected);
	}
	if (n < len && find_register(banks, selected, offset + n - banks->selector, &at))
		kvpci_regs_write(&banks->regs, at, len - n, val + n);
	spin_unlock(&function->lock);
	return 0;
}

static void banks_get(struct kvpci_range *range, u32 bank, u64 offset, u32 len, void *val)
{
	struct kvpci_banks *banks = to_banks(range);

	read_bank(banks, READ_ONCE(banks->selected), bank, offset, len, val);
}

static void banks_set(struct kvpci_range *range, u32 bank, u64 offset, u32 len,
		      const void *val, const void *mask)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_banks *banks = to_banks(range);
	u32 n = selector_piece(banks, offset, len);
	u32 at, selected, i;

	spin_lock(&function->lock);
	selected = banks->selected;
	for (i = 0; i < n; i++) {
		u8 *byte = selector_bytes(banks, &selected, offset + i);
		u8 bits = mask ? ((const u8 *)mask)[i] : 0xff;

		*byte = (*byte & ~bits) | (((const u8 *)val)[i] & bits);
	}
	if (n)
		WRITE_ONCE(banks->selected, selected);
	if (n < len && find_register(banks, bank, offset + n - banks->selector, &at))
		kvpci_regs_set(&banks->regs, at, len - n, val + n, mask ? mask + n : NULL);
	spin_unlock(&function->lock);
}

static void banks_select(struct kvpci_banks *banks, u32 selected)
{
	struct kvpci_function *function = kvpci_range_function(&banks->range);

	spin_lock(&function->lock);
	WRITE_ONCE(banks->selected, selected);
	spin_unlock(&function->lock);
}

static void banks_reset(struct kvpci_range *range, enum kvpci_reset_kind kind)
{
	banks_select(to_banks(range), 0);
	kvpci_block_reset(kvpci_range_function(range), &to_banks(range)->regs);
}

static u32 banks_reset_length(const struct kvpci_range *range)
{
	return kvpci_block_reset_length(&to_banks(range)->regs);
}

static u32 banks_state_length(const struct kvpci_range *range)
{
	return sizeof(struct kvpci_state_banks) + to_banks(range)->regs.size;
}

static void banks_get_state(struct kvpci_range *range, void *state)
{
	struct kvpci_state_banks *to = state;

	to->selected = to_banks(range)->selected;
	kvpci_block_get(&to_banks(range)->regs, to + 1);
}

/* The selector has no more bits than it has bytes for. */
static bool banks_check_state(const struct kvpci_range *range, const struct kvpci_regs *config,
			      const void *state)
{
	const struct kvpci_state_banks *from = state;

	return !from->pad &&
	       !((u64)from->selected >> (BITS_PER_BYTE * to_banks(range)->selector));
}

static void banks_set_state(struct kvpci_range *range, const void *state)
{
	const struct kvpci_state_banks *from = state;

	banks_select(to_banks(range), from->selected);
	kvpci_block_set(kvpci_range_function(range), &to_banks(range)->regs, from + 1);
}

static const struct kvpci_state_ops banks_state_ops = {
	.type = KVPCI_STATE_BANKS,
	.length = banks_state_length,
	.get = banks_get_state,
	.check = banks_check_state,
	.set = banks_set_state,
};

static void banks_destroy(struct kvpci_range *range)
{
	struct kvpci_banks *banks = to_banks(range);

	kvpci_block_destroy(&banks->regs);
	kfree(banks);
}

static const struct kvpci_range_ops banks_ops = {
	.name = "banks",
	.read = banks_read,
	.write = banks_write,
	.get = banks_get,
	.set = banks_set,
	.reset = banks_reset,
	.reset_length = banks_reset_length,
	.state = &banks_state_ops,
	.destroy = banks_destroy,
};

/**
 * kvpci_banks_check() - may there be such registers?
 * @bar: the BAR
 * @place: where in it, which has been checked
 * @desc: their description
 *
 * Return: 0 or -EINVAL
 */
int kvpci_banks_check(const struct kvpci_function_bar *bar,
		      const struct kvpci_range_config *place,
		      const struct kvpci_banks_config *desc)
{
	if (bar->index == KVPCI_BAR_ROM || desc->flags || desc->pad)
		return -EINVAL;
	if (desc->selector != 1 && desc->selector != 2 && desc->selector != 4)
		return -EINVAL;
	if (place->length <= desc->selector || !desc->banks)
		return -EINVAL;

	/* So the product has no more than 32 bits. */
	return place->length > KVPCI_MAX_REGISTERS ||
	       desc->banks > KVPCI_MAX_REGISTERS / (place->length - desc->selector) ?
	       -EINVAL : 0;
}

/**
 * kvpci_banks_new() - make registers in banks
 * @desc: their description; kvpci_banks_check() found nothing wrong
 * @length: of the range
 * @contents: what all banks hold
 *
 * Context: process.
 * Return: their range, without its place, or an ERR_PTR as the uapi says
 */
struct kvpci_range *kvpci_banks_new(const struct kvpci_banks_config *desc, u32 length,
				    struct kvpci_contents *contents)
{
	struct kvpci_banks *banks;
	int ret;

	banks = kzalloc(sizeof(*banks), GFP_KERNEL_ACCOUNT);
	if (!banks)
		return ERR_PTR(-ENOMEM);

	banks->range.ops = &banks_ops;
	banks->range.nr_banks = desc->banks;
	banks->selector = desc->selector;
	banks->window = length - desc->selector;
	ret = kvpci_block_init(&banks->regs, contents, desc->banks * banks->window);
	if (ret) {
		banks_destroy(&banks->range);
		return ERR_PTR(ret);
	}

	return &banks->range;
}
