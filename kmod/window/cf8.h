/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_CF8_H
#define _KVPCI_CF8_H

#include <kvm/iodev.h>

#define KVPCI_CF8_PORT	0xcf8
#define KVPCI_CF8_LENGTH	8

extern const struct kvm_io_device_ops kvpci_cf8_ops;
extern const struct kvm_io_device_ops kvpci_cf8_absent_ops;

#endif /* _KVPCI_CF8_H */
