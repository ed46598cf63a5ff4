// SPDX-License-Identifier: GPL-2.0
/*
 * MSI (PCI Local Bus 3.0, 6.8.1): the capability. What its vectors do is in vector.c.
 *
 * The guest may enable fewer vectors than there are. Those then take the place of the
 * others, by the vector's low bits, so that no interrupt is lost.
 */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "capability.h"
#include "function.h"
#include "interrupt.h"
#include "msi.h"
#include "uarg.h"
#include "vector.h"

#define MAX_LENGTH		24

/**
 * struct vpci_msi - MSI of a function
 * @vectors: their state
 * @at: offset of the capability
 * @length: of it
 * @data: offset of the message data, from the start of the capability
 * @mask: likewise of the mask bits; 0 if vectors can't be masked
 * @pending: the pending bits if the guest can't see them
 * @message: the message of vector 0 as it was last
 * @allowed: how many vectors were enabled last
 */
struct vpci_msi {
	struct vpci_vectors vectors;
	u16 at;
	u8 length;
	u8 data;
	u8 mask;
	u32 pending;
	struct vpci_message message;
	u32 allowed;
};

static const struct vpci_msi *of_vectors(const struct vpci_vectors *vectors)
{
	return container_of(vectors, struct vpci_msi, vectors);
}

static const struct vpci_regs *config(const struct vpci_msi *msi)
{
	return &msi->vectors.interrupts->function->config;
}

static u16 control(const struct vpci_msi *msi)
{
	return vpci_config_u16(config(msi), msi->at + PCI_MSI_FLAGS);
}

/* How many vectors the guest has enabled; reserved values mean all. */
static u32 msi_allowed(const struct vpci_msi *msi)
{
	u32 log = (control(msi) & PCI_MSI_FLAGS_QSIZE) >> 4;

	return min(1U << log, msi->vectors.nr);
}

static struct vpci_message msi_message(const struct vpci_vectors *vectors, u32 n)
{
	const struct vpci_msi *msi = of_vectors(vectors);
	u32 low = msi_allowed(msi) - 1;
	struct vpci_message message = {
		.address = vpci_config_u32(config(msi), msi->at + PCI_MSI_ADDRESS_LO),
		.data = vpci_config_u16(config(msi), msi->at + msi->data),
	};

	if (msi->data == PCI_MSI_DATA_64)
		message.address |= (u64)vpci_config_u32(config(msi), msi->at +
							PCI_MSI_ADDRESS_HI) << 32;
	message.data = (message.data & ~low) | (n & low);
	return message;
}

static bool msi_masked(const struct vpci_vectors *vectors, u32 n)
{
	const struct vpci_msi *msi = of_vectors(vectors);

	/* Nothing is sent of those that are not enabled, either. */
	return n >= msi_allowed(msi) ||
	       (msi->mask &&
		vpci_config_u32(config(msi), msi->at + msi->mask) & BIT(n));
}

static const struct vpci_vectors_ops msi_ops = {
	.message = msi_message,
	.masked = msi_masked,
};

static int get_desc(const struct kvpci_capability *cap, struct kvpci_msi *desc)
{
	int ret;

	ret = vpci_uarg_get(desc, sizeof(*desc), KVPCI_MSI_SIZE_VER0,
			    u64_to_user_ptr(cap->value));
	if (ret)
		return ret;
	if (desc->size != cap->length || desc->flags & ~KVPCI_MSI_FLAGS ||
	    desc->pad)
		return -EINVAL;
	if (!is_power_of_2(desc->vectors) ||
	    desc->vectors > KVPCI_MAX_MSI_VECTORS)
		return -EINVAL;

	return 0;
}

static int add_capability(struct vpci_msi *msi, struct vpci_capability_list *list,
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

	msi->length = cap.length;

	memcpy(value + PCI_MSI_FLAGS, &flags, sizeof(flags));
	memcpy(writable + PCI_MSI_FLAGS, &writable_flags, sizeof(writable_flags));
	memcpy(writable + PCI_MSI_ADDRESS_LO, &address_bits, sizeof(address_bits));
	memset(writable + msi->data, 0xff, 2);

	return vpci_capability_add(list, &cap, value, writable, NULL);
}

/**
 * vpci_msi_add() - give a function MSI
 * @interrupts: of the function, which nobody else knows of yet
 * @list: its capability list
 * @cap: the capability, which vpci_capability_check() has let pass
 *
 * Return: 0 or an error, as the uapi says
 */
int vpci_msi_add(struct vpci_interrupts *interrupts,
		 struct vpci_capability_list *list,
		 const struct kvpci_capability *cap)
{
	struct vpci_regs *regs = &interrupts->function->config;
	struct vpci_msi *msi;
	struct kvpci_msi desc;
	u32 *pending;
	int at, ret;

	if (interrupts->msi)
		return -EINVAL;
	ret = get_desc(cap, &desc);
	if (ret)
		return ret;

	msi = kzalloc(sizeof(*msi), GFP_KERNEL_ACCOUNT);
	if (!msi)
		return -ENOMEM;

	at = add_capability(msi, list, cap->offset, &desc);
	if (at < 0) {
		kfree(msi);
		return at;
	}
	msi->at = at;
	pending = msi->mask ? (u32 *)(regs->value + at + msi->mask + 4) :
			      &msi->pending;
	ret = vpci_vectors_init(&msi->vectors, interrupts, &msi_ops,
				desc.vectors, pending);
	if (ret) {
		kfree(msi);
		return ret;
	}

	interrupts->msi = msi;
	msi->allowed = 1;
	vpci_vectors_fold(&msi->vectors, msi->allowed);
	vpci_function_add_interrupt(interrupts->function, at, msi->length);
	return 0;
}

/**
 * vpci_msi_destroy() - free
 * @msi: MSI of a function that the guest can't reach any more, or NULL
 */
void vpci_msi_destroy(struct vpci_msi *msi)
{
	if (!msi)
		return;

	vpci_vectors_destroy(&msi->vectors);
	kfree(msi);
}

/**
 * vpci_msi_vectors() - the vectors
 * @msi: MSI of a function
 */
struct vpci_vectors *vpci_msi_vectors(struct vpci_msi *msi)
{
	return &msi->vectors;
}

/**
 * vpci_msi_is_enabled() - has the guest enabled it?
 * @msi: MSI of a function
 *
 * Context: any.
 */
bool vpci_msi_is_enabled(const struct vpci_msi *msi)
{
	return control(msi) & PCI_MSI_FLAGS_ENABLE;
}

/**
 * vpci_msi_follow() - have a write to configuration space take effect
 * @msi: MSI of a function
 *
 * Context: the caller holds the interrupts' lock.
 * Return: whether vpci_vectors_flush() is to follow
 */
bool vpci_msi_follow(struct vpci_msi *msi)
{
	struct vpci_message message = msi_message(&msi->vectors, 0);
	bool new_message = message.address != msi->message.address ||
			   message.data != msi->message.data ||
			   msi_allowed(msi) != msi->allowed;
	bool master = vpci_config_u16(config(msi), PCI_COMMAND) & PCI_COMMAND_MASTER;
	bool pending;
	u32 n;

	msi->message = message;
	msi->allowed = msi_allowed(msi);
	vpci_vectors_fold(&msi->vectors, msi->allowed);
	pending = vpci_vectors_enable(&msi->vectors, vpci_msi_is_enabled(msi) && master);
	for (n = 0; n < msi->allowed; n++)
		vpci_vector_changed(&msi->vectors, n, new_message);

	return pending;
}

/**
 * vpci_msi_reset() - let nothing be pending
 * @msi: MSI of a function, whose registers have been reset
 *
 * Context: the caller holds the interrupts' lock.
 */
void vpci_msi_reset(struct vpci_msi *msi)
{
	msi->message = msi_message(&msi->vectors, 0);
	msi->allowed = msi_allowed(msi);
	vpci_vectors_reset(&msi->vectors);
	vpci_vectors_fold(&msi->vectors, msi->allowed);
}
