/* SPDX-License-Identifier: GPL-2.0 */
/* Which bus, device and function number each function gets. */
#ifndef SLOTS_H
#define SLOTS_H

#include <linux/types.h>
#include <stddef.h>

#include "spec.h"

/* Bus number << 8 | device number << 3 | function number */
#define SLOT(bus, devfn)	((bus) << 8 | (devfn))

/* How many functions a root port's slot has. */
#define SLOT_FUNCTIONS		8

/* There is no bridge above. */
#define NO_PARENT		((size_t)-1)

/* One of the functions that a description stands for. */
struct slot {
	const struct device_spec *spec;
	__u16 slot;
	size_t parent;		/* the bridge that it is behind, by its place in the result */
	__u8 secondary;		/* of a bridge: the number of the bus behind it */
	__u8 subordinate;	/* and the highest one that there is behind it */
};

/*
 * Give each of the functions that @specs describe a place, and each bridge its bus numbers;
 * 00:00.0 is the host bridge's. The result, in the order of @specs, is for the caller to free.
 */
int slots_assign(const struct device_spec *specs, size_t nr_specs,
		 struct slot **slots, size_t *nr_slots);

#endif /* SLOTS_H */
