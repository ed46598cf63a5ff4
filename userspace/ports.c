// SPDX-License-Identifier: GPL-2.0
/*
 * The I/O ports that the launcher itself serves: a handful of ranges, searched in
 * order. An access belongs to a range if all of its bytes do.
 */
#include <assert.h>
#include <stddef.h>

#include "ports.h"

void ports_add(struct ports *ports, const struct port_range *range)
{
	assert(ports->n < MAX_PORT_RANGES);
	ports->ranges[ports->n++] = *range;
}

static const struct port_range *find(const struct ports *ports, __u16 port, unsigned int size)
{
	unsigned int i;

	for (i = 0; i < ports->n; i++) {
		const struct port_range *range = &ports->ranges[i];

		if (port >= range->base && port + size <= (unsigned int)range->base + range->length)
			return range;
	}
	return NULL;
}

bool ports_read(const struct ports *ports, __u16 port, unsigned int size, __u32 *value)
{
	const struct port_range *range = find(ports, port, size);

	if (!range)
		return false;
	*value = range->read ? range->read(range->device, port - range->base, size) : ~0U;
	return true;
}

bool ports_write(const struct ports *ports, __u16 port, unsigned int size, __u32 value)
{
	const struct port_range *range = find(ports, port, size);

	if (!range)
		return false;
	if (range->write)
		range->write(range->device, port - range->base, size, value);
	return true;
}
