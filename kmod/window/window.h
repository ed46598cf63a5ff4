/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_WINDOW_H
#define _KVPCI_WINDOW_H

#include <kvm/iodev.h>

extern const struct kvm_io_device_ops kvpci_io_window_ops;
extern const struct kvm_io_device_ops kvpci_memory_window_ops;
extern const struct kvm_io_device_ops kvpci_fast_window_ops;

#endif /* _KVPCI_WINDOW_H */
