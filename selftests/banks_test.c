// SPDX-License-Identifier: GPL-2.0
/*
 * Registers in banks: the guest selects one and sees it, the device sees all of them.
 *
 * Depends on: kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/baseline.h"
#include "lib/die.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/state.h"
#include "lib/structure.h"
#include "lib/vm.h"

#define F		BDF(0, 1, 0)
#define MEM		MEM32_BASE
#define AT		0x16	/* as virtio's queue_select */
#define SELECTOR	2
#define WINDOW		24
#define LENGTH		(SELECTOR + WINDOW)
#define NR		5	/* banks */

/* What a bank holds: dwords of which the guest may write one, clear one, and not change others. */
#define FIXED		0
#define WRITABLE	4
#define CLEARED		8

FIXTURE(banks) {
	struct vm *vm;
	struct host *host;
	int function;
	__u8 value[NR][WINDOW];
	__u8 writable[NR][WINDOW];
	__u8 write1clear[NR][WINDOW];
};

static struct kvpci_banks_config describe(struct _test_data_banks *self)
{
	return (struct kvpci_banks_config) {
		.banks = NR,
		.selector = SELECTOR,
		.value = ptr(self->value),
		.writable = ptr(self->writable),
		.write1clear = ptr(self->write1clear),
	};
}

FIXTURE_SETUP(banks)
{
	int i;

	self->vm = vm_new(1);
	self->host = host_new(self->vm);
	for (i = 0; i < NR; i++) {
		memset(self->value[i], 0x10 * i + 1, WINDOW);
		memset(self->writable[i] + WRITABLE, 0xff, 4);
		memset(self->write1clear[i] + CLEARED, 0xff, 4);
	}
	self->function = function_new(self->host, F, (struct kvpci_function_config) {
		.bars = { { PAGE }, { 64, KVPCI_BAR_IO } } });
	must(add_banks(self->function, 0, AT, LENGTH, describe(self)));
	must(add_banks(self->function, 1, 0, 8, (struct kvpci_banks_config) {
		.banks = 256, .selector = 4 }));
	must(plug(self->function));
	set_bar(self->host, F, 0, MEM);
	set_bar(self->host, F, 1, IO_BASE);
	set_command(self->host, F, DECODE_ALL);
}

FIXTURE_TEARDOWN(banks)
{
	close(self->function);
	host_free(self->host);
	vm_free(self->vm);
}

static void choose(struct _test_data_banks *self, __u16 bank)
{
	guest_store(self->vm, MEM + AT, SELECTOR, bank);
}

static __u32 shown(struct _test_data_banks *self, unsigned int offset)
{
	return guest_load(self->vm, MEM + AT + SELECTOR + offset, 4);
}

static void write_shown(struct _test_data_banks *self, unsigned int offset, __u32 value)
{
	guest_store(self->vm, MEM + AT + SELECTOR + offset, 4, value);
}

/* A dword of a bank as the device sees it. */
static __u32 held(struct _test_data_banks *self, __u32 bank, unsigned int offset)
{
	__u32 value;

	must(bank_read(self->function, 0, bank, AT + SELECTOR + offset, &value, 4));
	return value;
}

TEST_F(banks, the_guest_sees_the_one_that_it_has_selected)
{
	static const __u16 order[] = { 0, 1, 4, 2, 3, 0 };
	unsigned int i;

	EXPECT_EQ(0, guest_load(self->vm, MEM + AT, SELECTOR));
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		choose(self, order[i]);
		EXPECT_EQ(order[i], guest_load(self->vm, MEM + AT, SELECTOR));
		EXPECT_EQ(0x11111111 * order[i] - order[i] * 0x01010101 + 0x01010101,
			  shown(self, FIXED));
	}
	/* Each keeps what was written to it. */
	for (i = 0; i < NR; i++) {
		choose(self, i);
		write_shown(self, FIXED, ~0U);
		write_shown(self, WRITABLE, 0xabcd0000 + i);
		write_shown(self, CLEARED, 0x01000000);
	}
	for (i = 0; i < NR; i++) {
		__u32 byte = 0x10 * i + 1;

		choose(self, i);
		EXPECT_EQ(byte * 0x01010101, shown(self, FIXED));
		EXPECT_EQ(0xabcd0000 + i, shown(self, WRITABLE));
		EXPECT_EQ(byte * 0x01010101 & ~0x01000000, shown(self, CLEARED));
		EXPECT_EQ(0xabcd0000 + i, held(self, i, WRITABLE));
	}
}

TEST_F(banks, one_that_is_not_there)
{
	static const __u16 none[] = { NR, NR + 1, 0x7fff, 0xffff };
	__u8 before[NR][WINDOW], after[NR][WINDOW];
	unsigned int i, n;

	for (n = 0; n < NR; n++)
		must(bank_read(self->function, 0, n, AT + SELECTOR, before[n], WINDOW));
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		choose(self, none[i]);
		EXPECT_EQ(none[i], guest_load(self->vm, MEM + AT, SELECTOR));
		for (n = 0; n < WINDOW; n += 4) {
			write_shown(self, n, ~0U);
			EXPECT_EQ(0, shown(self, n));
		}
	}
	for (n = 0; n < NR; n++)
		must(bank_read(self->function, 0, n, AT + SELECTOR, after[n], WINDOW));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	/* A selector of four bytes, by ports. */
	guest_out(self->vm, IO_BASE, 4, 0xffffffff);
	EXPECT_EQ(0, guest_in(self->vm, IO_BASE + 4, 4));
	EXPECT_EQ(0xffffffff, guest_in(self->vm, IO_BASE, 4));
	guest_out(self->vm, IO_BASE, 4, 256);
	EXPECT_EQ(0, guest_in(self->vm, IO_BASE + 4, 4));
}

TEST_F(banks, an_access_to_both)
{
	__u8 after[WINDOW];

	/* Half of the selector at a time. */
	guest_store(self->vm, MEM + AT, 1, 3);
	EXPECT_EQ(3, guest_load(self->vm, MEM + AT, 2));
	guest_store(self->vm, MEM + AT + 1, 1, 1);
	EXPECT_EQ(0x103, guest_load(self->vm, MEM + AT, 2));
	EXPECT_EQ(0, shown(self, FIXED));
	guest_store(self->vm, MEM + AT + 1, 1, 0);

	/* The selector, and the first bytes of what it selects with that. */
	EXPECT_EQ(0x31313131313100, guest_load(self->vm, MEM + AT + 1, 8) & 0xffffffffffffff);
	guest_store(self->vm, MEM + AT, 8, 0xaabbccddeeff0002);
	EXPECT_EQ(0xaabb212121210002, guest_load(self->vm, MEM + AT, 8));
	EXPECT_EQ(0x2121aabb, held(self, 2, WRITABLE));
	must(bank_read(self->function, 0, 3, AT + SELECTOR, after, WINDOW));
	EXPECT_EQ(0, memcmp(after, self->value[3], WINDOW));
	/* Of nothing behind it. */
	EXPECT_EQ(0xffff2121, guest_load(self->vm, MEM + AT + LENGTH - 2, 4));
}

TEST_F(banks, the_device_sees_all)
{
	__u32 word = 0x600d600d, mask = 0xffff0000;
	struct kvpci_access masked = {
		.size = sizeof(masked), .offset = AT + SELECTOR, .length = 4,
		.data = ptr(&word), .mask = ptr(&mask), .bank = 2,
	};
	__u16 selected;

	choose(self, 1);
	must(bank_write(self->function, 0, 4, AT + SELECTOR + FIXED, &word, 4));
	EXPECT_EQ(0x11111111, shown(self, FIXED));
	EXPECT_EQ(0x600d600d, held(self, 4, FIXED));
	choose(self, 4);
	EXPECT_EQ(0x600d600d, shown(self, FIXED));
	EXPECT_EQ(0, kvpci_ioctl(self->function, KVPCI_WRITE, &masked));
	EXPECT_EQ(0x600d2121, held(self, 2, FIXED));
	/* The selector, with any bank. */
	must(bank_read(self->function, 0, 3, AT, &selected, 2));
	EXPECT_EQ(4, selected);
	selected = 2;
	must(bank_write(self->function, 0, 3, AT, &selected, 2));
	EXPECT_EQ(0x600d2121, shown(self, FIXED));
	/* No bank, and no banks. */
	EXPECT_EQ(-EINVAL, bank_read(self->function, 0, NR, AT + SELECTOR, &word, 4));
	EXPECT_EQ(-EINVAL, bank_write(self->function, 0, ~0U, AT + SELECTOR, &word, 4));
	EXPECT_EQ(-EINVAL, bank_read(self->function, KVPCI_CONFIG, 1, 0, &word, 4));
	EXPECT_EQ(-EINVAL, bank_read(self->function, 0, 0, AT + LENGTH - 2, &word, 4));
	masked.pad = 1;
	EXPECT_EQ(-EINVAL, kvpci_ioctl(self->function, KVPCI_WRITE, &masked));
}

TEST_F(banks, reset_and_state)
{
	struct state saved, again;
	unsigned int i;

	choose(self, 3);
	for (i = 0; i < NR; i++) {
		choose(self, i);
		write_shown(self, WRITABLE, 0xabcd0000 + i);
	}
	saved = state_get(self->function);
	must(reset(self->function));
	set_bar(self->host, F, 0, MEM);
	set_command(self->host, F, DECODE_ALL);
	EXPECT_EQ(0, guest_load(self->vm, MEM + AT, SELECTOR));
	for (i = 0; i < NR; i++)
		EXPECT_EQ((0x10 * i + 1) * 0x01010101, held(self, i, WRITABLE));

	must(state_set(self->function, &saved));
	EXPECT_EQ(NR - 1, guest_load(self->vm, MEM + AT, SELECTOR));
	for (i = 0; i < NR; i++)
		EXPECT_EQ(0xabcd0000 + i, held(self, i, WRITABLE));
	again = state_get(self->function);
	EXPECT_TRUE(state_equal(&saved, &again));

	/* A selector that does not fit, and padding. */
	((struct kvpci_state_banks *)state_contents(&saved, KVPCI_STATE_BANKS))->selected = 0x10000;
	EXPECT_EQ(-EINVAL, state_set(self->function, &saved));
	((struct kvpci_state_banks *)state_contents(&saved, KVPCI_STATE_BANKS))->selected = 0xffff;
	EXPECT_EQ(0, state_set(self->function, &saved));
	((struct kvpci_state_banks *)state_contents(&saved, KVPCI_STATE_BANKS))->pad = 1;
	EXPECT_EQ(-EINVAL, state_set(self->function, &saved));
	state_free(&saved);
	state_free(&again);
}

#define EXPECT_BANKS(result, bar, length, change) do {			\
	struct kvpci_banks_config desc = describe(self);		\
									\
	change;								\
	EXPECT_EQ(result, add_banks(function, bar, 0, length, desc)) {	\
		TH_LOG("%s", #change);					\
	}								\
} while (0)

TEST_F(banks, bad_descriptions)
{
	static const __u8 all[NR * WINDOW] = { [0 ... NR * WINDOW - 1] = 0xff };
	int function = function_new(self->host, BDF(0, 2, 0), (struct kvpci_function_config) {
		.bars = { { PAGE }, {}, { 2ULL * KVPCI_MAX_REGISTERS } }, .rom_size = PAGE });

	EXPECT_BANKS(-EINVAL, 0, LENGTH, desc.flags = 1);
	EXPECT_BANKS(-EINVAL, 0, LENGTH, desc.pad = 1);
	EXPECT_BANKS(-EINVAL, 0, LENGTH, desc.banks = 0);
	EXPECT_BANKS(-EINVAL, 0, LENGTH, desc.selector = 0);
	EXPECT_BANKS(-EINVAL, 0, LENGTH, desc.selector = 3);
	EXPECT_BANKS(-EINVAL, 0, LENGTH, desc.selector = 8);
	EXPECT_BANKS(-EINVAL, 0, SELECTOR, desc.banks = 1);
	EXPECT_BANKS(-EINVAL, 0, 1, desc.banks = 1);
	EXPECT_BANKS(-EINVAL, KVPCI_BAR_ROM, LENGTH, desc.banks = 1);
	EXPECT_BANKS(-EINVAL, 0, LENGTH, desc.banks = KVPCI_MAX_REGISTERS / WINDOW + 1);
	EXPECT_BANKS(-EINVAL, 0, LENGTH, desc.banks = ~0U);
	EXPECT_BANKS(-EINVAL, 2, KVPCI_MAX_REGISTERS + 1, desc.banks = 1);
	EXPECT_BANKS(-EINVAL, 2, KVPCI_MAX_REGISTERS, desc.banks = 2);
	EXPECT_BANKS(-EINVAL, 0, LENGTH, desc.write1clear = ptr(all); desc.writable = ptr(all));
	EXPECT_BANKS(-EFAULT, 0, LENGTH, desc.value = 1);
	EXPECT_BANKS(-EFAULT, 0, LENGTH, desc.writable = 1);
	EXPECT_BANKS(-EFAULT, 0, LENGTH, desc.write1clear = 1);
	EXPECT_NO_LEAK(40, EXPECT_BANKS(-EFAULT, 0, LENGTH, desc.write1clear = 1));
	EXPECT_BANKS(0, 0, LENGTH, desc.flags = 0);
	EXPECT_BANKS(-EEXIST, 0, 8, desc.banks = 1);
	close(function);
}

TEST_HARNESS_MAIN
