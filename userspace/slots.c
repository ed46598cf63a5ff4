// SPDX-License-Identifier: GPL-2.0
/*
 * Which bus, device and function number each function gets.
 *
 * Those with an address come first, so that one without never takes the place of one
 * that has no choice. The others get the next device on bus 0 that has no function
 * yet: Linux looks for no other bus by itself when there is no PCI-to-PCI bridge. Behind a
 * root port there is one device, and they get its next function.
 *
 * Buses behind bridges are numbered as firmware does: from the first number that no address
 * names, each bridge's with all behind it before the next one's. A guest may have it otherwise.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "slots.h"

#define NR_SLOTS	65536
#define NR_BUSES	256
#define DEVICES		32

struct map {
	bool used[NR_SLOTS];
};

static bool device_used(const struct map *map, unsigned int device)
{
	unsigned int fn;

	for (fn = 0; fn < SLOT_FUNCTIONS; fn++) {
		if (map->used[SLOT(0, device << 3 | fn)])
			return true;
	}
	return false;
}

static int assign_fixed(struct map *map, const struct device_spec *spec, struct slot *slots,
			const struct slot *parent)
{
	unsigned int slot = SLOT(parent ? parent->secondary : spec->bus, spec->devfn);
	unsigned int i;

	if (parent && spec->devfn + spec->count > SLOT_FUNCTIONS)
		return misuse("--device: behind=%s: a root port has one device behind it, of functions 0 to 7",
			      spec->behind);
	for (i = 0; i < spec->count; i++, slot++) {
		if (slot >= NR_SLOTS)
			return misuse("--device: %u functions from %02x:%02x.%x on go beyond the last bus, lower addr= or count=",
				      spec->count, spec->bus, spec->devfn >> 3, spec->devfn & 7);
		if (map->used[slot])
			return misuse("--device: two functions at %02x:%02x.%x, give one another addr=",
				      slot >> 8, slot >> 3 & 0x1f, slot & 7);
		map->used[slot] = true;
		slots[i].slot = slot;
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
		slots[i].slot = SLOT(0, device << 3);
		map->used[slots[i].slot] = true;
	}
	return STATUS_OK;
}

static int assign_behind(struct map *map, const struct device_spec *spec, struct slot *slots,
			 const struct slot *parent)
{
	unsigned int fn = 0;
	unsigned int i;

	for (i = 0; i < spec->count; i++) {
		while (fn < SLOT_FUNCTIONS && map->used[SLOT(parent->secondary, fn)])
			fn++;
		if (fn == SLOT_FUNCTIONS)
			return misuse("--device: behind=%s: a root port has no more than eight functions behind it",
				      spec->behind);
		slots[i].slot = SLOT(parent->secondary, fn);
		map->used[slots[i].slot] = true;
	}
	return STATUS_OK;
}

static int assign_all(struct map *map, struct slot *slots, size_t n, bool fixed)
{
	size_t i;
	int status;

	for (i = 0; i < n; i += slots[i].spec->count) {
		const struct device_spec *spec = slots[i].spec;
		const struct slot *parent;

		if (spec->has_address != fixed)
			continue;
		parent = slots[i].parent == NO_PARENT ? NULL : &slots[slots[i].parent];
		if (fixed)
			status = assign_fixed(map, spec, &slots[i], parent);
		else if (parent)
			status = assign_behind(map, spec, &slots[i], parent);
		else
			status = assign_free(map, spec, &slots[i]);
		if (status)
			return status;
	}
	return STATUS_OK;
}

/* The bridge of a name, among the first @n; NO_PARENT: there is none. */
static size_t find_bridge(const struct slot *slots, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (slots[i].spec->label && !strcmp(slots[i].spec->label, name))
			return i;
	}
	return NO_PARENT;
}

static int find_parents(struct slot *slots, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct device_spec *spec = slots[i].spec;

		if (spec->label && find_bridge(slots, i, spec->label) != NO_PARENT)
			return misuse("--device: two bridges have name=%s, give one another",
				      spec->label);
		if (!spec->behind)
			continue;
		slots[i].parent = find_bridge(slots, i, spec->behind);
		if (slots[i].parent == NO_PARENT)
			return misuse("--device: behind=%s: there is no such bridge, put --device root-port,name=%s before it",
				      spec->behind, spec->behind);
	}
	return STATUS_OK;
}

/*
 * What comes through a bridge of conventional PCI has that one's number, for an IOMMU and for
 * Linux, which can't tell then what is behind it.
 */
static int check_translated(const struct slot *slots, size_t n)
{
	size_t above;
	size_t i;

	for (i = 0; i < n; i++) {
		above = slots[i].spec->translated ? i : NO_PARENT;
		for (; above != NO_PARENT; above = slots[above].parent) {
			if (slots[above].spec->bridge && !slots[above].spec->pcie)
				return misuse("--device: iommu=on is not for what is behind a bridge without pcie=on, take a root-port");
		}
		above = slots[i].parent;
		if (above != NO_PARENT && spec_evades_iommu(slots[i].spec, slots[above].spec))
			return misuse("--device: what is behind %s, which has iommu=on, has to have iommu=on, too",
				      slots[i].spec->behind);
	}
	return STATUS_OK;
}

/* Number the bus behind bridge @bridge, and those behind that, from *@last + 1 on. */
static int number_bus(struct slot *slots, size_t n, size_t bridge, unsigned int *last)
{
	int status = STATUS_OK;
	size_t i;

	if (*last >= NR_BUSES - 1)
		return misuse("--device: no bus number is left for what is behind root-port, describe fewer, or lower the bus in addr= of others");
	slots[bridge].secondary = ++*last;
	for (i = bridge + 1; !status && i < n; i++) {
		if (slots[i].spec->bridge && slots[i].parent == bridge)
			status = number_bus(slots, n, i, last);
	}
	slots[bridge].subordinate = *last;
	return status;
}

static int number_buses(struct slot *slots, size_t n)
{
	unsigned int last = 0;
	int status = STATUS_OK;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct device_spec *spec = slots[i].spec;
		unsigned int bus = (SLOT(spec->bus, spec->devfn) + spec->count - 1) >> 8;

		if (spec->has_address && !spec->behind && bus > last)
			last = bus;
	}
	for (i = 0; !status && i < n; i++) {
		if (slots[i].spec->bridge && slots[i].parent == NO_PARENT)
			status = number_bus(slots, n, i, &last);
	}
	return status;
}

int slots_assign(const struct device_spec *specs, size_t nr_specs,
		 struct slot **slots, size_t *nr_slots)
{
	struct slot *result;
	struct map *map;
	size_t n = 0;
	int status;
	size_t i;
	unsigned int j;

	for (i = 0; i < nr_specs; i++)
		n += specs[i].count;
	map = calloc(1, sizeof(*map));
	result = calloc(n ? n : 1, sizeof(*result));
	if (!map || !result) {
		free(map);
		free(result);
		return fail("not enough memory for the devices, describe fewer");
	}

	n = 0;
	for (i = 0; i < nr_specs; i++) {
		for (j = 0; j < specs[i].count; j++)
			result[n++] = (struct slot){ .spec = &specs[i], .parent = NO_PARENT };
	}
	map->used[SLOT(0, 0)] = true;
	status = find_parents(result, n);
	if (!status)
		status = check_translated(result, n);
	if (!status)
		status = number_buses(result, n);
	if (!status)
		status = assign_all(map, result, n, true);
	if (!status)
		status = assign_all(map, result, n, false);
	free(map);
	if (status) {
		free(result);
		return status;
	}
	*slots = result;
	*nr_slots = n;
	return STATUS_OK;
}
