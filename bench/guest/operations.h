/* SPDX-License-Identifier: GPL-2.0 */
#ifndef OPERATIONS_H
#define OPERATIONS_H

void settle(void);
void measure_functions(void);
void measure_given(void);
void measure_vectors(void);
void measure_interrupts(void);
void measure_floor(void);
void measure_irqfd(void);

#endif /* OPERATIONS_H */
