// SPDX-License-Identifier: GPL-2.0
/*
 * State: a machine whose process is killed goes on in another one, what is not state is
 * refused, and to drain waits for what has been signalled.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/baseline.h"
#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioapic.h"
#include "lib/ioctls.h"
#include "lib/message.h"
#include "lib/pci.h"
#include "lib/rig.h"
#include "lib/state.h"
#include "lib/structure.h"
#include "lib/vm.h"
#include "lib/worker.h"

#define GSI		16
#define LEVEL_GSI	17
#define PIN_VECTOR	0x61	/* of the guest, for what comes by GSI */
#define LEVEL_VECTOR	0x62	/* by LEVEL_GSI */
#define X(n)		(0x30 + (n))	/* for vector N of MSI-X */
#define M(n)		(0x80 + (n))	/* of MSI with masks */
#define P(n)		(0x90 + (n))	/* of MSI without */
#define NR_X		70
#define LAST_TYPE	KVPCI_STATE_VIRTIO
#define SHARED		(MEM32_BASE + 0x3000000)	/* where two BARs are */
#define MOVED		(MEM32_BASE + 0x3800000)
#define LARGE		(64ULL << 20)
#define BANKS		(PAGE + 6)	/* in the large BAR */

/* The functions of a machine, each with something else in mid-flight. */
enum which {
	WITH_MSIX,	/* MSI-X, registers, and function-level reset */
	WITH_MASKS,	/* MSI whose pending bits the guest sees */
	WITHOUT_MASKS,	/* MSI whose pending bits it does not */
	WITH_PIN,	/* INTx, that a register lowers */
	WITH_LEVEL,	/* INTx, that an acknowledgment lowers */
	ABOVE,		/* its BAR is where that of BELOW is, and is found */
	BELOW,
	WITH_SPACE,	/* a 64-bit BAR, in which there are registers in banks too, and ports */
	NR
};

static const struct device_desc descs[NR] = {
	[WITH_MSIX] = { .msix = { .vectors = NR_X }, .express = true, .triggers = true },
	[WITH_MASKS] = { .msi = { .vectors = 4, .flags = KVPCI_MSI_64BIT | KVPCI_MSI_MASK } },
	[WITHOUT_MASKS] = { .msi = { .vectors = 4 } },
	[WITH_PIN] = { .pin = 1, .triggers = true },
	[WITH_LEVEL] = { .pin = 2 },
	[ABOVE] = { .bars = { { .size = PAGE } } },
	[BELOW] = { .bars = { { .size = PAGE } } },
	[WITH_SPACE] = { .bars = {
		{ .size = LARGE, .flags = KVPCI_BAR_64BIT }, {},
		{ .size = 256, .flags = KVPCI_BAR_IO },
	} },
};

static const __u8 all_writable[3 * 8] = { [0 ... 23] = 0xff };

/**
 * struct machine - a machine with those functions
 * @rig: its bridge and vCPUs
 * @device: the functions
 * @source: raises the pin of WITH_LEVEL
 * @ack: is told when that is low
 */
struct machine {
	struct rig *rig;
	struct device *device[NR];
	int source;
	int ack;
};

static void bind_level(int function, int source, int ack)
{
	const struct kvpci_binding binding = {
		.size = sizeof(binding),
		.flags = KVPCI_BIND_ACK,
		.interrupt = KVPCI_INTX,
		.eventfd = source,
		.ack_eventfd = ack,
	};

	must(kvpci_ioctl(function, KVPCI_BIND, &binding));
}

/* A machine with nothing bound to its functions. */
static struct machine machine_new(void)
{
	struct machine m = { .rig = rig_new(2, VM_MODERN) };
	int i;

	for (i = 0; i < NR; i++) {
		struct device_desc desc = descs[i];

		desc.bdf = BDF(0, 1 + i, 0);
		m.device[i] = device_new(m.rig, desc);
		if (i == ABOVE || i == BELOW)
			add_memory(m.device[i]->function, 0, 0, PAGE);
		if (i == WITH_SPACE) {
			add_memory(m.device[i]->function, 0, LARGE - PAGE, PAGE);
			add_memory(m.device[i]->function, 2, 0, 16);
			must(add_banks(m.device[i]->function, 0, BANKS, 2 + 8,
				       (struct kvpci_banks_config) {
				.banks = 3, .selector = 2, .writable = ptr(all_writable) }));
		}
		device_plug(m.device[i]);
	}
	ioapic_set(m.rig->vm->fd, GSI, PIN_VECTOR, 1);
	ioapic_set(m.rig->vm->fd, LEVEL_GSI, LEVEL_VECTOR, 1);
	m.source = event_new();
	m.ack = event_new();
	return m;
}

static void machine_bind(struct machine *m)
{
	connect_pin(m->device[WITH_PIN], GSI);
	connect_pin(m->device[WITH_LEVEL], LEVEL_GSI);
	bind_level(m->device[WITH_LEVEL]->function, m->source, m->ack);
}

static struct machine machine_bound(void)
{
	struct machine m = machine_new();

	machine_bind(&m);
	return m;
}

static void machine_free(struct machine *m)
{
	int i;

	for (i = 0; i < NR; i++)
		device_free(m->device[i]);
	close(m->source);
	close(m->ack);
	rig_free(m->rig);
}

/* Have a function's first BAR somewhere else, too. */
static void move_bar(struct device *device, __u64 place)
{
	set_bar(device->rig->host, device->desc.bdf, 0, place);
	device->bar[0] = place;
}

static void out(struct machine *m, __u16 port, __u32 value)
{
	struct vcpu *vcpu = &m->rig->vm->vcpus[0];

	guest_begin(vcpu);
	add_out(vcpu, port, 4, value);
	guest_run(vcpu, 1);
}

static __u32 in(struct machine *m, __u16 port)
{
	struct vcpu *vcpu = &m->rig->vm->vcpus[0];

	guest_begin(vcpu);
	add_in(vcpu, port, 4);
	guest_run(vcpu, 1);
	return vcpu->ops[0].result;
}

/* Bring all of it into mid-flight. The vCPU that takes interrupts does not run. */
static void disturb(struct machine *m)
{
	struct device *x = m->device[WITH_MSIX], *masks = m->device[WITH_MASKS];
	struct device *plain = m->device[WITHOUT_MASKS], *space = m->device[WITH_SPACE];
	__u32 word = 0x600d600d;
	unsigned int i;

	/* Vectors 0, 64 and 69 are masked and pending, 1 is not masked, nor is 2. */
	for (i = 0; i < NR_X; i++)
		msix_message(x, i, MSI_TO(1), X(i % 8));
	msix_mask(x, 1, false);
	msix_mask(x, 2, false);
	msix_control(x, PCI_MSIX_FLAGS_ENABLE);
	fire(x, BY_IOCTL, KVPCI_MSIX, 0);
	fire(x, BY_IOCTL, KVPCI_MSIX, 64);
	fire(x, BY_IOCTL, KVPCI_MSIX, 69);
	config_write(x, x->express + PCI_EXP_DEVCTL, 2, 0x5010);

	/* Of four vectors two are enabled. 1 is pending for 3, in its place. */
	msi_message(masks, MSI_TO(1), M(0));
	config_write(masks, msi_mask_register(masks), 4, 2);
	msi_control(masks, PCI_MSI_FLAGS_ENABLE | 1 << 4);
	fire(masks, BY_IOCTL, KVPCI_MSI, 1);
	fire(masks, BY_IOCTL, KVPCI_MSI, 3);
	withdraw(masks->function, KVPCI_MSI, 1);

	/* Pending, as it may not be sent. */
	msi_message(plain, MSI_TO(1), P(0));
	set_master(plain, false);
	msi_control(plain, PCI_MSI_FLAGS_ENABLE | 2 << 4);
	fire(plain, BY_IOCTL, KVPCI_MSI, 2);

	/* On their way to the vCPU, and not acknowledged. */
	fire(m->device[WITH_PIN], BY_IOCTL, KVPCI_INTX, 0);
	event_signal(m->source);

	/* The one that is found came last, but is put back first. */
	move_bar(m->device[BELOW], SHARED);
	move_bar(m->device[ABOVE], SHARED);
	must(device_write(m->device[ABOVE]->function, 0, 8, &word, 4));
	word = 0xbadbad;
	must(device_write(m->device[BELOW]->function, 0, 8, &word, 4));

	set_bar64(m->rig->host, space->desc.bdf, 0, m->rig->host->config.mem64.base + 5 * LARGE);
	space->bar[0] = m->rig->host->config.mem64.base + 5 * LARGE;
	guest_store(m->rig->vm, space->bar[0] + LARGE - 8, 8, 0x1122334455667788);
	out(m, space->bar[2] + 4, 0x5eed);
	config_write(space, PCI_INTERRUPT_LINE, 1, 11);

	for (i = 0; i < 3; i++) {
		guest_store(m->rig->vm, space->bar[0] + BANKS, 2, i);
		guest_store(m->rig->vm, space->bar[0] + BANKS + 2, 8, 0xba0000 + i);
	}
	guest_store(m->rig->vm, space->bar[0] + BANKS, 2, 1);

	out(m, CF8_ADDRESS, CF8_ENABLE | BDF(0, 1 + WITH_SPACE, 0) << 8 | PCI_INTERRUPT_LINE);
}

/**
 * struct saved - a machine at rest
 * @host: the bridge's state
 * @function: the functions'
 * @ioapic: KVM's IOAPIC
 * @apic: and local APICs
 */
struct saved {
	struct state host;
	struct state function[NR];
	struct kvm_irqchip ioapic;
	struct kvm_lapic_state apic[MAX_VCPUS];
};

/* Its functions first: nothing may get into them from then on, but into KVM from them. */
static void save(const struct machine *m, struct saved *saved)
{
	int i;

	must(drain(m->rig->host->fd));
	saved->host = state_get(m->rig->host->fd);
	for (i = 0; i < NR; i++)
		saved->function[i] = state_get(m->device[i]->function);
	saved->ioapic.chip_id = KVM_IRQCHIP_IOAPIC;
	must(ioctl(m->rig->vm->fd, KVM_GET_IRQCHIP, &saved->ioapic));
	for (i = 0; i < m->rig->vm->nr_vcpus; i++)
		must(ioctl(m->rig->vm->vcpus[i].fd, KVM_GET_LAPIC, &saved->apic[i]));
}

static void restore(struct machine *m, struct saved *saved)
{
	int i;

	must(ioctl(m->rig->vm->fd, KVM_SET_IRQCHIP, &saved->ioapic));
	for (i = 0; i < m->rig->vm->nr_vcpus; i++)
		must(ioctl(m->rig->vm->vcpus[i].fd, KVM_SET_LAPIC, &saved->apic[i]));
	must(state_set(m->rig->host->fd, &saved->host));
	for (i = 0; i < NR; i++)
		must(state_set(m->device[i]->function, &saved->function[i]));
	for (i = 0; i < NR; i++)
		settle(m->device[i]);
}

static void saved_free(struct saved *saved)
{
	int i;

	state_free(&saved->host);
	for (i = 0; i < NR; i++)
		state_free(&saved->function[i]);
}

/* To another process: all of it is copied to @to, where there is room. */
static void *pack(struct state *state, void *to)
{
	state->data = memcpy(to, state->data, state->length);
	return to + (state->length + 7) / 8 * 8;
}

#define ROOM	(1 << 20)

/* Make a machine, disturb it, save it and be killed, in a process of its own. */
static struct saved *saved_by_another(void)
{
	struct saved *saved = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *to = saved + 1;
	struct machine m;
	int i, status;
	pid_t pid;

	if (saved == MAP_FAILED)
		die("mmap: %m");
	pid = must(fork());
	if (!pid) {
		m = machine_bound();
		disturb(&m);
		save(&m, saved);
		to = pack(&saved->host, to);
		for (i = 0; i < NR; i++)
			to = pack(&saved->function[i], to);
		raise(SIGKILL);
	}

	must(waitpid(pid, &status, 0));
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		die("the other process did not come to its end");
	return saved;
}

TEST(a_machine_goes_on_in_another_process)
{
	struct saved *saved = saved_by_another();
	struct machine m = machine_new();
	struct device *x = m.device[WITH_MSIX], *masks = m.device[WITH_MASKS];
	struct device *plain = m.device[WITHOUT_MASKS], *space = m.device[WITH_SPACE];
	struct rig *rig = m.rig;
	const __u64 place = rig->host->config.mem64.base + 5 * LARGE;
	__u16 port = CF8_DATA;
	int i;

	restore(&m, saved);
	/* What is signalled before it is bound counts as well. */
	x->source[KVPCI_MSIX][5] = event_new();
	event_signal(x->source[KVPCI_MSIX][5]);
	must(bind_eventfd(x->function, KVPCI_MSIX, 5, x->source[KVPCI_MSIX][5]));
	machine_bind(&m);
	/* The pin's handler lowers it. */
	rig->vm->vcpus[1].interrupts->ack[PIN_VECTOR] = lower_place(m.device[WITH_PIN]);
	rig_listen(rig);

	/* INTx that was on its way comes once, and the level's source is told. */
	EXPECT_EQ(1, take(rig, 1, PIN_VECTOR, 1));
	EXPECT_EQ(1, take(rig, 1, LEVEL_VECTOR, 1));
	must(drain(rig->host->fd));
	EXPECT_EQ(1, event_count(m.ack));
	for (i = WITH_PIN; i <= WITH_LEVEL; i++)
		EXPECT_FALSE(config_read(m.device[i], PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	EXPECT_EQ(0, take_rest(rig, 1, PIN_VECTOR) + take_rest(rig, 1, LEVEL_VECTOR));
	/* And goes on. */
	event_signal(m.source);
	EXPECT_EQ(1, take(rig, 1, LEVEL_VECTOR, 1));

	/* MSI-X: what was pending is, and comes once it is unmasked. */
	for (i = 0; i < NR_X; i++)
		EXPECT_EQ(i == 0 || i == 5 || i == 64 || i == 69, msix_pending(x, i));
	EXPECT_EQ(0, strays(rig));
	msix_mask(x, 0, false);
	msix_mask(x, 69, false);
	EXPECT_EQ(1, take(rig, 1, X(0), 1));
	EXPECT_EQ(1, take(rig, 1, X(69 % 8), 1));
	fire(x, BY_REGISTER, KVPCI_MSIX, 2);
	EXPECT_EQ(1, take(rig, 1, X(2), 1));
	EXPECT_TRUE(msix_pending(x, 64));
	EXPECT_EQ(0x5010, config_read(x, x->express + PCI_EXP_DEVCTL, 2));

	/* MSI: with four vectors it is 3 that is pending, which is not masked. */
	EXPECT_EQ(2, config_read(masks, msi_pending_register(masks), 4));
	EXPECT_EQ(2, config_read(masks, msi_mask_register(masks), 4));
	msi_control(masks, PCI_MSI_FLAGS_ENABLE | 2 << 4);
	EXPECT_EQ(1, take(rig, 1, M(3), 1));
	EXPECT_EQ(0, config_read(masks, msi_pending_register(masks), 4));
	set_master(plain, true);
	EXPECT_EQ(1, take(rig, 1, P(2), 1));

	/* BARs are where they were, of two the one that was found, with what they held. */
	EXPECT_EQ(0x600d600d, guest_load(rig->vm, SHARED + 8, 4));
	move_bar(m.device[ABOVE], MOVED);
	EXPECT_EQ(0xbadbad, guest_load(rig->vm, SHARED + 8, 4));
	EXPECT_EQ(0x1122334455667788, guest_load(rig->vm, place + LARGE - 8, 8));
	EXPECT_EQ(0x5eed, in(&m, space->bar[2] + 4));

	/* So is the bank that was selected, and what the others hold. */
	EXPECT_EQ(0xba0001, guest_load(rig->vm, place + BANKS + 2, 8));
	guest_store(rig->vm, place + BANKS, 2, 2);
	EXPECT_EQ(0xba0002, guest_load(rig->vm, place + BANKS + 2, 8));

	/* The address register, too. */
	EXPECT_EQ(11, in(&m, port) & 0xff);

	rig_deafen(rig);
	EXPECT_EQ(0, strays(rig));
	machine_free(&m);
	munmap(saved, ROOM);
}

/* What was set is what is there, whatever was there before. */
TEST(it_is_what_was_set)
{
	struct machine m = machine_bound();
	struct saved before = {}, disturbed = {}, again = {};
	int i;

	save(&m, &before);
	disturb(&m);
	save(&m, &disturbed);
	/* Resets what can be, and there and back. */
	for (i = 0; i < NR; i++)
		must(reset(m.device[i]->function));
	restore(&m, &disturbed);
	save(&m, &again);
	EXPECT_TRUE(state_equal(&disturbed.host, &again.host));
	for (i = 0; i < NR; i++)
		EXPECT_TRUE(state_equal(&disturbed.function[i], &again.function[i])) {
			TH_LOG("function %d", i);
		}
	EXPECT_FALSE(state_equal(&before.host, &again.host));
	for (i = 0; i < NR; i++)
		EXPECT_FALSE(state_equal(&before.function[i], &again.function[i])) {
			TH_LOG("function %d", i);
		}

	saved_free(&before);
	saved_free(&disturbed);
	saved_free(&again);
	machine_free(&m);
}

/* The state of a function that the guest does not see yet; its BARs come when it is plugged. */
TEST(of_a_function_that_is_not_plugged)
{
	struct machine m = machine_bound();
	struct device *below = m.device[BELOW];
	struct saved saved = {};
	struct state state;

	disturb(&m);
	save(&m, &saved);
	device_close(below);
	below->function = function_new(m.rig->host, below->desc.bdf,
				       (struct kvpci_function_config) {
		.bars = { { .size = PAGE } } });
	add_memory(below->function, 0, 0, PAGE);
	must(state_set(below->function, &saved.function[BELOW]));
	EXPECT_EQ(0x600d600d, guest_load(m.rig->vm, SHARED + 8, 4));

	/* What it gives is taken again, whatever happens in between. */
	must(reset(below->function));
	state = state_get(below->function);
	EXPECT_EQ(0, state_set(below->function, &state));
	state_free(&state);
	must(state_set(below->function, &saved.function[BELOW]));
	state = state_get(below->function);
	EXPECT_EQ(0, state_set(below->function, &state));
	state_free(&state);

	/* When it came to where it decodes is when it is plugged, and no time before. */
	must(state_set(below->function, &saved.function[BELOW]));
	must(plug(below->function));
	EXPECT_EQ(0xbadbad, guest_load(m.rig->vm, SHARED + 8, 4));
	state = state_get(below->function);
	EXPECT_EQ(0, state_set(below->function, &state));
	state_free(&state);

	saved_free(&saved);
	machine_free(&m);
}

/* KVM raises a line some time after its irqfd was signalled: it may have been saved before. */
TEST(intx_that_kvm_did_not_have_yet)
{
	struct machine m = machine_bound(), other;
	struct saved before = {}, saved = {};

	save(&m, &before);
	disturb(&m);
	save(&m, &saved);
	saved.ioapic = before.ioapic;
	memcpy(saved.apic, before.apic, sizeof(saved.apic));
	machine_free(&m);

	/* With a route that is there already, and with one that comes later. */
	other = machine_new();
	connect_pin(other.device[WITH_PIN], GSI);
	restore(&other, &saved);
	connect_pin(other.device[WITH_LEVEL], LEVEL_GSI);
	bind_level(other.device[WITH_LEVEL]->function, other.source, other.ack);
	other.rig->vm->vcpus[1].interrupts->ack[PIN_VECTOR] =
		lower_place(other.device[WITH_PIN]);
	rig_listen(other.rig);
	EXPECT_EQ(1, take(other.rig, 1, PIN_VECTOR, 1));
	EXPECT_EQ(1, take(other.rig, 1, LEVEL_VECTOR, 1));
	EXPECT_EQ(0, take_rest(other.rig, 1, PIN_VECTOR) +
		     take_rest(other.rig, 1, LEVEL_VECTOR));
	rig_deafen(other.rig);

	saved_free(&before);
	saved_free(&saved);
	machine_free(&other);
}

/* A bad state: refused with @error, and nothing has changed. */
#define EXPECT_REFUSED(error, fd, bad)					\
do {									\
	const int fd_ = fd;						\
	struct state was_ = state_get(fd_), is_;			\
									\
	EXPECT_EQ(error, state_set(fd_, bad));				\
	is_ = state_get(fd_);						\
	EXPECT_TRUE(state_equal(&was_, &is_));				\
	state_free(&was_);						\
	state_free(&is_);						\
} while (0)

/* Set a byte, a dword or a word of the contents of a record to @value, and have it refused. */
#define EXPECT_BAD(fd, good, type, at, value)				\
do {									\
	struct state bad_ = state_copy(good);				\
	typeof(value) value_ = value;					\
									\
	memcpy(state_contents(&bad_, type) + (at), &value_, sizeof(value_)); \
	EXPECT_REFUSED(-EINVAL, fd, &bad_);				\
	state_free(&bad_);						\
} while (0)

static void refuse_lengths(struct __test_metadata *_metadata, int fd, const struct state *good)
{
	struct state bad = { .data = calloc(1, good->length + 64) };

	memcpy(bad.data, good->data, good->length);
	for (bad.length = 0; bad.length < good->length + 64; bad.length++)
		if (bad.length != good->length &&
		    (bad.length < 8 || bad.length > good->length - 8 || bad.length % 37 == 0))
			EXPECT_REFUSED(-EINVAL, fd, &bad);
	free(bad.data);
}

static void refuse_headers(struct __test_metadata *_metadata, int fd, const struct state *good)
{
	struct state bad = state_copy(good);
	__u64 at;

	for (at = 0; at < bad.length;) {
		struct kvpci_state_record *record = bad.data + at, was = *record;

		at += sizeof(*record) + (record->length + 7) / 8 * 8;
		record->version = 0;
		EXPECT_REFUSED(-EOPNOTSUPP, fd, &bad);
		record->version = 2;
		EXPECT_REFUSED(-EOPNOTSUPP, fd, &bad);
		*record = was;
		record->type = LAST_TYPE + 1;
		EXPECT_REFUSED(-EOPNOTSUPP, fd, &bad);
		record->type = was.type % LAST_TYPE + 1;
		EXPECT_REFUSED(-EINVAL, fd, &bad);
		record->type = 0;
		EXPECT_REFUSED(-EINVAL, fd, &bad);
		*record = was;
		record->bar ^= 1;
		EXPECT_REFUSED(-EINVAL, fd, &bad);
		*record = was;
		record->pad = 1;
		EXPECT_REFUSED(-EINVAL, fd, &bad);
		*record = was;
		record->offset += 8;
		EXPECT_REFUSED(-EINVAL, fd, &bad);
		*record = was;
		record->length += 1ULL << 32;
		EXPECT_REFUSED(-EINVAL, fd, &bad);
		*record = was;
		record->length--;
		EXPECT_REFUSED(-EINVAL, fd, &bad);
		*record = was;
	}
	EXPECT_EQ(0, state_set(fd, &bad));
	state_free(&bad);
}

TEST(what_is_not_state_is_refused)
{
	struct machine m = machine_bound();
	struct saved good = {};
	int i;

	disturb(&m);
	save(&m, &good);
	refuse_lengths(_metadata, m.rig->host->fd, &good.host);
	refuse_headers(_metadata, m.rig->host->fd, &good.host);
	for (i = 0; i < NR; i++) {
		refuse_lengths(_metadata, m.device[i]->function, &good.function[i]);
		refuse_headers(_metadata, m.device[i]->function, &good.function[i]);
	}
	/* Nor is that of another bridge or function. */
	EXPECT_REFUSED(-EINVAL, m.rig->host->fd, &good.function[ABOVE]);
	for (i = 1; i < NR; i++)
		if (i != BELOW)
			EXPECT_REFUSED(-EINVAL, m.device[i]->function, &good.function[i - 1]);

	saved_free(&good);
	machine_free(&m);
}

/* Values that a function can't have. */
TEST(what_can_not_be_is_refused)
{
	struct machine m = machine_bound();
	int x = m.device[WITH_MSIX]->function, masks = m.device[WITH_MASKS]->function;
	int plain = m.device[WITHOUT_MASKS]->function, pin = m.device[WITH_PIN]->function;
	int host = m.rig->host->fd, space = m.device[WITH_SPACE]->function;
	unsigned int at = m.device[WITH_MSIX]->msix;
	struct saved good = {};
	struct state *s;
	__u8 *config;
	__u32 i;

	disturb(&m);
	save(&m, &good);

	EXPECT_BAD(host, &good.host, KVPCI_STATE_HOST,
		   offsetof(struct kvpci_state_host, pad), (__u32)1);
	EXPECT_BAD(host, &good.host, KVPCI_STATE_CONFIG, PCI_VENDOR_ID, (__u16)VENDOR);

	/* Bits that never change: each of the header that nobody may write. */
	s = &good.function[WITH_MSIX];
	config = state_contents(s, KVPCI_STATE_CONFIG);
	for (i = 0; i < PCI_STD_HEADER_SIZEOF; i++) {
		static const __u8 free[PCI_STD_HEADER_SIZEOF] = {
			[PCI_COMMAND] = 0x47, [PCI_COMMAND + 1] = 0x05,
			[PCI_STATUS + 1] = 0xf9, [PCI_CACHE_LINE_SIZE] = 0xff,
			[PCI_HEADER_TYPE] = 0x80, [PCI_INTERRUPT_LINE] = 0xff,
			[PCI_BASE_ADDRESS_0 + 2] = 0xff, [PCI_BASE_ADDRESS_0 + 3] = 0xff,
			[PCI_BASE_ADDRESS_2 + 1] = 0xf0, [PCI_BASE_ADDRESS_2 + 2] = 0xff,
			[PCI_BASE_ADDRESS_2 + 3] = 0xff,
		};
		__u8 bit;

		for (bit = 1; bit; bit <<= 1)
			if (!(free[i] & bit))
				EXPECT_BAD(x, s, KVPCI_STATE_CONFIG, i,
					   (__u8)(config[i] ^ bit));
	}
	/* Of capabilities: their headers, and where MSI-X has its table. */
	EXPECT_BAD(x, s, KVPCI_STATE_CONFIG, at, (__u8)PCI_CAP_ID_MSI);
	EXPECT_BAD(x, s, KVPCI_STATE_CONFIG, at + 1, (__u8)0);
	EXPECT_BAD(x, s, KVPCI_STATE_CONFIG, at + PCI_MSIX_FLAGS, (__u8)(NR_X + 1));
	EXPECT_BAD(x, s, KVPCI_STATE_CONFIG, at + PCI_MSIX_TABLE, (__u8)8);

	/* MSI-X. */
	EXPECT_BAD(x, s, KVPCI_STATE_MSIX, 16 * 3 + PCI_MSIX_ENTRY_LOWER_ADDR, (__u8)1);
	EXPECT_BAD(x, s, KVPCI_STATE_MSIX, 16 * 3 + PCI_MSIX_ENTRY_VECTOR_CTRL, (__u32)2);
	EXPECT_BAD(x, s, KVPCI_STATE_MSIX, 16 * (NR_X - 1) + PCI_MSIX_ENTRY_VECTOR_CTRL + 3,
		   (__u8)0x80);
	EXPECT_BAD(x, s, KVPCI_STATE_MSIX, 16 * NR_X + NR_X / 8, (__u8)(1 << NR_X % 8));
	EXPECT_BAD(x, s, KVPCI_STATE_MSIX, 16 * NR_X + 15, (__u8)0x80);

	/* MSI: a vector that is not there, and what the guest sees of others. */
	s = &good.function[WITH_MASKS];
	EXPECT_BAD(masks, s, KVPCI_STATE_MSI, 0, (__u32)0x18);
	EXPECT_BAD(masks, s, KVPCI_STATE_MSI, 0, (__u32)0);
	EXPECT_BAD(masks, s, KVPCI_STATE_MSI, 0, (__u32)4);
	EXPECT_BAD(masks, s, KVPCI_STATE_MSI, 4, (__u32)1);
	EXPECT_BAD(masks, s, KVPCI_STATE_CONFIG, msi_pending_register(m.device[WITH_MASKS]),
		   (__u32)0);
	EXPECT_BAD(masks, s, KVPCI_STATE_CONFIG, msi_pending_register(m.device[WITH_MASKS]),
		   (__u32)0x12);
	s = &good.function[WITHOUT_MASKS];
	EXPECT_BAD(plain, s, KVPCI_STATE_MSI, 0, (__u32)0x10);

	/* INTx. */
	s = &good.function[WITH_PIN];
	EXPECT_BAD(pin, s, KVPCI_STATE_INTX, 0, (__u32)2);
	EXPECT_BAD(pin, s, KVPCI_STATE_INTX, 4, (__u32)1);
	config = state_contents(&good.function[WITH_SPACE], KVPCI_STATE_CONFIG);
	EXPECT_BAD(space, &good.function[WITH_SPACE], KVPCI_STATE_CONFIG, PCI_STATUS,
		   (__u8)(config[PCI_STATUS] | PCI_STATUS_INTERRUPT));

	/* BARs: out of range, one that is not there, and one that does not decode. */
	s = &good.function[WITH_SPACE];
	EXPECT_BAD(space, s, KVPCI_STATE_BARS, 0, 1ULL << 63);
	EXPECT_BAD(space, s, KVPCI_STATE_BARS, 8 * 1, 1ULL);
	EXPECT_BAD(space, s, KVPCI_STATE_BARS, 8 * KVPCI_BAR_ROM, 1ULL);
	EXPECT_BAD(space, s, KVPCI_STATE_CONFIG, PCI_COMMAND,
		   (__u8)(config[PCI_COMMAND] & ~PCI_COMMAND_IO));

	saved_free(&good);
	machine_free(&m);
}

/* A slot's pin is high while there is an event that the guest has enabled, and at no other time. */
TEST(slot_whose_pin_is_at_odds_is_refused)
{
	struct rig *rig = rig_new(1, VM_MODERN);
	struct device *port = device_plugged(rig, (struct device_desc) {
		.bdf = BDF(0, 1, 0), .pin = 1,
		.slot = PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_ABP | PCI_EXP_SLTCAP_NCCS,
	});
	const __u8 button = PCI_EXP_SLTSTA_ABP;
	struct state good;
	__u8 *config;

	good = state_get(port->function);
	config = state_contents(&good, KVPCI_STATE_CONFIG);
	EXPECT_BAD(port->function, &good, KVPCI_STATE_CONFIG, PCI_STATUS,
		   (__u8)(config[PCI_STATUS] | PCI_STATUS_INTERRUPT));
	state_free(&good);

	config_write(port, port->express + PCI_EXP_SLTCTL, 2,
		     PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_ABPE);
	must(device_write(port->function, KVPCI_CONFIG, port->express + PCI_EXP_SLTSTA, &button,
			  1));
	good = state_get(port->function);
	config = state_contents(&good, KVPCI_STATE_CONFIG);
	EXPECT_TRUE(config[PCI_STATUS] & PCI_STATUS_INTERRUPT);
	EXPECT_EQ(0, state_set(port->function, &good));
	EXPECT_BAD(port->function, &good, KVPCI_STATE_CONFIG, PCI_STATUS,
		   (__u8)(config[PCI_STATUS] & ~PCI_STATUS_INTERRUPT));
	EXPECT_BAD(port->function, &good, KVPCI_STATE_CONFIG, port->express + PCI_EXP_SLTSTA,
		   (__u8)(config[port->express + PCI_EXP_SLTSTA] & ~PCI_EXP_SLTSTA_ABP));
	state_free(&good);
	device_free(port);
	rig_free(rig);
}

/* Whether the link is active, of a port that does not report it, is nothing that changes. */
TEST(link_that_is_not_reported_is_what_it_is)
{
	static const __u8 value[PCI_EXP_SLTSTA + 2] = {
		[PCI_EXP_FLAGS] = 2 | PCI_EXP_TYPE_ROOT_PORT << 4,
		[PCI_EXP_FLAGS + 1] = PCI_EXP_FLAGS_SLOT >> 8,
	};
	const struct kvpci_capability cap = {
		.id = PCI_CAP_ID_EXP, .length = sizeof(value), .value = ptr(value),
	};
	struct rig *rig = rig_new(1, VM_MODERN);
	int port = function_plugged(rig->host, BDF(0, 1, 0), (struct kvpci_function_config) {
		.flags = KVPCI_FUNCTION_BRIDGE, .class_code = 0x060400,
		.capabilities = ptr(&cap), .nr_capabilities = 1,
	});
	struct state good = state_get(port);
	__u8 *config = state_contents(&good, KVPCI_STATE_CONFIG);
	const unsigned int at = config[PCI_CAPABILITY_LIST] + PCI_EXP_LNKSTA + 1;

	EXPECT_EQ(0, state_set(port, &good));
	EXPECT_BAD(port, &good, KVPCI_STATE_CONFIG, at,
		   (__u8)(config[at] ^ PCI_EXP_LNKSTA_DLLLA >> 8));
	state_free(&good);
	close(port);
	rig_free(rig);
}

/*
 * The last number of when a BAR came somewhere is no end: what comes after it is saved and
 * restored, too, and is found.
 */
TEST(bars_that_come_after_the_last_number)
{
	struct machine m = machine_bound();
	struct device *above = m.device[ABOVE], *below = m.device[BELOW];
	struct saved saved = {};
	__u64 last = (1ULL << 63) - 1;
	struct state state;

	disturb(&m);
	save(&m, &saved);
	memcpy(state_contents(&saved.function[BELOW], KVPCI_STATE_BARS), &last, sizeof(last));
	must(state_set(below->function, &saved.function[BELOW]));
	EXPECT_EQ(0xbadbad, guest_load(m.rig->vm, SHARED + 8, 4));
	move_bar(above, MOVED);
	move_bar(above, SHARED);
	EXPECT_EQ(0x600d600d, guest_load(m.rig->vm, SHARED + 8, 4));

	state = state_get(above->function);
	EXPECT_EQ(0, state_set(above->function, &state));
	EXPECT_EQ(0x600d600d, guest_load(m.rig->vm, SHARED + 8, 4));
	state_free(&state);
	saved_free(&saved);
	machine_free(&m);
}

/*
 * Have work items of this process's bridge wait until this thread sleeps: both are to run on one
 * processor, and this one first.
 */
static void hold_worker(void)
{
	const struct sched_param first = { .sched_priority = 1 };
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	must(sched_setaffinity(0, sizeof(one), &one));
	must(sched_setaffinity(worker_of(getpid()), sizeof(one), &one));
	must(sched_setscheduler(0, SCHED_FIFO, &first));
}

/* What has been signalled before has had its effect when KVPCI_DRAIN returns. */
TEST(drained)
{
	struct machine m = machine_new();
	struct device *x = m.device[WITH_MSIX], *level = m.device[WITH_LEVEL];
	int route = event_new(), resample = event_new();
	int i;

	EXPECT_EQ(-EINVAL, kvpci_ioctl(m.rig->host->fd, KVPCI_DRAIN, (void *)1));
	EXPECT_EQ(-ENOTTY, drain(x->function));

	/* Nobody is there who would take what the route is signalled for. */
	bind_level(level->function, m.source, m.ack);
	must(set_route(level->function, KVPCI_INTX, 0, 0, route, resample));
	/* Once, so that all is there that is made when it is needed first. */
	fire(x, BY_EVENTFD, KVPCI_MSIX, 3);
	must(reset(x->function));
	hold_worker();
	for (i = 0; i < 20; i++) {
		struct state state;
		__u64 pending;

		event_signal(m.source);
		fire(x, BY_EVENTFD, KVPCI_MSIX, 3);
		ASSERT_EQ(0, drain(m.rig->host->fd));
		ASSERT_EQ(1, event_count(route));
		ASSERT_EQ(0, event_count(m.ack));

		state = state_get(x->function);
		memcpy(&pending, state_contents(&state, KVPCI_STATE_MSIX) + MSIX_ENTRY * NR_X, 8);
		state_free(&state);
		ASSERT_EQ(1 << 3, pending);
		must(reset(x->function));

		/* The guest's acknowledgment is deferred, and what follows from it, too. */
		event_signal(resample);
		ASSERT_EQ(0, drain(m.rig->host->fd));
		ASSERT_EQ(1, event_count(m.ack));
		ASSERT_EQ(0, event_count(route));
	}
	close(route);
	close(resample);
	machine_free(&m);
}

TEST(nothing_is_left)
{
	struct machine m = machine_bound();
	struct saved good = {};

	disturb(&m);
	save(&m, &good);
	EXPECT_NO_LEAK(20, {
		struct saved again = {};

		restore(&m, &good);
		save(&m, &again);
		saved_free(&again);
	});
	saved_free(&good);
	machine_free(&m);
}

TEST_HARNESS_MAIN
