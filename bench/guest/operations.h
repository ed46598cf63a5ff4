/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OPERATIONS_H
#define OPERATIONS_H

void measure_pci(void);
void measure_floor(void);

#endif /* OPERATIONS_H */
