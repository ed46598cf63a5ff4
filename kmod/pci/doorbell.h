/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_DOORBELL_H
#define _KVPCI_DOORBELL_H

#include <linux/types.h>

#include "core/map.h"

struct eventfd_ctx;
struct kvm_vcpu;
struct kvpci_function_bar;
struct kvpci_guest_access;

/**
 * struct kvpci_bar_doorbell - where a guest's write signals an eventfd
 * @hint: by which the map of its address space finds it, if no value has to match
 * @offset: in the BAR
 * @datamatch: the value that rings it, if not @wildcard
 * @eventfd: what is signalled
 * @length: bytes of the write; 0: any
 * @wildcard: any value rings it
 */
struct kvpci_bar_doorbell {
	struct kvpci_map_hint hint;
	u64 offset;
	u64 datamatch;
	struct eventfd_ctx *eventfd;
	u8 length;
	bool wildcard;
};

int kvpci_doorbell_assign(struct kvpci_function_bar *bar,
			  const struct kvpci_bar_doorbell *doorbell);
int kvpci_doorbell_deassign(struct kvpci_function_bar *bar,
			    const struct kvpci_bar_doorbell *doorbell);
bool kvpci_doorbell_in(const struct kvpci_function_bar *bar, u64 offset, u64 length);
void kvpci_doorbells_destroy(struct kvpci_function_bar *bar);
int kvpci_doorbell_ring_any(struct kvpci_function_bar *bar, struct kvm_vcpu *vcpu, u64 offset);
int kvpci_doorbell_write(struct kvpci_function_bar *bar, const struct kvpci_guest_access *access,
			 u64 offset, const void *val);

/**
 * kvpci_doorbell_at() - find the doorbell that a write rings, by a hint
 * @map: of the address space
 * @addr: the guest's address
 * @len: bytes
 *
 * Context: a callback of a claim.
 * Return: the doorbell, or NULL if there is no hint, and kvpci_doorbell_write() has to look
 */
static __always_inline const struct kvpci_bar_doorbell *
kvpci_doorbell_at(const struct kvpci_map *map, u64 addr, u32 len)
{
	const struct kvpci_map_hint *hint = kvpci_map_hint(map, addr);
	const struct kvpci_bar_doorbell *doorbell;

	if (!hint)
		return NULL;
	doorbell = container_of(hint, struct kvpci_bar_doorbell, hint);
	return doorbell->length == len || !doorbell->length ? doorbell : NULL;
}

#endif /* _KVPCI_DOORBELL_H */
