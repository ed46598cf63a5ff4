/* SPDX-License-Identifier: GPL-2.0 */
/* What a BIOS leaves in low memory for those who come after it. */
#ifndef BIOSDATA_H
#define BIOSDATA_H

#include "memory.h"

int biosdata_create(const struct guest_memory *memory);

#endif /* BIOSDATA_H */
