// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of the VMM's behind a BAR: it is where the guest finds it when the guest's write that
 * has moved the BAR has completed.
 *
 * Depends on: kernel, delivery.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/structure.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define F		BDF(0, 3, 0)
#define G		BDF(0, 4, 0)
#define MEM		MEM32_BASE
#define ELSEWHERE	(MEM32_BASE + 0x100000)
#define SIZE		(4 * PAGE)	/* of the BAR, */
#define START		PAGE		/* and where the memory is in it, */
#define LENGTH		(2 * PAGE)	/* of that size */
#define SLOT		100		/* of KVM's memory */
#define NAME		0x1122334455667788ULL
#define OTHER		5	/* of a function whose memory is never placed */
#define STAMP		0xdecade00U
#define NOTHING		0xffffffffU

FIXTURE(memory) {
	struct vm *vm;
	struct host host;
	int event;
	int function;
	__u8 *bytes;
	bool read_only;
	bool lazy;		/* does not move it when told to */
	bool stop;
	pthread_mutex_t lock;
	bool there;
	__u64 address;
	int exits;		/* of writes that have moved it */
	int accesses;		/* that came to userspace */
	__u64 offset;		/* of the last one */
};

static void set_memory(struct _test_data_memory *self, bool there)
{
	struct kvm_userspace_memory_region region = {
		.slot = SLOT,
		.flags = self->read_only ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = self->address,
		.memory_size = there ? LENGTH : 0,
		.userspace_addr = (unsigned long)self->bytes,
	};

	if (there == self->there)
		return;
	if (ioctl(self->vm->fd, KVM_SET_USER_MEMORY_REGION, &region))
		die("memory at %#llx: %m", self->address);
	self->there = there;
}

/* Have the guest find it where it is. Returns how often that was to be done. */
static int sync_memory(struct _test_data_memory *self)
{
	struct kvpci_mirror told;
	int ret, times = 0;

	pthread_mutex_lock(&self->lock);
	for (;; times++) {
		struct kvpci_mirror confirm = { .size = sizeof(confirm) };

		told = (struct kvpci_mirror) { .size = sizeof(told) };
		ret = kvpci_ioctl(self->host.fd, KVPCI_GET_MIRROR, &told);
		if (ret)
			break;
		if (!(told.flags & KVPCI_MIRROR_EXTERNAL) || told.length != LENGTH ||
		    told.place != START)
			die("told of something else");
		if (told.user_data != OTHER)
			set_memory(self, false);
		confirm.offset = told.offset;
		confirm.sequence = told.sequence;
		ret = kvpci_ioctl(self->host.fd, KVPCI_SET_MIRROR, &confirm);
		if (ret == -EAGAIN)
			continue;
		must(ret);
		if (told.user_data == OTHER)
			continue;
		self->address = told.address;
		if (told.flags & KVPCI_MIRROR_PLACED)
			set_memory(self, true);
	}
	if (ret != -ENOENT)
		die("KVPCI_GET_MIRROR: %s", strerror(-ret));
	pthread_mutex_unlock(&self->lock);
	return times;
}

/* The VMM. Accesses to the memory that come here find in it what the guest would. */
static __u64 serve(struct vcpu *vcpu, const struct guest_exit *exit)
{
	struct _test_data_memory *self = vcpu->arg;
	struct kvpci_exit said;
	__u64 value = ~0ULL;

	must(get_exit(self->host.fd, exit, vcpu->index, &said));
	if (said.flags & KVPCI_EXIT_MIRROR) {
		if (!(said.flags & KVPCI_EXIT_WRITTEN) || said.bar != KVPCI_CONFIG)
			die("a write that has moved memory is none");
		__atomic_add_fetch(&self->exits, 1, __ATOMIC_SEQ_CST);
		if (!self->lazy)
			sync_memory(self);
		return value;
	}
	if (said.bar || said.offset < START || said.offset >= START + LENGTH)
		die("an access to %#llx of BAR %u", said.offset, said.bar);
	__atomic_add_fetch(&self->accesses, 1, __ATOMIC_SEQ_CST);
	self->offset = said.offset - START;
	if (exit->write)
		memcpy(self->bytes + self->offset, &exit->data, exit->size);
	else
		memcpy(&value, self->bytes + self->offset, exit->size);
	return value;
}

static int add_memory_range(int function, __u32 bar, __u64 offset, __u64 length)
{
	return add_range(function, &(struct range_desc) {
		.kind = KVPCI_RANGE_MEMORY, .bar = bar, .offset = offset, .length = length });
}

FIXTURE_SETUP(memory)
{
	static const __u32 stamp = STAMP;
	int i;

	self->vm = vm_new(2);
	self->event = event_new();
	self->host.vm = self->vm;
	self->host.config = host_defaults(self->vm);
	self->host.config.flags |= KVPCI_HOST_MIRROR;
	self->host.config.mirror_eventfd = self->event;
	self->host.fd = must(create_host(&self->host.config));
	pthread_mutex_init(&self->lock, NULL);
	self->bytes = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	if (self->bytes == MAP_FAILED)
		die("mmap: %m");
	memcpy(self->bytes, &stamp, sizeof(stamp));

	self->function = function_new(&self->host, F, (struct kvpci_function_config) {
		.bars = { { SIZE } }, .user_data = NAME });
	must(add_memory_range(self->function, 0, START, LENGTH));
	must(plug(self->function));
	for (i = 0; i < 2; i++) {
		self->vm->vcpus[i].on_exit = serve;
		self->vm->vcpus[i].arg = self;
	}
}

FIXTURE_TEARDOWN(memory)
{
	set_memory(self, false);
	if (self->function >= 0)
		close(self->function);
	close(self->host.fd);
	vm_free(self->vm);
	munmap(self->bytes, LENGTH);
	close(self->event);
}

static void move(struct _test_data_memory *self, enum mechanism how, __u32 address)
{
	cfg_write(&self->host, how, F, PCI_BASE_ADDRESS_0, 4, address);
}

static void decode(struct _test_data_memory *self, bool on)
{
	set_command(&self->host, F, on ? PCI_COMMAND_MEMORY : 0);
}

static __u32 at(struct _test_data_memory *self, __u64 address)
{
	return guest_load(self->vm, address + START, 4);
}

TEST_F(memory, it_comes_to_where_the_bar_is)
{
	struct kvpci_mirror told = { .size = sizeof(told) };

	/* It is nowhere at first, which is to be known. */
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(0, kvpci_ioctl(self->host.fd, KVPCI_GET_MIRROR, &told));
	EXPECT_EQ(KVPCI_MIRROR_EXTERNAL, told.flags);
	EXPECT_EQ(NAME, told.user_data);
	EXPECT_EQ(0, told.bar);
	EXPECT_EQ(START, told.place);
	EXPECT_EQ(LENGTH, told.length);
	EXPECT_EQ(1, sync_memory(self));
	EXPECT_EQ(0, event_count(self->event));

	/* Nobody has to wait for it to come. */
	move(self, BY_ECAM, MEM);
	EXPECT_EQ(0, event_count(self->event));
	decode(self, true);
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(0, self->exits);
	EXPECT_EQ(STAMP, at(self, MEM));
	EXPECT_EQ(1, self->accesses);
	guest_store(self->vm, MEM + START + PAGE, 4, 1);
	EXPECT_EQ(2, self->accesses);
	EXPECT_EQ(PAGE, self->offset);

	told = (struct kvpci_mirror) { .size = sizeof(told) };
	EXPECT_EQ(0, kvpci_ioctl(self->host.fd, KVPCI_GET_MIRROR, &told));
	EXPECT_EQ(KVPCI_MIRROR_EXTERNAL | KVPCI_MIRROR_PLACED, told.flags);
	EXPECT_EQ(MEM + START, told.address);
	EXPECT_EQ(1, sync_memory(self));

	/* From now on it is memory, and what is around it is not. */
	EXPECT_EQ(1, guest_load(self->vm, MEM + START + PAGE, 4));
	guest_store(self->vm, MEM + START + PAGE, 4, 2);
	EXPECT_EQ(2, self->bytes[PAGE]);
	EXPECT_EQ(2, self->accesses);
	EXPECT_EQ(NOTHING, guest_load(self->vm, MEM, 4));
	EXPECT_EQ(NOTHING, guest_load(self->vm, MEM + START + LENGTH, 4));
	EXPECT_EQ(0, self->exits);
}

TEST_F(memory, it_has_moved_when_the_write_has_completed)
{
	int how;

	move(self, BY_ECAM, MEM);
	decode(self, true);
	sync_memory(self);
	for (how = BY_PORTS; how <= BY_ECAM; how++) {
		self->exits = 0;
		move(self, how, ELSEWHERE);
		EXPECT_EQ(1, self->exits);
		EXPECT_EQ(STAMP, at(self, ELSEWHERE));
		EXPECT_EQ(NOTHING, at(self, MEM));

		/* The same in one run of the guest. */
		guest_begin(&self->vm->vcpus[0]);
		add_cfg_write(&self->vm->vcpus[0], &self->host, how, F, PCI_BASE_ADDRESS_0, 4, MEM);
		add_expect(&self->vm->vcpus[0], MEM + START, 4, STAMP);
		add_expect(&self->vm->vcpus[0], ELSEWHERE + START, 4, NOTHING);
		guest_run(&self->vm->vcpus[0], 1);
		EXPECT_EQ(2, self->exits);

		/* It decodes no more, and again, which nobody waits for. */
		decode(self, false);
		EXPECT_EQ(3, self->exits);
		EXPECT_EQ(NOTHING, at(self, MEM));
		decode(self, true);
		EXPECT_EQ(3, self->exits);
		sync_memory(self);
		EXPECT_EQ(STAMP, at(self, MEM));
	}
	EXPECT_EQ(0, self->accesses);
}

/* Another BAR, which is smaller, lies on it, and goes. */
TEST_F(memory, what_is_laid_on_it_is_found)
{
	static const __u32 value = 7;
	int other = function_new(&self->host, G, (struct kvpci_function_config) {
		.bars = { { PAGE } } });

	must(add_range(other, &(struct range_desc) {
		.kind = KVPCI_RANGE_REGISTERS, .length = 4, .value = ptr(&value) }));
	must(plug(other));
	move(self, BY_ECAM, MEM);
	decode(self, true);
	sync_memory(self);
	set_command(&self->host, G, PCI_COMMAND_MEMORY);
	EXPECT_EQ(0, self->exits);
	set_bar(&self->host, G, 0, MEM + START);
	EXPECT_EQ(1, self->exits);
	EXPECT_EQ(7, at(self, MEM));
	EXPECT_FALSE(self->there);
	set_bar(&self->host, G, 0, ELSEWHERE);
	EXPECT_EQ(1, self->exits);
	sync_memory(self);
	EXPECT_TRUE(self->there);
	EXPECT_EQ(STAMP, at(self, MEM));
	close(other);
}

/* Whoever else writes may rely on it, and so is told, too. */
TEST_F(memory, until_it_has_moved_others_are_told)
{
	int other = function_new(&self->host, G, (struct kvpci_function_config) {
		.bars = { { PAGE }, { SIZE } }, .user_data = OTHER });

	must(add_memory_range(other, 1, START, LENGTH));
	must(plug(other));
	move(self, BY_ECAM, MEM);
	decode(self, true);
	sync_memory(self);
	set_bar(&self->host, G, 0, ELSEWHERE);
	EXPECT_EQ(0, self->exits);
	self->lazy = true;
	move(self, BY_ECAM, ELSEWHERE);
	EXPECT_EQ(1, self->exits);
	set_bar(&self->host, G, 0, ELSEWHERE + SIZE);
	EXPECT_EQ(2, self->exits);
	set_command(&self->host, G, 0);
	EXPECT_EQ(3, self->exits);
	/* What can't matter is not. */
	cfg_write(&self->host, BY_PORTS, G, PCI_INTERRUPT_LINE, 1, 5);
	EXPECT_EQ(3, self->exits);
	/* Moving on is no end of it. */
	move(self, BY_PORTS, ELSEWHERE + 2 * SIZE);
	EXPECT_EQ(4, self->exits);
	self->lazy = false;
	sync_memory(self);
	set_bar(&self->host, G, 0, MEM);
	EXPECT_EQ(4, self->exits);
	EXPECT_EQ(STAMP, at(self, ELSEWHERE + 2 * SIZE));

	/* It goes while it is to be moved: nobody waits for it any more. */
	self->lazy = true;
	move(self, BY_ECAM, MEM);
	EXPECT_EQ(5, self->exits);
	set_memory(self, false);
	close(self->function);
	self->function = -1;
	set_bar(&self->host, G, 0, ELSEWHERE);
	EXPECT_EQ(5, self->exits);
	close(other);
}

TEST_F(memory, what_the_vmm_does_it_follows_itself)
{
	move(self, BY_ECAM, MEM);
	decode(self, true);
	sync_memory(self);
	event_count(self->event);
	EXPECT_EQ(0, reset(self->function));
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(1, sync_memory(self));
	EXPECT_FALSE(self->there);
	EXPECT_EQ(NOTHING, at(self, MEM));
	write_as_guest(self->function, PCI_BASE_ADDRESS_0, 4, ELSEWHERE);
	write_as_guest(self->function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	EXPECT_EQ(1, event_count(self->event));
	EXPECT_EQ(1, sync_memory(self));
	EXPECT_EQ(STAMP, at(self, ELSEWHERE));

	/* A function that goes takes it along. */
	set_memory(self, false);
	close(self->function);
	self->function = -1;
	EXPECT_LE(1, event_count(self->event));
	EXPECT_EQ(1, sync_memory(self));
	EXPECT_FALSE(self->there);
	EXPECT_EQ(0, self->exits);
	EXPECT_EQ(0, self->accesses);
}

TEST_F(memory, writes_to_what_is_to_read_only_come_to_the_vmm)
{
	self->read_only = true;
	move(self, BY_ECAM, MEM);
	decode(self, true);
	sync_memory(self);
	EXPECT_EQ(STAMP, at(self, MEM));
	EXPECT_EQ(0, self->accesses);
	guest_store(self->vm, MEM + START + 8, 4, 3);
	EXPECT_EQ(1, self->accesses);
	EXPECT_EQ(3, guest_load(self->vm, MEM + START + 8, 4));
	EXPECT_EQ(1, self->accesses);
	EXPECT_EQ(8, self->offset);
}

TEST_F(memory, where_there_may_be_some)
{
	struct kvpci_host_config config = host_defaults(self->vm);
	int function = function_new(&self->host, G, (struct kvpci_function_config) {
		.bars = { { SIZE }, { 256, KVPCI_BAR_IO }, { 256 } }, .rom_size = SIZE });
	struct host plain = { .vm = vm_new(1) };

	EXPECT_EQ(-EINVAL, add_memory_range(function, 0, 8, PAGE));
	EXPECT_EQ(-EINVAL, add_memory_range(function, 0, 0, PAGE - 8));
	EXPECT_EQ(-EINVAL, add_memory_range(function, 0, 0, 2 * SIZE));
	EXPECT_EQ(-EINVAL, add_memory_range(function, 1, 0, 256));
	EXPECT_EQ(-EINVAL, add_memory_range(function, 2, 0, 256));
	EXPECT_EQ(-EINVAL, add_memory_range(function, KVPCI_BAR_ROM, 0, PAGE));
	EXPECT_EQ(-EINVAL, add_memory_range(function, KVPCI_CONFIG, 0, PAGE));
	EXPECT_EQ(0, add_memory_range(function, 0, 0, PAGE));
	EXPECT_EQ(-EEXIST, add_memory_range(function, 0, 0, PAGE));
	EXPECT_EQ(0, add_memory_range(function, 0, PAGE, SIZE - PAGE));
	EXPECT_EQ(0, add_range(function, &(struct range_desc) {
		.range_flags = KVPCI_RANGE_REMOVE, .kind = KVPCI_RANGE_MEMORY, .length = PAGE }));
	/* A guest's write to memory rings nothing. */
	EXPECT_EQ(-EBUSY, doorbell(function, &(struct kvpci_doorbell) {
		.size = sizeof(struct kvpci_doorbell), .offset = SIZE - 4, .length = 4,
		.eventfd = self->event }));
	EXPECT_EQ(-EBUSY, doorbell(function, &(struct kvpci_doorbell) {
		.size = sizeof(struct kvpci_doorbell), .offset = PAGE - 4, .length = 8,
		.eventfd = self->event }));
	EXPECT_EQ(0, doorbell(function, &(struct kvpci_doorbell) {
		.size = sizeof(struct kvpci_doorbell), .offset = PAGE - 4, .length = 4,
		.eventfd = self->event }));
	EXPECT_EQ(-EBUSY, add_memory_range(function, 0, 0, PAGE));
	EXPECT_EQ(0, plug(function));
	EXPECT_EQ(-EBUSY, add_memory_range(function, 0, 0, PAGE));
	EXPECT_EQ(-EBUSY, add_range(function, &(struct range_desc) {
		.range_flags = KVPCI_RANGE_REMOVE, .kind = KVPCI_RANGE_MEMORY, .offset = PAGE,
		.length = SIZE - PAGE }));
	close(function);

	/* A bridge that can't tell of it. */
	config.vm_fd = plain.vm->fd;
	plain.config = config;
	plain.fd = must(create_host(&config));
	function = function_new(&plain, F, (struct kvpci_function_config) { .bars = { { SIZE } } });
	EXPECT_EQ(-EINVAL, add_memory_range(function, 0, 0, PAGE));
	close(function);
	close(plain.fd);
	vm_free(plain.vm);
}

/* When all has been moved, no write ends in the VMM for that. */
static bool is_settled(struct _test_data_memory *self)
{
	int before;

	sync_memory(self);
	before = self->exits;
	set_bar(&self->host, F, 1, 0);
	return self->exits == before;
}

/* Two vCPUs move BARs, one of which has the memory, and rely on it that these have moved. */
TEST_F(memory, moves_on_two_processors)
{
	static const __u32 value = 7;
	const unsigned long times = scaled(400);
	struct vcpu *vcpus = self->vm->vcpus;
	int i, other = function_new(&self->host, G, (struct kvpci_function_config) {
		.bars = { { PAGE } } });

	must(add_range(other, &(struct range_desc) {
		.kind = KVPCI_RANGE_REGISTERS, .length = 4, .value = ptr(&value) }));
	must(plug(other));
	set_bar(&self->host, G, 0, ELSEWHERE + 0x100000);
	set_command(&self->host, G, PCI_COMMAND_MEMORY);
	move(self, BY_ECAM, MEM);
	decode(self, true);
	sync_memory(self);
	guest_begin(&vcpus[0]);
	guest_begin(&vcpus[1]);
	for (i = 1; i >= 0; i--) {
		const __u64 here = i ? ELSEWHERE : MEM, there = i ? MEM : ELSEWHERE;
		const __u64 others = ELSEWHERE + 0x100000 * (1 + i);

		add_cfg_write(&vcpus[0], &self->host, BY_ECAM, F, PCI_BASE_ADDRESS_0, 4, here);
		add_expect(&vcpus[0], here + START, 4, STAMP);
		add_expect(&vcpus[0], there + START, 4, NOTHING);
		add_cfg_write(&vcpus[1], &self->host, BY_ECAM, G, PCI_BASE_ADDRESS_0, 4, others);
		add_expect(&vcpus[1], others, 4, 7);
	}
	guest_start(&vcpus[1], ~0ULL);
	guest_run(&vcpus[0], times);
	guest_stop(&vcpus[1]);
	guest_wait(&vcpus[1]);
	/* Not all are away from where it was: it may be late in coming. */
	EXPECT_LE(1, self->exits);
	TH_LOG("%lu moves, %d exits, %d accesses", 2 * times, self->exits, self->accesses);
	EXPECT_TRUE(is_settled(self));
	close(other);
}

/* The VMM asks all the time, and so may be quicker than who has changed something. */
static void *sync_all_the_time(void *arg)
{
	struct _test_data_memory *self = arg;

	while (!__atomic_load_n(&self->stop, __ATOMIC_SEQ_CST))
		if (!sync_memory(self))
			usleep(LOOK_US);
	return NULL;
}

TEST_F(memory, a_vmm_that_is_quicker_owes_nothing)
{
	const unsigned long times = scaled(1000);
	struct vcpu *vcpu = &self->vm->vcpus[0];
	pthread_t thread;
	int i;

	move(self, BY_ECAM, MEM);
	must(-pthread_create(&thread, NULL, sync_all_the_time, self));
	guest_begin(vcpu);
	for (i = 0; i < 2; i++) {
		add_cfg_write(vcpu, &self->host, BY_ECAM, F, PCI_COMMAND, 2, 0);
		add_expect(vcpu, MEM + START, 4, NOTHING);
		add_cfg_write(vcpu, &self->host, BY_ECAM, F, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
		add_expect(vcpu, MEM + START, 4, STAMP);
	}
	for (i = 0; i < times; i++) {
		guest_run(vcpu, 1);
		ASSERT_TRUE(is_settled(self)) {
			TH_LOG("time %d", i);
		}
	}
	__atomic_store_n(&self->stop, true, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
}

TEST_HARNESS_MAIN
