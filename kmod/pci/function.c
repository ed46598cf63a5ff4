// SPDX-License-Identifier: GPL-2.0
/*
 * Functions: configuration space, and what is behind BARs.
 *
 * A write to configuration space is three masks (regs.c), and for most registers that is
 * all. Those for which something has to follow are in ranges: the command and status
 * registers, those of the BARs, capabilities. A range's kind makes the write and says what
 * has to follow once the function's lock has been released, which this file leaves to those
 * who call it.
 *
 * A read is one of registers, whatever they are for: guests read them from a mirror. Those bytes
 * that userspace has the guest's accesses to are trapped before they come here, and their function
 * has no mirror.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "pci/capability.h"
#include "pci/command.h"
#include "pci/exit.h"
#include "pci/function.h"
#include "pci/host.h"

static u32 bar_registers_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
			       u64 offset, u32 len, const void *val)
{
	struct kvpci_function *function = kvpci_range_function(range);

	kvpci_range_write_regs(range, offset, len, val);
	if (!function->plugged)
		return 0;

	kvpci_bars_written(&function->config, &function->bars, range->offset + offset, len);
	return kvpci_host_has_unfollowed(function->host) ? KVPCI_EFFECT_MAP : 0;
}

static u32 bar_registers_state_length(const struct kvpci_range *range)
{
	return sizeof(struct kvpci_state_bars);
}

static void bar_registers_get_state(struct kvpci_range *range, void *state)
{
	kvpci_bars_get_placed(&kvpci_range_function(range)->bars, state);
}

static bool bar_registers_check_state(const struct kvpci_range *range,
				      const struct kvpci_regs *config, const void *state)
{
	return kvpci_bars_placed_ok(config, &kvpci_range_function(range)->bars, state);
}

/* Of a function that the guest does not see, no BAR decodes: they come when it is plugged. */
static void bar_registers_set_state(struct kvpci_range *range, const void *state)
{
	struct kvpci_function *function = kvpci_range_function(range);

	if (function->plugged)
		kvpci_bars_set_placed(&function->bars, state);
}

static const struct kvpci_state_ops bar_registers_state_ops = {
	.type = KVPCI_STATE_BARS,
	.length = bar_registers_state_length,
	.get = bar_registers_get_state,
	.check = bar_registers_check_state,
	.set = bar_registers_set_state,
};

/* No reset: kvpci_function_config_reset() maps BARs, outside of the interrupts' lock. */
static const struct kvpci_range_ops bar_registers_ops = {
	.name = "bars",
	.write = bar_registers_write,
	.state = &bar_registers_state_ops,
};

static void init_bar(struct kvpci_function *function, struct kvpci_function_bar *bar, u8 index,
		     const struct kvpci_function_config *desc)
{
	bar->space.function = function;
	bar->index = index;
	kvpci_map_node_init(&bar->node);
	if (index == KVPCI_BAR_ROM) {
		bar->space.size = desc->rom_size;
	} else {
		bar->space.size = desc->bars[index].size;
		bar->flags = desc->bars[index].flags;
	}
	bar->map = bar->flags & KVPCI_BAR_IO ? &function->host->ports :
					       &function->host->memory;
}

/* Which of them are there is known to be allowed. */
static int init_bars(struct kvpci_function *function,
		     const struct kvpci_function_config *desc)
{
	struct kvpci_bars *bars = &function->bars;
	u8 there[KVPCI_NUM_BARS_AND_ROM];
	u8 i, nr = 0;

	for (i = 0; i < KVPCI_NUM_BARS; i++)
		if (desc->bars[i].size)
			there[nr++] = i;
	if (desc->rom_size)
		there[nr++] = KVPCI_BAR_ROM;

	bars->bar = kcalloc(nr, sizeof(*bars->bar), GFP_KERNEL_ACCOUNT);
	if (!bars->bar)
		return -ENOMEM;

	bars->nr = nr;
	for (i = 0; i < nr; i++)
		init_bar(function, &bars->bar[i], there[i], desc);
	return 0;
}

/* Make the function a bridge, whose header has been filled in. */
static int create_bridge(struct kvpci_function *function)
{
	struct kvpci_bridge *bridge = kzalloc(sizeof(*bridge), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!bridge)
		return -ENOMEM;

	bridge->bus.bridge = function;
	bridge->bus.number = KVPCI_BUS_NONE;
	ret = kvpci_bus_add(function->host, &bridge->bus);
	if (ret) {
		kfree(bridge);
		return ret;
	}

	function->bridge = bridge;
	bridge->range.ops = &kvpci_bridge_ops;
	bridge->range.offset = PCI_PRIMARY_BUS;
	bridge->range.length = PCI_BRIDGE_CONTROL + 2 - PCI_PRIMARY_BUS;
	return kvpci_function_add_range(function, &bridge->range);
}

static int add_header_ranges(struct kvpci_function *function)
{
	int ret;

	function->command.ops = &kvpci_command_ops;
	function->command.offset = PCI_COMMAND;
	function->command.length = 4;
	ret = kvpci_function_add_range(function, &function->command);
	if (ret)
		return ret;

	function->bar_registers.ops = &bar_registers_ops;
	function->bar_registers.offset = PCI_BASE_ADDRESS_0;
	function->bar_registers.length = (function->bridge ? PCI_BASE_ADDRESS_2 :
							     PCI_ROM_ADDRESS + 4) -
					 PCI_BASE_ADDRESS_0;
	return kvpci_function_add_range(function, &function->bar_registers);
}

/**
 * kvpci_function_init() - initialise a function, without capabilities and interrupts
 * @function: all zeroes but for @function->host
 * @desc: its description
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0, or an error as the uapi says; what there is then is freed as if it had not
 * failed
 */
int kvpci_function_init(struct kvpci_function *function,
			const struct kvpci_function_config *desc)
{
	struct kvpci_host *host = function->host;
	struct kvpci_regs *config = &function->config;
	int ret;

	lockdep_assert_held(&host->lock);
	spin_lock_init(&function->lock);
	function->devfn = desc->devfn;
	function->serial = ++host->functions;
	function->user_data = desc->user_data;
	INIT_LIST_HEAD(&function->link);
	kvpci_interrupts_init(&function->interrupts, function, host->kvm, &host->listeners,
			      host->worker, &host->recalled, host->direct);
	function->space.function = function;
	function->space.size = KVPCI_CONFIG_SIZE;

	config->size = KVPCI_CONFIG_SIZE;
	/* A page of its own, since guests may read it directly. */
	config->value = (u8 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	config->writable = kzalloc(KVPCI_CONFIG_SIZE, GFP_KERNEL_ACCOUNT);
	config->write1clear = kzalloc(KVPCI_CONFIG_SIZE, GFP_KERNEL_ACCOUNT);
	if (!config->value || !config->writable || !config->write1clear)
		return -ENOMEM;

	ret = kvpci_config_init(config, desc);
	if (!ret)
		ret = init_bars(function, desc);
	if (!ret && desc->flags & KVPCI_FUNCTION_BRIDGE)
		ret = create_bridge(function);
	return ret ?: add_header_ranges(function);
}

/* Note which range each dword has that mechanism #1 reaches. */
static void index_ranges(struct kvpci_function *function)
{
	const struct kvpci_ranges *ranges = kvpci_space_ranges(&function->space);
	u32 i, dword;

	for (i = 0; i < ranges->nr; i++) {
		const struct kvpci_range *range = ranges->range[i];

		for (dword = range->offset / 4;
		     dword < (range->offset + range->length) / 4 &&
		     dword < ARRAY_SIZE(function->range_of); dword++)
			function->range_of[dword] = i + 1;
	}
}

/**
 * kvpci_function_add_range() - give configuration space a range
 * @function: the function, which nobody else knows of yet
 * @range: the range, of which @ops, @offset, which is that of a dword, and @length are set
 *
 * Registers are dwords, so that a range has whole ones: one write to a dword is one store.
 *
 * Context: process.
 * Return: 0; -EEXIST if it overlaps another; -ENOMEM
 */
int kvpci_function_add_range(struct kvpci_function *function, struct kvpci_range *range)
{
	int ret;

	range->space = &function->space;
	range->length = ALIGN(range->length, 4);
	ret = kvpci_range_insert(range);
	if (!ret)
		index_ranges(function);
	return ret;
}

/* Is userspace to know of a write? */
static bool is_exit(const struct kvpci_function *function, u32 offset, u32 len)
{
	return function->exits &&
	       find_next_bit(function->exits, offset + len, offset) < offset + len;
}

/* Have room to note which writes userspace is to know of. */
static int create_exits(struct kvpci_function *function)
{
	unsigned long *exits;
	int ret;

	ret = kvpci_exits_create(function->host);
	if (ret || function->exits)
		return ret;

	exits = bitmap_zalloc(KVPCI_CONFIG_SIZE, GFP_KERNEL_ACCOUNT);
	if (!exits)
		return -ENOMEM;

	spin_lock(&function->lock);
	function->exits = exits;
	spin_unlock(&function->lock);
	return 0;
}

/**
 * kvpci_function_watch() - have it take effect that writes are userspace's, or none is
 * @function: the function, whose @exits or @traps have changed
 *
 * Context: process; the caller holds the host's lock.
 */
void kvpci_function_watch(struct kvpci_function *function)
{
	spin_lock(&function->lock);
	function->watched = function->exits || kvpci_function_has_traps(function);
	spin_unlock(&function->lock);
}

/**
 * kvpci_function_set_exit() - have userspace know of writes to configuration space, or not
 * @function: the function
 * @offset: first byte
 * @len: bytes; @offset + @len is within configuration space
 * @exit: it is to know
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -ENOMEM; -ENOENT if it knows of none of them as it is
 */
int kvpci_function_set_exit(struct kvpci_function *function, u32 offset, u32 len, bool exit)
{
	unsigned long *empty = NULL;
	int ret;

	lockdep_assert_held(&function->host->lock);
	if (exit) {
		ret = create_exits(function);
		if (ret)
			return ret;
	} else if (!is_exit(function, offset, len)) {
		return -ENOENT;
	}

	spin_lock(&function->lock);
	if (exit)
		bitmap_set(function->exits, offset, len);
	else
		bitmap_clear(function->exits, offset, len);
	/* Writes are quicker where none is to be known of. */
	if (bitmap_empty(function->exits, KVPCI_CONFIG_SIZE))
		swap(function->exits, empty);
	spin_unlock(&function->lock);
	kvpci_function_watch(function);
	bitmap_free(empty);
	if (!exit && function->plugged)
		kvpci_kvm_synchronize(function->host->kvm);
	return 0;
}

/**
 * kvpci_function_new_traps() - have userspace complete accesses to configuration space, or not
 * @function: the function
 * @offset: first byte
 * @len: bytes; @offset + @len is within configuration space
 * @trap: it is to complete them
 *
 * Context: process; the caller holds the host's lock.
 * Return: what @function->traps is to be, which is NULL if there is none any more; or an ERR_PTR:
 * -ENOMEM; -EINVAL if these are not all plain registers; -ENOENT if it completes none of them as
 * it is
 */
unsigned long *kvpci_function_new_traps(const struct kvpci_function *function, u32 offset, u32 len,
					bool trap)
{
	struct kvpci_host *host = function->host;
	const unsigned long *old = kvpci_host_dereference(host, function->traps);
	unsigned long *traps;
	int ret;

	if (!trap && !(old && kvpci_traps_touched(old, offset, len)))
		return ERR_PTR(-ENOENT);
	if (trap && !kvpci_function_config_is_plain(function, offset, len))
		return ERR_PTR(-EINVAL);
	ret = trap ? kvpci_exits_create(host) : 0;
	if (ret)
		return ERR_PTR(ret);

	traps = bitmap_zalloc(KVPCI_CONFIG_SIZE, GFP_KERNEL_ACCOUNT);
	if (!traps)
		return ERR_PTR(-ENOMEM);

	if (old)
		bitmap_copy(traps, old, KVPCI_CONFIG_SIZE);
	if (trap)
		bitmap_set(traps, offset, len);
	else
		bitmap_clear(traps, offset, len);
	/* Accesses are quicker where there is none. */
	if (bitmap_empty(traps, KVPCI_CONFIG_SIZE)) {
		bitmap_free(traps);
		return NULL;
	}
	return traps;
}

/**
 * kvpci_traps_touched() - is any of some bytes of configuration space trapped?
 * @traps: those that are
 * @offset: first byte
 * @len: bytes; @offset + @len is within configuration space
 *
 * Context: any in which @traps stay.
 * Return: whether one is
 */
bool kvpci_traps_touched(const unsigned long *traps, u32 offset, u32 len)
{
	return find_next_bit(traps, offset + len, offset) < offset + len;
}

static u32 range_reset_length(const struct kvpci_range *range)
{
	return range && range->ops->reset_length ? range->ops->reset_length(range) : 0;
}

static u32 range_state_length(const struct kvpci_range *range)
{
	return range && range->ops->state ? range->ops->state->length(range) : 0;
}

/* May a function have @new, without @old? */
static int check_ranges(const struct kvpci_function *function, const struct kvpci_range *old,
			const struct kvpci_range *new)
{
	u32 reset = function->reset_length - range_reset_length(old);
	u32 state = function->state_length - range_state_length(old);

	/* The guest waits for a reset, within kvm->srcu: it is not to take long. */
	if ((!old && function->nr_bar_ranges == KVPCI_MAX_RANGES) ||
	    range_reset_length(new) > KVPCI_MAX_REGISTERS - reset ||
	    range_state_length(new) > KVPCI_MAX_ALL_REGISTERS - state)
		return -ENOSPC;

	return new->level && function->level && !(old && old->level) ? -EEXIST : 0;
}

/* The pin does not follow what it did any more, but @new, if that has a level, or nothing. */
static void follow_level(struct kvpci_function *function, struct kvpci_range *new)
{
	const u8 none = 0;

	if (new && new->level)
		new->ops->set(new, 0, 0, sizeof(none), &none, &none);
	else
		kvpci_interrupts_set_level(&function->interrupts, false);
}

/**
 * kvpci_function_replace_bar_range() - take a range from behind a BAR, or put one there
 * @function: the function
 * @old: a range of a BAR, which is freed, or NULL
 * @new: another of the same BAR, complete, or NULL
 *
 * A guest finds both as they were or both as they are to be.
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -EEXIST if @new overlaps another, or the pin follows another; -ENOSPC if there are
 * too many, or too much to reset or to save; -ENOMEM
 */
int kvpci_function_replace_bar_range(struct kvpci_function *function, struct kvpci_range *old,
				     struct kvpci_range *new)
{
	struct kvpci_ranges *stale;
	int ret = 0;

	lockdep_assert_held(&function->host->lock);
	if (new)
		ret = check_ranges(function, old, new);
	if (!ret && new && new->exits)
		ret = kvpci_exits_create(function->host);
	if (!ret)
		ret = kvpci_range_replace(new ? new->space : old->space, old, new, &stale);
	if (ret)
		return ret;

	function->nr_bar_ranges += !!new - !!old;
	function->reset_length += range_reset_length(new) - range_reset_length(old);
	function->state_length += range_state_length(new) - range_state_length(old);
	if (old && old->level)
		function->level = false;
	if (new && new->level)
		function->level = true;
	/* Guests' accesses, and the device's. */
	if (function->plugged && stale) {
		kvpci_kvm_synchronize(function->host->kvm);
		synchronize_rcu_expedited();
	}
	kfree(stale);
	if (!old)
		return 0;

	if (old->level)
		follow_level(function, new);
	old->ops->destroy(old);
	return 0;
}

/**
 * kvpci_function_config_read_traced() - kvpci_function_config_read(), while that is traced
 * @function: the function
 * @offset: first byte
 * @len: bytes, at most 8
 * @val: where to put them
 *
 * Context: a callback of a claim.
 */
void kvpci_function_config_read_traced(struct kvpci_function *function, u32 offset,
				       u32 len, void *val)
{
	kvpci_regs_read(&function->config, offset, len, val);
	trace_kvpci_config_read(function, offset, len, val);
}

static __always_inline u32 write_range(struct kvpci_range *range, u32 offset, u32 len,
				       const void *val)
{
	return range->ops->write(range, NULL, offset - range->offset, len, val);
}

/* A write to one of the first dwords. */
static __always_inline u32 write_dword(struct kvpci_function *function, u32 offset, u32 len,
				       const void *val)
{
	u8 i = function->range_of[offset / 4 % ARRAY_SIZE(function->range_of)];

	if (i)
		return write_range(kvpci_space_ranges(&function->space)->range[i - 1], offset, len,
				   val);

	kvpci_regs_write(&function->config, offset, len, val);
	return 0;
}

/* A write that may touch several ranges, or of which userspace may be to know. */
static noinline u32 write_ranges(struct kvpci_function *function, u32 offset, u32 len,
				 const void *val)
{
	u32 effects = is_exit(function, offset, len) ? KVPCI_EFFECT_EXIT : 0;
	struct kvpci_range *range;
	u32 n;

	trace_kvpci_config_write(function, offset, len, val);
	for (; len; len -= n, offset += n, val += n) {
		n = kvpci_range_piece(&function->space, offset, len, &range);
		if (range)
			effects |= write_range(range, offset, n, val);
		else
			kvpci_regs_write(&function->config, offset, n, val);
	}

	return effects;
}

/*
 * A write that userspace may be to complete. kvpci_function_watch() takes the lock after @traps
 * have been replaced, and before the old ones are freed.
 */
static noinline u32 write_untrapped(struct kvpci_function *function, u32 offset, u32 len,
				    const void *val)
{
	const unsigned long *traps = rcu_dereference_protected(function->traps,
							       lockdep_is_held(&function->lock));

	if (traps && kvpci_traps_touched(traps, offset, len))
		return KVPCI_EFFECT_USERSPACE;

	return write_ranges(function, offset, len, val);
}

/**
 * kvpci_function_config_write() - a guest's write to configuration space
 * @function: the function
 * @offset: first byte
 * @len: bytes, at most 8; @offset + @len is within configuration space
 * @val: what to write
 *
 * Context: a callback of a claim.
 * Return: what has to follow, KVPCI_EFFECT_*; with KVPCI_EFFECT_USERSPACE nothing has been done
 */
u32 kvpci_function_config_write(struct kvpci_function *function, u32 offset,
				u32 len, const void *val)
{
	u32 effects;

	spin_lock(&function->lock);
	if (likely((offset & 3) + len <= 4 && offset < KVPCI_CONFIG_SIZE_CAM &&
		   !function->watched)) {
		trace_kvpci_config_write(function, offset, len, val);
		effects = write_dword(function, offset, len, val);
	} else {
		effects = write_untrapped(function, offset, len, val);
	}
	spin_unlock(&function->lock);
	return effects;
}

/**
 * kvpci_function_config_write_all() - write configuration space as the guest does
 * @function: the function
 * @offset: first byte
 * @len: bytes, at most 8; @offset + @len is within configuration space
 * @val: what to write, also of bytes to which userspace completes accesses
 *
 * Context: process; an ioctl.
 * Return: what has to follow, KVPCI_EFFECT_*
 */
u32 kvpci_function_config_write_all(struct kvpci_function *function, u32 offset,
				    u32 len, const void *val)
{
	u32 effects;

	spin_lock(&function->lock);
	effects = write_ranges(function, offset, len, val);
	spin_unlock(&function->lock);
	return effects;
}

/**
 * kvpci_function_config_is_settable() - may the device write to configuration space there?
 * @function: the function
 * @offset: first byte
 * @len: bytes
 *
 * The header and those of capabilities are not its own.
 *
 * Context: any.
 */
bool kvpci_function_config_is_settable(const struct kvpci_function *function, u32 offset,
				       u32 len)
{
	const struct kvpci_range *range;

	if (offset < PCI_STD_HEADER_SIZEOF ||
	    kvpci_capability_header_in(&function->config, offset, len))
		return false;

	for (range = kvpci_range_next(&function->space, offset);
	     range && range->offset < offset + len;
	     range = kvpci_range_next(&function->space, range->offset + range->length))
		if (!range->ops->set)
			return false;

	return true;
}

/**
 * kvpci_function_config_is_plain() - is configuration space there registers and nothing more?
 * @function: the function
 * @offset: first byte
 * @len: bytes
 *
 * Those are the device's own, and the kernel acts upon none of them.
 *
 * Context: any.
 */
bool kvpci_function_config_is_plain(const struct kvpci_function *function, u32 offset, u32 len)
{
	const struct kvpci_range *range = kvpci_range_next(&function->space, offset);

	return kvpci_function_config_is_settable(function, offset, len) &&
	       (!range || range->offset >= offset + len);
}

/**
 * kvpci_function_config_set() - write configuration space as the device does
 * @function: the function
 * @offset: first byte
 * @len: bytes; @offset + @len is within configuration space
 * @val: what to write
 * @mask: @len bytes, of which only the set bits are written; NULL: all are
 *
 * Context: process.
 * Return: 0, or -EINVAL if the device may not write there
 */
int kvpci_function_config_set(struct kvpci_function *function, u32 offset, u32 len,
			      const void *val, const void *mask)
{
	u32 n;

	if (!kvpci_function_config_is_settable(function, offset, len))
		return -EINVAL;

	spin_lock(&function->lock);
	for (; len; len -= n, offset += n, val += n) {
		struct kvpci_range *range;

		n = kvpci_range_piece(&function->space, offset, len, &range);
		if (range)
			range->ops->set(range, 0, offset - range->offset, n, val, mask);
		else
			kvpci_regs_set(&function->config, offset, n, val, mask);
		if (mask)
			mask += n;
	}
	spin_unlock(&function->lock);
	return 0;
}

static void reset_ranges(struct kvpci_space *space, enum kvpci_reset_kind kind)
{
	const struct kvpci_ranges *ranges = kvpci_space_ranges(space);
	u32 i;

	for (i = 0; ranges && i < ranges->nr; i++)
		if (ranges->range[i]->ops->reset)
			ranges->range[i]->ops->reset(ranges->range[i], kind);
}

/**
 * kvpci_function_config_reset() - put configuration space and interrupts back
 * @function: the function
 * @kind: by what reset
 *
 * Context: process, without a lock but the host's.
 * Return: what has to follow, KVPCI_EFFECT_*
 */
u32 kvpci_function_config_reset(struct kvpci_function *function, enum kvpci_reset_kind kind)
{
	struct kvpci_regs *config = &function->config;
	u32 effects = 0;

	trace_kvpci_reset(function);
	spin_lock(&function->lock);
	spin_lock_irq(&function->interrupts.lock);
	kvpci_regs_reset(config, 0, config->size, 0);
	reset_ranges(&function->space, kind);
	if (kvpci_interrupts_follow(&function->interrupts))
		effects |= KVPCI_EFFECT_MESSAGES;
	spin_unlock_irq(&function->interrupts.lock);
	if (function->plugged)
		kvpci_bars_map(config, &function->bars);
	if (kvpci_host_has_unfollowed(function->host))
		effects |= KVPCI_EFFECT_MAP;
	spin_unlock(&function->lock);
	return effects | kvpci_function_bridge_effects(function);
}

/**
 * kvpci_function_bars_reset() - put back what is behind the BARs
 * @function: the function
 * @kind: by what reset
 *
 * Context: process, without a lock but the host's.
 */
void kvpci_function_bars_reset(struct kvpci_function *function, enum kvpci_reset_kind kind)
{
	u32 i;

	for (i = 0; i < function->bars.nr; i++)
		reset_ranges(&function->bars.bar[i].space, kind);
}
