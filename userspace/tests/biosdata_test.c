// SPDX-License-Identifier: GPL-2.0
/* What a BIOS leaves in memory, at the places where kernels read it. */
#include "biosdata.h"
#include "layout.h"
#include "test.h"

static __u32 get(const struct guest_memory *memory, __u64 address, size_t size)
{
	const void *bytes = memory_at(memory, address, size);
	__u32 value = 0;

	EXPECT(bytes);
	if (bytes)
		memcpy(&value, bytes, size);
	return value;
}

static void data_area(void)
{
	struct guest_memory memory;

	EXPECT(!memory_create(&memory, &(struct memory_options){ .size = MIB(16) }));
	EXPECT(!biosdata_create(&memory));
	EXPECT(get(&memory, 0x400, 2) == 0x3f8 && !get(&memory, 0x402, 2));
	EXPECT(get(&memory, 0x413, 2) == 639);
	EXPECT(get(&memory, 0x40e, 2) == 0x9fc0 && get(&memory, 0x9fc00, 1) == 1);
	memory_destroy(&memory);
}

static void vectors(void)
{
	struct guest_memory memory;
	unsigned int i;

	EXPECT(!memory_create(&memory, &(struct memory_options){ .size = MIB(16) }));
	EXPECT(!biosdata_create(&memory));
	for (i = 0; i < 256; i++)
		EXPECT(get(&memory, 4 * i, 4) == 0xf000ff53);
	EXPECT(get(&memory, 0xfff53, 1) == 0x55 && get(&memory, 0xfff53 + 8, 1) == 0xcf);
	memory_destroy(&memory);
}

const struct test biosdata_tests[] = {
	{ "data_area", data_area },
	{ "vectors", vectors },
	{ NULL, NULL },
};
