// SPDX-License-Identifier: GPL-2.0
/*
 * What a virtio driver configures its device by. Clauses are those of Virtual I/O Device 1.2,
 * which 1.3 has under the same numbers.
 *
 * Depends on: kernel, processors.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "lib/baseline.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/state.h"
#include "lib/structure.h"
#include "lib/vm.h"

#define F		BDF(0, 1, 0)
#define MEM		MEM32_BASE
#define AT		0x44	/* of BAR 0: a multiple of 4 and no more */
#define EXPRESS		0x40	/* of configuration space: the capability */
#define VECTORS		4
#define NO_VECTOR	VIRTIO_MSI_NO_VECTOR

/* The common configuration (4.1.4.3). */
#define DEVICE_SELECT	0x00
#define DEVICE_FEATURE	0x04
#define DRIVER_SELECT	0x08
#define DRIVER_FEATURE	0x0c
#define CONFIG_VECTOR	0x10
#define NUM_QUEUES	0x12
#define STATUS		0x14
#define GENERATION	0x15
#define SELECT		0x16
#define SIZE		0x18
#define VECTOR		0x1a
#define ENABLE		0x1c
#define NOTIFY_OFF	0x1e
#define DESC		0x20
#define DRIVER		0x28
#define DEVICE_		0x30
#define NOTIFY_DATA	0x38
#define RESET		0x3a
#define COMMON		KVPCI_VIRTIO_COMMON

#define ACKNOWLEDGE	VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER_STATUS	(ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER)
#define FEATURES_OK	(DRIVER_STATUS | VIRTIO_CONFIG_S_FEATURES_OK)
#define DRIVER_OK	(FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK)

/* The device-specific one, of which the driver may write some bits. */
#define SPECIFIC	32
#define LENGTH		(COMMON + SPECIFIC)
#define WRITABLE	(COMMON + 8)	/* a dword, but for its highest byte */

#define NR		5
#define ABSENT		2	/* a queue that is not there, though one after it is */
#define LAST		(NR - 1)

static const struct kvpci_virtio_queue queues[NR] = {
	{ .size = 256, .notify_off = 0, .notify_data = 0x1000 },
	{ .size = 128, .notify_off = 1, .notify_data = 0x1001 },
	{ .size = 0, .notify_off = 0x22, .notify_data = 0x2222 },
	{ .size = 64, .notify_off = 3, .notify_data = 0x1003 },
	{ .size = 32768, .notify_off = 0xfff4, .notify_data = 0xeee4 },
};

#define FEATURES_0	0x89abcdefU
#define FEATURES_1	0x01234567U
#define FEATURES_2	0x0000beefU
#define FEATURES_3	0x80000001U

#define MAX_LOG		16

/* What came to userspace. */
struct log {
	struct host *host;
	int function;
	bool refuse;	/* device_status is left as it is */
	int nr;
	struct guest_exit exit[MAX_LOG];
	struct kvpci_exit said[MAX_LOG];
	__u8 status[MAX_LOG];	/* what was in device_status then */
};

FIXTURE(virtio) {
	struct vm *vm;
	struct host *host;
	struct vcpu *vcpu;
	struct log log;
	int function;
	__u8 value[SPECIFIC];
	__u8 writable[SPECIFIC];
};

/* The VMM: it agrees to every status. */
static __u64 serve(struct vcpu *vcpu, const struct guest_exit *exit)
{
	struct log *log = vcpu->arg;
	struct kvpci_exit *said = &log->said[log->nr];
	__u8 status = exit->data;
	int n = log->nr++;

	if (n >= MAX_LOG)
		die("more exits than there can be");
	log->exit[n] = *exit;
	must(get_exit(log->host->fd, exit, vcpu->index, said));
	must(device_read(log->function, 0, AT + STATUS, &log->status[n], 1));
	if (said->bar == 0 && said->offset == AT + STATUS && !log->refuse)
		must(device_write(log->function, 0, AT + STATUS, &status, 1));
	return ~0ULL;
}

static struct kvpci_virtio_config describe(struct _test_data_virtio *self)
{
	return (struct kvpci_virtio_config) {
		.queues = NR,
		.queue = ptr(queues),
		.features = { FEATURES_0 | (__u64)FEATURES_1 << 32,
			      FEATURES_2 | (__u64)FEATURES_3 << 32 },
		.value = ptr(self->value),
		.writable = ptr(self->writable),
	};
}

static const struct kvpci_msix msix = {
	.size = sizeof(msix), .vectors = VECTORS, .table_bar = 1, .pba_bar = 1, .pba_offset = 0x800,
};

static const __u8 express[0x3c] = {
	[PCI_EXP_FLAGS] = 2 | PCI_EXP_TYPE_RC_END << 4,
	[PCI_EXP_DEVCAP + 3] = PCI_EXP_DEVCAP_FLR >> 24,
};

static const struct kvpci_capability caps[] = {
	{ .id = PCI_CAP_ID_EXP, .offset = EXPRESS, .length = sizeof(express),
	  .value = ptr(express) },
	{ .flags = KVPCI_CAP_MSIX, .id = PCI_CAP_ID_MSIX, .length = sizeof(msix),
	  .value = ptr(&msix) },
};

static void place(struct host *host, int bdf, __u32 mem)
{
	set_bar(host, bdf, 0, mem);
	set_command(host, bdf, DECODE_ALL);
}

FIXTURE_SETUP(virtio)
{
	int i;

	self->vm = vm_new_with(1, VM_INTERRUPTS);
	self->host = host_new(self->vm);
	self->vcpu = &self->vm->vcpus[0];
	for (i = 0; i < SPECIFIC; i++)
		self->value[i] = 0x40 + i;
	memset(self->writable + WRITABLE - COMMON, 0xff, 3);
	self->function = function_new(self->host, F, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_RESET_EXIT,
		.bars = { { 2 * PAGE }, { PAGE } },
		.capabilities = ptr(caps),
		.nr_capabilities = ARRAY_SIZE(caps) });
	must(add_virtio(self->function, 0, AT, LENGTH, describe(self)));
	must(plug(self->function));
	place(self->host, F, MEM);
	self->log.host = self->host;
	self->log.function = self->function;
	self->vcpu->on_exit = serve;
	self->vcpu->arg = &self->log;
}

FIXTURE_TEARDOWN(virtio)
{
	close(self->function);
	host_free(self->host);
	vm_free(self->vm);
}

/* The driver. */

static __u64 load(struct _test_data_virtio *self, int offset, __u8 size)
{
	return guest_load(self->vm, MEM + AT + offset, size);
}

static void store(struct _test_data_virtio *self, int offset, __u8 size, __u64 value)
{
	guest_store(self->vm, MEM + AT + offset, size, value);
}

static void choose(struct _test_data_virtio *self, __u16 queue)
{
	store(self, SELECT, 2, queue);
}

/* Returns what the driver reads then. */
static __u16 ask_vector(struct _test_data_virtio *self, unsigned int offset, __u16 vector)
{
	store(self, offset, 2, vector);
	return load(self, offset, 2);
}

/* The device. */

static __u64 held(struct _test_data_virtio *self, __u32 bank, unsigned int offset, __u32 length)
{
	__u64 value = 0;

	must(bank_read(self->function, 0, bank, AT + offset, &value, length));
	return value;
}

static void put(struct _test_data_virtio *self, __u32 bank, unsigned int offset, __u32 length,
		__u64 value)
{
	must(bank_write(self->function, 0, bank, AT + offset, &value, length));
}

static void put_masked(struct _test_data_virtio *self, __u32 bank, unsigned int offset,
		       __u32 length, const void *value, const void *mask)
{
	const struct kvpci_access access = {
		.size = sizeof(access), .offset = AT + offset, .length = length, .bank = bank,
		.data = ptr(value), .mask = ptr(mask),
	};

	must(kvpci_ioctl(self->function, KVPCI_WRITE, &access));
}

static int as_guest(int function, unsigned long request, unsigned int offset, __u32 length,
		    __u64 *value)
{
	struct kvpci_access access = {
		.size = sizeof(access), .flags = KVPCI_ACCESS_AS_GUEST, .offset = AT + offset,
		.length = length, .data = ptr(value), .bank = 1,
	};

	/* It has no say in what the driver has selected. */
	if (kvpci_ioctl(function, request, &access) != -EINVAL)
		return -EIO;
	access.bank = 0;
	return kvpci_ioctl(function, request, &access);
}

/* What all of a queue is when it has been reset. */
#define EXPECT_FRESH(queue_) do {						\
	const __u32 queue = queue_;						\
										\
	EXPECT_EQ(queues[queue].size, held(self, queue, SIZE, 2));		\
	EXPECT_EQ(NO_VECTOR, held(self, queue, VECTOR, 2));			\
	EXPECT_EQ(0, held(self, queue, ENABLE, 2));				\
	EXPECT_EQ(0, held(self, queue, RESET, 2));				\
	EXPECT_EQ(0, held(self, queue, DESC, 8));				\
	EXPECT_EQ(0, held(self, queue, DRIVER, 8));				\
	EXPECT_EQ(0, held(self, queue, DEVICE_, 8));				\
} while (0)

#define EXPECT_RESET_DEVICE() do {						\
	EXPECT_EQ(0, load(self, DEVICE_SELECT, 4));				\
	EXPECT_EQ(FEATURES_0, load(self, DEVICE_FEATURE, 4));			\
	EXPECT_EQ(0, load(self, DRIVER_SELECT, 4));				\
	EXPECT_EQ(0, load(self, DRIVER_FEATURE, 4));				\
	EXPECT_EQ(NO_VECTOR, load(self, CONFIG_VECTOR, 2));			\
	EXPECT_EQ(0, load(self, STATUS, 1));					\
	EXPECT_EQ(0, load(self, SELECT, 2));					\
	EXPECT_FRESH(0);							\
	EXPECT_FRESH(1);							\
	EXPECT_FRESH(LAST);							\
} while (0)

#define EXPECT_LOG(n_, offset_, size_, data_, written_) do {			\
	const int which = n_;							\
										\
	ASSERT_LT(which, self->log.nr);						\
	EXPECT_TRUE(self->log.exit[which].write);				\
	EXPECT_EQ(size_, self->log.exit[which].size);				\
	EXPECT_EQ(data_, self->log.exit[which].data);				\
	EXPECT_EQ(0, self->log.said[which].bar);				\
	EXPECT_EQ(AT + (offset_), self->log.said[which].offset);		\
	EXPECT_EQ(written_ ? KVPCI_EXIT_WRITTEN : 0, self->log.said[which].flags);\
} while (0)

/* Set a queue up, without enabling it. */
static void set_up(struct _test_data_virtio *self, __u16 queue, __u16 size, __u16 vector)
{
	choose(self, queue);
	store(self, SIZE, 2, size);
	store(self, DESC, 4, 0x11110000 + queue);
	store(self, DESC + 4, 4, 0x1);
	store(self, DRIVER, 8, 0x222200000 + queue);
	store(self, DEVICE_, 4, 0x33330000 + queue);
	store(self, DEVICE_ + 4, 4, 0x3);
	store(self, VECTOR, 2, vector);
}

static void accept_features(struct _test_data_virtio *self, __u64 features)
{
	store(self, DRIVER_SELECT, 4, 0);
	store(self, DRIVER_FEATURE, 4, features);
	store(self, DRIVER_SELECT, 4, 1);
	store(self, DRIVER_FEATURE, 4, features >> 32);
}

/* A driver's way up to DRIVER_OK (3.1.1), with the first and the last queue. */
static void start(struct _test_data_virtio *self, __u64 features)
{
	store(self, STATUS, 1, 0);
	store(self, STATUS, 1, ACKNOWLEDGE);
	store(self, STATUS, 1, DRIVER_STATUS);
	accept_features(self, features);
	store(self, STATUS, 1, FEATURES_OK);
	store(self, CONFIG_VECTOR, 2, 0);
	set_up(self, 0, 128, 1);
	store(self, ENABLE, 2, 1);
	set_up(self, LAST, 1024, 2);
	store(self, ENABLE, 2, 1);
	store(self, STATUS, 1, DRIVER_OK);
	self->log.nr = 0;
}

TEST_F(virtio, fields_4_1_4_3)
{
	static const __u8 word[] = {
		0, 0, 0, 0, 0xef, 0xcd, 0xab, 0x89, 0, 0, 0, 0, 0, 0, 0, 0,
		0xff, 0xff, NR, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0,
	};
	unsigned int i, size;

	/* Reads may be of any length, and across fields. */
	for (size = 1; size <= 8; size *= 2)
		for (i = 0; i + size <= LENGTH; i++) {
			__u64 expected = 0;
			unsigned int n;

			for (n = size; n--;)
				expected = expected << 8 |
					   (i + n < COMMON ? word[i + n] :
					    self->value[i + n - COMMON]);
			ASSERT_EQ(expected, load(self, i, size)) {
				TH_LOG("%u bytes at %#x", size, i);
			}
		}
	EXPECT_EQ(0, self->log.nr);
	EXPECT_RESET_DEVICE();
}

/* Is a driver's access one to a field that it may write (4.1.3.1)? */
static bool is_field(unsigned int offset, unsigned int size)
{
	static const struct { __u8 offset, size; } fields[] = {
		{ DEVICE_SELECT, 4 }, { DRIVER_SELECT, 4 }, { DRIVER_FEATURE, 4 },
		{ CONFIG_VECTOR, 2 }, { STATUS, 1 }, { SELECT, 2 }, { SIZE, 2 }, { VECTOR, 2 },
		{ ENABLE, 2 }, { DESC, 8 }, { DESC, 4 }, { DESC + 4, 4 }, { DRIVER, 8 },
		{ DRIVER, 4 }, { DRIVER + 4, 4 }, { DEVICE_, 8 }, { DEVICE_, 4 },
		{ DEVICE_ + 4, 4 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].offset == offset && fields[i].size == size)
			return true;

	return false;
}

TEST_F(virtio, widths_4_1_3_1)
{
	/* Each byte other than it is, and each field one that it may have. */
	static const __u8 value[COMMON + 8] = {
		1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
		1, 0, 1, 1, 9, 9, 1, 0, 4, 4, 2, 0, 1, 0, 5, 5,
		6, 6, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7,
		8, 8, 8, 8, 8, 8, 8, 8, 9, 9, 1, 0, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1
	};
	struct state saved = state_get(self->function), now;
	unsigned int offset, size;

	for (size = 1; size <= 8; size *= 2)
		for (offset = 0; offset < COMMON; offset++) {
			__u64 written = 0;

			self->log.nr = 0;
			self->log.refuse = true;
			memcpy(&written, value + offset, size);
			store(self, offset, size, written);
			now = state_get(self->function);
			if (!is_field(offset, size) || offset == STATUS) {
				ASSERT_TRUE(state_equal(&saved, &now)) {
					TH_LOG("%u bytes at %#x", size, offset);
				}
				ASSERT_EQ(offset == STATUS && size == 1, self->log.nr);
			} else {
				ASSERT_FALSE(state_equal(&saved, &now)) {
					TH_LOG("%u bytes at %#x", size, offset);
				}
				ASSERT_EQ(written, load(self, offset, size));
				ASSERT_EQ(0, self->log.nr);
			}
			state_free(&now);
			must(state_set(self->function, &saved));
		}
	state_free(&saved);
}

TEST_F(virtio, halves_of_64_bits_4_1_3_2)
{
	unsigned int field;

	for (field = DESC; field <= DEVICE_; field += 8) {
		store(self, field, 8, 0x1122334455667788);
		store(self, field + 4, 4, 0xaabbccdd);
		EXPECT_EQ(0xaabbccdd55667788, load(self, field, 8));
		store(self, field, 4, 0x99887766);
		EXPECT_EQ(0xaabbccdd99887766, load(self, field, 8));
		EXPECT_EQ(0xaabbccdd, load(self, field + 4, 4));
		EXPECT_EQ(0xaabbccdd99887766, held(self, 0, field, 8));
	}
}

TEST_F(virtio, features_4_1_4_3)
{
	static const __u32 offered[] = { FEATURES_0, FEATURES_1, FEATURES_2, FEATURES_3, 0, 0 };
	static const __u32 selected[] = { 0, 1, 2, 3, 4, 0x80000001 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(selected); i++) {
		store(self, DEVICE_SELECT, 4, selected[i]);
		EXPECT_EQ(selected[i], load(self, DEVICE_SELECT, 4));
		EXPECT_EQ(offered[i], load(self, DEVICE_FEATURE, 4));
		/* The driver's are others, and need not be among those offered. */
		store(self, DRIVER_SELECT, 4, selected[i]);
		EXPECT_EQ(0, load(self, DRIVER_FEATURE, 4));
		store(self, DRIVER_FEATURE, 4, 0x10 + i);
		EXPECT_EQ(i < 4 ? 0x10 + i : 0, load(self, DRIVER_FEATURE, 4));
	}
	for (i = 0; i < 4; i++) {
		store(self, DRIVER_SELECT, 4, i);
		EXPECT_EQ(0x10 + i, load(self, DRIVER_FEATURE, 4));
		/* The device sees all, whatever is selected. */
		EXPECT_EQ(0x10 + i, held(self, i, DRIVER_FEATURE, 4));
		EXPECT_EQ(offered[i], held(self, i, DEVICE_FEATURE, 4));
	}
	EXPECT_EQ(0, held(self, 4, DRIVER_FEATURE, 4));
	EXPECT_EQ(0, held(self, 4, DEVICE_FEATURE, 4));
	EXPECT_EQ(0, self->log.nr);
}

TEST_F(virtio, features_are_fixed_by_features_ok_3_1_1)
{
	store(self, STATUS, 1, DRIVER_STATUS);
	accept_features(self, 0x100000003);
	/* The device does not agree: the driver may still accept others. */
	self->log.refuse = true;
	store(self, STATUS, 1, FEATURES_OK);
	EXPECT_EQ(DRIVER_STATUS, load(self, STATUS, 1));
	accept_features(self, 0x100000001);
	EXPECT_EQ(1, held(self, 0, DRIVER_FEATURE, 4));
	self->log.refuse = false;
	store(self, STATUS, 1, FEATURES_OK);
	EXPECT_EQ(FEATURES_OK, load(self, STATUS, 1));
	accept_features(self, ~0ULL);
	EXPECT_EQ(1, held(self, 0, DRIVER_FEATURE, 4));
	EXPECT_EQ(1, held(self, 1, DRIVER_FEATURE, 4));
	/* What the device puts there stays its own business. */
	put(self, 1, DRIVER_FEATURE, 4, 7);
	EXPECT_EQ(7, load(self, DRIVER_FEATURE, 4));
}

TEST_F(virtio, queues_4_1_4_3)
{
	static const __u16 none[] = { ABSENT, NR, 0x7fff, 0xffff };
	struct state before = state_get(self->function), after;
	unsigned int i, offset;

	for (i = 0; i < NR; i++) {
		choose(self, i);
		EXPECT_EQ(i, load(self, SELECT, 2));
		EXPECT_EQ(queues[i].size, load(self, SIZE, 2));
		EXPECT_EQ(i == ABSENT ? 0 : queues[i].notify_off, load(self, NOTIFY_OFF, 2));
		EXPECT_EQ(i == ABSENT ? 0 : queues[i].notify_data, load(self, NOTIFY_DATA, 2));
		EXPECT_EQ(NR, load(self, NUM_QUEUES, 2));
	}
	/* One that is not there has no size, and takes nothing. */
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		choose(self, none[i]);
		EXPECT_EQ(none[i], load(self, SELECT, 2));
		for (offset = SIZE; offset < COMMON; offset += 2) {
			store(self, offset, offset < DESC || offset >= NOTIFY_DATA ? 2 : 4, 1);
			EXPECT_EQ(offset == VECTOR ? NO_VECTOR : 0, load(self, offset, 2));
		}
	}
	choose(self, 0);
	after = state_get(self->function);
	EXPECT_TRUE(state_equal(&before, &after));
	state_free(&before);
	state_free(&after);
	EXPECT_EQ(0, self->log.nr);

	/* Each keeps its own. */
	for (i = 0; i < NR; i++)
		set_up(self, i, 2 + i, i % VECTORS);
	for (i = 0; i < NR; i++) {
		if (i == ABSENT)
			continue;
		EXPECT_EQ(2 + i, held(self, i, SIZE, 2));
		EXPECT_EQ(i % VECTORS, held(self, i, VECTOR, 2));
		EXPECT_EQ(0x111110000 + i, held(self, i, DESC, 8));
		EXPECT_EQ(0x222200000 + i, held(self, i, DRIVER, 8));
		EXPECT_EQ(0x333330000 + i, held(self, i, DEVICE_, 8));
	}
}

TEST_F(virtio, vectors_4_1_5_1_2_1)
{
	int function;

	choose(self, 1);
	EXPECT_EQ(VECTORS - 1, ask_vector(self, CONFIG_VECTOR, VECTORS - 1));
	EXPECT_EQ(NO_VECTOR, ask_vector(self, CONFIG_VECTOR, VECTORS));
	EXPECT_EQ(0, ask_vector(self, CONFIG_VECTOR, 0));
	EXPECT_EQ(NO_VECTOR, ask_vector(self, CONFIG_VECTOR, NO_VECTOR));
	EXPECT_EQ(VECTORS - 1, ask_vector(self, VECTOR, VECTORS - 1));
	EXPECT_EQ(NO_VECTOR, ask_vector(self, VECTOR, NO_VECTOR - 1));
	EXPECT_EQ(2, ask_vector(self, VECTOR, 2));
	/* Of an enabled queue, too. */
	store(self, ENABLE, 2, 1);
	EXPECT_EQ(3, ask_vector(self, VECTOR, 3));
	EXPECT_EQ(NO_VECTOR, ask_vector(self, VECTOR, VECTORS));
	/* Whoever writes it. */
	put(self, 1, VECTOR, 2, VECTORS);
	EXPECT_EQ(NO_VECTOR, held(self, 1, VECTOR, 2));
	put(self, 0, CONFIG_VECTOR, 2, 1);
	EXPECT_EQ(1, load(self, CONFIG_VECTOR, 2));
	EXPECT_EQ(0, self->log.nr);

	/* A function without MSI-X has none. */
	function = function_new(self->host, BDF(0, 2, 0), (struct kvpci_function_config) {
		.bars = { { PAGE } } });
	must(add_virtio(function, 0, 0, LENGTH, describe(self)));
	must(plug(function));
	place(self->host, BDF(0, 2, 0), MEM + 0x10000);
	guest_store(self->vm, MEM + 0x10000 + CONFIG_VECTOR, 2, 0);
	EXPECT_EQ(NO_VECTOR, guest_load(self->vm, MEM + 0x10000 + CONFIG_VECTOR, 2));
	close(function);
}

TEST_F(virtio, an_enabled_queue_stays_as_it_is_4_1_4_3_2)
{
	unsigned int offset;

	set_up(self, 0, 128, 1);
	/* 0 and others than 1 are no way to enable one, nor to disable it. */
	store(self, ENABLE, 2, 0);
	store(self, ENABLE, 2, 2);
	store(self, ENABLE, 2, 0x101);
	EXPECT_EQ(0, load(self, ENABLE, 2));
	store(self, ENABLE, 2, 1);
	EXPECT_EQ(1, load(self, ENABLE, 2));
	store(self, ENABLE, 2, 0);
	EXPECT_EQ(1, load(self, ENABLE, 2));
	store(self, SIZE, 2, 64);
	for (offset = DESC; offset < NOTIFY_DATA; offset += 4)
		store(self, offset, 4, 0xdeadbeef);
	EXPECT_EQ(128, load(self, SIZE, 2));
	EXPECT_EQ(0x111110000, load(self, DESC, 8));
	EXPECT_EQ(0x222200000, load(self, DRIVER, 8));
	EXPECT_EQ(0x333330000, load(self, DEVICE_, 8));
	/* But others don't. */
	set_up(self, 1, 32, 2);
	EXPECT_EQ(32, load(self, SIZE, 2));
	/* The device may disable it. */
	put(self, 0, ENABLE, 2, 0);
	choose(self, 0);
	store(self, SIZE, 2, 64);
	EXPECT_EQ(64, load(self, SIZE, 2));
	EXPECT_EQ(0, self->log.nr);
}

TEST_F(virtio, the_status_is_the_devices_2_1_2)
{
	struct agent_op *read;

	store(self, STATUS, 1, ACKNOWLEDGE);
	ASSERT_EQ(1, self->log.nr);
	EXPECT_LOG(0, STATUS, 1, ACKNOWLEDGE, false);
	/* When it came, nothing had been written, and when the guest goes on, it has. */
	EXPECT_EQ(0, self->log.status[0]);
	guest_begin(self->vcpu);
	add_store(self->vcpu, MEM + AT + STATUS, 1, DRIVER_STATUS);
	read = add_load(self->vcpu, MEM + AT + STATUS, 1);
	guest_run(self->vcpu, 1);
	EXPECT_EQ(DRIVER_STATUS, read->result);
	EXPECT_EQ(ACKNOWLEDGE, self->log.status[1]);
	self->log.refuse = true;
	store(self, STATUS, 1, DRIVER_OK);
	EXPECT_EQ(3, self->log.nr);
	EXPECT_EQ(DRIVER_STATUS, load(self, STATUS, 1));
	/* The device needs a reset, which the driver is to find at any time (2.1.2). */
	put(self, 0, STATUS, 1, DRIVER_STATUS | VIRTIO_CONFIG_S_NEEDS_RESET);
	EXPECT_EQ(DRIVER_STATUS | VIRTIO_CONFIG_S_NEEDS_RESET, load(self, STATUS, 1));
	EXPECT_EQ(3, self->log.nr);
}

TEST_F(virtio, a_probe_has_five_exits_3_1_1)
{
	unsigned int i;

	store(self, STATUS, 1, 0);
	EXPECT_EQ(0, load(self, STATUS, 1));
	store(self, STATUS, 1, ACKNOWLEDGE);
	store(self, STATUS, 1, DRIVER_STATUS);
	accept_features(self, 0x100000000);
	store(self, STATUS, 1, FEATURES_OK);
	EXPECT_EQ(FEATURES_OK, load(self, STATUS, 1));
	EXPECT_EQ(0, ask_vector(self, CONFIG_VECTOR, 0));
	for (i = 0; i < 3; i++) {
		set_up(self, i == ABSENT ? LAST : i, 64, 1 + i);
		EXPECT_EQ(1 + i, load(self, VECTOR, 2));
	}
	for (i = 0; i < 3; i++) {
		choose(self, i == ABSENT ? LAST : i);
		store(self, ENABLE, 2, 1);
	}
	store(self, STATUS, 1, DRIVER_OK);
	EXPECT_EQ(5, self->log.nr);
	EXPECT_LOG(4, STATUS, 1, DRIVER_OK, false);
	EXPECT_EQ(FEATURES_OK, self->log.status[4]);
}

TEST_F(virtio, late_writes_exit)
{
	unsigned int n = 0;

	start(self, 1);
	EXPECT_EQ(1, ask_vector(self, CONFIG_VECTOR, 1));
	EXPECT_LOG(n++, CONFIG_VECTOR, 2, 1, true);
	choose(self, 0);
	EXPECT_EQ(NO_VECTOR, ask_vector(self, VECTOR, VECTORS));
	EXPECT_LOG(n++, VECTOR, 2, VECTORS, true);
	set_up(self, 1, 16, 3);
	EXPECT_LOG(n++, VECTOR, 2, 3, true);
	store(self, ENABLE, 2, 1);
	EXPECT_LOG(n++, ENABLE, 2, 1, true);
	EXPECT_EQ(1, held(self, 1, ENABLE, 2));
	/* Not what changes nothing, for then there is nothing to do. */
	store(self, ENABLE, 2, 1);
	store(self, ENABLE, 2, 0);
	choose(self, ABSENT);
	store(self, VECTOR, 2, 1);
	store(self, ENABLE, 2, 1);
	store(self, RESET, 2, 1);
	EXPECT_EQ(n, self->log.nr);
	/* Nor before DRIVER_OK, and when the device has taken it back. */
	put(self, 0, STATUS, 1, FEATURES_OK);
	choose(self, 3);
	store(self, VECTOR, 2, 1);
	store(self, ENABLE, 2, 1);
	store(self, CONFIG_VECTOR, 2, 2);
	EXPECT_EQ(n, self->log.nr);
}

TEST_F(virtio, a_queue_is_reset_4_1_4_3_1)
{
	start(self, 1ULL << VIRTIO_F_RING_RESET);
	choose(self, LAST);
	store(self, RESET, 2, 0);
	store(self, RESET, 2, 2);
	EXPECT_EQ(0, load(self, RESET, 2));
	EXPECT_EQ(0, self->log.nr);
	store(self, RESET, 2, 1);
	ASSERT_EQ(1, self->log.nr);
	EXPECT_LOG(0, RESET, 2, 1, true);
	/* It goes on until the device says that it is over; once more is none. */
	EXPECT_EQ(1, load(self, RESET, 2));
	EXPECT_EQ(1, load(self, ENABLE, 2));
	EXPECT_EQ(1024, load(self, SIZE, 2));
	store(self, RESET, 2, 1);
	store(self, RESET, 2, 0);
	EXPECT_EQ(1, load(self, RESET, 2));
	EXPECT_EQ(1, self->log.nr);
	put(self, LAST, RESET, 2, 0);
	EXPECT_FRESH(LAST);
	/* Others are as they were. */
	EXPECT_EQ(1, held(self, 0, ENABLE, 2));
	EXPECT_EQ(128, held(self, 0, SIZE, 2));
	EXPECT_EQ(DRIVER_OK, load(self, STATUS, 1));

	/* It is set up again (2.6.1). */
	set_up(self, LAST, 512, 3);
	store(self, ENABLE, 2, 1);
	EXPECT_EQ(3, self->log.nr);
	EXPECT_LOG(1, VECTOR, 2, 3, true);
	EXPECT_LOG(2, ENABLE, 2, 1, true);
	EXPECT_EQ(512, held(self, LAST, SIZE, 2));
	/* A write that leaves queue_reset 0 is no end of a reset. */
	put(self, LAST, RESET, 2, 0);
	EXPECT_EQ(1, held(self, LAST, ENABLE, 2));
	/* One that is not enabled has nothing to reset. */
	choose(self, 1);
	store(self, RESET, 2, 1);
	EXPECT_EQ(0, load(self, RESET, 2));
	EXPECT_EQ(3, self->log.nr);
}

TEST_F(virtio, a_queue_is_reset_only_if_that_was_agreed_2_6_1)
{
	start(self, ~(1ULL << VIRTIO_F_RING_RESET));
	choose(self, 0);
	store(self, RESET, 2, 1);
	EXPECT_EQ(0, load(self, RESET, 2));
	store(self, STATUS, 1, 0);
	/* And not before DRIVER_OK. */
	accept_features(self, ~0ULL);
	choose(self, 0);
	store(self, ENABLE, 2, 1);
	store(self, RESET, 2, 1);
	EXPECT_EQ(0, load(self, RESET, 2));
	EXPECT_EQ(1, self->log.nr);
}

TEST_F(virtio, a_queue_is_reset_only_if_that_was_offered_2_6_1)
{
	const struct range_desc range = {
		.range_flags = KVPCI_RANGE_REMOVE, .kind = KVPCI_RANGE_VIRTIO, .offset = AT,
		.length = LENGTH,
	};
	struct kvpci_virtio_config config = describe(self);

	config.features[0] &= ~(1ULL << VIRTIO_F_RING_RESET);
	must(add_range(self->function, &range));
	must(add_virtio(self->function, 0, AT, LENGTH, config));
	start(self, 1ULL << VIRTIO_F_RING_RESET);
	choose(self, 0);
	store(self, RESET, 2, 1);
	EXPECT_EQ(0, load(self, RESET, 2));
	EXPECT_EQ(0, self->log.nr);
}

TEST_F(virtio, the_device_is_reset_2_1_2)
{
	__u8 generation;

	start(self, ~0ULL);
	store(self, WRITABLE, 4, 0x01020304);
	store(self, DEVICE_SELECT, 4, 3);
	put(self, 0, COMMON, 1, 0xaa);
	generation = load(self, GENERATION, 1);
	store(self, STATUS, 1, 0);
	EXPECT_RESET_DEVICE();
	EXPECT_EQ(generation, load(self, GENERATION, 1));
	/* The device-specific configuration is the device's to put back. */
	EXPECT_EQ(0xaa, load(self, COMMON, 1));
	EXPECT_EQ(0x4b020304, load(self, WRITABLE, 4));
	/* With what else is written, a status of 0 is the last. */
	start(self, ~0ULL);
	put_masked(self, 0, CONFIG_VECTOR, 6, "\1\0\0\0\0", "\xff\xff\0\0\xff");
	EXPECT_RESET_DEVICE();
	/* But for a status that is not written. */
	start(self, ~0ULL);
	put_masked(self, 0, CONFIG_VECTOR, 6, "\1\0\0\0\0", "\xff\xff\0\0\0");
	EXPECT_EQ(DRIVER_OK, load(self, STATUS, 1));
	EXPECT_EQ(1, load(self, CONFIG_VECTOR, 2));
	EXPECT_EQ(128, held(self, 0, SIZE, 2));
	/* And with bits that are taken from it until nothing is left. */
	put_masked(self, 0, STATUS, 1, "\0", "\xfe");
	EXPECT_EQ(ACKNOWLEDGE, load(self, STATUS, 1));
	EXPECT_EQ(128, held(self, 0, SIZE, 2));
	put_masked(self, 0, STATUS, 1, "\0", "\x01");
	EXPECT_RESET_DEVICE();
	/* One that is 0 and is not written resets nothing. */
	put_masked(self, 0, CONFIG_VECTOR, 6, "\1\0\0\0\0", "\xff\xff\0\0\0");
	EXPECT_EQ(1, load(self, CONFIG_VECTOR, 2));
}

TEST_F(virtio, with_the_function)
{
	start(self, ~0ULL);
	must(reset(self->function));
	place(self->host, F, MEM);
	EXPECT_RESET_DEVICE();
	EXPECT_EQ(0, self->log.nr);

	/* By the guest, which waits for the VMM. */
	start(self, ~0ULL);
	cfg_write(self->host, BY_ECAM, F, EXPRESS + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	ASSERT_EQ(1, self->log.nr);
	EXPECT_EQ(KVPCI_CONFIG, self->log.said[0].bar);
	EXPECT_EQ(KVPCI_EXIT_WRITTEN | KVPCI_EXIT_RESET, self->log.said[0].flags);
	EXPECT_EQ(0, self->log.status[0]);
	place(self->host, F, MEM);
	EXPECT_RESET_DEVICE();
}

TEST_F(virtio, device_specific_4_1_4_6)
{
	/* Any width, and only what the driver may write. */
	store(self, WRITABLE, 4, 0x11223344);
	EXPECT_LOG(0, WRITABLE, 4, 0x11223344, true);
	EXPECT_EQ(0x4b223344, load(self, WRITABLE, 4));
	store(self, WRITABLE + 1, 1, 0x55);
	EXPECT_LOG(1, WRITABLE + 1, 1, 0x55, true);
	EXPECT_EQ(0x4b225544, load(self, WRITABLE, 4));
	store(self, WRITABLE - 2, 4, 0x66778899);
	EXPECT_LOG(2, WRITABLE - 2, 4, 0x66778899, true);
	EXPECT_EQ(0x66774746, load(self, WRITABLE - 2, 4));
	EXPECT_EQ(3, self->log.nr);
	/* Not where there is no such bit. */
	store(self, COMMON, 8, ~0ULL);
	store(self, WRITABLE + 3, 1, 0xff);
	store(self, LENGTH - 8, 8, ~0ULL);
	EXPECT_EQ(0x4746454443424140, load(self, COMMON, 8));
	EXPECT_EQ(3, self->log.nr);
	/* What the device writes is not told. */
	put(self, 0, COMMON, 8, 0x0102030405060708);
	EXPECT_EQ(0x0102030405060708, load(self, COMMON, 8));
	EXPECT_EQ(3, self->log.nr);
}

TEST_F(virtio, generation_4_1_4_3_1)
{
	__u8 before, after;
	int i;

	/* A change that the driver can have seen the like of. */
	before = load(self, GENERATION, 1);
	put(self, 0, COMMON, 2, 1);
	after = load(self, GENERATION, 1);
	EXPECT_NE(before, after);
	EXPECT_EQ(1, load(self, COMMON, 2));
	put(self, 0, LENGTH - 1, 1, 1);
	before = load(self, GENERATION, 1);
	EXPECT_NE(before, after);
	/* Of both parts in one. */
	put(self, 0, COMMON - 4, 8, 0);
	after = load(self, GENERATION, 1);
	EXPECT_NE(before, after);
	/* As many as it has values don't bring it back to what the driver has read. */
	load(self, COMMON, 4);
	for (i = 0; i < 256; i++)
		put(self, 0, COMMON, 2, i);
	EXPECT_NE(after, load(self, GENERATION, 1));
	/* It changes with nothing else. */
	before = load(self, GENERATION, 1);
	put(self, 0, CONFIG_VECTOR, 2, 1);
	put(self, 0, STATUS, 1, 0);
	store(self, WRITABLE, 4, 1);
	EXPECT_EQ(before, load(self, GENERATION, 1));
	/* And the device may set it. */
	put(self, 0, GENERATION, 1, 0x77);
	EXPECT_EQ(0x77, load(self, GENERATION, 1));
}

/* Changes the first and the last eight bytes to the same number, again and again. */
static void *change_both(void *arg)
{
	struct _test_data_virtio *self = arg;
	__u8 bytes[SPECIFIC] = {};
	__u64 n;

	for (n = 1; !__atomic_load_n(&self->log.refuse, __ATOMIC_RELAXED); n++) {
		memcpy(bytes, &n, 8);
		memcpy(bytes + SPECIFIC - 8, &n, 8);
		must(device_write(self->function, 0, AT + COMMON, bytes, SPECIFIC));
	}
	return NULL;
}

TEST_F(virtio, no_torn_read_goes_unnoticed_4_1_4_3_1)
{
	enum { SETS = 500 };
	unsigned long round, rounds = scaled(40), torn = 0;
	struct agent_op *gen[SETS + 1], *first[SETS], *last[SETS];
	pthread_t thread;
	int i;

	put(self, 0, COMMON, 8, 0);
	put(self, 0, LENGTH - 8, 8, 0);
	must(-pthread_create(&thread, NULL, change_both, self));
	/* On one processor it takes a while until some are. */
	for (round = 0; round < rounds || !torn; round++) {
		guest_begin(self->vcpu);
		gen[0] = add_load(self->vcpu, MEM + AT + GENERATION, 1);
		for (i = 0; i < SETS; i++) {
			first[i] = add_load(self->vcpu, MEM + AT + COMMON, 8);
			last[i] = add_load(self->vcpu, MEM + AT + LENGTH - 8, 8);
			gen[i + 1] = add_load(self->vcpu, MEM + AT + GENERATION, 1);
		}
		guest_run(self->vcpu, 1);
		for (i = 0; i < SETS; i++) {
			bool same = gen[i]->result == gen[i + 1]->result;

			torn += first[i]->result != last[i]->result;
			ASSERT_FALSE(same && first[i]->result != last[i]->result) {
				TH_LOG("generation %#llx, %#llx and %#llx",
				       gen[i]->result, first[i]->result, last[i]->result);
			}
		}
	}
	__atomic_store_n(&self->log.refuse, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

TEST_F(virtio, several_fields_at_once)
{
	__u8 value[LENGTH], was[LENGTH], is[LENGTH];
	unsigned int i;

	/* All that there is, with values that are none where those are fixed. */
	must(bank_read(self->function, 0, 1, AT, was, LENGTH));
	memset(value, 0x5a, sizeof(value));
	memcpy(value + CONFIG_VECTOR, "\2", 2);
	memcpy(value + VECTOR, "\3", 2);
	must(bank_write(self->function, 0, 1, AT, value, LENGTH));
	must(bank_read(self->function, 0, 1, AT, is, LENGTH));
	for (i = 0; i < LENGTH; i++) {
		bool fixed = i / 4 == DEVICE_FEATURE / 4 || i / 2 == NUM_QUEUES / 2 ||
			     i / 2 == NOTIFY_OFF / 2 || i / 2 == NOTIFY_DATA / 2 ||
			     (i >= RESET + 2 && i < COMMON);
		/* Of which there is bit 0 only. */
		bool flag = i / 2 == ENABLE / 2 || i / 2 == RESET / 2;

		EXPECT_EQ(fixed ? was[i] : flag ? 0 : value[i], is[i]) {
			TH_LOG("byte %#x", i);
		}
	}
	/* Only bits that are in the mask. */
	put_masked(self, 3, SIZE, 4, "\xff\xff\0\0", "\xf0\0\xff\xff");
	EXPECT_EQ(0xf0, held(self, 3, SIZE, 2));
	EXPECT_EQ(0, held(self, 3, VECTOR, 2));
	EXPECT_EQ(0x5a5a, held(self, 1, SIZE, 2));
	/* Queues that are not there. */
	EXPECT_EQ(0, held(self, ABSENT, SIZE, 2));
	put(self, ABSENT, SIZE, 2, 16);
	EXPECT_EQ(0, held(self, ABSENT, SIZE, 2));
	EXPECT_EQ(-EINVAL, bank_read(self->function, 0, NR, AT, value, 1));
	EXPECT_EQ(-EINVAL, bank_write(self->function, 0, NR, AT, value, 1));
	EXPECT_EQ(-EINVAL, bank_read(self->function, 0, 0, AT, value, LENGTH + 1));
}

/* As a VMM does that has the window of VIRTIO_PCI_CAP_PCI_CFG. */
TEST_F(virtio, as_the_guest_4_1_4_9)
{
	__u64 value = 0;
	__u8 byte;

	start(self, ~0ULL);
	/* What the driver has selected counts, and what it may write. */
	choose(self, LAST);
	EXPECT_EQ(0, as_guest(self->function, KVPCI_READ, SIZE, 2, &value));
	EXPECT_EQ(1024, value);
	value = 7;
	EXPECT_EQ(0, as_guest(self->function, KVPCI_WRITE, SIZE, 2, &value));
	EXPECT_EQ(1024, load(self, SIZE, 2));
	value = VECTORS;
	EXPECT_EQ(0, as_guest(self->function, KVPCI_WRITE, VECTOR, 2, &value));
	EXPECT_EQ(NO_VECTOR, load(self, VECTOR, 2));
	value = ~0ULL;
	EXPECT_EQ(0, as_guest(self->function, KVPCI_WRITE, WRITABLE, 4, &value));
	EXPECT_EQ(0x4bffffff, load(self, WRITABLE, 4));
	EXPECT_EQ(0, as_guest(self->function, KVPCI_WRITE, CONFIG_VECTOR, 1, &value));
	EXPECT_EQ(0, load(self, CONFIG_VECTOR, 2));
	/* A read counts as one of the driver's. */
	EXPECT_EQ(0, as_guest(self->function, KVPCI_READ, GENERATION, 1, &value));
	put(self, 0, COMMON, 1, 1);
	byte = value;
	EXPECT_NE(byte, held(self, 0, GENERATION, 1));
	/* The caller has done what the status is for. */
	value = DRIVER_OK | VIRTIO_CONFIG_S_FAILED;
	EXPECT_EQ(0, as_guest(self->function, KVPCI_WRITE, STATUS, 1, &value));
	EXPECT_EQ(value, load(self, STATUS, 1));
	value = 0;
	EXPECT_EQ(0, as_guest(self->function, KVPCI_WRITE, STATUS, 1, &value));
	EXPECT_RESET_DEVICE();
	EXPECT_EQ(0, self->log.nr);
}

TEST_F(virtio, accesses_that_are_also_to_other_bytes)
{
	const __u64 at = MEM + 0x20000 + PAGE - DESC - 4;
	const int bdf = BDF(0, 3, 0);
	int function;

	/* What is before the range counts to the access: it is none to a field. */
	store(self, -4, 8, 0x200000000);
	EXPECT_EQ(0, load(self, DEVICE_SELECT, 4));
	EXPECT_EQ(0xffffffff, load(self, -4, 8));
	store(self, STATUS, 2, 0x0101);
	EXPECT_EQ(0, self->log.nr);
	/* Both configurations. */
	store(self, COMMON - 4, 8, ~0ULL);
	EXPECT_EQ(0x4342414000000000, load(self, COMMON - 4, 8));
	EXPECT_EQ(0xffffffff5f5e5d5c, load(self, LENGTH - 4, 8));

	/* KVM makes two of an access that crosses a page, each to one half. */
	function = function_new(self->host, bdf, (struct kvpci_function_config) {
		.bars = { { 2 * PAGE } } });
	must(add_virtio(function, 0, PAGE - DESC - 4, LENGTH, describe(self)));
	must(plug(function));
	place(self->host, bdf, MEM + 0x20000);
	guest_store(self->vm, at + DESC, 8, 0x123456789abcdef0);
	EXPECT_EQ(0x123456789abcdef0, guest_load(self->vm, at + DESC, 8));
	EXPECT_EQ(0, guest_load(self->vm, at + DRIVER, 8));
	close(function);
}

TEST_F(virtio, nothing_but_the_common_configuration)
{
	const int bdf = BDF(0, 4, 0);
	const __u64 at = MEM + 0x30000;
	struct kvpci_virtio_config desc = describe(self);
	int function = function_new(self->host, bdf, (struct kvpci_function_config) {
		.bars = { { PAGE } } });
	struct state state;

	desc.queues = 1;
	must(add_virtio(function, 0, 0, COMMON, desc));
	must(plug(function));
	place(self->host, bdf, at);
	EXPECT_EQ(1, guest_load(self->vm, at + NUM_QUEUES, 2));
	EXPECT_EQ(0xffffffff, guest_load(self->vm, at + COMMON, 4));
	EXPECT_EQ(0xffffffff00000000, guest_load(self->vm, at + COMMON - 4, 8));
	guest_store(self->vm, at + COMMON - 4, 8, ~0ULL);
	state = state_get(function);
	EXPECT_EQ(32 + 32, state_record(&state, KVPCI_STATE_VIRTIO)->length);
	EXPECT_EQ(0, state_set(function, &state));
	state_free(&state);
	close(function);
}

#define EXPECT_STATE(result, change) do {					\
	struct state changed = state_copy(&saved);				\
	struct kvpci_state_virtio *common =					\
		state_contents(&changed, KVPCI_STATE_VIRTIO);			\
	struct kvpci_state_virtio_queue *queue = (void *)(common + 1);		\
										\
	(void)queue;								\
	change;									\
	EXPECT_EQ(result, state_set(self->function, &changed)) {		\
		TH_LOG("%s", #change);						\
	}									\
	state_free(&changed);							\
} while (0)

TEST_F(virtio, state)
{
	struct state saved, again;
	__u8 generation;

	start(self, ~0ULL);
	store(self, WRITABLE, 4, 0x00abcdef);
	choose(self, LAST);
	store(self, RESET, 2, 1);
	put(self, 0, GENERATION, 1, 0x33);
	saved = state_get(self->function);
	must(reset(self->function));
	put(self, 0, COMMON, 8, 0);
	must(state_set(self->function, &saved));
	EXPECT_EQ(DRIVER_OK, load(self, STATUS, 1));
	EXPECT_EQ(0x33, load(self, GENERATION, 1));
	EXPECT_EQ(LAST, load(self, SELECT, 2));
	EXPECT_EQ(1, load(self, DRIVER_SELECT, 4));
	EXPECT_EQ(0xffffffff, load(self, DRIVER_FEATURE, 4));
	EXPECT_EQ(1, load(self, RESET, 2));
	EXPECT_EQ(1024, load(self, SIZE, 2));
	EXPECT_EQ(0x111110000 + LAST, load(self, DESC, 8));
	EXPECT_EQ(2, load(self, VECTOR, 2));
	EXPECT_EQ(0, load(self, CONFIG_VECTOR, 2));
	EXPECT_EQ(1, held(self, 0, ENABLE, 2));
	EXPECT_EQ(0x4babcdef, load(self, WRITABLE, 4));
	EXPECT_EQ(0x43424140, load(self, COMMON, 4));
	again = state_get(self->function);
	EXPECT_TRUE(state_equal(&saved, &again));
	state_free(&again);

	/* The driver may have read it, whoever was its device then. */
	put(self, 0, COMMON, 8, 0);
	must(state_set(self->function, &saved));
	generation = held(self, 0, GENERATION, 1);
	put(self, 0, COMMON, 8, 0);
	EXPECT_NE(generation, held(self, 0, GENERATION, 1));

	/* What a driver or a device can have brought about, however foolish. */
	EXPECT_STATE(0, common->device_status = 0xff);
	EXPECT_STATE(0, common->device_status = 0);
	EXPECT_STATE(0, common->queue_select = 0xffff);
	EXPECT_STATE(0, common->device_feature_select = ~0U);
	EXPECT_STATE(0, common->driver_feature_select = ~0U);
	EXPECT_STATE(0, common->driver_features[1] = ~0ULL);
	EXPECT_STATE(0, common->config_msix_vector = NO_VECTOR);
	EXPECT_STATE(0, common->config_msix_vector = VECTORS - 1);
	EXPECT_STATE(0, queue[0].size = 0);
	EXPECT_STATE(0, queue[0].size = 0xffff);
	EXPECT_STATE(0, queue[LAST].desc = ~0ULL);
	EXPECT_STATE(0, queue[1].msix_vector = VECTORS - 1);
	/* And what nobody can. */
	EXPECT_STATE(-EINVAL, common->pad = 1);
	EXPECT_STATE(-EINVAL, common->config_msix_vector = VECTORS);
	EXPECT_STATE(-EINVAL, common->config_msix_vector = NO_VECTOR - 1);
	EXPECT_STATE(-EINVAL, queue[LAST].msix_vector = VECTORS);
	EXPECT_STATE(-EINVAL, queue[0].enable = 2);
	EXPECT_STATE(-EINVAL, queue[LAST].reset = 2);
	EXPECT_STATE(-EINVAL, queue[ABSENT].size = 1);
	EXPECT_STATE(-EINVAL, queue[ABSENT].msix_vector = 0);
	EXPECT_STATE(-EINVAL, queue[ABSENT].enable = 1);
	EXPECT_STATE(-EINVAL, state_record(&changed, KVPCI_STATE_VIRTIO)->length -= 8);
	state_free(&saved);
}

#define EXPECT_VIRTIO(result, bar, offset, length, change) do {			\
	struct kvpci_virtio_config desc = describe(self);			\
	struct kvpci_virtio_queue queue[NR + 1];				\
										\
	memcpy(queue, queues, sizeof(queues));					\
	memset(&queue[NR], 0, sizeof(queue[NR]));				\
	desc.queue = ptr(queue);						\
	change;									\
	EXPECT_EQ(result, add_virtio(function, bar, offset, length, desc)) {	\
		TH_LOG("%s", #change);						\
	}									\
} while (0)

TEST_F(virtio, bad_descriptions)
{
	static const struct kvpci_virtio_queue many[KVPCI_MAX_VIRTIO_QUEUES + 1];
	int function = function_new(self->host, BDF(0, 2, 0), (struct kvpci_function_config) {
		.bars = { { 16 * PAGE }, { 256, KVPCI_BAR_IO } }, .rom_size = PAGE });
	const struct kvpci_range_config none = {
		.size = sizeof(none), .kind = KVPCI_RANGE_VIRTIO, .length = LENGTH };
	char *edge = edge_new();

	EXPECT_VIRTIO(-EINVAL, 0, 0, LENGTH, desc.flags = 1);
	EXPECT_VIRTIO(-EINVAL, 0, 0, LENGTH, desc.queues = 0);
	EXPECT_VIRTIO(-EINVAL, 0, 0, LENGTH, desc.queues = KVPCI_MAX_VIRTIO_QUEUES + 1;
		      desc.queue = ptr(many));
	EXPECT_VIRTIO(-EINVAL, 0, 0, LENGTH, desc.queue_size = 7);
	EXPECT_VIRTIO(-E2BIG, 0, 0, LENGTH, desc.queue_size = PAGE + 1);
	EXPECT_VIRTIO(-E2BIG, 0, 0, LENGTH, desc.queue_size = 16; desc.queues = 2);
	EXPECT_VIRTIO(-EINVAL, 0, 0, LENGTH, queue[LAST].pad = 1);
	EXPECT_VIRTIO(-EINVAL, 0, 0, LENGTH, queue[LAST].size = 32769);
	EXPECT_VIRTIO(-EFAULT, 0, 0, LENGTH, desc.queue = 0);
	EXPECT_VIRTIO(-EFAULT, 0, 0, LENGTH, desc.queue = ptr(edge - sizeof(queue) + 9));
	EXPECT_VIRTIO(-EFAULT, 0, 0, LENGTH, desc.queue = 1ULL << 63);
	EXPECT_VIRTIO(-EFAULT, 0, 0, LENGTH, desc.value = 1);
	EXPECT_VIRTIO(-EFAULT, 0, 0, LENGTH, desc.writable = 1);
	EXPECT_NO_LEAK(40, EXPECT_VIRTIO(-EFAULT, 0, 0, LENGTH, desc.queue = 1));
	EXPECT_NO_LEAK(40, EXPECT_VIRTIO(-EINVAL, 0, 0, LENGTH, queue[0].pad = 1));
	/* The place. */
	EXPECT_VIRTIO(-EINVAL, 0, 0, COMMON - 1, desc.queues = 1);
	EXPECT_VIRTIO(-EINVAL, 0, 0, COMMON + 4097, desc.value = 0);
	EXPECT_VIRTIO(-EINVAL, 0, 2, LENGTH, desc.queues = 1);
	EXPECT_VIRTIO(-EINVAL, 1, 0, LENGTH, desc.queues = 1);
	EXPECT_VIRTIO(-EINVAL, KVPCI_BAR_ROM, 0, LENGTH, desc.queues = 1);
	EXPECT_VIRTIO(-EINVAL, KVPCI_CONFIG, 0x100, LENGTH, desc.queues = 1);
	EXPECT_EQ(-EFAULT, kvpci_ioctl(function, KVPCI_ADD_RANGE, &none));
	EXPECT_VIRTIO(0, 0, 0, COMMON + 4096, desc.value = 0; desc.writable = 0;
		      desc.queues = KVPCI_MAX_VIRTIO_QUEUES; desc.queue = ptr(many));
	EXPECT_VIRTIO(-EEXIST, 0, 0, LENGTH, desc.queues = 1);
	EXPECT_VIRTIO(0, 0, 0x4000, LENGTH, desc.queues = NR);
	edge_free(edge);
	close(function);
}

TEST_HARNESS_MAIN
