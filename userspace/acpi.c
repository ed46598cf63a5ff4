// SPDX-License-Identifier: GPL-2.0
/*
 * The ACPI tables, as the ACPI 6.4 and PCI Firmware 3.3 specifications lay them out.
 *
 *	RSDP --> XSDT --> FADT --> DSDT (compiled from dsdt.asl), FACS
 *		    |---> MADT (processors and interrupt controllers)
 *		    |---> MCFG (PCI configuration space)
 *		    '---> VIOT (the virtual IOMMU and what is behind it), if there is one
 *
 * The RSDT has what the XSDT has, for guests that know no other.
 *
 * Tables are built one after the other in the memory from ACPI_TABLES_BASE on; the
 * root pointer comes first, where guests that search for it find it. What dsdt.asl
 * cannot know goes to a page of its own.
 */
#include <string.h>

#include "acpi.h"
#include "checksum.h"
#include "dsdt.hex"
#include "layout.h"
#include "report.h"

#define PACKED	__attribute__((packed))

#define OEM_ID			"KVPCI "
#define OEM_TABLE_ID		"KVPCIRUN"
#define CREATOR_ID		"KVPC"

struct rsdp {
	char signature[8];
	__u8 checksum;		/* of the first RSDP_SHORT bytes */
	char oem_id[6];
	__u8 revision;
	__u32 rsdt;
	__u32 length;
	__u64 xsdt;
	__u8 extended_checksum;
	__u8 reserved[3];
} PACKED;

#define RSDP_SHORT	20

struct header {
	char signature[4];
	__u32 length;
	__u8 revision;
	__u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	__u32 oem_revision;
	char creator_id[4];
	__u32 creator_revision;
} PACKED;

struct address {
	__u8 space;
	__u8 bits;
	__u8 offset;
	__u8 access;
	__u64 address;
} PACKED;

#define SPACE_IO	1
#define ACCESS_BYTE	1
#define ACCESS_WORD	2
#define ACCESS_DWORD	3

struct fadt {
	struct header header;
	__u32 facs;
	__u32 dsdt;
	__u8 reserved0;
	__u8 profile;
	__u16 sci_interrupt;
	__u32 smi_command;
	__u8 acpi_enable, acpi_disable, s4bios_request, pstate_control;
	__u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control;
	__u32 pm2_control, pm_timer, gpe0, gpe1;
	__u8 pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length;
	__u8 gpe0_length, gpe1_length, gpe1_base, cstate_control;
	__u16 c2_latency, c3_latency;
	__u16 flush_size, flush_stride;
	__u8 duty_offset, duty_width, day_alarm, month_alarm, century;
	__u16 boot_flags;
	__u8 reserved1;
	__u32 flags;
	struct address reset_register;
	__u8 reset_value;
	__u16 arm_flags;
	__u8 minor_revision;
	__u64 x_facs;
	__u64 x_dsdt;
	struct address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control;
	struct address x_pm2_control, x_pm_timer, x_gpe0, x_gpe1;
	struct address sleep_control, sleep_status;
	__u64 hypervisor;
} PACKED;

#define FADT_REVISION		6
#define FADT_MINOR_REVISION	4
#define PROFILE_ENTERPRISE_SERVER	4
#define LATENCY_NO_C2		101	/* larger than allowed: no such state */
#define LATENCY_NO_C3		1001
#define RESET_VALUE		0x06	/* full reset, now */

/* There is no 8042 (bit 1). */
#define BOOT_LEGACY_DEVICES	(1U << 0)
#define BOOT_NO_VGA		(1U << 2)

#define FLAG_WBINVD		(1U << 0)
#define FLAG_C1			(1U << 2)
#define FLAG_NO_POWER_BUTTON	(1U << 4)
#define FLAG_NO_SLEEP_BUTTON	(1U << 5)
#define FLAG_NO_RTC_WAKE	(1U << 6)
#define FLAG_TIMER_32_BITS	(1U << 8)
#define FLAG_RESET_REGISTER	(1U << 10)

struct facs {
	char signature[4];
	__u32 length;
	__u8 rest[56];
} PACKED;

struct madt {
	struct header header;
	__u32 local_apic;
	__u32 flags;
} PACKED;

#define MADT_HAS_8259	(1U << 0)

struct madt_local_apic {
	__u8 type, length;
	__u8 processor, apic;
	__u32 flags;
} PACKED;

struct madt_io_apic {
	__u8 type, length;
	__u8 id, reserved;
	__u32 address;
	__u32 first_interrupt;
} PACKED;

struct madt_override {
	__u8 type, length;
	__u8 bus, source;
	__u32 interrupt;
	__u16 flags;
} PACKED;

struct madt_local_nmi {
	__u8 type, length;
	__u8 processor;
	__u16 flags;
	__u8 pin;
} PACKED;

enum madt_type {
	MADT_LOCAL_APIC = 0,
	MADT_IO_APIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LOCAL_NMI = 4,
};

#define APIC_ENABLED		(1U << 0)
#define ALL_PROCESSORS		0xff
#define LEVEL_ACTIVE_HIGH	0x000d

struct mcfg {
	struct header header;
	__u64 reserved0;
	__u64 base;
	__u16 segment;
	__u8 first_bus, last_bus;
	__u32 reserved1;
} PACKED;

struct viot {
	struct header header;
	__u16 nr_nodes;
	__u16 first_node;
	__u8 reserved[8];
} PACKED;

/* The IOMMU, which is a PCI function. */
struct viot_iommu {
	__u8 type, reserved0;
	__u16 length;
	__u16 segment;
	__u16 function;
	__u8 reserved1[8];
} PACKED;

/* PCI functions that are behind it, and what it calls the first of them. */
struct viot_range {
	__u8 type, reserved0;
	__u16 length;
	__u32 first_endpoint;
	__u16 first_segment, last_segment;
	__u16 first_function, last_function;
	__u16 iommu;		/* where its node is in the table */
	__u8 reserved1[6];
} PACKED;

enum viot_type {
	VIOT_PCI_RANGE = 1,
	VIOT_VIRTIO_PCI = 3,
};

/* Read by dsdt.asl, which has the same fields in the same order. */
struct acpi_info {
	__u32 ecam_base, ecam_end, ecam_length;
	__u32 last_bus;
	__u32 io_base, io_end, io_length;
	__u32 mem32_base, mem32_end, mem32_length;
	__u64 mem64_base, mem64_end, mem64_length;
} PACKED;

/* Where the next table goes. */
struct area {
	__u8 *start;
	__u32 used;
};

/* Take @size zeroed bytes, aligned as the most demanding table (FACS) needs. */
static void *take(struct area *area, size_t size, __u64 *address)
{
	void *result;

	area->used = (area->used + 63) & ~63U;
	if (size > ACPI_TABLES_SIZE - area->used)
		return NULL;
	*address = ACPI_TABLES_BASE + area->used;
	result = memset(area->start + area->used, 0, size);
	area->used += size;
	return result;
}

static void fill_header(struct header *header, const char *signature, __u8 revision,
			size_t length)
{
	memcpy(header->signature, signature, sizeof(header->signature));
	header->length = length;
	header->revision = revision;
	memcpy(header->oem_id, OEM_ID, sizeof(header->oem_id));
	memcpy(header->oem_table_id, OEM_TABLE_ID, sizeof(header->oem_table_id));
	header->oem_revision = 1;
	memcpy(header->creator_id, CREATOR_ID, sizeof(header->creator_id));
	header->creator_revision = 1;
	header->checksum = 0;
	header->checksum = checksum(header, length);
}

static struct address io_address(__u16 port, unsigned int bytes, __u8 access)
{
	return (struct address){
		.space = SPACE_IO, .bits = 8 * bytes, .access = access, .address = port,
	};
}

static __u64 create_dsdt(struct area *area)
{
	__u64 address;
	void *dsdt = take(area, sizeof(dsdt_aml_code), &address);

	if (!dsdt)
		return 0;
	memcpy(dsdt, dsdt_aml_code, sizeof(dsdt_aml_code));
	return address;
}

static __u64 create_facs(struct area *area)
{
	__u64 address;
	struct facs *facs = take(area, sizeof(*facs), &address);

	if (!facs)
		return 0;
	memcpy(facs->signature, "FACS", sizeof(facs->signature));
	facs->length = sizeof(*facs);
	return address;
}

static __u64 create_fadt(struct area *area)
{
	__u64 dsdt = create_dsdt(area);
	__u64 facs = create_facs(area);
	__u64 address;
	struct fadt *fadt = take(area, sizeof(*fadt), &address);

	if (!dsdt || !facs || !fadt)
		return 0;
	*fadt = (struct fadt){
		.facs = facs,
		.dsdt = dsdt,
		.profile = PROFILE_ENTERPRISE_SERVER,
		.sci_interrupt = IRQ_ACPI,
		.pm1a_event = PORT_PM1_EVENT,
		.pm1a_control = PORT_PM1_CONTROL,
		.pm_timer = PORT_PM_TIMER,
		.pm1_event_length = 4,
		.pm1_control_length = 2,
		.pm_timer_length = 4,
		.c2_latency = LATENCY_NO_C2,
		.c3_latency = LATENCY_NO_C3,
		.boot_flags = BOOT_LEGACY_DEVICES | BOOT_NO_VGA,
		.flags = FLAG_WBINVD | FLAG_C1 | FLAG_NO_POWER_BUTTON | FLAG_NO_SLEEP_BUTTON |
			 FLAG_NO_RTC_WAKE | FLAG_TIMER_32_BITS | FLAG_RESET_REGISTER,
		.reset_register = io_address(PORT_RESET, 1, ACCESS_BYTE),
		.reset_value = RESET_VALUE,
		.minor_revision = FADT_MINOR_REVISION,
		.x_dsdt = dsdt,
		.x_pm1a_event = io_address(PORT_PM1_EVENT, 4, ACCESS_WORD),
		.x_pm1a_control = io_address(PORT_PM1_CONTROL, 2, ACCESS_WORD),
		.x_pm_timer = io_address(PORT_PM_TIMER, 4, ACCESS_DWORD),
	};
	fill_header(&fadt->header, "FACP", FADT_REVISION, sizeof(*fadt));
	return address;
}

static __u64 create_madt(struct area *area, unsigned int cpus)
{
	size_t length = sizeof(struct madt) + cpus * sizeof(struct madt_local_apic) +
			sizeof(struct madt_io_apic) + sizeof(struct madt_override) +
			sizeof(struct madt_local_nmi);
	struct madt_local_nmi *local_nmi;
	struct madt_local_apic *local;
	struct madt_override *override;
	struct madt_io_apic *io_apic;
	struct madt *madt;
	__u64 address;
	unsigned int i;

	madt = take(area, length, &address);
	if (!madt)
		return 0;
	madt->local_apic = LOCAL_APIC_BASE;
	madt->flags = MADT_HAS_8259;

	local = (struct madt_local_apic *)(madt + 1);
	for (i = 0; i < cpus; i++)
		*local++ = (struct madt_local_apic){
			MADT_LOCAL_APIC, sizeof(*local), i, i, APIC_ENABLED,
		};

	io_apic = (struct madt_io_apic *)local;
	*io_apic = (struct madt_io_apic){
		.type = MADT_IO_APIC, .length = sizeof(*io_apic), .address = IOAPIC_BASE,
	};

	/* ISA interrupts have the same number on the I/O APIC; this one is no ISA interrupt. */
	override = (struct madt_override *)(io_apic + 1);
	*override = (struct madt_override){
		.type = MADT_OVERRIDE, .length = sizeof(*override),
		.source = IRQ_ACPI, .interrupt = IRQ_ACPI, .flags = LEVEL_ACTIVE_HIGH,
	};

	local_nmi = (struct madt_local_nmi *)(override + 1);
	*local_nmi = (struct madt_local_nmi){
		.type = MADT_LOCAL_NMI, .length = sizeof(*local_nmi),
		.processor = ALL_PROCESSORS, .pin = 1,
	};

	fill_header(&madt->header, "APIC", 5, length);
	return address;
}

static __u64 create_mcfg(struct area *area, __u8 last_bus)
{
	__u64 address;
	struct mcfg *mcfg = take(area, sizeof(*mcfg), &address);

	if (!mcfg)
		return 0;
	mcfg->base = PCI_ECAM_BASE;
	mcfg->last_bus = last_bus;
	fill_header(&mcfg->header, "MCFG", 1, sizeof(*mcfg));
	return address;
}

/* An endpoint has the number of its function. */
static __u64 create_viot(struct area *area, const struct acpi_machine *machine)
{
	size_t length = sizeof(struct viot) + sizeof(struct viot_iommu) +
			machine->nr_translated * sizeof(struct viot_range);
	struct viot_iommu *iommu;
	struct viot_range *range;
	struct viot *viot;
	__u64 address;
	size_t i;

	viot = take(area, length, &address);
	if (!viot)
		return 0;
	viot->nr_nodes = 1 + machine->nr_translated;
	viot->first_node = sizeof(*viot);
	iommu = (struct viot_iommu *)(viot + 1);
	*iommu = (struct viot_iommu){
		.type = VIOT_VIRTIO_PCI, .length = sizeof(*iommu), .function = machine->iommu,
	};
	range = (struct viot_range *)(iommu + 1);
	for (i = 0; i < machine->nr_translated; i++)
		range[i] = (struct viot_range){
			.type = VIOT_PCI_RANGE, .length = sizeof(*range),
			.first_endpoint = machine->translated[i].first,
			.first_function = machine->translated[i].first,
			.last_function = machine->translated[i].last,
			.iommu = sizeof(*viot),
		};
	fill_header(&viot->header, "VIOT", 0, length);
	return address;
}

static __u32 create_rsdt(struct area *area, const __u64 *tables, size_t n)
{
	size_t length = sizeof(struct header) + n * sizeof(__u32);
	__u64 address;
	struct header *rsdt = take(area, length, &address);
	__u32 *entries;
	size_t i;

	if (!rsdt)
		return 0;
	entries = (__u32 *)(rsdt + 1);
	for (i = 0; i < n; i++)
		entries[i] = tables[i];
	fill_header(rsdt, "RSDT", 1, length);
	return address;
}

static __u64 create_xsdt(struct area *area, const __u64 *tables, size_t n)
{
	size_t length = sizeof(struct header) + n * sizeof(*tables);
	__u64 address;
	struct header *xsdt = take(area, length, &address);

	if (!xsdt)
		return 0;
	memcpy(xsdt + 1, tables, n * sizeof(*tables));
	fill_header(xsdt, "XSDT", 1, length);
	return address;
}

static int create_info(const struct guest_memory *memory, const struct acpi_machine *machine)
{
	struct acpi_info *info = memory_at(memory, ACPI_INFO_BASE, sizeof(*info));

	if (!info)
		return fail("the guest has no memory for its ACPI tables");
	*info = (struct acpi_info){
		.ecam_base = PCI_ECAM_BASE,
		.ecam_length = (machine->last_bus + 1) * (__u32)MIB(1),
		.ecam_end = PCI_ECAM_BASE + (machine->last_bus + 1) * MIB(1) - 1,
		.last_bus = machine->last_bus,
		.io_base = machine->io.base,
		.io_end = machine->io.base + machine->io.length - 1,
		.io_length = machine->io.length,
		.mem32_base = machine->mem32.base,
		.mem32_end = machine->mem32.base + machine->mem32.length - 1,
		.mem32_length = machine->mem32.length,
		.mem64_base = machine->mem64.base,
		.mem64_end = machine->mem64.base + machine->mem64.length - 1,
		.mem64_length = machine->mem64.length,
	};
	return STATUS_OK;
}

int acpi_create(const struct guest_memory *memory, const struct acpi_machine *machine)
{
	struct area area = { .start = memory_at(memory, ACPI_TABLES_BASE, ACPI_TABLES_SIZE) };
	struct rsdp *rsdp;
	__u64 tables[4];
	size_t n = 3;
	__u64 address;

	if (!area.start)
		return fail("the guest has no memory for its ACPI tables");

	rsdp = take(&area, sizeof(*rsdp), &address);
	tables[0] = create_fadt(&area);
	tables[1] = create_madt(&area, machine->cpus);
	tables[2] = create_mcfg(&area, machine->last_bus);
	if (!rsdp || !tables[0] || !tables[1] || !tables[2])
		return fail("the ACPI tables do not fit, use fewer --cpus");
	if (machine->iommu) {
		tables[n] = create_viot(&area, machine);
		if (!tables[n++])
			return fail("the ACPI tables do not fit, use fewer --cpus or fewer devices with iommu=on");
	}

	*rsdp = (struct rsdp){
		.revision = 2,
		.length = sizeof(*rsdp),
		.rsdt = create_rsdt(&area, tables, n),
		.xsdt = create_xsdt(&area, tables, n),
	};
	if (!rsdp->rsdt || !rsdp->xsdt)
		return fail("the ACPI tables do not fit, use fewer --cpus");
	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, OEM_ID, sizeof(rsdp->oem_id));
	rsdp->checksum = checksum(rsdp, RSDP_SHORT);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));

	return create_info(memory, machine);
}
