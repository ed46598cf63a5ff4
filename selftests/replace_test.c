// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges that come and go while the guest sees the function.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/rig.h"
#include "lib/state.h"
#include "lib/structure.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define F		BDF(0, 3, 0)
#define MEM		MEM32_BASE
#define PORTS		IO_BASE
#define NOTHING		0xffffffffU
#define OLD		0x01010101U
#define NEW		0x4e4e4e4eU

FIXTURE(replace) {
	struct vm *vm;
	struct host *host;
	int function;
};

/* A function with nothing behind its BARs, which decode. */
FIXTURE_SETUP(replace)
{
	self->vm = vm_new(2);
	self->host = host_new(self->vm);
	self->function = function_plugged(self->host, F, (struct kvpci_function_config) {
		.bars = { { 2 * PAGE }, { 64, KVPCI_BAR_IO } } });
	set_bar(self->host, F, 0, MEM);
	set_bar(self->host, F, 1, PORTS);
	set_command(self->host, F, DECODE_ALL);
}

FIXTURE_TEARDOWN(replace)
{
	close(self->function);
	host_free(self->host);
	vm_free(self->vm);
}

static const __u32 all = ~0U;

/* Registers of 4 bytes, all of which the guest may write. */
static struct range_desc registers(__u32 bar, __u64 offset, const __u32 *value)
{
	return (struct range_desc) {
		.kind = KVPCI_RANGE_REGISTERS, .bar = bar,
		.offset = offset, .length = 4, .value = ptr(value), .writable = ptr(&all),
	};
}

static struct range_desc mirrored(__u64 offset, const __u32 *value)
{
	struct range_desc range = registers(0, offset, value);

	range.flags = KVPCI_REGISTERS_MIRROR;
	return range;
}

static int change(int function, __u32 flags, struct range_desc range)
{
	range.range_flags = flags;
	return add_range(function, &range);
}

static int remove_range(int function, __u32 bar, __u64 offset, __u64 length)
{
	return change(function, KVPCI_RANGE_REMOVE, (struct range_desc) {
		.kind = KVPCI_RANGE_REGISTERS, .bar = bar, .offset = offset, .length = length });
}

/* By ports if @bar is not 0. */
static __u32 guest_read(struct vm *vm, __u32 bar, __u64 at)
{
	return bar ? guest_in(vm, at, 4) : guest_load(vm, at, 4);
}

static void guest_write(struct vm *vm, __u32 bar, __u64 at, __u32 value)
{
	if (bar)
		guest_out(vm, at, 4, value);
	else
		guest_store(vm, at, 4, value);
}

TEST_F(replace, the_guest_finds_what_is_there_now)
{
	const __u32 old = OLD, new = NEW;
	__u32 bar, found;

	for (bar = 0; bar < 2; bar++) {
		const __u64 at = bar ? PORTS + 8 : MEM + 8;

		EXPECT_EQ(NOTHING, guest_read(self->vm, bar, at));
		EXPECT_EQ(0, change(self->function, 0, registers(bar, 8, &old)));
		EXPECT_EQ(OLD, guest_read(self->vm, bar, at));
		guest_write(self->vm, bar, at, 5);
		EXPECT_EQ(0, device_read(self->function, bar, 8, &found, 4));
		EXPECT_EQ(5, found);
		EXPECT_EQ(0, change(self->function, KVPCI_RANGE_REPLACE, registers(bar, 8, &new)));
		EXPECT_EQ(NEW, guest_read(self->vm, bar, at));
		EXPECT_EQ(0, reset(self->function));
		EXPECT_EQ(0, device_read(self->function, bar, 8, &found, 4));
		EXPECT_EQ(NEW, found);
		set_bar(self->host, F, 0, MEM);
		set_bar(self->host, F, 1, PORTS);
		set_command(self->host, F, DECODE_ALL);
		EXPECT_EQ(0, remove_range(self->function, bar, 8, 4));
		EXPECT_EQ(NOTHING, guest_read(self->vm, bar, at));
		guest_write(self->vm, bar, at, 6);
		EXPECT_EQ(NOTHING, guest_read(self->vm, bar, at));
		EXPECT_EQ(-EINVAL, device_read(self->function, bar, 8, &found, 4));

		/* Between two others, and of another kind. */
		EXPECT_EQ(0, change(self->function, 0, registers(bar, 4, &old)));
		EXPECT_EQ(0, change(self->function, 0, registers(bar, 12, &old)));
		EXPECT_EQ(0, change(self->function, 0, registers(bar, 8, &new)));
		EXPECT_EQ(NEW, guest_read(self->vm, bar, at));
		self->vm->vcpus[0].on_exit = exit_is_noted;
		EXPECT_EQ(0, change(self->function, KVPCI_RANGE_REPLACE, (struct range_desc) {
			.kind = KVPCI_RANGE_USERSPACE, .bar = bar, .offset = 8, .length = 4 }));
		EXPECT_EQ(EXIT_ANSWER & NOTHING, guest_read(self->vm, bar, at));
		EXPECT_EQ(0, change(self->function, KVPCI_RANGE_REPLACE, registers(bar, 8, &new)));
		self->vm->vcpus[0].on_exit = NULL;
		EXPECT_EQ(NEW, guest_read(self->vm, bar, at));
		EXPECT_EQ(0, remove_range(self->function, bar, 8, 4));
		EXPECT_EQ(NOTHING, guest_read(self->vm, bar, at));
		EXPECT_EQ(0, device_read(self->function, bar, 4, &found, 4));
		EXPECT_EQ(OLD, found);
		EXPECT_EQ(0, device_read(self->function, bar, 12, &found, 4));
		EXPECT_EQ(OLD, found);
	}
}

TEST_F(replace, what_can_not_be_removed_or_replaced)
{
	const __u32 old = OLD;
	struct range_desc range = registers(0, 8, &old);
	struct device *device;
	struct rig *rig;
	int unplugged;

	EXPECT_EQ(-ENOENT, remove_range(self->function, 0, 8, 4));
	EXPECT_EQ(-ENOENT, change(self->function, KVPCI_RANGE_REPLACE, range));
	EXPECT_EQ(0, change(self->function, 0, range));
	EXPECT_EQ(-EEXIST, change(self->function, 0, range));
	EXPECT_EQ(-ENOENT, remove_range(self->function, 0, 8, 3));
	EXPECT_EQ(-ENOENT, remove_range(self->function, 0, 9, 3));
	EXPECT_EQ(-ENOENT, remove_range(self->function, 0, 8, 5));
	EXPECT_EQ(-ENOENT, remove_range(self->function, 1, 8, 4));
	EXPECT_EQ(-EINVAL, remove_range(self->function, 2, 8, 4));
	EXPECT_EQ(-EINVAL, remove_range(self->function, 0, 8, 0));
	EXPECT_EQ(-EINVAL, remove_range(self->function, 0, 2 * PAGE - 2, 4));
	EXPECT_EQ(-EINVAL, change(self->function, KVPCI_RANGE_FLAGS, range));
	EXPECT_EQ(-EINVAL, kvpci_ioctl(self->function, KVPCI_ADD_RANGE,
				       &(struct kvpci_range_config) {
		.size = sizeof(struct kvpci_range_config), .flags = KVPCI_RANGE_REMOVE,
		.kind = KVPCI_RANGE_REGISTERS, .offset = 8, .length = 4, .data = 1 }));
	EXPECT_EQ(OLD, guest_load(self->vm, MEM + 8, 4));
	EXPECT_EQ(0, remove_range(self->function, 0, 8, 4));
	EXPECT_EQ(-ENOENT, remove_range(self->function, 0, 8, 4));

	/* The same before the guest sees it. */
	unplugged = function_new(self->host, BDF(0, 4, 0), (struct kvpci_function_config) {
		.bars = { { PAGE } } });
	EXPECT_EQ(0, change(unplugged, 0, range));
	EXPECT_EQ(0, change(unplugged, KVPCI_RANGE_REPLACE, range));
	EXPECT_EQ(0, remove_range(unplugged, 0, 8, 4));
	EXPECT_EQ(-ENOENT, remove_range(unplugged, 0, 8, 4));
	close(unplugged);

	/* MSI-X has its table and pending bits for good. */
	rig = rig_new(1, 0);
	device = device_new(rig, (struct device_desc) { .bdf = F, .msix.vectors = 2 });
	EXPECT_EQ(-EINVAL, remove_range(device->function, BAR_MSIX, 0, 32));
	EXPECT_EQ(-EINVAL, remove_range(device->function, BAR_MSIX, 32, 8));
	device_free(device);
	rig_free(rig);
}

TEST_F(replace, what_has_a_mirror_stays)
{
	const __u32 old = OLD, new = NEW;
	int expected = mirrors_wanted() ? -EBUSY : 0;
	int function = function_new(self->host, BDF(0, 4, 0), (struct kvpci_function_config) {
		.bars = { { 2 * PAGE } } });

	EXPECT_EQ(0, change(function, 0, mirrored(0, &old)));
	EXPECT_EQ(0, plug(function));
	EXPECT_EQ(expected, change(function, KVPCI_RANGE_REPLACE, mirrored(0, &new)));
	EXPECT_EQ(expected, change(function, 0, mirrored(16, &new)));
	EXPECT_EQ(expected, remove_range(function, 0, 0, 4));
	/* A page further on there is none. */
	EXPECT_EQ(0, change(function, 0, mirrored(PAGE, &new)));
	set_bar(self->host, BDF(0, 4, 0), 0, MEM + 0x100000);
	set_command(self->host, BDF(0, 4, 0), PCI_COMMAND_MEMORY);
	host_sync(self->host);
	EXPECT_EQ(NEW, guest_load(self->vm, MEM + 0x100000 + PAGE, 4));
	EXPECT_EQ(expected ? OLD : NOTHING, guest_load(self->vm, MEM + 0x100000, 4));
	EXPECT_EQ(0, remove_range(function, 0, PAGE, 4));
	EXPECT_EQ(NOTHING, guest_load(self->vm, MEM + 0x100000 + PAGE, 4));
	close(function);
}

/* Where something else is in the page, there is none. */
TEST_F(replace, what_is_to_be_mirrored_and_is_not_may_go)
{
	const __u32 old = OLD;
	int function = function_new(self->host, BDF(0, 4, 0), (struct kvpci_function_config) {
		.bars = { { PAGE } } });

	EXPECT_EQ(0, change(function, 0, mirrored(0, &old)));
	add_userspace(function, 0, 64, 4);
	EXPECT_EQ(0, plug(function));
	set_bar(self->host, BDF(0, 4, 0), 0, MEM + 0x100000);
	set_command(self->host, BDF(0, 4, 0), PCI_COMMAND_MEMORY);
	EXPECT_EQ(OLD, guest_load(self->vm, MEM + 0x100000, 4));
	EXPECT_EQ(0, remove_range(function, 0, 0, 4));
	EXPECT_EQ(NOTHING, guest_load(self->vm, MEM + 0x100000, 4));
	close(function);
}

/* Limits are of what there is. */
TEST_F(replace, what_was_removed_makes_room)
{
	const __u32 old = OLD;
	int i;

	close(self->function);
	self->function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars = { { 2 * PAGE } } });
	for (i = 0; i < KVPCI_MAX_RANGES; i++)
		ASSERT_EQ(0, change(self->function, 0, registers(0, 4 * i, &old)));
	must(plug(self->function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, PCI_COMMAND_MEMORY);
	EXPECT_EQ(-ENOSPC, change(self->function, 0, registers(0, 4 * i, &old)));
	EXPECT_EQ(0, change(self->function, KVPCI_RANGE_REPLACE, registers(0, 0, &old)));
	EXPECT_EQ(0, remove_range(self->function, 0, 0, 4));
	EXPECT_EQ(0, change(self->function, 0, registers(0, 4 * i, &old)));
	EXPECT_EQ(-ENOSPC, change(self->function, 0, registers(0, 0, &old)));
	EXPECT_EQ(NOTHING, guest_load(self->vm, MEM, 4));
	EXPECT_EQ(OLD, guest_load(self->vm, MEM + 4 * i, 4));
	for (i = 1; i <= 8; i++)
		ASSERT_EQ(0, remove_range(self->function, 0, 4 * i, 4));
	EXPECT_EQ(NOTHING, guest_load(self->vm, MEM + 4, 4));
	EXPECT_EQ(OLD, guest_load(self->vm, MEM + 4 * i, 4));
}

/* So are those of bytes. */
TEST_F(replace, what_was_removed_makes_room_for_others)
{
	__u8 *ones = malloc(KVPCI_MAX_REGISTERS);
	int function = function_new(self->host, BDF(0, 4, 0), (struct kvpci_function_config) {
		.bars = { { 2 * KVPCI_MAX_REGISTERS } } });
	struct range_desc all_of_them = {
		.kind = KVPCI_RANGE_REGISTERS, .length = KVPCI_MAX_REGISTERS,
		.writable = ptr(ones),
	};
	const __u32 old = OLD;

	if (!ones)
		die("out of memory");
	memset(ones, 0xff, KVPCI_MAX_REGISTERS);
	EXPECT_EQ(0, add_range(function, &all_of_them));
	EXPECT_EQ(-ENOSPC, change(function, 0, registers(0, KVPCI_MAX_REGISTERS, &old)));
	EXPECT_EQ(0, change(function, KVPCI_RANGE_REPLACE, all_of_them));
	EXPECT_EQ(-ENOSPC, change(function, 0, registers(0, KVPCI_MAX_REGISTERS, &old)));
	EXPECT_EQ(0, remove_range(function, 0, 0, KVPCI_MAX_REGISTERS));
	EXPECT_EQ(0, change(function, 0, registers(0, KVPCI_MAX_REGISTERS, &old)));
	EXPECT_EQ(-ENOSPC, add_range(function, &all_of_them));
	EXPECT_EQ(0, remove_range(function, 0, KVPCI_MAX_REGISTERS, 4));
	EXPECT_EQ(0, add_range(function, &all_of_them));
	close(function);
	free(ones);
}

TEST_F(replace, state_is_of_what_there_is)
{
	const __u32 old = OLD;
	struct state with, without;

	without = state_get(self->function);
	EXPECT_EQ(0, change(self->function, 0, registers(0, 8, &old)));
	with = state_get(self->function);
	EXPECT_GT(with.length, without.length);
	EXPECT_EQ(-EINVAL, state_set(self->function, &without));
	guest_store(self->vm, MEM + 8, 4, 1);
	EXPECT_EQ(0, state_set(self->function, &with));
	EXPECT_EQ(OLD, guest_load(self->vm, MEM + 8, 4));
	EXPECT_EQ(0, remove_range(self->function, 0, 8, 4));
	EXPECT_EQ(-EINVAL, state_set(self->function, &with));
	EXPECT_EQ(0, state_set(self->function, &without));
	state_free(&with);
	state_free(&without);
}

/* The pin follows what is there. */
TEST_F(replace, a_pin_that_has_followed_what_is_removed_is_low)
{
	const __u8 raised = 1;
	__u32 found;
	struct range_desc level = {
		.kind = KVPCI_RANGE_REGISTERS, .flags = KVPCI_REGISTERS_LEVEL, .bar = 0,
		.length = 4, .interrupt = KVPCI_INTX, .writable = ptr(&all),
	};
	int function = function_plugged(self->host, BDF(0, 4, 0),
					(struct kvpci_function_config) {
		.bars = { { PAGE } }, .interrupt_pin = 1 });

#define IS_HIGH	(!!(cfg_read(self->host, BY_ECAM, BDF(0, 4, 0), PCI_STATUS, 2) & \
		    PCI_STATUS_INTERRUPT))

	EXPECT_EQ(0, add_range(function, &level));
	EXPECT_EQ(0, device_write(function, 0, 0, &raised, 1));
	EXPECT_TRUE(IS_HIGH);
	EXPECT_EQ(0, remove_range(function, 0, 0, 4));
	EXPECT_FALSE(IS_HIGH);
	EXPECT_EQ(0, add_range(function, &level));
	EXPECT_EQ(0, device_write(function, 0, 0, &raised, 1));
	EXPECT_TRUE(IS_HIGH);
	EXPECT_EQ(0, change(function, KVPCI_RANGE_REPLACE, level));
	EXPECT_FALSE(IS_HIGH);
	EXPECT_EQ(0, device_write(function, 0, 0, &raised, 1));
	EXPECT_TRUE(IS_HIGH);

	/* There is one at a time. */
	level.offset = 8;
	EXPECT_EQ(-EEXIST, add_range(function, &level));
	level.offset = 16;
	EXPECT_EQ(0, change(function, 0, registers(0, 16, &all)));
	EXPECT_EQ(-EEXIST, change(function, KVPCI_RANGE_REPLACE, level));
	EXPECT_EQ(0, device_read(function, 0, 16, &found, 4));
	EXPECT_EQ(all, found);
	EXPECT_TRUE(IS_HIGH);
	level.offset = 8;
	EXPECT_EQ(0, remove_range(function, 0, 0, 4));
	EXPECT_EQ(0, add_range(function, &level));
	EXPECT_FALSE(IS_HIGH);
	close(function);
}

/* There is no moment at which neither of two is there. */
TEST_F(replace, what_replaces_another_is_there_at_once)
{
	static const __u32 value = OLD;
	struct vcpu *vcpu = &self->vm->vcpus[1];
	unsigned long i;

	must(change(self->function, 0, registers(0, 8, &value)));
	must(change(self->function, 0, registers(1, 8, &value)));
	guest_begin(vcpu);
	for (i = 0; i < 20; i++) {
		add_expect(vcpu, MEM + 8, 4, OLD);
		guest_add(vcpu, (struct agent_op) {
			.kind = OP_IN, .addr = PORTS + 8, .size = 4, .value = OLD,
			.flags = OP_EXPECT });
	}
	guest_start(vcpu, ~0ULL);
	guest_begun(vcpu);
	for (i = 0; i < scaled(500); i++) {
		ASSERT_EQ(0, change(self->function, KVPCI_RANGE_REPLACE, registers(0, 8, &value)));
		ASSERT_EQ(0, change(self->function, KVPCI_RANGE_REPLACE, registers(1, 8, &value)));
	}
	guest_stop(vcpu);
	guest_wait(vcpu);
}

/*
 * A vCPU reads and writes, a device does, a driver resets, and each finds one of those that
 * there are. On a kernel with KASAN it is seen whether that was still its own.
 */
struct restless {
	int function;
	atomic_bool stop;
	unsigned long others;
};

/* A reset puts back one byte after the other. */
static bool is_old_and_new(__u32 found)
{
	int i;

	for (i = 0; i < 4; i++, found >>= 8)
		if ((found & 0xff) != (OLD & 0xff) && (found & 0xff) != (NEW & 0xff))
			return false;

	return true;
}

static void *look(void *arg)
{
	struct restless *restless = arg;

	while (!atomic_load(&restless->stop)) {
		__u32 found;

		must(device_read(restless->function, 0, 8, &found, 4));
		restless->others += !is_old_and_new(found);
		found = NEW;
		must(device_write(restless->function, 0, 8, &found, 4));
		usleep(LOOK_US);
	}
	return NULL;
}

static void *put_back(void *arg)
{
	struct restless *restless = arg;

	while (!atomic_load(&restless->stop)) {
		must(reset(restless->function));
		/* Others are to come to the host's lock, which is not a fair one. */
		usleep(LOOK_US);
	}
	return NULL;
}

TEST_F(replace, whoever_accesses_them_finds_one_or_the_other)
{
	static const __u32 values[] = { OLD, NEW };
	struct restless restless = { .function = self->function };
	struct vcpu *vcpu = &self->vm->vcpus[1];
	pthread_t threads[2];
	unsigned long i;

	must(change(self->function, 0, registers(0, 8, &values[0])));
	must(-pthread_create(&threads[0], NULL, look, &restless));
	must(-pthread_create(&threads[1], NULL, put_back, &restless));
	guest_begin(vcpu);
	/* A reset has closed the BAR by then, or not: what is behind it is there. */
	add_cfg_write(vcpu, self->host, BY_ECAM, F, PCI_BASE_ADDRESS_0, 4, MEM);
	add_cfg_write(vcpu, self->host, BY_ECAM, F, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	for (i = 0; i < 20; i++) {
		add_load(vcpu, MEM + 8, 4);
		add_store(vcpu, MEM + 8, 4, OLD);
	}
	guest_start(vcpu, ~0ULL);
	guest_begun(vcpu);
	for (i = 1; i < scaled(500); i++) {
		const __u32 *value = &values[i & 1];

		ASSERT_EQ(0, change(self->function, KVPCI_RANGE_REPLACE, registers(0, 8, value)));
		/* And one that is sometimes there. */
		ASSERT_EQ(0, change(self->function, 0, registers(0, 16, value)));
		ASSERT_EQ(0, remove_range(self->function, 0, 16, 4));
	}
	guest_stop(vcpu);
	guest_wait(vcpu);
	atomic_store(&restless.stop, true);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, restless.others);
}

TEST_HARNESS_MAIN
