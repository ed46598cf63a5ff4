// SPDX-License-Identifier: GPL-2.0
/*
 * A port with which a test program ends the guest: the low byte that it writes is the
 * launcher's exit status. kvm-unit-tests uses it.
 */
#include "debugexit.h"
#include "layout.h"
#include "stop.h"

static void debugexit_write(void *device, __u16 offset, unsigned int size, __u32 value)
{
	(void)device;
	(void)offset;
	(void)size;
	stop_request(value & 0xff);
}

void debugexit_create(struct ports *ports)
{
	ports_add(ports, &(struct port_range){
		.base = PORT_DEBUG_EXIT, .length = 4,
		.write = debugexit_write,
	});
}
