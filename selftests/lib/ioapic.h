/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IOAPIC_H
#define IOAPIC_H

#include <linux/types.h>

#define NR_IOAPIC_PINS	24	/* which have the first GSIs */

void ioapic_set(int vm, unsigned int pin, __u8 vector, __u8 id);
void ioapic_mask(int vm, unsigned int pin);

#endif /* IOAPIC_H */
