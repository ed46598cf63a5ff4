// SPDX-License-Identifier: GPL-2.0
/* KVM's routing table: the interrupt controllers' part, and messages. */
#include "gsi.h"
#include "intx.h"
#include "report.h"
#include "test.h"

/* The entry of @gsi for @chip; NULL: none. There may not be two. */
static const struct kvm_irq_routing_entry *find(const struct gsi_table *table, __u32 gsi,
						__u32 type, __u32 chip)
{
	const struct kvm_irq_routing_entry *found = NULL;
	unsigned int i;

	for (i = 0; i < table->routing->nr; i++) {
		const struct kvm_irq_routing_entry *entry = &table->routing->entries[i];

		if (entry->gsi != gsi || entry->type != type)
			continue;
		if (type == KVM_IRQ_ROUTING_IRQCHIP && entry->u.irqchip.irqchip != chip)
			continue;
		EXPECT(!found);
		found = entry;
	}
	return found;
}

/* The PICs' input that @gsi leads to, -1: none. */
static int pic_input(const struct gsi_table *table, __u32 gsi)
{
	const struct kvm_irq_routing_entry *master, *slave;

	master = find(table, gsi, KVM_IRQ_ROUTING_IRQCHIP, KVM_IRQCHIP_PIC_MASTER);
	slave = find(table, gsi, KVM_IRQ_ROUTING_IRQCHIP, KVM_IRQCHIP_PIC_SLAVE);
	EXPECT(!master || !slave);
	if (master)
		return master->u.irqchip.pin;
	return slave ? 8 + (int)slave->u.irqchip.pin : -1;
}

static void controllers(void)
{
	static const int lines[GSI_NR_PCI] = { 5, 10, 11, 12 };
	bool used[16] = { false };
	struct gsi_table table;
	unsigned int gsi;

	EXPECT(!gsi_init(&table, 4096));
	for (gsi = 0; gsi < 24; gsi++) {
		const struct kvm_irq_routing_entry *io_apic;
		int input = pic_input(&table, gsi);

		io_apic = find(&table, gsi, KVM_IRQ_ROUTING_IRQCHIP, KVM_IRQCHIP_IOAPIC);
		EXPECT(io_apic && io_apic->u.irqchip.pin == gsi);
		/* An input of the PICs is acknowledged by one GSI. */
		if (input >= 0) {
			EXPECT(input < 16 && !used[input]);
			used[input] = true;
		}
		if (gsi >= GSI_PCI && gsi < GSI_PCI + GSI_NR_PCI)
			EXPECT(input == (int)gsi_pic_input(gsi));
		if (gsi >= GSI_PCI)
			EXPECT(input == (gsi < 20 ? lines[gsi - GSI_PCI] : -1));
		else if (input >= 0)
			EXPECT(input == (int)gsi);
	}
	for (gsi = 0; gsi < 16; gsi++)
		EXPECT(used[gsi]);
	EXPECT(table.routing->nr == 40 && table.nr_standard == 40);
	gsi_destroy(&table);
	EXPECT_MESSAGE(gsi_init(&table, 39), STATUS_FAILED, "too few");
}

static void messages(void)
{
	const struct kvm_irq_routing_entry *entry;
	struct gsi_table table;
	unsigned int gsi, i;

	EXPECT(!gsi_init(&table, 43));
	for (i = 0; i < 3; i++) {
		EXPECT(!gsi_add(&table, &gsi) && gsi == 24 + i);
		gsi_set_message(&table, gsi, 0x1fee00000ULL + i, 0x40 + i);
	}
	EXPECT_MESSAGE(gsi_add(&table, &gsi), STATUS_FAILED, "more than the 3 interrupt messages");
	gsi_set_message(&table, 25, 0xfee01000, 0x55);
	entry = find(&table, 25, KVM_IRQ_ROUTING_MSI, 0);
	EXPECT(entry && entry->u.msi.address_lo == 0xfee01000 && !entry->u.msi.address_hi);
	EXPECT(entry && entry->u.msi.data == 0x55 && !entry->flags);
	entry = find(&table, 26, KVM_IRQ_ROUTING_MSI, 0);
	EXPECT(entry && entry->u.msi.address_lo == 0xfee00002 && entry->u.msi.address_hi == 1);
	EXPECT(entry && entry->u.msi.data == 0x42);
	EXPECT(table.routing->nr == 43 && !gsi_left(&table));
	/* What was given back comes again. */
	gsi_return(&table, 25);
	EXPECT(gsi_left(&table) == 1);
	EXPECT(!gsi_add(&table, &gsi) && gsi == 25);
	EXPECT_MESSAGE(gsi_add(&table, &gsi), STATUS_FAILED, "more than");
	gsi_destroy(&table);
}

/* The guest's _PRT computes the same. */
static void pins(void)
{
	EXPECT(intx_gsi(0 << 3, 1) == 16 && intx_gsi(0 << 3, 4) == 19);
	EXPECT(intx_gsi(3 << 3, 1) == 19 && intx_gsi(3 << 3, 2) == 16);
	EXPECT(intx_gsi(31 << 3 | 7, 1) == 19 && intx_gsi(31 << 3, 3) == 17);
}

/* Behind bridges, each of which turns them by the number of the device. */
static void pins_behind(void)
{
	const struct device_spec spec = { .interrupt_pin = 2 };
	struct function outer = { .slot = 3 << 3 };
	struct function inner = { .slot = SLOT(1, 5 << 3), .parent = &outer };
	struct function function = {
		.spec = &spec, .slot = SLOT(2, 6 << 3 | 1), .parent = &inner,
	};

	EXPECT(intx_gsi_of(&function) == intx_gsi(3 << 3, (1 + 6 + 5) % 4 + 1));
	function.parent = &outer;
	EXPECT(intx_gsi_of(&function) == intx_gsi(3 << 3, (1 + 6) % 4 + 1));
	function.parent = NULL;
	EXPECT(intx_gsi_of(&function) == intx_gsi(6 << 3, 2));
}

const struct test gsi_tests[] = {
	{ "controllers", controllers },
	{ "messages", messages },
	{ "pins", pins },
	{ "pins_behind", pins_behind },
	{ NULL, NULL },
};
