/* SPDX-License-Identifier: GPL-2.0 */
/* Which bus, device and function number each function gets. */
#ifndef SLOTS_H
#define SLOTS_H

#include <linux/types.h>
#include <stddef.h>

#include "spec.h"

/* Bus number << 8 | device number << 3 | function number */
#define SLOT(bus, devfn)	((bus) << 8 | (devfn))

/* One of the functions that a description stands for. */
struct slot {
	const struct device_spec *spec;
	__u16 slot;
};

/*
 * Give each of the functions that @specs describe a place; 00:00.0 is the host
 * bridge's. The result, in the order of @specs, is for the caller to free.
 */
int slots_assign(const struct device_spec *specs, size_t nr_specs,
		 struct slot **slots, size_t *nr_slots);

#endif /* SLOTS_H */
