/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_RANGE_H
#define _KVPCI_RANGE_H

#include <linux/bits.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

struct kvm_vcpu;
struct kvpci_function;
struct kvpci_range;
struct kvpci_regs;

/*
 * What has to follow a write, once the locks under which it was made have been released:
 * kvpci_effects_carry_out() does it. That userspace is to complete it or to know of it has the
 * claim's callback return -EOPNOTSUPP, see exit.c; it may be to know of a reset, too.
 */
#define KVPCI_EFFECT_USERSPACE	BIT(0)	/* it has not been made: userspace completes it */
#define KVPCI_EFFECT_MAP	BIT(1)	/* watched ranges of the map of memory changed */
#define KVPCI_EFFECT_MESSAGES	BIT(2)	/* pending ones may be sent, or are not to come any more */
#define KVPCI_EFFECT_RESET	BIT(3)	/* the guest has initiated function-level reset */
#define KVPCI_EFFECT_EXIT	BIT(4)	/* it has been made, and userspace is to know */
#define KVPCI_EFFECT_BUSES	BIT(5)	/* bus numbers lead elsewhere */
#define KVPCI_EFFECT_BEHIND	BIT(6)	/* other addresses, or messages, come through a bridge */
#define KVPCI_EFFECT_BUS_RESET	BIT(7)	/* the guest has initiated a reset of the secondary bus */
#define KVPCI_EFFECT_SLOT	BIT(8)	/* after all else: a bridge's slot may have changed */
#define KVPCI_EFFECT_RECALL	BIT(9)	/* userspace is to take a vector back, and to know */

/**
 * enum kvpci_reset_kind - what resets a function
 * @KVPCI_RESET_CONVENTIONAL: userspace, as a reset of the bus would (PCI Express Base 4.0,
 *	6.6.1)
 * @KVPCI_RESET_FUNCTION_LEVEL: the guest (6.6.2)
 */
enum kvpci_reset_kind {
	KVPCI_RESET_CONVENTIONAL,
	KVPCI_RESET_FUNCTION_LEVEL,
};

/**
 * struct kvpci_guest_access - a guest's access to a space
 * @vcpu: the guest's; NULL: userspace makes it in the guest's place, and completes nothing
 * @addr: its address or port, if it is the guest's
 * @len: bytes of the whole access, of which a range may see a part
 */
struct kvpci_guest_access {
	struct kvm_vcpu *vcpu;
	u64 addr;
	u32 len;
};

/**
 * struct kvpci_state_ops - what is saved of a kind of range
 * @type: enum kvpci_state_type
 * @length: bytes of its record; 0: there is none
 * @get: put them into @state
 * @check: may the range be so, if the function's configuration space is @config? NULL: any
 *	bytes do.
 * @set: let it be so. What the registers of configuration space hold has been set, and what
 *	follows from that is done here, too, with or without a record, for which @state is NULL.
 * @changes: bits of a byte of a register of configuration space that change although the
 *	guest can't write them, nor the device; NULL: none do
 *
 * @check is called without a spinlock. Of a range of configuration space, @get and @set are
 * called under the function's lock and the interrupts'; of one of a BAR, without a lock but
 * the host's.
 */
struct kvpci_state_ops {
	u32 type;
	u32 (*length)(const struct kvpci_range *range);
	void (*get)(struct kvpci_range *range, void *state);
	bool (*check)(const struct kvpci_range *range, const struct kvpci_regs *config,
		      const void *state);
	void (*set)(struct kvpci_range *range, const void *state);
	u8 (*changes)(const struct kvpci_range *range, u64 offset);
};

/**
 * struct kvpci_range_ops - a kind of range
 * @name: what it is called in /proc
 * @read: the guest reads @len bytes at @offset of the range, all within it. Returns 0, or
 *	-EOPNOTSUPP if userspace is to complete it. NULL in configuration space, whose
 *	reads have no effects.
 * @write: the guest writes them. Returns KVPCI_EFFECT_*.
 * @get: the device reads them, of a bank if there are several; NULL: it can't
 * @set: the device, likewise, writes those bits of them that are set in the mask, all if that is
 *	NULL; NULL: it can't
 * @reset: put it back to what it is after that reset of the function; NULL: nothing to do
 * @reset_length: how many bytes does @reset go through, if many? NULL: none
 * @state: what is saved of it; NULL: nothing but registers of configuration space
 * @move: have its bytes at @bytes from now on, which someone else frees; process context,
 *	under the host's lock, before the function is plugged. For those that have
 *	@mirrored set.
 * @destroy: free it; process context, no access is running. NULL if it is part of
 *	something else.
 *
 * Of a range of a BAR, @read and @write run in a callback of a claim, without a lock, and
 * take no longer than the function's lock may be held, but for messages that they send or
 * wait for (kvpci_vector_flush(), kvpci_vectors_settle()). What follows a write they do
 * themselves, and return no effect but KVPCI_EFFECT_USERSPACE, KVPCI_EFFECT_EXIT and
 * KVPCI_EFFECT_RECALL. @reset is called without a lock. @get and @set take the function's lock
 * where they need it.
 *
 * Of a range of configuration space, whose registers are its bytes, @write, which has no
 * access, and @set are called under the function's lock, and @reset, when all registers have
 * been reset, under that and the interrupts'.
 */
struct kvpci_range_ops {
	const char *name;
	int (*read)(struct kvpci_range *range, const struct kvpci_guest_access *access,
		    u64 offset, u32 len, void *val);
	u32 (*write)(struct kvpci_range *range, const struct kvpci_guest_access *access,
		     u64 offset, u32 len, const void *val);
	void (*get)(struct kvpci_range *range, u32 bank, u64 offset, u32 len, void *val);
	void (*set)(struct kvpci_range *range, u32 bank, u64 offset, u32 len,
		    const void *val, const void *mask);
	void (*reset)(struct kvpci_range *range, enum kvpci_reset_kind kind);
	u32 (*reset_length)(const struct kvpci_range *range);
	const struct kvpci_state_ops *state;
	void (*move)(struct kvpci_range *range, u8 *bytes);
	void (*destroy)(struct kvpci_range *range);
};

/**
 * struct kvpci_range - bytes of a space that are of one kind, which embeds this
 * @ops: its kind
 * @space: where it is
 * @offset: its first byte, from the start of the space
 * @length: bytes
 * @nr_banks: how many banks the device sees there; 0: no more than the guest does
 * @exits: accesses to it may end KVM_RUN
 * @level: the INTx pin has the level that it says
 * @mirrored: reads have no effect and are to be spared the guest, see mirror.c
 * @moved: its bytes are in a mirror
 * @external: userspace makes memory of the guest of it, see mirror.c
 */
struct kvpci_range {
	const struct kvpci_range_ops *ops;
	struct kvpci_space *space;
	u64 offset;
	u64 length;
	u32 nr_banks;
	bool exits;
	bool level;
	bool mirrored;
	bool moved;
	bool external;
};

/**
 * struct kvpci_ranges - the ranges of a space
 * @nr: how many
 * @range: by ascending offset, disjoint
 */
struct kvpci_ranges {
	u32 nr;
	struct kvpci_range *range[];
};

/**
 * struct kvpci_space - configuration space, or a BAR, as what a guest finds in it
 * @function: whose it is
 * @size: bytes
 * @ranges: what is there; NULL: nothing. Replaced as a whole, of configuration space while nobody
 *	else knows of the function, of a BAR under the host's lock.
 */
struct kvpci_space {
	struct kvpci_function *function;
	u64 size;
	struct kvpci_ranges __rcu *ranges;
};

/*
 * The ranges of a space; NULL: there are none. They stay as long as the caller holds the host's
 * lock, is a callback of a claim, or in a read section of RCU.
 */
static inline struct kvpci_ranges *kvpci_space_ranges(const struct kvpci_space *space)
{
	return rcu_dereference_raw(space->ranges);
}

int kvpci_range_replace(struct kvpci_space *space, struct kvpci_range *old,
			struct kvpci_range *new, struct kvpci_ranges **stale);
int kvpci_range_insert(struct kvpci_range *range);
void kvpci_ranges_destroy(struct kvpci_space *space);
struct kvpci_range *kvpci_range_next(const struct kvpci_space *space, u64 offset);
struct kvpci_range *kvpci_range_find(const struct kvpci_space *space, u64 offset);
u32 kvpci_range_piece(const struct kvpci_space *space, u64 offset, u32 len,
		      struct kvpci_range **range);
int kvpci_space_read(struct kvpci_space *space, const struct kvpci_guest_access *access,
		     u64 offset, u32 len, void *val);
int kvpci_space_write(struct kvpci_space *space, const struct kvpci_guest_access *access,
		      u64 offset, u32 len, const void *val);

#endif /* _KVPCI_RANGE_H */
