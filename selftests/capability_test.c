// SPDX-License-Identifier: GPL-2.0
/*
 * Capabilities: the lists as the guest walks them, and the bodies as guest and device
 * write them.
 *
 * Depends on: kernel, mirrors, paging.
 */
#include <errno.h>
#include <string.h>

#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/vm.h"

#define F		BDF(0, 1, 0)
#define CONFIG_SIZE	4096
#define MAX_CAPS	KVPCI_MAX_CAPABILITIES

FIXTURE(capability) {
	struct vm *vm;
	struct host *host;
	struct kvpci_capability caps[MAX_CAPS];
	__u8 zeros[CONFIG_SIZE];
	__u8 ones[CONFIG_SIZE];
	int nr;
};

FIXTURE_SETUP(capability)
{
	self->vm = vm_new(1);
	self->host = host_new(self->vm);
	memset(self->ones, 0xff, sizeof(self->ones));
}

FIXTURE_TEARDOWN(capability)
{
	host_free(self->host);
	vm_free(self->vm);
}

/* The next capability of the function to come, all zero in its body. */
static struct kvpci_capability *add(struct _test_data_capability *self, __u16 id,
				    __u16 offset, __u16 length)
{
	struct kvpci_capability *cap = &self->caps[self->nr++];

	cap->id = id;
	cap->offset = offset;
	cap->length = length;
	cap->value = (unsigned long)self->zeros;
	return cap;
}

static struct kvpci_capability *add_extended(struct _test_data_capability *self,
					     __u16 id, __u8 version,
					     __u16 offset, __u16 length)
{
	struct kvpci_capability *cap = add(self, id, offset, length);

	cap->flags = KVPCI_CAP_EXTENDED;
	cap->version = version;
	return cap;
}

static struct kvpci_function_config describe(struct _test_data_capability *self)
{
	return (struct kvpci_function_config) {
		.size = sizeof(struct kvpci_function_config),
		.devfn = F, .vendor = VENDOR, .device = DEVICE,
		.capabilities = (unsigned long)self->caps,
		.nr_capabilities = self->nr,
		.capability_size = sizeof(struct kvpci_capability),
	};
}

static int create(struct _test_data_capability *self)
{
	return function_plugged(self->host, F, describe(self));
}

static __u32 get(struct _test_data_capability *self, unsigned int offset,
		 unsigned int size)
{
	return cfg_read(self->host, BY_ECAM, F, offset, size);
}

static void set(struct _test_data_capability *self, unsigned int offset,
		unsigned int size, __u32 value)
{
	cfg_write(self->host, BY_ECAM, F, offset, size, value);
}

TEST_F(capability, without_any_there_are_no_lists)
{
	create(self);
	EXPECT_EQ(0, get(self, PCI_STATUS, 2));
	EXPECT_EQ(0, get(self, PCI_CAPABILITY_LIST, 4));
	EXPECT_EQ(0, get(self, 0x100, 4));
}

TEST_F(capability, the_list_has_the_order_given)
{
	add(self, 0x13, 0, 2);		/* a dword each */
	add(self, 0x22, 0, 5);
	add(self, 0x33, 0, 4);
	add(self, 0xff, 0, 3);
	create(self);
	EXPECT_EQ(PCI_STATUS_CAP_LIST, get(self, PCI_STATUS, 2));
	EXPECT_EQ(0x40, get(self, PCI_CAPABILITY_LIST, 1));
	EXPECT_EQ(0x4413, get(self, 0x40, 4));
	EXPECT_EQ(0x4c22, get(self, 0x44, 4));
	EXPECT_EQ(0, get(self, 0x48, 4));
	EXPECT_EQ(0x5033, get(self, 0x4c, 4));
	EXPECT_EQ(0x00ff, get(self, 0x50, 4));
	EXPECT_EQ(0, get(self, 0x100, 4));
}

TEST_F(capability, offsets_may_be_given_in_any_order)
{
	add(self, 0x13, 0x80, 16);
	add(self, 0x22, 0x40, 8);
	add(self, 0x33, 0, 0x40);	/* not between the two: too long for that */
	add(self, 0x44, 0x48, 4);
	add(self, 0x55, 0, 4);
	create(self);
	EXPECT_EQ(0x80, get(self, PCI_CAPABILITY_LIST, 1));
	EXPECT_EQ(0x4013, get(self, 0x80, 2));
	EXPECT_EQ(0x9022, get(self, 0x40, 2));
	EXPECT_EQ(0x4833, get(self, 0x90, 2));
	EXPECT_EQ(0x4c44, get(self, 0x48, 2));
	EXPECT_EQ(0x0055, get(self, 0x4c, 2));
}

TEST_F(capability, the_extended_list_starts_at_0x100)
{
	add_extended(self, 0x000b, 1, 0, 5);
	add(self, PCI_CAP_ID_EXP, 0, 0x3c);
	add_extended(self, 0xfffe, 15, 0, 4);
	add_extended(self, 0x0003, 2, 0x800, 12);
	add_extended(self, 0x0019, 1, 0x200, 8);
	add_extended(self, 0x0025, 1, 0, 4);
	create(self);
	EXPECT_EQ(0x40, get(self, PCI_CAPABILITY_LIST, 1));
	EXPECT_EQ(PCI_CAP_ID_EXP, get(self, 0x40, 2));
	EXPECT_EQ(0x1081000bU, get(self, 0x100, 4));
	EXPECT_EQ(0, get(self, 0x104, 4));
	EXPECT_EQ(0x800ffffeU, get(self, 0x108, 4));
	EXPECT_EQ(0x20020003U, get(self, 0x800, 4));
	EXPECT_EQ(0x20810019U, get(self, 0x200, 4));
	EXPECT_EQ(0x00010025U, get(self, 0x208, 4));
}

TEST_F(capability, the_kernel_makes_the_headers)
{
	struct kvpci_capability *cap;

	cap = add(self, PCI_CAP_ID_VNDR, 0, 8);
	cap->value = (unsigned long)self->ones;
	cap->writable = (unsigned long)self->ones;
	cap = add_extended(self, PCI_EXT_CAP_ID_VNDR, 1, 0, 12);
	cap->value = (unsigned long)self->ones;
	cap->write1clear = (unsigned long)self->ones;
	create(self);
	EXPECT_EQ(0xffff0000 | PCI_CAP_ID_VNDR, get(self, 0x40, 4));
	EXPECT_EQ(1 << 16 | PCI_EXT_CAP_ID_VNDR, get(self, 0x100, 4));

	/* The guest can't change them, whatever the masks say. */
	set(self, 0x40, 4, 0);
	EXPECT_EQ(PCI_CAP_ID_VNDR, get(self, 0x40, 4));
	set(self, 0x40, 4, ~0U);
	EXPECT_EQ(0xffff0000 | PCI_CAP_ID_VNDR, get(self, 0x40, 4));
	set(self, 0x100, 4, ~0U);
	EXPECT_EQ(1 << 16 | PCI_EXT_CAP_ID_VNDR, get(self, 0x100, 4));
}

TEST_F(capability, bodies_have_the_masks_given)
{
	/* A body of 5 bytes, after room for the longer header. */
	static const __u8 value[] = { 0, 0, 0, 0, 0x5a, 0x11, 0x22, 0x33, 0x44 };
	static const __u8 writable[] = { 0, 0, 0, 0, 0x0f, 0xff, 0x00, 0x81, 0x00 };
	static const __u8 write1clear[] = { 0, 0, 0, 0, 0x50, 0x00, 0xff, 0x32, 0x04 };
	static const unsigned int bodies[] = { 0x42, 0x104 };
	struct kvpci_capability *cap;
	unsigned int i;

	cap = add(self, PCI_CAP_ID_VNDR, 0, 2 + 5);
	cap->value = (unsigned long)&value[2];
	cap->writable = (unsigned long)&writable[2];
	cap->write1clear = (unsigned long)&write1clear[2];
	cap = add_extended(self, PCI_EXT_CAP_ID_VNDR, 1, 0, 4 + 5);
	cap->value = (unsigned long)&value[0];
	cap->writable = (unsigned long)&writable[0];
	cap->write1clear = (unsigned long)&write1clear[0];
	create(self);

	for (i = 0; i < 2; i++) {
		unsigned int body = bodies[i];

		EXPECT_EQ(0x3322115a, get(self, body, 4));
		set(self, body, 4, 0);
		EXPECT_EQ(0x32220050, get(self, body, 4));
		set(self, body, 4, 0x12100c15);
		EXPECT_EQ(0x20220c45, get(self, body, 4));
		set(self, body, 4, ~0U);
		EXPECT_EQ(0x8100ff0f, get(self, body, 4));

		/* What the length was rounded up by is nobody's. */
		EXPECT_EQ(0x44, get(self, body + 4, 2));
		set(self, body + 4, 2, 0xffff);
		EXPECT_EQ(0x40, get(self, body + 4, 2));
	}
}

TEST_F(capability, they_may_fill_all_there_is)
{
	struct kvpci_capability *cap;

	cap = add(self, PCI_CAP_ID_VNDR, 0, 0xc0);
	cap->writable = (unsigned long)self->ones;
	cap = add_extended(self, PCI_EXT_CAP_ID_VNDR, 1, 0, 0xf00);
	cap->writable = (unsigned long)self->ones;
	create(self);
	set(self, 0xfc, 4, 0x12345678);
	set(self, 0xffc, 4, 0x9abcdef0);
	EXPECT_EQ(PCI_CAP_ID_VNDR, get(self, 0x40, 4));
	EXPECT_EQ(0x12345678, get(self, 0xfc, 4));
	EXPECT_EQ(0x12345678, cfg_read(self->host, BY_PORTS, F, 0xfc, 4));
	EXPECT_EQ(1 << 16 | PCI_EXT_CAP_ID_VNDR, get(self, 0x100, 4));
	EXPECT_EQ(0x9abcdef0, get(self, 0xffc, 4));
}

TEST_F(capability, one_more_than_fits_is_refused)
{
	struct kvpci_function_config desc;

	add(self, PCI_CAP_ID_VNDR, 0, 0xbe);
	add(self, PCI_CAP_ID_VNDR, 0, 2);
	desc = describe(self);
	EXPECT_EQ(-ENOSPC, create_function(self->host->fd, &desc));

	self->nr = 0;
	memset(self->caps, 0, sizeof(self->caps));
	add_extended(self, PCI_EXT_CAP_ID_VNDR, 1, 0, 0xefd);
	add_extended(self, PCI_EXT_CAP_ID_VNDR, 1, 0, 4);
	desc = describe(self);
	EXPECT_EQ(-ENOSPC, create_function(self->host->fd, &desc));
	/* The place has been given back. */
	self->nr = 0;
	create(self);
}

TEST_F(capability, there_may_be_128_of_them)
{
	unsigned int at, next, nr;
	int i;

	for (i = 0; i < 48; i++)
		add(self, 0x40 + i, 0, 2 + i % 3);
	for (i = 0; i < 80; i++)
		add_extended(self, 0x1000 + i, 1, 0, 4 + i % 3 * 4);
	create(self);

	nr = 0;
	for (at = get(self, PCI_CAPABILITY_LIST, 1); at; at = next >> 8) {
		next = get(self, at, 2);
		EXPECT_EQ(0x40 + nr++, next & 0xff);
		ASSERT_LE(nr, 48);
	}
	EXPECT_EQ(48, nr);
	nr = 0;
	for (at = 0x100; at; at = next >> 20) {
		next = get(self, at, 4);
		EXPECT_EQ(0x1000 + nr++, next & 0xffff);
		ASSERT_LE(nr, 80);
	}
	EXPECT_EQ(80, nr);
}

TEST_F(capability, power_management_and_express_work_as_linux_uses_them)
{
	__u8 pm[PCI_PM_SIZEOF] = {}, pm_writable[PCI_PM_SIZEOF] = {};
	__u8 pm_clear[PCI_PM_SIZEOF] = {};
	__u8 exp[0x3c] = {}, exp_writable[0x3c] = {}, exp_clear[0x3c] = {};
	struct kvpci_capability *cap;

	pm[PCI_PM_PMC] = 0x03;
	pm_writable[PCI_PM_CTRL] = PCI_PM_CTRL_STATE_MASK;
	pm_writable[PCI_PM_CTRL + 1] = PCI_PM_CTRL_PME_ENABLE >> 8;
	pm_clear[PCI_PM_CTRL + 1] = PCI_PM_CTRL_PME_STATUS >> 8;
	cap = add(self, PCI_CAP_ID_PM, 0, sizeof(pm));
	cap->value = (unsigned long)pm;
	cap->writable = (unsigned long)pm_writable;
	cap->write1clear = (unsigned long)pm_clear;

	exp[PCI_EXP_FLAGS] = 2 | PCI_EXP_TYPE_ENDPOINT << 4;
	exp_writable[PCI_EXP_DEVCTL] = 0xff;
	exp_clear[PCI_EXP_DEVSTA] = 0x0f;
	cap = add(self, PCI_CAP_ID_EXP, 0, sizeof(exp));
	cap->value = (unsigned long)exp;
	cap->writable = (unsigned long)exp_writable;
	cap->write1clear = (unsigned long)exp_clear;
	create(self);

	EXPECT_EQ(0x00034801, get(self, 0x40, 4));
	set(self, 0x40 + PCI_PM_CTRL, 2, 0xffff);
	EXPECT_EQ(PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_ENABLE,
		  get(self, 0x40 + PCI_PM_CTRL, 2));
	EXPECT_EQ(0x00020010, get(self, 0x48, 4));
	set(self, 0x48 + PCI_EXP_DEVCTL, 4, 0xffffffff);
	EXPECT_EQ(0x000000ff, get(self, 0x48 + PCI_EXP_DEVCTL, 4));
}

TEST_F(capability, the_device_writes_any_bit_of_a_body)
{
	struct kvpci_capability *cap;
	__u8 seen[0xf00];
	int function;

	cap = add(self, PCI_CAP_ID_VNDR, 0, 8);
	cap->write1clear = (unsigned long)self->ones;
	add_extended(self, PCI_EXT_CAP_ID_VNDR, 1, 0, 0xf00);
	function = create(self);

	ASSERT_EQ(0, device_write(function, KVPCI_CONFIG, 0x42, self->ones, 6));
	EXPECT_EQ(0xffff0000 | PCI_CAP_ID_VNDR, get(self, 0x40, 4));
	EXPECT_EQ(0xffffffff, get(self, 0x44, 4));
	EXPECT_EQ(0, get(self, 0x48, 4));
	set(self, 0x44, 4, 0x0000ffff);
	EXPECT_EQ(0xffff0000, get(self, 0x44, 4));
	ASSERT_EQ(0, device_read(function, KVPCI_CONFIG, 0x44, seen, 4));
	EXPECT_EQ(0xffff0000, *(__u32 *)seen);

	/* All of the extended one at once. */
	ASSERT_EQ(0, device_write(function, KVPCI_CONFIG, 0x104, self->ones, 0xefc));
	EXPECT_EQ(0xffffffff, get(self, 0x104, 4));
	EXPECT_EQ(0xffffffff, get(self, 0xffc, 4));
	set(self, 0xffc, 4, 0);
	EXPECT_EQ(0xffffffff, get(self, 0xffc, 4));
}

TEST_F(capability, the_device_leaves_headers_alone)
{
	__u8 before[CONFIG_SIZE], after[CONFIG_SIZE];
	static const struct {
		unsigned int offset, length;
	} bad[] = {
		{ 0, 1 }, { 0, 64 }, { 0x3f, 1 }, { 0x3c, 8 },
		{ 0x40, 1 }, { 0x41, 1 }, { 0x40, 8 },
		{ 0x42, 8 }, { 0x47, 2 }, { 0x49, 1 },
		{ 0x42, 0x100 }, { 0x100, 1 }, { 0x103, 1 }, { 0xff, 2 },
		{ 0x104, 9 }, { 0x10c, 4 }, { 0x10f, 0x100 },
		{ 0xfff, 2 }, { 0x1000, 1 }, { 0, CONFIG_SIZE },
	};
	unsigned int i;
	int function;

	add(self, PCI_CAP_ID_VNDR, 0, 8);
	add(self, PCI_CAP_ID_VNDR, 0, 8);
	add_extended(self, PCI_EXT_CAP_ID_VNDR, 1, 0, 12);
	add_extended(self, PCI_EXT_CAP_ID_VNDR, 1, 0, 12);
	function = create(self);
	ASSERT_EQ(0, device_read(function, KVPCI_CONFIG, 0, before, CONFIG_SIZE));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL,
			  device_write(function, KVPCI_CONFIG, bad[i].offset,
				       self->ones, bad[i].length));
	ASSERT_EQ(0, device_read(function, KVPCI_CONFIG, 0, after, CONFIG_SIZE));
	EXPECT_EQ(0, memcmp(before, after, CONFIG_SIZE));

	EXPECT_EQ(0, device_write(function, KVPCI_CONFIG, 0x42, self->ones, 6));
	EXPECT_EQ(0, device_write(function, KVPCI_CONFIG, 0x4a, self->ones, 0xb6));
	EXPECT_EQ(0, device_write(function, KVPCI_CONFIG, 0x104, self->ones, 8));
	EXPECT_EQ(0, device_write(function, KVPCI_CONFIG, 0x110, self->ones, 0xef0));
	EXPECT_EQ(0x4809, get(self, 0x40, 2));
	EXPECT_EQ(0x0009, get(self, 0x48, 2));
	EXPECT_EQ(0x10c1000b, get(self, 0x100, 4));
	EXPECT_EQ(0x0001000b, get(self, 0x10c, 4));
}

TEST_HARNESS_MAIN
