// SPDX-License-Identifier: GPL-2.0
/*
 * What uapi/linux/kvpci.h says is refused, as far as interrupts go: each ioctl with each
 * kind of wrong argument gives the documented error. After that the same call with a right
 * argument succeeds, and nothing has changed: neither what the guest sees, pending bits
 * included, nor what is bound to what.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/baseline.h"
#include "lib/device.h"
#include "lib/die.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/irqfd.h"
#include "lib/lapic.h"
#include "lib/message.h"
#include "lib/pci.h"
#include "lib/structure.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define BDF_ALL		BDF(0, 1, 0)	/* has all kinds of interrupts, and is plugged */
#define BDF_NONE	BDF(0, 2, 0)	/* has none of them, and is not */
#define BDF_FREE	BDF(0, 3, 0)

#define BAR_MEMORY	0		/* of 64 KiB */
#define BAR_IO		1		/* of 256 ports */
#define BAR_LARGE	2		/* of 1 MiB, 64 bits */
#define BAR_LARGE_UPPER	3		/* its other half */
#define BAR_SMALL	4		/* of 4 KiB */
#define BAR_NONE	5
#define MEMORY		0x10000

#define NR_MSIX		8
#define NR_MSI		4
#define TABLE		0x1000		/* in BAR_MEMORY */
#define PBA		0x2000
#define PLACE		(MEM32_BASE + 0x100000)
#define MASTER		(DECODE_ALL | PCI_COMMAND_MASTER)

#define PENDING		3		/* a vector of MSI-X that is pending from the start */
#define BOUND		0		/* vectors of MSI and of MSI-X to which @event is bound */
#define FREE		1		/* vectors that have nothing */
#define VECTOR		0x44		/* the guest's */
#define GSI		16		/* where pins may lead, */
#define MSI_GSI		24		/* and messages */

/* The header and capabilities, the table, and the pending bits. */
#define NR_SEEN		(64 + 4 * NR_MSIX + 2)

FIXTURE(uapi_irq) {
	struct baseline before;
	struct vm *vm;
	struct host *host;
	int all;		/* at BDF_ALL */
	int none;		/* at BDF_NONE */
	unsigned int msi;	/* where the capabilities of @all are */
	unsigned int msix;
	int event;		/* bound to a vector of MSI-X of @all */
	int event_msi;		/* and to one of MSI */
	int other;		/* that nothing knows of */
	int route;		/* as @other */
	int resample;		/* as @other */
	int null;		/* no eventfd */
	bool direct;
	char *edge;		/* two pages end here, and what follows is no memory */
	__u32 seen[NR_SEEN];
};

static const struct kvpci_function_config description = {
	.bars = {
		[BAR_MEMORY] = { .size = MEMORY },
		[BAR_IO] = { .size = 256, .flags = KVPCI_BAR_IO },
		[BAR_LARGE] = { .size = 1 << 20, .flags = KVPCI_BAR_64BIT },
		[BAR_SMALL] = { .size = 4096 },
	},
	.rom_size = 2048,
};

static const struct kvpci_msix good_msix = {
	.size = sizeof(good_msix),
	.vectors = NR_MSIX,
	.table_offset = TABLE,
	.pba_offset = PBA,
};

static const struct kvpci_msi good_msi = {
	.size = sizeof(good_msi),
	.flags = KVPCI_MSI_MASK | KVPCI_MSI_64BIT,
	.vectors = NR_MSI,
};

static struct kvpci_capability msix_capability(const struct kvpci_msix *msix)
{
	return (struct kvpci_capability) {
		.flags = KVPCI_CAP_MSIX,
		.id = PCI_CAP_ID_MSIX,
		.length = msix->size,
		.value = ptr(msix),
	};
}

static struct kvpci_capability msi_capability(const struct kvpci_msi *msi)
{
	return (struct kvpci_capability) {
		.flags = KVPCI_CAP_MSI,
		.id = PCI_CAP_ID_MSI,
		.length = msi->size,
		.value = ptr(msi),
	};
}

/* A function with all kinds of interrupts. */
static int function_with_all(struct host *host, int bdf)
{
	struct kvpci_capability caps[] = {
		msi_capability(&good_msi), msix_capability(&good_msix),
	};
	struct kvpci_function_config config = description;

	config.interrupt_pin = 1;
	config.capabilities = ptr(caps);
	config.nr_capabilities = ARRAY_SIZE(caps);
	return function_new(host, bdf, config);
}

static void look(struct _test_data_uapi_irq *self, __u32 *seen)
{
	struct vcpu *vcpu = &self->vm->vcpus[0];
	int i;

	guest_begin(vcpu);
	for (i = 0; i < 64; i++)
		add_load(vcpu, ecam_address(self->host, BDF_ALL, 4 * i), 4);
	for (i = 0; i < 4 * NR_MSIX; i++)
		add_load(vcpu, PLACE + TABLE + 4 * i, 4);
	add_load(vcpu, PLACE + PBA, 4);
	add_load(vcpu, PLACE + PBA + 4, 4);
	guest_run(vcpu, 1);
	for (i = 0; i < NR_SEEN; i++)
		seen[i] = vcpu->ops[i].result;
}

/* Has something changed since look()? */
static bool is_as_it_was(struct _test_data_uapi_irq *self)
{
	__u32 seen[NR_SEEN];

	look(self, seen);
	return !memcmp(seen, self->seen, sizeof(seen));
}

FIXTURE_SETUP(uapi_irq)
{
	/* Loads the module if need be, and so does not belong to the test. */
	close(must(kvpci_open()));

	baseline_take(&self->before);
	self->direct = get_delivery() == KVPCI_DELIVERY_DIRECT;
	self->vm = vm_new_with(2, VM_INTERRUPTS | VM_MODERN);
	self->host = host_new(self->vm);
	self->all = function_with_all(self->host, BDF_ALL);
	self->none = function_new(self->host, BDF_NONE, description);
	self->msi = 0x40;
	self->msix = 0x58;
	self->event = event_new();
	self->event_msi = event_new();
	self->other = event_new();
	self->route = event_new();
	self->resample = event_new();
	self->null = must(open("/dev/null", O_RDWR | O_CLOEXEC));
	self->edge = edge_new();

	must(plug(self->all));
	set_bar(self->host, BDF_ALL, BAR_MEMORY, PLACE);
	set_command(self->host, BDF_ALL, MASTER);
	must(bind_eventfd(self->all, KVPCI_MSIX, BOUND, self->event));
	must(bind_eventfd(self->all, KVPCI_MSI, BOUND, self->event_msi));
	must(trigger(self->all, KVPCI_MSIX, PENDING));
	must(trigger(self->all, KVPCI_MSI, PENDING));
	must(trigger(self->all, KVPCI_INTX, 0));
	look(self, self->seen);
}

static bool becomes_pending(struct _test_data_uapi_irq *self, __u32 bits)
{
	return eventually(guest_load(self->vm, PLACE + PBA, 4) == bits);
}

FIXTURE_TEARDOWN(uapi_irq)
{
	const char *more;

	if (self->host->fd >= 0) {
		EXPECT_TRUE(is_as_it_was(self));
		/* What is bound is bound, and the rest is not. */
		event_signal(self->other);
		EXPECT_EQ(1, event_count(self->other));
		EXPECT_TRUE(is_as_it_was(self));
		event_signal(self->event);
		EXPECT_TRUE(becomes_pending(self, self->seen[NR_SEEN - 2] | 1 << BOUND));
		EXPECT_EQ(0, event_count(self->event));
	}

	edge_free(self->edge);
	close(self->all);
	close(self->none);
	close(self->event);
	close(self->event_msi);
	close(self->other);
	close(self->route);
	close(self->resample);
	close(self->null);
	host_free(self->host);
	vm_free(self->vm);
	more = baseline_users(&self->before);
	EXPECT_EQ(NULL, more) {
		TH_LOG("%s", more);
	}
}

/* Numbers of interrupts that there are not. */
static const __u32 no_interrupts[] = { 0, 4, 5, 7, 0x10002, 1U << 31, ~0U };

/* KVPCI_CREATE_FUNCTION */

static struct kvpci_function_config good_function(void)
{
	struct kvpci_function_config config = description;

	config.size = sizeof(config);
	config.devfn = BDF_FREE;
	config.vendor = VENDOR;
	config.capability_size = sizeof(struct kvpci_capability);
	return config;
}

static int try_function(struct _test_data_uapi_irq *self,
			const struct kvpci_function_config *config)
{
	int fd = create_function(self->host->fd, config);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

#define EXPECT_FUNCTION(result, change)					\
do {									\
	struct kvpci_function_config config = good_function();		\
									\
	change;								\
	EXPECT_EQ(result, try_function(self, &config)) {		\
		TH_LOG("%s", #change);					\
	}								\
} while (0)

static int try_capabilities(struct _test_data_uapi_irq *self,
			    const struct kvpci_capability *caps, unsigned int nr)
{
	struct kvpci_function_config config = good_function();

	config.capabilities = ptr(caps);
	config.nr_capabilities = nr;
	return try_function(self, &config);
}

/* The same with MSI-X, to which, or to its capability, @change has been made. */
#define EXPECT_MSIX(result, change)					\
do {									\
	struct kvpci_msix msix = good_msix;				\
	struct kvpci_capability cap = msix_capability(&msix);		\
									\
	change;								\
	EXPECT_EQ(result, try_capabilities(self, &cap, 1)) {		\
		TH_LOG("%s", #change);					\
	}								\
} while (0)

#define EXPECT_MSI(result, change)					\
do {									\
	struct kvpci_msi msi = good_msi;				\
	struct kvpci_capability cap = msi_capability(&msi);		\
									\
	change;								\
	EXPECT_EQ(result, try_capabilities(self, &cap, 1)) {		\
		TH_LOG("%s", #change);					\
	}								\
} while (0)

TEST_F(uapi_irq, function_with_a_bad_pin)
{
	int pin;

	for (pin = 0; pin < 256; pin++)
		EXPECT_FUNCTION(pin <= 4 ? 0 : -EINVAL, config.interrupt_pin = pin);
}

TEST_F(uapi_irq, function_with_bad_eventfds)
{
	const __u32 reset = KVPCI_FUNCTION_RESET_EVENTFD;
	const __u32 route = KVPCI_FUNCTION_ROUTE_EVENTFD;
	int path = must(open("/dev/null", O_PATH | O_CLOEXEC));
	const int closed[] = { -1, -2, 1000, 1 << 30, path };
	const int others[] = { self->null, self->all, self->host->fd, self->vm->fd };
	int bit, i;

	for (bit = 3; bit < 32; bit++)
		EXPECT_FUNCTION(-EINVAL, config.flags = 1U << bit);
	for (i = 0; i < ARRAY_SIZE(closed); i++) {
		EXPECT_FUNCTION(-EBADF, config.flags = reset; config.reset_eventfd = closed[i]);
		EXPECT_FUNCTION(-EBADF, config.flags = route; config.route_eventfd = closed[i]);
		EXPECT_FUNCTION(-EBADF, config.flags = reset | route;
				config.reset_eventfd = self->other;
				config.route_eventfd = closed[i]);
		EXPECT_FUNCTION(-EINVAL, config.reset_eventfd = closed[i]);
		EXPECT_FUNCTION(-EINVAL, config.route_eventfd = closed[i]);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		EXPECT_FUNCTION(-EINVAL, config.flags = reset; config.reset_eventfd = others[i]);
		EXPECT_FUNCTION(-EINVAL, config.flags = route; config.route_eventfd = others[i]);
	}
	/* Each flag is for its own. */
	EXPECT_FUNCTION(-EINVAL, config.reset_eventfd = self->other);
	EXPECT_FUNCTION(-EINVAL, config.route_eventfd = self->other);
	EXPECT_FUNCTION(-EINVAL, config.flags = reset; config.reset_eventfd = self->other;
			config.route_eventfd = self->other);
	EXPECT_FUNCTION(-EINVAL, config.flags = route; config.reset_eventfd = self->other;
			config.route_eventfd = self->other);
	EXPECT_FUNCTION(0, config.flags = reset; config.reset_eventfd = self->other);
	EXPECT_FUNCTION(0, config.flags = route; config.route_eventfd = self->other);
	EXPECT_FUNCTION(0, config.flags = reset | route; config.reset_eventfd = self->other;
			config.route_eventfd = self->other);
	close(path);
}

TEST_F(uapi_irq, msix_of_a_wrong_size)
{
	static char longer[2 * PAGE];
	struct kvpci_msix *msix = (void *)longer;
	struct kvpci_capability cap;
	__u32 size;

	for (size = 0; size < sizeof(good_msix); size++) {
		EXPECT_MSIX(-EINVAL, msix.size = size);
		EXPECT_MSIX(-EINVAL, msix.size = size; cap.length = size);
		EXPECT_MSIX(-EINVAL, cap.length = size);
	}
	EXPECT_MSIX(-EINVAL, cap.length++);
	EXPECT_MSIX(-EINVAL, cap.length = 0xffff);

	*msix = good_msix;
	for (size = sizeof(*msix); size <= 192; size += 8) {
		msix->size = size;
		cap = msix_capability(msix);
		EXPECT_EQ(0, try_capabilities(self, &cap, 1));
		cap.length++;
		EXPECT_EQ(-EINVAL, try_capabilities(self, &cap, 1));
		if (size == sizeof(*msix))
			continue;
		cap.length = size;
		longer[size - 1] = 1;
		EXPECT_EQ(-E2BIG, try_capabilities(self, &cap, 1));
		longer[size - 1] = 0;
	}
	msix->size = sizeof(*msix);
	cap = msix_capability(msix);
	for (size = PAGE + 1; size; size *= 2) {
		msix->size = size;
		EXPECT_EQ(-E2BIG, try_capabilities(self, &cap, 1));
	}
	EXPECT_MSIX(0, (void)0);
}

TEST_F(uapi_irq, msi_of_a_wrong_size)
{
	static char longer[2 * PAGE];
	struct kvpci_msi *msi = (void *)longer;
	struct kvpci_capability cap;
	__u32 size;

	for (size = 0; size < sizeof(good_msi); size++) {
		EXPECT_MSI(-EINVAL, msi.size = size);
		EXPECT_MSI(-EINVAL, msi.size = size; cap.length = size);
		EXPECT_MSI(-EINVAL, cap.length = size);
	}
	EXPECT_MSI(-EINVAL, cap.length++);
	EXPECT_MSI(-EINVAL, cap.length = 0xffff);

	*msi = good_msi;
	for (size = sizeof(*msi); size <= 192; size += 8) {
		msi->size = size;
		cap = msi_capability(msi);
		EXPECT_EQ(0, try_capabilities(self, &cap, 1));
		cap.length++;
		EXPECT_EQ(-EINVAL, try_capabilities(self, &cap, 1));
		if (size == sizeof(*msi))
			continue;
		cap.length = size;
		longer[size - 1] = 1;
		EXPECT_EQ(-E2BIG, try_capabilities(self, &cap, 1));
		longer[size - 1] = 0;
	}
	msi->size = sizeof(*msi);
	cap = msi_capability(msi);
	for (size = PAGE + 1; size; size *= 2) {
		msi->size = size;
		EXPECT_EQ(-E2BIG, try_capabilities(self, &cap, 1));
	}
	EXPECT_MSI(0, (void)0);
}

TEST_F(uapi_irq, descriptions_with_unknown_bits)
{
	int bit;

	for (bit = 0; bit < 32; bit++) {
		EXPECT_MSIX(-EINVAL, msix.flags = 1U << bit);
		EXPECT_MSIX(-EINVAL, msix.pad = 1U << bit);
		EXPECT_MSI(-EINVAL, msi.pad = 1U << bit);
		EXPECT_MSI(bit < 2 ? 0 : -EINVAL, msi.flags = 1U << bit);
	}
	EXPECT_MSIX(0, (void)0);
	EXPECT_MSI(0, msi.flags = 0);
	EXPECT_MSI(0, (void)0);
}

TEST_F(uapi_irq, descriptions_that_are_not_in_memory)
{
	const __u64 bad[] = { 0, 1, PAGE - 1, 1ULL << 47, 1ULL << 63, -8ULL, -1ULL };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_MSIX(-EFAULT, cap.value = bad[i]);
		EXPECT_MSI(-EFAULT, cap.value = bad[i]);
	}
	for (i = 0; i < sizeof(good_msix); i++) {
		memcpy(self->edge - i, &good_msix, i);
		EXPECT_MSIX(-EFAULT, cap.value = ptr(self->edge - i));
	}
	memcpy(self->edge - i, &good_msix, i);
	EXPECT_MSIX(0, cap.value = ptr(self->edge - i));
	for (i = 0; i < sizeof(good_msi); i++) {
		memcpy(self->edge - i, &good_msi, i);
		EXPECT_MSI(-EFAULT, cap.value = ptr(self->edge - i));
	}
	memcpy(self->edge - i, &good_msi, i);
	EXPECT_MSI(0, cap.value = ptr(self->edge - i));
}

TEST_F(uapi_irq, numbers_of_vectors)
{
	__u32 nr;

	EXPECT_MSIX(-EINVAL, msix.vectors = 0);
	EXPECT_MSIX(-EINVAL, msix.vectors = KVPCI_MAX_MSIX_VECTORS + 1);
	EXPECT_MSIX(-EINVAL, msix.vectors = 0x8000);
	EXPECT_MSIX(-EINVAL, msix.vectors = 0xffff);
	EXPECT_MSIX(0, msix.vectors = 1);
	EXPECT_MSIX(0, msix.vectors = 3);
	EXPECT_MSIX(0, msix.vectors = KVPCI_MAX_MSIX_VECTORS; msix.pba_offset = 0xf000);

	for (nr = 0; nr < 70; nr++)
		EXPECT_MSI(nr && nr <= 32 && !(nr & (nr - 1)) ? 0 : -EINVAL, msi.vectors = nr);
	EXPECT_MSI(-EINVAL, msi.vectors = 1U << 31);
	EXPECT_MSI(-EINVAL, msi.vectors = ~0U);
}

TEST_F(uapi_irq, bars_without_room_for_a_table)
{
	const __u8 bad[] = {
		BAR_IO, BAR_LARGE_UPPER, BAR_NONE, KVPCI_BAR_ROM, KVPCI_CONFIG, 8, 0x80, 0xff,
	};
	const __u32 length = NR_MSIX * MSIX_ENTRY;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_MSIX(-EINVAL, msix.table_bar = bad[i]);
		EXPECT_MSIX(-EINVAL, msix.table_bar = bad[i]; msix.table_offset = 0);
		EXPECT_MSIX(-EINVAL, msix.pba_bar = bad[i]);
		EXPECT_MSIX(-EINVAL, msix.pba_bar = bad[i]; msix.pba_offset = 0);
	}
	for (i = 1; i < 8; i++) {
		EXPECT_MSIX(-EINVAL, msix.table_offset += i);
		EXPECT_MSIX(-EINVAL, msix.pba_offset += i);
	}
	EXPECT_MSIX(0, msix.table_offset += 8; msix.pba_offset += 8);

	EXPECT_MSIX(0, msix.table_offset = MEMORY - length);
	EXPECT_MSIX(-EINVAL, msix.table_offset = MEMORY - length + 8);
	EXPECT_MSIX(-EINVAL, msix.table_offset = MEMORY - 8);
	EXPECT_MSIX(-EINVAL, msix.table_offset = MEMORY);
	EXPECT_MSIX(-EINVAL, msix.table_offset = -length);
	EXPECT_MSIX(-EINVAL, msix.table_offset = -8U);
	EXPECT_MSIX(-EINVAL, msix.vectors = KVPCI_MAX_MSIX_VECTORS;
		    msix.table_offset = MEMORY / 2 + 8; msix.pba_offset = 0);
	EXPECT_MSIX(-EINVAL, msix.vectors = 257; msix.table_bar = BAR_SMALL;
		    msix.table_offset = 0);
	EXPECT_MSIX(0, msix.vectors = 256; msix.table_bar = BAR_SMALL; msix.table_offset = 0);

	EXPECT_MSIX(0, msix.pba_offset = MEMORY - 8);
	EXPECT_MSIX(-EINVAL, msix.pba_offset = MEMORY);
	EXPECT_MSIX(-EINVAL, msix.pba_offset = -8U);
	/* 64 vectors take 8 bytes, one more 16. */
	EXPECT_MSIX(0, msix.vectors = 64; msix.pba_offset = MEMORY - 8);
	EXPECT_MSIX(-EINVAL, msix.vectors = 65; msix.pba_offset = MEMORY - 8);
	EXPECT_MSIX(0, msix.vectors = 65; msix.pba_offset = MEMORY - 16);
	EXPECT_MSIX(0, msix.vectors = 128; msix.pba_offset = MEMORY - 16);
	EXPECT_MSIX(-EINVAL, msix.vectors = 129; msix.pba_offset = MEMORY - 16);

	EXPECT_MSIX(0, msix.table_bar = BAR_LARGE; msix.table_offset = (1 << 20) - length);
	EXPECT_MSIX(-EINVAL, msix.table_bar = BAR_LARGE; msix.table_offset = 1 << 20);
}

TEST_F(uapi_irq, a_table_and_pending_bits_that_overlap)
{
	const __u32 end = TABLE + NR_MSIX * MSIX_ENTRY;

	EXPECT_MSIX(-EEXIST, msix.pba_offset = TABLE);
	EXPECT_MSIX(-EEXIST, msix.pba_offset = TABLE + 8);
	EXPECT_MSIX(-EEXIST, msix.pba_offset = end - 8);
	EXPECT_MSIX(0, msix.pba_offset = end);
	EXPECT_MSIX(0, msix.pba_offset = TABLE - 8);
	EXPECT_MSIX(-EEXIST, msix.vectors = 65; msix.pba_offset = TABLE - 8);
	EXPECT_MSIX(0, msix.vectors = 65; msix.pba_offset = TABLE - 16);
	EXPECT_MSIX(-EEXIST, msix.vectors = NR_MSIX + 1; msix.pba_offset = end);
	/* The same place of another BAR is another place. */
	EXPECT_MSIX(0, msix.pba_offset = TABLE; msix.pba_bar = BAR_LARGE);
	EXPECT_MSIX(-EEXIST, msix.pba_offset = TABLE; msix.pba_bar = BAR_LARGE;
		    msix.table_bar = BAR_LARGE);
}

TEST_F(uapi_irq, capabilities_that_are_not_what_their_ids_say)
{
	static char bytes[PAGE];
	__u32 id;

	for (id = 0; id < 0x200; id++) {
		EXPECT_MSIX(id == PCI_CAP_ID_MSIX ? 0 : -EINVAL, cap.id = id);
		EXPECT_MSI(id == PCI_CAP_ID_MSI ? 0 : -EINVAL, cap.id = id);
	}
	/* The IDs are the kernel's, whatever the contents. */
	EXPECT_MSIX(-EINVAL, cap.flags = 0);
	EXPECT_MSI(-EINVAL, cap.flags = 0);
	EXPECT_MSIX(-EINVAL, cap.flags = 0; cap.length = 12);
	EXPECT_MSIX(-EINVAL, cap.flags = KVPCI_CAP_MSI);
	EXPECT_MSI(-EINVAL, cap.flags = KVPCI_CAP_MSIX);
	EXPECT_MSIX(-EINVAL, cap.flags |= KVPCI_CAP_MSI);
	EXPECT_MSI(-EINVAL, cap.flags |= KVPCI_CAP_MSIX);
	EXPECT_MSIX(-EINVAL, cap.flags |= KVPCI_CAP_EXTENDED);
	EXPECT_MSI(-EINVAL, cap.flags |= KVPCI_CAP_EXTENDED);
	EXPECT_MSIX(-EINVAL, cap.flags |= KVPCI_CAP_EXTENDED; cap.version = 1);
	EXPECT_MSI(-EINVAL, cap.flags |= KVPCI_CAP_EXTENDED; cap.version = 1);
	/* Of extended ones they mean something else. */
	EXPECT_MSIX(0, cap.flags = KVPCI_CAP_EXTENDED; cap.version = 1);
	EXPECT_MSI(0, cap.flags = KVPCI_CAP_EXTENDED; cap.version = 1);

	EXPECT_MSIX(-EINVAL, cap.version = 1);
	EXPECT_MSI(-EINVAL, cap.version = 1);
	EXPECT_MSIX(-EINVAL, cap.pad = 1);
	EXPECT_MSI(-EINVAL, cap.pad1 = 1);
	EXPECT_MSIX(-EINVAL, cap.writable = ptr(bytes));
	EXPECT_MSI(-EINVAL, cap.writable = ptr(bytes));
	EXPECT_MSIX(-EINVAL, cap.write1clear = ptr(bytes));
	EXPECT_MSI(-EINVAL, cap.write1clear = ptr(bytes));
}

TEST_F(uapi_irq, capabilities_without_room)
{
	static const __u8 length[] = { 10, 14, 20, 24 };	/* by flags */
	static char bytes[PAGE];
	struct kvpci_msix msix = good_msix, msix_too = good_msix;
	struct kvpci_msi msi = good_msi, msi_too = good_msi;
	struct kvpci_capability caps[3];
	__u32 flags, offset;

	for (offset = 0x30; offset <= 0x104; offset++) {
		bool good = offset >= 0x40 && !(offset % 4);

		EXPECT_MSIX(good && offset + 12 <= 0x100 ? 0 : -EINVAL, cap.offset = offset);
		for (flags = 0; flags < 4; flags++)
			EXPECT_MSI(good && offset + length[flags] <= 0x100 ? 0 : -EINVAL,
				   cap.offset = offset; msi.flags = flags);
	}
	EXPECT_MSIX(-EINVAL, cap.offset = 0xfffc);
	EXPECT_MSI(-EINVAL, cap.offset = 0xfffc);

	/* Where there is another, before or after them. */
	caps[0] = (struct kvpci_capability) {
		.id = 9, .offset = 0x60, .length = 16, .value = ptr(bytes),
	};
	caps[1] = msix_capability(&msix);
	for (offset = 0x4c; offset <= 0x78; offset += 4) {
		bool good = offset + 12 <= 0x60 || offset >= 0x70;

		caps[1].offset = offset;
		EXPECT_EQ(good ? 0 : -EINVAL, try_capabilities(self, caps, 2)) {
			TH_LOG("MSI-X at %#x", offset);
		}
	}
	caps[1] = msi_capability(&msi);
	for (offset = 0x40; offset <= 0x78; offset += 4) {
		bool good = offset + 24 <= 0x60 || offset >= 0x70;

		caps[1].offset = offset;
		EXPECT_EQ(good ? 0 : -EINVAL, try_capabilities(self, caps, 2)) {
			TH_LOG("MSI at %#x", offset);
		}
	}

	/* What is left is not enough. */
	caps[0].offset = 0;
	caps[1] = msix_capability(&msix);
	caps[0].length = 192 - 12;
	EXPECT_EQ(0, try_capabilities(self, caps, 2));
	caps[0].length++;
	EXPECT_EQ(-ENOSPC, try_capabilities(self, caps, 2));
	caps[1] = msi_capability(&msi);
	caps[0].length = 192 - 24;
	EXPECT_EQ(0, try_capabilities(self, caps, 2));
	caps[0].length++;
	EXPECT_EQ(-ENOSPC, try_capabilities(self, caps, 2));

	/* Twice, though the second one would fit. */
	caps[0] = msix_capability(&msix);
	caps[1] = msi_capability(&msi);
	EXPECT_EQ(0, try_capabilities(self, caps, 2));
	caps[2] = msi_capability(&msi_too);
	EXPECT_EQ(-EINVAL, try_capabilities(self, caps, 3));
	msix_too.table_offset = 0x4000;
	msix_too.pba_offset = 0x5000;
	caps[2] = msix_capability(&msix_too);
	EXPECT_EQ(-EINVAL, try_capabilities(self, caps, 3));
}

/* KVPCI_ADD_RANGE */

static int try_range(struct _test_data_uapi_irq *self, const struct range_desc *range,
		     bool with_all)
{
	int function = with_all ? function_with_all(self->host, BDF_FREE) :
				  function_new(self->host, BDF_FREE, description);
	int ret = add_range(function, range);

	close(function);
	return ret;
}

#define EXPECT_RANGE_OF(with_all, result, change)			\
do {									\
	struct range_desc range = {					\
		.bar = BAR_SMALL,					\
		.kind = KVPCI_RANGE_REGISTERS,				\
		.length = 4,						\
	};								\
									\
	change;								\
	EXPECT_EQ(result, try_range(self, &range, with_all)) {	\
		TH_LOG("%s, flags %u", #change, range.flags);		\
	}								\
} while (0)

#define EXPECT_RANGE(result, change)	EXPECT_RANGE_OF(true, result, change)

TEST_F(uapi_irq, registers_that_trigger_what_is_not_there)
{
	static const __u32 kinds[] = { KVPCI_REGISTERS_TRIGGER, KVPCI_REGISTERS_LOWER };
	static const __u16 counts[] = {
		[KVPCI_INTX] = 1, [KVPCI_MSI] = NR_MSI, [KVPCI_MSIX] = NR_MSIX,
	};
	const __u32 both = KVPCI_REGISTERS_TRIGGER | KVPCI_REGISTERS_LOWER;
	__u16 interrupt;
	int i, n;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (interrupt = KVPCI_INTX; interrupt <= KVPCI_MSIX; interrupt++) {
			for (n = 0; n < 12; n++)
				EXPECT_RANGE(n < counts[interrupt] ? 0 : -EINVAL,
					     range.flags = kinds[i];
					      range.interrupt = interrupt; range.vector = n);
			EXPECT_RANGE(-EINVAL, range.flags = kinds[i];
				      range.interrupt = interrupt; range.vector = 0xffff);
			EXPECT_RANGE(-EINVAL, range.flags = kinds[i];
				      range.interrupt = interrupt; range.vector = 0x8000);
			EXPECT_RANGE_OF(false, -EINVAL, range.flags = kinds[i];
					 range.interrupt = interrupt);
			/* One or the other, and with its flag. */
			EXPECT_RANGE(-EINVAL, range.flags = both;
				      range.interrupt = interrupt);
			EXPECT_RANGE(-EINVAL, range.interrupt = interrupt);
		}
		for (n = 0; n < ARRAY_SIZE(no_interrupts); n++)
			if (no_interrupts[n] < 1 << 16)
				EXPECT_RANGE(-EINVAL, range.flags = kinds[i];
					      range.interrupt = no_interrupts[n]);
		EXPECT_RANGE(-EINVAL, range.flags = kinds[i]; range.interrupt = 0xffff);
		EXPECT_RANGE(-EINVAL, range.flags = kinds[i];
			      range.interrupt = KVPCI_MSIX; range.eventfd = self->other);
		EXPECT_RANGE(-EBADF, range.flags = kinds[i] | KVPCI_REGISTERS_EVENTFD;
			      range.interrupt = KVPCI_MSIX; range.eventfd = -1);
		EXPECT_RANGE(0, range.flags = kinds[i] | KVPCI_REGISTERS_EVENTFD;
			      range.interrupt = KVPCI_MSIX; range.eventfd = self->other);
		/* Only registers do. */
		EXPECT_RANGE(-EINVAL, range.flags = kinds[i];
			      range.interrupt = KVPCI_MSIX;
			      range.kind = KVPCI_RANGE_USERSPACE);
	}
	EXPECT_RANGE(-EINVAL, range.vector = 1);
	EXPECT_RANGE(-EINVAL, range.flags = KVPCI_REGISTERS_EVENTFD; range.eventfd = self->other;
		      range.interrupt = KVPCI_MSIX);
}

/* The table and the pending bits are two of the ranges that a function may have. */
TEST_F(uapi_irq, the_table_counts_as_a_range)
{
	int function = function_with_all(self->host, BDF_FREE);
	struct range_desc range = {
		.bar = BAR_SMALL,
		.kind = KVPCI_RANGE_REGISTERS,
		.length = 1,
	};

	for (; range.offset < KVPCI_MAX_RANGES - 2; range.offset++)
		ASSERT_EQ(0, add_range(function, &range));
	EXPECT_EQ(-ENOSPC, add_range(function, &range));
	close(function);
}

/* KVPCI_READ and KVPCI_WRITE */

TEST_F(uapi_irq, the_device_leaves_msix_alone)
{
	__u8 ones[MEMORY], value;
	unsigned int at;

	memset(ones, 0xff, sizeof(ones));
	for (at = self->msix; at < self->msix + 12; at++)
		EXPECT_EQ(-EINVAL, device_write(self->all, KVPCI_CONFIG, at, ones, 1));
	for (at = self->msi; at < self->msi + 24; at++)
		EXPECT_EQ(-EINVAL, device_write(self->all, KVPCI_CONFIG, at, ones, 1));
	/* One byte of them among others is enough. */
	EXPECT_EQ(-EINVAL, device_write(self->all, KVPCI_CONFIG, self->msix + 11, ones, 2));
	EXPECT_EQ(-EINVAL, device_write(self->all, KVPCI_CONFIG, self->msix + 11, ones, 0x200));
	EXPECT_EQ(-EINVAL, device_write(self->all, KVPCI_CONFIG, self->msix + 4, ones, 8));
	EXPECT_TRUE(is_as_it_was(self));
	for (at = self->msi; at < self->msix + 12; at++) {
		EXPECT_EQ(0, device_read(self->all, KVPCI_CONFIG, at, &value, 1));
		EXPECT_EQ((__u8)(self->seen[at / 4] >> at % 4 * 8), value);
	}

	/* Nor are the table and the pending bits registers of the device. */
	for (at = 0; at < NR_MSIX * MSIX_ENTRY; at += 4) {
		EXPECT_EQ(-EINVAL, device_write(self->all, BAR_MEMORY, TABLE + at, ones, 4));
		EXPECT_EQ(-EINVAL, device_read(self->all, BAR_MEMORY, TABLE + at, ones, 4));
	}
	for (at = 0; at < 8; at++) {
		EXPECT_EQ(-EINVAL, device_write(self->all, BAR_MEMORY, PBA + at, ones, 1));
		EXPECT_EQ(-EINVAL, device_read(self->all, BAR_MEMORY, PBA + at, ones, 1));
	}
	EXPECT_EQ(-EINVAL, device_write(self->all, BAR_MEMORY, TABLE, ones, 4096));
	EXPECT_TRUE(is_as_it_was(self));

	/* What follows the capability is the device's. */
	EXPECT_EQ(0, device_write(self->all, KVPCI_CONFIG, self->msix + 12, ones, 1));
	ones[0] = 0;
	EXPECT_EQ(0, device_write(self->all, KVPCI_CONFIG, self->msix + 12, ones, 1));
}

/* A mask of nothing is no way to them, and a guest's write is one. */
TEST_F(uapi_irq, the_device_writes_msix_as_the_guest)
{
	const __u16 zero = 0, enable = PCI_MSIX_FLAGS_ENABLE;
	struct kvpci_access access = {
		.size = sizeof(access),
		.bar = KVPCI_CONFIG,
		.offset = self->msix + PCI_MSIX_FLAGS,
		.length = 2,
		.data = ptr(&enable),
		.mask = ptr(&zero),
	};

	EXPECT_EQ(-EINVAL, kvpci_ioctl(self->all, KVPCI_WRITE, &access));
	access.mask = 0;
	EXPECT_EQ(-EINVAL, kvpci_ioctl(self->all, KVPCI_WRITE, &access));
	EXPECT_TRUE(is_as_it_was(self));
	access.flags = KVPCI_ACCESS_AS_GUEST;
	EXPECT_EQ(0, kvpci_ioctl(self->all, KVPCI_WRITE, &access));
	EXPECT_FALSE(is_as_it_was(self));
	access.data = ptr(&zero);
	EXPECT_EQ(0, kvpci_ioctl(self->all, KVPCI_WRITE, &access));
}

/* KVPCI_BIND */

static struct kvpci_binding good_binding(struct _test_data_uapi_irq *self)
{
	return (struct kvpci_binding) {
		.size = sizeof(struct kvpci_binding),
		.interrupt = KVPCI_MSIX,
		.vector = FREE,
		.eventfd = self->other,
	};
}

static int try_bind(void *test, const void *arg)
{
	struct _test_data_uapi_irq *self = test;
	const struct kvpci_binding *binding = arg;
	int ret = kvpci_ioctl(self->all, KVPCI_BIND, arg);

	if (!ret && !(binding->flags & KVPCI_BIND_REMOVE))
		must(unbind(self->all, binding->interrupt, binding->vector));
	return ret;
}

#define EXPECT_BIND(result, change)					\
do {									\
	struct kvpci_binding binding = good_binding(self);		\
									\
	change;								\
	EXPECT_EQ(result, try_bind(self, &binding)) {			\
		TH_LOG("%s", #change);					\
	}								\
} while (0)

TEST_F(uapi_irq, structure_of_bind)
{
	const struct kvpci_binding good = good_binding(self);

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_BIND",
		.try = try_bind,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_BIND_REMOVE | KVPCI_BIND_ACK,
		/* Used only with a flag. */
		.zero = &(struct kvpci_binding) {
			.ack_eventfd = ~0,
		},
	});
}

TEST_F(uapi_irq, bindings_of_vectors_that_are_not_there)
{
	static const __u32 counts[] = {
		[KVPCI_INTX] = 1, [KVPCI_MSI] = NR_MSI, [KVPCI_MSIX] = NR_MSIX,
	};
	const __u32 off = KVPCI_BIND_REMOVE;
	__u32 interrupt, n;

	for (interrupt = KVPCI_INTX; interrupt <= KVPCI_MSIX; interrupt++) {
		for (n = 0; n < 12; n++) {
			bool bound = interrupt != KVPCI_INTX && n == BOUND;

			EXPECT_BIND(n >= counts[interrupt] ? -EINVAL : bound ? -EEXIST : 0,
				    binding.interrupt = interrupt; binding.vector = n);
			if (bound)
				continue;
			EXPECT_BIND(n >= counts[interrupt] ? -EINVAL : -ENOENT,
				    binding.flags = off; binding.eventfd = 0;
				    binding.interrupt = interrupt; binding.vector = n);
		}
		EXPECT_BIND(-EINVAL, binding.interrupt = interrupt; binding.vector = 1U << 31);
		EXPECT_BIND(-EINVAL, binding.interrupt = interrupt; binding.vector = ~0U);
		EXPECT_EQ(-EINVAL, bind_eventfd(self->none, interrupt, 0, self->other));
		EXPECT_EQ(-EINVAL, unbind(self->none, interrupt, 0));
	}
	for (n = 0; n < ARRAY_SIZE(no_interrupts); n++) {
		EXPECT_BIND(-EINVAL, binding.interrupt = no_interrupts[n]);
		EXPECT_BIND(-EINVAL, binding.interrupt = no_interrupts[n]; binding.vector = 0);
		EXPECT_BIND(-EINVAL, binding.interrupt = no_interrupts[n];
			    binding.flags = off; binding.eventfd = 0);
	}
	EXPECT_TRUE(is_as_it_was(self));
}

TEST_F(uapi_irq, bindings_of_what_is_no_eventfd)
{
	const __u32 with_ack = KVPCI_BIND_ACK;
	int path = must(open("/dev/null", O_PATH | O_CLOEXEC));
	int epoll = must(epoll_create1(EPOLL_CLOEXEC));
	const int closed[] = { -1, -2, 1000, 1 << 30, path };
	const int others[] = {
		self->null, self->all, self->host->fd, self->vm->fd, self->vm->vcpus[0].fd, epoll,
	};
	__u32 interrupt;
	int i;

	for (interrupt = KVPCI_INTX; interrupt <= KVPCI_MSIX; interrupt++) {
		const __u32 free = interrupt == KVPCI_INTX ? 0 : FREE;

		for (i = 0; i < ARRAY_SIZE(closed); i++)
			EXPECT_BIND(-EBADF, binding.interrupt = interrupt;
				    binding.vector = free; binding.eventfd = closed[i]);
		for (i = 0; i < ARRAY_SIZE(others); i++)
			EXPECT_BIND(-EINVAL, binding.interrupt = interrupt;
				    binding.vector = free; binding.eventfd = others[i]);
		EXPECT_BIND(0, binding.interrupt = interrupt; binding.vector = free);
	}
	for (i = 0; i < ARRAY_SIZE(closed); i++) {
		EXPECT_BIND(-EBADF, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
			    binding.vector = 0; binding.ack_eventfd = closed[i]);
		EXPECT_BIND(-EBADF, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
			    binding.vector = 0; binding.eventfd = closed[i];
			    binding.ack_eventfd = self->other);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
			    binding.vector = 0; binding.ack_eventfd = others[i]);
		EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
			    binding.vector = 0; binding.eventfd = others[i];
			    binding.ack_eventfd = self->other);
	}
	EXPECT_BIND(0, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.ack_eventfd = self->resample);

	/* What is in one that is refused stays there. */
	event_signal(self->other);
	EXPECT_BIND(-EEXIST, binding.vector = BOUND);
	EXPECT_BIND(-EINVAL, binding.vector = NR_MSIX);
	EXPECT_BIND(-EBADF, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.ack_eventfd = -1);
	EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.ack_eventfd = self->null);
	EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.ack_eventfd = self->other);
	EXPECT_EQ(1, event_count(self->other));
	close(path);
	close(epoll);
}

TEST_F(uapi_irq, bindings_with_fields_that_do_not_go_together)
{
	const __u32 off = KVPCI_BIND_REMOVE, with_ack = KVPCI_BIND_ACK;
	int bit;

	for (bit = 0; bit < 32; bit++) {
		EXPECT_BIND(-EINVAL, binding.flags = off; binding.eventfd = 1U << bit);
		EXPECT_BIND(-EINVAL, binding.flags = off; binding.eventfd = 0;
			    binding.ack_eventfd = 1U << bit);
		EXPECT_BIND(-EINVAL, binding.interrupt = KVPCI_INTX; binding.vector = 0;
			    binding.ack_eventfd = 1U << bit);
	}
	/* A vector that is bound is not unbound by any of these. */
	EXPECT_BIND(-EINVAL, binding.flags = off; binding.vector = BOUND);
	EXPECT_BIND(-EINVAL, binding.flags = off; binding.vector = BOUND;
		    binding.eventfd = self->event);
	EXPECT_BIND(-EINVAL, binding.flags = off | with_ack; binding.vector = BOUND;
		    binding.eventfd = 0);
	EXPECT_EQ(-EEXIST, bind_eventfd(self->all, KVPCI_MSIX, BOUND, self->event));

	must(bind_eventfd(self->all, KVPCI_INTX, 0, self->other));
	EXPECT_BIND(-EINVAL, binding.flags = off | with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.eventfd = 0);
	EXPECT_EQ(0, unbind(self->all, KVPCI_INTX, 0));

	/* Only a pin is acknowledged. */
	EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.ack_eventfd = self->resample);
	EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.ack_eventfd = self->resample;
		    binding.interrupt = KVPCI_MSI);
	EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.ack_eventfd = self->resample;
		    binding.interrupt = 0);
}

TEST_F(uapi_irq, a_bound_vector_is_refused_and_stays_bound)
{
	EXPECT_EQ(-EEXIST, bind_eventfd(self->all, KVPCI_MSI, BOUND, self->other));
	EXPECT_EQ(-EEXIST, bind_eventfd(self->all, KVPCI_MSI, BOUND, self->event));
	EXPECT_EQ(-EEXIST, bind_eventfd(self->all, KVPCI_MSI, BOUND, self->event_msi));
	EXPECT_EQ(-EEXIST, bind_eventfd(self->all, KVPCI_MSIX, BOUND, self->other));
	EXPECT_EQ(0, unbind(self->all, KVPCI_MSI, BOUND));
	EXPECT_EQ(-ENOENT, unbind(self->all, KVPCI_MSI, BOUND));
	/* Each has bindings of its own. */
	EXPECT_EQ(-EEXIST, bind_eventfd(self->all, KVPCI_MSIX, BOUND, self->other));
	EXPECT_EQ(0, bind_eventfd(self->all, KVPCI_MSI, BOUND, self->event_msi));
}

/* As KVM has one irqfd for it in a machine. */
TEST_F(uapi_irq, an_eventfd_is_listened_to_once)
{
	const __u32 with_ack = KVPCI_BIND_ACK;
	int copy = must(dup(self->event));
	__u32 interrupt;

	close(self->none);
	self->none = function_with_all(self->host, BDF_NONE);
	for (interrupt = KVPCI_INTX; interrupt <= KVPCI_MSIX; interrupt++) {
		const __u32 free = interrupt == KVPCI_INTX ? 0 : FREE;

		EXPECT_EQ(-EBUSY, bind_eventfd(self->all, interrupt, free, self->event));
		/* By whatever number. */
		EXPECT_EQ(-EBUSY, bind_eventfd(self->all, interrupt, free, copy));
		EXPECT_EQ(-EBUSY, bind_eventfd(self->none, interrupt, free, self->event));
		EXPECT_EQ(-ENOENT, unbind(self->all, interrupt, free));
		EXPECT_EQ(-ENOENT, unbind(self->none, interrupt, free));
	}
	EXPECT_BIND(-EBUSY, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.eventfd = self->event;
		    binding.ack_eventfd = self->other);

	/* Nor do acknowledgments come by what triggers, or to two pins. */
	EXPECT_EQ(-EBUSY, set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->event));
	EXPECT_EQ(-EBUSY, set_route(self->none, KVPCI_INTX, 0, 0, self->route, copy));
	must(set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->resample));
	EXPECT_EQ(-EBUSY, set_route(self->none, KVPCI_INTX, 0, 0, self->route, self->resample));
	EXPECT_EQ(-EBUSY, bind_eventfd(self->all, KVPCI_MSIX, FREE, self->resample));
	/* To the same it may be said again; one that is refused leaves the old one. */
	EXPECT_EQ(0, set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->resample));
	EXPECT_EQ(-EBUSY, set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->event));
	EXPECT_EQ(-EBUSY, bind_eventfd(self->none, KVPCI_MSIX, FREE, self->resample));
	must(remove_route(self->all, KVPCI_INTX, 0));
	EXPECT_BIND(0, binding.eventfd = self->resample);

	/* Until its binding, or its function, has gone. */
	EXPECT_EQ(0, unbind(self->all, KVPCI_MSIX, BOUND));
	EXPECT_EQ(0, bind_eventfd(self->none, KVPCI_MSIX, FREE, self->event));
	EXPECT_EQ(0, bind_eventfd(self->none, KVPCI_INTX, 0, self->other));
	EXPECT_EQ(0, set_route(self->none, KVPCI_INTX, 0, 0, self->route, self->resample));
	EXPECT_EQ(-EBUSY, bind_eventfd(self->all, KVPCI_MSIX, BOUND, self->event));
	close(self->none);
	self->none = function_new(self->host, BDF_NONE, description);
	EXPECT_EQ(0, bind_eventfd(self->all, KVPCI_MSIX, BOUND, self->event));
	EXPECT_BIND(0, binding.eventfd = self->other);
	EXPECT_BIND(0, binding.eventfd = self->resample);
	/* The pin is high, and has told its route so. */
	event_count(self->route);
	close(copy);
}

/* KVPCI_TRIGGER */

static int try_trigger(void *test, const void *arg)
{
	struct _test_data_uapi_irq *self = test;
	int ret = kvpci_ioctl(self->all, KVPCI_TRIGGER, arg);

	if (!ret) {
		struct kvpci_trigger undo = *(const struct kvpci_trigger *)arg;

		undo.size = sizeof(undo);
		undo.flags ^= KVPCI_TRIGGER_LOWER;
		must(kvpci_ioctl(self->all, KVPCI_TRIGGER, &undo));
	}
	return ret;
}

#define EXPECT_TRIGGER(result, change)					\
do {									\
	struct kvpci_trigger trigger = {				\
		.size = sizeof(trigger),				\
		.interrupt = KVPCI_MSIX,				\
		.vector = FREE,						\
	};								\
									\
	change;								\
	EXPECT_EQ(result, try_trigger(self, &trigger)) {		\
		TH_LOG("%s", #change);					\
	}								\
} while (0)

TEST_F(uapi_irq, structure_of_trigger)
{
	const struct kvpci_trigger good = {
		.size = sizeof(good),
		.interrupt = KVPCI_MSIX,
		.vector = FREE,
	};

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_TRIGGER",
		.try = try_trigger,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_TRIGGER_LOWER,
	});
}

TEST_F(uapi_irq, triggers_of_what_is_not_there)
{
	static const __u32 counts[] = {
		[KVPCI_INTX] = 1, [KVPCI_MSI] = NR_MSI, [KVPCI_MSIX] = NR_MSIX,
	};
	const __u32 off = KVPCI_TRIGGER_LOWER;
	__u32 interrupt, n;

	for (interrupt = KVPCI_INTX; interrupt <= KVPCI_MSIX; interrupt++) {
		for (n = counts[interrupt]; n < 70; n++) {
			EXPECT_TRIGGER(-EINVAL, trigger.interrupt = interrupt; trigger.vector = n);
			EXPECT_TRIGGER(-EINVAL, trigger.interrupt = interrupt; trigger.vector = n;
				       trigger.flags = off);
		}
		EXPECT_TRIGGER(-EINVAL, trigger.interrupt = interrupt; trigger.vector = ~0U);
		EXPECT_TRIGGER(-EINVAL, trigger.interrupt = interrupt; trigger.vector = 1U << 31);
		EXPECT_EQ(-EINVAL, trigger(self->none, interrupt, 0));
	}
	for (n = 0; n < ARRAY_SIZE(no_interrupts); n++) {
		EXPECT_TRIGGER(-EINVAL, trigger.interrupt = no_interrupts[n]);
		EXPECT_TRIGGER(-EINVAL, trigger.interrupt = no_interrupts[n]; trigger.vector = 0);
		EXPECT_TRIGGER(-EINVAL, trigger.interrupt = no_interrupts[n];
			       trigger.vector = 0; trigger.flags = off);
	}
	EXPECT_TRUE(is_as_it_was(self));
	for (n = 0; n < NR_MSIX; n++)
		if (n != PENDING)
			EXPECT_TRIGGER(0, trigger.vector = n);
}

/* KVPCI_GET_ROUTE and KVPCI_SET_ROUTE */

static int try_get_route(void *test, const void *arg)
{
	struct _test_data_uapi_irq *self = test;

	return kvpci_ioctl(self->all, KVPCI_GET_ROUTE, arg);
}

static int try_set_route(void *test, const void *arg)
{
	struct _test_data_uapi_irq *self = test;
	int ret = kvpci_ioctl(self->all, KVPCI_SET_ROUTE, arg);

	const struct kvpci_route *route = arg;

	if (!ret)
		must(remove_route(self->all, route->interrupt, route->vector));
	return ret;
}

static struct kvpci_route good_question(void)
{
	return (struct kvpci_route) {
		.size = sizeof(struct kvpci_route),
		.interrupt = KVPCI_MSIX,
	};
}

/* Of a pin, which is the same whatever sends messages. */
static struct kvpci_route good_route(struct _test_data_uapi_irq *self)
{
	return (struct kvpci_route) {
		.size = sizeof(struct kvpci_route),
		.interrupt = KVPCI_INTX,
		.eventfd = self->route,
		.resample_eventfd = self->resample,
	};
}

#define EXPECT_QUESTION(result, change)					\
do {									\
	struct kvpci_route question = good_question(), asked;		\
									\
	change;								\
	asked = question;						\
	EXPECT_EQ(result, try_get_route(self, &question)) {		\
		TH_LOG("%s", #change);					\
	}								\
	EXPECT_EQ(0, memcmp(&asked, &question, sizeof(asked)));		\
} while (0)

#define EXPECT_ROUTE(result, change)					\
do {									\
	struct kvpci_route route = good_route(self);			\
									\
	change;								\
	EXPECT_EQ(result, try_set_route(self, &route)) {		\
		TH_LOG("%s", #change);					\
	}								\
} while (0)

TEST_F(uapi_irq, structure_of_get_route)
{
	const struct kvpci_route good = good_question();

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_GET_ROUTE",
		.try = try_get_route,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_ROUTE_RECALLED,
		.result = -ENOENT,
		.zero = &(struct kvpci_route) {
			.address = ~0ULL,
			.data = ~0U,
			.eventfd = ~0,
			.sequence = ~0ULL,
			.resample_eventfd = ~0,
			.requester = ~0U,
		},
	});
}

TEST_F(uapi_irq, structure_of_set_route)
{
	const struct kvpci_route good = good_route(self);

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_SET_ROUTE",
		.try = try_set_route,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_ROUTE_REMOVE | KVPCI_ROUTE_HAND | KVPCI_ROUTE_LEAVE,
		.zero = &(struct kvpci_route) {
			.address = ~0ULL,
			.data = ~0U,
			.sequence = ~0ULL,
			.requester = ~0U,
		},
	});
}

TEST_F(uapi_irq, routes_of_vectors_that_are_not_there)
{
	static const __u32 counts[] = {
		[KVPCI_INTX] = 1, [KVPCI_MSI] = NR_MSI, [KVPCI_MSIX] = NR_MSIX,
	};
	__u32 interrupt, n;

	/* One beyond the last is a question, a pin is none. */
	for (interrupt = KVPCI_MSI; interrupt <= KVPCI_MSIX; interrupt++)
		for (n = 0; n < 12; n++)
			EXPECT_QUESTION(n <= counts[interrupt] ? -ENOENT : -EINVAL,
					question.interrupt = interrupt; question.vector = n);
	EXPECT_QUESTION(-EINVAL, question.vector = 1U << 31);
	EXPECT_QUESTION(-EINVAL, question.vector = ~0U);
	EXPECT_QUESTION(-EINVAL, question.interrupt = KVPCI_INTX);
	EXPECT_QUESTION(-EINVAL, question.interrupt = KVPCI_INTX; question.vector = 1);
	EXPECT_QUESTION(-EINVAL, question.flags = KVPCI_ROUTE_REMOVE);
	EXPECT_QUESTION(-ENOENT, question.flags = KVPCI_ROUTE_RECALLED);
	EXPECT_QUESTION(-EINVAL, question.flags = KVPCI_ROUTE_HAND);
	EXPECT_QUESTION(-EINVAL, question.flags = KVPCI_ROUTE_LEAVE);
	EXPECT_ROUTE(-EINVAL, route.flags = KVPCI_ROUTE_RECALLED);
	EXPECT_ROUTE(-EINVAL, route.flags = KVPCI_ROUTE_LEAVE);
	EXPECT_ROUTE(-EINVAL, route.flags = KVPCI_ROUTE_LEAVE | KVPCI_ROUTE_REMOVE;
		     route.interrupt = KVPCI_INTX; route.eventfd = 0; route.resample_eventfd = 0);

	for (interrupt = KVPCI_INTX; interrupt <= KVPCI_MSIX; interrupt++) {
		const int resample = interrupt == KVPCI_INTX ? self->resample : 0;
		struct kvpci_route question = { .interrupt = interrupt };

		EXPECT_EQ(-EINVAL, get_route(self->none, &question));
		EXPECT_EQ(-EINVAL, set_route(self->none, interrupt, 0, 0, self->route, resample));
		EXPECT_ROUTE(-EINVAL, route.interrupt = interrupt;
			     route.vector = counts[interrupt];
			     route.resample_eventfd = resample);
		EXPECT_ROUTE(-EINVAL, route.interrupt = interrupt; route.vector = ~0U;
			     route.resample_eventfd = resample);
		EXPECT_ROUTE(-EINVAL, route.interrupt = interrupt;
			     route.vector = counts[interrupt];
			     route.flags = KVPCI_ROUTE_REMOVE;
			     route.eventfd = 0; route.resample_eventfd = 0);
	}
	for (n = 0; n < ARRAY_SIZE(no_interrupts); n++) {
		EXPECT_QUESTION(-EINVAL, question.interrupt = no_interrupts[n]);
		EXPECT_ROUTE(-EINVAL, route.interrupt = no_interrupts[n];
			     route.resample_eventfd = 0);
		EXPECT_ROUTE(-EINVAL, route.interrupt = no_interrupts[n];
			     route.flags = KVPCI_ROUTE_REMOVE;
			     route.eventfd = 0; route.resample_eventfd = 0);
	}
}

TEST_F(uapi_irq, a_route_of_the_pin_that_is_wrong)
{
	const __u32 off = KVPCI_ROUTE_REMOVE;
	int path = must(open("/dev/null", O_PATH | O_CLOEXEC));
	int copy = must(dup(self->route)), acknowledged = event_new();
	const int closed[] = { -1, -2, 1000, 1 << 30, path };
	const int others[] = { self->null, self->all, self->host->fd, self->vm->fd };
	int i;

	for (i = 0; i < ARRAY_SIZE(closed); i++) {
		EXPECT_ROUTE(-EBADF, route.eventfd = closed[i]);
		EXPECT_ROUTE(-EBADF, route.resample_eventfd = closed[i]);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		EXPECT_ROUTE(-EINVAL, route.eventfd = others[i]);
		EXPECT_ROUTE(-EINVAL, route.resample_eventfd = others[i]);
	}
	EXPECT_ROUTE(-EINVAL, route.resample_eventfd = self->route);
	EXPECT_ROUTE(-EINVAL, route.resample_eventfd = copy);
	EXPECT_ROUTE(-EINVAL, route.eventfd = copy; route.resample_eventfd = self->route);
	/* What is in them stays there, and is no acknowledgment. */
	must(set_route(self->all, KVPCI_INTX, 0, 0, self->other, acknowledged));
	EXPECT_TRUE(eventually(event_count(self->other) == 1));
	event_signal(self->route);
	event_signal(self->resample);
	EXPECT_EQ(-EINVAL, set_route(self->all, KVPCI_INTX, 0, 0, self->route, copy));
	EXPECT_EQ(-EINVAL, set_route(self->all, KVPCI_INTX, 0, 0, self->event, self->resample));
	EXPECT_EQ(-EINVAL, set_route(self->all, KVPCI_INTX, 0, 0, self->null, self->resample));
	usleep(10000);
	EXPECT_EQ(0, event_count(self->other));
	EXPECT_EQ(1, event_count(self->route));
	EXPECT_EQ(1, event_count(self->resample));
	must(remove_route(self->all, KVPCI_INTX, 0));
	/* A removal has nothing else. */
	EXPECT_ROUTE(-EINVAL, route.flags = off);
	EXPECT_ROUTE(-EINVAL, route.flags = off; route.eventfd = 0);
	EXPECT_ROUTE(-EINVAL, route.flags = off; route.resample_eventfd = 0);
	EXPECT_ROUTE(-EINVAL, route.flags = off; route.eventfd = 0; route.resample_eventfd = 0;
		     route.sequence = 1);
	EXPECT_ROUTE(0, route.flags = off; route.eventfd = 0; route.resample_eventfd = 0);
	/* The pin, which is high, was told to nobody. */
	EXPECT_EQ(0, event_count(self->route));
	close(path);
	close(acknowledged);
	close(copy);
}

/* All that is refused leaves the route that is there. */
TEST_F(uapi_irq, a_refused_route_of_the_pin_leaves_the_old_one)
{
	int irqfd = event_new(), resample = event_new();

	must(lower(self->all));
	must(irqfd_set(self->vm->fd, GSI, irqfd, resample));
	ASSERT_EQ(0, set_route(self->all, KVPCI_INTX, 0, 0, irqfd, resample));
	EXPECT_EQ(-EBADF, set_route(self->all, KVPCI_INTX, 0, 0, -1, self->resample));
	EXPECT_EQ(-EBADF, set_route(self->all, KVPCI_INTX, 0, 0, self->route, -1));
	EXPECT_EQ(-EINVAL, set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->null));
	EXPECT_EQ(-EINVAL, set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->route));
	EXPECT_EQ(-EINVAL, set_route(self->all, KVPCI_INTX, 0, 1, self->route, self->resample));
	/* What raises the pin, or has acknowledged it, is no route. */
	EXPECT_EQ(-EINVAL, set_route(self->all, KVPCI_INTX, 0, 0, self->event, self->resample));
	EXPECT_EQ(-EINVAL, set_route(self->all, KVPCI_INTX, 0, 0, resample, self->resample));
	irqfd_unset(self->vm->fd, GSI, irqfd);

	/* Now that nothing else takes its signals, they stay where they can be counted. */
	must(trigger(self->all, KVPCI_INTX, 0));
	EXPECT_TRUE(eventually(event_count(irqfd) == 1));
	EXPECT_EQ(0, event_count(self->route));
	event_signal(self->resample);
	usleep(10000);
	EXPECT_EQ(0, event_count(irqfd));
	EXPECT_EQ(1, event_count(self->resample));
	event_signal(resample);
	EXPECT_TRUE(eventually(event_count(irqfd) == 1));
	close(irqfd);
	close(resample);
}

/* Let a vector of MSI-X, and no other, wait for a route; returns what for. */
static struct kvpci_route wait_for_route(struct _test_data_uapi_irq *self, __u32 vector,
					 __u32 data)
{
	struct kvpci_route route = { .interrupt = KVPCI_MSIX };
	__u64 entry = PLACE + TABLE + MSIX_ENTRY * vector;
	int ret;

	guest_store(self->vm, entry, 8, MSI_TO(1));
	guest_store(self->vm, entry + 8, 8, data);
	cfg_write(self->host, BY_ECAM, BDF_ALL, self->msix + PCI_MSIX_FLAGS, 2,
		  PCI_MSIX_FLAGS_ENABLE);
	ret = get_route(self->all, &route);
	if (ret)
		die("KVPCI_GET_ROUTE: %s", strerror(-ret));
	look(self, self->seen);
	return route;
}

TEST_F(uapi_irq, questions_for_a_route_that_can_not_be_answered)
{
	static struct {
		struct kvpci_route route;
		char more[64];
	} longer;
	struct kvpci_route route, *answer;
	char *read_only, zeroes[64] = {};

	if (self->direct)
		return;

	/* None waits, for one reason or another. */
	EXPECT_QUESTION(-ENOENT, (void)0);
	guest_store(self->vm, PLACE + TABLE + MSIX_ENTRY * 5 + 12, 4, 0);
	EXPECT_QUESTION(-ENOENT, (void)0);
	guest_store(self->vm, PLACE + TABLE + MSIX_ENTRY * 5 + 12, 4, 1);

	route = wait_for_route(self, 5, VECTOR);
	EXPECT_EQ(5, route.vector);
	EXPECT_EQ(MSI_TO(1), route.address);
	EXPECT_EQ(VECTOR, route.data);
	EXPECT_EQ(0, route.eventfd);
	EXPECT_EQ(0, route.resample_eventfd);
	EXPECT_EQ(0, route.flags);
	EXPECT_QUESTION(-ENOENT, question.vector = 6);
	EXPECT_QUESTION(-ENOENT, question.interrupt = KVPCI_MSI);
	/* It is the answer to each that is not beyond it. */
	for (route.vector = 0; route.vector < 5; route.vector++) {
		struct kvpci_route question = route;

		EXPECT_EQ(0, get_route(self->all, &question));
		EXPECT_EQ(5, question.vector);
		EXPECT_EQ(route.sequence, question.sequence);
	}

	/* The answer can't be written. */
	read_only = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, read_only);
	answer = (struct kvpci_route *)read_only;
	*answer = good_question();
	must(mprotect(read_only, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, kvpci_ioctl(self->all, KVPCI_GET_ROUTE, read_only));
	munmap(read_only, PAGE);

	/* What the kernel does not know it does not write. */
	longer.route = good_question();
	longer.route.size = sizeof(longer);
	EXPECT_EQ(0, kvpci_ioctl(self->all, KVPCI_GET_ROUTE, &longer));
	EXPECT_EQ(sizeof(longer), longer.route.size);
	EXPECT_EQ(5, longer.route.vector);
	EXPECT_EQ(0, memcmp(longer.more, zeroes, sizeof(zeroes)));

	/* Without its enable bits it waits no more. */
	set_command(self->host, BDF_ALL, DECODE_ALL);
	EXPECT_QUESTION(-ENOENT, (void)0);
	set_command(self->host, BDF_ALL, MASTER);
	EXPECT_EQ(0, get_route(self->all, &route));
	cfg_write(self->host, BY_ECAM, BDF_ALL, self->msix + PCI_MSIX_FLAGS, 2,
		  PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	EXPECT_QUESTION(-ENOENT, (void)0);
	look(self, self->seen);
}

#define EXPECT_MSIX_ROUTE(result, change)				\
	EXPECT_ROUTE(result, route = wanted; route.address = 0;		\
		     route.data = 0; route.eventfd = self->route; change)

TEST_F(uapi_irq, a_route_of_a_message_that_is_wrong)
{
	const __u32 off = KVPCI_ROUTE_REMOVE;
	int path = must(open("/dev/null", O_PATH | O_CLOEXEC));
	const int closed[] = { -1, -2, 1000, 1 << 30, path };
	const int others[] = { self->null, self->all, self->host->fd, self->vm->fd };
	struct kvpci_route wanted, again;
	int i, bit;

	if (self->direct)
		goto out;

	wanted = wait_for_route(self, FREE, VECTOR);
	wanted.requester = 0;
	again = wanted;
	must(trigger(self->all, KVPCI_MSIX, FREE));
	look(self, self->seen);
	EXPECT_EQ(1 << FREE | 1 << PENDING, self->seen[NR_SEEN - 2]);

	for (i = 0; i < ARRAY_SIZE(closed); i++)
		EXPECT_MSIX_ROUTE(-EBADF, route.eventfd = closed[i]);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT_MSIX_ROUTE(-EINVAL, route.eventfd = others[i]);
	for (bit = 0; bit < 64; bit++) {
		EXPECT_MSIX_ROUTE(-EINVAL, route.address = 1ULL << bit);
		EXPECT_MSIX_ROUTE(-EAGAIN, route.sequence ^= 1ULL << bit);
		EXPECT_MSIX_ROUTE(-EINVAL, route.flags = off; route.eventfd = 0;
				  route.sequence = 1ULL << bit);
		if (bit >= 32)
			continue;
		EXPECT_MSIX_ROUTE(-EINVAL, route.data = 1U << bit);
		EXPECT_MSIX_ROUTE(-EINVAL, route.resample_eventfd = 1U << bit);
	}
	EXPECT_MSIX_ROUTE(-EINVAL, route.resample_eventfd = self->resample);
	EXPECT_MSIX_ROUTE(-EINVAL, route.flags = off; route.sequence = 0);
	/* What triggers a vector, this one or another, is no route. */
	EXPECT_MSIX_ROUTE(-EINVAL, route.eventfd = self->event);
	EXPECT_MSIX_ROUTE(-EINVAL, route.eventfd = self->event; route.vector = BOUND);
	/* It may be handed to an irqfd, but of one that is masked it is not. */
	EXPECT_MSIX_ROUTE(-EINVAL, route.flags = KVPCI_ROUTE_HAND; route.eventfd = self->event);
	EXPECT_MSIX_ROUTE(-EAGAIN, route.flags = KVPCI_ROUTE_HAND; route.eventfd = self->event;
			  route.vector = BOUND);
	EXPECT_MSIX_ROUTE(-EINVAL, route.flags = KVPCI_ROUTE_HAND | off; route.eventfd = 0;
			  route.sequence = 0);

	/* It still waits, for the same. */
	EXPECT_TRUE(is_as_it_was(self));
	EXPECT_EQ(0, event_count(self->route));
	EXPECT_EQ(0, get_route(self->all, &again));
	again.requester = 0;
	EXPECT_EQ(0, memcmp(&wanted, &again, sizeof(again)));

	/* And is sent by the right one, once. */
	EXPECT_EQ(0, set_route(self->all, KVPCI_MSIX, FREE, wanted.sequence, self->route, 0));
	EXPECT_EQ(1, event_count(self->route));
	EXPECT_QUESTION(-ENOENT, (void)0);
	must(trigger(self->all, KVPCI_MSIX, FREE));
	EXPECT_EQ(1, event_count(self->route));
	look(self, self->seen);
	EXPECT_EQ(1 << PENDING, self->seen[NR_SEEN - 2]);
out:
	close(path);
}

/* A message that changes takes a new route; the one of before is refused. */
TEST_F(uapi_irq, a_route_that_comes_too_late)
{
	struct kvpci_route first, second, third;

	if (self->direct)
		return;

	first = wait_for_route(self, FREE, VECTOR);
	second = wait_for_route(self, FREE, VECTOR + 1);
	EXPECT_NE(first.sequence, second.sequence);
	EXPECT_EQ(-EAGAIN, set_route(self->all, KVPCI_MSIX, FREE, first.sequence,
				     self->route, 0));
	EXPECT_EQ(0, set_route(self->all, KVPCI_MSIX, FREE, second.sequence, self->route, 0));
	/* The route that is there is not taken for one that was refused. */
	third = wait_for_route(self, FREE, VECTOR);
	EXPECT_EQ(-EAGAIN, set_route(self->all, KVPCI_MSIX, FREE, first.sequence,
				     self->other, 0));
	EXPECT_EQ(-EAGAIN, set_route(self->all, KVPCI_MSIX, FREE, second.sequence,
				     self->route, 0));
	must(trigger(self->all, KVPCI_MSIX, FREE));
	EXPECT_EQ(0, event_count(self->route));
	EXPECT_EQ(0, set_route(self->all, KVPCI_MSIX, FREE, third.sequence, self->route, 0));
	EXPECT_EQ(1, event_count(self->route));
	EXPECT_EQ(0, event_count(self->other));
	/* Reset is such a change, of a message that the guest may leave as it is then. */
	ASSERT_EQ(0, reset(self->all));
	set_bar(self->host, BDF_ALL, BAR_MEMORY, PLACE);
	set_command(self->host, BDF_ALL, MASTER);
	cfg_write(self->host, BY_ECAM, BDF_ALL, self->msix + PCI_MSIX_FLAGS, 2,
		  PCI_MSIX_FLAGS_ENABLE);
	guest_store(self->vm, PLACE + TABLE + MSIX_ENTRY * FREE + 12, 4, 0);
	must(trigger(self->all, KVPCI_MSIX, FREE));
	EXPECT_EQ(0, event_count(self->route));
	second = good_question();
	ASSERT_EQ(0, get_route(self->all, &second));
	EXPECT_EQ(FREE, second.vector);
	EXPECT_EQ(0, second.address);
	EXPECT_EQ(0, second.data);
	EXPECT_EQ(-EAGAIN, set_route(self->all, KVPCI_MSIX, FREE, third.sequence,
				     self->route, 0));
	look(self, self->seen);
	EXPECT_EQ(1 << FREE, self->seen[NR_SEEN - 2]);
}

/* There are no local APICs to send a message to, and it is not lost. */
TEST(a_message_in_a_machine_without_interrupt_controllers_is_pending)
{
	struct vm *vm = vm_new(1);
	struct host *host = host_new(vm);
	int function = function_with_all(host, BDF_ALL);
	const __u64 entry = PLACE + TABLE;

	must(plug(function));
	set_bar(host, BDF_ALL, BAR_MEMORY, PLACE);
	set_command(host, BDF_ALL, MASTER);
	cfg_write(host, BY_ECAM, BDF_ALL, 0x58 + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	guest_store(vm, entry, 4, 0xfee00000);
	guest_store(vm, entry + 8, 4, VECTOR);
	guest_store(vm, entry + 12, 4, 0);
	EXPECT_EQ(0, guest_load(vm, PLACE + PBA, 4));
	must(trigger(function, KVPCI_MSIX, 0));
	EXPECT_EQ(1, guest_load(vm, PLACE + PBA, 4));
	/* It can be withdrawn, and another write does not send it. */
	guest_store(vm, entry + 8, 4, VECTOR + 1);
	EXPECT_EQ(1, guest_load(vm, PLACE + PBA, 4));
	must(withdraw(function, KVPCI_MSIX, 0));
	EXPECT_EQ(0, guest_load(vm, PLACE + PBA, 4));
	close(function);
	host_free(host);
	vm_free(vm);
}

/* Eventfds that a function would both signal and listen to. */

TEST_F(uapi_irq, a_route_is_no_source)
{
	struct kvpci_route wanted;

	ASSERT_EQ(0, set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->resample));
	EXPECT_EQ(-EINVAL, bind_eventfd(self->all, KVPCI_INTX, 0, self->route));
	EXPECT_EQ(-EINVAL, bind_eventfd(self->all, KVPCI_MSI, FREE, self->route));
	EXPECT_EQ(-EINVAL, bind_eventfd(self->all, KVPCI_MSIX, FREE, self->route));
	/* It is one of another function, and after its removal. */
	close(self->none);
	self->none = function_with_all(self->host, BDF_NONE);
	EXPECT_EQ(0, bind_eventfd(self->none, KVPCI_MSIX, FREE, self->route));
	EXPECT_EQ(0, unbind(self->none, KVPCI_MSIX, FREE));
	EXPECT_EQ(0, remove_route(self->all, KVPCI_INTX, 0));
	event_count(self->route);
	EXPECT_BIND(0, binding.eventfd = self->route);

	if (self->direct)
		return;

	wanted = wait_for_route(self, FREE, VECTOR);
	ASSERT_EQ(0, set_route(self->all, KVPCI_MSIX, FREE, wanted.sequence, self->route, 0));
	EXPECT_EQ(-EINVAL, bind_eventfd(self->all, KVPCI_INTX, 0, self->route));
	EXPECT_EQ(-EINVAL, bind_eventfd(self->all, KVPCI_MSI, FREE, self->route));
	EXPECT_EQ(-EINVAL, bind_eventfd(self->all, KVPCI_MSIX, FREE, self->route));
	EXPECT_EQ(-EINVAL, bind_eventfd(self->all, KVPCI_MSIX, 7, self->route));
	/* One whose message is another now is still one. */
	wait_for_route(self, FREE, VECTOR + 1);
	EXPECT_EQ(-EINVAL, bind_eventfd(self->all, KVPCI_MSIX, 7, self->route));
}

TEST_F(uapi_irq, a_source_is_no_route)
{
	EXPECT_ROUTE(-EINVAL, route.eventfd = self->event);
	must(bind_eventfd(self->all, KVPCI_INTX, 0, self->other));
	EXPECT_ROUTE(-EINVAL, route.eventfd = self->other);
	must(unbind(self->all, KVPCI_INTX, 0));
	EXPECT_ROUTE(0, route.eventfd = self->other);
	must(bind_eventfd(self->all, KVPCI_MSI, 3, self->other));
	EXPECT_ROUTE(-EINVAL, route.eventfd = self->other);
	must(unbind(self->all, KVPCI_MSI, 3));
	must(bind_eventfd(self->all, KVPCI_MSIX, 7, self->other));
	EXPECT_ROUTE(-EINVAL, route.eventfd = self->other);
	must(unbind(self->all, KVPCI_MSIX, 7));

	/* What KVM acknowledges by is not what it is told by. */
	must(set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->resample));
	EXPECT_EQ(-EINVAL, set_route(self->all, KVPCI_INTX, 0, 0, self->resample, self->other));
	EXPECT_EQ(0, remove_route(self->all, KVPCI_INTX, 0));
	EXPECT_ROUTE(0, route.eventfd = self->resample; route.resample_eventfd = self->other);
	/* It was high, and told so. */
	event_count(self->resample);
	event_count(self->route);
	event_count(self->other);
}

TEST_F(uapi_irq, who_is_told_of_acknowledgments_is_no_source)
{
	const __u32 with_ack = KVPCI_BIND_ACK;
	struct kvpci_binding binding = good_binding(self);
	int copy = must(dup(self->other)), acknowledged = event_new();

	EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.ack_eventfd = self->other);
	/* By whatever number. */
	EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.ack_eventfd = copy);
	EXPECT_BIND(0, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.ack_eventfd = self->resample);

	binding.flags = with_ack;
	binding.interrupt = KVPCI_INTX;
	binding.vector = 0;
	binding.ack_eventfd = self->resample;
	must(kvpci_ioctl(self->all, KVPCI_BIND, &binding));
	EXPECT_BIND(-EINVAL, binding.eventfd = self->resample);
	EXPECT_BIND(-EINVAL, binding.eventfd = self->resample; binding.interrupt = KVPCI_MSI);
	/* Nor what acknowledges: telling it would do so. */
	EXPECT_ROUTE(-EINVAL, route.resample_eventfd = self->resample);
	EXPECT_ROUTE(0, route.resample_eventfd = acknowledged);
	must(unbind(self->all, KVPCI_INTX, 0));
	EXPECT_BIND(0, binding.eventfd = self->resample);

	must(set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->other));
	EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.ack_eventfd = copy);
	must(remove_route(self->all, KVPCI_INTX, 0));
	must(bind_eventfd(self->all, KVPCI_MSI, 3, self->other));
	EXPECT_BIND(-EINVAL, binding.flags = with_ack; binding.interrupt = KVPCI_INTX;
		    binding.vector = 0; binding.ack_eventfd = copy);
	must(unbind(self->all, KVPCI_MSI, 3));
	close(acknowledged);
	close(copy);
}

/* KVPCI_RESET, KVPCI_GET_DELIVERY and KVPCI_GET_VERSION */

TEST_F(uapi_irq, reset_with_an_argument)
{
	int bit;

	for (bit = 0; bit < 64; bit++)
		EXPECT_EQ(-EINVAL, kvpci_ioctl(self->all, KVPCI_RESET, (void *)(1UL << bit)));
	EXPECT_EQ(-EINVAL, kvpci_ioctl(self->none, KVPCI_RESET, (void *)1UL));
	EXPECT_TRUE(is_as_it_was(self));
	EXPECT_EQ(0, reset(self->none));
}

TEST_F(uapi_irq, what_takes_no_argument)
{
	int fd = must(kvpci_open()), bit;

	for (bit = 0; bit < 64; bit++) {
		EXPECT_EQ(-EINVAL, kvpci_ioctl(fd, KVPCI_GET_DELIVERY, (void *)(1UL << bit)));
		EXPECT_EQ(-EINVAL, kvpci_ioctl(fd, KVPCI_GET_VERSION, (void *)(1UL << bit)));
	}
	EXPECT_EQ(KVPCI_VERSION, kvpci_ioctl(fd, KVPCI_GET_VERSION, NULL));
	EXPECT_EQ(self->direct ? KVPCI_DELIVERY_DIRECT : KVPCI_DELIVERY_IRQFD,
		  kvpci_ioctl(fd, KVPCI_GET_DELIVERY, NULL));
	close(fd);
}

/* A function with MSI, whose one vector is to interrupt the first vCPU. */
static int ready_msi(struct host *host)
{
	struct kvpci_msi msi = { .size = sizeof(msi), .vectors = 1 };
	const struct kvpci_capability cap = {
		.flags = KVPCI_CAP_MSI, .id = PCI_CAP_ID_MSI,
		.length = sizeof(msi), .value = ptr(&msi),
	};
	int function = function_plugged(host, BDF_FREE, (struct kvpci_function_config) {
		.capabilities = ptr(&cap), .nr_capabilities = 1 });

	write_as_guest(function, 0x40 + PCI_MSI_ADDRESS_LO, 4, MSI_TO(0));
	write_as_guest(function, 0x40 + PCI_MSI_DATA_32, 2, 0x55);
	write_as_guest(function, 0x40 + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	write_as_guest(function, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	return function;
}

static bool has_arrived(struct vm *vm)
{
	struct arrived arrived;

	lapic_take(vm->vcpus[0].fd, &arrived);
	return arrived.vectors[0x55 / 32] & 1U << 0x55 % 32;
}

/* Each host bridge may have its own way, whatever the module's is. */
TEST_F(uapi_irq, delivery_of_a_host)
{
	static const __u32 flags[] = { 0, KVPCI_HOST_IRQFD, KVPCI_HOST_DIRECT };
	struct kvpci_route route;
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct vm *vm = vm_new_with(1, VM_INTERRUPTS);
		struct kvpci_host_config config = host_defaults(vm);
		bool direct = self->direct && flags[i] != KVPCI_HOST_IRQFD;
		struct host *host;
		int function;

		config.flags |= KVPCI_HOST_DIRECT | KVPCI_HOST_IRQFD;
		EXPECT_EQ(-EINVAL, create_host(&config));
		config.flags &= ~(KVPCI_HOST_DIRECT | KVPCI_HOST_IRQFD);
		config.flags |= flags[i];
		if (flags[i] == KVPCI_HOST_DIRECT && !self->direct) {
			EXPECT_EQ(-EOPNOTSUPP, create_host(&config));
			vm_free(vm);
			continue;
		}

		host = host_new_from(vm, &config);
		EXPECT_EQ(direct ? KVPCI_DELIVERY_DIRECT : KVPCI_DELIVERY_IRQFD,
			  kvpci_ioctl(host->fd, KVPCI_GET_DELIVERY, NULL));
		EXPECT_EQ(-EINVAL, kvpci_ioctl(host->fd, KVPCI_GET_DELIVERY, (void *)1UL));
		function = ready_msi(host);
		route.interrupt = KVPCI_MSI;
		route.vector = 0;
		EXPECT_EQ(0, get_route(function, &route));
		must(trigger(function, KVPCI_MSI, 0));
		/* Without a route it is pending, and comes when there is one. */
		EXPECT_EQ(direct, has_arrived(vm));
		if (!direct) {
			int event = event_new();
			struct {
				struct kvm_irq_routing table;
				struct kvm_irq_routing_entry entry;
			} routing = {
				.table.nr = 1,
				.entry = message_route(30, route.address, route.data),
			};

			must(ioctl(vm->fd, KVM_SET_GSI_ROUTING, &routing));
			must(irqfd_set(vm->fd, 30, event, -1));
			must(set_route(function, KVPCI_MSI, 0, route.sequence, event, 0));
			EXPECT_TRUE(eventually(has_arrived(vm)));
			close(event);
		}
		close(function);
		host_free(host);
		vm_free(vm);
	}
}

/* After the host bridge has gone. */
TEST_F(uapi_irq, interrupts_without_a_host)
{
	int fresh = function_with_all(self->host, BDF_FREE);
	const int functions[] = { self->all, fresh };
	__u32 interrupt;
	int i;

	must(set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->resample));
	host_close(self->host);
	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		int function = functions[i];

		for (interrupt = KVPCI_INTX; interrupt <= KVPCI_MSIX; interrupt++) {
			struct kvpci_route question = { .interrupt = interrupt };

			EXPECT_EQ(-ENODEV, trigger(function, interrupt, 0));
			EXPECT_EQ(-ENODEV, bind_eventfd(function, interrupt, 0, self->other));
			EXPECT_EQ(-ENODEV, unbind(function, interrupt, 0));
			EXPECT_EQ(-EINVAL, trigger(function, interrupt, 100));
			if (interrupt == KVPCI_INTX)
				continue;
			EXPECT_EQ(-ENODEV, get_route(function, &question));
			EXPECT_EQ(-ENODEV, set_route(function, interrupt, 0, 1, self->other, 0));
		}
		EXPECT_EQ(-ENODEV, lower(function));
		EXPECT_EQ(-ENODEV, reset(function));
		EXPECT_EQ(-ENODEV, set_route(function, KVPCI_INTX, 0, 0, self->other,
					     self->resample));
		EXPECT_EQ(-ENODEV, remove_route(function, KVPCI_INTX, 0));
	}
	close(fresh);
}

/*
 * Leaks: each refusal that comes after something has been allocated, many times; with
 * many vectors, and an eventfd each time, which is memory if it is not forgotten.
 */

TEST_F(uapi_irq, refused_functions_leave_nothing)
{
	const __u32 both = KVPCI_FUNCTION_RESET_EVENTFD | KVPCI_FUNCTION_ROUTE_EVENTFD;
	struct kvpci_msix many = good_msix;
	int eventfd;

	many.vectors = KVPCI_MAX_MSIX_VECTORS;
	many.pba_offset = 0;
	EXPECT_NO_LEAK(200,
		       EXPECT_MSIX(-EEXIST, msix = many; msix.pba_offset = TABLE);
		       EXPECT_MSIX(-EINVAL, msix = many; cap.offset = 0xf8);
		       EXPECT_MSI(-EINVAL, msi.vectors = 32; cap.offset = 0xf8));
	EXPECT_NO_LEAK(500,
		       eventfd = event_new();
		       EXPECT_FUNCTION(-EBADF, config.flags = both;
				       config.reset_eventfd = eventfd;
				       config.route_eventfd = -1);
		       EXPECT_FUNCTION(-EFAULT, config.flags = both;
				       config.interrupt_pin = 1;
				       config.reset_eventfd = eventfd;
				       config.route_eventfd = eventfd;
				       config.nr_capabilities = 1);
		       close(eventfd));
}

TEST_F(uapi_irq, refused_bindings_and_routes_leave_nothing)
{
	const __u32 with_ack = KVPCI_BIND_ACK;
	int eventfd;

	must(set_route(self->all, KVPCI_INTX, 0, 0, self->route, self->resample));
	EXPECT_NO_LEAK(500,
		       eventfd = event_new();
		       EXPECT_BIND(-EEXIST, binding.eventfd = eventfd; binding.vector = BOUND);
		       EXPECT_BIND(-EINVAL, binding.eventfd = self->null);
		       EXPECT_BIND(-EINVAL, binding.eventfd = self->route);
		       EXPECT_BIND(-EBADF, binding.flags = with_ack;
				   binding.interrupt = KVPCI_INTX; binding.vector = 0;
				   binding.eventfd = eventfd; binding.ack_eventfd = -1);
		       EXPECT_BIND(-EINVAL, binding.flags = with_ack;
				   binding.interrupt = KVPCI_INTX; binding.vector = 0;
				   binding.eventfd = self->null; binding.ack_eventfd = eventfd);
		       close(eventfd));
	EXPECT_NO_LEAK(500,
		       eventfd = event_new();
		       EXPECT_ROUTE(-EBADF, route.eventfd = eventfd; route.resample_eventfd = -1);
		       EXPECT_ROUTE(-EINVAL, route.eventfd = eventfd;
				    route.resample_eventfd = eventfd);
		       EXPECT_ROUTE(-EINVAL, route.eventfd = self->event;
				    route.resample_eventfd = eventfd);
		       EXPECT_ROUTE(-EAGAIN,
				    route.interrupt = KVPCI_MSIX; route.eventfd = eventfd;
				    route.resample_eventfd = 0; route.sequence = 12345);
		       close(eventfd));
	event_count(self->route);
}

TEST_HARNESS_MAIN
