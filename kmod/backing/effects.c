// SPDX-License-Identifier: GPL-2.0
/*
 * Effects: what follows a write to a function's registers, when the locks under which it was
 * made have been released. The range that was written says what that is, see pci/range.h.
 */
#include <linux/sched/signal.h>

#include "backing/effects.h"
#include "backing/mirror.h"
#include "kvm/kvm.h"
#include "pci/command.h"
#include "pci/exit.h"
#include "pci/host.h"
#include "pci/slot.h"

/* What is behind a bridge follows what comes through it now. */
static u32 behind_follow(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;
	struct kvpci_bus *bus = &function->bridge->bus;
	struct kvpci_function *behind;
	u32 all = 0;

	/*
	 * Pairs with the one in kvpci_function_plug(): what is not found here finds the bridge's
	 * registers as they are.
	 */
	smp_mb();
	for (behind = kvpci_bus_next(host, bus, NULL); behind;
	     behind = kvpci_bus_next(host, bus, behind)) {
		u32 effects;

		spin_lock(&behind->lock);
		effects = kvpci_command_follow(behind);
		spin_unlock(&behind->lock);
		if (effects & KVPCI_EFFECT_MESSAGES)
			kvpci_interrupts_flush(&behind->interrupts);
		all |= effects & KVPCI_EFFECT_MAP;
		cond_resched();
	}

	return all;
}

static void effects_follow(struct kvpci_function *function, u32 effects)
{
	if (effects & KVPCI_EFFECT_BUSES)
		kvpci_mirrors_route(function->host);
	if (effects & KVPCI_EFFECT_BEHIND)
		effects |= behind_follow(function);
	if (effects & KVPCI_EFFECT_MAP)
		kvpci_mirrors_follow(function->host);
	if (effects & KVPCI_EFFECT_MESSAGES)
		kvpci_interrupts_flush(&function->interrupts);
}

static void slot_follow(struct kvpci_function *function)
{
	u32 effects;

	spin_lock(&function->lock);
	effects = kvpci_slot_follow(function);
	spin_unlock(&function->lock);
	effects_follow(function, effects);
}

/* Reset one function. Returns what is left to follow, if it is a bridge. */
static u32 reset_one(struct kvpci_function *function, enum kvpci_reset_kind kind)
{
	const u32 bridges = KVPCI_EFFECT_BUSES | KVPCI_EFFECT_BEHIND | KVPCI_EFFECT_SLOT;
	u32 effects = kvpci_function_config_reset(function, kind);

	effects_follow(function, effects & ~bridges);
	kvpci_function_bars_reset(function, kind);
	if (function->reset_eventfd)
		kvpci_eventfd_signal(function->reset_eventfd);
	return effects & bridges;
}

/* Reset what is behind a bridge, which the guest does not reach now. */
static void reset_behind(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;
	struct kvpci_bus *bus = &function->bridge->bus;
	struct kvpci_function *behind;

	for (behind = kvpci_bus_next(host, bus, NULL); behind;
	     behind = kvpci_bus_next(host, bus, behind)) {
		if (fatal_signal_pending(current))
			return;
		reset_one(behind, KVPCI_RESET_CONVENTIONAL);
		cond_resched();
	}
}

/**
 * kvpci_reset() - reset a function, and what is behind it
 * @function: the function
 * @kind: by what
 *
 * Other accesses may come in between, and find some of it as it was; a guest has no business
 * there while it resets.
 *
 * Context: process, without a lock but the host's.
 */
void kvpci_reset(struct kvpci_function *function, enum kvpci_reset_kind kind)
{
	effects_follow(function, reset_one(function, kind));
	if (!function->bridge)
		return;

	reset_behind(function);
	slot_follow(function);
}

/*
 * May a write rely on it that memory of userspace's has moved, which has not been confirmed? What
 * it has changed itself has been followed by now.
 */
static bool has_moved_memory(const struct kvpci_host *host, u32 effects)
{
	return effects & (KVPCI_EFFECT_MAP | KVPCI_EFFECT_BEHIND | KVPCI_EFFECT_RESET |
			  KVPCI_EFFECT_BUS_RESET) &&
	       READ_ONCE(host->owed);
}

/* May a write have recalled a vector that userspace has not taken back yet, or rely on it? */
static bool has_recalled(const struct kvpci_host *host, u32 effects)
{
	return effects & (KVPCI_EFFECT_MESSAGES | KVPCI_EFFECT_BUSES | KVPCI_EFFECT_BEHIND |
			  KVPCI_EFFECT_RESET | KVPCI_EFFECT_BUS_RESET | KVPCI_EFFECT_SLOT) &&
	       atomic_read(&host->recalled);
}

/**
 * kvpci_effects_carry_out() - do what has to follow a write
 * @function: the function that was written to
 * @effects: KVPCI_EFFECT_*
 *
 * Context: process; a callback of a claim or an ioctl, without a spinlock.
 * Return: if userspace is to know of it, KVPCI_EXIT_WRITTEN and what else has happened;
 * otherwise 0
 */
u32 kvpci_effects_carry_out(struct kvpci_function *function, u32 effects)
{
	u32 flags;

	effects_follow(function, effects);
	if (effects & KVPCI_EFFECT_BUS_RESET)
		reset_behind(function);
	if (effects & KVPCI_EFFECT_RESET)
		kvpci_reset(function, KVPCI_RESET_FUNCTION_LEVEL);
	if (effects & KVPCI_EFFECT_SLOT)
		slot_follow(function);

	flags = has_moved_memory(function->host, effects) ? KVPCI_EXIT_MIRROR : 0;
	if (has_recalled(function->host, effects))
		flags |= KVPCI_EXIT_RECALL;
	if (!flags && !(effects & KVPCI_EFFECT_EXIT) &&
	    !(effects & KVPCI_EFFECT_RESET && function->exit_on_reset))
		return 0;

	return flags | KVPCI_EXIT_WRITTEN |
	       (effects & (KVPCI_EFFECT_RESET | KVPCI_EFFECT_BUS_RESET) ? KVPCI_EXIT_RESET : 0);
}

/**
 * kvpci_config_decline() - have a guest's access to configuration space end KVM_RUN
 * @function: the function
 * @offset: of its first byte in configuration space
 * @vcpu: the guest's
 * @addr: its address or port
 * @len: bytes
 * @flags: KVPCI_EXIT_*; with KVPCI_EXIT_WRITTEN it has been carried out
 *
 * Context: a callback of a claim.
 * Return: -EOPNOTSUPP
 */
int kvpci_config_decline(struct kvpci_function *function, u32 offset, struct kvm_vcpu *vcpu,
			 u64 addr, u32 len, u32 flags)
{
	const struct kvpci_guest_access access = { .vcpu = vcpu, .addr = addr, .len = len };

	kvpci_exit_note_config(function, &access, offset, flags);
	return -EOPNOTSUPP;
}
