// SPDX-License-Identifier: GPL-2.0
/*
 * The windows of a host bridge: ranges of guest ports and memory in which the guest
 * may place BARs.
 *
 * KVM knows a window as one device, whatever BARs are in it. On an access, the BAR is
 * looked up in the map of the address space and the access goes on to what lies behind
 * that: on a write a doorbell, then the ranges. A doorbell that has been rung there is found by
 * a hint of the map's before anything is looked up. An access belongs to the BAR that its first
 * byte is in; what it asks of bytes beyond that BAR reads all ones and is dropped, as
 * where there is no BAR.
 *
 * KVM_FAST_MMIO_BUS has the memory windows once more, as soon as there is a doorbell for
 * writes of any length. There KVM asks before it decodes the guest's instruction, which it
 * can then leave undone.
 *
 * A BAR outside the windows is in the map all the same, but no access to it comes
 * here, and of one that lies across the edge of a window, only the part inside
 * answers. A 64-bit BAR may be in either memory window.
 */
#include <linux/string.h>

#include "backing/mirror.h"
#include "pci/bar.h"
#include "pci/doorbell.h"
#include "pci/host.h"
#include "pci/range.h"
#include "window/window.h"

static __always_inline struct kvpci_function_bar *bar_of(const struct kvpci_map_place *place)
{
	return container_of(place->node, struct kvpci_function_bar, node);
}

static int window_read(struct kvpci_map *map, struct kvm_vcpu *vcpu, u64 addr,
		       int len, void *val)
{
	struct kvpci_map_place place = kvpci_map_find(map, addr);
	struct kvpci_guest_access access = {
		.vcpu = vcpu,
		.addr = addr,
		.len = len,
	};
	struct kvpci_function_bar *bar;

	if (!place.node) {
		memset(val, 0xff, len);
		return 0;
	}

	bar = bar_of(&place);
	if (bar->mirror)
		kvpci_mirror_read_trapped(bar, place.offset);
	return kvpci_space_read(&bar->space, &access, place.offset, len, val);
}

static noinline int window_write_found(struct kvpci_map *map, struct kvm_vcpu *vcpu, u64 addr,
				       int len, const void *val)
{
	const struct kvpci_guest_access access = {
		.vcpu = vcpu,
		.addr = addr,
		.len = len,
	};
	struct kvpci_map_place place;

	if (unlikely(!kvpci_map_try_find(map, addr, &place)))
		place = kvpci_map_find(map, addr);
	if (!place.node)
		return 0;

	return kvpci_doorbell_write(bar_of(&place), &access, place.offset, val);
}

/* Ringing a doorbell is to be cheap: nothing has to be kept for after a call. */
static __always_inline int window_write(struct kvpci_map *map, struct kvm_vcpu *vcpu,
					u64 addr, int len, const void *val)
{
	const struct kvpci_bar_doorbell *doorbell = kvpci_doorbell_at(map, addr, len);

	if (!doorbell)
		return window_write_found(map, vcpu, addr, len, val);

	kvpci_eventfd_signal(doorbell->eventfd);
	return 0;
}

static int io_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t port,
		   int len, void *val)
{
	return window_read(&kvpci_claim_host(dev)->ports, vcpu, port, len, val);
}

static int io_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		    gpa_t port, int len, const void *val)
{
	return window_write(&kvpci_claim_host(dev)->ports, vcpu, port, len, val);
}

const struct kvm_io_device_ops kvpci_io_window_ops = {
	.read = io_read,
	.write = io_write,
};

static int memory_read(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
		       gpa_t addr, int len, void *val)
{
	return window_read(&kvpci_claim_host(dev)->memory, vcpu, addr, len, val);
}

static int memory_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev,
			gpa_t addr, int len, const void *val)
{
	return window_write(&kvpci_claim_host(dev)->memory, vcpu, addr, len,
			    val);
}

const struct kvm_io_device_ops kvpci_memory_window_ops = {
	.read = memory_read,
	.write = memory_write,
};

/* Not even the bytes are known: all but a doorbell that takes any is for the slow bus. */
static int fast_write(struct kvm_vcpu *vcpu, struct kvm_io_device *dev, gpa_t addr,
		      int len, const void *val)
{
	struct kvpci_claim *claim = kvpci_claim_of(dev);
	struct kvpci_map_place place;

	if (addr - claim->base >= claim->length)
		return -EOPNOTSUPP;

	place = kvpci_map_find(&claim->host->memory, addr);
	if (!place.node)
		return -EOPNOTSUPP;

	return kvpci_doorbell_ring_any(bar_of(&place), vcpu, place.offset);
}

const struct kvm_io_device_ops kvpci_fast_window_ops = {
	.write = fast_write,
};
