/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_MIRROR_H
#define _VPCI_MIRROR_H

#include <linux/kvpci.h>
#include <linux/types.h>

struct vm_area_struct;
struct vpci_bar;
struct vpci_function;
struct vpci_host;

int vpci_mirrors_init(void);
void vpci_mirrors_exit(void);

int vpci_mirror_mmap(struct vpci_host *host, struct vm_area_struct *vma);
void vpci_mirror_config(struct vpci_host *host, u8 bus, u8 devfn);

int vpci_mirrors_create(struct vpci_function *function);
void vpci_mirrors_withdraw(struct vpci_function *function);
void vpci_mirror_destroy(struct vpci_bar *bar);
void vpci_mirrors_follow(struct vpci_host *host);
void vpci_mirrors_forget(struct vpci_host *host);

int vpci_mirror_get_ioctl(struct vpci_host *host, struct kvpci_mirror __user *arg);
int vpci_mirror_set_ioctl(struct vpci_host *host,
			  const struct kvpci_mirror __user *arg);

#endif /* _VPCI_MIRROR_H */
