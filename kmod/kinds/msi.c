// SPDX-License-Identifier: GPL-2.0
/*
 * MSI (PCI Local Bus 3.0, 6.8.1): the capability. What its vectors do is in vector.c.
 *
 * The guest may enable fewer vectors than there are. Those then take the place of the
 * others, by the vector's low bits, so that no interrupt is lost.
 */
#include <linux/log2.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "interrupt/interrupts.h"
#include "interrupt/vector.h"
#include "kinds/msi.h"
#include "pci/capability.h"
#include "pci/function.h"

#define MAX_LENGTH		24

/**
 * struct kvpci_msi_state - MSI of a function
 * @range: the capability
 * @vectors: their state
 * @data: offset of the message data, from the start of the capability
 * @mask: likewise of the mask bits; 0 if vectors can't be masked
 * @pending: the pending bits if the guest can't see them
 * @message: the message of vector 0 as it was last
 * @allowed: how many vectors were enabled last
 */
struct kvpci_msi_state {
	struct kvpci_range range;
	struct kvpci_vectors vectors;
	u8 data;
	u8 mask;
	u32 pending;
	struct kvpci_message message;
	u32 allowed;
};

static const struct kvpci_msi_state *of_vectors(const struct kvpci_vectors *vectors)
{
	return container_of(vectors, struct kvpci_msi_state, vectors);
}

static const struct kvpci_regs *msi_config(const struct kvpci_msi_state *msi)
{
	return &kvpci_range_function(&msi->range)->config;
}

static u16 msi_control(const struct kvpci_msi_state *msi, const struct kvpci_regs *config)
{
	return kvpci_config_u16(config, msi->range.offset + PCI_MSI_FLAGS);
}

/* How many vectors does @config say that the guest has enabled? Reserved values mean all. */
static u32 msi_allowed_by(const struct kvpci_msi_state *msi, const struct kvpci_regs *config)
{
	u32 log = (msi_control(msi, config) & PCI_MSI_FLAGS_QSIZE) >> 4;

	return min(1U << log, msi->vectors.nr);
}

static u32 msi_allowed(const struct kvpci_msi_state *msi)
{
	return msi_allowed_by(msi, msi_config(msi));
}

static bool msi_chosen(const struct kvpci_msi_state *msi)
{
	return msi_control(msi, msi_config(msi)) & PCI_MSI_FLAGS_ENABLE;
}

/* The offset of the pending bits in configuration space, if the guest can see them. */
static u32 msi_pending(const struct kvpci_msi_state *msi)
{
	return msi->range.offset + msi->mask + 4;
}

static struct kvpci_message msi_message(const struct kvpci_vectors *vectors, u32 n)
{
	const struct kvpci_msi_state *msi = of_vectors(vectors);
	const struct kvpci_regs *config = msi_config(msi);
	u32 low = msi_allowed(msi) - 1;
	u32 at = msi->range.offset;
	struct kvpci_message message = {
		.address = kvpci_config_u32(config, at + PCI_MSI_ADDRESS_LO),
		.data = kvpci_config_u16(config, at + msi->data),
	};

	if (msi->data == PCI_MSI_DATA_64)
		message.address |= (u64)kvpci_config_u32(config, at + PCI_MSI_ADDRESS_HI) << 32;
	message.data = (message.data & ~low) | (n & low);
	/* Nothing is sent of those that are not enabled, either. */
	message.masked = n > low ||
			 (msi->mask && kvpci_config_u32(config, at + msi->mask) & BIT(n));
	return message;
}

static const struct kvpci_vectors_ops msi_ops = {
	.message = msi_message,
};

static u32 msi_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
		     u64 offset, u32 len, const void *val)
{
	struct kvpci_msi_state *msi = container_of(range, struct kvpci_msi_state, range);
	struct kvpci_interrupts *interrupts = msi->vectors.interrupts;
	struct kvpci_message message;
	bool new_message, pending;
	u32 n;

	spin_lock_irq(&interrupts->lock);
	kvpci_range_write_regs(range, offset, len, val);
	message = msi_message(&msi->vectors, 0);
	new_message = message.address != msi->message.address ||
		      message.data != msi->message.data || msi_allowed(msi) != msi->allowed;
	msi->message = message;
	msi->allowed = msi_allowed(msi);
	msi->vectors.chosen = msi_chosen(msi);
	kvpci_vectors_fold(&msi->vectors, msi->allowed);
	pending = kvpci_interrupts_follow(interrupts);
	for (n = 0; n < msi->allowed; n++)
		kvpci_vector_changed(&msi->vectors, n, new_message);
	spin_unlock_irq(&interrupts->lock);
	return pending ? KVPCI_EFFECT_MESSAGES : 0;
}

/* Nothing is pending; the registers have been reset. */
static void msi_reset(struct kvpci_range *range, enum kvpci_reset_kind kind)
{
	struct kvpci_msi_state *msi = container_of(range, struct kvpci_msi_state, range);

	msi->message = msi_message(&msi->vectors, 0);
	msi->allowed = msi_allowed(msi);
	kvpci_vectors_reset(&msi->vectors);
	kvpci_vectors_fold(&msi->vectors, msi->allowed);
}

static u32 msi_state_length(const struct kvpci_range *range)
{
	return sizeof(struct kvpci_state_msi);
}

static void msi_get_state(struct kvpci_range *range, void *state)
{
	struct kvpci_msi_state *msi = container_of(range, struct kvpci_msi_state, range);
	struct kvpci_state_msi *to = state;
	u32 n;

	for (n = 0; n < msi->vectors.nr; n++)
		if (msi->vectors.vector[n].triggered)
			to->triggered |= BIT(n);
}

/* The pending bits that the guest sees have to be those of the vectors triggered. */
static bool msi_check_state(const struct kvpci_range *range, const struct kvpci_regs *config,
			    const void *state)
{
	const struct kvpci_msi_state *msi = container_of(range, struct kvpci_msi_state, range);
	u32 places = msi_allowed_by(msi, config) - 1;
	const struct kvpci_state_msi *from = state;
	u32 n, pending = 0;

	if (from->pad || from->triggered & ~GENMASK(msi->vectors.nr - 1, 0))
		return false;

	for (n = 0; n < msi->vectors.nr; n++)
		if (from->triggered & BIT(n))
			pending |= BIT(n & places);

	return !msi->mask || pending == kvpci_config_u32(config, msi_pending(msi));
}

static void msi_set_state(struct kvpci_range *range, const void *state)
{
	struct kvpci_msi_state *msi = container_of(range, struct kvpci_msi_state, range);
	const struct kvpci_state_msi *from = state;

	msi->message = msi_message(&msi->vectors, 0);
	msi->allowed = msi_allowed(msi);
	kvpci_vectors_restore(&msi->vectors, msi->allowed, &from->triggered);
	msi->vectors.chosen = msi_chosen(msi);
}

static u8 msi_changes(const struct kvpci_range *range, u64 offset)
{
	const struct kvpci_msi_state *msi = container_of(range, struct kvpci_msi_state, range);
	u32 bits = GENMASK(msi->vectors.nr - 1, 0);
	u64 byte = range->offset + offset - msi_pending(msi);

	return msi->mask && byte < sizeof(bits) ? bits >> (8 * byte) : 0;
}

static const struct kvpci_state_ops msi_state_ops = {
	.type = KVPCI_STATE_MSI,
	.length = msi_state_length,
	.get = msi_get_state,
	.check = msi_check_state,
	.set = msi_set_state,
	.changes = msi_changes,
};

static void msi_destroy(struct kvpci_range *range)
{
	struct kvpci_msi_state *msi = container_of(range, struct kvpci_msi_state, range);

	kvpci_vectors_destroy(&msi->vectors);
	kfree(msi);
}

static const struct kvpci_range_ops msi_range_ops = {
	.name = "msi",
	.write = msi_write,
	.reset = msi_reset,
	.state = &msi_state_ops,
	.destroy = msi_destroy,
};

static int msi_add_capability(struct kvpci_msi_state *msi, struct kvpci_capability_list *list,
			      u16 offset, const struct kvpci_msi *desc)
{
	struct kvpci_capability cap = {
		.id = PCI_CAP_ID_MSI,
		.offset = offset,
	};
	u8 value[MAX_LENGTH] = {}, writable[MAX_LENGTH] = {};
	u16 flags = ilog2(desc->vectors) << 1;
	u16 writable_flags = PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE;
	u32 address_bits = ~3U;

	msi->data = PCI_MSI_DATA_32;
	if (desc->flags & KVPCI_MSI_64BIT) {
		flags |= PCI_MSI_FLAGS_64BIT;
		msi->data = PCI_MSI_DATA_64;
		memset(writable + PCI_MSI_ADDRESS_HI, 0xff, 4);
	}
	cap.length = msi->data + 2;
	if (desc->flags & KVPCI_MSI_MASK) {
		u32 bits = GENMASK(desc->vectors - 1, 0);

		flags |= PCI_MSI_FLAGS_MASKBIT;
		msi->mask = msi->data + 4;
		memcpy(writable + msi->mask, &bits, sizeof(bits));
		cap.length = msi->mask + 8;
	}

	msi->range.length = cap.length;

	memcpy(value + PCI_MSI_FLAGS, &flags, sizeof(flags));
	memcpy(writable + PCI_MSI_FLAGS, &writable_flags, sizeof(writable_flags));
	memcpy(writable + PCI_MSI_ADDRESS_LO, &address_bits, sizeof(address_bits));
	memset(writable + msi->data, 0xff, 2);

	return kvpci_capability_add(list, &cap, value, writable, NULL);
}

/* Make MSI, but nobody's yet. */
static int init_msi(struct kvpci_msi_state *msi, struct kvpci_function *function,
		    struct kvpci_capability_list *list, u16 offset,
		    const struct kvpci_msi *desc)
{
	u32 *pending;
	int at, ret;

	at = msi_add_capability(msi, list, offset, desc);
	if (at < 0)
		return at;

	msi->range.ops = &msi_range_ops;
	msi->range.offset = at;
	pending = msi->mask ? (u32 *)(function->config.value + msi_pending(msi)) :
			      &msi->pending;
	ret = kvpci_vectors_init(&msi->vectors, &function->interrupts, &msi_ops,
				 desc->vectors, pending);
	if (ret)
		return ret;

	ret = kvpci_function_add_range(function, &msi->range);
	if (ret)
		kvpci_vectors_destroy(&msi->vectors);
	return ret;
}

/**
 * kvpci_msi_add() - give a function MSI
 * @function: the function, which nobody else knows of yet
 * @list: its capability list
 * @offset: of the capability; 0: where there is room
 * @desc: what it is to be; its flags and fields are not checked yet
 *
 * Context: process.
 * Return: 0 or an error, as the uapi says
 */
int kvpci_msi_add(struct kvpci_function *function, struct kvpci_capability_list *list,
		  u16 offset, const struct kvpci_msi *desc)
{
	struct kvpci_msi_state *msi;
	int ret;

	if (desc->flags & ~KVPCI_MSI_FLAGS || desc->pad || !is_power_of_2(desc->vectors) ||
	    desc->vectors > KVPCI_MAX_MSI_VECTORS)
		return -EINVAL;
	if (function->interrupts.msi)
		return -EINVAL;

	msi = kzalloc(sizeof(*msi), GFP_KERNEL_ACCOUNT);
	if (!msi)
		return -ENOMEM;

	ret = init_msi(msi, function, list, offset, desc);
	if (ret) {
		kfree(msi);
		return ret;
	}

	msi->allowed = 1;
	kvpci_vectors_fold(&msi->vectors, msi->allowed);
	function->interrupts.msi = &msi->vectors;
	return 0;
}
