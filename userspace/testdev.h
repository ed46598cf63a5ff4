/* SPDX-License-Identifier: GPL-2.0 */
/* QEMU's pci-testdev, as its documentation describes it. */
#ifndef TESTDEV_H
#define TESTDEV_H

#include "model.h"

extern const struct device_model testdev_model;

#endif /* TESTDEV_H */
