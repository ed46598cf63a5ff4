// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts under stress: triggers by the million while a vCPU masks, disables, moves and
 * retargets them at random. The counts of both sides have to balance.
 *
 * Each vector has two messages, one to each vCPU. The guest changes from one to the other
 * in pieces, while that is allowed; a mixture of both would come with a vector that
 * the vCPU never gets otherwise.
 *
 * Before it triggers, a source counts in a word that the guest's handler notes when it
 * runs. So a handler that has run after the last trigger has noted the last count:
 *
 *	lost		in the end, with all unmasked, the noted count is not the last
 *	invented	more interrupts than triggers
 *	forbidden	an interrupt while all are masked and nothing is on its way
 *
 * Triggers that come together count once, so that there may be fewer interrupts. Where each
 * trigger waits for its interrupt there may not: the counts are equal.
 *
 * Depends on: kernel, delivery, mirrors, processors.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/agent.h"
#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioapic.h"
#include "lib/ioctls.h"
#include "lib/message.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define F		BDF(0, 1, 0)
#define MAX_NR		8		/* vectors of a device */
#define REST_MS		20		/* more than what has to come takes, as a rule */
#define SEED		20261125
#define COUNTERS	RAM_FREE	/* triggers by the guest itself, 8 bytes a vector */
#define GSI		16
#define PIN_VECTOR	0x90

/**
 * struct stress - a device under stress
 * @rig: its machine
 * @device: it
 * @interrupt: enum kvpci_interrupt
 * @nr: its vectors
 * @base: of the messages' vectors, by vCPU
 * @target: which vCPU each vector's message is to, as far as the list goes
 * @state: of the random numbers of who writes the list
 * @events: an eventfd bound to each vector
 * @triggers: how often each has been triggered by the host
 * @left: how many triggers of the host are left to do
 */
struct stress {
	struct rig *rig;
	struct device *device;
	__u32 interrupt;
	unsigned int nr;
	__u8 base[2];
	unsigned int target[MAX_NR];
	__u64 state;
	int events[MAX_NR];
	__u64 triggers[MAX_NR];
	__s64 left;
};

/* xorshift64*: the same numbers everywhere. */
static __u64 pick(__u64 *state, __u64 below)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1d >> 16) % below;
}

static struct vcpu *driver(const struct stress *s)
{
	return &s->rig->vm->vcpus[0];
}

static __u64 word_address(const struct stress *s, unsigned int vector)
{
	return driver(s)->interrupts->sequence + 8 * vector;
}

static __u64 *word(const struct stress *s, unsigned int vector)
{
	return vm_ram(s->rig->vm, word_address(s, vector));
}

static void count(const struct stress *s, unsigned int n)
{
	int i;

	for (i = 0; i < 2; i++)
		__atomic_fetch_add(word(s, s->base[i] + n), 1, __ATOMIC_SEQ_CST);
}

static __u64 handled_all(const struct stress *s, unsigned int n)
{
	return rig_handled(s->rig, 0, s->base[0] + n) + rig_handled(s->rig, 1, s->base[1] + n);
}

static __u64 handled_sum(const struct stress *s)
{
	__u64 sum = 0;
	unsigned int n;

	for (n = 0; n < s->nr; n++)
		sum += handled_all(s, n);
	return sum;
}

static __u64 triggered(const struct stress *s, unsigned int n)
{
	const __u64 *counters = vm_ram(s->rig->vm, COUNTERS);

	return __atomic_load_n(&s->triggers[n], __ATOMIC_SEQ_CST) +
	       __atomic_load_n(&counters[n], __ATOMIC_SEQ_CST);
}

/* Has a handler run since the last trigger? */
static bool is_noted(const struct stress *s, unsigned int n)
{
	int i;

	for (i = 0; i < 2; i++) {
		const struct vcpu *vcpu = &s->rig->vm->vcpus[i];
		unsigned int vector = s->base[i] + n;

		if (__atomic_load_n(&vcpu->interrupts->seen[vector], __ATOMIC_SEQ_CST) ==
		    __atomic_load_n(word(s, vector), __ATOMIC_SEQ_CST))
			return true;
	}
	return false;
}

/* The list of vCPU 0: it takes interrupts while it goes through it. */
static void begin(const struct stress *s)
{
	guest_begin(driver(s));
	guest_add(driver(s), (struct agent_op) { .kind = OP_STI });
}

static void run(const struct stress *s, __u64 loops)
{
	guest_run(driver(s), loops);
	settle(s->device);
}

/* Let both vCPUs take what has arrived. */
static void drain(const struct stress *s)
{
	int i;

	for (i = 0; i < 3; i++) {
		begin(s);
		add_spin(driver(s), 200);
		run(s, 1);
		rig_flush(s->rig);
		usleep(2000);
	}
}

static void add_config(const struct stress *s, unsigned int offset, __u8 size, __u64 value)
{
	const struct host *host = s->rig->host;

	add_store(driver(s), ecam_address(host, F, offset), size, value);
}

static void add_master(const struct stress *s, bool on)
{
	add_config(s, PCI_COMMAND, 2, DECODE_ALL | (on ? PCI_COMMAND_MASTER : 0));
}

static void add_trigger(const struct stress *s, unsigned int n)
{
	int i;

	add_count(driver(s), COUNTERS + 8 * n, 1);
	for (i = 0; i < 2; i++)
		add_count(driver(s), word_address(s, s->base[i] + n), 1);
	add_store(driver(s), trigger_place(s->device, s->interrupt, n), 4, 1);
}

/* Write some registers, each once, in any order. */
static void add_in_any_order(struct stress *s, const struct agent_op *ops, unsigned int nr)
{
	unsigned int first = pick(&s->state, nr), i;

	for (i = 0; i < nr; i++)
		guest_add(driver(s), ops[(first + i) % nr]);
}

/* MSI-X. */

static __u64 entry(const struct stress *s, unsigned int n)
{
	return s->device->table + MSIX_ENTRY * n;
}

static void add_mask(const struct stress *s, unsigned int n, bool masked)
{
	add_store(driver(s), entry(s, n) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, masked);
	/* Drivers read it back. */
	add_load(driver(s), entry(s, n) + PCI_MSIX_ENTRY_VECTOR_CTRL, 4);
}

static void add_msix_message(struct stress *s, unsigned int n, unsigned int to)
{
	const __u64 address = MSI_TO(to), at = entry(s, n);
	const __u32 data = s->base[to] + n;
	const struct agent_op pieces[] = {
		{ .kind = OP_STORE, .size = 4, .addr = at, .value = (__u32)address },
		{ .kind = OP_STORE, .size = 4, .addr = at + 4, .value = address >> 32 },
		{ .kind = OP_STORE, .size = 4, .addr = at + 8, .value = data },
	};
	const struct agent_op halves[] = {
		{ .kind = OP_STORE, .size = 8, .addr = at, .value = address },
		/* It stays masked. */
		{ .kind = OP_STORE, .size = 8, .addr = at + 8, .value = 1ULL << 32 | data },
	};

	if (pick(&s->state, 2))
		add_in_any_order(s, pieces, 3);
	else
		add_in_any_order(s, halves, 2);
	s->target[n] = to;
}

static void add_msix_control(struct stress *s, __u16 value)
{
	const unsigned int at = s->device->msix;

	if (pick(&s->state, 2))
		add_config(s, at + PCI_MSIX_FLAGS, 2, value);
	else
		add_config(s, at, 4, (__u32)value << 16);
}

static void add_msix_action(struct stress *s)
{
	unsigned int n = pick(&s->state, s->nr), i;

	switch (pick(&s->state, 8)) {
	case 0:
		add_mask(s, n, true);
		add_mask(s, n, false);
		break;
	case 1:
	case 2:
		add_mask(s, n, true);
		add_msix_message(s, n, !s->target[n]);
		add_mask(s, n, false);
		break;
	case 3:
		add_msix_control(s, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
		add_trigger(s, n);
		add_msix_control(s, PCI_MSIX_FLAGS_ENABLE);
		break;
	case 4:
		add_msix_control(s, 0);
		add_msix_message(s, n, !s->target[n]);
		add_mask(s, n, false);
		add_msix_control(s, PCI_MSIX_FLAGS_ENABLE);
		break;
	case 5:
		add_master(s, false);
		add_trigger(s, n);
		add_master(s, true);
		break;
	case 6:
		for (i = 0; i < s->nr; i++)
			add_mask(s, i, true);
		add_trigger(s, n);
		add_spin(driver(s), pick(&s->state, 100));
		for (i = 0; i < s->nr; i++)
			add_mask(s, i, false);
		break;
	default:
		add_trigger(s, n);
	}
}

static void add_msix_hold(struct stress *s, bool held, unsigned int how)
{
	unsigned int n;

	if (how == 0)
		add_msix_control(s, PCI_MSIX_FLAGS_ENABLE |
				    (held ? PCI_MSIX_FLAGS_MASKALL : 0));
	else if (how == 1)
		add_msix_control(s, held ? 0 : PCI_MSIX_FLAGS_ENABLE);
	else if (how == 2)
		add_master(s, !held);
	else
		for (n = 0; n < s->nr; n++)
			add_mask(s, n, held);
}

/* MSI. */

static void add_msi_control(struct stress *s, bool enabled)
{
	/* Four vectors. */
	const __u16 value = 2 << 4 | (enabled ? PCI_MSI_FLAGS_ENABLE : 0);
	const unsigned int at = s->device->msi;

	if (pick(&s->state, 2))
		add_config(s, at + PCI_MSI_FLAGS, 2, value);
	else
		add_config(s, at, 4, (__u32)value << 16);
}

static void add_msi_mask(const struct stress *s, __u32 bits)
{
	add_config(s, msi_mask_register(s->device), 4, bits);
}

static void add_msi_message(struct stress *s, unsigned int to)
{
	const __u64 ecam = ecam_address(s->rig->host, F, s->device->msi);
	const __u64 address = MSI_TO(to);
	const struct agent_op pieces[] = {
		{ .kind = OP_STORE, .size = 4, .addr = ecam + PCI_MSI_ADDRESS_LO,
		  .value = (__u32)address },
		{ .kind = OP_STORE, .size = 4, .addr = ecam + PCI_MSI_ADDRESS_HI,
		  .value = address >> 32 },
		{ .kind = OP_STORE, .size = 2, .addr = ecam + PCI_MSI_DATA_64,
		  .value = s->base[to] },
	};

	add_in_any_order(s, pieces, 3);
	s->target[0] = to;
}

static void add_msi_action(struct stress *s)
{
	unsigned int n = pick(&s->state, s->nr);

	switch (pick(&s->state, 7)) {
	case 0:
		add_msi_mask(s, pick(&s->state, 1 << s->nr));
		add_trigger(s, n);
		add_msi_mask(s, 0);
		break;
	case 1:
	case 2:
		add_msi_mask(s, (1 << s->nr) - 1);
		add_msi_message(s, !s->target[0]);
		add_msi_mask(s, 0);
		break;
	case 3:
		add_msi_control(s, false);
		add_msi_message(s, !s->target[0]);
		add_msi_control(s, true);
		break;
	case 4:
		add_msi_control(s, false);
		add_trigger(s, n);
		add_msi_control(s, true);
		break;
	case 5:
		add_master(s, false);
		add_trigger(s, n);
		add_master(s, true);
		break;
	default:
		add_trigger(s, n);
	}
}

static void add_msi_hold(struct stress *s, bool held, unsigned int how)
{
	if (how & 1)
		add_msi_mask(s, held ? (1 << s->nr) - 1 : 0);
	else if (how)
		add_msi_control(s, !held);
	else
		add_master(s, !held);
}

/* Both. */

static void add_action(struct stress *s)
{
	if (s->interrupt == KVPCI_MSIX)
		add_msix_action(s);
	else
		add_msi_action(s);
	if (!pick(&s->state, 4))
		add_spin(driver(s), pick(&s->state, 300));
}

/* Let nothing through, or all again; 4 ways. */
static void hold(struct stress *s, bool held, unsigned int how)
{
	begin(s);
	if (s->interrupt == KVPCI_MSIX)
		add_msix_hold(s, held, how);
	else
		add_msi_hold(s, held, how);
	run(s, 1);
}

static void stress_begin(struct stress *s, __u32 interrupt)
{
	struct device_desc desc = { .bdf = F, .triggers = true };
	unsigned int n;

	*s = (struct stress) {
		.interrupt = interrupt,
		.state = SEED,
		.base = { 0x40, 0x50 },
	};
	s->rig = rig_new(2, VM_MODERN);
	if (interrupt == KVPCI_MSIX) {
		s->nr = 8;
		desc.msix.vectors = s->nr;
	} else {
		s->nr = 4;
		desc.msi.vectors = s->nr;
		desc.msi.flags = KVPCI_MSI_64BIT | KVPCI_MSI_MASK;
	}
	s->device = device_plugged(s->rig, desc);
	for (n = 0; n < s->nr; n++) {
		s->events[n] = event_new();
		must(bind_eventfd(s->device->function, interrupt, n, s->events[n]));
	}
	rig_listen(s->rig);

	begin(s);
	if (interrupt == KVPCI_MSIX) {
		add_msix_control(s, PCI_MSIX_FLAGS_ENABLE);
		for (n = 0; n < s->nr; n++) {
			add_msix_message(s, n, n & 1);
			add_mask(s, n, false);
		}
	} else {
		add_msi_message(s, 0);
		add_msi_control(s, true);
	}
	run(s, 1);
}

static bool comes_to_rest(const struct stress *s)
{
	time_t end = time(NULL) + patience();
	unsigned int n;

	for (n = 0; n < s->nr; n++)
		while (!is_noted(s, n)) {
			if (time(NULL) > end)
				return false;
			drain(s);
		}
	drain(s);
	return true;
}

static __u32 pending(const struct stress *s)
{
	if (s->interrupt == KVPCI_MSIX)
		return guest_load(s->rig->vm, s->device->pba, 8);
	return config_read(s->device, msi_pending_register(s->device), 4);
}

/* Those that nobody should have got. */
static __u64 mixtures(const struct stress *s)
{
	unsigned int n;
	int i;

	for (i = 0; i < 2; i++)
		for (n = 0; n < s->nr; n++)
			s->rig->known[i][s->base[i] + n] = rig_handled(s->rig, i, s->base[i] + n);
	return strays(s->rig);
}

static void check_balance(struct __test_metadata *_metadata, const struct stress *s)
{
	__u64 before;
	unsigned int n;

	EXPECT_TRUE(comes_to_rest(s));
	EXPECT_EQ(0, pending(s));
	for (n = 0; n < s->nr; n++) {
		EXPECT_TRUE(is_noted(s, n)) {
			TH_LOG("vector %u: an interrupt is lost", n);
		}
		EXPECT_LE(handled_all(s, n), triggered(s, n));
		EXPECT_LT(0, handled_all(s, n));
	}
	EXPECT_EQ(0, mixtures(s));

	/* It is all as it was. */
	for (n = 0; n < s->nr; n++) {
		before = handled_all(s, n);
		count(s, n);
		must(trigger(s->device->function, s->interrupt, n));
		EXPECT_TRUE(comes_to_rest(s));
		EXPECT_EQ(before + 1, handled_all(s, n));
	}
	EXPECT_EQ(0, mixtures(s));
}

static void stress_end(struct stress *s)
{
	unsigned int n;

	rig_deafen(s->rig);
	for (n = 0; n < s->nr; n++)
		close(s->events[n]);
	device_free(s->device);
	rig_free(s->rig);
}

/**
 * struct trigger_thread - a thread that triggers
 * @s: what it triggers
 * @thread: it
 * @done: how many triggers it is through with
 * @ended: it does no more
 */
struct trigger_thread {
	struct stress *s;
	pthread_t thread;
	__u64 done;
	bool ended;
};

/* Triggers as fast as it can, by ioctl and eventfd. */
static void *keep_triggering(void *arg)
{
	struct trigger_thread *me = arg;
	struct stress *s = me->s;
	__u64 state = SEED ^ (unsigned long)&state;

	while (__atomic_sub_fetch(&s->left, 1, __ATOMIC_SEQ_CST) >= 0) {
		unsigned int n = pick(&state, s->nr);

		count(s, n);
		__atomic_fetch_add(&s->triggers[n], 1, __ATOMIC_SEQ_CST);
		if (pick(&state, 2))
			event_signal(s->events[n]);
		else
			must(trigger(s->device->function, s->interrupt, n));
		__atomic_fetch_add(&me->done, 1, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&me->ended, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Wait until each trigger that has begun has been done: the next one has been, too. */
static bool are_through(struct trigger_thread *threads, int nr)
{
	bool through = true;
	int i;

	for (i = 0; i < nr; i++) {
		__u64 done = __atomic_load_n(&threads[i].done, __ATOMIC_SEQ_CST);

		through &= eventually(__atomic_load_n(&threads[i].ended, __ATOMIC_SEQ_CST) ||
				      __atomic_load_n(&threads[i].done,
						      __ATOMIC_SEQ_CST) > done + 1);
	}
	return through;
}

static __s64 left(const struct stress *s)
{
	return __atomic_load_n(&s->left, __ATOMIC_SEQ_CST);
}

FIXTURE(vectors) {
	struct stress s;
};

FIXTURE_VARIANT(vectors) {
	__u32 interrupt;
	unsigned long triggers;
};

FIXTURE_VARIANT_ADD(vectors, msix) {
	.interrupt = KVPCI_MSIX, .triggers = 1200000,
};

FIXTURE_VARIANT_ADD(vectors, msi) {
	.interrupt = KVPCI_MSI, .triggers = 600000,
};

FIXTURE_SETUP(vectors)
{
	stress_begin(&self->s, variant->interrupt);
}

FIXTURE_TEARDOWN(vectors)
{
	stress_end(&self->s);
}

TEST_F(vectors, of_many_triggers_none_is_lost)
{
	enum { ACTIONS = 60, LOOPS = 10, HELD = 2000 };
	struct trigger_thread threads[2] = {};
	struct stress *s = &self->s;
	__u64 sum = 0, all = 0, before;
	unsigned int rounds = 0;
	__s64 until;
	int i;

	s->left = scaled(variant->triggers);
	for (i = 0; i < 2; i++) {
		threads[i].s = s;
		if (pthread_create(&threads[i].thread, NULL, keep_triggering, &threads[i]))
			die("no thread");
	}

	for (; left(s) > 0; rounds++) {
		begin(s);
		for (i = 0; i < ACTIONS; i++)
			add_action(s);
		run(s, LOOPS);

		/* What was sent before may still be on its way. */
		hold(s, true, rounds % 4);
		EXPECT_TRUE(are_through(threads, 2));
		drain(s);
		before = handled_sum(s);
		for (until = left(s) - HELD; left(s) > until && left(s) > 0;)
			usleep(100);
		drain(s);
		EXPECT_EQ(before, handled_sum(s)) {
			TH_LOG("round %u: sent while held", rounds);
		}
		hold(s, false, rounds % 4);
	}

	for (i = 0; i < 2; i++)
		pthread_join(threads[i].thread, NULL);
	check_balance(_metadata, s);
	for (i = 0; i < s->nr; i++) {
		sum += handled_all(s, i);
		all += triggered(s, i);
	}
	TH_LOG("seed %d: %llu triggers, %llu interrupts, %u rounds", SEED, all, sum, rounds);
}

static __u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* Since it was started. */
static __u64 loops_done(const struct stress *s)
{
	return __atomic_load_n(&driver(s)->list->done, __ATOMIC_SEQ_CST);
}

/*
 * Wait for an interrupt while the list is done over and over. Where messages take routes,
 * one that is rewritten faster than a route can be made is not sent before the guest lets
 * it be for a while. So have it do that whenever it takes longer than usual: there are
 * thousands to wait for. But not before it has been through the list, on a slow host too: it
 * takes interrupts nowhere else.
 */
static bool waits_for(const struct stress *s, unsigned int n, __u64 wanted)
{
	__u64 now = now_ms(), end = now + patience() * 1000, rest = now + REST_MS;
	unsigned int i;

	for (i = 0; handled_all(s, n) < wanted; i++) {
		now = now_ms();
		if (now > end)
			return false;
		if (now > rest && loops_done(s)) {
			guest_stop(driver(s));
			guest_wait(driver(s));
			settle(s->device);
			guest_start(driver(s), ~0ULL);
			rest = now_ms() + REST_MS;
		}
		if (i > 1000)
			usleep(10);
	}
	return true;
}

/* The list does not trigger: each trigger is the host's, and waits for its interrupt. */
TEST_F(vectors, each_trigger_is_one_interrupt)
{
	enum { ACTIONS = 200 };
	const __u64 triggers = scaled(10000);
	struct stress *s = &self->s;
	__u64 sent[MAX_NR] = {}, i;
	unsigned int n, how;

	begin(s);
	while (driver(s)->list->nr < ACTIONS)
		add_action(s);
	/* Without triggers of its own. */
	for (n = 0; n < driver(s)->list->nr; n++) {
		struct agent_op *op = &driver(s)->ops[n];

		if (op->kind == OP_ADD ||
		    (op->kind == OP_STORE &&
		     op->addr >= trigger_place(s->device, s->interrupt, 0) &&
		     op->addr <= trigger_place(s->device, s->interrupt, s->nr - 1)))
			*op = (struct agent_op) { .kind = OP_SPIN };
	}
	guest_start(driver(s), ~0ULL);

	for (i = 0; i < triggers; i++) {
		n = pick(&s->state, s->nr);
		how = pick(&s->state, 2);
		count(s, n);
		sent[n]++;
		if (how)
			event_signal(s->events[n]);
		else
			must(trigger(s->device->function, s->interrupt, n));
		if (!waits_for(s, n, sent[n]))
			break;
		/* There is no other one. */
		if (handled_all(s, n) != sent[n])
			break;
	}
	EXPECT_EQ(triggers, i) {
		TH_LOG("vector %u: %llu triggers, %llu interrupts", n, sent[n],
		       handled_all(s, n));
	}
	guest_stop(driver(s));
	guest_wait(driver(s));
	settle(s->device);
	drain(s);
	for (n = 0; n < s->nr; n++)
		EXPECT_EQ(sent[n], handled_all(s, n));
	EXPECT_EQ(0, pending(s));
	EXPECT_EQ(0, mixtures(s));
}

/* INTx: a pin that the handler lowers. */

FIXTURE(pin) {
	struct rig *rig;
	struct device *device;
	__u64 raised;
	__s64 left;
};

FIXTURE_SETUP(pin)
{
	self->rig = rig_new(2, VM_MODERN);
	self->device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .pin = 1, .triggers = true });
	connect_pin(self->device, GSI);
	ioapic_set(self->rig->vm->fd, GSI, PIN_VECTOR, 1);
	self->rig->vm->vcpus[1].interrupts->ack[PIN_VECTOR] = lower_place(self->device);
	rig_listen(self->rig);
}

FIXTURE_TEARDOWN(pin)
{
	rig_deafen(self->rig);
	device_free(self->device);
	rig_free(self->rig);
}

static __u64 *pin_word(const struct _test_data_pin *self)
{
	return vm_ram(self->rig->vm,
		      self->rig->vm->vcpus[1].interrupts->sequence + 8 * PIN_VECTOR);
}

static bool is_low(const struct _test_data_pin *self)
{
	__u16 status;

	must(device_read(self->device->function, KVPCI_CONFIG, PCI_STATUS, &status, 2));
	return !(status & PCI_STATUS_INTERRUPT);
}

/* The guest disables and enables INTx all the time. */
static void start_toggling(struct _test_data_pin *self)
{
	struct vcpu *vcpu = &self->rig->vm->vcpus[0];
	__u64 command = ecam_address(self->rig->host, F, PCI_COMMAND);
	__u64 state = SEED;
	int i;

	guest_begin(vcpu);
	for (i = 0; i < 50; i++) {
		add_store(vcpu, command, 2, DECODE_ALL | PCI_COMMAND_INTX_DISABLE);
		add_spin(vcpu, pick(&state, 200));
		add_store(vcpu, command, 2, DECODE_ALL | PCI_COMMAND_MASTER);
		add_spin(vcpu, pick(&state, 2000));
	}
	guest_start(vcpu, ~0ULL);
}

static void stop_toggling(struct _test_data_pin *self)
{
	guest_stop(&self->rig->vm->vcpus[0]);
	guest_wait(&self->rig->vm->vcpus[0]);
}

static bool becomes_low_and_noted(const struct _test_data_pin *self)
{
	const struct agent_interrupts *interrupts = self->rig->vm->vcpus[1].interrupts;

	return eventually(is_low(self) &&
			  __atomic_load_n(&interrupts->seen[PIN_VECTOR], __ATOMIC_SEQ_CST) ==
			  __atomic_load_n(pin_word(self), __ATOMIC_SEQ_CST));
}

TEST_F(pin, each_rise_of_many_is_one_interrupt)
{
	const __u64 rises = scaled(10000);
	__u64 i, extra;

	start_toggling(self);
	for (i = 0; i < rises; i++) {
		__atomic_fetch_add(pin_word(self), 1, __ATOMIC_SEQ_CST);
		must(trigger(self->device->function, KVPCI_INTX, 0));
		if (!becomes_low_and_noted(self))
			break;
	}
	EXPECT_EQ(rises, i);
	stop_toggling(self);
	extra = take(self->rig, 1, PIN_VECTOR, rises) - rises;
	extra += take_rest(self->rig, 1, PIN_VECTOR);
	TH_LOG("%llu rises, %llu interrupts more", rises, extra);
	/* KVM can't take back what it has been told before INTx was disabled. */
	EXPECT_GE(rises / 10, extra);
	EXPECT_EQ(0, strays(self->rig));
}

static void *keep_raising(void *arg)
{
	struct _test_data_pin *self = arg;

	while (__atomic_sub_fetch(&self->left, 1, __ATOMIC_SEQ_CST) >= 0) {
		__atomic_fetch_add(pin_word(self), 1, __ATOMIC_SEQ_CST);
		must(trigger(self->device->function, KVPCI_INTX, 0));
	}
	return NULL;
}

TEST_F(pin, it_is_low_in_the_end_however_often_it_rose)
{
	const __u64 rises = scaled(200000);
	pthread_t threads[2];
	__u64 came;
	int i;

	self->left = rises;
	start_toggling(self);
	for (i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, keep_raising, self))
			die("no thread");
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	stop_toggling(self);
	EXPECT_TRUE(becomes_low_and_noted(self));
	came = take(self->rig, 1, PIN_VECTOR, 1);
	/* One that KVM was told of before the pin was lowered may be on its way. */
	came += take_rest(self->rig, 1, PIN_VECTOR);
	TH_LOG("%llu rises, %llu interrupts", rises, came);
	EXPECT_LT(0, came);
	EXPECT_GE(rises + rises / 10, came);
	EXPECT_EQ(0, strays(self->rig));

	/* And is to be had as ever. */
	__atomic_fetch_add(pin_word(self), 1, __ATOMIC_SEQ_CST);
	must(trigger(self->device->function, KVPCI_INTX, 0));
	EXPECT_TRUE(becomes_low_and_noted(self));
	EXPECT_EQ(1, take(self->rig, 1, PIN_VECTOR, 1));
}

/* Many vCPUs, of which two run, a device with a vector, and one with a pin. */

#define BYSTANDERS	200

FIXTURE(crowd) {
	struct rig *rig;
	struct device *device;
	struct device *pin;
	int bystanders[BYSTANDERS];
	int route;
	int resample;
	bool stop;
};

FIXTURE_SETUP(crowd)
{
	int i;

	self->rig = rig_new(2, VM_MODERN);
	for (i = 0; i < BYSTANDERS; i++)
		self->bystanders[i] = vm_add_vcpu(self->rig->vm, 2 + i, true);
	self->device = device_plugged(self->rig, (struct device_desc) {
		.bdf = F, .msix.vectors = 1, .triggers = true });
	self->pin = device_plugged(self->rig, (struct device_desc) {
		.bdf = BDF(0, 2, 0), .pin = 1 });
	self->route = event_new();
	self->resample = event_new();
	rig_listen(self->rig);
}

FIXTURE_TEARDOWN(crowd)
{
	int i;

	rig_deafen(self->rig);
	close(self->route);
	close(self->resample);
	device_free(self->pin);
	device_free(self->device);
	for (i = 0; i < BYSTANDERS; i++)
		close(self->bystanders[i]);
	rig_free(self->rig);
}

static void stay_on(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor % sysconf(_SC_NPROCESSORS_ONLN), &set);
	must(sched_setaffinity(0, sizeof(set), &set));
}

/* Have the pin's work item queued: is it carried out? */
static bool pin_is_told(struct _test_data_crowd *self)
{
	struct pollfd told = { .fd = self->route, .events = POLLIN };
	int function = self->pin->function;

	/* With a new route the pin is signalled anew. */
	must(set_route(function, KVPCI_INTX, 0, 0, self->route, self->resample));
	must(trigger(function, KVPCI_INTX, 0));
	if (poll(&told, 1, 1000 * patience()) != 1)
		return false;

	event_count(self->route);
	must(lower(function));
	return true;
}

static void *keep_triggering_all(void *arg)
{
	struct _test_data_crowd *self = arg;

	stay_on(0);
	while (!__atomic_load_n(&self->stop, __ATOMIC_SEQ_CST))
		must(trigger(self->device->function, KVPCI_MSIX, 0));
	return NULL;
}

/*
 * A message to all is sent by a work item. One that is triggered again before it has been
 * sent must not keep that item, and with it the bridge's others, from coming to an end.
 */
TEST_F(crowd, messages_to_all_leave_time_for_others)
{
	enum { ROUNDS = 10, VECTOR = 0x40 };
	struct device *device = self->device;
	pthread_t thread;
	int i;

	msix_message(device, 0, msi_to_x2apic(~0U), VECTOR);
	msix_mask(device, 0, false);
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);

	if (pthread_create(&thread, NULL, keep_triggering_all, self))
		die("no thread");
	for (i = 0; i < ROUNDS; i++) {
		stay_on(!(i & 1));
		usleep(10000);
		must(trigger(device->function, KVPCI_MSIX, 0));
		if (!pin_is_told(self))
			break;
	}
	EXPECT_EQ(ROUNDS, i);
	__atomic_store_n(&self->stop, true, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	EXPECT_TRUE(eventually(rig_handled(self->rig, 1, VECTOR)));
}

TEST_HARNESS_MAIN
