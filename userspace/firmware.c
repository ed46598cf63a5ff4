// SPDX-License-Identifier: GPL-2.0
/*
 * What a PC's firmware does for PCI before a kernel runs: it gives every BAR an
 * address, through the same registers that the guest may use later, and enables
 * decoding. Kernels without a PCI allocator of their own rely on it; Linux keeps the
 * addresses unless it knows better. Expansion ROMs get addresses and stay disabled. Bridges get
 * bus numbers, and windows that are as large as what is behind them, rounded up to a power of
 * two, so that BARs fit into it whatever their order.
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
#define PCI_COMMAND_MASTER	0x4
#define PCI_BASE_ADDRESS(n)	(0x10 + 4 * (n))
#define PCI_PRIMARY_BUS		0x18
#define PCI_IO_BASE		0x1c
#define PCI_MEMORY_BASE		0x20
#define PCI_PREF_MEMORY_BASE	0x24
#define PCI_PREF_BASE_UPPER32	0x28
#define PCI_PREF_LIMIT_UPPER32	0x2c
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

/* Of the windows that a bridge has, what each can't be smaller than. */
static const __u64 granularity[NR_PLACE_WINDOWS] = {
	[PLACE_IO] = 4096, [PLACE_MEM32] = 1 << 20, [PLACE_MEM64] = 1 << 20,
};

/*
 * Where a BAR is to go. Behind a bridge, what is above 4 GiB is for prefetchable memory, and all
 * other memory is in the window below.
 */
static enum place_window window_of(const struct function *function, __u32 flags)
{
	if (function->parent && !(flags & KVPCI_BAR_PREFETCH))
		flags &= ~KVPCI_BAR_64BIT;
	return place_window_of(flags);
}

/* More than any window has. */
#define TOO_LARGE	(1ULL << 53)

/* How much of a window the bus behind @bridge takes: a power of two, or 0. */
static __u64 size_behind(const struct host *host, const struct function *bridge,
			 enum place_window window)
{
	__u64 rounded = granularity[window];
	__u64 size = 0;
	unsigned int bar;
	size_t i;

	for (i = 0; i < host->nr_functions; i++) {
		const struct function *function = &host->functions[i];

		if (function->parent != bridge)
			continue;
		for (bar = 0; bar < NR_BARS; bar++) {
			__u32 flags;
			__u64 bytes = bar_of(function->spec, bar, &flags);

			if (window_of(function, flags) == window)
				size += bytes;
		}
		if (function->spec->bridge)
			size += size_behind(host, function, window);
		if (size > TOO_LARGE)
			return TOO_LARGE;
	}
	while (rounded < size)
		rounded *= 2;
	return size ? rounded : 0;
}

/* What is to be placed on the bus behind @bridge, or on the host bridge's own. */
static size_t collect(const struct host *host, const struct function *bridge,
		      struct place *places)
{
	unsigned int bar, window;
	size_t n = 0;
	size_t i;

	for (i = 0; i < host->nr_functions; i++) {
		const struct function *function = &host->functions[i];

		if (function->parent != bridge)
			continue;
		for (bar = 0; bar < NR_BARS; bar++) {
			__u32 flags;
			__u64 size = bar_of(function->spec, bar, &flags);

			if (size)
				places[n++] = (struct place){
					.size = size, .owner = i,
					.window = window_of(function, flags),
				};
		}
		for (window = 0; function->spec->bridge && window < NR_PLACE_WINDOWS; window++) {
			__u64 size = size_behind(host, function, window);

			if (size)
				places[n++] = (struct place){
					.size = size, .owner = i, .window = window,
					.is_window = true,
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
	if (!function->spec->interrupt_pin)
		return STATUS_OK;
	return function_write_config(function, PCI_INTERRUPT_LINE, 1,
				     gsi_pic_input(intx_gsi_of(function)));
}

static int unplaced(const struct host *host, const struct function *bridge,
		    const struct place *place)
{
	const struct function *function = &host->functions[place->owner];
	static const char *const names[NR_PLACE_WINDOWS] = {
		[PLACE_IO] = "I/O", [PLACE_MEM32] = "32-bit memory", [PLACE_MEM64] = "64-bit memory",
	};
	const char *hint = "";

	if (place->window == PLACE_MEM32 && (bridge || place->is_window))
		hint = " or, behind root-port, 64-bit prefetchable ones";
	else if (place->window == PLACE_MEM32)
		hint = " or 64-bit ones";
	return fail("--device: the %s window has no room for %s of %llu bytes (%s at %02x:%02x.%x), use fewer or smaller BARs%s, or leave that out",
		    names[place->window],
		    place->is_window ? "what is behind a root-port, which takes a power of two" :
				       "a BAR", place->size, function->spec->name,
		    function->slot >> 8, function->slot >> 3 & 0x1f, function->slot & 7, hint);
}

/* Open a bridge's window, if there is one, for what is behind it. */
static int open_window(struct function *bridge, enum place_window window,
		       const struct kvpci_window *range)
{
	__u64 last = range->base + range->length - 1;
	int status;

	if (!range->length)
		return STATUS_OK;
	if (window == PLACE_IO)
		return function_write_config(bridge, PCI_IO_BASE, 2,
					     range->base >> 8 | (last & 0xf000));
	status = function_write_config(bridge,
				       window == PLACE_MEM32 ? PCI_MEMORY_BASE :
							       PCI_PREF_MEMORY_BASE, 4,
				       (range->base >> 16 & 0xfff0) | (last & 0xfff00000));
	if (!status && window == PLACE_MEM64)
		status = function_write_config(bridge, PCI_PREF_BASE_UPPER32, 4,
					       range->base >> 32);
	if (!status && window == PLACE_MEM64)
		status = function_write_config(bridge, PCI_PREF_LIMIT_UPPER32, 4, last >> 32);
	return status;
}

static int assign_bus(struct host *host, const struct function *bridge,
		      const struct kvpci_window *windows);

/* Give a bridge its bus numbers and windows, and what is behind it its addresses. */
static int assign_bridge(struct host *host, struct function *bridge, const struct place **place)
{
	struct kvpci_window windows[NR_PLACE_WINDOWS] = { 0 };
	const struct slot *numbers = bridge->place;
	unsigned int window;
	int status;

	status = function_write_config(bridge, PCI_PRIMARY_BUS, 4,
				       bridge->slot >> 8 | numbers->secondary << 8 |
				       numbers->subordinate << 16);
	for (window = 0; !status && window < NR_PLACE_WINDOWS; window++) {
		if (!size_behind(host, bridge, window))
			continue;
		windows[window] = (struct kvpci_window){ (*place)->address, (*place)->size };
		++*place;
		status = open_window(bridge, window, &windows[window]);
	}
	if (!status)
		status = function_write_config(bridge, PCI_COMMAND, 2,
					       PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
					       PCI_COMMAND_MASTER);
	return status ? status : assign_bus(host, bridge, windows);
}

static int assign_bus(struct host *host, const struct function *bridge,
		      const struct kvpci_window *windows)
{
	const struct place *next;
	struct place *places;
	int status = STATUS_OK;
	size_t wrong;
	size_t n, i;

	places = calloc(host->nr_functions * (NR_BARS + NR_PLACE_WINDOWS) + 1, sizeof(*places));
	if (!places)
		return fail("not enough memory for the devices, describe fewer");
	n = collect(host, bridge, places);
	next = places;
	if (!place_all(places, n, windows, &wrong))
		status = unplaced(host, bridge, &places[wrong]);
	for (i = 0; !status && i < host->nr_functions; i++) {
		struct function *function = &host->functions[i];

		if (function->parent != bridge)
			continue;
		status = program(function, &next);
		if (!status)
			status = route_pin(function);
		if (!status && function->spec->bridge)
			status = assign_bridge(host, function, &next);
	}
	free(places);
	return status;
}

int firmware_assign(struct host *host)
{
	const struct kvpci_window windows[NR_PLACE_WINDOWS] = {
		[PLACE_IO] = host->io,
		[PLACE_MEM32] = host->mem32,
		[PLACE_MEM64] = host->mem64,
	};

	return assign_bus(host, NULL, windows);
}
