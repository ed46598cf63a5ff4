// SPDX-License-Identifier: GPL-2.0
/* The library, as far as it needs no KVM: structures that grow, and its table of KVM's routes. */
#include <errno.h>

#include "../lib/internal.h"
#include "array.h"
#include "test.h"

static const struct kvm_irq_routing_entry own[] = {
	{ .gsi = 3, .type = KVM_IRQ_ROUTING_IRQCHIP },
	{ .gsi = 29, .type = KVM_IRQ_ROUTING_IRQCHIP },
};

/* The entry of @gsi that is a message; NULL: none. */
static const struct kvm_irq_routing_entry *find(struct kvpci_gsis *gsis, __u32 gsi)
{
	const struct kvm_irq_routing *table = libkvpci_gsis_table(gsis);
	unsigned int nr = libkvpci_gsis_fill(gsis);
	unsigned int i;

	EXPECT(nr == table->nr);
	for (i = 0; i < nr; i++) {
		if (table->entries[i].gsi == gsi && table->entries[i].type == KVM_IRQ_ROUTING_MSI)
			return &table->entries[i];
	}
	return NULL;
}

static void own_entries(void)
{
	const struct kvpci_gsi_ops *ops = &libkvpci_gsis_ops;
	struct kvpci_gsis *gsis;
	unsigned int gsi;

	EXPECT(libkvpci_gsis_new(-1, 0, 1, own, ARRAY_SIZE(own), &gsis) == -ENOSPC);
	/* KVM has as many numbers as entries. */
	EXPECT(libkvpci_gsis_new(-1, 0, 29, own, ARRAY_SIZE(own), &gsis) == -EINVAL);
	EXPECT(!libkvpci_gsis_new(-1, 0, 30, own, ARRAY_SIZE(own), &gsis));
	EXPECT(!kvpci_gsis_left(gsis));
	kvpci_gsis_free(gsis);
	EXPECT(!libkvpci_gsis_new(-1, 0, 31, own, ARRAY_SIZE(own), &gsis));
	EXPECT(libkvpci_gsis_fill(gsis) == 2);
	EXPECT(!memcmp(libkvpci_gsis_table(gsis)->entries, own, sizeof(own)));
	/* Messages begin above the highest one. */
	EXPECT(!ops->take(gsis, &gsi) && gsi == 30);
	EXPECT(ops->take(gsis, &gsi) == -ENOSPC);
	kvpci_gsis_free(gsis);
}

static void standard_entries(void)
{
	struct kvpci_gsis *gsis;

	EXPECT(libkvpci_gsis_new(-1, 0, 39, NULL, 0, &gsis) == -ENOSPC);
	EXPECT(!libkvpci_gsis_new(-1, 0, 40, NULL, 0, &gsis));
	EXPECT(libkvpci_gsis_fill(gsis) == 40 && !kvpci_gsis_left(gsis));
	kvpci_gsis_free(gsis);
}

static void messages(void)
{
	const struct kvpci_gsi_ops *ops = &libkvpci_gsis_ops;
	const struct kvm_irq_routing_entry *entry;
	struct kvpci_gsis *gsis;
	unsigned int gsi, i;

	EXPECT(!libkvpci_gsis_new(-1, 0, 43, NULL, 0, &gsis));
	for (i = 0; i < 3; i++) {
		EXPECT(!ops->take(gsis, &gsi) && gsi == 24 + i);
		EXPECT(!find(gsis, gsi));
		EXPECT(!ops->change(gsis, gsi, 0x1fee00000ULL + i, 0x40 + i, 0));
	}
	EXPECT(ops->take(gsis, &gsi) == -ENOSPC && !kvpci_gsis_left(gsis));
	EXPECT(!ops->change(gsis, 25, 0xfee01000, 0x55, 0));
	entry = find(gsis, 25);
	EXPECT(entry && entry->u.msi.address_lo == 0xfee01000 && !entry->u.msi.address_hi);
	EXPECT(entry && entry->u.msi.data == 0x55 && !entry->flags);
	entry = find(gsis, 26);
	EXPECT(entry && entry->u.msi.address_lo == 0xfee00002 && entry->u.msi.address_hi == 1);
	EXPECT(entry && entry->u.msi.data == 0x42);
	/* What was given back comes again, and sends nothing until it is said what. */
	ops->give_back(gsis, 25);
	EXPECT(kvpci_gsis_left(gsis) == 1 && !find(gsis, 25));
	EXPECT(!ops->take(gsis, &gsi) && gsi == 25 && !find(gsis, 25));
	EXPECT(ops->take(gsis, &gsi) == -ENOSPC);
	kvpci_gsis_free(gsis);
}

/* What KVM would refuse the whole table for, a guest may write. */
static void invalid_messages(void)
{
	const struct kvpci_gsi_ops *ops = &libkvpci_gsis_ops;
	struct kvpci_gsis *gsis;
	unsigned int gsi;

	EXPECT(!libkvpci_gsis_new(-1, KVPCI_GSIS_X2APIC_API, 44, NULL, 0, &gsis));
	EXPECT(!ops->take(gsis, &gsi) && !ops->change(gsis, gsi, 0x1fee00000, 0x55, 0));
	EXPECT(!find(gsis, gsi));
	EXPECT(!ops->change(gsis, gsi, 0x100fee00000, 0x55, 0) && find(gsis, gsi));
	kvpci_gsis_free(gsis);
}

struct short_one {
	__u32 size;
	__u32 flags;
};

struct long_one {
	__u32 size;
	__u32 flags;
	__u32 more;
	__u32 rest;
};

/* The caller's structures are shorter or longer than those that are known. */
static void structures(void)
{
	struct long_one from = { .size = sizeof(from), .flags = 1 }, to;
	struct short_one small;

	EXPECT(libkvpci_take(&to, sizeof(to), &from, 3, 4) == -EINVAL);
	EXPECT(libkvpci_take(&to, sizeof(to), &from, 4097, 4) == -E2BIG);
	to.more = 5;
	EXPECT(!libkvpci_take(&to, sizeof(to), &from, sizeof(small), sizeof(small)));
	EXPECT(to.flags == 1 && !to.more);
	EXPECT(!libkvpci_take(&small, sizeof(small), &from, sizeof(from), sizeof(small)));
	EXPECT(small.size == sizeof(from) && small.flags == 1);
	from.rest = 1U << 31;
	EXPECT(libkvpci_take(&small, sizeof(small), &from, sizeof(from), 8) == -E2BIG);

	libkvpci_put(&small, sizeof(small), &from, sizeof(from));
	EXPECT(small.flags == 1);
	to.more = 5;
	libkvpci_put(&to, sizeof(to), &small, sizeof(small));
	EXPECT(to.flags == 1 && !to.more && !to.rest);
}

/* KVM, of which there is none here, refuses the table. */
static void refused_table(void)
{
	const struct kvpci_gsi_ops *ops = &libkvpci_gsis_ops;
	struct kvpci_gsis *gsis;
	unsigned int gsi;

	EXPECT(!libkvpci_gsis_new(-1, 0, 44, NULL, 0, &gsis));
	EXPECT(!ops->take(gsis, &gsi) && !ops->change(gsis, gsi, 0xfee00000, 0x55, 0));
	EXPECT(find(gsis, gsi));
	EXPECT(ops->commit(gsis) == -EBADF);
	EXPECT(!find(gsis, gsi));
	kvpci_gsis_free(gsis);
}

const struct test lib_tests[] = {
	{ "refused_table", refused_table },
	{ "structures", structures },
	{ "own_entries", own_entries },
	{ "standard_entries", standard_entries },
	{ "messages", messages },
	{ "invalid_messages", invalid_messages },
	{ NULL, NULL },
};
