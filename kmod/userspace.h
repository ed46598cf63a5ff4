/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_USERSPACE_H
#define _VPCI_USERSPACE_H

#include "region.h"

struct vpci_host;

extern const struct vpci_region_ops vpci_userspace_ops;

int vpci_exit_get(struct vpci_host *host, struct kvpci_exit __user *arg);

#endif /* _VPCI_USERSPACE_H */
