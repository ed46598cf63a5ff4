// SPDX-License-Identifier: GPL-2.0
/*
 * The type 0 header of configuration space (PCI Local Bus 3.0, 6.1 and 6.2; PCI
 * Express Base 4.0, 7.5.1), and a bridge's, of type 1 (PCI-to-PCI Bridge Architecture 1.2,
 * 3.2): which registers there are, what they hold after reset and which of their bits can be
 * written. BARs are in bar.c, the capabilities in capability.c.
 *
 * Little-endian like the guest's; the module is for x86 alone.
 */
#include <linux/errno.h>
#include <linux/pci_regs.h>
#include <linux/string.h>

#include "pci/bar.h"
#include "pci/config.h"

#define CLASS_BRIDGE_PCI	0x0604	/* PCI_CLASS_BRIDGE_PCI, which only the kernel has */

static void put16(u8 *array, u32 offset, u16 val)
{
	memcpy(array + offset, &val, sizeof(val));
}

/*
 * What type 1 has. Ports are of 16 bits, prefetchable memory is of 64. A window comes closed out
 * of reset: its base is above its limit. There are no VGA and ISA modes.
 */
static void init_bridge(struct kvpci_regs *config)
{
	u8 *value = config->value, *writable = config->writable;

	writable[PCI_PRIMARY_BUS] = 0xff;
	writable[PCI_SECONDARY_BUS] = 0xff;
	writable[PCI_SUBORDINATE_BUS] = 0xff;

	value[PCI_IO_BASE] = 0xf0;
	put16(value, PCI_MEMORY_BASE, 0xfff0);
	put16(value, PCI_PREF_MEMORY_BASE, 0xfff0 | PCI_PREF_RANGE_TYPE_64);
	put16(value, PCI_PREF_MEMORY_LIMIT, PCI_PREF_RANGE_TYPE_64);

	writable[PCI_IO_BASE] = 0xf0;
	writable[PCI_IO_LIMIT] = 0xf0;
	put16(writable, PCI_MEMORY_BASE, 0xfff0);
	put16(writable, PCI_MEMORY_LIMIT, 0xfff0);
	put16(writable, PCI_PREF_MEMORY_BASE, 0xfff0);
	put16(writable, PCI_PREF_MEMORY_LIMIT, 0xfff0);
	memset(writable + PCI_PREF_BASE_UPPER32, 0xff, 8);

	put16(config->write1clear, PCI_SEC_STATUS,
	      PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT |
	      PCI_STATUS_REC_TARGET_ABORT | PCI_STATUS_REC_MASTER_ABORT |
	      PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY);
	put16(writable, PCI_BRIDGE_CONTROL,
	      PCI_BRIDGE_CTL_PARITY | PCI_BRIDGE_CTL_SERR | PCI_BRIDGE_CTL_BUS_RESET);
}

/* A bridge has two BARs, no ROM, and its subsystem IDs in a capability. */
static bool bridge_is_valid(const struct kvpci_function_config *desc)
{
	u8 i;

	for (i = 2; i < KVPCI_NUM_BARS; i++)
		if (desc->bars[i].size)
			return false;

	return desc->class_code >> 8 == CLASS_BRIDGE_PCI && !desc->rom_size &&
	       !(desc->bars[1].flags & KVPCI_BAR_64BIT) &&
	       !desc->subsystem_vendor && !desc->subsystem;
}

/**
 * kvpci_config_init() - fill in the header
 * @config: three arrays of KVPCI_CONFIG_SIZE zeroes
 * @desc: the function's description
 *
 * Return: 0, or -EINVAL for a description that the uapi does not allow
 */
int kvpci_config_init(struct kvpci_regs *config,
		      const struct kvpci_function_config *desc)
{
	u8 *value = config->value;

	if (desc->vendor == 0xffff || desc->class_code >> 24)
		return -EINVAL;
	if (desc->flags & KVPCI_FUNCTION_BRIDGE && !bridge_is_valid(desc))
		return -EINVAL;

	put16(value, PCI_VENDOR_ID, desc->vendor);
	put16(value, PCI_DEVICE_ID, desc->device);
	value[PCI_REVISION_ID] = desc->revision;
	value[PCI_CLASS_PROG] = desc->class_code;
	put16(value, PCI_CLASS_DEVICE, desc->class_code >> 8);
	if (desc->flags & KVPCI_FUNCTION_BRIDGE) {
		value[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_BRIDGE;
		init_bridge(config);
	} else {
		value[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_NORMAL;
		put16(value, PCI_SUBSYSTEM_VENDOR_ID, desc->subsystem_vendor);
		put16(value, PCI_SUBSYSTEM_ID, desc->subsystem);
	}

	put16(config->writable, PCI_COMMAND,
	      PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
	      PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
	      PCI_COMMAND_INTX_DISABLE);
	put16(config->write1clear, PCI_STATUS,
	      PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT |
	      PCI_STATUS_REC_TARGET_ABORT | PCI_STATUS_REC_MASTER_ABORT |
	      PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY);
	config->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	config->writable[PCI_INTERRUPT_LINE] = 0xff;

	return kvpci_bars_init(config, desc);
}

/**
 * kvpci_config_set_multifunction() - set or clear the multi-function bit
 * @config: configuration space
 * @multi: whether the device has a function other than 0
 *
 * Context: any; the caller holds the function's lock.
 */
void kvpci_config_set_multifunction(struct kvpci_regs *config, bool multi)
{
	u8 type = (config->value[PCI_HEADER_TYPE] & 0x7f) | (multi ? 0x80 : 0);

	kvpci_regs_set(config, PCI_HEADER_TYPE, sizeof(type), &type, NULL);
}
