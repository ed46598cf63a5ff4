// SPDX-License-Identifier: GPL-2.0
/* The MultiProcessor tables: found as a guest finds them, and what they say of interrupts. */
#include "array.h"
#include "intx.h"
#include "layout.h"
#include "mptable.h"
#include "test.h"

static struct guest_memory memory;

static bool sum_is_zero(const __u8 *bytes, size_t length)
{
	__u8 sum = 0;

	while (length--)
		sum += *bytes++;
	return !sum;
}

static __u32 get(const __u8 *bytes, size_t size)
{
	__u32 value = 0;

	memcpy(&value, bytes, size);
	return value;
}

/* Make the tables and find them: where the specification lets guests search, from 960 KiB on. */
static const __u8 *create(unsigned int cpus)
{
	const __u8 *pointer, *table;
	__u64 address;

	memory_destroy(&memory);
	EXPECT(!memory_create(&memory, &(struct memory_options){ .size = MIB(16) }));
	EXPECT(!mptable_create(&memory, cpus));
	for (address = 0xf0000; address < 0x100000; address += 16) {
		pointer = memory_at(&memory, address, 16);
		if (memcmp(pointer, "_MP_", 4) || !sum_is_zero(pointer, 16))
			continue;
		EXPECT(pointer[8] == 1 && pointer[9] == 4 && !pointer[11]);
		table = memory_at(&memory, get(pointer + 4, 4), 44);
		EXPECT(table && !memcmp(table, "PCMP", 4));
		EXPECT(table && sum_is_zero(table, get(table + 4, 2)));
		return table;
	}
	EXPECT(!"found");
	return NULL;
}

/* The next entry of a type after @entry, which is NULL at first. */
static const __u8 *next(const __u8 *table, const __u8 *entry, __u8 type)
{
	const __u8 *end = table + get(table + 4, 2);

	entry = entry ? entry + (*entry ? 8 : 20) : table + 44;
	while (entry < end && *entry != type)
		entry += *entry ? 8 : 20;
	return entry < end ? entry : NULL;
}

static unsigned int count(const __u8 *table, __u8 type)
{
	const __u8 *entry = NULL;
	unsigned int n = 0;

	while ((entry = next(table, entry, type)))
		n++;
	return n;
}

static void processors(void)
{
	static const unsigned int counts[] = { 1, 2, 254 };
	const __u8 *table, *entry;
	unsigned int found, i, type;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		table = create(counts[i]);
		if (!table)
			return;
		found = 0;
		for (entry = NULL; (entry = next(table, entry, 0)); found++) {
			EXPECT(entry[1] == found);
			EXPECT(entry[3] == (found ? 1 : 3));
		}
		EXPECT(found == counts[i]);
		found = 0;
		for (type = 0; type < 5; type++)
			found += count(table, type);
		EXPECT(get(table + 34, 2) == found);
		/* The I/O APIC has a number of its own. */
		entry = next(table, NULL, 2);
		EXPECT(entry && entry[1] == counts[i] && get(entry + 4, 4) == IOAPIC_BASE);
		EXPECT(count(table, 2) == 1);
	}
	memory_destroy(&memory);
}

/* The input of the I/O APIC for an interrupt of a bus, -1 if there is not just one. */
static int input_of(const __u8 *table, const char *bus_name, __u8 source, __u16 *flags)
{
	const __u8 *bus = NULL, *entry = NULL;
	int input = -1;

	while ((bus = next(table, bus, 1))) {
		if (!memcmp(bus + 2, bus_name, 6))
			break;
	}
	while (bus && (entry = next(table, entry, 3))) {
		if (entry[4] != bus[1] || entry[5] != source)
			continue;
		if (input >= 0 || entry[1] || entry[6] != 2)
			return -1;
		input = entry[7];
		*flags = get(entry + 2, 2);
	}
	return input;
}

static void interrupts(void)
{
	const __u8 *table = create(2);
	const __u8 *entry;
	unsigned int i;
	__u16 flags;

	if (!table)
		return;
	for (i = 0; i < 16; i++) {
		EXPECT(input_of(table, "ISA   ", i, &flags) == (i == 2 ? -1 : (int)i));
		EXPECT(i == 2 || flags == (i == IRQ_ACPI ? 0xd : 0));
	}
	for (i = 0; i < 32 * 4; i++) {
		EXPECT(input_of(table, "PCI   ", i, &flags) ==
		       (int)intx_gsi(i >> 2 << 3, (i & 3) + 1));
		EXPECT(!flags);
	}
	/* Of the local APICs: the PICs lead to input 0, NMI to input 1. */
	entry = next(table, NULL, 4);
	EXPECT(entry && entry[1] == 3 && entry[6] == 0xff && !entry[7]);
	entry = entry ? next(table, entry, 4) : NULL;
	EXPECT(entry && entry[1] == 1 && entry[6] == 0xff && entry[7] == 1);
	memory_destroy(&memory);
}

const struct test mptable_tests[] = {
	{ "processors", processors },
	{ "interrupts", interrupts },
	{ NULL, NULL },
};
