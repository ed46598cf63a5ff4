/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MEASURE_H
#define MEASURE_H

void measure_init(void);
void measure_profile(const char *name);
void measure(const char *name, void (*operation)(void));
void measure_after(const char *name, void (*prepare)(void), void (*operation)(void));

#endif /* MEASURE_H */
