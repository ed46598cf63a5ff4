// SPDX-License-Identifier: GPL-2.0
/*
 * MSI-X (PCI Local Bus 3.0, 6.8.2): the capability, and the table and the pending bits,
 * which are ranges of BARs.
 *
 * The registers are the state itself: a vector's message and mask are read from the
 * table when they are needed, and its pending bit is the one that the guest reads. What
 * they mean is in vector.c.
 */
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "interrupt/interrupts.h"
#include "interrupt/vector.h"
#include "kinds/msix.h"
#include "pci/capability.h"
#include "pci/function.h"
#include "pci/host.h"

#define CAP_LENGTH		12		/* PCI_CAP_MSIX_SIZEOF */

/**
 * struct kvpci_msix_state - MSI-X of a function
 * @range: the capability
 * @vectors: their state
 * @table: the entries; written under the interrupts' lock
 * @table_range: where the guest finds @table
 * @pba_range: where it finds the pending bits of @vectors
 */
struct kvpci_msix_state {
	struct kvpci_range range;
	struct kvpci_vectors vectors;
	u8 *table;
	struct kvpci_range table_range;
	struct kvpci_range pba_range;
};

static const struct kvpci_msix_state *of_vectors(const struct kvpci_vectors *vectors)
{
	return container_of(vectors, struct kvpci_msix_state, vectors);
}

static u32 table_u32(const struct kvpci_msix_state *msix, u32 offset)
{
	return *(const u32 *)(msix->table + offset);
}

static bool is_masked(const struct kvpci_msix_state *msix, u32 entry)
{
	return table_u32(msix, entry + PCI_MSIX_ENTRY_VECTOR_CTRL) & PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static struct kvpci_message msix_message(const struct kvpci_vectors *vectors, u32 n)
{
	const struct kvpci_msix_state *msix = of_vectors(vectors);
	u32 entry = n * PCI_MSIX_ENTRY_SIZE;

	return (struct kvpci_message) {
		.address = table_u32(msix, entry + PCI_MSIX_ENTRY_LOWER_ADDR) |
			   (u64)table_u32(msix, entry + PCI_MSIX_ENTRY_UPPER_ADDR) << 32,
		.data = table_u32(msix, entry + PCI_MSIX_ENTRY_DATA),
		.masked = is_masked(msix, entry),
	};
}

static const struct kvpci_vectors_ops msix_ops = {
	.message = msix_message,
};

static int table_read(struct kvpci_range *range, const struct kvpci_guest_access *access,
		      u64 offset, u32 len, void *val)
{
	struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, table_range);
	struct kvpci_regs table = { .value = msix->table, .size = range->length };

	kvpci_regs_read(&table, offset, len, val);
	return 0;
}

/* Which bits of the dwords of an entry the guest can write, and which are its message. */
static const u32 writable[] = { ~3U, ~0U, ~0U, PCI_MSIX_ENTRY_CTRL_MASKBIT };
static const u32 message[] = { ~0U, ~0U, ~0U, 0 };

/* The bits of the dword, or of two, that a write to it concerns. */
static __always_inline u64 bits_of(const u32 *bits, u32 field, u32 len)
{
	return len == 4 ? bits[field] : bits[field] | (u64)bits[field + 1] << 32;
}

/* Write 4 or 8 bytes, aligned to that, in one store. Returns whether the message has changed. */
static bool table_store(u8 *table, u32 offset, u32 len, const void *val)
{
	u32 field = offset % PCI_MSIX_ENTRY_SIZE / 4;
	u64 old, new = 0;

	if (len == 4) {
		old = *(u32 *)(table + offset);
		memcpy(&new, val, 4);
		new &= bits_of(writable, field, 4);
		WRITE_ONCE(*(u32 *)(table + offset), new);
	} else {
		old = *(u64 *)(table + offset);
		memcpy(&new, val, 8);
		new &= bits_of(writable, field, 8);
		WRITE_ONCE(*(u64 *)(table + offset), new);
	}

	return (old ^ new) & bits_of(message, field, len);
}

static u32 table_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
		       u64 offset, u32 len, const void *val)
{
	struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, table_range);
	struct kvpci_interrupts *interrupts = msix->vectors.interrupts;
	bool changed, due;
	u32 n;

	/* What the specification leaves undefined changes nothing. */
	if ((len != 4 && len != 8) || offset & (len - 1) || len != access->len)
		return 0;

	offset = array_index_nospec(offset, range->length);
	n = offset / PCI_MSIX_ENTRY_SIZE;

	spin_lock_irq(&interrupts->lock);
	changed = table_store(msix->table, offset, len, val);
	kvpci_vector_changed(&msix->vectors, n, changed);
	due = kvpci_vector_is_due(&msix->vectors, n, is_masked(msix, n * PCI_MSIX_ENTRY_SIZE));
	spin_unlock_irq(&interrupts->lock);

	kvpci_vectors_settle(&msix->vectors);
	if (due)
		kvpci_vector_flush(&msix->vectors, n);
	return kvpci_vector_is_recalled(&msix->vectors, n) ? KVPCI_EFFECT_RECALL : 0;
}

/* Triggers may come at any time. */
static void table_move(struct kvpci_range *range, u8 *bytes)
{
	struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, table_range);
	u8 *old = msix->table;

	spin_lock_irq(&msix->vectors.interrupts->lock);
	memcpy(bytes, old, range->length);
	msix->table = bytes;
	spin_unlock_irq(&msix->vectors.interrupts->lock);
	kvfree(old);
	range->moved = true;
}

static const struct kvpci_range_ops table_ops = {
	.name = "msix-table",
	.read = table_read,
	.write = table_write,
	.move = table_move,
};

static int pba_read(struct kvpci_range *range, const struct kvpci_guest_access *access,
		    u64 offset, u32 len, void *val)
{
	struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, pba_range);
	struct kvpci_regs pba = {
		.value = (u8 *)msix->vectors.pending,
		.size = range->length,
	};

	kvpci_regs_read(&pba, offset, len, val);
	return 0;
}

static u32 pba_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
		     u64 offset, u32 len, const void *val)
{
	return 0;
}

static void pba_move(struct kvpci_range *range, u8 *bytes)
{
	struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, pba_range);
	u32 *old = msix->vectors.pending;

	spin_lock_irq(&msix->vectors.interrupts->lock);
	memcpy(bytes, old, range->length);
	msix->vectors.pending = (u32 *)bytes;
	spin_unlock_irq(&msix->vectors.interrupts->lock);
	kvfree(old);
	range->moved = true;
}

static const struct kvpci_range_ops pba_ops = {
	.name = "msix-pba",
	.read = pba_read,
	.write = pba_write,
	.move = pba_move,
};

static u32 table_length(u32 vectors)
{
	return vectors * PCI_MSIX_ENTRY_SIZE;
}

static u32 pba_length(u32 vectors)
{
	return DIV_ROUND_UP(vectors, 64) * 8;
}

static bool msix_fits(const struct kvpci_function *function, u8 bar, u32 offset,
		      u32 length)
{
	const struct kvpci_function_bar *b = kvpci_bars_find(&function->bars, bar);

	return b && bar != KVPCI_BAR_ROM && !(b->flags & KVPCI_BAR_IO) &&
	       IS_ALIGNED(offset, 8) &&
	       (u64)offset + length <= b->space.size;
}

static int msix_check(const struct kvpci_function *function, const struct kvpci_msix *desc)
{
	if (desc->flags || desc->pad)
		return -EINVAL;
	if (!desc->vectors || desc->vectors > KVPCI_MAX_MSIX_VECTORS)
		return -EINVAL;
	if (!msix_fits(function, desc->table_bar, desc->table_offset,
		       table_length(desc->vectors)) ||
	    !msix_fits(function, desc->pba_bar, desc->pba_offset,
		       pba_length(desc->vectors)))
		return -EINVAL;

	return 0;
}

static int msix_add_capability(struct kvpci_capability_list *list, u16 offset,
			       const struct kvpci_msix *desc)
{
	const struct kvpci_capability cap = {
		.id = PCI_CAP_ID_MSIX,
		.offset = offset,
		.length = CAP_LENGTH,
	};
	const u16 control = desc->vectors - 1;
	const u32 table = desc->table_offset | desc->table_bar;
	const u32 pba = desc->pba_offset | desc->pba_bar;
	const u16 writable_control = PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL;
	u8 value[CAP_LENGTH], writable[CAP_LENGTH] = {};

	memcpy(value + PCI_MSIX_FLAGS, &control, sizeof(control));
	memcpy(value + PCI_MSIX_TABLE, &table, sizeof(table));
	memcpy(value + PCI_MSIX_PBA, &pba, sizeof(pba));
	memcpy(writable + PCI_MSIX_FLAGS, &writable_control,
	       sizeof(writable_control));

	return kvpci_capability_add(list, &cap, value, writable, NULL);
}

static void msix_mask_all(struct kvpci_msix_state *msix)
{
	u32 n;

	memset(msix->table, 0, table_length(msix->vectors.nr));
	for (n = 0; n < msix->vectors.nr; n++)
		msix->table[n * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

/* What the control register says of all vectors. */
static void msix_gate_vectors(struct kvpci_msix_state *msix)
{
	u16 control = kvpci_config_u16(&kvpci_range_function(&msix->range)->config,
				       msix->range.offset + PCI_MSIX_FLAGS);

	msix->vectors.chosen = control & PCI_MSIX_FLAGS_ENABLE;
	msix->vectors.masked = control & PCI_MSIX_FLAGS_MASKALL;
}

static u32 msix_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
		      u64 offset, u32 len, const void *val)
{
	struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, range);
	struct kvpci_interrupts *interrupts = msix->vectors.interrupts;
	bool pending;

	spin_lock_irq(&interrupts->lock);
	kvpci_range_write_regs(range, offset, len, val);
	msix_gate_vectors(msix);
	pending = kvpci_interrupts_follow(interrupts);
	spin_unlock_irq(&interrupts->lock);
	return pending ? KVPCI_EFFECT_MESSAGES : 0;
}

/* The table and the pending bits, which are behind BARs, go with the capability. */
static void msix_reset(struct kvpci_range *range, enum kvpci_reset_kind kind)
{
	struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, range);

	msix_mask_all(msix);
	kvpci_vectors_reset(&msix->vectors);
}

static u32 msix_state_length(const struct kvpci_range *range)
{
	const struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, range);

	return table_length(msix->vectors.nr) + pba_length(msix->vectors.nr);
}

static void msix_get_state(struct kvpci_range *range, void *state)
{
	struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, range);
	u32 table = table_length(msix->vectors.nr);

	memcpy(state, msix->table, table);
	memcpy(state + table, msix->vectors.pending, pba_length(msix->vectors.nr));
}

static bool msix_check_state(const struct kvpci_range *range, const struct kvpci_regs *config,
			     const void *state)
{
	const struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, range);
	u32 i, nr = msix->vectors.nr;
	const u32 *table = state;
	const u32 *pending = state + table_length(nr);

	for (i = 0; i < table_length(nr) / 4; i++)
		if (table[i] & ~writable[i % ARRAY_SIZE(writable)])
			return false;
	for (i = nr; i < 8 * pba_length(nr); i++)
		if (pending[i / 32] & BIT(i % 32))
			return false;

	return true;
}

static void msix_set_state(struct kvpci_range *range, const void *state)
{
	struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, range);
	u32 nr = msix->vectors.nr;

	memcpy(msix->table, state, table_length(nr));
	kvpci_vectors_restore(&msix->vectors, nr, state + table_length(nr));
	msix_gate_vectors(msix);
}

static const struct kvpci_state_ops msix_state_ops = {
	.type = KVPCI_STATE_MSIX,
	.length = msix_state_length,
	.get = msix_get_state,
	.check = msix_check_state,
	.set = msix_set_state,
};

static void msix_destroy(struct kvpci_range *range)
{
	struct kvpci_msix_state *msix = container_of(range, struct kvpci_msix_state, range);

	kvpci_vectors_destroy(&msix->vectors);
	if (!msix->pba_range.moved)
		kvfree(msix->vectors.pending);
	if (!msix->table_range.moved)
		kvfree(msix->table);
	kfree(msix);
}

static const struct kvpci_range_ops msix_range_ops = {
	.name = "msix",
	.write = msix_write,
	.reset = msix_reset,
	.state = &msix_state_ops,
	.destroy = msix_destroy,
};

/* The BAR is there, see msix_fits(). */
static int msix_add_bar_range(struct kvpci_function *function, struct kvpci_range *range,
			      const struct kvpci_range_ops *ops, u8 bar, u64 offset,
			      u64 length)
{
	range->ops = ops;
	range->space = &kvpci_bars_find(&function->bars, bar)->space;
	range->offset = offset;
	range->length = length;
	range->mirrored = true;
	return kvpci_function_replace_bar_range(function, NULL, range);
}

/* Make what the capability stands for. */
static int msix_init_table(struct kvpci_msix_state *msix, struct kvpci_function *function,
			   const struct kvpci_msix *desc)
{
	msix->table = kvzalloc(table_length(desc->vectors),
			       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	msix->vectors.pending = kvzalloc(pba_length(desc->vectors),
					 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!msix->table || !msix->vectors.pending)
		return -ENOMEM;

	return kvpci_vectors_init(&msix->vectors, &function->interrupts, &msix_ops,
				  desc->vectors, msix->vectors.pending);
}

static int msix_add_bar_ranges(struct kvpci_msix_state *msix, struct kvpci_function *function,
			       const struct kvpci_msix *desc)
{
	int ret;

	mutex_lock(&function->host->lock);
	ret = msix_add_bar_range(function, &msix->table_range, &table_ops,
				 desc->table_bar, desc->table_offset,
			      table_length(desc->vectors));
	if (!ret)
		ret = msix_add_bar_range(function, &msix->pba_range, &pba_ops,
					 desc->pba_bar, desc->pba_offset,
				      pba_length(desc->vectors));
	mutex_unlock(&function->host->lock);
	return ret;
}

/**
 * kvpci_msix_add() - give a function MSI-X
 * @function: the function, which nobody else knows of yet
 * @list: its capability list
 * @offset: of the capability; 0: where there is room
 * @desc: what it is to be; its flags and fields are not checked yet
 *
 * Context: process.
 * Return: 0 or an error, as the uapi says
 */
int kvpci_msix_add(struct kvpci_function *function, struct kvpci_capability_list *list,
		   u16 offset, const struct kvpci_msix *desc)
{
	struct kvpci_msix_state *msix;
	int ret;

	if (function->interrupts.msix)
		return -EINVAL;
	ret = msix_check(function, desc);
	if (ret)
		return ret;

	msix = kzalloc(sizeof(*msix), GFP_KERNEL_ACCOUNT);
	if (!msix)
		return -ENOMEM;

	msix->range.ops = &msix_range_ops;
	msix->range.length = CAP_LENGTH;
	ret = msix_init_table(msix, function, desc);
	if (!ret)
		ret = msix_add_capability(list, offset, desc);
	if (ret >= 0) {
		msix->range.offset = ret;
		ret = kvpci_function_add_range(function, &msix->range);
	}
	if (ret) {
		msix_destroy(&msix->range);
		return ret;
	}

	/* From here on it is freed with the function, whose ranges are in it. */
	msix_mask_all(msix);
	function->interrupts.msix = &msix->vectors;
	return msix_add_bar_ranges(msix, function, desc);
}
