// SPDX-License-Identifier: GPL-2.0
/*
 * Slots (PCI Express Base 4.0, 6.7): the link control and status and the slot registers (7.5.3.7
 * to 7.5.3.11) of a bridge whose PCI Express capability says that its port has a slot. They are
 * a range of its configuration space.
 *
 * What is in the slot is function 0 of the secondary bus: presence detect state is whether that
 * is plugged. The link is active while it is, the slot has power, and neither is the link
 * disabled nor the bus in reset. When one of these has changed, and all that follows from that
 * has been carried out (KVPCI_EFFECT_SLOT), the state is worked out anew with the bridge's lock
 * held; a change of it is an event.
 *
 * The guest is interrupted while there is an event that it has enabled: by the level of the pin,
 * and by one message each time this begins (6.7.3.4), which is pending while MSI and MSI-X are
 * disabled or the vector is masked, and no more if the event is seen before. The pin and that
 * vector are the slot's alone. That unmasking is to send a message once more as long as there is
 * an event, as the specification can be read, is left out.
 */
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/pci_regs.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "interrupt/interrupts.h"
#include "interrupt/vector.h"
#include "pci/bridge.h"
#include "pci/config.h"
#include "pci/function.h"
#include "pci/slot.h"

/* Event bits of slot status, each of which but the last has its enable bit at the same place. */
#define EVENTS		(PCI_EXP_SLTSTA_ABP | PCI_EXP_SLTSTA_PFD | PCI_EXP_SLTSTA_MRLSC | \
			 PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_CC)
#define EVENTS_AND_LINK	(EVENTS | PCI_EXP_SLTSTA_DLLSC)

#define LENGTH		(PCI_EXP_SLTSTA + 2 - PCI_EXP_LNKCTL)

static struct kvpci_slot *slot_of(const struct kvpci_function *function)
{
	return function->bridge && function->bridge->slot.range.length ?
	       &function->bridge->slot : NULL;
}

static struct kvpci_slot *to_slot(const struct kvpci_range *range)
{
	return container_of(range, struct kvpci_slot, range);
}

/* The offset in configuration space of a register, by its offset in the capability. */
static u32 slot_register(const struct kvpci_range *range, u32 reg)
{
	return range->offset + reg - PCI_EXP_LNKCTL;
}

static u16 slot_get(const struct kvpci_range *range, u32 reg)
{
	return kvpci_config_u16(&kvpci_range_function(range)->config, slot_register(range, reg));
}

/* Set those bits of a register that are in @mask. */
static void slot_put(struct kvpci_range *range, u32 reg, u16 bits, u16 mask)
{
	kvpci_regs_set(&kvpci_range_function(range)->config, slot_register(range, reg),
		       sizeof(bits), &bits, &mask);
}

static u32 slot_capabilities(const struct kvpci_range *range)
{
	return kvpci_config_u32(&kvpci_range_function(range)->config,
				slot_register(range, PCI_EXP_SLTCAP));
}

static bool is_on(const struct kvpci_range *range)
{
	return !(slot_get(range, PCI_EXP_SLTCTL) & PCI_EXP_SLTCTL_PCC) &&
	       !(slot_get(range, PCI_EXP_LNKCTL) & PCI_EXP_LNKCTL_LD);
}

/**
 * kvpci_slot_is_on() - may what is in a bridge's slot be reached?
 * @function: the bridge
 *
 * Context: any.
 * Return: whether the slot has power and the link is not disabled; true if there is no slot
 */
bool kvpci_slot_is_on(const struct kvpci_function *function)
{
	const struct kvpci_slot *slot = slot_of(function);

	return !slot || is_on(&slot->range);
}

/* Is there, in @config, an event for which the guest is to be interrupted? */
static bool is_asserted_in(const struct kvpci_range *range, const struct kvpci_regs *config)
{
	u16 control = kvpci_config_u16(config, slot_register(range, PCI_EXP_SLTCTL));
	u16 status = kvpci_config_u16(config, slot_register(range, PCI_EXP_SLTSTA));

	if (!(control & PCI_EXP_SLTCTL_HPIE))
		return false;

	return control & status & EVENTS ||
	       (control & PCI_EXP_SLTCTL_DLLSCE && status & PCI_EXP_SLTSTA_DLLSC);
}

static bool is_asserted(const struct kvpci_range *range)
{
	return is_asserted_in(range, &kvpci_range_function(range)->config);
}

/* Have presence and link state be what they are. Returns the events that this is. */
static u16 slot_look(struct kvpci_range *range)
{
	const struct kvpci_function *function = kvpci_range_function(range);
	bool present = rcu_access_pointer(function->bridge->bus.function[0]);
	bool active = present && is_on(range) &&
		      !(kvpci_config_u16(&function->config, PCI_BRIDGE_CONTROL) &
			PCI_BRIDGE_CTL_BUS_RESET);
	u16 events = 0;

	if (present != !!(slot_get(range, PCI_EXP_SLTSTA) & PCI_EXP_SLTSTA_PDS))
		events |= PCI_EXP_SLTSTA_PDC;
	slot_put(range, PCI_EXP_SLTSTA, present ? PCI_EXP_SLTSTA_PDS : 0, PCI_EXP_SLTSTA_PDS);
	if (!to_slot(range)->reports_link)
		return events;

	if (active != !!(slot_get(range, PCI_EXP_LNKSTA) & PCI_EXP_LNKSTA_DLLLA))
		events |= PCI_EXP_SLTSTA_DLLSC;
	slot_put(range, PCI_EXP_LNKSTA, active ? PCI_EXP_LNKSTA_DLLLA : 0, PCI_EXP_LNKSTA_DLLLA);
	return events;
}

/* Send the message, or have it be pending, or not any more. */
static void slot_message(struct kvpci_slot *slot, struct kvpci_vectors *vectors)
{
	if (!vectors)
		return;
	if (slot->asserted)
		kvpci_vector_trigger(vectors, slot->vector);
	else
		kvpci_vector_withdraw(vectors, slot->vector);
}

/* Interrupt the guest, if it is to be, or not any more. Returns what has to follow. */
static u32 slot_notify(struct kvpci_slot *slot)
{
	struct kvpci_interrupts *interrupts = &kvpci_range_function(&slot->range)->interrupts;
	bool asserted = is_asserted(&slot->range);

	if (asserted == slot->asserted)
		return 0;

	slot->asserted = asserted;
	if (interrupts->pin)
		kvpci_interrupts_set_level(interrupts, asserted);
	slot_message(slot, interrupts->msi);
	slot_message(slot, interrupts->msix);
	return KVPCI_EFFECT_MESSAGES;
}

/**
 * kvpci_slot_follow() - have a bridge's slot follow what has changed
 * @function: the bridge, with or without a slot
 *
 * Function 0 of its secondary bus has come or gone, or its registers have changed, and what
 * follows from that has been carried out.
 *
 * Context: process; the caller holds the function's lock.
 * Return: what has to follow, KVPCI_EFFECT_*
 */
u32 kvpci_slot_follow(struct kvpci_function *function)
{
	struct kvpci_slot *slot = slot_of(function);
	u16 events;

	lockdep_assert_held(&function->lock);
	if (!slot)
		return 0;

	events = slot_look(&slot->range);
	if (slot->commanded)
		events |= PCI_EXP_SLTSTA_CC;
	slot->commanded = false;
	slot_put(&slot->range, PCI_EXP_SLTSTA, events, events);
	return slot_notify(slot);
}

static u32 slot_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
		      u64 offset, u32 len, const void *val)
{
	u32 capabilities = slot_capabilities(range);
	bool was_on = is_on(range);
	u32 effects = KVPCI_EFFECT_SLOT;

	kvpci_range_write_regs(range, offset, len, val);
	if (kvpci_overlaps(offset, len, PCI_EXP_SLTCTL - PCI_EXP_LNKCTL, 2) &&
	    capabilities & PCI_EXP_SLTCAP_HPC && !(capabilities & PCI_EXP_SLTCAP_NCCS))
		to_slot(range)->commanded = true;
	if (is_on(range) != was_on)
		effects |= KVPCI_EFFECT_BUSES | KVPCI_EFFECT_BEHIND;
	if (was_on && !is_on(range))
		effects |= KVPCI_EFFECT_BUS_RESET;
	return effects;
}

/* What only the device knows of a slot: that a button or a latch was moved, or power failed. */
static u8 device_status(u32 capabilities)
{
	u8 bits = 0;

	if (capabilities & PCI_EXP_SLTCAP_ABP)
		bits |= PCI_EXP_SLTSTA_ABP;
	if (capabilities & PCI_EXP_SLTCAP_PCP)
		bits |= PCI_EXP_SLTSTA_PFD;
	if (capabilities & PCI_EXP_SLTCAP_MRLSP)
		bits |= PCI_EXP_SLTSTA_MRLSC | PCI_EXP_SLTSTA_MRLSS;
	return bits;
}

/* Which bits of the byte at @offset of the range may the device write? */
static u8 settable_bits(const struct kvpci_range *range, u64 offset)
{
	switch (offset + PCI_EXP_LNKCTL) {
	case PCI_EXP_LNKSTA:
		return 0xff;
	case PCI_EXP_LNKSTA + 1:
		return (u8)~(PCI_EXP_LNKSTA_DLLLA >> 8);
	case PCI_EXP_SLTSTA:
		return device_status(slot_capabilities(range));
	default:
		return 0;
	}
}

static void slot_set(struct kvpci_range *range, u32 bank, u64 offset, u32 len,
		     const void *val, const void *mask)
{
	u8 bits[LENGTH];
	u32 i;

	for (i = 0; i < len && i < LENGTH; i++)
		bits[i] = settable_bits(range, offset + i) & (mask ? ((const u8 *)mask)[i] : 0xff);
	/* What is whole in the caller's access is whole in the registers. */
	kvpci_regs_set(&kvpci_range_function(range)->config, range->offset + offset, len, val,
		       bits);
}

/* The registers have been put back as a whole. No event is left, nor is this one. */
static void slot_reset(struct kvpci_range *range, enum kvpci_reset_kind kind)
{
	slot_look(range);
	to_slot(range)->asserted = false;
	to_slot(range)->commanded = false;
}

/* All that there is are registers. */
static u32 slot_state_length(const struct kvpci_range *range)
{
	return 0;
}

/* What the device may set, and what is looked at anew when the state has been set. */
static u8 slot_changes(const struct kvpci_range *range, u64 offset)
{
	u8 bits = settable_bits(range, offset);

	switch (offset + PCI_EXP_LNKCTL) {
	case PCI_EXP_LNKSTA + 1:
		return to_slot(range)->reports_link ? bits | PCI_EXP_LNKSTA_DLLLA >> 8 : bits;
	case PCI_EXP_SLTSTA:
		return bits | PCI_EXP_SLTSTA_PDS;
	default:
		return bits;
	}
}

/* The pin is the slot's alone. */
static bool slot_check_state(const struct kvpci_range *range, const struct kvpci_regs *config,
			     const void *state)
{
	bool level = kvpci_config_u16(config, PCI_STATUS) & PCI_STATUS_INTERRUPT;

	return !kvpci_range_function(range)->interrupts.pin ||
	       level == is_asserted_in(range, config);
}

static void slot_set_state(struct kvpci_range *range, const void *state)
{
	to_slot(range)->asserted = is_asserted(range);
}

static const struct kvpci_state_ops slot_state_ops = {
	.length = slot_state_length,
	.check = slot_check_state,
	.set = slot_set_state,
	.changes = slot_changes,
};

static const struct kvpci_range_ops slot_ops = {
	.name = "slot",
	.write = slot_write,
	.set = slot_set,
	.reset = slot_reset,
	.state = &slot_state_ops,
};

/* Which bits of slot control may the guest write? Those of what the slot says that it has. */
static u16 control_bits(u32 capabilities, bool link)
{
	u16 bits = 0;

	if (capabilities & PCI_EXP_SLTCAP_AIP)
		bits |= PCI_EXP_SLTCTL_AIC;
	if (capabilities & PCI_EXP_SLTCAP_PIP)
		bits |= PCI_EXP_SLTCTL_PIC;
	if (capabilities & PCI_EXP_SLTCAP_PCP)
		bits |= PCI_EXP_SLTCTL_PCC;
	if (!(capabilities & PCI_EXP_SLTCAP_HPC))
		return bits;

	bits |= PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_HPIE;
	if (capabilities & PCI_EXP_SLTCAP_ABP)
		bits |= PCI_EXP_SLTCTL_ABPE;
	if (capabilities & PCI_EXP_SLTCAP_PCP)
		bits |= PCI_EXP_SLTCTL_PFDE;
	if (capabilities & PCI_EXP_SLTCAP_MRLSP)
		bits |= PCI_EXP_SLTCTL_MRLSCE;
	if (!(capabilities & PCI_EXP_SLTCAP_NCCS))
		bits |= PCI_EXP_SLTCTL_CCIE;
	if (link)
		bits |= PCI_EXP_SLTCTL_DLLSCE;
	return bits;
}

/* Have the registers' masks be those of such a slot, whatever the caller has given. */
static void init_registers(struct kvpci_range *range)
{
	struct kvpci_regs *config = &kvpci_range_function(range)->config;
	u32 control = slot_register(range, PCI_EXP_SLTCTL);
	u32 status = slot_register(range, PCI_EXP_SLTSTA);
	u16 bits = control_bits(slot_capabilities(range), to_slot(range)->reports_link);
	u16 events = EVENTS_AND_LINK;

	/* Retraining is over at once, and reads as zero. */
	config->writable[slot_register(range, PCI_EXP_LNKCTL)] &= ~PCI_EXP_LNKCTL_RL;
	config->write1clear[slot_register(range, PCI_EXP_LNKSTA) + 1] &=
		~(PCI_EXP_LNKSTA_DLLLA >> 8);
	memset(config->writable + slot_register(range, PCI_EXP_LNKSTA), 0,
	       PCI_EXP_SLTSTA + 2 - PCI_EXP_LNKSTA);
	memset(config->write1clear + slot_register(range, PCI_EXP_SLTCAP), 0,
	       PCI_EXP_SLTSTA + 2 - PCI_EXP_SLTCAP);
	memcpy(config->writable + control, &bits, sizeof(bits));
	memcpy(config->write1clear + status, &events, sizeof(events));
	slot_put(range, PCI_EXP_SLTCTL, 0, ~bits);
	slot_put(range, PCI_EXP_SLTSTA, 0, ~PCI_EXP_SLTSTA_MRLSS);
	slot_look(range);
}

/**
 * kvpci_slot_init() - make a slot, if a bridge's PCI Express capability says that there is one
 * @function: the bridge, which nobody else knows of yet
 * @at: offset of the capability
 * @length: of the capability, in bytes; it has the register that says so
 * @range: where to put the range of its registers, which the caller adds to configuration space;
 *	NULL: there is no slot
 *
 * Context: process.
 * Return: 0, or -EINVAL if it is no root port or downstream port, lacks the registers of a slot,
 * has an interlock, or has another slot
 */
int kvpci_slot_init(struct kvpci_function *function, u16 at, u16 length,
		    struct kvpci_range **range)
{
	const struct kvpci_regs *config = &function->config;
	u16 flags = kvpci_config_u16(config, at + PCI_EXP_FLAGS);
	struct kvpci_slot *slot = &function->bridge->slot;
	u16 type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;

	*range = NULL;
	if (!(flags & PCI_EXP_FLAGS_SLOT))
		return 0;
	if (slot_of(function) || length < PCI_EXP_SLTSTA + 2)
		return -EINVAL;
	if (type != PCI_EXP_TYPE_ROOT_PORT && type != PCI_EXP_TYPE_DOWNSTREAM)
		return -EINVAL;
	if (kvpci_config_u32(config, at + PCI_EXP_SLTCAP) & PCI_EXP_SLTCAP_EIP)
		return -EINVAL;

	slot->vector = (flags & PCI_EXP_FLAGS_IRQ) >> 9;
	slot->reports_link = kvpci_config_u32(config, at + PCI_EXP_LNKCAP) &
			     PCI_EXP_LNKCAP_DLLLARC;
	slot->range.ops = &slot_ops;
	slot->range.space = &function->space;
	slot->range.offset = at + PCI_EXP_LNKCTL;
	slot->range.length = LENGTH;
	init_registers(&slot->range);
	*range = &slot->range;
	return 0;
}

/**
 * kvpci_slot_check() - does a bridge have the vector that its slot interrupts by?
 * @function: the bridge, with all its capabilities
 *
 * The number of messages of MSI is the guest's to choose, so that its slot has the first.
 *
 * Context: process.
 * Return: 0 or -EINVAL
 */
int kvpci_slot_check(const struct kvpci_function *function)
{
	const struct kvpci_interrupts *interrupts = &function->interrupts;
	const struct kvpci_slot *slot = slot_of(function);

	if (!slot)
		return 0;
	if (interrupts->msi && slot->vector)
		return -EINVAL;

	return interrupts->msix && slot->vector >= interrupts->msix->nr ? -EINVAL : 0;
}

/**
 * kvpci_slot_interrupts_by() - is a vector, or the pin, a slot's?
 * @function: the function, with or without a slot
 * @interrupt: enum kvpci_interrupt
 * @vector: which; the function has it
 *
 * Nobody else may trigger or lower it then.
 *
 * Context: any.
 * Return: whether it is
 */
bool kvpci_slot_interrupts_by(const struct kvpci_function *function, u32 interrupt, u32 vector)
{
	const struct kvpci_slot *slot = slot_of(function);

	return slot && (interrupt == KVPCI_INTX || vector == slot->vector);
}
