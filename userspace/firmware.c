// SPDX-License-Identifier: GPL-2.0
/*
 * What a PC's firmware does for PCI before a kernel runs: it gives every BAR an
 * address, through the same registers that the guest may use later, and enables
 * decoding. Kernels without a PCI allocator of their own rely on it; Linux keeps the
 * addresses unless it knows better. Expansion ROMs get addresses and stay disabled.
 *
 * Guests that don't ask ACPI look into Interrupt Line for the interrupt that a pin leads to:
 * it is the number of the PICs' input.
 */
#include <stdlib.h>

#include "firmware.h"
#include "gsi.h"
#include "intx.h"
#include "place.h"
#include "report.h"

#define PCI_COMMAND		0x04
#define PCI_COMMAND_IO		0x1
#define PCI_COMMAND_MEMORY	0x2
#define PCI_BASE_ADDRESS(n)	(0x10 + 4 * (n))
#define PCI_ROM_ADDRESS		0x30
#define PCI_INTERRUPT_LINE	0x3c

/* BARs of a function, the ROM included. */
#define NR_BARS			(KVPCI_NUM_BARS + 1)

/* The size of a BAR, and its flags. */
static __u64 bar_of(const struct device_spec *spec, unsigned int bar, __u32 *flags)
{
	*flags = bar == KVPCI_BAR_ROM ? 0 : spec->bars[bar].flags;
	return bar == KVPCI_BAR_ROM ? spec->rom_size : spec->bars[bar].size;
}

static size_t collect(const struct host *host, struct place *places)
{
	unsigned int bar;
	size_t n = 0;
	size_t i;

	for (i = 0; i < host->nr_functions; i++) {
		for (bar = 0; bar < NR_BARS; bar++) {
			__u32 flags;
			__u64 size = bar_of(host->functions[i].spec, bar, &flags);

			if (size)
				places[n++] = (struct place){
					.size = size, .window = place_window_of(flags),
				};
		}
	}
	return n;
}

/* Takes as many places as the function has BARs. */
static int program(struct function *function, const struct place **place)
{
	__u32 command = 0;
	unsigned int bar;
	int status;

	for (bar = 0; bar < NR_BARS; bar++) {
		__u16 offset = bar == KVPCI_BAR_ROM ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS(bar);
		__u64 address;
		__u32 flags;

		if (!bar_of(function->spec, bar, &flags))
			continue;
		address = (*place)++->address;
		status = function_write_config(function, offset, 4, address);
		if (!status && flags & KVPCI_BAR_64BIT)
			status = function_write_config(function, offset + 4, 4, address >> 32);
		if (status)
			return status;
		if (bar != KVPCI_BAR_ROM)
			command |= flags & KVPCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	}
	return function_write_config(function, PCI_COMMAND, 2, command);
}

static int route_pin(struct function *function)
{
	__u8 pin = function->spec->interrupt_pin;

	if (!pin)
		return STATUS_OK;
	return function_write_config(function, PCI_INTERRUPT_LINE, 1,
				     gsi_pic_input(intx_gsi(function->slot, pin)));
}

static int unplaced(const struct place *place)
{
	static const char *const names[NR_PLACE_WINDOWS] = {
		[PLACE_IO] = "I/O", [PLACE_MEM32] = "32-bit memory", [PLACE_MEM64] = "64-bit memory",
	};

	return fail("--device: the %s window has no room for a BAR of %llu bytes, use fewer or smaller BARs%s",
		    names[place->window], place->size,
		    place->window == PLACE_MEM32 ? " or 64-bit ones" : "");
}

int firmware_assign(struct host *host)
{
	const struct kvpci_window windows[NR_PLACE_WINDOWS] = {
		[PLACE_IO] = host->io,
		[PLACE_MEM32] = host->mem32,
		[PLACE_MEM64] = host->mem64,
	};
	const struct place *next;
	struct place *places;
	int status = STATUS_OK;
	size_t wrong;
	size_t n, i;

	places = calloc(host->nr_functions * NR_BARS + 1, sizeof(*places));
	if (!places)
		return fail("not enough memory for the devices, describe fewer");
	n = collect(host, places);
	next = places;
	if (!place_all(places, n, windows, &wrong))
		status = unplaced(&places[wrong]);
	for (i = 0; !status && i < host->nr_functions; i++) {
		status = program(&host->functions[i], &next);
		if (!status)
			status = route_pin(&host->functions[i]);
	}
	free(places);
	return status;
}
