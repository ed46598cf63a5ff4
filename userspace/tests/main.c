// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the unit tests of the launcher's plain C parts, and reports in KTAP. The
 * launcher's messages are kept here for the tests to look at.
 */
#include <stdarg.h>
#include <stdio.h>

#include "../report.h"
#include "array.h"
#include "test.h"

static const struct {
	const char *name;
	const struct test *tests;
} suites[] = {
	{ "parse", parse_tests },
	{ "spec", spec_tests },
	{ "slots", slots_tests },
	{ "place", place_tests },
	{ "memory", memory_tests },
	{ "affinity", affinity_tests },
	{ "boot", boot_tests },
	{ "unpack", unpack_tests },
	{ "file", file_tests },
	{ "biosdata", biosdata_tests },
	{ "acpi", acpi_tests },
	{ "mptable", mptable_tests },
	{ "daemon", daemon_tests },
	{ "departure", departure_tests },
	{ "gsi", gsi_tests },
	{ "iommu", iommu_tests },
	{ "bounce", bounce_tests },
	{ "iotlb", iotlb_tests },
	{ "lib", lib_tests },
	{ "serial", serial_tests },
	{ "reconnect", reconnect_tests },
	{ "rtc", rtc_tests },
	{ "options", options_tests },
	{ "stop", stop_tests },
	{ "storage", storage_tests },
	{ "control", control_tests },
	{ "virtio", virtio_tests },
	{ "transport", transport_tests },
	{ "turn", turn_tests },
	{ "fs", fs_tests },
	{ "net", net_tests },
	{ "netctrl", netctrl_tests },
	{ "netpairs", netpairs_tests },
	{ "scsi", scsi_tests },
	{ "vdpa", vdpa_tests },
	{ "vfio", vfio_tests },
	{ "assigned", assigned_tests },
	{ "viommu", viommu_tests },
};

static bool failed;
static char message[1024];
static unsigned int seed;

void test_failed(const char *file, int line, const char *what)
{
	printf("# %s:%d: %s\n", file, line, what);
	failed = true;
}

const char *test_message(void)
{
	return message;
}

void test_forget_message(void)
{
	message[0] = '\0';
}

unsigned int test_random(void)
{
	seed = seed * 1103515245 + 12345;
	return seed >> 16;
}

void report_into(char *text, size_t size)
{
	(void)text;
	(void)size;
}

int fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return STATUS_FAILED;
}

int misuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return STATUS_USAGE;
}

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
}

int main(void)
{
	unsigned int passed = 0;
	unsigned int number = 0;
	unsigned int total = 0;
	const struct test *test;
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		for (test = suites[i].tests; test->name; test++)
			total++;
	}
	printf("KTAP version 1\n1..%u\n", total);
	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		for (test = suites[i].tests; test->name; test++) {
			failed = false;
			seed = 1;
			test->run();
			passed += !failed;
			printf("%s %u %s.%s\n", failed ? "not ok" : "ok", ++number,
			       suites[i].name, test->name);
		}
	}
	printf("# %u passed, %u failed\n", passed, total - passed);
	return passed == total ? 0 : 1;
}
