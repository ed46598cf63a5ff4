// SPDX-License-Identifier: GPL-2.0
/* Which function gets which bus, device and function number. */
#include <stdlib.h>

#include "model.h"
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

static struct device_spec bridge(char *label, char *behind)
{
	return (struct device_spec){
		.bridge = true, .label = label, .behind = behind, .count = 1,
	};
}

static struct device_spec behind(char *label, unsigned int count)
{
	return (struct device_spec){ .behind = label, .count = count };
}

static void bridges(void)
{
	const struct device_spec specs[] = {
		bridge("a", NULL), bridge("b", NULL), bridge("c", "a"), behind("c", 2),
		behind("b", 1), behind("a", 1), at(3, 0, 1),
	};
	struct slot *slots;
	size_t n;

	EXPECT(!slots_assign(specs, 7, &slots, &n));
	EXPECT(n == 8);
	/* From the first number on that no address names, each with what is behind it. */
	EXPECT(slots[0].slot == 0x08 && slots[0].parent == NO_PARENT);
	EXPECT(slots[0].secondary == 4 && slots[0].subordinate == 5);
	EXPECT(slots[1].slot == 0x10 && slots[1].secondary == 6 && slots[1].subordinate == 6);
	EXPECT(slots[2].slot == SLOT(4, 0) && slots[2].parent == 0);
	EXPECT(slots[2].secondary == 5 && slots[2].subordinate == 5);
	/* Functions of the one device. */
	EXPECT(slots[3].slot == SLOT(5, 0) && slots[4].slot == SLOT(5, 1));
	EXPECT(slots[3].parent == 2 && slots[4].parent == 2);
	EXPECT(slots[5].slot == SLOT(6, 0) && slots[5].parent == 1);
	EXPECT(slots[6].slot == SLOT(4, 1) && slots[6].parent == 0);
	EXPECT(slots[7].slot == SLOT(3, 0) && slots[7].parent == NO_PARENT);
	free(slots);
}

/* Functions that go on from one bus to the next. */
static void bridges_after_others(void)
{
	const struct device_spec specs[] = {
		at(1, 0, 257), bridge("a", NULL), behind("a", 1), at(255, 0, 1),
	};
	struct slot *slots;
	size_t n;

	EXPECT(!slots_assign(specs, 3, &slots, &n));
	EXPECT(slots[256].slot == SLOT(2, 0) && slots[257].secondary == 3);
	EXPECT(slots[258].slot == SLOT(3, 0));
	free(slots);
	EXPECT_MESSAGE(slots_assign(specs, 4, &slots, &n), STATUS_USAGE, "no bus number");
}

static void translated(void)
{
	struct device_spec specs[] = { bridge("a", NULL), bridge("b", "a"), behind("b", 1) };
	struct slot *slots;
	size_t n;

	specs[0].pcie = true;
	EXPECT(!slots_assign(specs, 3, &slots, &n));
	free(slots);
	specs[2].translated = true;
	EXPECT_MESSAGE(slots_assign(specs, 3, &slots, &n), STATUS_USAGE, "without pcie=on");
	specs[0].pcie = false;
	specs[1].pcie = true;
	EXPECT_MESSAGE(slots_assign(specs, 3, &slots, &n), STATUS_USAGE, "without pcie=on");
	specs[0].pcie = true;
	EXPECT(!slots_assign(specs, 3, &slots, &n));
	free(slots);
}

/* Linux goes by the bus: what is there and reaches memory is behind the IOMMU, or nothing is. */
static void translated_bus(void)
{
	static const struct model_description description;
	static const struct device_model reaches_memory = { .description = &description };
	struct device_spec specs[] = { bridge("a", NULL), behind("a", 1), bridge("b", "a") };
	struct slot *slots;
	size_t n;

	specs[0].pcie = true;
	specs[0].translated = true;
	EXPECT(!slots_assign(specs, 3, &slots, &n));
	free(slots);
	specs[1].model = &reaches_memory;
	EXPECT_MESSAGE(slots_assign(specs, 3, &slots, &n), STATUS_USAGE, "has to have iommu=on");
	specs[1].translated = true;
	EXPECT(!slots_assign(specs, 3, &slots, &n));
	free(slots);
}

static void wrong_bridges(void)
{
	struct device_spec specs[256] = { bridge("a", NULL), behind("a", 8), behind("a", 1) };
	struct slot *slots;
	unsigned int i;
	size_t n;

	EXPECT(!slots_assign(specs, 2, &slots, &n));
	EXPECT(n == 9 && slots[8].slot == SLOT(1, 7));
	free(slots);
	EXPECT_MESSAGE(slots_assign(specs, 3, &slots, &n), STATUS_USAGE, "no more than eight");
	EXPECT_MESSAGE(slots_assign(specs + 1, 1, &slots, &n), STATUS_USAGE, "no such bridge");
	specs[1].has_address = true;
	specs[1].devfn = 1;
	EXPECT_MESSAGE(slots_assign(specs, 2, &slots, &n), STATUS_USAGE, "functions 0 to 7");
	specs[1].count = 7;
	EXPECT(!slots_assign(specs, 3, &slots, &n));
	EXPECT(n == 9 && slots[8].slot == SLOT(1, 0));
	free(slots);
	specs[1] = bridge("a", NULL);
	EXPECT_MESSAGE(slots_assign(specs, 2, &slots, &n), STATUS_USAGE, "two bridges");

	for (i = 1; i < 256; i++)
		specs[i] = bridge(NULL, NULL);
	for (i = 0; i < 256; i++) {
		specs[i].has_address = true;
		specs[i].devfn = i + 1;
	}
	EXPECT(!slots_assign(specs, 255, &slots, &n));
	EXPECT(slots[254].secondary == 255);
	free(slots);
	specs[255].bus = 1;
	EXPECT_MESSAGE(slots_assign(specs, 256, &slots, &n), STATUS_USAGE, "no bus number");
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
	{ "bridges", bridges },
	{ "bridges_after_others", bridges_after_others },
	{ "translated", translated },
	{ "translated_bus", translated_bus },
	{ "wrong_bridges", wrong_bridges },
	{ "none", none },
	{ NULL, NULL },
};
