// SPDX-License-Identifier: GPL-2.0
/*
 * Registers as byte arrays: value, writable bits, write-1-to-clear bits, read-to-clear bits.
 *
 * Configuration space and register ranges of BARs are both blocks of this kind.
 * A write is masks and nothing else, for any size and alignment; what else a
 * write does is up to the range that the registers are in, see pci/range.h.
 *
 * An aligned access of 1, 2, 4 or 8 bytes is a single load or store of the value,
 * so that a reader, which takes no lock, never sees half of such a write. Any other is
 * cut into aligned pieces.
 *
 * Offsets are a guest's, or a caller's, who has checked them, which a processor that runs
 * ahead has not.
 */
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>

#include "core/regs.h"

/* The longest aligned piece at the start of @len bytes at @offset. */
static u32 regs_piece(u32 offset, u32 len)
{
	if (len <= 8 && !(len & (len - 1)) && !(offset & (len - 1)))
		return len;

	return 1U << min3(3U, (u32)__ffs(offset | 8), (u32)__fls(len));
}

static __always_inline u64 load(const u8 *p, u32 len)
{
	switch (len) {
	case 1:
		return READ_ONCE(*p);
	case 2:
		return READ_ONCE(*(const u16 *)p);
	case 4:
		return READ_ONCE(*(const u32 *)p);
	default:
		return READ_ONCE(*(const u64 *)p);
	}
}

static __always_inline void store(u8 *p, u32 len, u64 val)
{
	switch (len) {
	case 1:
		WRITE_ONCE(*p, val);
		break;
	case 2:
		WRITE_ONCE(*(u16 *)p, val);
		break;
	case 4:
		WRITE_ONCE(*(u32 *)p, val);
		break;
	default:
		WRITE_ONCE(*(u64 *)p, val);
	}
}

/**
 * kvpci_regs_read() - read registers
 * @regs: the block
 * @offset: first byte
 * @len: bytes; @offset + @len is within the block
 * @val: where to put them
 *
 * Context: any.
 */
void kvpci_regs_read(const struct kvpci_regs *regs, u32 offset, u32 len,
		     void *val)
{
	u32 n;

	offset = array_index_nospec(offset, regs->size);
	/* What nearly all accesses are. */
	if (len == 4 && !(offset & 3)) {
		u32 v = load(regs->value + offset, 4);

		memcpy(val, &v, 4);
		return;
	}

	for (; len; len -= n, offset += n, val += n) {
		u64 v;

		n = regs_piece(offset, len);
		v = load(regs->value + offset, n);
		memcpy(val, &v, n);
	}
}

/**
 * kvpci_regs_read_clear() - read registers that reads clear
 * @regs: the block, which has such
 * @offset: first byte
 * @len: bytes; @offset + @len is within the block
 * @val: where to put what they held before
 *
 * Context: any; the caller holds the block's lock.
 */
void kvpci_regs_read_clear(struct kvpci_regs *regs, u32 offset, u32 len, void *val)
{
	u32 n;

	offset = array_index_nospec(offset, regs->size);
	for (; len; len -= n, offset += n, val += n) {
		u64 v;

		n = regs_piece(offset, len);
		v = load(regs->value + offset, n);
		memcpy(val, &v, n);
		store(regs->value + offset, n, v & ~load(regs->readclear + offset, n));
	}
}

/* Write an aligned piece. Inlined, so that a length that is known costs nothing. */
static __always_inline void write_piece(struct kvpci_regs *regs, u32 offset, u32 len,
					const void *val)
{
	u64 old = load(regs->value + offset, len);
	u64 v = 0, writable = 0, clear = 0;

	memcpy(&v, val, len);
	if (regs->writable)
		writable = load(regs->writable + offset, len);
	if (regs->write1clear)
		clear = load(regs->write1clear + offset, len);

	store(regs->value + offset, len,
	      ((old & ~writable) | (v & writable)) & ~(v & clear));
}

/**
 * kvpci_regs_write() - write registers as the guest does
 * @regs: the block
 * @offset: first byte
 * @len: bytes; @offset + @len is within the block
 * @val: what to write
 *
 * Context: any; the caller holds the block's lock.
 */
void kvpci_regs_write(struct kvpci_regs *regs, u32 offset, u32 len,
		      const void *val)
{
	u32 n;

	offset = array_index_nospec(offset, regs->size);
	/* What nearly all accesses are. */
	if (len == 4 && !(offset & 3)) {
		write_piece(regs, offset, 4, val);
		return;
	}
	/* And what goes to the command register, and those of capabilities. */
	if (len == 2 && !(offset & 1)) {
		write_piece(regs, offset, 2, val);
		return;
	}

	for (; len; len -= n, offset += n, val += n) {
		n = regs_piece(offset, len);
		switch (n) {
		case 1:
			write_piece(regs, offset, 1, val);
			break;
		case 2:
			write_piece(regs, offset, 2, val);
			break;
		case 4:
			write_piece(regs, offset, 4, val);
			break;
		default:
			write_piece(regs, offset, 8, val);
		}
	}
}

/**
 * kvpci_regs_set() - write registers as the device does, whatever the guest may write
 * @regs: the block
 * @offset: first byte
 * @len: bytes; @offset + @len is within the block
 * @val: what to write
 * @mask: @len bytes, of which only the set bits are written; NULL: all are
 *
 * Context: any; the caller holds the block's lock.
 */
void kvpci_regs_set(struct kvpci_regs *regs, u32 offset, u32 len,
		    const void *val, const void *mask)
{
	u32 done, n;

	offset = array_index_nospec(offset, regs->size);
	for (done = 0; done < len; done += n) {
		u64 v = 0, m = ~0ULL, old;

		n = regs_piece(offset + done, len - done);
		memcpy(&v, val + done, n);
		if (mask)
			memcpy(&m, mask + done, n);
		old = load(regs->value + offset + done, n);
		store(regs->value + offset + done, n, (old & ~m) | (v & m));
	}
}

/* Which bits of a byte can the guest change? */
static u8 regs_changeable(const struct kvpci_regs *regs, u32 offset)
{
	return (regs->writable ? regs->writable[offset] : 0) |
	       (regs->write1clear ? regs->write1clear[offset] : 0) |
	       (regs->readclear ? regs->readclear[offset] : 0);
}

/**
 * kvpci_regs_save() - have kvpci_regs_reset() put back what is there now
 * @regs: a block that has not been saved
 *
 * Context: process.
 * Return: 0 or -ENOMEM
 */
int kvpci_regs_save(struct kvpci_regs *regs)
{
	u32 offset, nr = 0;

	if (!regs->writable && !regs->write1clear && !regs->readclear)
		return 0;
	for (offset = 0; offset < regs->size; offset++)
		nr += !!regs_changeable(regs, offset);
	if (!nr)
		return 0;

	regs->reset = kvcalloc(nr, 1, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!regs->reset)
		return -ENOMEM;

	nr = 0;
	for (offset = 0; offset < regs->size; offset++)
		if (regs_changeable(regs, offset))
			regs->reset[nr++] = regs->value[offset];
	return 0;
}

/**
 * kvpci_regs_reset() - put back the bits that the guest can change
 * @regs: the block, whose @reset has been filled in
 * @offset: first byte
 * @len: bytes; @offset + @len is within the block
 * @index: how many bytes before @offset the guest can change
 *
 * Context: any; the caller holds the block's lock.
 * Return: @index for the bytes that follow
 */
u32 kvpci_regs_reset(struct kvpci_regs *regs, u32 offset, u32 len, u32 index)
{
	u32 end = offset + len;

	for (; offset < end; offset++) {
		u8 mask = regs_changeable(regs, offset);
		u8 *value = &regs->value[offset];

		if (mask)
			WRITE_ONCE(*value, (*value & ~mask) |
					   (regs->reset[index++] & mask));
	}

	return index;
}

/**
 * kvpci_regs_masks_ok() - is every bit changed by the guest in at most one way?
 * @writable: @len bytes, or NULL
 * @write1clear: @len bytes, or NULL
 * @readclear: @len bytes, or NULL
 * @len: bytes
 */
bool kvpci_regs_masks_ok(const u8 *writable, const u8 *write1clear, const u8 *readclear,
			 u32 len)
{
	u32 i;

	/* A single one is in nobody's way. */
	if (!!writable + !!write1clear + !!readclear < 2)
		return true;
	for (i = 0; i < len; i++) {
		u8 w = writable ? writable[i] : 0;
		u8 c = write1clear ? write1clear[i] : 0;
		u8 r = readclear ? readclear[i] : 0;

		if ((w & c) | (w & r) | (c & r))
			return false;
	}

	return true;
}
