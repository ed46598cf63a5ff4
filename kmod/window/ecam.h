/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_ECAM_H
#define _KVPCI_ECAM_H

#include <kvm/iodev.h>

extern const struct kvm_io_device_ops kvpci_ecam_ops;

#endif /* _KVPCI_ECAM_H */
