// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's pci-testdev, as its documentation (docs/specs/pci-testdev) describes it.
 *
 * BAR 0 (memory) and BAR 1 (ports) each start with a header. The guest writes the
 * number of a test to its first byte, and reads from the rest which write the test
 * wants: how wide, where, and of what. A number without a test has width 0. The
 * header counts the writes that arrived.
 *
 *	test 0	the write comes here, as any access to a userspace region does
 *	test 1	the write rings a doorbell of any width and value
 *	test 2	the write rings a doorbell of one width and value
 *
 * A test's doorbell exists only while the test is selected.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event.h"
#include "function.h"
#include "report.h"
#include "testdev.h"

#define NR_BARS		2
#define NR_TESTS	3
#define NAME_SIZE	32

/* The places to write to are in the upper half, one byte for each test. */
#define MEMORY_PLACES	2048
#define PORT_PLACES	128

#define TEST_WIDTH	1
#define TEST_DATA	0xfa

struct header {
	__u8 test;
	__u8 width;
	__u8 pad[2];
	__u32 offset;
	__u32 data;
	__u32 count;
	char name[NAME_SIZE];
};

static const struct test {
	const char *names[NR_BARS];
	bool has_doorbell;
	bool has_data;
} tests[NR_TESTS] = {
	{ { "mmio-no-eventfd", "portio-no-eventfd" }, false, false },
	{ { "mmio-wildcard-eventfd", "portio-wildcard-eventfd" }, true, false },
	{ { "mmio-datamatch-eventfd", "portio-datamatch-eventfd" }, true, true },
};

struct testdev {
	struct function *function;
	int event;
	pthread_mutex_t lock;		/* guards all that follows */
	struct {
		struct header header;
		const struct test *selected;	/* NULL: none */
		struct spec_doorbell doorbell;	/* of the selected test */
		bool has_doorbell;
	} bars[NR_BARS];
};

/* The doorbells of both BARs share an eventfd: this adds what it says to @bar's count. */
static void collect(struct testdev *testdev, unsigned int bar)
{
	eventfd_t count;

	if (testdev->bars[bar].has_doorbell && !eventfd_read(testdev->event, &count))
		testdev->bars[bar].header.count += count;
}

/* Removing a doorbell is what makes sure that no count is still to come. */
static void deselect(struct testdev *testdev, unsigned int bar)
{
	if (testdev->bars[bar].has_doorbell) {
		function_doorbell(testdev->function, &testdev->bars[bar].doorbell,
				  testdev->event, false);
		collect(testdev, bar);
	}
	testdev->bars[bar].has_doorbell = false;
	testdev->bars[bar].selected = NULL;
	memset(&testdev->bars[bar].header, 0, sizeof(testdev->bars[bar].header));
}

static void select_test(struct testdev *testdev, unsigned int bar, __u8 number)
{
	struct header *header = &testdev->bars[bar].header;
	const struct test *test;
	unsigned int i;

	for (i = 0; i < NR_BARS; i++)
		deselect(testdev, i);
	header->test = number;
	if (number >= NR_TESTS)
		return;
	test = &tests[number];
	testdev->bars[bar].selected = test;
	header->width = TEST_WIDTH;
	header->offset = (bar ? PORT_PLACES : MEMORY_PLACES) + number;
	header->data = TEST_DATA;
	strncpy(header->name, test->names[bar], sizeof(header->name) - 1);
	if (!test->has_doorbell)
		return;
	testdev->bars[bar].doorbell = (struct spec_doorbell){
		.bar = bar,
		.offset = header->offset,
		.length = test->has_data ? TEST_WIDTH : 0,
		.has_data = test->has_data,
		.data = test->has_data ? TEST_DATA : 0,
	};
	testdev->bars[bar].has_doorbell =
		!function_doorbell(testdev->function, &testdev->bars[bar].doorbell,
				   testdev->event, true);
}

static int testdev_create(struct function *function, void **state)
{
	struct testdev *testdev = calloc(1, sizeof(*testdev));
	int status;

	if (!testdev)
		return fail("not enough memory for the devices, describe fewer");
	testdev->function = function;
	status = event_create(&testdev->event);
	if (status) {
		free(testdev);
		return status;
	}
	pthread_mutex_init(&testdev->lock, NULL);
	*state = testdev;
	return STATUS_OK;
}

/* The function is closed already, and its doorbells with it. */
static void testdev_destroy(void *state)
{
	struct testdev *testdev = state;

	close(testdev->event);
	pthread_mutex_destroy(&testdev->lock);
	free(testdev);
}

static __u64 testdev_read(void *state, unsigned int bar, __u64 offset, unsigned int size)
{
	struct testdev *testdev = state;
	__u64 data = 0;

	if (bar >= NR_BARS || offset >= sizeof(struct header))
		return 0;
	if (size > sizeof(struct header) - offset)
		size = sizeof(struct header) - offset;
	pthread_mutex_lock(&testdev->lock);
	collect(testdev, bar);
	memcpy(&data, (__u8 *)&testdev->bars[bar].header + offset, size);
	pthread_mutex_unlock(&testdev->lock);
	return data;
}

static void testdev_write(void *state, unsigned int bar, __u64 offset, unsigned int size,
			  __u64 data)
{
	struct testdev *testdev = state;
	struct header *header;

	if (bar >= NR_BARS)
		return;
	pthread_mutex_lock(&testdev->lock);
	header = &testdev->bars[bar].header;
	if (offset == offsetof(struct header, test))
		select_test(testdev, bar, data);
	else if (testdev->bars[bar].selected && offset == header->offset &&
		 size == header->width)
		header->count++;
	pthread_mutex_unlock(&testdev->lock);
}

const struct device_model testdev_model = {
	.create = testdev_create,
	.destroy = testdev_destroy,
	.read = testdev_read,
	.write = testdev_write,
};
