// SPDX-License-Identifier: GPL-2.0
/*
 * What is left in low memory by a BIOS, for kernels that have not been told by a boot
 * loader that there is none:
 *
 *	0			interrupt vectors: each service answers that it is not there
 *	BIOS_DATA		the BIOS data area, as much of it as such kernels read
 *	LOW_RAM_USABLE_END	the extended one, to which that points
 */
#include <string.h>

#include "biosdata.h"
#include "layout.h"
#include "report.h"

#define NR_VECTORS		256
#define EQUIPMENT_SERIAL(n)	((n) << 9)

struct vector {
	__u16 offset;
	__u16 segment;
};

struct bios_data {
	__u16 serial_ports[4];
	__u16 parallel_ports[3];
	__u16 extended_segment;
	__u16 equipment;
	__u8 reserved0;
	__u16 memory_kib;
	__u8 reserved1[0x100 - 0x15];
} __attribute__((packed));

/* Return with the carry flag set, by which services say that they have failed. */
static const __u8 handler[] = {
	0x55,				/* push %bp */
	0x89, 0xe5,			/* mov %sp, %bp */
	0x80, 0x4e, 0x06, 0x01,		/* orb $1, 6(%bp) */
	0x5d,				/* pop %bp */
	0xcf,				/* iret */
};

int biosdata_create(const struct guest_memory *memory)
{
	struct vector *vectors = memory_at(memory, BIOS_VECTORS, NR_VECTORS * sizeof(*vectors));
	struct bios_data *data = memory_at(memory, BIOS_DATA, sizeof(*data));
	__u8 *extended = memory_at(memory, LOW_RAM_USABLE_END, LOW_RAM_END - LOW_RAM_USABLE_END);
	void *code = memory_at(memory, BIOS_HANDLER_SEGMENT * 16 + BIOS_HANDLER_OFFSET,
			       sizeof(handler));
	unsigned int i;

	if (!vectors || !data || !extended || !code)
		return fail("the guest has no memory for what a BIOS leaves there");
	for (i = 0; i < NR_VECTORS; i++)
		vectors[i] = (struct vector){ BIOS_HANDLER_OFFSET, BIOS_HANDLER_SEGMENT };
	memcpy(code, handler, sizeof(handler));
	*data = (struct bios_data){
		.serial_ports = { PORT_SERIAL },
		.extended_segment = LOW_RAM_USABLE_END >> 4,
		.equipment = EQUIPMENT_SERIAL(1),
		.memory_kib = LOW_RAM_USABLE_END / KIB(1),
	};
	/* The extended area begins with its own size in KiB. */
	*extended = (LOW_RAM_END - LOW_RAM_USABLE_END) / KIB(1);
	return STATUS_OK;
}
