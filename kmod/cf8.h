/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_CF8_H
#define _VPCI_CF8_H

#include <kvm/iodev.h>

#define VPCI_CF8_PORT	0xcf8
#define VPCI_CF8_LENGTH	8

extern const struct kvm_io_device_ops vpci_cf8_ops;
extern const struct kvm_io_device_ops vpci_cf8_absent_ops;

#endif /* _VPCI_CF8_H */
