// SPDX-License-Identifier: GPL-2.0
/*
 * The enhanced configuration access mechanism (PCI Express Base 4.0, 7.2.2), which
 * Linux calls MMCONFIG: all 4096 bytes of every function as memory.
 *
 * Bits 0 to 11 of the offset from bus 0 are the register, 12 to 19 device and
 * function, 20 to 27 the bus. Reads are of any size, as from the mirror (mirror.c), and
 * writes of 1, 2, 4 or 8 bytes; any other is dropped.
 */
#include <linux/string.h>

#include "backing/effects.h"
#include "pci/function.h"
#include "pci/host.h"
#include "window/ecam.h"

static struct kvpci_function *ecam_addressed(struct kvm_vcpu *vcpu,
					     struct kvm_io_device *dev, gpa_t addr,
					     int len, u32 *offset)
{
	struct kvpci_host *host = kvpci_claim_host(dev);
	u32 at = addr - host->ecam;

	*offset = at & (KVPCI_CONFIG_SIZE - 1);
	if (*offset + len > KVPCI_CONFIG_SIZE)
		return NULL;

	return kvpci_host_function(host, vcpu->kvm, at >> KVPCI_ECAM_BUS_SHIFT,
				   at >> 12 & 0xff);
}

/* A function of its own, so that where nothing is trapped no registers are saved for it. */
static noinline int ecam_read_trapped(struct kvpci_function *function, struct kvm_vcpu *vcpu,
				      gpa_t addr, u32 offset, int len, void *val)
{
	if (kvpci_function_is_trapped(function, vcpu->kvm, offset, len))
		return kvpci_config_decline(function, offset, vcpu, addr, len, 0);

	kvpci_function_config_read(function, offset, len, val);
	return 0;
}

static int ecam_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		     gpa_t addr, int len, void *val)
{
	struct kvpci_function *function;
	u32 offset;

	function = ecam_addressed(vcpu, dev, addr, len, &offset);
	if (!function) {
		memset(val, 0xff, len);
		return 0;
	}
	if (kvpci_function_has_traps(function))
		return ecam_read_trapped(function, vcpu, addr, offset, len, val);

	kvpci_function_config_read(function, offset, len, val);
	return 0;
}

static int ecam_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		      gpa_t addr, int len, const void *val)
{
	struct kvpci_function *function;
	u32 offset, effects, flags;

	function = ecam_addressed(vcpu, dev, addr, len, &offset);
	if (!function || len & (len - 1))
		return 0;
	effects = kvpci_function_config_write(function, offset, len, val);
	if (likely(!effects))
		return 0;
	if (effects & KVPCI_EFFECT_USERSPACE)
		return kvpci_config_decline(function, offset, vcpu, addr, len, 0);
	flags = kvpci_effects_carry_out(function, effects);
	if (likely(!flags))
		return 0;

	return kvpci_config_decline(function, offset, vcpu, addr, len, flags);
}

const struct kvm_io_device_ops kvpci_ecam_ops = {
	.read = ecam_read,
	.write = ecam_write,
};
