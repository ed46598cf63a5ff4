// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers, sizes and bytes as the user writes them.
 *
 * strtoull() is not used: it accepts blanks, signs and octal, none of which a user
 * of the command line means.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return INT_MAX;
}

/* Read digits up to the first character that is none. */
static bool parse_digits(const char **text, int base, __u64 *number)
{
	const char *p = *text;
	__u64 value = 0;

	for (; digit_value(*p) < base; p++) {
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit_value(*p), &value))
			return false;
	}
	if (p == *text)
		return false;
	*text = p;
	*number = value;
	return true;
}

static bool parse_prefixed(const char **text, __u64 *number)
{
	if ((*text)[0] == '0' && ((*text)[1] == 'x' || (*text)[1] == 'X')) {
		*text += 2;
		return parse_digits(text, 16, number);
	}
	return parse_digits(text, 10, number);
}

bool parse_number(const char *text, __u64 *number)
{
	__u64 value;

	if (!parse_prefixed(&text, &value) || *text)
		return false;
	*number = value;
	return true;
}

bool parse_size(const char *text, __u64 *size)
{
	static const char suffixes[] = "KMGT";
	unsigned int shift = 0;
	const char *suffix;
	__u64 value;

	if (!parse_prefixed(&text, &value))
		return false;
	if (*text) {
		suffix = strchr(suffixes, toupper((unsigned char)*text));
		if (!suffix || text[1])
			return false;
		shift = 10 * (suffix - suffixes + 1);
	}
	if (value << shift >> shift != value)
		return false;
	*size = value << shift;
	return true;
}

bool parse_hex(const char *text, __u64 max, __u64 *number)
{
	__u64 value;

	if (!parse_digits(&text, 16, &value) || *text || value > max)
		return false;
	*number = value;
	return true;
}

bool parse_bytes(const char *text, __u8 **bytes, size_t *length)
{
	size_t digits = strlen(text);
	__u8 *result;
	size_t i;

	if (!digits || digits % 2)
		return false;
	for (i = 0; i < digits; i++) {
		if (digit_value(text[i]) > 15)
			return false;
	}
	result = malloc(digits / 2);
	if (!result)
		return false;
	for (i = 0; i < digits / 2; i++)
		result[i] = digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]);
	*bytes = result;
	*length = digits / 2;
	return true;
}
