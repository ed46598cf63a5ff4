// SPDX-License-Identifier: GPL-2.0
/*
 * The real-time clock: of an MC146818, the host's time, in UTC, and nothing else. There is
 * no alarm and no interrupt, it can't be set, and the memory behind it reads 0.
 */
#include <stdatomic.h>
#include <time.h>

#include "layout.h"
#include "rtc.h"

#define PORT_INDEX		0	/* offset from PORT_RTC */
#define PORT_DATA		1

enum {
	REG_SECONDS = 0,
	REG_MINUTES = 2,
	REG_HOURS = 4,
	REG_WEEKDAY = 6,	/* 1: Sunday */
	REG_DAY = 7,
	REG_MONTH = 8,
	REG_YEAR = 9,
	REG_A = 10,
	REG_B = 11,
	REG_D = 13,
};

#define INDEX_MASK		0x7f	/* the highest bit is for NMIs */

#define A_UPDATE		0x80
#define A_RUNS			0x26	/* 32768 Hz, as every PC has it */
#define B_24_HOURS		0x02	/* and BCD */
#define D_VALID			0x80

/* What the chip takes for an update; the time is not to be read then. */
#define UPDATE_NSEC		2228000
#define NSEC_PER_SEC		1000000000L

static atomic_uint selected;

static __u8 bcd(int value)
{
	return value / 10 % 10 << 4 | value % 10;
}

static __u8 read_register(unsigned int number)
{
	struct timespec now;
	struct tm time;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &time);
	switch (number) {
	case REG_SECONDS:
		return bcd(time.tm_sec);
	case REG_MINUTES:
		return bcd(time.tm_min);
	case REG_HOURS:
		return bcd(time.tm_hour);
	case REG_WEEKDAY:
		return bcd(time.tm_wday + 1);
	case REG_DAY:
		return bcd(time.tm_mday);
	case REG_MONTH:
		return bcd(time.tm_mon + 1);
	case REG_YEAR:
		return bcd(time.tm_year % 100);
	case REG_A:
		return A_RUNS | (now.tv_nsec >= NSEC_PER_SEC - UPDATE_NSEC ? A_UPDATE : 0);
	case REG_B:
		return B_24_HOURS;
	case REG_D:
		return D_VALID;
	default:
		return 0;
	}
}

static __u32 rtc_read(void *device, __u16 offset, unsigned int size)
{
	(void)device;
	return offset == PORT_DATA && size == 1 ? read_register(atomic_load(&selected)) : ~0U;
}

static void rtc_write(void *device, __u16 offset, unsigned int size, __u32 value)
{
	(void)device;
	(void)size;
	if (offset == PORT_INDEX)
		atomic_store(&selected, value & INDEX_MASK);
}

void rtc_create(struct ports *ports)
{
	ports_add(ports, &(struct port_range){
		.base = PORT_RTC, .length = 2, .read = rtc_read, .write = rtc_write,
	});
}
