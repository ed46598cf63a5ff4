// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration mechanism #1 (PCI Local Bus 3.0, 3.2.2.3.2): an address register at
 * port 0xcf8, and a window on the dword that it names at 0xcfc to 0xcff.
 *
 * The address register is accessed as a dword. Narrower accesses find nothing: they
 * read all ones and write nowhere, except those at 0xcf9, the reset control register
 * of many chip sets, which are left to others. The data window takes bytes, words
 * and dwords; its offset is or-ed into the register number, low bits included, so
 * that a guest may leave them out of the address or not. It reaches the first 256
 * bytes of a function.
 */
#include <linux/pci_regs.h>
#include <linux/string.h>

#include "backing/effects.h"
#include "pci/function.h"
#include "pci/host.h"
#include "window/cf8.h"

#define CF8_ADDRESS		KVPCI_CF8_PORT
#define CF8_RESET_CONTROL	0xcf9
#define CF8_DATA		0xcfc
#define CF8_ENABLE		BIT(31)

/* The function that the address register names, and the register; NULL if none. */
static struct kvpci_function *cf8_addressed(struct kvm_vcpu *vcpu,
					    const struct kvpci_host *host, gpa_t port,
					    u32 *offset)
{
	u32 address = READ_ONCE(host->config_address);

	if (!(address & CF8_ENABLE))
		return NULL;

	*offset = (address & 0xff) | (port - CF8_DATA);
	return kvpci_host_function(host, vcpu->kvm, address >> 16 & 0xff,
				   address >> 8 & 0xff);
}

/* A function of its own, so that where nothing is trapped no registers are saved for it. */
static noinline int cf8_read_trapped(struct kvpci_function *function, struct kvm_vcpu *vcpu,
				     gpa_t port, u32 offset, int len, void *val)
{
	u32 n = min_t(u32, len, KVPCI_CONFIG_SIZE_CAM - offset);

	if (kvpci_function_is_trapped(function, vcpu->kvm, offset, n))
		return kvpci_config_decline(function, offset, vcpu, port, len, KVPCI_EXIT_IO);

	kvpci_function_config_read(function, offset, n, val);
	memset(val + n, 0xff, len - n);
	return 0;
}

static int cf8_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		    gpa_t port, int len, void *val)
{
	struct kvpci_host *host = kvpci_claim_host(dev);
	struct kvpci_function *function = NULL;
	u32 offset, n = 0;

	if (port == CF8_RESET_CONTROL)
		return -EOPNOTSUPP;

	if (port == CF8_ADDRESS && len == sizeof(u32)) {
		u32 address = READ_ONCE(host->config_address);

		memcpy(val, &address, sizeof(address));
		return 0;
	}

	if (port >= CF8_DATA)
		function = cf8_addressed(vcpu, host, port, &offset);
	if (function) {
		if (kvpci_function_has_traps(function))
			return cf8_read_trapped(function, vcpu, port, offset, len, val);
		n = min_t(u32, len, KVPCI_CONFIG_SIZE_CAM - offset);
		kvpci_function_config_read(function, offset, n, val);
	}
	if (n < len)
		memset(val + n, 0xff, len - n);
	return 0;
}

/* A function of its own, so that a write of the address need not save registers for it. */
static noinline int cf8_write_data(struct kvm_vcpu *vcpu, struct kvpci_host *host,
				   gpa_t port, int len, const void *val)
{
	struct kvpci_function *function;
	u32 offset, effects, flags;

	function = cf8_addressed(vcpu, host, port, &offset);
	if (!function)
		return 0;

	effects = kvpci_function_config_write(function, offset,
					      min_t(u32, len, KVPCI_CONFIG_SIZE_CAM - offset),
					      val);
	if (likely(!effects))
		return 0;
	if (effects & KVPCI_EFFECT_USERSPACE)
		return kvpci_config_decline(function, offset, vcpu, port, len, KVPCI_EXIT_IO);
	flags = kvpci_effects_carry_out(function, effects);
	if (likely(!flags))
		return 0;

	return kvpci_config_decline(function, offset, vcpu, port, len, flags | KVPCI_EXIT_IO);
}

static int cf8_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		     gpa_t port, int len, const void *val)
{
	struct kvpci_host *host = kvpci_claim_host(dev);

	if (port == CF8_RESET_CONTROL)
		return -EOPNOTSUPP;

	if (port == CF8_ADDRESS && len == sizeof(u32)) {
		u32 address;

		memcpy(&address, val, sizeof(address));
		WRITE_ONCE(host->config_address, address);
		return 0;
	}

	return port < CF8_DATA ? 0 : cf8_write_data(vcpu, host, port, len, val);
}

const struct kvm_io_device_ops kvpci_cf8_ops = {
	.read = cf8_read,
	.write = cf8_write,
};

static int absent_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		       gpa_t port, int len, void *val)
{
	if (port == CF8_RESET_CONTROL)
		return -EOPNOTSUPP;

	memset(val, 0xff, len);
	return 0;
}

static int absent_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
			gpa_t port, int len, const void *val)
{
	return port == CF8_RESET_CONTROL ? -EOPNOTSUPP : 0;
}

/*
 * Of a bridge that has no such mechanism. Linux looks for it all the same, tens of
 * thousands of times while it boots.
 */
const struct kvm_io_device_ops kvpci_cf8_absent_ops = {
	.read = absent_read,
	.write = absent_write,
};
