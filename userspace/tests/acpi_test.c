// SPDX-License-Identifier: GPL-2.0
/* The ACPI tables: found as a guest finds them, with good check sums. */
#include "acpi.h"
#include "array.h"
#include "layout.h"
#include "test.h"

static struct guest_memory memory;

static const struct acpi_machine machine = {
	.last_bus = 255,
	.io = { PCI_IO_BASE, PCI_IO_SIZE },
	.mem32 = { PCI_MEM32_BASE, PCI_MEM32_SIZE },
	.mem64 = { 1ULL << 39, 1ULL << 39 },
};

static bool sum_is_zero(const __u8 *bytes, size_t length)
{
	__u8 sum = 0;

	while (length--)
		sum += *bytes++;
	return !sum;
}

static __u32 get32(const __u8 *bytes)
{
	__u32 value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static __u64 get64(const __u8 *bytes)
{
	__u64 value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* The table at @address, if it is a good one and has this signature. */
static const __u8 *table_at(__u64 address, const char *signature)
{
	const __u8 *table = memory_at(&memory, address, 36);

	if (!table || memcmp(table, signature, 4) ||
	    !memory_at(&memory, address, get32(table + 4)) ||
	    !sum_is_zero(table, get32(table + 4)))
		return NULL;
	return table;
}

/* For guests that know only the one or only the other. */
static void same_tables(const __u8 *rsdt, const __u8 *xsdt)
{
	__u32 n = (get32(xsdt + 4) - 36) / 8;
	__u32 i;

	EXPECT(rsdt && get32(rsdt + 4) == 36 + 4 * n);
	for (i = 0; rsdt && i < n; i++)
		EXPECT(get32(rsdt + 36 + 4 * i) == get64(xsdt + 36 + 8 * i));
}

static void create_machine(const struct acpi_machine *wanted, const __u8 **xsdt)
{
	const __u8 *rsdp;

	*xsdt = NULL;
	memory_destroy(&memory);
	EXPECT(!memory_create(&memory, &(struct memory_options){ .size = MIB(16) }));
	EXPECT(!acpi_create(&memory, wanted));
	/* Where guests look for it. */
	EXPECT(ACPI_RSDP >= 0xe0000 && ACPI_RSDP < 0x100000 && !(ACPI_RSDP & 15));
	rsdp = memory_at(&memory, ACPI_RSDP, 36);
	EXPECT(rsdp && !memcmp(rsdp, "RSD PTR ", 8));
	if (!rsdp)
		return;
	EXPECT(sum_is_zero(rsdp, 20) && sum_is_zero(rsdp, 36));
	*xsdt = table_at(get64(rsdp + 24), "XSDT");
	EXPECT(*xsdt);
	if (*xsdt)
		same_tables(table_at(get32(rsdp + 16), "RSDT"), *xsdt);
}

static void create(unsigned int cpus, const __u8 **xsdt)
{
	struct acpi_machine with_cpus = machine;

	with_cpus.cpus = cpus;
	create_machine(&with_cpus, xsdt);
}

static void tables(void)
{
	const __u8 *xsdt, *fadt, *madt, *mcfg;

	create(1, &xsdt);
	if (!xsdt)
		return;
	EXPECT(get32(xsdt + 4) == 36 + 3 * 8);
	fadt = table_at(get64(xsdt + 36), "FACP");
	madt = table_at(get64(xsdt + 44), "APIC");
	mcfg = table_at(get64(xsdt + 52), "MCFG");
	EXPECT(fadt && madt && mcfg);
	if (!fadt || !mcfg)
		return;
	/* The length that ACPI 6.4 gives, and the fields after all the others. */
	EXPECT(get32(fadt + 4) == 276);
	EXPECT(table_at(get64(fadt + 140), "DSDT") && get32(fadt + 40) == get64(fadt + 140));
	EXPECT(get32(fadt + 56) == PORT_PM1_EVENT && get32(fadt + 76) == PORT_PM_TIMER);
	EXPECT(get64(fadt + 120) == PORT_RESET && fadt[128] == 6);
	EXPECT(get64(mcfg + 44) == PCI_ECAM_BASE && mcfg[55] == 255);
	memory_destroy(&memory);
}

static void processors(void)
{
	static const unsigned int counts[] = { 1, 2, 254 };
	const __u8 *xsdt, *madt;
	unsigned int found, i;
	__u32 offset;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		create(counts[i], &xsdt);
		madt = xsdt ? table_at(get64(xsdt + 44), "APIC") : NULL;
		EXPECT(madt);
		found = 0;
		for (offset = 44; madt && offset < get32(madt + 4); offset += madt[offset + 1]) {
			EXPECT(madt[offset + 1]);
			if (!madt[offset + 1])
				break;
			if (!madt[offset])
				EXPECT(madt[offset + 3] == found++);
		}
		EXPECT(found == counts[i]);
	}
	memory_destroy(&memory);
}

/* The IOMMU's node, and one for each function behind it, which lead to the former. */
static void iommu(void)
{
	static const struct acpi_range translated[] = { { 0x0010, 0x0010 }, { 0x0100, 0x01ff } };
	struct acpi_machine with_iommu = machine;
	const __u8 *xsdt, *viot, *range;
	unsigned int i;

	with_iommu.cpus = 1;
	with_iommu.iommu = 0x0008;
	with_iommu.translated = translated;
	with_iommu.nr_translated = ARRAY_SIZE(translated);
	create_machine(&with_iommu, &xsdt);
	EXPECT(xsdt && get32(xsdt + 4) == 36 + 4 * 8);
	viot = xsdt ? table_at(get64(xsdt + 60), "VIOT") : NULL;
	EXPECT(viot && get32(viot + 4) == 48 + 16 + 2 * 24);
	if (!viot)
		return;
	EXPECT(get32(viot + 36) == (48 << 16 | 3));
	EXPECT(get32(viot + 48) == (16 << 16 | 3) && get32(viot + 52) == 0x0008 << 16);
	for (i = 0; i < ARRAY_SIZE(translated); i++) {
		range = viot + 64 + 24 * i;
		EXPECT(get32(range) == (24 << 16 | 1) && get32(range + 4) == translated[i].first &&
		       !get32(range + 8) &&
		       get32(range + 12) ==
		       (translated[i].first | (__u32)translated[i].last << 16) &&
		       get32(range + 16) == 48);
	}
	memory_destroy(&memory);
}

/* What dsdt.asl reads, at the offsets that it has there. */
static void windows(void)
{
	const __u8 *xsdt, *info;

	create(1, &xsdt);
	info = memory_at(&memory, 0xff000, 64);
	EXPECT(info);
	if (!info)
		return;
	EXPECT(get32(info) == PCI_ECAM_BASE && get32(info + 8) == PCI_ECAM_SIZE);
	EXPECT(get32(info + 12) == 255 && get32(info + 20) == 0xffff);
	EXPECT(get32(info + 32) == PCI_MEM32_BASE + PCI_MEM32_SIZE - 1);
	EXPECT(get64(info + 40) == 1ULL << 39 && get64(info + 48) == (1ULL << 40) - 1);
	memory_destroy(&memory);
}

const struct test acpi_tests[] = {
	{ "tables", tables },
	{ "processors", processors },
	{ "windows", windows },
	{ "iommu", iommu },
	{ NULL, NULL },
};
