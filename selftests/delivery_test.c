// SPDX-License-Identifier: GPL-2.0
/*
 * Whom a message reaches: every kind of message is sent once by KVM_SIGNAL_MSI and once
 * by a function, and must reach the same vCPUs as the same kind of interrupt. Of one
 * that goes to the least busy of several it is enough that it reaches one of them.
 *
 * No vCPU runs: what has arrived is read from the local APICs. Machines are of all
 * kinds: with local APICs in either mode and in both, with logical IDs of either model,
 * with IDs above 255, and with and without KVM_CAP_X2APIC_API.
 *
 * Depends on: kernel, delivery.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/lapic.h"
#include "lib/message.h"
#include "lib/state.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define MAX_APICS	20
#define VECTOR		0x55
#define F		BDF(0, 1, 0)
#define X2APIC(bits)	((bits) << 16)	/* which of them are in x2APIC mode */
#define NOTHING_US	1000		/* after which nothing is taken to come */

/* All vCPUs that a message has reached, a bit each, by how. */
struct reached {
	__u32 vector;
	__u32 level;
	__u32 nmi;
	__u32 smi;
};

/**
 * struct machine - what a machine is like
 * @flags: VM_*
 * @nr: how many vCPUs
 * @x2apic: which of them are in x2APIC mode, a bit each
 * @disabled: which of them have a local APIC that is disabled by software
 * @id: their IDs
 * @logical: their logical IDs, if not in x2APIC mode
 * @flat: which of them take these as flat, not as clusters
 */
struct machine {
	unsigned int flags;
	int nr;
	__u32 x2apic;
	__u32 disabled;
	__u32 id[MAX_APICS];
	__u8 logical[MAX_APICS];
	__u32 flat;
};

/**
 * struct known - a message of which it is known whom it reaches
 * @id: the destination
 * @bits: more bits of the address
 * @mode: the data, which always has a vector
 * @reached: whom, a bit each; if it goes to one of several: these
 */
struct known {
	__u32 id;
	__u32 bits;
	__u32 mode;
	__u32 reached;
};

#define MAX_KNOWN	16
#define FIXED		VECTOR
#define LOWEST		(VECTOR | MSI_LOWEST)
#define NMI		(VECTOR | MSI_NMI)
#define LOGICAL		MSI_LOGICAL
#define REDIRECT	MSI_REDIRECT

#define ALL		(~0U)

#define LARGE_IDS	{ 0, 1, 2, 3, 15, 16, 17, 31, 32, 200, 253, 254, 255, 256, 257, \
			  300, 511, 1000 }
#define FLAT_IDS	{ 1, 2, 4, 8, 16, 32, 64, 128 }
#define CLUSTER_IDS	{ 0x01, 0x02, 0x04, 0x08, 0x11, 0x12, 0x24, 0x28 }

FIXTURE(delivery) {
	struct rig *rig;
	struct device *device;
	int apic[MAX_APICS];
};

FIXTURE_VARIANT(delivery) {
	struct machine desc;
	struct known known[MAX_KNOWN + 1];
};

FIXTURE_VARIANT_ADD(delivery, xapic_flat) {
	.desc = { 0, 8, 0, 0, { 0, 1, 2, 3, 4, 5, 6, 7 }, FLAT_IDS, ALL },
	.known = {
		{ 3, 0, FIXED, 0x08 },
		{ 9, 0, FIXED, 0 },
		{ 0xff, 0, FIXED, 0xff },
		{ 0x81, LOGICAL, FIXED, 0x81 },
		{ 0xff, LOGICAL, FIXED, 0xff },
		{ 0, LOGICAL, FIXED, 0 },
		{ 5, 0, NMI, 0x20 },
		{ 0xff, 0, NMI, 0xff },
		{ 0x0c, LOGICAL, LOWEST, 0x0c },
		{ 0x0c, LOGICAL | REDIRECT, FIXED, 0x0c },
		{ 2, REDIRECT, FIXED, 0x04 },
		{ 0x30, LOGICAL, NMI, 0x30 },
	},
};

FIXTURE_VARIANT_ADD(delivery, xapic_cluster) {
	.desc = { 0, 8, 0, 0, { 0, 1, 2, 3, 16, 17, 200, 254 }, CLUSTER_IDS, 0 },
	.known = {
		{ 200, 0, FIXED, 0x40 },
		{ 254, 0, FIXED, 0x80 },
		{ 0x0f, LOGICAL, FIXED, 0x0f },
		{ 0x11, LOGICAL, FIXED, 0x10 },
		{ 0x13, LOGICAL, FIXED, 0x30 },
		{ 0x2f, LOGICAL, FIXED, 0xc0 },
		{ 0x21, LOGICAL, FIXED, 0 },
		{ 0xff, LOGICAL, FIXED, 0xff },
		{ 0x0e, LOGICAL, LOWEST, 0x0e },
	},
};

/* Models and IDs in disorder, some disabled, some without a logical ID. */
FIXTURE_VARIANT_ADD(delivery, xapic_any) {
	.desc = { 0, 8, 0, 0x24, { 3, 1, 2, 0, 7, 254, 100, 15 },
		  { 1, 2, 3, 0x11, 0, 0x88, 0xff, 0x24 }, 0x0f },
};

FIXTURE_VARIANT_ADD(delivery, x2apic) {
	.desc = { VM_X2APIC_API | VM_NO_QUIRK, 18, ALL, 0, LARGE_IDS },
	.known = {
		{ 300, 0, FIXED, 1 << 15 },
		{ 255, 0, FIXED, 1 << 12 },
		{ 1000, 0, FIXED, 1 << 17 },
		{ 4, 0, FIXED, 0 },
		{ 0xffffffff, 0, FIXED, 0x3ffff },
		{ 0x3, LOGICAL, FIXED, 0x3 },
		{ 0x8000, LOGICAL, FIXED, 1 << 4 },
		{ 0x10003, LOGICAL, FIXED, 0x60 },
		{ 0x121000, LOGICAL, FIXED, 1 << 15 },
		{ 0x3e0100, LOGICAL, NMI, 1 << 17 },
		{ 511, 0, NMI, 1 << 16 },
		{ 0x1000f, LOGICAL, LOWEST, 0x60 },
		{ 0xffffffff, LOGICAL, FIXED, 0x3ffff },
	},
};

FIXTURE_VARIANT_ADD(delivery, x2apic_with_broadcast_quirk) {
	.desc = { VM_X2APIC_API, 18, ALL, 0, LARGE_IDS },
	.known = {
		{ 300, 0, FIXED, 1 << 15 },
		{ 254, 0, FIXED, 1 << 11 },
		{ 0xff, 0, FIXED, 0x3ffff },
		{ 0x10003, LOGICAL, FIXED, 0x60 },
		{ 0x1000f, LOGICAL, LOWEST, 0x60 },
	},
};

FIXTURE_VARIANT_ADD(delivery, x2apic_without_its_api) {
	.desc = { 0, 10, ALL, 0, { 0, 1, 2, 3, 16, 17, 20, 200, 254, 300 } },
	.known = {
		{ 200, 0, FIXED, 1 << 7 },
		{ 0xff, 0, FIXED, 0x3ff },
		{ 0x0f, LOGICAL, FIXED, 0x0f },
		{ 0x0c, LOGICAL, LOWEST, 0x0c },
		{ 3, 0, NMI, 0x08 },
	},
};

FIXTURE_VARIANT_ADD(delivery, x2apic_disabled) {
	.desc = { VM_X2APIC_API | VM_NO_QUIRK, 4, ALL, 0x05, { 0, 1, 2, 300 } },
	.known = {
		{ 0, 0, FIXED, 0 },
		{ 1, 0, FIXED, 0x2 },
		{ 300, 0, FIXED, 0x8 },
		{ 0xffffffff, 0, FIXED, 0xa },
		{ 0, 0, NMI, 0x1 },
	},
};

FIXTURE_VARIANT_ADD(delivery, both_modes) {
	.desc = { VM_X2APIC_API | VM_NO_QUIRK, 10, 0x3e0, 0,
		  { 0, 1, 2, 3, 4, 5, 6, 16, 255, 300 }, FLAT_IDS, ALL },
	.known = {
		{ 2, 0, FIXED, 0x004 },
		{ 6, 0, FIXED, 0x040 },
		{ 300, 0, FIXED, 0x200 },
		{ 0xff, 0, FIXED, 0x11f },
		{ 0xffffffff, 0, FIXED, 0x3e0 },
	},
};

FIXTURE_VARIANT_ADD(delivery, both_modes_with_broadcast_quirk) {
	.desc = { VM_X2APIC_API, 10, 0x3e0, 0,
		  { 0, 1, 2, 3, 4, 5, 6, 16, 255, 300 }, FLAT_IDS, ALL },
	.known = {
		{ 2, 0, FIXED, 0x004 },
		{ 300, 0, FIXED, 0x200 },
		{ 0xff, 0, FIXED, 0x3ff },
	},
};

/* The first vCPU is the one in another mode. */
FIXTURE_VARIANT_ADD(delivery, both_modes_without_the_api) {
	.desc = { 0, 6, 0x01, 0, { 0, 1, 2, 3, 4, 5 }, FLAT_IDS, ALL },
	.known = {
		{ 0, 0, FIXED, 0x01 },
		{ 3, 0, FIXED, 0x08 },
		{ 0xff, 0, FIXED, 0x3f },
	},
};

static void set_up(int apic, const struct machine *desc, int i)
{
	lapic_start(apic);
	if (!(desc->x2apic & 1U << i))
		lapic_set_logical(apic, desc->logical[i], desc->flat & 1U << i);
	if (desc->disabled & 1U << i)
		lapic_disable(apic);
}

FIXTURE_SETUP(delivery)
{
	const struct machine *desc = &variant->desc;
	int i;

	self->rig = rig_new(0, desc->flags);
	for (i = 0; i < desc->nr; i++) {
		self->apic[i] = vm_add_vcpu(self->rig->vm, desc->id[i],
					    desc->x2apic & 1U << i);
		set_up(self->apic[i], desc, i);
	}
	self->device = device_new(self->rig, (struct device_desc) {
		.bdf = F, .msi = { .vectors = 1, .flags = KVPCI_MSI_64BIT | KVPCI_MSI_MASK } });
}

FIXTURE_TEARDOWN(delivery)
{
	int i;

	device_free(self->device);
	for (i = 0; i < variant->desc.nr; i++)
		close(self->apic[i]);
	rig_free(self->rig);
}

static __u32 pending(struct device *device)
{
	__u32 pending;

	must(device_read(device->function, KVPCI_CONFIG, msi_pending_register(device),
			 &pending, 4));
	return pending;
}

static void trigger_message(struct device *device, __u64 address, __u16 data)
{
	unsigned int at = device->msi;

	write_as_guest(device->function, at + PCI_MSI_FLAGS, 2, 0);
	write_as_guest(device->function, at + PCI_MSI_ADDRESS_LO, 4, address);
	write_as_guest(device->function, at + PCI_MSI_ADDRESS_HI, 4, address >> 32);
	write_as_guest(device->function, at + PCI_MSI_DATA_64, 2, data);
	write_as_guest(device->function, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	write_as_guest(device->function, at + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	settle(device);
	must(trigger(device->function, KVPCI_MSI, 0));
}

/*
 * A message to many is left to a work item. If the next one came before that, it would
 * be sent in its place.
 */
static void send(struct device *device, __u64 address, __u16 data)
{
	trigger_message(device, address, data);
	if (!eventually(!pending(device)))
		die("a message that may be sent is pending");
	/* It is not pending while it is being sent. */
	must(drain(device->rig->host->fd));
}

/* Add what has arrived since, of messages with this vector. */
static void collect(const int *apic, int nr, __u8 vector, struct reached *reached)
{
	int i;

	for (i = 0; i < nr; i++) {
		__u32 bit = 1U << i, in_word = 1U << vector % 32;
		struct arrived arrived;

		lapic_take(apic[i], &arrived);
		if (!arrived_any(&arrived))
			continue;
		if (arrived.vectors[vector / 32] & in_word)
			reached->vector |= bit;
		if (arrived.level[vector / 32] & in_word)
			reached->level |= bit;
		if (arrived.nmi)
			reached->nmi |= bit;
		if (arrived.smi)
			reached->smi |= bit;
		/* And no other vector. */
		if (arrived_count(&arrived) > !!(reached->vector & bit))
			die("vCPU %d has another vector", i);
	}
}

static bool is_empty(const struct reached *reached)
{
	return !(reached->vector | reached->level | reached->nmi | reached->smi);
}

/* Does it go to one of several? */
static bool chooses(__u64 address, __u32 data)
{
	return (data & MSI_MODE) == MSI_LOWEST ||
	       (address & MSI_REDIRECT && !(data & MSI_MODE));
}

/*
 * A function that sends directly does so as a vCPU would, which can't say all that a
 * message can. What no guest that we know of asks for is left out: a redirection hint for
 * what has no vector, of which KVM sends one, or with a physical broadcast, of which it
 * makes something else; in a machine with local APICs in both modes, one of everybody; and
 * everybody's logical ID while that is 0xff.
 */
static bool is_odd(const struct machine *desc, __u64 address, __u32 data)
{
	bool both_modes = desc->x2apic && desc->x2apic != ALL;
	bool everybody = (address >> 12 & 0xff) == 0xff;

	if (address & MSI_REDIRECT && data & MSI_MODE & ~MSI_LOWEST)
		return true;
	if (everybody && address & MSI_REDIRECT && !(address & MSI_LOGICAL))
		return true;
	if (everybody && both_modes && chooses(address, data))
		return true;
	return !(desc->flags & VM_NO_QUIRK) && address & MSI_LOGICAL &&
	       address >> 32 == 0xffffff00 && everybody;
}

/* One in each set, or none in both; of those that would get it if it went to all. */
static bool one_of(__u32 a, __u32 b, __u32 all)
{
	return !!a == !!b && !(a & ~all) && !(b & ~all) &&
	       __builtin_popcount(a) <= 1 && __builtin_popcount(b) <= 1;
}

static bool same(const struct reached *a, const struct reached *b, bool one, __u32 all)
{
	if (!one)
		return !memcmp(a, b, sizeof(*a));
	return a->nmi == b->nmi && a->smi == b->smi &&
	       one_of(a->vector, b->vector, all) && !!a->level == !!b->level;
}

static void by_kvm(struct _test_data_delivery *self, int nr, __u64 address, __u32 data,
		   struct reached *reached)
{
	memset(reached, 0, sizeof(*reached));
	signal_msi(self->rig->vm->fd, address, data);
	collect(self->apic, nr, data, reached);
}

/* Wait for as much as @wanted. */
static void by_function(struct _test_data_delivery *self, int nr, __u64 address, __u32 data,
			const struct reached *wanted, bool one, struct reached *reached)
{
	memset(reached, 0, sizeof(*reached));
	send(self->device, address, data);
	if (is_empty(wanted) && get_delivery() == KVPCI_DELIVERY_IRQFD)
		usleep(NOTHING_US);
	eventually(({ collect(self->apic, nr, data, reached);
		      same(wanted, reached, one, ALL); }));
}

/* @reached: of the last one, by KVM. */
static bool both_ways(struct _test_data_delivery *self, int nr, __u64 address, __u32 data,
		      struct reached *reached)
{
	bool one = chooses(address, data);
	struct reached all = {}, other;

	if (one)
		by_kvm(self, nr, address & ~(__u64)MSI_REDIRECT,
		       data & ~MSI_MODE, &all);
	by_kvm(self, nr, address, data, reached);
	/* KVM makes an exception of physical broadcasts. */
	if (__builtin_popcount(reached->vector) > 1)
		one = false;
	by_function(self, nr, address, data, reached, one, &other);
	if (same(reached, &other, one, all.vector))
		return true;

	fprintf(stderr, "# message %#llx %#x: KVM: vector %#x, level %#x, NMI %#x, SMI %#x\n",
		address, data, reached->vector, reached->level, reached->nmi, reached->smi);
	fprintf(stderr, "# the function: vector %#x, level %#x, NMI %#x, SMI %#x; all: %#x\n",
		other.vector, other.level, other.nmi, other.smi, all.vector);
	return false;
}

static const __u32 modes[] = {
	VECTOR,					/* fixed */
	VECTOR | MSI_LOWEST,
	VECTOR | MSI_NMI,
	VECTOR | MSI_SMI,
	VECTOR | MSI_EXTINT,
	VECTOR | 3 << 8,			/* reserved */
	VECTOR | MSI_LEVEL | MSI_ASSERT,
	VECTOR | MSI_LEVEL,
	VECTOR | MSI_LEVEL | MSI_ASSERT | MSI_LOWEST,
	0x05,					/* no vector for interrupts */
};

TEST_F(delivery, every_kind_of_message_reaches_whom_it_does_by_kvm)
{
	static const __u32 low[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 0x0c, 0x0f, 0x10, 0x11, 0x18, 0x1f, 0x20, 0x24,
		0x2f, 0x40, 0x80, 0x88, 0xc8, 0xef, 0xf0, 0xf1, 0xfe, 0xff,
	};
	/* Logical ones are cluster << 16 | bits. */
	static const __u32 high[] = {
		0x100, 0x101, 0x12c, 0x1ff, 0x3e8, 0x3e9, 0x10001, 0x10003, 0x1ffff,
		0x20001, 0xc0100, 0xf6000, 0xfc001, 0xf8000, 0x12ff00, 0x3e0100,
		0x10000000, 0xffff0001, 0xffffff00, 0xfffffffe, 0xffffffff,
	};
	const int nr = variant->desc.nr, nr_low = ARRAY_SIZE(low);
	/*
	 * By an irqfd it is KVM itself who delivers: what is ours is to make the route. And what a
	 * slow kernel is for does not depend on the message.
	 */
	const int step = get_delivery() == KVPCI_DELIVERY_DIRECT && scaled(10) == 10 ? 1 : 5;
	int dest, how, mode, kinds = 0, messages = 0, arrived = 0, wrong = 0;
	int nr_dests = nr_low + ARRAY_SIZE(high);
	struct reached reached;

	for (dest = 0; dest < nr_dests; dest++)
		for (how = 0; how < 4; how++)
			for (mode = 0; mode < ARRAY_SIZE(modes); mode++) {
				__u32 id = dest < nr_low ? low[dest] : high[dest - nr_low];
				__u64 address = msi_to_x2apic(id) |
						(how & 1 ? MSI_LOGICAL : 0) |
						(how & 2 ? MSI_REDIRECT : 0);

				/* The rarer ones, for some of the destinations. */
				if (mode > 3 && dest % 4 != how)
					continue;
				if (is_odd(&variant->desc, address, modes[mode]))
					continue;
				if (kinds++ % step)
					continue;
				messages++;
				wrong += !both_ways(self, nr, address, modes[mode], &reached);
				arrived += !is_empty(&reached);
				ASSERT_GT(20, wrong);
			}
	TH_LOG("%d messages, of which %d reached someone", messages, arrived);
	EXPECT_EQ(0, wrong);
	EXPECT_LT(20, arrived);
}

/*
 * Is it left pending? What bits 4 to 11 mean only a VMM knows, which has no part in messages
 * that are sent directly. KVM refuses the lowest byte of the upper half of 32-bit destinations.
 */
static bool is_held(const struct machine *desc, __u64 address)
{
	return get_delivery() == KVPCI_DELIVERY_DIRECT &&
	       (address & 0xff0 ||
		(desc->flags & VM_X2APIC_API && address >> 32 & 0xff));
}

/* Bits that are not of the destination. */
TEST_F(delivery, other_bits_of_the_address)
{
	static const __u64 addresses[] = {
		MSI_TO(1) | 0x10, MSI_TO(1) | 0xff0, MSI_TO(1) | 0x20, MSI_TO(1) | 0x800,
		MSI_TO(1) | 1ULL << 32,
		MSI_TO(1) | 0x80ULL << 32, MSI_TO(1) | 0xffULL << 32, 0x1000, 0,
		0xfed01000, MSI_TO(1) | 0x12345600ULL << 32,
	};
	const unsigned int at = self->device->msi, nr = variant->desc.nr;
	struct reached wanted, reached;
	int i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		if (!is_held(&variant->desc, addresses[i])) {
			EXPECT_TRUE(both_ways(self, nr, addresses[i], VECTOR, &reached));
			continue;
		}

		trigger_message(self->device, addresses[i], VECTOR);
		memset(&reached, 0, sizeof(reached));
		collect(self->apic, nr, VECTOR, &reached);
		EXPECT_TRUE(is_empty(&reached));
		EXPECT_EQ(1, pending(self->device)) {
			TH_LOG("%#llx", addresses[i]);
		}

		/* When there is another message, that is sent. */
		by_kvm(self, nr, MSI_TO(1), VECTOR, &wanted);
		write_as_guest(self->device->function, at + PCI_MSI_ADDRESS_HI, 4, 0);
		write_as_guest(self->device->function, at + PCI_MSI_ADDRESS_LO, 4, MSI_TO(1));
		EXPECT_EQ(0, pending(self->device));
		collect(self->apic, nr, VECTOR, &reached);
		EXPECT_TRUE(same(&wanted, &reached, false, ALL));
	}
}

/* Known results, in case that both ways are wrong together. */
TEST_F(delivery, known_destinations)
{
	const struct known *known;

	for (known = variant->known; known->mode; known++) {
		__u64 address = msi_to_x2apic(known->id) | known->bits;
		bool nmi = (known->mode & MSI_MODE) == MSI_NMI;
		bool one = chooses(address, known->mode);
		struct reached wanted = {}, reached;

		if (nmi)
			wanted.nmi = known->reached;
		else
			wanted.vector = known->reached;
		/* Of several, one. */
		if (one)
			wanted.vector &= -wanted.vector;
		by_function(self, variant->desc.nr, address, known->mode, &wanted, one,
			    &reached);
		EXPECT_TRUE(same(&wanted, &reached, one, known->reached)) {
			TH_LOG("to %#x, bits %#x, %#x: reached %#x", known->id, known->bits,
			       known->mode, reached.vector | reached.nmi);
		}
	}
}

static __u32 reached_by_init(const int *apic, int nr)
{
	struct kvm_mp_state state;
	__u32 reached = 0;
	int i;

	for (i = 0; i < nr; i++) {
		must(ioctl(apic[i], KVM_GET_MP_STATE, &state));
		if (state.mp_state == KVM_MP_STATE_INIT_RECEIVED)
			reached |= 1U << i;
	}
	return reached;
}

/* INIT resets a vCPU, its local APIC included. The first one starts again by itself. */
TEST_F(delivery, init)
{
	static const __u32 ids[] = { 1, 0xff, 300, 2 };
	const int nr = variant->desc.nr;
	int i, n;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		__u32 reached, other = 0;

		signal_msi(self->rig->vm->fd, msi_to_x2apic(ids[i]), 5 << 8);
		reached = reached_by_init(self->apic, nr);
		for (n = 0; n < nr; n++)
			set_up(self->apic[n], &variant->desc, n);
		send(self->device, msi_to_x2apic(ids[i]), 5 << 8);
		eventually((other = reached_by_init(self->apic, nr)) == reached);
		EXPECT_EQ(reached, other) {
			TH_LOG("to %u", ids[i]);
		}
		for (n = 0; n < nr; n++)
			set_up(self->apic[n], &variant->desc, n);
	}
}

/* How the module was loaded is how it delivers. */
TEST(the_way_of_delivery_is_the_one_asked_for)
{
	char asked[16] = "";
	FILE *file = fopen("/sys/module/kvpci/parameters/delivery", "re");

	ASSERT_NE(NULL, file);
	ASSERT_EQ(1, fscanf(file, "%15s", asked));
	fclose(file);
	TH_LOG("delivery=%s", asked);
	if (strcmp(asked, "auto")) {
		bool irqfd = !strcmp(asked, "irqfd");

		EXPECT_EQ(irqfd ? KVPCI_DELIVERY_IRQFD : KVPCI_DELIVERY_DIRECT,
			  get_delivery());
	}
}

TEST_HARNESS_MAIN
