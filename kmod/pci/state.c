// SPDX-License-Identifier: GPL-2.0
/*
 * The state of a function: its configuration space as a whole, and what each of its ranges
 * has besides that, as the range's kind says (struct kvpci_state_ops).
 *
 * Which records there are, and in which order, follows from the function's ranges, which are
 * those that it was made with. So state is that of such a function if it has the same, and if
 * no register of configuration space differs in a bit that can't change. All is looked at
 * before anything is set, which then can't fail.
 */
#include <linux/errno.h>
#include <linux/pci_regs.h>
#include <linux/string.h>

#include "pci/function.h"
#include "pci/host.h"
#include "pci/state.h"

#define VERSION		1	/* of all types */

static const struct kvpci_state_record config_record = {
	.type = KVPCI_STATE_CONFIG,
	.version = VERSION,
	.bar = KVPCI_CONFIG,
	.length = KVPCI_CONFIG_SIZE,
};

/* The header of a range's record. */
static struct kvpci_state_record range_record(const struct kvpci_range *range)
{
	const struct kvpci_state_ops *ops = range->ops->state;
	bool is_config = range->space == &kvpci_range_function(range)->space;

	return (struct kvpci_state_record) {
		.type = ops->type,
		.version = VERSION,
		.bar = is_config ? KVPCI_CONFIG : kvpci_range_bar(range)->index,
		.offset = range->offset,
		.length = ops->length(range),
	};
}

static void get_range(struct kvpci_range *range, struct kvpci_state_writer *writer)
{
	struct kvpci_state_record record;
	void *state;

	if (!range->ops->state)
		return;

	record = range_record(range);
	if (!record.length)
		return;

	state = kvpci_state_add(writer, &record);
	if (state)
		range->ops->state->get(range, state);
}

static void get_ranges(struct kvpci_space *space, struct kvpci_state_writer *writer)
{
	const struct kvpci_ranges *ranges = kvpci_space_ranges(space);
	u32 i;

	for (i = 0; ranges && i < ranges->nr; i++)
		get_range(ranges->range[i], writer);
}

/**
 * kvpci_function_get_state() - write the records of a function
 * @function: the function
 * @writer: where to, or what is only to be measured
 *
 * Context: process; the caller holds the host's lock.
 */
void kvpci_function_get_state(struct kvpci_function *function,
			      struct kvpci_state_writer *writer)
{
	struct kvpci_regs *config = &function->config;
	void *state;
	u32 i;

	lockdep_assert_held(&function->host->lock);
	spin_lock(&function->lock);
	spin_lock_irq(&function->interrupts.lock);
	state = kvpci_state_add(writer, &config_record);
	if (state)
		kvpci_regs_read(config, 0, config->size, state);
	get_ranges(&function->space, writer);
	spin_unlock_irq(&function->interrupts.lock);
	spin_unlock(&function->lock);

	for (i = 0; i < function->bars.nr; i++)
		get_ranges(&function->bars.bar[i].space, writer);
}

/* Which bits of a byte of configuration space may be others than they are now? */
static u8 may_change(const struct kvpci_function *function, u32 offset)
{
	const struct kvpci_regs *config = &function->config;
	const struct kvpci_range *range = kvpci_range_find(&function->space, offset);
	u8 bits = config->writable[offset] | config->write1clear[offset];

	if (range && range->ops->state && range->ops->state->changes)
		return bits | range->ops->state->changes(range, offset - range->offset);
	/* The multi-function bit, which is this host bridge's to decide. */
	if (offset == PCI_HEADER_TYPE)
		return 0x80;

	return kvpci_function_config_is_settable(function, offset, 1) ? 0xff : bits;
}

static bool config_is_ok(const struct kvpci_function *function, const u8 *new)
{
	const u8 *value = function->config.value;
	u32 i;

	for (i = 0; i < KVPCI_CONFIG_SIZE; i++)
		if (new[i] != value[i] && (new[i] ^ value[i]) & ~may_change(function, i))
			return false;

	return true;
}

/* Read the record of a range, if it has one; or else its contents are NULL. */
static int next_of_range(struct kvpci_state_reader *reader, const struct kvpci_range *range,
			 const void **state)
{
	const struct kvpci_state_record record = range_record(range);

	*state = NULL;
	return record.length ? kvpci_state_next(reader, &record, state) : 0;
}

static int check_ranges(const struct kvpci_space *space, const struct kvpci_regs *config,
			struct kvpci_state_reader *reader)
{
	const struct kvpci_ranges *ranges = kvpci_space_ranges(space);
	u32 i;

	for (i = 0; ranges && i < ranges->nr; i++) {
		const struct kvpci_range *range = ranges->range[i];
		const struct kvpci_state_ops *ops = range->ops->state;
		const void *state;
		int ret;

		if (!ops)
			continue;
		ret = next_of_range(reader, range, &state);
		if (ret)
			return ret;
		if (ops->check && !ops->check(range, config, state))
			return -EINVAL;
	}

	return 0;
}

/**
 * kvpci_function_check_state() - may a function be in a state?
 * @function: the function
 * @reader: its records; what is left are those behind them
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -EINVAL if they are not those of such a function; -EOPNOTSUPP if they are of a
 * version that is not known
 */
int kvpci_function_check_state(const struct kvpci_function *function,
			       struct kvpci_state_reader *reader)
{
	struct kvpci_regs config = { .size = KVPCI_CONFIG_SIZE };
	const void *state;
	int ret;
	u32 i;

	lockdep_assert_held(&function->host->lock);
	ret = kvpci_state_next(reader, &config_record, &state);
	if (ret)
		return ret;
	if (!config_is_ok(function, state))
		return -EINVAL;

	config.value = (u8 *)state;
	ret = check_ranges(&function->space, &config, reader);
	for (i = 0; i < function->bars.nr && !ret; i++)
		ret = check_ranges(&function->bars.bar[i].space, &config, reader);
	return ret;
}

static void set_config(struct kvpci_regs *config, const u8 *new)
{
	/* But for the multi-function bit, and what can't change in its byte. */
	kvpci_regs_set(config, 0, PCI_HEADER_TYPE, new, NULL);
	kvpci_regs_set(config, PCI_BIST, config->size - PCI_BIST, new + PCI_BIST, NULL);
}

static void set_ranges(struct kvpci_space *space, struct kvpci_state_reader *reader)
{
	const struct kvpci_ranges *ranges = kvpci_space_ranges(space);
	u32 i;

	for (i = 0; ranges && i < ranges->nr; i++) {
		struct kvpci_range *range = ranges->range[i];
		const void *state;

		if (range->ops->state && !next_of_range(reader, range, &state))
			range->ops->state->set(range, state);
	}
}

/**
 * kvpci_function_set_state() - put a function into a state
 * @function: the function
 * @reader: its records, of which kvpci_function_check_state() has found nothing wrong
 *
 * Context: process; the caller holds the host's lock.
 * Return: what has to follow, KVPCI_EFFECT_*
 */
u32 kvpci_function_set_state(struct kvpci_function *function,
			     struct kvpci_state_reader *reader)
{
	const void *state;
	u32 effects = 0;
	u32 i;

	lockdep_assert_held(&function->host->lock);
	if (kvpci_state_next(reader, &config_record, &state))
		return 0;

	spin_lock(&function->lock);
	/* They come to where they are to be, when they did. */
	kvpci_bars_unmap(&function->bars);
	spin_lock_irq(&function->interrupts.lock);
	set_config(&function->config, state);
	set_ranges(&function->space, reader);
	if (kvpci_interrupts_follow(&function->interrupts))
		effects |= KVPCI_EFFECT_MESSAGES;
	spin_unlock_irq(&function->interrupts.lock);
	if (function->plugged) {
		kvpci_bars_map(&function->config, &function->bars);
		effects |= KVPCI_EFFECT_MAP;
	}
	spin_unlock(&function->lock);

	for (i = 0; i < function->bars.nr; i++)
		set_ranges(&function->bars.bar[i].space, reader);
	return effects | kvpci_function_bridge_effects(function);
}
