/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers, sizes and bytes as the user writes them.
 *
 * Each function takes the whole string or nothing: it returns false, and leaves the
 * result alone, for an empty string, trailing characters, signs, blanks, and values
 * that do not fit.
 */
#ifndef PARSE_H
#define PARSE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* Decimal, or hexadecimal after 0x. */
bool parse_number(const char *text, __u64 *number);

/* A number with an optional suffix: K, M, G or T, powers of 1024. */
bool parse_size(const char *text, __u64 *size);

/* Hexadecimal without 0x, as PCI IDs and addresses are written; at most @max. */
bool parse_hex(const char *text, __u64 max, __u64 *number);

/* Two hexadecimal digits per byte. @bytes is for the caller to free. */
bool parse_bytes(const char *text, __u8 **bytes, size_t *length);

#endif /* PARSE_H */
