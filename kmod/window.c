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

static __always_inline struct vpci_bar *bar_of(const struct vpci_map_place *place)
{
	return container_of(place->node, struct vpci_bar, node);
}

static int window_read(struct vpci_map *map, struct kvm_vcpu *vcpu, u64 addr,
		       int len, void *val)
{
	struct vpci_map_place place = vpci_map_find(map, addr);
	struct vpci_access access = {
		.vcpu = vcpu,
		.base = addr - place.offset,
		.len = len,
	};

	if (!place.node) {
		memset(val, 0xff, len);
		return 0;
	}
	return vpci_region_read(bar_of(&place), &access, place.offset, len, val);
}

static noinline int write_again(struct vpci_map *map, struct kvm_vcpu *vcpu, u64 addr,
				int len, const void *val)
{
	struct vpci_map_place place = vpci_map_find(map, addr);

	if (!place.node)
		return 0;

	return vpci_doorbell_write(bar_of(&place), vcpu, addr, place.offset, len, val);
}

/* Ringing a doorbell is to be cheap: no call but the last one. */
static __always_inline int window_write(struct vpci_map *map, struct kvm_vcpu *vcpu,
					u64 addr, int len, const void *val)
{
	struct vpci_map_place place;

	if (unlikely(!vpci_map_try_find(map, addr, &place)))
		return write_again(map, vcpu, addr, len, val);
	if (!place.node)
		return 0;

	return vpci_doorbell_write(bar_of(&place), vcpu, addr, place.offset, len, val);
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
