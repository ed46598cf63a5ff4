// SPDX-License-Identifier: GPL-2.0
/*
 * Building the capability list (PCI Local Bus 3.0, 6.7) and the list of extended
 * capabilities (PCI Express Base 4.0, 7.6).
 *
 * The caller says what each capability holds; this file finds a place for it and
 * links it to the one before. Capabilities take whole dwords, and a bitmap of the
 * dwords taken keeps them apart. Their order in the list is the order in which
 * they were added. Headers are never writable, so that the guest can't break the
 * chain.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/pci_regs.h>
#include <linux/string.h>

#include "pci/capability.h"

#define CAP_START	0x40			/* PCI_STD_HEADER_SIZEOF */
#define CAP_HEADER	2
#define EXT_START	KVPCI_CONFIG_SIZE_CAM
#define EXT_HEADER	4

/* An extended header: ID in bits 0 to 15, version in 16 to 19, next in 20 to 31. */
static u32 ext_header(u16 id, u8 version, u16 next)
{
	return id | (u32)version << 16 | (u32)next << 20;
}

/**
 * kvpci_capability_begin() - start an empty list
 * @list: the list
 * @config: configuration space with its header filled in
 */
void kvpci_capability_begin(struct kvpci_capability_list *list,
			    struct kvpci_regs *config)
{
	list->config = config;
	bitmap_zero(list->used, KVPCI_CONFIG_SIZE / 4);
	list->link = PCI_CAPABILITY_LIST;
	list->next = CAP_START;
	list->extended_link = 0;
	list->extended_next = EXT_START;
}

/* MSI and MSI-X are the kernel's to make, and nothing else is. */
static bool made_as_its_id_says(const struct kvpci_capability *cap)
{
	u32 flags = 0;

	if (!(cap->flags & KVPCI_CAP_EXTENDED)) {
		if (cap->id == PCI_CAP_ID_MSI)
			flags = KVPCI_CAP_MSI;
		else if (cap->id == PCI_CAP_ID_MSIX)
			flags = KVPCI_CAP_MSIX;
	}

	return (cap->flags & (KVPCI_CAP_MSI | KVPCI_CAP_MSIX)) == flags &&
	       !(flags && (cap->writable || cap->write1clear));
}

/**
 * kvpci_capability_check() - does a capability make sense on its own?
 * @cap: the capability
 *
 * Return: 0 or -EINVAL
 */
int kvpci_capability_check(const struct kvpci_capability *cap)
{
	bool ext = cap->flags & KVPCI_CAP_EXTENDED;
	u32 start = ext ? EXT_START : CAP_START;
	u32 end = ext ? KVPCI_CONFIG_SIZE : KVPCI_CONFIG_SIZE_CAM;
	u32 length = cap->length;

	/* Of what the kernel makes, @length is that of the description. */
	if (cap->flags & (KVPCI_CAP_MSI | KVPCI_CAP_MSIX))
		length = CAP_HEADER;

	if (cap->flags & ~KVPCI_CAP_FLAGS || cap->pad || cap->pad1)
		return -EINVAL;
	if (!made_as_its_id_says(cap))
		return -EINVAL;
	if (!cap->id)		/* the null capability, which ends a list */
		return -EINVAL;
	if (ext ? !cap->version || cap->version > 15 :
		  cap->version || cap->id > 0xff)
		return -EINVAL;
	if (cap->length < (ext ? EXT_HEADER : CAP_HEADER) ||
	    cap->length > end - start)
		return -EINVAL;
	if (cap->offset && (!IS_ALIGNED(cap->offset, 4) ||
			    cap->offset < start ||
			    cap->offset + length > end))
		return -EINVAL;

	return 0;
}

static int find_place(struct kvpci_capability_list *list,
		      const struct kvpci_capability *cap)
{
	bool ext = cap->flags & KVPCI_CAP_EXTENDED;
	u32 end = (ext ? KVPCI_CONFIG_SIZE : KVPCI_CONFIG_SIZE_CAM) / 4;
	u32 dwords = DIV_ROUND_UP(cap->length, 4);
	u32 at;

	if (ext && !list->extended_link) {
		if (cap->offset && cap->offset != EXT_START)
			return -EINVAL;
		return EXT_START;
	}

	if (cap->offset) {
		at = cap->offset / 4;
		if (at + dwords > end ||
		    find_next_bit(list->used, at + dwords, at) < at + dwords)
			return -EINVAL;
		return cap->offset;
	}

	at = bitmap_find_next_zero_area(list->used, end,
					(ext ? list->extended_next : list->next) / 4,
					dwords, 0);
	return at + dwords > end ? -ENOSPC : at * 4;
}

static void link_standard(struct kvpci_capability_list *list, u16 at, u8 id)
{
	u8 *value = list->config->value;

	value[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	value[list->link] = at;
	value[at + PCI_CAP_LIST_ID] = id;
	value[at + PCI_CAP_LIST_NEXT] = 0;
	list->link = at + PCI_CAP_LIST_NEXT;
}

static void link_extended(struct kvpci_capability_list *list, u16 at,
			  const struct kvpci_capability *cap)
{
	u8 *value = list->config->value;
	u32 header;

	if (list->extended_link) {
		memcpy(&header, value + list->extended_link, sizeof(header));
		header |= (u32)at << 20;
		memcpy(value + list->extended_link, &header, sizeof(header));
	}
	header = ext_header(cap->id, cap->version, 0);
	memcpy(value + at, &header, sizeof(header));
	list->extended_link = at;
}

/**
 * kvpci_capability_add() - place a capability and link it to the list
 * @list: the list
 * @cap: the capability, which kvpci_capability_check() has let pass
 * @value: cap->length bytes, the header ignored
 * @writable: cap->length bytes or NULL, the header ignored
 * @write1clear: cap->length bytes or NULL, the header ignored
 *
 * Return: the capability's offset; -EINVAL if it collides with another or has a bit
 * both writable and write-1-to-clear; -ENOSPC if there is no room
 */
int kvpci_capability_add(struct kvpci_capability_list *list,
			 const struct kvpci_capability *cap, const u8 *value,
			 const u8 *writable, const u8 *write1clear)
{
	bool ext = cap->flags & KVPCI_CAP_EXTENDED;
	u32 header = ext ? EXT_HEADER : CAP_HEADER;
	u32 body = cap->length - header;
	struct kvpci_regs *config = list->config;
	int at;

	if (!kvpci_regs_masks_ok(writable, write1clear, NULL, cap->length))
		return -EINVAL;

	at = find_place(list, cap);
	if (at < 0)
		return at;

	bitmap_set(list->used, at / 4, DIV_ROUND_UP(cap->length, 4));

	memcpy(config->value + at + header, value + header, body);
	if (writable)
		memcpy(config->writable + at + header, writable + header, body);
	if (write1clear)
		memcpy(config->write1clear + at + header,
		       write1clear + header, body);

	if (ext) {
		link_extended(list, at, cap);
		list->extended_next = at + ALIGN(cap->length, 4);
	} else {
		link_standard(list, at, cap->id);
		list->next = at + ALIGN(cap->length, 4);
	}

	return at;
}

/**
 * kvpci_capability_header_in() - does a range touch the header of a capability?
 * @config: configuration space with its lists built
 * @offset: first byte of the range
 * @len: its length
 *
 * Context: any.
 */
bool kvpci_capability_header_in(const struct kvpci_regs *config, u32 offset,
				u32 len)
{
	u32 at;

	for (at = config->value[PCI_CAPABILITY_LIST]; at;
	     at = config->value[at + PCI_CAP_LIST_NEXT])
		if (kvpci_overlaps(offset, len, at, CAP_HEADER))
			return true;

	for (at = EXT_START; at;
	     at = PCI_EXT_CAP_NEXT(kvpci_config_u32(config, at)))
		if (kvpci_overlaps(offset, len, at, EXT_HEADER))
			return true;

	return false;
}
