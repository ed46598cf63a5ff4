// SPDX-License-Identifier: GPL-2.0
/*
 * Power-off, reset and the power management timer: the registers that the ACPI FADT
 * table points to, and the two other ways in which guests reset a PC.
 *
 * Nothing here raises the ACPI interrupt: the event registers hold what the guest
 * wrote and never an event.
 */
#include <stdatomic.h>
#include <time.h>

#include "layout.h"
#include "power.h"
#include "report.h"
#include "stop.h"

#define PM1_STATUS		0	/* offset of the status half of the event block */
#define PM1_ENABLE		2

#define CONTROL_SCI_ENABLE	(1U << 0)	/* always: there is no legacy mode */
#define CONTROL_SLEEP_TYPE(v)	((v) >> 10 & 7)
#define CONTROL_SLEEP_ENABLE	(1U << 13)
#define SLEEP_TYPE_S5		5		/* repeated in dsdt.asl */

#define RESET_CPU		(1U << 2)	/* of port 0xcf9 */
#define KEYBOARD_PULSE_RESET	0xfe

#define PM_TIMER_HZ		3579545ULL
#define NSEC_PER_SEC		1000000000ULL

static atomic_uint pm1_enable;

static __u32 event_read(void *device, __u16 offset, unsigned int size)
{
	__u32 value = atomic_load(&pm1_enable) << 16;

	(void)device;
	(void)size;
	return value >> (8 * offset);
}

static void event_write(void *device, __u16 offset, unsigned int size, __u32 value)
{
	(void)device;
	if (offset == PM1_ENABLE && size == 2)
		atomic_store(&pm1_enable, value & 0xffff);
	else if (offset == PM1_STATUS && size == 4)
		atomic_store(&pm1_enable, value >> 16);
}

static __u32 control_read(void *device, __u16 offset, unsigned int size)
{
	(void)device;
	(void)size;
	return CONTROL_SCI_ENABLE >> (8 * offset);
}

static void control_write(void *device, __u16 offset, unsigned int size, __u32 value)
{
	(void)device;
	(void)size;
	if (!offset && value & CONTROL_SLEEP_ENABLE && CONTROL_SLEEP_TYPE(value) == SLEEP_TYPE_S5)
		stop_request(STATUS_OK);
}

static __u32 timer_read(void *device, __u16 offset, unsigned int size)
{
	struct timespec now;
	__u32 ticks;

	(void)device;
	(void)size;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ticks = now.tv_sec * PM_TIMER_HZ + now.tv_nsec * PM_TIMER_HZ / NSEC_PER_SEC;
	return ticks >> (8 * offset);
}

static void reset_write(void *device, __u16 offset, unsigned int size, __u32 value)
{
	(void)device;
	(void)offset;
	(void)size;
	if (value & RESET_CPU)
		stop_request(STATUS_OK);
}

static void keyboard_write(void *device, __u16 offset, unsigned int size, __u32 value)
{
	(void)device;
	(void)offset;
	(void)size;
	if ((value & 0xff) == KEYBOARD_PULSE_RESET)
		stop_request(STATUS_OK);
}

void power_create(struct ports *ports)
{
	ports_add(ports, &(struct port_range){
		.base = PORT_PM1_EVENT, .length = 4,
		.read = event_read, .write = event_write,
	});
	ports_add(ports, &(struct port_range){
		.base = PORT_PM1_CONTROL, .length = 2,
		.read = control_read, .write = control_write,
	});
	ports_add(ports, &(struct port_range){
		.base = PORT_PM_TIMER, .length = 4, .read = timer_read,
	});
	ports_add(ports, &(struct port_range){
		.base = PORT_RESET, .length = 1, .write = reset_write,
	});
	ports_add(ports, &(struct port_range){
		.base = PORT_KEYBOARD_CONTROL, .length = 1,
		.write = keyboard_write,
	});
}
