// SPDX-License-Identifier: GPL-2.0
/* Where BARs go: aligned, inside their windows, not on top of each other. */
#include "array.h"
#include "layout.h"
#include "place.h"
#include "test.h"

static const struct kvpci_window windows[NR_PLACE_WINDOWS] = {
	[PLACE_IO] = { PCI_IO_BASE, PCI_IO_SIZE },
	[PLACE_MEM32] = { PCI_MEM32_BASE, PCI_MEM32_SIZE },
	[PLACE_MEM64] = { 1ULL << 39, 1ULL << 39 },
};

static bool is_good(const struct place *places, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		const struct kvpci_window *window = &windows[places[i].window];

		if (places[i].address & (places[i].size - 1) ||
		    places[i].address < window->base ||
		    places[i].address + places[i].size > window->base + window->length)
			return false;
		for (j = 0; j < i; j++) {
			if (places[i].window == places[j].window &&
			    places[i].address < places[j].address + places[j].size &&
			    places[j].address < places[i].address + places[i].size)
				return false;
		}
	}
	return true;
}

static void mixed(void)
{
	struct place places[] = {
		{ .size = 16, .window = PLACE_MEM32 },
		{ .size = 1 << 30, .window = PLACE_MEM32 },
		{ .size = 4, .window = PLACE_IO },
		{ .size = 32768, .window = PLACE_IO },
		{ .size = 4096, .window = PLACE_MEM32 },
		{ .size = 1ULL << 38, .window = PLACE_MEM64 },
		{ .size = 16, .window = PLACE_MEM64 },
	};
	size_t wrong;

	EXPECT(place_all(places, ARRAY_SIZE(places), windows, &wrong));
	EXPECT(is_good(places, ARRAY_SIZE(places)));
	EXPECT(places[1].address == 0x80000000);
}

/* The last byte of a BAR is in the window, or the BAR is not. */
static void edge(void)
{
	const struct kvpci_window narrow[NR_PLACE_WINDOWS] = {
		[PLACE_MEM32] = { PCI_MEM32_BASE, 4095 },
	};
	const struct kvpci_window wide[NR_PLACE_WINDOWS] = {
		[PLACE_MEM32] = { PCI_MEM32_BASE, 4096 },
	};
	struct place place = { .size = 4096, .window = PLACE_MEM32 };
	size_t wrong;

	EXPECT(!place_all(&place, 1, narrow, &wrong) && wrong == 0);
	EXPECT(place_all(&place, 1, wide, &wrong) && place.address == PCI_MEM32_BASE);
}

/* 1 GiB fits once into 1.5 GiB; what comes next goes into the rest. */
static void full(void)
{
	struct place places[] = {
		{ .size = 1 << 29, .window = PLACE_MEM32 },
		{ .size = 1 << 30, .window = PLACE_MEM32 },
		{ .size = 16, .window = PLACE_MEM32 },
	};
	size_t wrong;

	EXPECT(place_all(places, 2, windows, &wrong) && is_good(places, 2));
	EXPECT(!place_all(places, 3, windows, &wrong) && wrong == 2);
}

static void too_large(void)
{
	struct place places[] = {
		{ .size = 16, .window = PLACE_MEM32 },
		{ .size = 1ULL << 31, .window = PLACE_MEM32 },
		{ .size = 1ULL << 40, .window = PLACE_MEM64 },
	};
	size_t wrong;

	EXPECT(!place_all(places, 2, windows, &wrong) && wrong == 1);
	EXPECT(!place_all(places, 3, windows, &wrong) && wrong == 2);
}

/* When the 64-bit window is full, the 32-bit one does. */
static void spill(void)
{
	struct place places[] = {
		{ .size = 1ULL << 39, .window = PLACE_MEM64 },
		{ .size = 1 << 20, .window = PLACE_MEM64 },
	};
	size_t wrong;

	EXPECT(place_all(places, 2, windows, &wrong) && is_good(places, 2));
	EXPECT(places[1].window == PLACE_MEM32);
}

static void no_window(void)
{
	static const struct kvpci_window empty[NR_PLACE_WINDOWS];
	struct place place = { .size = 4, .window = PLACE_IO };
	size_t wrong;

	EXPECT(!place_all(&place, 1, empty, &wrong));
	EXPECT(place_all(&place, 0, empty, &wrong));
}

static void any(void)
{
	struct place places[64];
	unsigned int i, j;
	size_t wrong;

	for (i = 0; i < 1000; i++) {
		for (j = 0; j < ARRAY_SIZE(places); j++) {
			enum place_window window = test_random() % NR_PLACE_WINDOWS;
			unsigned int bits = window == PLACE_IO ? 2 + test_random() % 10 :
							4 + test_random() % 26;

			places[j] = (struct place){ .size = 1ULL << bits, .window = window };
		}
		if (place_all(places, ARRAY_SIZE(places), windows, &wrong))
			EXPECT(is_good(places, ARRAY_SIZE(places)));
		else
			EXPECT(wrong < ARRAY_SIZE(places));
	}
}

const struct test place_tests[] = {
	{ "mixed", mixed },
	{ "edge", edge },
	{ "full", full },
	{ "too_large", too_large },
	{ "spill", spill },
	{ "no_window", no_window },
	{ "any", any },
	{ NULL, NULL },
};
