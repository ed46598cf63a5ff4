// SPDX-License-Identifier: GPL-2.0
/* Which function gets which bus, device and function number. */
#include <stdlib.h>

#include "report.h"
#include "slots.h"
#include "test.h"

static struct device_spec at(__u8 bus, __u8 devfn, unsigned int count)
{
	return (struct device_spec){
		.has_address = true, .bus = bus, .devfn = devfn, .count = count,
	};
}

static struct device_spec anywhere(unsigned int count)
{
	return (struct device_spec){ .count = count };
}

static void fixed_before_free(void)
{
	const struct device_spec specs[] = { anywhere(2), at(0, 0x08, 1), anywhere(1) };
	struct slot *slots;
	size_t n;

	EXPECT(!slots_assign(specs, 3, &slots, &n));
	EXPECT(n == 4);
	EXPECT(slots[0].slot == 0x10 && slots[1].slot == 0x18);
	EXPECT(slots[2].slot == 0x08 && slots[2].spec == &specs[1]);
	EXPECT(slots[3].slot == 0x20 && slots[3].spec == &specs[2]);
	free(slots);
}

static void whole_bus(void)
{
	struct device_spec specs[] = { at(0, 1, 255), anywhere(1) };
	struct slot *slots;
	size_t n;

	EXPECT(!slots_assign(specs, 1, &slots, &n));
	EXPECT(n == 255 && slots[0].slot == 1 && slots[254].slot == 255);
	free(slots);
	EXPECT_MESSAGE(slots_assign(specs, 2, &slots, &n), STATUS_USAGE, "no device number");
}

static void other_buses(void)
{
	struct device_spec specs[] = { at(0, 0xff, 2), at(255, 0xff, 1) };
	struct slot *slots;
	size_t n;

	EXPECT(!slots_assign(specs, 2, &slots, &n));
	EXPECT(n == 3 && slots[1].slot == SLOT(1, 0) && slots[2].slot == 0xffff);
	free(slots);
	specs[1].count = 2;
	EXPECT_MESSAGE(slots_assign(specs, 2, &slots, &n), STATUS_USAGE, "beyond the last bus");
}

static void collisions(void)
{
	struct device_spec specs[] = { at(0, 0, 1), at(0, 0x10, 1), at(0, 0x0f, 2) };
	struct slot *slots;
	size_t n;

	EXPECT_MESSAGE(slots_assign(specs, 1, &slots, &n), STATUS_USAGE, "00:00.0");
	EXPECT_MESSAGE(slots_assign(specs + 1, 2, &slots, &n), STATUS_USAGE, "00:02.0");
}

static void too_many(void)
{
	const struct device_spec specs[] = { anywhere(31), anywhere(1) };
	struct slot *slots;
	size_t n;

	EXPECT(!slots_assign(specs, 1, &slots, &n));
	EXPECT(n == 31 && slots[30].slot == 0xf8);
	free(slots);
	EXPECT_MESSAGE(slots_assign(specs, 2, &slots, &n), STATUS_USAGE, "no device number");
}

static void none(void)
{
	struct slot *slots;
	size_t n;

	EXPECT(!slots_assign(NULL, 0, &slots, &n) && !n);
	free(slots);
}

const struct test slots_tests[] = {
	{ "fixed_before_free", fixed_before_free },
	{ "whole_bus", whole_bus },
	{ "other_buses", other_buses },
	{ "collisions", collisions },
	{ "too_many", too_many },
	{ "none", none },
	{ NULL, NULL },
};
