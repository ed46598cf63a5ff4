/* SPDX-License-Identifier: GPL-2.0 */
/* The I/O ports that the launcher itself serves. */
#ifndef PORTS_H
#define PORTS_H

#include <linux/types.h>
#include <stdbool.h>

/* A device's ports. The functions may be called from several threads at once. */
struct port_range {
	__u16 base;
	__u16 length;
	void *device;
	/* @offset is from @base; @size is 1, 2 or 4. A NULL read gives all ones. */
	__u32 (*read)(void *device, __u16 offset, unsigned int size);
	void (*write)(void *device, __u16 offset, unsigned int size, __u32 value);
};

#define MAX_PORT_RANGES	8

struct ports {
	struct port_range ranges[MAX_PORT_RANGES];
	unsigned int n;
};

/* Before the guest runs. */
void ports_add(struct ports *ports, const struct port_range *range);

/* Serve an access; false if the port is nobody's. */
bool ports_read(const struct ports *ports, __u16 port, unsigned int size, __u32 *value);
bool ports_write(const struct ports *ports, __u16 port, unsigned int size, __u32 value);

#endif /* PORTS_H */
