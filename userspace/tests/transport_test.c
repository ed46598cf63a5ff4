// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a virtio device (Virtual I/O Device 1.2, 4.1), on a function that is none of the
 * kernel's and a back end that serves nothing, but sees that it is told what it can do.
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "array.h"
#include "event.h"
#include "fake_function.h"
#include "layout.h"
#include "memory.h"
#include "test.h"

#define STATUS		(COMMON_OFFSET + VIRTIO_PCI_COMMON_STATUS)
#define CONFIG_LENGTH	8
#define CONFIG_VECTOR	0
#define QUEUE_VECTOR	1

#define AGREED		(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | \
			 VIRTIO_CONFIG_S_FEATURES_OK)
#define RUNNING		(AGREED | VIRTIO_CONFIG_S_DRIVER_OK)

/*
 * What the back end tells of next, how it starts, and whether it fails at random; how often its
 * interrupts have been changed, and which queues it serves.
 */
static struct {
	struct backend backend;
	int fd;
	int event;
	int error;
	bool fails;
	unsigned int calls;
	bool runs[FAKE_QUEUES];
} back_end;

static bool serves(void)
{
	return back_end.runs[0] && !back_end.runs[1];
}

static bool is_stopped(void)
{
	return !back_end.runs[0] && !back_end.runs[1];
}

static int may_fail(void)
{
	return back_end.fails && !(test_random() % 16) ? -EINVAL : 0;
}

static int features(struct backend *backend, __u64 *features)
{
	(void)backend;
	*features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
	return 0;
}

static int get_config(struct backend *backend, void *config, size_t length)
{
	(void)backend;
	memset(config, 0x5a, length);
	return 0;
}

static int start(struct backend *backend, __u64 features, const struct queue *queues,
		 unsigned int nr_queues)
{
	unsigned int i;

	(void)backend;
	(void)features;
	EXPECT(nr_queues == FAKE_QUEUES);
	for (i = 0; i < nr_queues; i++) {
		EXPECT(!back_end.runs[i]);
		back_end.runs[i] = queues[i].enabled;
	}
	return back_end.error ? back_end.error : may_fail();
}

static int stop(struct backend *backend)
{
	(void)backend;
	memset(back_end.runs, 0, sizeof(back_end.runs));
	return 0;
}

static int pause_queues(struct backend *backend, struct queue *queues, unsigned int nr_queues)
{
	unsigned int i;

	(void)backend;
	for (i = 0; i < nr_queues; i++) {
		EXPECT(back_end.runs[i] == queues[i].enabled);
		back_end.runs[i] = false;
	}
	return 0;
}

static int start_queue(struct backend *backend, unsigned int index, const struct queue *queue)
{
	const int error = may_fail();

	(void)backend;
	EXPECT(!back_end.runs[index] && queue->enabled);
	back_end.runs[index] = !error;
	return error;
}

static int stop_queue(struct backend *backend, unsigned int index)
{
	(void)backend;
	back_end.runs[index] = false;
	return 0;
}

static int set_call(struct backend *backend, unsigned int index, const struct queue *queue)
{
	(void)backend;
	(void)index;
	EXPECT(queue->enabled);
	back_end.calls++;
	return 0;
}

static int poll_fd(const struct backend *backend)
{
	(void)backend;
	return back_end.fd;
}

static int dispatch(struct backend *backend)
{
	(void)backend;
	EXPECT(event_take(back_end.fd));
	return back_end.event;
}

static void close_backend(struct backend *backend)
{
	EXPECT(backend == &back_end.backend && is_stopped());
	close(back_end.fd);
}

static const struct backend_ops ops = {
	.name = "the back end",
	.features = features,
	.get_config = get_config,
	.start = start,
	.stop = stop,
	.pause = pause_queues,
	.start_queue = start_queue,
	.stop_queue = stop_queue,
	.set_call = set_call,
	.poll_fd = poll_fd,
	.dispatch = dispatch,
	.close = close_backend,
};

static unsigned int resets;

static void count_reset(struct virtio_device *device)
{
	(void)device;
	resets++;
}

static const struct virtio_type type = { .reset = count_reset };

static struct guest_memory memory;
static struct virtio_device device;
static struct device_spec spec;
static void *transport;

static void create(bool msix)
{
	unsigned int i;

	EXPECT(!memory_create(&memory, &(struct memory_options){ .size = MIB(16) }));
	back_end.backend = (struct backend){ .ops = &ops, .memory = &memory };
	back_end.fd = eventfd(0, EFD_CLOEXEC);
	back_end.calls = 0;
	back_end.fails = false;
	memset(back_end.runs, 0, sizeof(back_end.runs));
	device = (struct virtio_device){
		.type = &type, .nr_queues = FAKE_QUEUES, .queue_size = 256,
		.config_length = CONFIG_LENGTH, .backend = &back_end.backend, .label = "--some",
		.offered = VIRTIO_FEATURE(VIRTIO_F_VERSION_1),
		.kicks = event_array(FAKE_QUEUES),
	};
	for (i = 0; i < FAKE_QUEUES; i++)
		EXPECT(!event_create(&device.kicks[i]));
	spec = (struct device_spec){ .model_data = &device };
	fake_create(&spec, msix);
	EXPECT(!virtio_create(&fake.function, &transport));
}

static void destroy(void)
{
	virtio_destroy(transport);
	fake_destroy();
	event_array_free(device.kicks, FAKE_QUEUES);
	memory_destroy(&memory);
}

static __u8 status(void)
{
	return fake.common[0].device_status;
}

static void write_status(__u8 status)
{
	virtio_write(transport, CONFIG_BAR, STATUS, 1, status);
}

/* A driver that uses the first queue, and both vectors. */
static void set_up(void)
{
	unsigned int i;

	write_status(0);
	fake.common[1].driver_feature = 1 << (VIRTIO_F_VERSION_1 - 32);
	write_status(AGREED);
	EXPECT(status() == AGREED);
	fake.common[0].queue_desc = MIB(2);
	fake.common[0].queue_driver = MIB(3);
	fake.common[0].queue_device = MIB(4);
	fake.common[0].queue_msix_vector = QUEUE_VECTOR;
	fake.common[0].queue_enable = 1;
	for (i = 0; i < FAKE_BANKS; i++)
		fake.common[i].config_msix_vector = CONFIG_VECTOR;
	write_status(RUNNING);
}

static void drive(void)
{
	set_up();
	EXPECT(status() == RUNNING && serves());
}

static void tell(int event)
{
	back_end.event = event;
	eventfd_write(back_end.fd, 1);
	virtio_dispatch(transport);
}

static __u8 take_isr(void)
{
	__u64 value;

	EXPECT(!kvpci_function_read_as_guest(fake.function.handle, CONFIG_BAR, ISR_OFFSET, &value,
					     1));
	return value;
}

static unsigned int interrupts(unsigned int vector)
{
	unsigned int n = fake.interrupts[vector];

	fake.interrupts[vector] = 0;
	return n;
}

/* The bit of a configuration change is set with MSI-X, too, and that of queues is not. */
static void isr_4_1_4_5_1(void)
{
	create(true);
	drive();
	tell(BACKEND_CONFIG_CHANGED);
	EXPECT(fake.bar[DEVICE_OFFSET] == 0x5a);
	EXPECT(interrupts(CONFIG_VECTOR) == 1 && take_isr() == 2);
	tell(BACKEND_INTERRUPT);
	EXPECT(interrupts(QUEUE_VECTOR) == 1 && !take_isr());
	tell(BACKEND_NEEDS_RESET);
	EXPECT(interrupts(CONFIG_VECTOR) == 1 && take_isr() == 2);
	/* A driver that begins anew finds nothing of that. */
	tell(BACKEND_CONFIG_CHANGED);
	resets = 0;
	drive();
	EXPECT(!take_isr() && resets == 1);
	fake_reset();
	virtio_reset(transport);
	EXPECT(resets == 2);
	destroy();
}

static void isr_without_msix_4_1_4_5_1(void)
{
	create(false);
	drive();
	tell(BACKEND_CONFIG_CHANGED);
	EXPECT(take_isr() == 2);
	tell(BACKEND_INTERRUPT);
	EXPECT(take_isr() == 1);
	EXPECT(!interrupts(CONFIG_VECTOR) && !interrupts(QUEUE_VECTOR));
	destroy();
}

/* A driver that wants no interrupt for it gets none (4.1.5.1.4.1). */
static void no_vector(void)
{
	unsigned int i;

	create(true);
	drive();
	for (i = 0; i < FAKE_BANKS; i++)
		fake.common[i].config_msix_vector = NO_VECTOR;
	tell(BACKEND_CONFIG_CHANGED);
	for (i = 0; i <= FAKE_QUEUES; i++)
		EXPECT(!interrupts(i));
	destroy();
}

/* What comes before another vector is chosen may be lost by both: it is told of once more. */
static void changed_vector(void)
{
	create(true);
	drive();
	fake.common[0].queue_msix_vector = 2;
	virtio_written(transport, CONFIG_BAR, VIRTIO_PCI_COMMON_Q_MSIX, 2);
	EXPECT(interrupts(2) == 1 && !interrupts(QUEUE_VECTOR));
	virtio_written(transport, CONFIG_BAR, VIRTIO_PCI_COMMON_Q_MSIX, 2);
	EXPECT(!interrupts(2));
	destroy();
}

static bool tells_of_config(void)
{
	return memchr(fake.exits, true, sizeof(fake.exits));
}

static void write_msix_control(bool on)
{
	const unsigned int at = FAKE_MSIX + 3;

	EXPECT(fake.exits[at]);
	fake_enable_msix(on);
	virtio_written(transport, KVPCI_CONFIG, at, 1);
}

/* A driver that enables MSI-X late has its queues' interrupts, and no probe an exit for that. */
static void msix_late(void)
{
	create(false);
	write_status(0);
	write_status(AGREED);
	EXPECT(!tells_of_config());
	drive();
	EXPECT(!back_end.calls);
	write_msix_control(true);
	EXPECT(back_end.calls == 1 && interrupts(QUEUE_VECTOR) == 1);
	write_msix_control(true);
	EXPECT(back_end.calls == 1 && !interrupts(QUEUE_VECTOR));
	/* Nobody may listen to the pin yet. */
	write_msix_control(false);
	EXPECT(back_end.calls == 2 && !take_isr());
	write_status(0);
	EXPECT(!tells_of_config());
	destroy();
}

/* What the back end can't serve as it is set up is stopped, and the next driver does better. */
static void queues_that_can_not_be(void)
{
	create(true);
	back_end.error = -EINVAL;
	test_forget_message();
	set_up();
	EXPECT(status() == (RUNNING | VIRTIO_CONFIG_S_NEEDS_RESET) && is_stopped());
	EXPECT(interrupts(CONFIG_VECTOR) == 1);
	EXPECT(strstr(test_message(), "--some: the guest has set up queues that can't be served"));
	/* It is told once. */
	test_forget_message();
	set_up();
	EXPECT(status() & VIRTIO_CONFIG_S_NEEDS_RESET && !*test_message());
	back_end.error = 0;
	drive();
	destroy();
}

/* A back end that fails is lost, and touches the guest's memory no more. */
static void lost(void)
{
	create(true);
	back_end.error = -EIO;
	set_up();
	EXPECT(status() == (RUNNING | VIRTIO_CONFIG_S_NEEDS_RESET) && is_stopped());
	back_end.error = 0;
	write_status(0);
	write_status(AGREED);
	EXPECT(status() == (AGREED & ~VIRTIO_CONFIG_S_FEATURES_OK));
	destroy();
}

/* A reset of the function comes while the device fails: what it has cleared stays so. */
static void failing_while_reset(void)
{
	create(true);
	drive();
	fake.resets = true;
	tell(BACKEND_NEEDS_RESET);
	EXPECT(!(status() & VIRTIO_CONFIG_S_DRIVER_OK));
	virtio_reset(transport);
	EXPECT(is_stopped());
	destroy();
}

/* A processor waits for the back end, and others are not to wait for that processor. */
static void busy(void)
{
	struct transport *device;

	create(true);
	device = transport;
	drive();
	pthread_mutex_lock(&device->lock);
	tell(BACKEND_CONFIG_CHANGED);
	EXPECT(!interrupts(CONFIG_VECTOR));
	pthread_mutex_unlock(&device->lock);
	virtio_dispatch(transport);
	EXPECT(interrupts(CONFIG_VECTOR) == 1);
	destroy();
}

static void set_window(__u8 bar, __u32 offset, __u32 length)
{
	fake.config[WINDOW_OFFSET + WINDOW_BAR] = bar;
	memcpy(&fake.config[WINDOW_OFFSET + WINDOW_ADDRESS], &offset, sizeof(offset));
	memcpy(&fake.config[WINDOW_OFFSET + WINDOW_LENGTH], &length, sizeof(length));
}

static __u32 read_data(unsigned int at, unsigned int size)
{
	return virtio_read(transport, KVPCI_CONFIG, WINDOW_OFFSET + WINDOW_DATA + at, size);
}

static void write_data(unsigned int at, unsigned int size, __u32 value)
{
	virtio_write(transport, KVPCI_CONFIG, WINDOW_OFFSET + WINDOW_DATA + at, size, value);
}

/* The length of an access is that of the capability, and not of how the driver gets at the data. */
static void window_4_1_4_9_1(void)
{
	create(true);
	set_window(CONFIG_BAR, DEVICE_OFFSET, 4);
	memcpy(&fake.bar[DEVICE_OFFSET], "\x01\x02\x03\x04", 4);
	EXPECT(read_data(0, 4) == 0x04030201 && read_data(0, 1) == 1 && read_data(2, 2) == 0x0403);
	/* It is in the data then. */
	EXPECT(fake.config[WINDOW_OFFSET + WINDOW_DATA + 3] == 4);

	fake.bar[ISR_OFFSET] = 3;
	set_window(CONFIG_BAR, ISR_OFFSET, 1);
	EXPECT((read_data(0, 4) & 0xff) == 3 && fake.reads == 1 && !(read_data(0, 4) & 0xff));

	set_window(CONFIG_BAR, STATUS, 1);
	write_data(0, 4, 0xffffff00 | VIRTIO_CONFIG_S_ACKNOWLEDGE);
	EXPECT(status() == VIRTIO_CONFIG_S_ACKNOWLEDGE);
	write_data(0, 2, 0);
	EXPECT(!status());

	set_window(CONFIG_BAR, COMMON_OFFSET + VIRTIO_PCI_COMMON_Q_SELECT, 2);
	write_data(0, 1, 0x34);
	write_data(1, 1, 0x12);
	EXPECT(fake.common[0].queue_select == 0x1234 && fake.common[0].queue_size == 256);

	set_window(CONFIG_BAR, NOTIFY_OFFSET + NOTIFY_MULTIPLIER, 2);
	EXPECT(!event_take(device.kicks[1]));
	write_data(0, 4, 1);
	EXPECT(event_take(device.kicks[1]) && !event_take(device.kicks[0]));
	destroy();
}

/* Of queues that are not there nobody is notified (4.1.4.4), wherever the driver does it. */
static void no_such_queue(void)
{
	static const __u32 offsets[] = {
		NOTIFY_OFFSET + FAKE_QUEUES * NOTIFY_MULTIPLIER, MSIX_TABLE_OFFSET - 2,
	};
	unsigned int index;
	size_t i;

	create(true);
	EXPECT(!virtio_notified_queue(&device, CONFIG_BAR, NOTIFY_OFFSET - 2, &index));
	EXPECT(!virtio_notified_queue(&device, NOTIFY_PIO_BAR, 0, &index));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		EXPECT(!virtio_notified_queue(&device, CONFIG_BAR, offsets[i], &index));
		set_window(CONFIG_BAR, offsets[i], 2);
		write_data(0, 2, 1);
		device.notify_exits = true;
		write_data(0, 2, 1);
		virtio_write(transport, CONFIG_BAR, offsets[i], 2, 1);
		device.notify_exits = false;
	}
	for (i = 0; i < FAKE_QUEUES; i++)
		EXPECT(!event_take(device.kicks[i]));
	destroy();
}

/* A place that can't be is none: the data are registers. */
static void no_window(void)
{
	static const struct {
		__u8 bar;
		__u32 offset, length;
	} bad[] = {
		{ 6, DEVICE_OFFSET, 4 }, { CONFIG_BAR, DEVICE_OFFSET, 3 },
		{ CONFIG_BAR, DEVICE_OFFSET, 0 }, { CONFIG_BAR, DEVICE_OFFSET + 2, 4 },
		{ CONFIG_BAR, DEVICE_OFFSET, ~0U },
	};
	size_t i;

	create(true);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		set_window(bad[i].bar, bad[i].offset, bad[i].length);
		write_data(0, 4, 0x12345678);
		EXPECT(read_data(0, 4) == 0x12345678 && read_data(1, 2) == 0x3456);
		EXPECT(!fake.bar[DEVICE_OFFSET]);
	}
	/* Nothing is there. */
	set_window(CONFIG_BAR + 2, 0, 4);
	write_data(0, 4, 0);
	EXPECT(read_data(0, 4) == ~0U);
	destroy();
}

/* What the kernel lets a driver write to a queue's registers, of which the launcher is told. */
static void write_queue(void)
{
	const unsigned int i = test_random() % FAKE_QUEUES;
	struct common_config *common = &fake.common[i];
	__u64 at = VIRTIO_PCI_COMMON_Q_MSIX;

	switch (test_random() % 4) {
	case 0:
		common->queue_msix_vector = test_random() % 4 == 3 ? NO_VECTOR :
					    test_random() % (FAKE_QUEUES + 1);
		break;
	case 1:
		if (common->queue_enable)
			return;
		common->queue_size = test_random() % 16 ? 256 : 100;
		common->queue_desc = MIB(2) + test_random() % 64 / 63;
		common->queue_driver = MIB(3);
		common->queue_device = MIB(4);
		return;
	case 2:
		common->queue_enable = 1;
		at = VIRTIO_PCI_COMMON_Q_ENABLE;
		break;
	default:
		if (!common->queue_enable || !(status() & VIRTIO_CONFIG_S_DRIVER_OK))
			return;
		common->queue_reset = 1;
		at = VIRTIO_PCI_COMMON_Q_RESET;
		break;
	}
	if (status() & VIRTIO_CONFIG_S_DRIVER_OK)
		virtio_written(transport, CONFIG_BAR, at, 2);
	/* The kernel puts a queue back that has been reset. */
	if (at == VIRTIO_PCI_COMMON_Q_RESET) {
		EXPECT(!common->queue_reset);
		common->queue_enable = 0;
	}
}

static void write_config(void)
{
	if (test_random() % 2) {
		fake_set_master(test_random() % 4);
		if (fake.exits[FAKE_COMMAND])
			virtio_written(transport, KVPCI_CONFIG, FAKE_COMMAND, 2);
	} else {
		fake_enable_msix(test_random() % 4);
		if (fake.exits[FAKE_MSIX + 3])
			virtio_written(transport, KVPCI_CONFIG, FAKE_MSIX + 3, 1);
	}
}

static void do_something(void)
{
	static const __u8 statuses[] = { 0, AGREED, RUNNING, RUNNING, RUNNING, 0x80 | RUNNING };
	static const int events[] = {
		BACKEND_NOTHING, BACKEND_CONFIG_CHANGED, BACKEND_AWAY, BACKEND_INTERRUPT,
		BACKEND_INTERRUPT + 1, BACKEND_NEEDS_RESET, -EAGAIN,
	};

	switch (test_random() % 8) {
	case 0:
		fake.common[1].driver_feature = 1 << (VIRTIO_F_VERSION_1 - 32);
		write_status(statuses[test_random() % ARRAY_SIZE(statuses)]);
		break;
	case 1:
		fake_reset();
		virtio_reset(transport);
		break;
	case 2:
		tell(events[test_random() % ARRAY_SIZE(events)]);
		break;
	case 3:
		write_config();
		break;
	case 4:
		set_window(test_random() % 8, test_random() % CONFIG_BAR_SIZE, test_random() % 5);
		read_data(test_random() % 4, 1);
		break;
	default:
		write_queue();
		break;
	}
}

/* Whatever a driver does: no queue runs that is not to, and each is told of in turn. */
static void garbage(void)
{
	unsigned int i;

	create(true);
	for (i = 0; i < 20000; i++) {
		back_end.fails = i > 10000;
		do_something();
		memset(fake.interrupts, 0, sizeof(fake.interrupts));
		if (back_end.runs[0] || back_end.runs[1])
			EXPECT(status() & VIRTIO_CONFIG_S_DRIVER_OK && fake_is_master());
		EXPECT(!back_end.runs[0] || fake.common[0].queue_enable);
		EXPECT(!back_end.runs[1] || fake.common[1].queue_enable);
	}
	destroy();
}

const struct test transport_tests[] = {
	{ "garbage", garbage },
	{ "isr_4_1_4_5_1", isr_4_1_4_5_1 },
	{ "isr_without_msix_4_1_4_5_1", isr_without_msix_4_1_4_5_1 },
	{ "no_vector", no_vector },
	{ "busy", busy },
	{ "changed_vector", changed_vector },
	{ "msix_late", msix_late },
	{ "queues_that_can_not_be", queues_that_can_not_be },
	{ "lost", lost },
	{ "failing_while_reset", failing_while_reset },
	{ "window_4_1_4_9_1", window_4_1_4_9_1 },
	{ "no_such_queue", no_such_queue },
	{ "no_window", no_window },
	{ NULL, NULL },
};
