// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's memory: what is RAM, and that what the host has not is refused, which leaves nothing.
 * What it has, guests are given in selftests/guest_nfv.sh.
 */
#include <stdio.h>

#include "hugepages.h"
#include "layout.h"
#include "memory.h"
#include "report.h"
#include "test.h"

static struct guest_memory memory;

static void bounds(void)
{
	const struct memory_options small = { .size = MIB(16) };
	const struct memory_options large = { .size = GIB(5) };

	EXPECT(!memory_create(&memory, &small));
	EXPECT(memory_at(&memory, 0, 1));
	EXPECT(memory_at(&memory, LOW_RAM_END - 1, 1));
	EXPECT(!memory_at(&memory, LOW_RAM_END - 1, 2));
	EXPECT(!memory_at(&memory, LOW_RAM_END, 1));
	EXPECT(memory_at(&memory, FIRMWARE_BASE, MIB(16) - FIRMWARE_BASE));
	EXPECT(!memory_at(&memory, FIRMWARE_BASE, MIB(16)));
	EXPECT(!memory_at(&memory, MIB(16), 1));
	EXPECT(!memory_at(&memory, 0x1000, ~0ULL));
	EXPECT(!memory_at(&memory, ~0ULL, 2));
	EXPECT(memory_high_ram_end(&memory) == MIB(16));
	memory_destroy(&memory);
	/* Nothing of it is touched, so there need not be so much. */
	if (!memory_create(&memory, &large)) {
		EXPECT(memory.end == GIB(7));
		EXPECT(memory_at(&memory, GIB(4), GIB(3)));
		EXPECT(!memory_at(&memory, GIB(2), 1));
	}
	memory_destroy(&memory);
}

/* Whole pages, and all of RAM, where the guest has it and where it is in the file. */
static void shared_pages(void)
{
	const struct memory_options small = { .size = MIB(16), .shared = true };
	const struct memory_options large = { .size = GIB(5), .shared = true };
	struct ram shared[MAX_RAM];

	EXPECT(!memory_create(&memory, &small));
	EXPECT(memory_shared(&memory, shared) == 1);
	EXPECT(!shared[0].address && shared[0].size == MIB(16));
	EXPECT(shared[0].host == memory_at(&memory, 0, 1));
	memory_destroy(&memory);
	if (!memory_create(&memory, &large)) {
		EXPECT(memory_shared(&memory, shared) == 2);
		EXPECT(!shared[0].address && shared[0].size == GIB(2));
		EXPECT(shared[1].address == GIB(4) && shared[1].size == GIB(3));
		EXPECT(shared[1].host == memory_at(&memory, GIB(4), 1));
		EXPECT(memory_offset(&memory, &shared[1]) == GIB(2));
	}
	memory_destroy(&memory);
}

/* More than there are on any machine; one may even have no pool of that size. */
static void huge_pages(void)
{
	const struct memory_options options = { .size = GIB(8192), .huge_page = MIB(2) };

	EXPECT_MESSAGE(memory_create(&memory, &options), STATUS_FAILED, "huge pages of 2M");
	EXPECT(!memory.nr_ram && memory.fd == -1);
}

/* More than there are addresses for, which is not for want of pages. */
static void no_addresses(void)
{
	const struct memory_options plain = { .size = GIB(262144) };
	const struct memory_options huge = { .size = GIB(262144), .huge_page = MIB(2) };

	EXPECT_MESSAGE(memory_create(&memory, &plain), STATUS_FAILED, "try a smaller --memory");
	if (hugepages_check(MIB(2)))
		return;
	EXPECT_MESSAGE(memory_create(&memory, &huge), STATUS_FAILED, "try a smaller --memory");
	EXPECT(!memory.nr_ram && memory.fd == -1);
}

static void numa_node(void)
{
	const struct memory_options options = { .size = MIB(16), .bound = true, .node = 1023 };

	EXPECT_MESSAGE(memory_create(&memory, &options), STATUS_FAILED, "no NUMA node 1023");
	EXPECT(!memory.nr_ram && memory.fd == -1);
}

/* What the kernel says of the mapping at an address (VmFlags in proc(5)). */
static bool has_flag(const void *address, const char *flag)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	bool found = false;
	bool has = false;
	char line[512];

	EXPECT(maps);
	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			found = (unsigned long)address >= start && (unsigned long)address < end;
		if (found && !strncmp(line, "VmFlags:", 8))
			has = strstr(line, flag);
	}
	if (maps)
		fclose(maps);
	return has;
}

/* Whatever kind it is of, a dump of the launcher has nothing of it. */
static void no_dump(void)
{
	struct memory_options options = { .size = MIB(16) };

	EXPECT(!memory_create(&memory, &options));
	EXPECT(has_flag(memory_at(&memory, 0, 1), " dd"));
	EXPECT(has_flag(memory_at(&memory, MIB(16) - 1, 1), " dd"));
	memory_destroy(&memory);
	options.shared = true;
	EXPECT(!memory_create(&memory, &options));
	EXPECT(has_flag(memory_at(&memory, 0, 1), " dd"));
	memory_destroy(&memory);
	EXPECT(!has_flag(&options, " dd"));
}

const struct test memory_tests[] = {
	{ "bounds", bounds },
	{ "shared_pages", shared_pages },
	{ "huge_pages", huge_pages },
	{ "no_addresses", no_addresses },
	{ "no_dump", no_dump },
	{ "numa_node", numa_node },
	{ NULL, NULL },
};
