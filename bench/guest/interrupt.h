/* SPDX-License-Identifier: GPL-2.0 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

void interrupt_enable(void);
void interrupt_disable(void);
void interrupt_expect(void);
void interrupt_wait(void);

#endif /* INTERRUPT_H */
