/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_MIRROR_H
#define _KVPCI_MIRROR_H

#include <linux/kvpci.h>
#include <linux/types.h>

struct vm_area_struct;
struct kvpci_function_bar;
struct kvpci_function;
struct kvpci_host;

int kvpci_mirrors_init(void);
void kvpci_mirrors_exit(void);

int kvpci_mirror_mmap(struct kvpci_host *host, struct vm_area_struct *vma);

void kvpci_mirrors_publish(struct kvpci_function *function, bool there);
void kvpci_mirrors_route(struct kvpci_host *host);
int kvpci_mirrors_create(struct kvpci_function *function);
bool kvpci_mirror_has(const struct kvpci_function_bar *bar, u64 offset, u64 length);
int kvpci_mirrors_trap(struct kvpci_function *function, u32 offset, u32 len, bool trap);
void kvpci_mirrors_withdraw(struct kvpci_function *function);
void kvpci_mirror_destroy(struct kvpci_function_bar *bar);
void kvpci_mirrors_follow(struct kvpci_host *host);
void kvpci_mirror_read_trapped(struct kvpci_function_bar *bar, u64 offset);
void kvpci_mirrors_forget(struct kvpci_host *host);

int kvpci_mirror_get(struct kvpci_host *host, struct kvpci_mirror *mirror);
int kvpci_mirror_set(struct kvpci_host *host, const struct kvpci_mirror *mirror);

#endif /* _KVPCI_MIRROR_H */
