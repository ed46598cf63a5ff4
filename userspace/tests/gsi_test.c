// SPDX-License-Identifier: GPL-2.0
/* KVM's routing table: the interrupt controllers' part; and where INTx pins lead. */
#include "gsi.h"
#include "intx.h"
#include "test.h"

/* The entry of @gsi for @chip; NULL: none. There may not be two. */
static const struct kvm_irq_routing_entry *find(const struct kvm_irq_routing_entry *inputs,
						__u32 gsi, __u32 chip)
{
	const struct kvm_irq_routing_entry *found = NULL;
	unsigned int i;

	for (i = 0; i < GSI_MAX_INPUTS; i++) {
		const struct kvm_irq_routing_entry *entry = &inputs[i];

		if (entry->gsi != gsi || entry->type != KVM_IRQ_ROUTING_IRQCHIP ||
		    entry->u.irqchip.irqchip != chip)
			continue;
		EXPECT(!found);
		found = entry;
	}
	return found;
}

/* The PICs' input that @gsi leads to, -1: none. */
static int pic_input(const struct kvm_irq_routing_entry *inputs, __u32 gsi)
{
	const struct kvm_irq_routing_entry *master, *slave;

	master = find(inputs, gsi, KVM_IRQCHIP_PIC_MASTER);
	slave = find(inputs, gsi, KVM_IRQCHIP_PIC_SLAVE);
	EXPECT(!master || !slave);
	if (master)
		return master->u.irqchip.pin;
	return slave ? 8 + (int)slave->u.irqchip.pin : -1;
}

static void controllers(void)
{
	static const int lines[GSI_NR_PCI] = { 5, 10, 11, 12 };
	bool used[16] = { false };
	struct kvm_irq_routing_entry inputs[GSI_MAX_INPUTS];
	unsigned int gsi;

	EXPECT(gsi_fill_inputs(inputs) == GSI_MAX_INPUTS);
	for (gsi = 0; gsi < 24; gsi++) {
		const struct kvm_irq_routing_entry *io_apic;
		int input = pic_input(inputs, gsi);

		io_apic = find(inputs, gsi, KVM_IRQCHIP_IOAPIC);
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
	{ "pins", pins },
	{ "pins_behind", pins_behind },
	{ NULL, NULL },
};
