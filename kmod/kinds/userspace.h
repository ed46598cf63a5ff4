/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_USERSPACE_H
#define _KVPCI_USERSPACE_H

struct kvpci_function_bar;
struct kvpci_range;

struct kvpci_range *kvpci_userspace_new(struct kvpci_function_bar *bar);

#endif /* _KVPCI_USERSPACE_H */
