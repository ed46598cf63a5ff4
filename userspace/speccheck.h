/* SPDX-License-Identifier: GPL-2.0 */
/* Checks a description of a PCI function when all of it has been read. */
#ifndef SPECCHECK_H
#define SPECCHECK_H

#include "spec.h"

/* Returns STATUS_OK, or has said what is wrong. */
int spec_check(const struct device_spec *spec);

#endif /* SPECCHECK_H */
