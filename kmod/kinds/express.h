/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_EXPRESS_H
#define _KVPCI_EXPRESS_H

#include <linux/types.h>

struct kvpci_function;

int kvpci_express_add_reset(struct kvpci_function *function, u16 at, u16 length);

#endif /* _KVPCI_EXPRESS_H */
