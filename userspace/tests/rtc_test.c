// SPDX-License-Identifier: GPL-2.0
/* The real-time clock: the time as a guest reads it, and how much memory there is. */
#include <time.h>

#include "layout.h"
#include "ports.h"
#include "rtc.h"
#include "test.h"

#define UPDATE_NSEC	(1000000000L - 2228000)	/* when in a second the update begins */

static struct ports ports;
static struct guest_memory memory;

/* Not time(), which may lag behind. */
static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec;
}

static __u8 read_register(__u8 number)
{
	__u32 value = ~0U;

	EXPECT(ports_write(&ports, PORT_RTC, 1, number));
	EXPECT(ports_read(&ports, PORT_RTC + 1, 1, &value));
	return value;
}

static int number(__u8 bcd)
{
	EXPECT((bcd & 0xf) < 10 && bcd >> 4 < 10);
	return (bcd >> 4) * 10 + (bcd & 0xf);
}

/* As guests do it: wait until there is no update, and again if there was one meanwhile. */
static time_t guest_time(void)
{
	struct tm tm;

	do {
		tm = (struct tm){
			.tm_sec = number(read_register(0)), .tm_min = number(read_register(2)),
			.tm_hour = number(read_register(4)), .tm_mday = number(read_register(7)),
			.tm_mon = number(read_register(8)) - 1,
			.tm_year = 100 + number(read_register(9)),
		};
	} while (tm.tm_sec != number(read_register(0)));
	return timegm(&tm);
}

static void tells_the_time(void)
{
	time_t before, then;

	ports = (struct ports){ 0 };
	rtc_create(&ports, &memory);
	before = now();
	then = guest_time();
	EXPECT(before <= then && then <= now());
	/* BCD and 24 hours; the time is valid; there is no interrupt. */
	EXPECT(read_register(11) == 0x02);
	EXPECT(read_register(13) & 0x80);
	EXPECT(!read_register(12));
	/* The highest bit of the number is none of it. */
	EXPECT(read_register(0x80 | 11) == 0x02);
}

/* Kernels wait for an update to begin, and to end: it is the end of each second. */
static void updates(void)
{
	bool seen[2] = { false, false };
	struct timespec from, to;
	bool updating;

	ports = (struct ports){ 0 };
	rtc_create(&ports, &memory);
	while (!seen[0] || !seen[1]) {
		clock_gettime(CLOCK_REALTIME, &from);
		updating = read_register(10) & 0x80;
		clock_gettime(CLOCK_REALTIME, &to);
		if (from.tv_sec != to.tv_sec)
			continue;
		if (from.tv_nsec < UPDATE_NSEC && to.tv_nsec >= UPDATE_NSEC)
			continue;
		EXPECT(updating == (from.tv_nsec >= UPDATE_NSEC));
		seen[updating] = true;
	}
}

static void cannot_be_set(void)
{
	time_t before, then;

	ports = (struct ports){ 0 };
	rtc_create(&ports, &memory);
	ports_write(&ports, PORT_RTC, 1, 9);
	ports_write(&ports, PORT_RTC + 1, 1, 0x11);
	before = now();
	then = guest_time();
	EXPECT(before <= then && then <= now());
}

static __u64 memory_told(__u64 size)
{
	EXPECT(!memory_create(&memory, &(struct memory_options){ .size = size }));
	ports = (struct ports){ 0 };
	rtc_create(&ports, &memory);
	size = MIB(16) + (read_register(0x35) << 8 | read_register(0x34)) * KIB(64);
	memory_destroy(&memory);
	return size;
}

static void tells_of_memory(void)
{
	EXPECT(memory_told(MIB(64)) == MIB(64));
	EXPECT(memory_told(MIB(8)) == MIB(16));
	EXPECT(memory_told(GIB(3)) == RAM_HOLE_BASE);
}

const struct test rtc_tests[] = {
	{ "tells_the_time", tells_the_time },
	{ "updates", updates },
	{ "cannot_be_set", cannot_be_set },
	{ "tells_of_memory", tells_of_memory },
	{ NULL, NULL },
};
