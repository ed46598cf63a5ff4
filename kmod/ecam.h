/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_ECAM_H
#define _VPCI_ECAM_H

#include <kvm/iodev.h>

/* Bytes of configuration space of a bus. */
#define VPCI_ECAM_BUS_SHIFT	20

extern const struct kvm_io_device_ops vpci_ecam_ops;

#endif /* _VPCI_ECAM_H */
