/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_USERSPACE_H
#define _KVPCI_USERSPACE_H

struct kvpci_function_bar;
struct kvpci_range;
struct kvpci_range_config;

struct kvpci_range *kvpci_userspace_new(const struct kvpci_function_bar *bar,
					const struct kvpci_range_config *place);

#endif /* _KVPCI_USERSPACE_H */
