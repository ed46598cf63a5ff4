// SPDX-License-Identifier: GPL-2.0
/*
 * Which bus, device and function number each function gets.
 *
 * Those with an address come first, so that one without never takes the place of one
 * that has no choice. The others get the next device on bus 0 that has no function
 * yet: Linux looks for no other bus by itself when there is no PCI-to-PCI bridge.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "report.h"
#include "slots.h"

#define NR_SLOTS	65536
#define DEVICES		32
#define FUNCTIONS	8

struct map {
	bool used[NR_SLOTS];
};

static bool device_used(const struct map *map, unsigned int device)
{
	unsigned int fn;

	for (fn = 0; fn < FUNCTIONS; fn++) {
		if (map->used[SLOT(0, device << 3 | fn)])
			return true;
	}
	return false;
}

static int assign_fixed(struct map *map, const struct device_spec *spec, struct slot *slots)
{
	unsigned int slot = SLOT(spec->bus, spec->devfn);
	unsigned int i;

	for (i = 0; i < spec->count; i++, slot++) {
		if (slot >= NR_SLOTS)
			return misuse("--device: %u functions from %02x:%02x.%x on go beyond the last bus, lower addr= or count=",
				      spec->count, spec->bus, spec->devfn >> 3, spec->devfn & 7);
		if (map->used[slot])
			return misuse("--device: two functions at %02x:%02x.%x, give one another addr=",
				      slot >> 8, slot >> 3 & 0x1f, slot & 7);
		map->used[slot] = true;
		slots[i] = (struct slot){ spec, slot };
	}
	return STATUS_OK;
}

static int assign_free(struct map *map, const struct device_spec *spec, struct slot *slots)
{
	unsigned int device = 0;
	unsigned int i;

	for (i = 0; i < spec->count; i++) {
		while (device < DEVICES && device_used(map, device))
			device++;
		if (device == DEVICES)
			return misuse("--device: no device number is free on bus 0, use addr= for functions 1 to 7 or another bus");
		slots[i] = (struct slot){ spec, SLOT(0, device << 3) };
		map->used[slots[i].slot] = true;
	}
	return STATUS_OK;
}

static int assign_all(struct map *map, const struct device_spec *specs, size_t nr_specs,
		      struct slot *slots, bool fixed)
{
	size_t i;
	int status;

	for (i = 0; i < nr_specs; slots += specs[i++].count) {
		if (specs[i].has_address != fixed)
			continue;
		if (fixed)
			status = assign_fixed(map, &specs[i], slots);
		else
			status = assign_free(map, &specs[i], slots);
		if (status)
			return status;
	}
	return STATUS_OK;
}

int slots_assign(const struct device_spec *specs, size_t nr_specs,
		 struct slot **slots, size_t *nr_slots)
{
	struct slot *result;
	struct map *map;
	size_t n = 0;
	int status;
	size_t i;

	for (i = 0; i < nr_specs; i++)
		n += specs[i].count;
	map = calloc(1, sizeof(*map));
	result = calloc(n ? n : 1, sizeof(*result));
	if (!map || !result) {
		free(map);
		free(result);
		return fail("not enough memory for the devices, describe fewer");
	}

	map->used[SLOT(0, 0)] = true;
	status = assign_all(map, specs, nr_specs, result, true);
	if (!status)
		status = assign_all(map, specs, nr_specs, result, false);
	free(map);
	if (status) {
		free(result);
		return status;
	}
	*slots = result;
	*nr_slots = n;
	return STATUS_OK;
}
