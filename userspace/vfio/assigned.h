/* SPDX-License-Identifier: GPL-2.0 */
/* A device of the host as a function of the guest, with VFIO: the preset "vfio" of --device. */
#ifndef VFIO_ASSIGNED_H
#define VFIO_ASSIGNED_H

#include "model.h"

extern const struct device_model vfio_model;

#endif /* VFIO_ASSIGNED_H */
