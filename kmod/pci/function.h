/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_FUNCTION_H
#define _KVPCI_FUNCTION_H

#include <linux/kvpci.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "core/regs.h"
#include "interrupt/interrupts.h"
#include "kvm/kvm.h"
#include "pci/bar.h"
#include "pci/bridge.h"
#include "pci/config.h"
#include "pci/range.h"
#include "trace.h"

struct eventfd_ctx;
struct kvpci_host;
struct kvpci_mirror_range;

/**
 * struct kvpci_function - a PCI function
 * @ref: held by its descriptor and, of a bridge, by each function behind it
 * @host: the host bridge
 * @bus: the bus that it is on; NULL if it could not be made
 * @bridge: its secondary bus, if it is a bridge, and NULL otherwise; fixed
 * @traps: a bit for each byte of configuration space: userspace completes guests' accesses to it;
 *	NULL: to none. Replaced as a whole, under the host's lock and the lock of mirrors.
 * @lock: guards writes to @config and to registers behind BARs, and what @bars say of
 *	where they are; taken on guest accesses, inside the host's lock
 * @config: the registers of configuration space
 * @space: configuration space: those of its registers that are more than masks
 * @range_of: for each dword that mechanism #1 reaches 1 + the index of the range that has it,
 *	in those of @space, or 0
 * @exits: a bit for each byte of configuration space: userspace is to know of guests' writes
 *	to it; NULL: of none. Guarded by @lock.
 * @exit_on_reset: and of function-level reset
 * @watched: there are @exits or @traps; guarded by @lock
 * @hole: where the guest is to have no memory of configuration space, since there are @traps, or
 *	have been; NULL: there have been none. Guarded by the lock of mirrors.
 * @bar_registers: the range of the BARs
 * @command: the range of the command and status registers
 * @bars: the BARs and the ROM, as far as it has them
 * @interrupts: how it may interrupt the guest
 * @reset_eventfd: signalled after a reset, or NULL
 * @link: in the host's list; guarded by the host's lock
 * @plugged: the guest sees it; guarded by @lock and by the host's
 * @devfn: device and function number
 * @nr_bar_ranges: ranges of all BARs; guarded by the host's lock
 * @level: the pin follows one of them; guarded by the host's lock
 * @nr_doorbells: of all BARs; guarded by the host's lock
 * @reset_length: bytes that a reset of all BARs' ranges goes through; guarded by the
 *	host's lock
 * @state_length: bytes in the records of all BARs' ranges; guarded by the host's lock
 * @serial: no other function of the host had or will have this number
 * @user_data: the caller's
 */
struct kvpci_function {
	refcount_t ref;
	struct kvpci_host *host;
	struct kvpci_bus *bus;
	struct kvpci_bridge *bridge;
	unsigned long __rcu *traps;
	spinlock_t lock;	/* guest-written state, see above */
	struct kvpci_regs config;
	struct kvpci_space space;
	u8 range_of[KVPCI_CONFIG_SIZE_CAM / 4];
	unsigned long *exits;
	bool exit_on_reset;
	bool watched;
	struct kvpci_mirror_range *hole;
	struct kvpci_range bar_registers;
	struct kvpci_range command;
	struct kvpci_bars bars;
	struct kvpci_interrupts interrupts;
	struct eventfd_ctx *reset_eventfd;
	struct list_head link;
	bool plugged;
	u8 devfn;
	u16 nr_bar_ranges;
	bool level;
	u16 nr_doorbells;
	u32 reset_length;
	u32 state_length;
	u64 serial;
	u64 user_data;
};

int kvpci_function_init(struct kvpci_function *function,
			const struct kvpci_function_config *desc);
int kvpci_function_set_exit(struct kvpci_function *function, u32 offset, u32 len, bool exit);
unsigned long *kvpci_function_new_traps(const struct kvpci_function *function, u32 offset, u32 len,
					bool trap);
bool kvpci_traps_touched(const unsigned long *traps, u32 offset, u32 len);
int kvpci_function_add_range(struct kvpci_function *function, struct kvpci_range *range);
int kvpci_function_replace_bar_range(struct kvpci_function *function, struct kvpci_range *old,
				     struct kvpci_range *new);
void kvpci_function_config_read_traced(struct kvpci_function *function, u32 offset,
				       u32 len, void *val);
u32 kvpci_function_config_write(struct kvpci_function *function, u32 offset,
				u32 len, const void *val);
u32 kvpci_function_config_write_all(struct kvpci_function *function, u32 offset,
				    u32 len, const void *val);
void kvpci_function_watch(struct kvpci_function *function);
bool kvpci_function_config_is_settable(const struct kvpci_function *function, u32 offset,
				       u32 len);
bool kvpci_function_config_is_plain(const struct kvpci_function *function, u32 offset, u32 len);
int kvpci_function_config_set(struct kvpci_function *function, u32 offset, u32 len,
			      const void *val, const void *mask);
u32 kvpci_function_config_reset(struct kvpci_function *function, enum kvpci_reset_kind kind);
void kvpci_function_bars_reset(struct kvpci_function *function, enum kvpci_reset_kind kind);

/**
 * kvpci_function_has_traps() - does userspace complete any accesses to configuration space?
 * @function: the function
 *
 * Context: any.
 * Return: whether it does; while traps come or go, unless the caller holds the lock of mirrors,
 * either
 */
static inline bool kvpci_function_has_traps(const struct kvpci_function *function)
{
	return unlikely(rcu_access_pointer(function->traps));
}

/**
 * kvpci_function_is_trapped() - does userspace complete an access to configuration space?
 * @function: the function
 * @kvm: its virtual machine
 * @offset: first byte
 * @len: bytes; @offset + @len is within configuration space
 *
 * Context: a callback of a claim.
 * Return: whether it touches such a byte
 */
static inline bool kvpci_function_is_trapped(const struct kvpci_function *function,
					     struct kvm *kvm, u32 offset, u32 len)
{
	const unsigned long *traps = kvpci_kvm_dereference(kvm, function->traps);

	return unlikely(traps) && kvpci_traps_touched(traps, offset, len);
}

/**
 * kvpci_function_config_read() - read configuration space as the guest does
 * @function: the function
 * @offset: first byte
 * @len: bytes, at most 8; @offset + @len is within configuration space
 * @val: where to put them
 *
 * Context: a callback of a claim.
 */
static inline void kvpci_function_config_read(struct kvpci_function *function, u32 offset,
					      u32 len, void *val)
{
	/* Nothing has to be kept for after the read unless someone wants to know. */
	if (trace_kvpci_config_read_enabled())
		kvpci_function_config_read_traced(function, offset, len, val);
	else
		kvpci_regs_read(&function->config, offset, len, val);
}

/* The bus number by which the guest reaches a function; 0xff if it doesn't. */
static inline u8 kvpci_function_bus_number(const struct kvpci_function *function)
{
	return READ_ONCE(function->bus->number);
}

/* What has to follow if all registers of a function may have changed, KVPCI_EFFECT_*. */
static inline u32 kvpci_function_bridge_effects(const struct kvpci_function *function)
{
	return function->bridge ?
	       KVPCI_EFFECT_BUSES | KVPCI_EFFECT_BEHIND | KVPCI_EFFECT_SLOT : 0;
}

/* The function of a range of configuration space or of a BAR. */
static inline struct kvpci_function *kvpci_range_function(const struct kvpci_range *range)
{
	return range->space->function;
}

/* Write a range of configuration space by its masks; under the function's lock. */
static inline void kvpci_range_write_regs(struct kvpci_range *range, u64 offset, u32 len,
					  const void *val)
{
	kvpci_regs_write(&kvpci_range_function(range)->config, range->offset + offset, len,
			 val);
}

#endif /* _KVPCI_FUNCTION_H */
