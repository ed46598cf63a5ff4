// SPDX-License-Identifier: GPL-2.0
/*
 * MSI-X (PCI Local Bus 3.0, 6.8.2): the capability, and the table and the pending bits,
 * which are regions of BARs.
 *
 * The registers are the state itself: a vector's message and mask are read from the
 * table when they are needed, and its pending bit is the one that the guest reads. What
 * they mean is in vector.c.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "capability.h"
#include "function.h"
#include "host.h"
#include "interrupt.h"
#include "msix.h"
#include "region.h"
#include "uarg.h"
#include "vector.h"

#define CAP_LENGTH		12		/* PCI_CAP_MSIX_SIZEOF */

/**
 * struct vpci_msix - MSI-X of a function
 * @vectors: their state
 * @at: offset of the capability
 * @table: the entries; written under the interrupts' lock
 * @table_region: where the guest finds @table
 * @pba_region: where it finds the pending bits of @vectors
 */
struct vpci_msix {
	struct vpci_vectors vectors;
	u16 at;
	u8 *table;
	struct vpci_region table_region;
	struct vpci_region pba_region;
};

static const struct vpci_msix *of_vectors(const struct vpci_vectors *vectors)
{
	return container_of(vectors, struct vpci_msix, vectors);
}

static u32 table_u32(const struct vpci_msix *msix, u32 offset)
{
	return *(const u32 *)(msix->table + offset);
}

static struct vpci_message msix_message(const struct vpci_vectors *vectors, u32 n)
{
	const struct vpci_msix *msix = of_vectors(vectors);
	u32 entry = n * PCI_MSIX_ENTRY_SIZE;

	return (struct vpci_message) {
		.address = table_u32(msix, entry + PCI_MSIX_ENTRY_LOWER_ADDR) |
			   (u64)table_u32(msix, entry + PCI_MSIX_ENTRY_UPPER_ADDR) << 32,
		.data = table_u32(msix, entry + PCI_MSIX_ENTRY_DATA),
	};
}

static bool msix_masked(const struct vpci_vectors *vectors, u32 n)
{
	return table_u32(of_vectors(vectors), n * PCI_MSIX_ENTRY_SIZE +
			 PCI_MSIX_ENTRY_VECTOR_CTRL) & PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static const struct vpci_vectors_ops msix_ops = {
	.message = msix_message,
	.masked = msix_masked,
};

static int table_read(struct vpci_region *region, const struct vpci_access *access,
		      u64 offset, u32 len, void *val)
{
	struct vpci_msix *msix = container_of(region, struct vpci_msix, table_region);
	struct vpci_regs table = { .value = msix->table, .size = region->length };

	vpci_regs_read(&table, offset, len, val);
	return 0;
}

/* Write 4 or 8 bytes, aligned to that, in one store. */
static void table_store(u8 *table, u32 offset, u32 len, const void *val)
{
	static const u32 writable[] = { ~3U, ~0U, ~0U, PCI_MSIX_ENTRY_CTRL_MASKBIT };
	u32 field = offset % PCI_MSIX_ENTRY_SIZE / 4;
	u64 v = 0;

	memcpy(&v, val, len);
	if (len == 4)
		WRITE_ONCE(*(u32 *)(table + offset), v & writable[field]);
	else
		WRITE_ONCE(*(u64 *)(table + offset),
			   v & (writable[field] | (u64)writable[field + 1] << 32));
}

static int table_write(struct vpci_region *region, const struct vpci_access *access,
		       u64 offset, u32 len, const void *val)
{
	struct vpci_msix *msix = container_of(region, struct vpci_msix, table_region);
	struct vpci_interrupts *interrupts = msix->vectors.interrupts;
	struct vpci_message old, new;
	unsigned long flags;
	u32 n;

	/* What the specification leaves undefined changes nothing. */
	if ((len != 4 && len != 8) || offset & (len - 1) || len != access->len)
		return 0;

	offset = array_index_nospec(offset, region->length);
	n = offset / PCI_MSIX_ENTRY_SIZE;

	spin_lock_irqsave(&interrupts->lock, flags);
	old = msix_message(&msix->vectors, n);
	table_store(msix->table, offset, len, val);
	new = msix_message(&msix->vectors, n);
	vpci_vector_update(&msix->vectors, n,
			   old.address != new.address || old.data != new.data);
	spin_unlock_irqrestore(&interrupts->lock, flags);
	return 0;
}

/* Triggers may come at any time. */
static void table_move(struct vpci_region *region, u8 *bytes)
{
	struct vpci_msix *msix = container_of(region, struct vpci_msix, table_region);
	u8 *old = msix->table;

	spin_lock_irq(&msix->vectors.interrupts->lock);
	memcpy(bytes, old, region->length);
	msix->table = bytes;
	spin_unlock_irq(&msix->vectors.interrupts->lock);
	kvfree(old);
	region->moved = true;
}

static const struct vpci_region_ops table_ops = {
	.name = "msix-table",
	.read = table_read,
	.write = table_write,
	.move = table_move,
};

static int pba_read(struct vpci_region *region, const struct vpci_access *access,
		    u64 offset, u32 len, void *val)
{
	struct vpci_msix *msix = container_of(region, struct vpci_msix, pba_region);
	struct vpci_regs pba = {
		.value = (u8 *)msix->vectors.pending,
		.size = region->length,
	};

	vpci_regs_read(&pba, offset, len, val);
	return 0;
}

static int pba_write(struct vpci_region *region, const struct vpci_access *access,
		     u64 offset, u32 len, const void *val)
{
	return 0;
}

static void pba_move(struct vpci_region *region, u8 *bytes)
{
	struct vpci_msix *msix = container_of(region, struct vpci_msix, pba_region);
	u32 *old = msix->vectors.pending;

	spin_lock_irq(&msix->vectors.interrupts->lock);
	memcpy(bytes, old, region->length);
	msix->vectors.pending = (u32 *)bytes;
	spin_unlock_irq(&msix->vectors.interrupts->lock);
	kvfree(old);
	region->moved = true;
}

static const struct vpci_region_ops pba_ops = {
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

static bool fits(const struct vpci_function *function, u8 bar, u32 offset,
		 u32 length)
{
	const struct vpci_bar *b;

	if (bar >= KVPCI_NUM_BARS)
		return false;
	b = &function->bars[array_index_nospec(bar, KVPCI_NUM_BARS)];

	return !(b->flags & KVPCI_BAR_IO) && IS_ALIGNED(offset, 8) &&
	       (u64)offset + length <= b->size;
}

static int get_desc(const struct vpci_function *function,
		    const struct kvpci_capability *cap, struct kvpci_msix *desc)
{
	int ret;

	ret = vpci_uarg_get(desc, sizeof(*desc), KVPCI_MSIX_SIZE_VER0,
			    u64_to_user_ptr(cap->value));
	if (ret)
		return ret;
	if (desc->size != cap->length || desc->flags || desc->pad)
		return -EINVAL;
	if (!desc->vectors || desc->vectors > KVPCI_MAX_MSIX_VECTORS)
		return -EINVAL;
	if (!fits(function, desc->table_bar, desc->table_offset,
		  table_length(desc->vectors)) ||
	    !fits(function, desc->pba_bar, desc->pba_offset,
		  pba_length(desc->vectors)))
		return -EINVAL;

	return 0;
}

static int add_capability(struct vpci_capability_list *list, u16 offset,
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

	return vpci_capability_add(list, &cap, value, writable, NULL);
}

static void mask_all(struct vpci_msix *msix)
{
	u32 n;

	memset(msix->table, 0, table_length(msix->vectors.nr));
	for (n = 0; n < msix->vectors.nr; n++)
		msix->table[n * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static int add_region(struct vpci_function *function, struct vpci_region *region,
		      const struct vpci_region_ops *ops, u8 bar, u64 offset,
		      u64 length)
{
	region->ops = ops;
	region->bar = &function->bars[array_index_nospec(bar, KVPCI_NUM_BARS)];
	region->offset = offset;
	region->length = length;
	region->mirrored = true;
	return vpci_region_insert(region);
}

static int init(struct vpci_msix *msix, struct vpci_interrupts *interrupts,
		const struct kvpci_msix *desc)
{
	struct vpci_function *function = interrupts->function;
	u32 *pending;
	int ret;

	msix->table = kvzalloc(table_length(desc->vectors),
			       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!msix->table)
		return -ENOMEM;

	pending = kvzalloc(pba_length(desc->vectors),
			   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pending)
		return -ENOMEM;
	ret = vpci_vectors_init(&msix->vectors, interrupts, &msix_ops,
				desc->vectors, pending);
	if (ret) {
		kvfree(pending);
		return ret;
	}
	mask_all(msix);

	mutex_lock(&function->host->lock);
	ret = add_region(function, &msix->table_region, &table_ops,
			 desc->table_bar, desc->table_offset,
			 table_length(desc->vectors));
	if (!ret)
		ret = add_region(function, &msix->pba_region, &pba_ops,
				 desc->pba_bar, desc->pba_offset,
				 pba_length(desc->vectors));
	mutex_unlock(&function->host->lock);
	return ret;
}

/**
 * vpci_msix_add() - give a function MSI-X
 * @interrupts: of the function, which nobody else knows of yet
 * @list: its capability list
 * @cap: the capability, which vpci_capability_check() has let pass
 *
 * Return: 0 or an error, as the uapi says
 */
int vpci_msix_add(struct vpci_interrupts *interrupts,
		  struct vpci_capability_list *list,
		  const struct kvpci_capability *cap)
{
	struct vpci_msix *msix;
	struct kvpci_msix desc;
	int ret;

	if (interrupts->msix)
		return -EINVAL;
	ret = get_desc(interrupts->function, cap, &desc);
	if (ret)
		return ret;

	msix = kzalloc(sizeof(*msix), GFP_KERNEL_ACCOUNT);
	if (!msix)
		return -ENOMEM;
	/* From here on it is freed with the function, whose regions are in it. */
	interrupts->msix = msix;

	ret = init(msix, interrupts, &desc);
	if (ret)
		return ret;

	ret = add_capability(list, cap->offset, &desc);
	if (ret < 0)
		return ret;
	msix->at = ret;
	vpci_function_add_interrupt(interrupts->function, msix->at, CAP_LENGTH);
	return 0;
}

/**
 * vpci_msix_destroy() - free
 * @msix: MSI-X of a function that the guest can't reach any more, or NULL
 */
void vpci_msix_destroy(struct vpci_msix *msix)
{
	if (!msix)
		return;

	vpci_vectors_destroy(&msix->vectors);
	if (!msix->pba_region.moved)
		kvfree(msix->vectors.pending);
	if (!msix->table_region.moved)
		kvfree(msix->table);
	kfree(msix);
}

/**
 * vpci_msix_vectors() - the vectors
 * @msix: MSI-X of a function
 */
struct vpci_vectors *vpci_msix_vectors(struct vpci_msix *msix)
{
	return &msix->vectors;
}

static u16 control(const struct vpci_msix *msix)
{
	return vpci_config_u16(&msix->vectors.interrupts->function->config,
			       msix->at + PCI_MSIX_FLAGS);
}

/**
 * vpci_msix_is_enabled() - has the guest enabled it?
 * @msix: MSI-X of a function
 *
 * Context: any.
 */
bool vpci_msix_is_enabled(const struct vpci_msix *msix)
{
	return control(msix) & PCI_MSIX_FLAGS_ENABLE;
}

/**
 * vpci_msix_is_masked() - does the function mask, one bit of all vectors, mask it?
 * @msix: MSI-X of a function
 *
 * Context: any.
 */
bool vpci_msix_is_masked(const struct vpci_msix *msix)
{
	return control(msix) & PCI_MSIX_FLAGS_MASKALL;
}

/**
 * vpci_msix_follow() - have a write to configuration space take effect
 * @msix: MSI-X of a function
 *
 * Context: the caller holds the interrupts' lock.
 * Return: whether vpci_vectors_flush() is to follow
 */
bool vpci_msix_follow(struct vpci_msix *msix)
{
	struct vpci_function *function = msix->vectors.interrupts->function;
	u16 command = vpci_config_u16(&function->config, PCI_COMMAND);
	u16 flags = control(msix) & (PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);

	return vpci_vectors_enable(&msix->vectors, flags == PCI_MSIX_FLAGS_ENABLE &&
						   command & PCI_COMMAND_MASTER);
}

/**
 * vpci_msix_reset() - put the table and the pending bits back
 * @msix: MSI-X of a function
 *
 * Context: the caller holds the interrupts' lock.
 */
void vpci_msix_reset(struct vpci_msix *msix)
{
	mask_all(msix);
	vpci_vectors_reset(&msix->vectors);
}
