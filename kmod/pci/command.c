// SPDX-License-Identifier: GPL-2.0
/*
 * The command and status registers (PCI Local Bus 3.0, 6.2.2 and 6.2.3): a range of
 * configuration space that every function has.
 *
 * The command register says whether BARs decode, whether messages may be sent, and
 * whether the INTx pin may be asserted; a bridge's says so of what is behind it. The status
 * register's interrupt bit follows that pin, so that both are written under the interrupts'
 * lock.
 */
#include <linux/pci_regs.h>

#include "interrupt/pin.h"
#include "pci/bar.h"
#include "pci/bus.h"
#include "pci/command.h"
#include "pci/config.h"
#include "pci/function.h"
#include "pci/host.h"

/* What the command register allows interrupts to do. */
static void command_gate_interrupts(struct kvpci_function *function)
{
	u16 command = kvpci_config_u16(&function->config, PCI_COMMAND);

	function->interrupts.master = command & PCI_COMMAND_MASTER &&
				      kvpci_bus_masters(function->bus);
	function->interrupts.pin_disabled = command & PCI_COMMAND_INTX_DISABLE ||
					    !kvpci_bus_is_there(function->bus);
}

static u32 command_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
			 u64 offset, u32 len, const void *val)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_interrupts *interrupts = &function->interrupts;
	u32 effects = 0;

	if (kvpci_interrupts_exist(interrupts)) {
		spin_lock_irq(&interrupts->lock);
		kvpci_range_write_regs(range, offset, len, val);
		command_gate_interrupts(function);
		if (kvpci_interrupts_follow(interrupts))
			effects |= KVPCI_EFFECT_MESSAGES;
		spin_unlock_irq(&interrupts->lock);
	} else {
		kvpci_range_write_regs(range, offset, len, val);
	}

	if (offset >= PCI_STATUS - PCI_COMMAND)
		return effects;
	if (function->plugged)
		kvpci_bars_map(&function->config, &function->bars);
	if (kvpci_host_has_unfollowed(function->host))
		effects |= KVPCI_EFFECT_MAP;
	if (function->bridge)
		effects |= KVPCI_EFFECT_BEHIND;
	return effects;
}

/**
 * kvpci_command_follow() - have it take effect that bridges let other things through
 * @function: the function, which is behind them
 *
 * Context: process; the caller holds the function's lock.
 * Return: what has to follow, KVPCI_EFFECT_*
 */
u32 kvpci_command_follow(struct kvpci_function *function)
{
	struct kvpci_interrupts *interrupts = &function->interrupts;
	u32 effects = 0;

	lockdep_assert_held(&function->lock);
	if (kvpci_interrupts_exist(interrupts)) {
		spin_lock_irq(&interrupts->lock);
		command_gate_interrupts(function);
		if (kvpci_interrupts_follow(interrupts))
			effects |= KVPCI_EFFECT_MESSAGES;
		spin_unlock_irq(&interrupts->lock);
	}
	if (function->plugged)
		kvpci_bars_map(&function->config, &function->bars);
	if (kvpci_host_has_unfollowed(function->host))
		effects |= KVPCI_EFFECT_MAP;
	return effects;
}

static void command_reset(struct kvpci_range *range, enum kvpci_reset_kind kind)
{
	struct kvpci_function *function = kvpci_range_function(range);

	command_gate_interrupts(function);
	if (function->interrupts.pin)
		kvpci_pin_reset(function->interrupts.pin);
}

static struct kvpci_pin *command_pin(const struct kvpci_range *range)
{
	return kvpci_range_function(range)->interrupts.pin;
}

/* The pin's, of which the status register has the level. */
static u32 command_state_length(const struct kvpci_range *range)
{
	return command_pin(range) ? sizeof(struct kvpci_state_intx) : 0;
}

static void command_get_state(struct kvpci_range *range, void *state)
{
	kvpci_pin_get_state(command_pin(range), state);
}

static bool command_check_state(const struct kvpci_range *range, const struct kvpci_regs *config,
				const void *state)
{
	const struct kvpci_state_intx *intx = state;

	return !intx || !(intx->flags & ~KVPCI_STATE_INTX_FLAGS || intx->pad);
}

static void command_set_state(struct kvpci_range *range, const void *state)
{
	command_gate_interrupts(kvpci_range_function(range));
	if (state)
		kvpci_pin_set_state(command_pin(range), state);
}

static u8 command_changes(const struct kvpci_range *range, u64 offset)
{
	return offset == PCI_STATUS - PCI_COMMAND && command_pin(range) ?
	       PCI_STATUS_INTERRUPT : 0;
}

static const struct kvpci_state_ops command_state_ops = {
	.type = KVPCI_STATE_INTX,
	.length = command_state_length,
	.get = command_get_state,
	.check = command_check_state,
	.set = command_set_state,
	.changes = command_changes,
};

const struct kvpci_range_ops kvpci_command_ops = {
	.name = "command",
	.write = command_write,
	.reset = command_reset,
	.state = &command_state_ops,
};
