/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A test is a function; it passes unless an EXPECT() in it does not hold. A suite is an
 * array of tests that ends with an entry without a name.
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
};

void test_failed(const char *file, int line, const char *what);

#define EXPECT(condition)						\
	do {								\
		if (!(condition))					\
			test_failed(__FILE__, __LINE__, #condition);	\
	} while (0)

/* The last message that fail(), misuse() or note() was given, and forget it. */
const char *test_message(void);
void test_forget_message(void);

/* The status is @status, and the message has @part in it. */
#define EXPECT_MESSAGE(expression, status, part)			\
	do {								\
		test_forget_message();					\
		EXPECT((expression) == (status));			\
		if (!strstr(test_message(), part))			\
			test_failed(__FILE__, __LINE__, test_message());	\
	} while (0)

/**
 * struct misuse - a description of a device that is not as it should be
 * @text: the description
 * @message: what is in the message that tells of it
 */
struct misuse {
	const char *text;
	const char *message;
};

/* Each of them is refused, with its message. */
void expect_misuse(const struct misuse *descriptions, size_t nr);

/* Numbers that are the same in every run. */
unsigned int test_random(void);

extern const struct test acpi_tests[];
extern const struct test affinity_tests[];
extern const struct test assigned_tests[];
extern const struct test biosdata_tests[];
extern const struct test bounce_tests[];
extern const struct test boot_tests[];
extern const struct test control_tests[];
extern const struct test daemon_tests[];
extern const struct test departure_tests[];
extern const struct test gsi_tests[];
extern const struct test iommu_tests[];
extern const struct test iotlb_tests[];
extern const struct test lib_tests[];
extern const struct test memory_tests[];
extern const struct test mptable_tests[];
extern const struct test file_tests[];
extern const struct test fs_tests[];
extern const struct test net_tests[];
extern const struct test netctrl_tests[];
extern const struct test netpairs_tests[];
extern const struct test scsi_tests[];
extern const struct test vdpa_tests[];
extern const struct test vfio_tests[];
extern const struct test viommu_tests[];
extern const struct test options_tests[];
extern const struct test parse_tests[];
extern const struct test place_tests[];
extern const struct test reconnect_tests[];
extern const struct test rtc_tests[];
extern const struct test serial_tests[];
extern const struct test slots_tests[];
extern const struct test spec_tests[];
extern const struct test stop_tests[];
extern const struct test storage_tests[];
extern const struct test transport_tests[];
extern const struct test turn_tests[];
extern const struct test unpack_tests[];
extern const struct test virtio_tests[];

#endif /* TEST_H */
