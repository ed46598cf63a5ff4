/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_WINDOW_H
#define _VPCI_WINDOW_H

#include <kvm/iodev.h>

extern const struct kvm_io_device_ops vpci_io_window_ops;
extern const struct kvm_io_device_ops vpci_memory_window_ops;

#endif /* _VPCI_WINDOW_H */
