// SPDX-License-Identifier: GPL-2.0
/*
 * Effects: what follows a write to a function's registers, when the locks under which it was
 * made have been released. The range that was written says what that is, see pci/range.h.
 */
#include "backing/effects.h"
#include "backing/mirror.h"
#include "kvm/kvm.h"
#include "pci/exit.h"

static void effects_follow(struct kvpci_function *function, u32 effects)
{
	if (effects & KVPCI_EFFECT_MAP)
		kvpci_mirrors_follow(function->host);
	if (effects & KVPCI_EFFECT_MESSAGES)
		kvpci_interrupts_flush(&function->interrupts);
}

/**
 * kvpci_reset() - reset a function
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
	effects_follow(function, kvpci_function_config_reset(function, kind));
	kvpci_function_bars_reset(function, kind);
	if (function->reset_eventfd)
		kvpci_eventfd_signal(function->reset_eventfd);
}

/**
 * kvpci_effects_carry_out() - do what has to follow a write
 * @function: the function that was written to
 * @effects: KVPCI_EFFECT_*
 *
 * Context: process; a callback of a claim or an ioctl, without a spinlock.
 * Return: whether userspace is to know of it
 */
bool kvpci_effects_carry_out(struct kvpci_function *function, u32 effects)
{
	effects_follow(function, effects);
	if (effects & KVPCI_EFFECT_RESET)
		kvpci_reset(function, KVPCI_RESET_FUNCTION_LEVEL);

	return effects & KVPCI_EFFECT_EXIT ||
	       (effects & KVPCI_EFFECT_RESET && function->exit_on_reset);
}

/**
 * kvpci_config_note_written() - let userspace know of a guest's write to configuration space
 * @function: the function
 * @effects: what has followed, KVPCI_EFFECT_*
 * @offset: of its first byte in configuration space
 * @vcpu: the guest's
 * @addr: its address or port
 * @len: bytes
 * @io: it came by ports
 *
 * Context: a callback of a claim.
 * Return: -EOPNOTSUPP
 */
int kvpci_config_note_written(struct kvpci_function *function, u32 effects, u32 offset,
			      struct kvm_vcpu *vcpu, u64 addr, u32 len, bool io)
{
	const struct kvpci_guest_access access = { .vcpu = vcpu, .addr = addr, .len = len };
	u32 flags = KVPCI_EXIT_WRITTEN | (io ? KVPCI_EXIT_IO : 0);

	if (effects & KVPCI_EFFECT_RESET)
		flags |= KVPCI_EXIT_RESET;
	kvpci_exit_note_config(function, &access, offset, flags);
	return -EOPNOTSUPP;
}
