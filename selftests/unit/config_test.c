// SPDX-License-Identifier: GPL-2.0
/*
 * The header of configuration space: what its registers hold, and which of their
 * bits a guest can change, down to the last bit of all 4096 bytes.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/errno.h>

#include "kmod/pci/config.h"
#include "block.h"
#include "unit.h"

static void describe(struct kvpci_function_config *desc)
{
	memset(desc, 0, sizeof(*desc));
	desc->vendor = rnd_below(0xffff);
	desc->device = rnd();
	desc->subsystem_vendor = rnd();
	desc->subsystem = rnd();
	desc->revision = rnd();
	desc->class_code = rnd_below(1 << 24);
}

static void expect(const char *what, const u8 *found, const u8 *wanted)
{
	u32 i;

	for (i = 0; i < KVPCI_CONFIG_SIZE; i++)
		CHECK(found[i] == wanted[i], "%s 0x%02x: 0x%02x, not 0x%02x",
		      what, i, found[i], wanted[i]);
}

static void put(u8 *array, u32 offset, u32 len, u32 val)
{
	for (; len; len--, val >>= 8)
		array[offset++] = val;
}

/* The offsets and bits are those of the PCI specification, 6.1 and 6.2. */
static void header(void)
{
	static u8 value[KVPCI_CONFIG_SIZE], writable[KVPCI_CONFIG_SIZE];
	static u8 write1clear[KVPCI_CONFIG_SIZE];
	struct kvpci_function_config desc;
	struct kvpci_regs config;
	int i;

	put(writable, 0x04, 2, 0x0547);
	put(writable, 0x0c, 1, 0xff);
	put(writable, 0x3c, 1, 0xff);
	put(write1clear, 0x06, 2, 0xf900);

	for (i = 0; i < 1000; i++) {
		config = block_new(KVPCI_CONFIG_SIZE);
		describe(&desc);
		CHECK(!kvpci_config_init(&config, &desc), "refused");

		memset(value, 0, sizeof(value));
		put(value, 0x00, 2, desc.vendor);
		put(value, 0x02, 2, desc.device);
		put(value, 0x08, 1, desc.revision);
		put(value, 0x09, 3, desc.class_code);
		put(value, 0x2c, 2, desc.subsystem_vendor);
		put(value, 0x2e, 2, desc.subsystem);
		expect("value", config.value, value);
		expect("writable", config.writable, writable);
		expect("write1clear", config.write1clear, write1clear);

		kvpci_config_set_multifunction(&config, true);
		put(value, 0x0e, 1, 0x80);
		expect("multi-function", config.value, value);
		kvpci_config_set_multifunction(&config, false);
		put(value, 0x0e, 1, 0);
		expect("not multi-function", config.value, value);
		block_free(&config);
	}
}

static void bad_descriptions(void)
{
	struct kvpci_function_config desc;
	struct kvpci_regs config = block_new(KVPCI_CONFIG_SIZE);
	int i;

	describe(&desc);
	desc.vendor = 0xffff;
	CHECK(kvpci_config_init(&config, &desc) == -EINVAL, "no vendor");

	for (i = 24; i < 32; i++) {
		describe(&desc);
		desc.class_code |= 1U << i;
		CHECK(kvpci_config_init(&config, &desc) == -EINVAL,
		      "class code bit %d", i);
	}

	describe(&desc);
	desc.bars[3].size = 17;
	CHECK(kvpci_config_init(&config, &desc) == -EINVAL, "BAR of 17 bytes");
	block_free(&config);
}

const struct unit_test config_tests[] = {
	{ "config.header", header },
	{ "config.bad_descriptions", bad_descriptions },
	{}
};
