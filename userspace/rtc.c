// SPDX-License-Identifier: GPL-2.0
/*
 * The real-time clock: of an MC146818, the host's time, in UTC. There is no alarm and no interrupt,
 * and it can't be set. Of the memory behind it, there is what boot loaders ask PCs of which there
 * is no more to ask: how much RAM there is. The rest reads 0.
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
	REG_RAM_LOW = 0x34,	/* from RAM_BASE to 4 GiB, in 64 KiB */
	REG_RAM_HIGH = 0x35,
};

#define RAM_BASE		MIB(16)
#define RAM_UNIT		KIB(64)

#define INDEX_MASK		0x7f	/* the highest bit is for NMIs */

#define A_UPDATE		0x80
#define A_RUNS			0x26	/* 32768 Hz, as every PC has it */
#define B_24_HOURS		0x02	/* and BCD */
#define D_VALID			0x80

/* What the chip takes for an update; the time is not to be read then. */
#define UPDATE_NSEC		2228000
#define NSEC_PER_SEC		1000000000L
#define SECONDS_PER_DAY		86400
#define EPOCH_WEEKDAY		4	/* of the first day of 1970, a Thursday; 0: Sunday */

static atomic_uint selected;

static __u8 bcd(int value)
{
	return value / 10 % 10 << 4 | value % 10;
}

static unsigned int ram_units(const struct guest_memory *memory)
{
	__u64 end = memory_high_ram_end(memory);

	return end < RAM_BASE ? 0 : (end - RAM_BASE) / RAM_UNIT;
}

static bool is_leap_year(unsigned int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

struct date {
	unsigned int day, month, year;
};

/* gmtime_r() would read a file of time zones first, while the guest waits. */
static struct date date_of(unsigned long days)
{
	static const __u8 lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct date date = { .month = 1, .year = 1970 };
	unsigned int length;

	while (days >= (length = is_leap_year(date.year) ? 366 : 365)) {
		days -= length;
		date.year++;
	}
	while (days >= (length = lengths[date.month - 1] +
				 (date.month == 2 && is_leap_year(date.year)))) {
		days -= length;
		date.month++;
	}
	date.day = days + 1;
	return date;
}

static __u8 read_register(const struct guest_memory *memory, unsigned int number)
{
	struct timespec now;
	unsigned long days;

	clock_gettime(CLOCK_REALTIME, &now);
	days = now.tv_sec / SECONDS_PER_DAY;
	switch (number) {
	case REG_SECONDS:
		return bcd(now.tv_sec % 60);
	case REG_MINUTES:
		return bcd(now.tv_sec / 60 % 60);
	case REG_HOURS:
		return bcd(now.tv_sec / 3600 % 24);
	case REG_WEEKDAY:
		return bcd((days + EPOCH_WEEKDAY) % 7 + 1);
	case REG_DAY:
		return bcd(date_of(days).day);
	case REG_MONTH:
		return bcd(date_of(days).month);
	case REG_YEAR:
		return bcd(date_of(days).year % 100);
	case REG_A:
		return A_RUNS | (now.tv_nsec >= NSEC_PER_SEC - UPDATE_NSEC ? A_UPDATE : 0);
	case REG_B:
		return B_24_HOURS;
	case REG_D:
		return D_VALID;
	case REG_RAM_LOW:
		return ram_units(memory);
	case REG_RAM_HIGH:
		return ram_units(memory) >> 8;
	default:
		return 0;
	}
}

static __u32 rtc_read(void *device, __u16 offset, unsigned int size)
{
	return offset == PORT_DATA && size == 1 ?
	       read_register(device, atomic_load(&selected)) : ~0U;
}

static void rtc_write(void *device, __u16 offset, unsigned int size, __u32 value)
{
	(void)device;
	(void)size;
	if (offset == PORT_INDEX)
		atomic_store(&selected, value & INDEX_MASK);
}

void rtc_create(struct ports *ports, struct guest_memory *memory)
{
	ports_add(ports, &(struct port_range){
		.base = PORT_RTC, .length = 2, .device = memory,
		.read = rtc_read, .write = rtc_write,
	});
}
