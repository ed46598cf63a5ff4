// SPDX-License-Identifier: GPL-2.0
/*
 * The windows of a host bridge: ranges of guest ports and memory in which the guest
 * may place BARs.
 *
 * KVM knows a window as one device, whatever BARs are in it. On an access, the BAR is
 * looked up in the map of the address space and the access goes on to what lies behind
 * that: on a write a doorbell, then the regions. It belongs to the BAR that its first
 * byte is in; what it asks of bytes beyond that BAR reads all ones and is dropped, as
 * where there is no BAR.
 *
 * A BAR outside the windows is in the map all the same, but no access to it comes
 * here, and of one that lies across the edge of a window, only the part inside
 * answers. A 64-bit BAR may be in either memory window.
 */
#include <linux/string.h>

#include "bar.h"
#include "doorbell.h"
#include "host.h"
#include "region.h"
#include "window.h"

static struct vpci_bar *find_bar(struct vpci_map *map, u64 addr, u64 *offset)
{
	struct vpci_map_node *node = vpci_map_find(map, addr, offset);

	return node ? container_of(node, struct vpci_bar, node) : NULL;
}

static int window_read(struct vpci_map *map, struct kvm_vcpu *vcpu, u64 addr,
		       int len, void *val)
{
	struct vpci_access access = { .vcpu = vcpu, .len = len };
	struct vpci_bar *bar;
	u64 offset;

	bar = find_bar(map, addr, &offset);
	if (!bar) {
		memset(val, 0xff, len);
		return 0;
	}

	access.base = addr - offset;
	return vpci_region_read(bar, &access, offset, len, val);
}

static int window_write(struct vpci_map *map, struct kvm_vcpu *vcpu, u64 addr,
			int len, const void *val)
{
	struct vpci_access access = { .vcpu = vcpu, .len = len };
	struct vpci_bar *bar;
	u64 offset;

	bar = find_bar(map, addr, &offset);
	if (!bar || vpci_doorbell_ring(bar, vcpu->kvm, offset, len, val))
		return 0;

	access.base = addr - offset;
	return vpci_region_write(bar, &access, offset, len, val);
}

static int io_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t port,
		   int len, void *val)
{
	return window_read(&vpci_claim_host(dev)->ports, vcpu, port, len, val);
}

static int io_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		    gpa_t port, int len, const void *val)
{
	return window_write(&vpci_claim_host(dev)->ports, vcpu, port, len, val);
}

const struct kvm_io_device_ops vpci_io_window_ops = {
	.read = io_read,
	.write = io_write,
};

static int memory_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		       gpa_t addr, int len, void *val)
{
	return window_read(&vpci_claim_host(dev)->memory, vcpu, addr, len, val);
}

static int memory_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
			gpa_t addr, int len, const void *val)
{
	return window_write(&vpci_claim_host(dev)->memory, vcpu, addr, len,
			    val);
}

const struct kvm_io_device_ops vpci_memory_window_ops = {
	.read = memory_read,
	.write = memory_write,
};
