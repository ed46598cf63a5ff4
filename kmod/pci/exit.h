/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_EXIT_H
#define _KVPCI_EXIT_H

#include <linux/kvpci.h>
#include <linux/types.h>

struct kvm_vcpu;
struct kvpci_function;
struct kvpci_function_bar;
struct kvpci_guest_access;
struct kvpci_host;

int kvpci_exits_create(struct kvpci_host *host);
void kvpci_exit_note_bar(const struct kvpci_function_bar *bar,
			 const struct kvpci_guest_access *access, u64 offset, u32 flags);
void kvpci_exit_note_config(const struct kvpci_function *function,
			    const struct kvpci_guest_access *access, u64 offset, u32 flags);
int kvpci_exit_find(struct kvpci_host *host, struct kvpci_exit *get);

#endif /* _KVPCI_EXIT_H */
