// SPDX-License-Identifier: GPL-2.0
/*
 * The MultiProcessor tables, as Intel's MultiProcessor Specification 1.4 lays them out.
 *
 * They say of processors and interrupts what ACPI's MADT and _PRT say, to guests that are
 * told not to ask ACPI: without them, such a guest knows of no I/O APIC, and Linux, which
 * has found the local APICs, then gets no interrupts of devices at all.
 *
 * The guest finds the pointer by its signature; the table follows it.
 */
#include <string.h>

#include "checksum.h"
#include "intx.h"
#include "layout.h"
#include "mptable.h"
#include "report.h"

#define PACKED	__attribute__((packed))

#define SPECIFICATION		4	/* 1.4 */

struct pointer {
	char signature[4];
	__u32 table;
	__u8 length;			/* in units of 16 bytes */
	__u8 specification;
	__u8 checksum;
	__u8 features[5];		/* 0: there is a table; virtual wire mode */
} PACKED;

struct header {
	char signature[4];
	__u16 length;
	__u8 specification;
	__u8 checksum;
	char oem_id[8];
	char product_id[12];
	__u32 oem_table;
	__u16 oem_table_size;
	__u16 nr_entries;
	__u32 local_apic;
	__u16 extended_length;
	__u8 extended_checksum;
	__u8 reserved;
} PACKED;

/* Entries are in the order of these types. */
enum entry_type {
	PROCESSOR = 0,
	BUS = 1,
	IO_APIC = 2,
	IO_INTERRUPT = 3,
	LOCAL_INTERRUPT = 4,
};

struct processor {
	__u8 type;
	__u8 apic;
	__u8 apic_version;
	__u8 flags;
	__u32 signature;
	__u32 features;
	__u32 reserved[2];
} PACKED;

#define LOCAL_APIC_VERSION	0x14
#define PROCESSOR_ENABLED	(1U << 0)
#define PROCESSOR_BOOT		(1U << 1)
/* The least that has an APIC; CPUID tells more. */
#define PROCESSOR_SIGNATURE	0x600
#define PROCESSOR_FEATURES	0x201	/* FPU, APIC */

struct bus {
	__u8 type;
	__u8 id;
	char name[6];
} PACKED;

struct io_apic {
	__u8 type;
	__u8 id;
	__u8 version;
	__u8 flags;
	__u32 address;
} PACKED;

#define IO_APIC_VERSION		0x11
#define IO_APIC_ENABLED		(1U << 0)

struct interrupt {
	__u8 type;
	__u8 kind;
	__u16 flags;
	__u8 bus;
	__u8 source;			/* on the PCI bus: device and pin */
	__u8 apic;
	__u8 input;
} PACKED;

#define KIND_VECTORED		0
#define KIND_NMI		1
#define KIND_PIC		3
#define FLAGS_OF_BUS		0
#define LEVEL_ACTIVE_HIGH	0x000d
#define ALL_LOCAL_APICS		0xff

#define PCI_BUS			0
#define ISA_BUS			1
#define NR_ISA_INTERRUPTS	16
#define IRQ_CASCADE		2	/* the PICs' own */
#define NR_DEVICES		32
#define NR_PINS			4

/* All that the guest gets but the processors, which come before the rest. */
struct tail {
	struct bus buses[2];
	struct io_apic io_apic;
	struct interrupt isa[NR_ISA_INTERRUPTS - 1];
	struct interrupt pci[NR_DEVICES * NR_PINS];
	struct interrupt local[2];
} PACKED;

#define NR_TAIL		(2 + 1 + NR_ISA_INTERRUPTS - 1 + NR_DEVICES * NR_PINS + 2)

static void fill_processors(struct processor *processors, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		processors[i] = (struct processor){
			.type = PROCESSOR,
			.apic = i,
			.apic_version = LOCAL_APIC_VERSION,
			.flags = PROCESSOR_ENABLED | (i ? 0 : PROCESSOR_BOOT),
			.signature = PROCESSOR_SIGNATURE,
			.features = PROCESSOR_FEATURES,
		};
}

/* ISA interrupts have the same number on the I/O APIC. */
static void fill_isa(struct interrupt *interrupts, __u8 io_apic)
{
	__u8 irq;

	for (irq = 0; irq < NR_ISA_INTERRUPTS; irq++) {
		if (irq == IRQ_CASCADE)
			continue;
		*interrupts++ = (struct interrupt){
			.type = IO_INTERRUPT, .kind = KIND_VECTORED,
			.flags = irq == IRQ_ACPI ? LEVEL_ACTIVE_HIGH : FLAGS_OF_BUS,
			.bus = ISA_BUS, .source = irq, .apic = io_apic, .input = irq,
		};
	}
}

/* What intx_gsi() says, for every device that bus 0 may have. */
static void fill_pci(struct interrupt *interrupts, __u8 io_apic)
{
	__u8 device, pin;

	for (device = 0; device < NR_DEVICES; device++) {
		for (pin = 1; pin <= NR_PINS; pin++)
			*interrupts++ = (struct interrupt){
				.type = IO_INTERRUPT, .kind = KIND_VECTORED,
				.bus = PCI_BUS, .source = device << 2 | (pin - 1),
				.apic = io_apic, .input = intx_gsi(device << 3, pin),
			};
	}
}

static void fill_tail(struct tail *tail, __u8 io_apic)
{
	tail->buses[0] = (struct bus){ BUS, PCI_BUS, { 'P', 'C', 'I', ' ', ' ', ' ' } };
	tail->buses[1] = (struct bus){ BUS, ISA_BUS, { 'I', 'S', 'A', ' ', ' ', ' ' } };
	tail->io_apic = (struct io_apic){
		IO_APIC, io_apic, IO_APIC_VERSION, IO_APIC_ENABLED, IOAPIC_BASE,
	};
	fill_isa(tail->isa, io_apic);
	fill_pci(tail->pci, io_apic);
	tail->local[0] = (struct interrupt){
		.type = LOCAL_INTERRUPT, .kind = KIND_PIC, .bus = ISA_BUS,
		.apic = ALL_LOCAL_APICS, .input = 0,
	};
	tail->local[1] = (struct interrupt){
		.type = LOCAL_INTERRUPT, .kind = KIND_NMI, .bus = ISA_BUS,
		.apic = ALL_LOCAL_APICS, .input = 1,
	};
}

int mptable_create(const struct guest_memory *memory, unsigned int cpus)
{
	size_t length = sizeof(struct header) + cpus * sizeof(struct processor) +
			sizeof(struct tail);
	struct pointer *pointer = memory_at(memory, MP_TABLE_BASE, MP_TABLE_SIZE);
	struct processor *processors;
	struct header *header;

	if (!pointer || sizeof(*pointer) + length > MP_TABLE_SIZE)
		return fail("the MultiProcessor tables do not fit, use fewer --cpus");
	header = (struct header *)(pointer + 1);
	processors = (struct processor *)(header + 1);

	*pointer = (struct pointer){
		.signature = { '_', 'M', 'P', '_' },
		.table = MP_TABLE_BASE + sizeof(*pointer),
		.length = sizeof(*pointer) / 16,
		.specification = SPECIFICATION,
	};
	pointer->checksum = checksum(pointer, sizeof(*pointer));

	*header = (struct header){
		.signature = { 'P', 'C', 'M', 'P' },
		.length = length,
		.specification = SPECIFICATION,
		.nr_entries = cpus + NR_TAIL,
		.local_apic = LOCAL_APIC_BASE,
	};
	memcpy(header->oem_id, "KVPCI   ", sizeof(header->oem_id));
	memcpy(header->product_id, "kvpci-run   ", sizeof(header->product_id));
	fill_processors(processors, cpus);
	/* The I/O APIC's number is the first that no processor has. */
	fill_tail((struct tail *)(processors + cpus), cpus);
	header->checksum = checksum(header, length);
	return STATUS_OK;
}
