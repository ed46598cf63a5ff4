/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PRINT_H
#define PRINT_H

#include <linux/types.h>

void print(const char *text);
void print_number(__u64 number);
void print_hex(__u64 number);
void fail(const char *reason) __attribute__((noreturn));
void finish(__u32 code) __attribute__((noreturn));

#endif /* PRINT_H */
