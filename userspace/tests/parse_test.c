// SPDX-License-Identifier: GPL-2.0
/* Numbers, sizes and bytes: what is accepted, and that nothing else is. */
#include <stdlib.h>

#include "array.h"
#include "parse.h"
#include "test.h"

static void numbers(void)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "+1", "-1", "0x", "0xg", "1a", "x", "18446744073709551616",
		"0x10000000000000000", "1.5", "1K",
	};
	__u64 number;
	size_t i;

	EXPECT(parse_number("0", &number) && number == 0);
	EXPECT(parse_number("10", &number) && number == 10);
	EXPECT(parse_number("010", &number) && number == 10);
	EXPECT(parse_number("0x10", &number) && number == 16);
	EXPECT(parse_number("0XfF", &number) && number == 255);
	EXPECT(parse_number("18446744073709551615", &number) && number == ~0ULL);
	EXPECT(parse_number("0xffffffffffffffff", &number) && number == ~0ULL);
	number = 42;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT(!parse_number(bad[i], &number) && number == 42);
}

static void sizes(void)
{
	static const char *const bad[] = {
		"", "K", "1KB", "1KK", "1 K", "-1K", "1P", "16777216T", "0x1Z", "1e3",
	};
	__u64 size;
	size_t i;

	EXPECT(parse_size("0", &size) && size == 0);
	EXPECT(parse_size("4096", &size) && size == 4096);
	EXPECT(parse_size("4K", &size) && size == 4096);
	EXPECT(parse_size("4k", &size) && size == 4096);
	EXPECT(parse_size("512M", &size) && size == 512ULL << 20);
	EXPECT(parse_size("3G", &size) && size == 3ULL << 30);
	EXPECT(parse_size("1T", &size) && size == 1ULL << 40);
	EXPECT(parse_size("0x10K", &size) && size == 16384);
	EXPECT(parse_size("16777215T", &size) && size == 16777215ULL << 40);
	size = 42;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT(!parse_size(bad[i], &size) && size == 42);
}

static void hex(void)
{
	static const char *const bad[] = { "", "0x12", "g", "100", " f", "-1" };
	__u64 number;
	size_t i;

	EXPECT(parse_hex("ff", 0xff, &number) && number == 0xff);
	EXPECT(parse_hex("00F", 0xff, &number) && number == 0xf);
	number = 42;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT(!parse_hex(bad[i], 0xff, &number) && number == 42);
}

static void bytes(void)
{
	static const char *const bad[] = { "", "0", "0g", "123", "0x12", "12 34" };
	size_t length;
	__u8 *result;
	size_t i;

	if (parse_bytes("00ffA5", &result, &length)) {
		EXPECT(length == 3);
		EXPECT(result[0] == 0 && result[1] == 0xff && result[2] == 0xa5);
		free(result);
	} else {
		EXPECT(!"00ffA5 is accepted");
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT(!parse_bytes(bad[i], &result, &length));
}

const struct test parse_tests[] = {
	{ "numbers", numbers },
	{ "sizes", sizes },
	{ "hex", hex },
	{ "bytes", bytes },
	{ NULL, NULL },
};
