// SPDX-License-Identifier: GPL-2.0
/*
 * Function-level reset (PCI Express Base 4.0, 6.6.2), of a PCI Express capability that
 * announces it: its registers from device control on. The bit that initiates the reset reads
 * as zero. What a link has been set to, which other functions depend on, the reset leaves
 * alone.
 */
#include <linux/nospec.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "kinds/express.h"
#include "pci/function.h"

/* Of the byte that has the bit. */
#define INITIATE	(PCI_EXP_DEVCTL_BCR_FLR >> 8)

/* What function-level reset leaves alone: registers, and their bits. */
static const struct {
	u8 reg;
	u16 bits;
} kept[] = {
	{ PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_PAYLOAD },
	{ PCI_EXP_LNKCTL, PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC |
			  PCI_EXP_LNKCTL_ES | PCI_EXP_LNKCTL_CLKREQ_EN | PCI_EXP_LNKCTL_HAWD },
	{ PCI_EXP_LNKCTL2, PCI_EXP_LNKCTL2_HASD },
};

/**
 * struct kvpci_express - a PCI Express capability with function-level reset
 * @range: its registers from device control on
 * @kept: what @kept above names, as it is at present
 */
struct kvpci_express {
	struct kvpci_range range;
	u16 kept[ARRAY_SIZE(kept)];
};

static struct kvpci_express *to_express(struct kvpci_range *range)
{
	return container_of(range, struct kvpci_express, range);
}

/* The offset of one of @kept in configuration space; 0 if the capability does not have it. */
static u32 express_register(const struct kvpci_range *range, u32 i)
{
	u32 offset = kept[i].reg - PCI_EXP_DEVCTL;

	return offset + 2 <= range->length ? range->offset + offset : 0;
}

static void express_note(struct kvpci_range *range)
{
	const struct kvpci_regs *config = &kvpci_range_function(range)->config;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(kept); i++)
		if (express_register(range, i))
			to_express(range)->kept[i] =
				kvpci_config_u16(config, express_register(range, i));
}

static u32 express_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
			 u64 offset, u32 len, const void *val)
{
	const u8 *bytes = val;
	u32 at = 1 - offset;

	kvpci_range_write_regs(range, offset, len, val);
	express_note(range);
	/* The byte that has the bit is in what is written, or it is not. */
	return at < len && bytes[array_index_nospec(at, len)] & INITIATE ? KVPCI_EFFECT_RESET : 0;
}

static void express_set(struct kvpci_range *range, u32 bank, u64 offset, u32 len,
			const void *val, const void *mask)
{
	kvpci_regs_set(&kvpci_range_function(range)->config, range->offset + offset, len, val,
		       mask);
	express_note(range);
}

/* The registers have been put back as a whole. */
static void express_reset(struct kvpci_range *range, enum kvpci_reset_kind kind)
{
	struct kvpci_regs *config = &kvpci_range_function(range)->config;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(kept) && kind == KVPCI_RESET_FUNCTION_LEVEL; i++)
		if (express_register(range, i))
			kvpci_regs_set(config, express_register(range, i), 2,
				       &to_express(range)->kept[i], &kept[i].bits);
	express_note(range);
}

/* All that there is are registers. */
static u32 express_state_length(const struct kvpci_range *range)
{
	return 0;
}

static void express_set_state(struct kvpci_range *range, const void *state)
{
	express_note(range);
}

static const struct kvpci_state_ops express_state_ops = {
	.length = express_state_length,
	.set = express_set_state,
};

static void express_destroy(struct kvpci_range *range)
{
	kfree(to_express(range));
}

static const struct kvpci_range_ops express_ops = {
	.name = "express",
	.write = express_write,
	.set = express_set,
	.reset = express_reset,
	.state = &express_state_ops,
	.destroy = express_destroy,
};

/**
 * kvpci_express_add_reset() - let the guest reset a function
 * @function: the function, which nobody else knows of yet
 * @at: offset of its PCI Express capability
 * @length: of the capability, in bytes; it has a device control register
 *
 * Context: process.
 * Return: 0, -ENOMEM, or -EINVAL if it is a bridge
 */
int kvpci_express_add_reset(struct kvpci_function *function, u16 at, u16 length)
{
	struct kvpci_express *express;
	int ret;

	if (!(kvpci_config_u32(&function->config, at + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR))
		return 0;
	/* A bridge is reset with its bus (6.6.2). */
	if (function->bridge)
		return -EINVAL;

	express = kzalloc(sizeof(*express), GFP_KERNEL_ACCOUNT);
	if (!express)
		return -ENOMEM;

	express->range.ops = &express_ops;
	express->range.offset = at + PCI_EXP_DEVCTL;
	express->range.length = length - PCI_EXP_DEVCTL;
	function->config.writable[express->range.offset + 1] &= ~INITIATE;
	ret = kvpci_function_add_range(function, &express->range);
	if (ret) {
		kfree(express);
		return ret;
	}

	express_note(&express->range);
	return 0;
}
