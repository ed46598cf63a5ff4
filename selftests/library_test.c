// SPDX-License-Identifier: GPL-2.0
/*
 * libkvpci, as far as the other tests, which use it, do not notice: whose access it was, memory
 * of the caller's, routes in its table, vectors that are handed over, the state of all at once, and
 * what it refuses by itself.
 *
 * Depends on: kernel, delivery.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/harness.h"

#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/follower.h"
#include "lib/guest.h"
#include "lib/ioctls.h"
#include "lib/irqfd.h"
#include "lib/message.h"
#include "lib/pci.h"
#include "lib/wait.h"

#define F		BDF(0, 1, 0)
#define G		BDF(0, 2, 0)
#define MEM		(MEM32_BASE + 0x100000)
#define PAGE		0x1000
#define STAMP		0x5ca1ab1e
#define COOKIE		0x123456789abcdef0ULL
#define VECTORS		4
#define MORE_VECTORS	65		/* than the library takes at once */
#define MSIX		0x40
#define MESSAGE		0xfee00000
#define FIRST_GSI	24
#define HANDED		0x40		/* of the first vector; the others' follow */
#define BRIDGE_WINDOW	(MEM32_BASE >> 16 | 0xcff00000)

FIXTURE(library) {
	struct vm *vm;
	struct host host;
	struct kvpci_machine machine;
	struct kvpci_exit said;
	int exits;
	int ret;
	__u8 *bytes;
};

/* The VMM: it notes what it is told, and answers with STAMP. */
static __u64 serve(struct vcpu *vcpu, const struct guest_exit *exit)
{
	struct _test_data_library *self = vcpu->arg;

	self->exits++;
	self->said = (struct kvpci_exit){ .size = sizeof(self->said) };
	self->ret = kvpci_host_exit(self->host.bridge, vcpu->index,
				    exit->io ? KVPCI_EXIT_IO : 0, exit->addr, &self->said);
	return self->ret ? ~0ULL : STAMP;
}

static int create(struct _test_data_library *self)
{
	int device = must(kvpci_open());
	int ret = kvpci_host_create(device, &self->host.config, &self->machine,
				    &self->host.bridge);

	close(device);
	if (!ret) {
		self->host.fd = kvpci_host_fd(self->host.bridge);
		self->vm->mirrored = self->host.bridge;
	}
	return ret;
}

FIXTURE_SETUP(library)
{
	self->vm = vm_new(1);
	self->host.vm = self->vm;
	self->host.config = host_defaults(self->vm);
	self->host.config.flags |= KVPCI_HOST_MIRROR;
	self->machine = (struct kvpci_machine) {
		.size = sizeof(self->machine), .first_slot = 1, .nr_slots = 4,
		.phys_bits = self->vm->phys_bits,
	};
	self->bytes = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			   -1, 0);
	if (self->bytes == MAP_FAILED)
		die("mmap: %m");
	must(create(self));
	self->vm->vcpus[0].on_exit = serve;
	self->vm->vcpus[0].arg = self;
}

FIXTURE_TEARDOWN(library)
{
	self->vm->mirrored = NULL;
	kvpci_host_free(self->host.bridge);
	vm_free(self->vm);
	munmap(self->bytes, 2 * PAGE);
}

static struct kvpci_function *function_with(struct _test_data_library *self, int bdf, __u32 size,
					    __u64 user_data)
{
	return function_by_library(&self->host, bdf, (struct kvpci_function_config) {
		.bars = { { size } }, .user_data = user_data }, NULL);
}

static void place(struct _test_data_library *self, int bdf, __u32 address)
{
	set_bar(&self->host, bdf, 0, address);
	set_command(&self->host, bdf, PCI_COMMAND_MEMORY);
}

/* Each access is that of the function which was there, by the caller's name of it. */
TEST_F(library, functions_come_and_go)
{
	struct kvpci_exit small = { .size = KVPCI_EXIT_SIZE_VER0 - 1 };
	struct kvpci_function *f, *g;
	int i;

	g = function_with(self, G, PAGE, ~COOKIE);
	must(kvpci_function_add_range(g, 0, KVPCI_RANGE_USERSPACE, 0, 8, NULL));
	must(kvpci_function_plug(g));
	place(self, G, MEM + PAGE);
	EXPECT_EQ(~COOKIE, kvpci_function_user_data(g));
	for (i = 0; i < 5; i++) {
		f = function_with(self, F, PAGE, COOKIE + i);
		must(kvpci_function_add_range(f, 0, KVPCI_RANGE_USERSPACE, 16, 8, NULL));
		must(kvpci_function_plug(f));
		place(self, F, MEM);
		EXPECT_EQ(STAMP, guest_load(self->vm, MEM + 20, 4));
		EXPECT_EQ(0, self->ret);
		EXPECT_EQ(COOKIE + i, self->said.user_data);
		EXPECT_EQ(0, self->said.bar);
		EXPECT_EQ(20, self->said.offset);
		EXPECT_EQ(STAMP, guest_load(self->vm, MEM + PAGE, 4));
		EXPECT_EQ(~COOKIE, self->said.user_data);
		kvpci_function_free(f);
		/* The kernel still knows what it was for, and nobody is there. */
		EXPECT_EQ(~0U, guest_load(self->vm, MEM + 20, 4));
	}
	/* And an address of nobody's. */
	EXPECT_EQ(~0U, guest_load(self->vm, 0x80000000, 4));
	EXPECT_EQ(-ENOENT, self->ret);
	EXPECT_EQ(-EINVAL, kvpci_host_exit(self->host.bridge, 0, 0, MEM, &small));
	EXPECT_FALSE(kvpci_host_owns(self->host.bridge, 0, 0x80000000));
	EXPECT_TRUE(kvpci_host_owns(self->host.bridge, 0, MEM));
	EXPECT_TRUE(kvpci_host_owns(self->host.bridge, 0, ECAM_BASE));
	EXPECT_TRUE(kvpci_host_owns(self->host.bridge, KVPCI_EXIT_IO, CF8_ADDRESS));
	EXPECT_FALSE(kvpci_host_owns(self->host.bridge, KVPCI_EXIT_IO, 0xcf7));
}

/* Memory of the caller's is where the guest has its BAR, at once. */
TEST_F(library, memory_follows_its_bar)
{
	struct kvpci_function *f = function_with(self, F, 4 * PAGE, COOKIE), *g;
	__u32 *word = (__u32 *)self->bytes;

	*word = STAMP;
	EXPECT_EQ(-EINVAL, kvpci_function_add_range(f, 0, KVPCI_RANGE_MEMORY, 0, PAGE, NULL));
	EXPECT_EQ(-EINVAL, kvpci_function_add_memory(f, 0, 16, PAGE, self->bytes, 0));
	EXPECT_EQ(-EINVAL, kvpci_function_add_memory(f, 0, 0, PAGE, self->bytes + 16, 0));
	EXPECT_EQ(-EINVAL, kvpci_function_add_memory(f, 0, 0, PAGE, NULL, 0));
	EXPECT_EQ(-EINVAL, kvpci_function_add_memory(f, 0, 0, PAGE, self->bytes, 1U << 31));
	EXPECT_EQ(0, kvpci_function_add_memory(f, 0, 0, PAGE, self->bytes, 0));
	EXPECT_EQ(0, kvpci_function_remove_range(f, 0, KVPCI_RANGE_MEMORY, 0, PAGE));
	EXPECT_EQ(0, kvpci_function_add_memory(f, 0, PAGE, PAGE, self->bytes, 0));
	EXPECT_EQ(0, kvpci_function_add_memory(f, 0, 2 * PAGE, PAGE, self->bytes + PAGE,
					       KVM_MEM_READONLY));
	must(kvpci_function_plug(f));
	place(self, F, MEM);
	self->exits = 0;
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM + PAGE, 4));
	guest_store(self->vm, MEM + PAGE + 8, 4, 7);
	EXPECT_EQ(7, word[2]);
	EXPECT_EQ(0, guest_load(self->vm, MEM + 2 * PAGE, 4));
	EXPECT_EQ(0, self->exits);

	/* What may only be read is written by the VMM. */
	guest_store(self->vm, MEM + 2 * PAGE + 4, 4, 7);
	EXPECT_EQ(1, self->exits);
	EXPECT_EQ(0, self->ret);
	EXPECT_EQ(COOKIE, self->said.user_data);
	EXPECT_EQ(2 * PAGE + 4, self->said.offset);

	/* The write that moves it waits until it has moved; nobody else has it follow. */
	*word = 1;
	guest_store(self->vm, ecam_address(&self->host, F, PCI_BASE_ADDRESS_0), 4,
		    MEM + 0x100000);
	EXPECT_EQ(2, self->exits);
	EXPECT_EQ(1, guest_load(self->vm, MEM + 0x100000 + PAGE, 4));
	EXPECT_EQ(~0U, guest_load(self->vm, MEM + PAGE, 4));
	EXPECT_EQ(2, self->exits);

	/* What the caller does in the guest's name it follows too. */
	*word = 2;
	EXPECT_EQ(0, kvpci_function_write_as_guest(f, KVPCI_CONFIG, PCI_BASE_ADDRESS_0, MEM, 4));
	EXPECT_EQ(2, guest_load(self->vm, MEM + PAGE, 4));
	EXPECT_EQ(~0U, guest_load(self->vm, MEM + 0x100000 + PAGE, 4));
	EXPECT_EQ(0, kvpci_function_reset(f));
	EXPECT_EQ(~0U, guest_load(self->vm, MEM + PAGE, 4));
	EXPECT_EQ(2, self->exits);
	place(self, F, MEM);

	/* Another one on top of it hides it; when that has gone, it is there again. */
	g = function_with(self, G, 16, ~COOKIE);
	must(kvpci_function_plug(g));
	place(self, G, MEM + 3 * PAGE);
	self->exits = 0;
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM + PAGE, 4));
	EXPECT_EQ(1, self->exits);
	kvpci_function_free(g);
	*word = ~STAMP;
	EXPECT_EQ((__u32)~STAMP, guest_load(self->vm, MEM + PAGE, 4));
	EXPECT_EQ(1, self->exits);

	/* And nothing of it when its function has gone. */
	kvpci_function_free(f);
	EXPECT_EQ(~0U, guest_load(self->vm, MEM + PAGE, 4));
	EXPECT_EQ(0, kvpci_host_dispatch(self->host.bridge, NULL));
}

static struct kvpci_function *stamped(struct _test_data_library *self, int bdf)
{
	struct kvpci_function *function = function_with(self, bdf, PAGE, COOKIE);
	const __u8 writable[8] = { [0 ... 7] = 0xff };
	struct kvpci_registers_config registers = {
		.size = sizeof(registers), .writable = (unsigned long)writable,
	};

	must(kvpci_function_add_range(function, 0, KVPCI_RANGE_REGISTERS, 0, 8, &registers));
	return function;
}

/* All of it at once, into functions that have been made in another order. */
TEST_F(library, state_is_saved_and_restored)
{
	struct kvpci_host *bridge = self->host.bridge;
	struct kvpci_function *f, *g;
	size_t length, n;
	__u32 *words;
	void *state;

	f = stamped(self, F);
	g = stamped(self, G);
	must(kvpci_function_plug(f));
	place(self, F, MEM);
	guest_store(self->vm, MEM, 4, STAMP);
	ASSERT_EQ(0, kvpci_host_save(bridge, &state, &length));
	words = state;

	guest_store(self->vm, MEM, 4, 0);
	set_bar(&self->host, F, 0, MEM + 0x100000);
	EXPECT_EQ(0, kvpci_host_restore(bridge, state, length));
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM, 4));

	/* Whatever is cut off, or is too much. */
	for (n = 0; n < length; n += n < 256 ? 1 : 61)
		EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, state, n));
	words[0] ^= 1;
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, state, length));
	words[0] ^= 1;
	words[2]++;
	EXPECT_EQ(-EOPNOTSUPP, kvpci_host_restore(bridge, state, length));
	words[2]--;

	/* Other functions than those that there were. */
	kvpci_function_free(g);
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, state, length));
	g = stamped(self, BDF(0, 3, 0));
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, state, length));
	kvpci_function_free(g);
	kvpci_function_free(f);
	g = stamped(self, G);
	f = stamped(self, F);
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, state, length));
	must(kvpci_function_plug(f));
	EXPECT_EQ(0, kvpci_host_restore(bridge, state, length));
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM, 4));
	must(kvpci_function_plug(g));
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, state, length));
	free(state);
}

/* Each entry is there once, and none is left out. */
TEST_F(library, state_has_each_function_once)
{
	struct kvpci_host *bridge = self->host.bridge;
	struct kvpci_function *f;
	size_t none, one;
	__u32 *words;
	void *state;
	char *twice;

	ASSERT_EQ(0, kvpci_host_save(bridge, &state, &none));
	f = stamped(self, F);
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, state, none));
	free(state);

	ASSERT_EQ(0, kvpci_host_save(bridge, &state, &one));
	twice = malloc(2 * one - none);
	ASSERT_NE(NULL, twice);
	memcpy(twice, state, one);
	memcpy(twice + one, state + none, one - none);
	words = (__u32 *)twice;
	EXPECT_EQ(2, words[3]);
	words[3] = 3;
	words[4] = 2 * one - none;
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, twice, 2 * one - none));
	words[3] = 2;
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, twice, 2 * one - none));
	words[4] = one;
	EXPECT_EQ(0, kvpci_host_restore(bridge, twice, one));

	/* A path, or records, that go on after the end. */
	memcpy(&words[none / 4 + 1], &(__u32){ ~0U }, 4);
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, twice, one));
	memcpy(&words[none / 4 + 1], &(__u32){ 2 }, 4);
	EXPECT_EQ(0, kvpci_host_restore(bridge, twice, one));
	words[none / 4 + 2] += 8;
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, twice, one));
	words[none / 4 + 2] -= 8;
	words[none / 4 + 3] = ~0U;
	EXPECT_EQ(-EINVAL, kvpci_host_restore(bridge, twice, one));
	free(twice);
	free(state);
	kvpci_function_free(f);
}

static struct kvpci_function *create_bridge(struct host *host)
{
	struct kvpci_function *bridge;

	bridge = function_by_library(host, G, (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_BRIDGE, .class_code = 0x060400 }, NULL);
	must(kvpci_function_plug(bridge));
	cfg_write(host, BY_ECAM, G, PCI_PRIMARY_BUS, 4, 1 << 8 | 1 << 16);
	cfg_write(host, BY_ECAM, G, PCI_MEMORY_BASE, 4, (MEM & 0xfff00000) | MEM >> 16);
	set_command(host, G, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return bridge;
}

/* What is behind a bridge that goes is out of the guest, and another may have its place. */
TEST_F(library, a_bridge_goes)
{
	const struct kvpci_function_config desc = { .bars = { { PAGE } }, .user_data = COOKIE };
	struct kvpci_function *bridge, *f, *g;
	void *state;
	size_t length;

	*(__u32 *)self->bytes = STAMP;
	bridge = create_bridge(&self->host);
	f = function_by_library(&self->host, BDF(1, 0, 0), desc, bridge);
	must(kvpci_function_add_memory(f, 0, 0, PAGE, self->bytes, 0));
	must(kvpci_function_plug(f));
	place(self, BDF(1, 0, 0), MEM);
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM, 4));
	ASSERT_EQ(0, kvpci_host_save(self->host.bridge, &state, &length));
	kvpci_function_free(bridge);
	EXPECT_EQ(~0U, guest_load(self->vm, MEM, 4));
	EXPECT_EQ(-EINVAL, kvpci_host_restore(self->host.bridge, state, length));

	/* The old one is left, and has no part in what is saved. */
	bridge = create_bridge(&self->host);
	g = function_by_library(&self->host, BDF(1, 0, 0), desc, bridge);
	must(kvpci_function_add_memory(g, 0, 0, PAGE, self->bytes, 0));
	must(kvpci_function_plug(g));
	EXPECT_EQ(0, kvpci_host_restore(self->host.bridge, state, length));
	EXPECT_EQ(STAMP, guest_load(self->vm, MEM, 4));
	free(state);
	kvpci_function_free(f);
	kvpci_function_free(g);
	kvpci_function_free(bridge);
}

/* A VMM's own table of routes, of which KVM knows nothing here. It refuses data below @least. */
struct table {
	unsigned int limit;
	unsigned int taken;
	bool used[MORE_VECTORS];
	unsigned int changes;
	unsigned int commits;
	__u32 least;
	__u32 data[MORE_VECTORS];
};

static int table_take(void *context, unsigned int *gsi)
{
	struct table *table = context;
	unsigned int i;

	if (table->taken == table->limit)
		return -ENOSPC;
	for (i = 0; table->used[i]; i++)
		;
	table->used[i] = true;
	table->taken++;
	*gsi = FIRST_GSI + i;
	return 0;
}

static int table_change(void *context, unsigned int gsi, __u64 address, __u32 data,
			__u32 requester)
{
	struct table *table = context;

	if (address != MESSAGE || (requester != F && requester != G) ||
	    gsi - FIRST_GSI >= MORE_VECTORS)
		return -EINVAL;
	if (data < table->least)
		return -EPERM;
	table->data[gsi - FIRST_GSI] = data;
	table->changes++;
	return 0;
}

static void table_give_back(void *context, unsigned int gsi)
{
	struct table *table = context;

	table->used[gsi - FIRST_GSI] = false;
	table->taken--;
}

static int table_commit(void *context)
{
	struct table *table = context;

	table->commits++;
	return 0;
}

static const struct kvpci_gsi_ops table_ops = {
	.size = sizeof(table_ops), .take = table_take, .change = table_change,
	.give_back = table_give_back, .commit = table_commit,
};

/* Where a function has its BAR: F at MEM. */
static __u32 bar_of(const struct host *host, int bdf)
{
	return host->config.mem32.base + (MEM - MEM32_BASE) + PAGE * (bdf - F);
}

static void write_message(struct host *host, int bdf, unsigned int vector, __u32 data)
{
	__u64 entry = bar_of(host, bdf) + 16 * vector;

	guest_store(host->vm, entry, 4, MESSAGE);
	guest_store(host->vm, entry + 4, 4, 0);
	guest_store(host->vm, entry + 8, 4, data);
	guest_store(host->vm, entry + 12, 4, 0);
}

static struct kvpci_function *describe_msix(struct host *host, int bdf, int vectors)
{
	const struct kvpci_msix msix = {
		.size = sizeof(msix), .vectors = vectors, .pba_offset = PAGE / 2,
	};
	const struct kvpci_capability capability = {
		.flags = KVPCI_CAP_MSIX, .id = PCI_CAP_ID_MSIX, .offset = MSIX,
		.length = sizeof(msix), .value = (unsigned long)&msix,
	};
	struct kvpci_function *function;

	function = function_by_library(host, bdf, (struct kvpci_function_config) {
		.bars = { { PAGE } }, .capabilities = (unsigned long)&capability,
		.nr_capabilities = 1 }, NULL);
	must(kvpci_function_plug(function));
	return function;
}

/* Its vectors wait for routes. */
static struct kvpci_function *create_msix(struct host *host, int bdf, int vectors)
{
	struct kvpci_function *function = describe_msix(host, bdf, vectors);
	int i;

	set_bar(host, bdf, 0, bar_of(host, bdf));
	set_command(host, bdf, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	cfg_write(host, BY_ECAM, bdf, MSIX + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	for (i = 0; i < vectors; i++)
		write_message(host, bdf, i, 0x40 + i);
	return function;
}

static bool is_routed(const struct kvpci_function *function)
{
	struct kvpci_route route = { .interrupt = KVPCI_MSIX };

	return get_route(kvpci_function_fd(function), &route) == -ENOENT;
}

/* If there are too few GSIs, vectors that have one have it, and others wait. */
TEST(routes_of_the_callers)
{
	struct kvpci_route route = { .interrupt = KVPCI_MSIX };
	struct vm *vm = vm_new_with(1, VM_INTERRUPTS);
	struct host host = { .vm = vm, .config = host_defaults(vm) };
	struct table table = { .limit = 2 };
	const struct kvpci_machine machine = {
		.size = sizeof(machine), .gsi_ops = &table_ops, .gsi_context = &table,
	};
	struct kvpci_function *f, *g, *culprit;
	struct kvpci_counts counts;
	int device = must(kvpci_open());

	host.config.flags |= KVPCI_HOST_IRQFD;
	ASSERT_EQ(0, kvpci_host_create(device, &host.config, &machine, &host.bridge));
	EXPECT_EQ(KVPCI_DELIVERY_IRQFD, kvpci_host_delivery(host.bridge));
	f = create_msix(&host, F, VECTORS);
	EXPECT_EQ(-ENOSPC, kvpci_host_dispatch(host.bridge, &culprit));
	EXPECT_EQ(f, culprit);
	EXPECT_EQ(2, table.taken);
	EXPECT_EQ(2, table.changes);
	EXPECT_EQ(1, table.commits);
	EXPECT_EQ(0x41, table.data[1]);
	EXPECT_EQ(0, get_route(kvpci_function_fd(f), &route));
	EXPECT_EQ(2, route.vector);
	EXPECT_EQ(0, kvpci_host_dispatch(host.bridge, &culprit));
	EXPECT_EQ(NULL, culprit);

	/* The next message that changes has all looked for again. */
	table.limit = 8;
	write_message(&host, F, 3, 0x53);
	EXPECT_EQ(0, kvpci_host_dispatch(host.bridge, NULL));
	EXPECT_EQ(VECTORS, table.taken);
	EXPECT_EQ(0x42, table.data[2]);
	EXPECT_EQ(0x53, table.data[3]);
	EXPECT_TRUE(is_routed(f));

	/* A GSI stays its vector's. */
	write_message(&host, F, 0, 0x50);
	EXPECT_EQ(0, kvpci_host_dispatch(host.bridge, NULL));
	EXPECT_EQ(VECTORS, table.taken);
	EXPECT_EQ(0x50, table.data[0]);
	kvpci_host_count(host.bridge, &counts, sizeof(counts));
	EXPECT_EQ(table.commits, counts.commits);
	EXPECT_EQ(table.changes, counts.routes);

	/* Another function gets those that this one gives back, and what somebody else does. */
	table.limit = VECTORS + 1;
	g = create_msix(&host, G, VECTORS);
	EXPECT_EQ(-ENOSPC, kvpci_host_dispatch(host.bridge, &culprit));
	EXPECT_EQ(g, culprit);
	table.limit++;
	kvpci_host_retry(host.bridge);
	EXPECT_TRUE(eventually(kvpci_host_dispatch(host.bridge, NULL) == -ENOSPC));
	EXPECT_EQ(VECTORS + 2, table.taken);
	/* One that has its GSI does not wait for one that has none. */
	write_message(&host, G, 1, 0x51);
	EXPECT_EQ(-ENOSPC, kvpci_host_dispatch(host.bridge, NULL));
	route = (struct kvpci_route) { .interrupt = KVPCI_MSIX };
	EXPECT_EQ(0, get_route(kvpci_function_fd(g), &route));
	EXPECT_EQ(2, route.vector);
	kvpci_function_free(f);
	EXPECT_TRUE(eventually(!kvpci_host_dispatch(host.bridge, NULL) && is_routed(g)));
	EXPECT_EQ(VECTORS, table.taken);
	kvpci_function_free(g);
	EXPECT_EQ(0, table.taken);
	EXPECT_EQ(0, kvpci_host_dispatch(host.bridge, NULL));
	kvpci_host_free(host.bridge);
	close(device);
	vm_free(vm);
}

/* However many messages the caller refuses: those after them have their routes. */
TEST(refused_ones_keep_back_no_others)
{
	struct kvpci_route route = { .interrupt = KVPCI_MSIX };
	struct vm *vm = vm_new_with(1, VM_INTERRUPTS);
	struct host host = { .vm = vm, .config = host_defaults(vm) };
	struct table table = { .limit = MORE_VECTORS };
	const struct kvpci_machine machine = {
		.size = sizeof(machine), .gsi_ops = &table_ops, .gsi_context = &table,
	};
	int device = must(kvpci_open());
	unsigned int refused;

	host.config.flags |= KVPCI_HOST_IRQFD;
	ASSERT_EQ(0, kvpci_host_create(device, &host.config, &machine, &host.bridge));
	for (refused = 1; refused < MORE_VECTORS; refused += MORE_VECTORS - 2) {
		struct kvpci_function *f = create_msix(&host, F, MORE_VECTORS);

		table.least = 0x40 + refused;
		EXPECT_EQ(-EPERM, kvpci_host_dispatch(host.bridge, NULL));
		route.vector = 0;
		EXPECT_EQ(0, get_route(kvpci_function_fd(f), &route));
		EXPECT_EQ(0, route.vector);
		route.vector = refused;
		EXPECT_EQ(-ENOENT, get_route(kvpci_function_fd(f), &route));
		EXPECT_EQ(0x40 + MORE_VECTORS - 1, table.data[MORE_VECTORS - 1]);
		/* It was told of. */
		EXPECT_EQ(0, kvpci_host_dispatch(host.bridge, NULL));

		table.least = 0;
		write_message(&host, F, 0, 0x40);
		EXPECT_EQ(0, kvpci_host_dispatch(host.bridge, NULL));
		EXPECT_TRUE(is_routed(f));
		kvpci_function_free(f);
		memset(table.data, 0, sizeof(table.data));
	}
	kvpci_host_free(host.bridge);
	close(device);
	vm_free(vm);
}

/* Two bridges share a table that ends where KVM's numbers do. */
TEST(bridges_share_a_table)
{
	const struct kvm_irq_routing_entry last = {
		.gsi = 4095 - VECTORS, .type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC },
	};
	const struct kvm_irq_routing_entry beyond = { .gsi = 4096 };
	const struct kvm_irq_routing_entry unknown = { .type = ~0U };
	struct vm *vm = vm_new_with(1, VM_INTERRUPTS);
	struct host one = { .vm = vm, .config = host_defaults(vm) }, other = one;
	struct kvpci_machine machine = { .size = sizeof(machine) };
	int device = must(kvpci_open());
	struct kvpci_function *f, *g;

	EXPECT_EQ(-EINVAL, kvpci_gsis_create(vm->fd, 0, &beyond, 1, &machine.gsis));
	EXPECT_EQ(-EINVAL, kvpci_gsis_create(vm->fd, 0, &unknown, 1, &machine.gsis));
	EXPECT_EQ(NULL, machine.gsis);
	ASSERT_EQ(0, kvpci_gsis_create(vm->fd, 0, &last, 1, &machine.gsis));
	EXPECT_EQ(VECTORS, kvpci_gsis_left(machine.gsis));
	one.config.flags = KVPCI_HOST_ECAM | KVPCI_HOST_IRQFD;
	one.config.last_bus = 15;
	one.config.mem32.length = 0x10000000;
	one.config.mem64 = (struct kvpci_window) { 0 };
	one.config.io = (struct kvpci_window) { 0 };
	other.config = one.config;
	other.config.ecam = one.config.ecam + 0x1000000;
	other.config.mem32.base += 0x10000000;
	ASSERT_EQ(0, kvpci_host_create(device, &one.config, &machine, &one.bridge));
	ASSERT_EQ(0, kvpci_host_create(device, &other.config, &machine, &other.bridge));
	f = create_msix(&one, F, VECTORS);
	EXPECT_EQ(0, kvpci_host_dispatch(one.bridge, NULL));
	EXPECT_TRUE(is_routed(f));
	g = create_msix(&other, F, VECTORS);
	EXPECT_EQ(-ENOSPC, kvpci_host_dispatch(other.bridge, NULL));
	kvpci_host_free(one.bridge);
	EXPECT_TRUE(eventually(!kvpci_host_dispatch(other.bridge, NULL) && is_routed(g)));
	EXPECT_EQ(0, kvpci_gsis_left(machine.gsis));
	kvpci_host_free(other.bridge);
	EXPECT_EQ(VECTORS, kvpci_gsis_left(machine.gsis));
	kvpci_gsis_free(machine.gsis);
	close(device);
	vm_free(vm);
}

/* The caller's pointers are the kernel's to look at. */
TEST(pointers_are_the_kernels)
{
	const struct kvpci_capability capability = {
		.flags = KVPCI_CAP_MSIX, .id = PCI_CAP_ID_MSIX,
		.length = sizeof(struct kvpci_msix), .value = 8,
	};
	struct kvpci_function_config config = {
		.size = sizeof(config), .devfn = F, .vendor = VENDOR, .nr_capabilities = 1,
		.capability_size = sizeof(capability), .bars = { { PAGE } },
		.flags = KVPCI_FUNCTION_ROUTE_EVENTFD,
	};
	struct vm *vm = vm_new_with(1, VM_INTERRUPTS);
	struct host *host = host_new(vm);
	struct kvpci_function *f;

	EXPECT_EQ(-EFAULT, kvpci_function_create(host->bridge, &config, NULL, &f));
	config.capabilities = (unsigned long)&capability;
	EXPECT_EQ(-EFAULT, kvpci_function_create(host->bridge, &config, NULL, &f));
	config.nr_capabilities = 0;
	EXPECT_EQ(0, kvpci_function_create(host->bridge, &config, NULL, &f));
	EXPECT_EQ(-EINVAL, kvpci_function_hand(f, KVPCI_MSIX, 0, 0));
	host_free(host);
	vm_free(vm);
}

/* Vectors that the library hands over, of a device whose driver is the first vCPU. */
FIXTURE(hand) {
	struct rig *rig;
	struct kvpci_host *bridge;
	struct device *device;
	int source[VECTORS];
	int other;
};

static __u64 follow_exit(struct vcpu *vcpu, const struct guest_exit *exit)
{
	struct _test_data_hand *self = vcpu->arg;
	struct kvpci_exit said = { .size = sizeof(said) };

	must(kvpci_host_exit(self->bridge, vcpu->index, exit->io ? KVPCI_EXIT_IO : 0, exit->addr,
			     &said));
	return 0;
}

FIXTURE_SETUP(hand)
{
	int i;

	self->rig = rig_new(2, 0);
	self->bridge = self->rig->host->bridge;
	if (!self->rig->host->follower)
		self->rig->host->follower = follower_new(self->bridge);
	self->rig->vm->vcpus[0].on_exit = follow_exit;
	self->rig->vm->vcpus[0].arg = self;
	for (i = 0; i < VECTORS; i++)
		self->source[i] = event_new();
	self->other = event_new();
	rig_listen(self->rig);
}

FIXTURE_TEARDOWN(hand)
{
	int i;

	if (self->device)
		device_free(self->device);
	for (i = 0; i < VECTORS; i++)
		close(self->source[i]);
	close(self->other);
	rig_deafen(self->rig);
	rig_free(self->rig);
}

static struct kvpci_counts counts_of(struct _test_data_hand *self)
{
	struct kvpci_counts counts;

	kvpci_host_count(self->bridge, &counts, sizeof(counts));
	return counts;
}

/* The kernel takes no other route for one that is handed over. */
static bool is_handed(struct _test_data_hand *self, __u32 interrupt, __u32 vector)
{
	const int function = self->device->function;

	return set_route(function, interrupt, vector, ~0ULL, self->other, 0) == -EBUSY;
}

static void expect_handed(struct __test_metadata *_metadata, struct _test_data_hand *self,
			  __u32 interrupt, __u32 vector)
{
	EXPECT_TRUE(eventually(is_handed(self, interrupt, vector)));
	event_signal(self->source[vector]);
	EXPECT_EQ(1, take(self->rig, 1, HANDED + vector, 1));
	/* What else triggers it comes as well. */
	must(trigger(self->device->function, interrupt, vector));
	EXPECT_EQ(1, take(self->rig, 1, HANDED + vector, 1));
}

#define EXPECT_HANDED(interrupt, vector) expect_handed(_metadata, self, interrupt, vector)

/* It is not when what recalls it has been done; how many have been taken back, @before then? */
#define EXPECT_TAKEN_BACK(nr, before)					\
	EXPECT_EQ(nr, counts_of(self).taken_back - (before).taken_back)

static void make_device(struct _test_data_hand *self, struct device_desc desc)
{
	desc.hands = true;
	desc.express = true;
	self->device = device_plugged(self->rig, desc);
}

/* The guest's driver has use for all but the last. */
static void enable(struct _test_data_hand *self)
{
	int i;

	for (i = 0; i < VECTORS; i++) {
		msix_message(self->device, i, MSI_TO(1), HANDED + i);
		msix_mask(self->device, i, i == VECTORS - 1);
	}
	msix_control(self->device, PCI_MSIX_FLAGS_ENABLE);
}

static void begin(struct _test_data_hand *self)
{
	int i;

	make_device(self, (struct device_desc) { .bdf = F, .msix = { .vectors = VECTORS } });
	for (i = 0; i < VECTORS; i++)
		must(kvpci_function_hand(self->device->handle, KVPCI_MSIX, i, self->source[i]));
	enable(self);
}

TEST_F(hand, what_the_guest_forbids_is_taken_back)
{
	struct kvpci_counts before;
	struct device *device;

	begin(self);
	device = self->device;
	EXPECT_HANDED(KVPCI_MSIX, 0);
	EXPECT_HANDED(KVPCI_MSIX, 1);
	EXPECT_FALSE(is_handed(self, KVPCI_MSIX, VECTORS - 1));

	before = counts_of(self);
	msix_mask(device, 0, true);
	EXPECT_TAKEN_BACK(1, before);
	event_signal(self->source[0]);
	EXPECT_TRUE(eventually(msix_pending(device, 0)));
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_TRUE(is_handed(self, KVPCI_MSIX, 1));
	msix_mask(device, 0, false);
	EXPECT_EQ(1, take(self->rig, 1, HANDED, 1));
	EXPECT_HANDED(KVPCI_MSIX, 0);

	before = counts_of(self);
	msix_message(device, 0, MSI_TO(1), HANDED + VECTORS);
	EXPECT_TAKEN_BACK(1, before);
	event_signal(self->source[0]);
	EXPECT_EQ(1, take(self->rig, 1, HANDED + VECTORS, 1));
	EXPECT_TRUE(eventually(is_handed(self, KVPCI_MSIX, 0)));
	event_signal(self->source[0]);
	EXPECT_EQ(1, take(self->rig, 1, HANDED + VECTORS, 1));

	before = counts_of(self);
	set_master(device, false);
	EXPECT_LE(2, counts_of(self).taken_back - before.taken_back);
	event_signal(self->source[1]);
	EXPECT_TRUE(eventually(msix_pending(device, 1)));
	set_master(device, true);
	EXPECT_EQ(1, take(self->rig, 1, HANDED + 1, 1));
	EXPECT_HANDED(KVPCI_MSIX, 1);
	EXPECT_EQ(0, strays(self->rig));
}

TEST_F(hand, what_the_caller_forbids_is_taken_back)
{
	struct device *device;
	struct kvpci_counts before;

	begin(self);
	device = self->device;
	EXPECT_HANDED(KVPCI_MSIX, 0);
	EXPECT_TRUE(eventually(is_handed(self, KVPCI_MSIX, 1)));

	EXPECT_EQ(0, kvpci_function_write_as_guest(device->handle, KVPCI_CONFIG, PCI_COMMAND,
						   DECODE_ALL, 2));
	EXPECT_FALSE(is_handed(self, KVPCI_MSIX, 0));
	EXPECT_FALSE(is_handed(self, KVPCI_MSIX, 1));
	EXPECT_EQ(0, kvpci_function_write_as_guest(device->handle, KVPCI_CONFIG, PCI_COMMAND,
						   DECODE_ALL | PCI_COMMAND_MASTER, 2));
	EXPECT_HANDED(KVPCI_MSIX, 0);
	EXPECT_TRUE(eventually(is_handed(self, KVPCI_MSIX, 1)));

	EXPECT_EQ(0, kvpci_function_reset(device->handle));
	EXPECT_FALSE(is_handed(self, KVPCI_MSIX, 1));
	event_signal(self->source[1]);
	EXPECT_EQ(0, strays(self->rig));
	device_place(device, DECODE_ALL | PCI_COMMAND_MASTER);
	enable(self);
	EXPECT_EQ(1, take(self->rig, 1, HANDED + 1, 1));
	EXPECT_HANDED(KVPCI_MSIX, 1);

	/* By an ioctl of its own, of which the event loop is told. */
	before = counts_of(self);
	must(reset(device->function));
	EXPECT_TRUE(eventually(counts_of(self).taken_back > before.taken_back));
}

/* The library's descriptor is to be the last one. */
static void close_first(struct device *device)
{
	close(device->function);
	device->function = -1;
	kvpci_function_free(device->handle);
	device->handle = NULL;
}

TEST_F(hand, sources_come_and_go)
{
	struct device *device;
	struct kvpci_counts before;
	int other;

	begin(self);
	device = self->device;
	EXPECT_HANDED(KVPCI_MSIX, 0);
	EXPECT_EQ(-EEXIST, kvpci_function_hand(device->handle, KVPCI_MSIX, 0, self->other));
	EXPECT_EQ(-EINVAL, kvpci_function_hand(device->handle, KVPCI_MSIX, VECTORS, 0));
	EXPECT_EQ(-EINVAL, kvpci_function_hand(device->handle, KVPCI_MSI, 0, 0));
	EXPECT_EQ(-EINVAL, kvpci_function_hand(device->handle, KVPCI_INTX, 0, 0));
	EXPECT_EQ(-EBADF, kvpci_function_hand(device->handle, KVPCI_MSIX, 0, -1));
	EXPECT_EQ(0, kvpci_function_unbind(device->handle, KVPCI_MSIX, 0));
	EXPECT_EQ(-ENOENT, kvpci_function_unbind(device->handle, KVPCI_MSIX, 0));
	event_signal(self->source[0]);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(1, event_count(self->source[0]));
	/* Others trigger it as before. */
	must(trigger(device->function, KVPCI_MSIX, 0));
	EXPECT_EQ(1, take(self->rig, 1, HANDED, 1));

	/* What it has been signalled for before counts, and the caller may close its own. */
	event_signal(self->source[0]);
	other = must(dup(self->source[0]));
	EXPECT_EQ(0, kvpci_function_hand(device->handle, KVPCI_MSIX, 0, other));
	close(other);
	EXPECT_EQ(1, take(self->rig, 1, HANDED, 1));
	EXPECT_HANDED(KVPCI_MSIX, 0);
	msix_mask(device, 0, true);
	EXPECT_FALSE(is_handed(self, KVPCI_MSIX, 0));
	msix_mask(device, 0, false);
	EXPECT_HANDED(KVPCI_MSIX, 0);

	/* A function that goes has KVM listen to none of them. */
	before = counts_of(self);
	close_first(device);
	EXPECT_LE(1, counts_of(self).taken_back - before.taken_back);
	event_signal(self->source[0]);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(1, event_count(self->source[0]));
}

TEST_F(hand, state)
{
	void *state;
	size_t length;

	begin(self);
	EXPECT_HANDED(KVPCI_MSIX, 0);
	/* What KVM has taken has come when this returns. */
	event_signal(self->source[0]);
	EXPECT_EQ(0, kvpci_host_drain(self->bridge));
	EXPECT_EQ(1, take(self->rig, 1, HANDED, 1));
	EXPECT_HANDED(KVPCI_MSIX, 0);
	EXPECT_HANDED(KVPCI_MSIX, 1);
	ASSERT_EQ(0, kvpci_host_save(self->bridge, &state, &length));
	EXPECT_HANDED(KVPCI_MSIX, 0);
	msix_mask(self->device, 1, true);
	EXPECT_EQ(0, kvpci_host_restore(self->bridge, state, length));
	EXPECT_HANDED(KVPCI_MSIX, 0);
	EXPECT_HANDED(KVPCI_MSIX, 1);
	free(state);
}

TEST_F(hand, msi)
{
	struct device *device;
	int i;

	make_device(self, (struct device_desc) { .bdf = F, .msi = {
		.vectors = VECTORS, .flags = KVPCI_MSI_MASK } });
	device = self->device;
	for (i = 0; i < VECTORS; i++)
		must(kvpci_function_hand(device->handle, KVPCI_MSI, i, self->source[i]));
	msi_message(device, MSI_TO(1), HANDED);
	msi_control(device, PCI_MSI_FLAGS_ENABLE | 2 << 4);
	EXPECT_HANDED(KVPCI_MSI, 0);
	EXPECT_HANDED(KVPCI_MSI, VECTORS - 1);
	config_write(device, msi_mask_register(device), 4, 1);
	EXPECT_FALSE(is_handed(self, KVPCI_MSI, 0));
	EXPECT_TRUE(is_handed(self, KVPCI_MSI, VECTORS - 1));
	msi_control(device, 0);
	EXPECT_FALSE(is_handed(self, KVPCI_MSI, VECTORS - 1));
}

/* What is done to a bridge is done to all that is behind it. */
TEST_F(hand, behind_a_bridge)
{
	struct host *host = self->rig->host;
	struct device *port = device_new(self->rig, (struct device_desc) {
		.bdf = G, .slot = PCI_EXP_SLTCAP_HPC });

	must(plug(port->function));
	cfg_write(host, BY_ECAM, G, PCI_PRIMARY_BUS, 4, 1 << 8 | 1 << 16);
	cfg_write(host, BY_ECAM, G, PCI_MEMORY_BASE, 4, BRIDGE_WINDOW);
	set_command(host, G, DECODE_ALL | PCI_COMMAND_MASTER);
	make_device(self, (struct device_desc) {
		.bdf = BDF(1, 0, 0), .behind = port->handle, .msix = { .vectors = VECTORS } });
	must(kvpci_function_hand(self->device->handle, KVPCI_MSIX, 0, self->source[0]));
	enable(self);
	EXPECT_HANDED(KVPCI_MSIX, 0);
	cfg_write(host, BY_ECAM, G, PCI_COMMAND, 2, DECODE_ALL);
	EXPECT_FALSE(is_handed(self, KVPCI_MSIX, 0));
	cfg_write(host, BY_PORTS, G, PCI_COMMAND, 2, DECODE_ALL | PCI_COMMAND_MASTER);
	EXPECT_HANDED(KVPCI_MSIX, 0);
	/* Another number is another requester. */
	cfg_write(host, BY_PORTS, G, PCI_PRIMARY_BUS, 4, 2 << 8 | 2 << 16);
	EXPECT_FALSE(is_handed(self, KVPCI_MSIX, 0));
	EXPECT_HANDED(KVPCI_MSIX, 0);
	close_first(port);
	EXPECT_FALSE(is_handed(self, KVPCI_MSIX, 0));
	event_signal(self->source[0]);
	EXPECT_EQ(0, strays(self->rig));
	device_free(self->device);
	self->device = NULL;
	device_free(port);
}

/* Which vectors does the guest begin to use? Each is told once. */
TEST_F(hand, vectors_are_told_when_they_are_used)
{
	struct kvpci_function *handle;
	__u32 told = 0, vector;
	int i;

	make_device(self, (struct device_desc) { .bdf = F, .msix = { .vectors = VECTORS } });
	handle = self->device->handle;
	EXPECT_EQ(-EBADF, kvpci_function_watch_vectors(handle, -1));
	EXPECT_EQ(0, kvpci_function_watch_vectors(handle, self->other));
	EXPECT_EQ(-EINVAL, kvpci_function_watch_vectors(handle, self->other));
	event_count(self->other);
	EXPECT_EQ(-EINVAL, kvpci_function_next_used(handle, KVPCI_MSI, &vector));
	EXPECT_EQ(-EINVAL, kvpci_function_next_used(handle, KVPCI_INTX, &vector));
	EXPECT_EQ(-ENOENT, kvpci_function_next_used(handle, KVPCI_MSIX, &vector));
	for (i = 0; i < VECTORS; i++)
		must(kvpci_function_bind(handle, KVPCI_MSIX, i, self->source[i], -1));
	enable(self);
	for (i = 0; i < VECTORS - 1; i++) {
		EXPECT_TRUE(eventually(!kvpci_function_next_used(handle, KVPCI_MSIX, &vector)));
		told |= 1U << vector;
	}
	EXPECT_EQ((1U << (VECTORS - 1)) - 1, told);
	EXPECT_EQ(-ENOENT, kvpci_function_next_used(handle, KVPCI_MSIX, &vector));
	EXPECT_TRUE(event_count(self->other));
	for (i = 0; i < VECTORS - 1; i++) {
		msix_mask(self->device, i, true);
		msix_mask(self->device, i, false);
		event_signal(self->source[i]);
		EXPECT_EQ(1, take(self->rig, 1, HANDED + i, 1));
	}
	EXPECT_EQ(0, event_count(self->other));
	EXPECT_EQ(-ENOENT, kvpci_function_next_used(handle, KVPCI_MSIX, &vector));
	msix_mask(self->device, VECTORS - 1, false);
	EXPECT_TRUE(eventually(event_count(self->other)));
	EXPECT_EQ(0, kvpci_function_next_used(handle, KVPCI_MSIX, &vector));
	EXPECT_EQ(VECTORS - 1, vector);
	event_signal(self->source[VECTORS - 1]);
	EXPECT_EQ(1, take(self->rig, 1, HANDED + VECTORS - 1, 1));
}

/* Without a call of its own for it, a function has no route event where it needs none. */
TEST_F(hand, only_what_may_be)
{
	struct device *device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .msix = { .vectors = VECTORS } });

	EXPECT_EQ(-EINVAL, kvpci_function_hand(device->handle, KVPCI_MSIX, 0, self->source[0]));
	EXPECT_EQ(-EINVAL, kvpci_function_watch_vectors(device->handle, self->other));
	EXPECT_EQ(0, kvpci_function_bind(device->handle, KVPCI_MSIX, 0, self->source[0], -1));
	device_free(device);
}

/* KVM has the eventfd already, for something else: it is told of once, and the kernel serves. */
TEST_F(hand, kvm_refuses)
{
	struct kvpci_function *culprit = NULL;
	int ret = 0;

	host_ignore(self->rig->host);
	must(irqfd_set(self->rig->vm->fd, 4, self->source[0], -1));
	begin(self);
	EXPECT_TRUE(eventually((ret = kvpci_host_dispatch(self->bridge, &culprit))));
	EXPECT_EQ(-EBUSY, ret);
	EXPECT_EQ(self->device->handle, culprit);
	irqfd_unset(self->rig->vm->fd, 4, self->source[0]);
	self->rig->host->follower = follower_new(self->bridge);
	EXPECT_TRUE(eventually(is_handed(self, KVPCI_MSIX, 1)));
	event_signal(self->source[0]);
	EXPECT_EQ(1, take(self->rig, 1, HANDED, 1));
	EXPECT_FALSE(is_handed(self, KVPCI_MSIX, 0));
}

/* By an ioctl of its own: the library takes it back as any other, and no more. */
TEST_F(hand, what_the_caller_hands_over_does_not_count)
{
	struct kvpci_route route = { .interrupt = KVPCI_MSIX, .vector = 1 };
	struct kvpci_counts before;
	struct device *device;
	int i;

	begin(self);
	device = self->device;
	EXPECT_HANDED(KVPCI_MSIX, 0);
	EXPECT_HANDED(KVPCI_MSIX, 1);
	host_ignore(self->rig->host);
	must(kvpci_function_unbind(device->handle, KVPCI_MSIX, 1));
	must(kvpci_function_bind(device->handle, KVPCI_MSIX, 1, self->source[1], -1));
	must(remove_route(device->function, KVPCI_MSIX, 1));
	must(get_route(device->function, &route));
	EXPECT_EQ(1, route.vector);
	route.flags = KVPCI_ROUTE_HAND;
	route.eventfd = self->source[1];
	route.address = 0;
	route.data = 0;
	route.requester = 0;
	must(kvpci_ioctl(device->function, KVPCI_SET_ROUTE, &route));
	self->rig->host->follower = follower_new(self->bridge);

	before = counts_of(self);
	for (i = 1; i >= 0; i--) {
		EXPECT_TRUE(is_handed(self, KVPCI_MSIX, i));
		msix_mask(device, i, true);
		EXPECT_FALSE(is_handed(self, KVPCI_MSIX, i));
		EXPECT_TAKEN_BACK(1 - i, before);
	}
	for (i = 0; i < 2; i++) {
		msix_mask(device, i, false);
		event_signal(self->source[i]);
		EXPECT_EQ(1, take(self->rig, 1, HANDED + i, 1));
	}
	EXPECT_HANDED(KVPCI_MSIX, 0);
	EXPECT_FALSE(is_handed(self, KVPCI_MSIX, 1));
}

static void add_driver(struct _test_data_hand *self)
{
	struct vcpu *vcpu = &self->rig->vm->vcpus[0];
	const __u64 entry = self->device->table;
	int i;

	guest_begin(vcpu);
	for (i = 0; i < 4; i++) {
		add_store(vcpu, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 1);
		if (i % 2)
			add_store(vcpu, entry + PCI_MSIX_ENTRY_DATA, 4,
				  HANDED + (i == 1 ? VECTORS : 0));
		add_spin(vcpu, 100 * i);
		add_store(vcpu, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
		add_spin(vcpu, i == 2 ? 200000 : 2000);
	}
}

static __u64 both(struct rig *rig)
{
	return rig_handled(rig, 1, HANDED) + rig_handled(rig, 1, HANDED + VECTORS);
}

/* While the guest masks it, and changes its message, all the time: none is lost. */
TEST_F(hand, under_load)
{
	const unsigned long signals = scaled(3000);
	struct vcpu *vcpu = &self->rig->vm->vcpus[0];
	const time_t end = time(NULL) + patience();
	struct kvpci_counts before, after;
	unsigned long i;
	__u64 came;

	begin(self);
	EXPECT_HANDED(KVPCI_MSIX, 0);
	add_driver(self);
	before = counts_of(self);
	came = both(self->rig);
	guest_start(vcpu, ~0ULL);
	for (i = 0; i < signals || (counts_of(self).handed - before.handed < 3 &&
				    time(NULL) < end); i++) {
		__u64 now = both(self->rig);

		event_signal(self->source[0]);
		if (!eventually(both(self->rig) > now))
			break;
	}
	EXPECT_GE(i, signals) TH_LOG("of %lu signals the last did not come", i + 1);
	guest_stop(vcpu);
	guest_wait(vcpu);
	take_rest(self->rig, 1, HANDED);
	take_rest(self->rig, 1, HANDED + VECTORS);
	after = counts_of(self);
	EXPECT_LE(3, after.handed - before.handed);
	/* KVM may send twice what comes while it begins to listen. */
	EXPECT_LE(both(self->rig) - came, i + after.handed - before.handed);
	EXPECT_EQ(0, strays(self->rig));
}

/* What can't be memory is slower, and told of once. */
TEST_F(library, too_few_slots)
{
	struct kvpci_function *f;

	self->vm->mirrored = NULL;
	kvpci_host_free(self->host.bridge);
	self->machine.nr_slots = 1;
	must(create(self));
	f = describe_msix(&self->host, F, VECTORS);
	must(kvpci_function_write_as_guest(f, KVPCI_CONFIG, PCI_BASE_ADDRESS_0, MEM, 4));
	must(kvpci_function_write_as_guest(f, KVPCI_CONFIG, PCI_COMMAND, PCI_COMMAND_MEMORY, 2));
	EXPECT_EQ(-ENOSPC, kvpci_host_sync(self->host.bridge));
	EXPECT_EQ(0, kvpci_host_sync(self->host.bridge));
	guest_store(self->vm, MEM + PCI_MSIX_ENTRY_DATA, 4, 0x44);
	EXPECT_EQ(0x44, guest_load(self->vm, MEM + PCI_MSIX_ENTRY_DATA, 4));

	/* When there is one, it is used. */
	self->machine.nr_slots = 2;
	kvpci_host_free(self->host.bridge);
	must(create(self));
	f = describe_msix(&self->host, F, VECTORS);
	must(kvpci_function_write_as_guest(f, KVPCI_CONFIG, PCI_BASE_ADDRESS_0, MEM, 4));
	must(kvpci_function_write_as_guest(f, KVPCI_CONFIG, PCI_COMMAND, PCI_COMMAND_MEMORY, 2));
	EXPECT_EQ(0, kvpci_host_sync(self->host.bridge));
	self->machine.nr_slots = 4;
}

/* How many pieces of memory does this process have of the module's? */
static int count_mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int nr = 0;

	while (maps && fgets(line, sizeof(line), maps))
		nr += !!strstr(line, "kvpci-host");
	if (maps)
		fclose(maps);
	return nr;
}

/* A child has none of the memory that would keep the bridge. */
TEST_F(library, forks)
{
	int status;
	pid_t child;

	EXPECT_NE(0, count_mapped());
	child = fork();
	if (!child)
		_exit(count_mapped());
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* What it refuses has changed nothing. */
TEST_F(library, arguments_are_looked_at)
{
	const struct kvpci_gsi_ops ops = { .size = sizeof(ops) };
	struct kvpci_host *bridge = self->host.bridge;
	struct kvpci_function_config config = {
		.size = sizeof(config), .devfn = F, .vendor = VENDOR,
		.capability_size = sizeof(struct kvpci_capability), .interrupt_pin = 1,
	};
	const struct kvpci_function_config good = config;
	struct {
		struct kvpci_function_config config;
		__u64 rest;
	} longer = { .config = config };
	struct kvpci_doorbell doorbell = { .size = sizeof(doorbell) };
	struct kvpci_function *f = NULL;
	struct kvpci_gsis *gsis;
	int version = -1;

	close(must(kvpci_device_open(&version)));
	EXPECT_EQ(KVPCI_VERSION, version);

	config.size--;
	EXPECT_EQ(-EINVAL, kvpci_function_create(bridge, &config, NULL, &f));
	longer.config.size += sizeof(longer.rest);
	longer.rest = 1;
	EXPECT_EQ(-E2BIG, kvpci_function_create(bridge, &longer.config, NULL, &f));
	config = good;
	config.flags = KVPCI_FUNCTION_BEHIND;
	EXPECT_EQ(-EINVAL, kvpci_function_create(bridge, &config, NULL, &f));
	config.flags = KVPCI_FUNCTION_ROUTE_EVENTFD;
	config.route_eventfd = 1;
	EXPECT_EQ(-EINVAL, kvpci_function_create(bridge, &config, NULL, &f));
	EXPECT_EQ(NULL, f);
	longer.rest = 0;
	EXPECT_EQ(0, kvpci_function_create(bridge, &longer.config, NULL, &f));
	EXPECT_EQ(-EEXIST, kvpci_function_create(bridge, &good, NULL, &f));

	doorbell.size--;
	EXPECT_EQ(-EINVAL, kvpci_function_add_doorbell(f, &doorbell));
	doorbell.size++;
	doorbell.flags = KVPCI_DOORBELL_DEASSIGN;
	EXPECT_EQ(-EINVAL, kvpci_function_add_doorbell(f, &doorbell));
	EXPECT_EQ(-ENOENT, kvpci_function_disconnect_pin(f));
	/* This machine has no interrupt controllers in the kernel. */
	EXPECT_NE(0, kvpci_function_connect_pin(f, 16));
	EXPECT_EQ(-ENOENT, kvpci_function_disconnect_pin(f));
	EXPECT_EQ(-EINVAL, kvpci_gsis_create(self->vm->fd, 1U << 31, NULL, 0, &gsis));

	/* Another bridge, elsewhere, of the same machine. */
	self->vm->mirrored = NULL;
	kvpci_host_free(bridge);
	self->machine.size--;
	EXPECT_EQ(-EINVAL, create(self));
	self->machine.size++;
	self->machine.flags = 1;
	EXPECT_EQ(-EINVAL, create(self));
	self->machine.flags = 0;
	self->host.config.mirror_eventfd = 1;
	EXPECT_EQ(-EINVAL, create(self));
	self->host.config.mirror_eventfd = 0;
	EXPECT_EQ(0, kvpci_gsis_create(self->vm->fd, 0, NULL, 0, &gsis));
	self->machine.gsis = gsis;
	self->machine.gsi_ops = &ops;
	EXPECT_EQ(-EINVAL, create(self));
	self->machine.gsi_ops = NULL;
	self->machine.nr_slots = 0;
	EXPECT_EQ(-ENOSPC, create(self));
	self->machine.nr_slots = 1;
	EXPECT_EQ(0, create(self));
	kvpci_host_free(self->host.bridge);
	kvpci_gsis_free(gsis);
	self->machine.gsis = NULL;
	self->machine.nr_slots = 4;
	must(create(self));
}

TEST_HARNESS_MAIN
