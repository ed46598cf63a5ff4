// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A table of KVM's interrupt routes, for monitors that have none: where each GSI, a number that
 * KVM knows an interrupt by, leads.
 *
 * First there are the caller's own entries, which lead to interrupt controllers. The GSIs above
 * are those of messages. KVM takes the table as a whole, so that it is made anew each time; a GSI
 * that is taken but sends nothing is left out. KVM drops the signals of an irqfd whose GSI has no
 * route. If it refuses the table, that goes back to the one that KVM has: others are not to suffer
 * from a message that it does not take.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define NR_PIC_INPUTS		16
#define NR_IOAPIC_INPUTS	24
#define NR_STANDARD		(NR_PIC_INPUTS + NR_IOAPIC_INPUTS)

/**
 * struct message - what a GSI sends
 * @sends: it has been said what
 * @route: that
 */
struct message {
	bool sends;
	struct kvm_irq_routing_msi route;
};

/**
 * struct entry - a GSI
 * @taken: somebody has it
 * @next: what it sends from the next table on
 * @now: what it sends, as far as KVM knows
 */
struct entry {
	bool taken;
	struct message next;
	struct message now;
};

/**
 * struct kvpci_gsis - a table of KVM's interrupt routes
 * @vm_fd: of the machine
 * @flags: KVPCI_GSIS_*
 * @first: the first GSI of messages
 * @nr_own: entries of the caller's, in front of @table
 * @table: room for all that KVM takes
 * @turn: held from changes to the commit that has them be in force, or be undone
 * @lock: guards what follows
 * @nr: how many messages there may be
 * @nr_taken: how many there are
 * @entry: they
 * @users: host bridges that use it
 * @starved: one of them has found too few
 */
struct kvpci_gsis {
	int vm_fd;
	unsigned int flags;
	unsigned int first;
	unsigned int nr_own;
	struct kvm_irq_routing *table;
	pthread_mutex_t turn;
	pthread_mutex_t lock;
	unsigned int nr;
	unsigned int nr_taken;
	struct entry *entry;
	struct libkvpci_routes *users;
	bool starved;
};

static void add_input(struct kvm_irq_routing_entry *entry, __u32 gsi, __u32 chip, __u32 pin)
{
	*entry = (struct kvm_irq_routing_entry){
		.gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

/* What KVM has by itself. */
static void fill_standard(struct kvm_irq_routing_entry *entry)
{
	__u32 gsi;

	for (gsi = 0; gsi < NR_IOAPIC_INPUTS; gsi++)
		add_input(entry++, gsi, KVM_IRQCHIP_IOAPIC, gsi);
	for (gsi = 0; gsi < NR_PIC_INPUTS; gsi++)
		add_input(entry++, gsi, gsi < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE,
			  gsi % 8);
}

/* Make a table of @max entries, without KVM. */
int libkvpci_gsis_new(int vm_fd, unsigned int flags, unsigned int max,
		      const struct kvm_irq_routing_entry *own, unsigned int nr_own,
		      struct kvpci_gsis **gsis)
{
	struct kvm_irq_routing_entry standard[NR_STANDARD];
	struct kvpci_gsis *made;
	unsigned int i, first = 0;

	if (!own) {
		fill_standard(standard);
		own = standard;
		nr_own = NR_STANDARD;
	}
	if (nr_own > max)
		return -ENOSPC;
	/* KVM takes a number that is too high for another one. */
	for (i = 0; i < nr_own; i++) {
		if (own[i].gsi >= max)
			return -EINVAL;
		if (own[i].gsi >= first)
			first = own[i].gsi + 1;
	}
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->vm_fd = vm_fd;
	made->flags = flags;
	made->nr_own = nr_own;
	made->first = first;
	made->nr = max - (nr_own > first ? nr_own : first);
	made->table = calloc(1, sizeof(*made->table) + max * sizeof(made->table->entries[0]));
	made->entry = calloc(made->nr + 1, sizeof(*made->entry));
	pthread_mutex_init(&made->turn, NULL);
	pthread_mutex_init(&made->lock, NULL);
	if (!made->table || !made->entry) {
		kvpci_gsis_free(made);
		return -ENOMEM;
	}
	memcpy(made->table->entries, own, nr_own * sizeof(*own));
	made->table->nr = nr_own;
	*gsis = made;
	return 0;
}

/* A message whose destination has these bits is none, and KVM would not take the table. */
static bool is_valid(const struct kvpci_gsis *gsis, const struct kvm_irq_routing_msi *route)
{
	return !(gsis->flags & KVPCI_GSIS_X2APIC_API) || !(route->address_hi & 0xff);
}

/* Enter the messages after the caller's entries. Return: how many entries there are */
unsigned int libkvpci_gsis_fill(struct kvpci_gsis *gsis)
{
	struct kvm_irq_routing *table = gsis->table;
	unsigned int i;

	table->nr = gsis->nr_own;
	for (i = 0; i < gsis->nr; i++) {
		const struct message *message = &gsis->entry[i].next;

		if (!message->sends || !is_valid(gsis, &message->route))
			continue;
		table->entries[table->nr++] = (struct kvm_irq_routing_entry){
			.gsi = gsis->first + i, .type = KVM_IRQ_ROUTING_MSI,
			.u.msi = message->route,
		};
	}
	return table->nr;
}

const struct kvm_irq_routing *libkvpci_gsis_table(const struct kvpci_gsis *gsis)
{
	return gsis->table;
}

static int commit(void *context)
{
	struct kvpci_gsis *gsis = context;
	unsigned int i;
	int ret;

	pthread_mutex_lock(&gsis->lock);
	libkvpci_gsis_fill(gsis);
	ret = libkvpci_ioctl(gsis->vm_fd, KVM_SET_GSI_ROUTING, gsis->table);
	for (i = 0; i < gsis->nr; i++) {
		struct entry *entry = &gsis->entry[i];

		if (ret)
			entry->next = entry->now;
		else
			entry->now = entry->next;
	}
	pthread_mutex_unlock(&gsis->lock);
	return ret;
}

/* The lowest one that is free, so that tables stay short. */
static int take(void *context, unsigned int *gsi)
{
	struct kvpci_gsis *gsis = context;
	unsigned int i;
	int ret = -ENOSPC;

	pthread_mutex_lock(&gsis->lock);
	for (i = 0; i < gsis->nr && gsis->entry[i].taken; i++)
		;
	if (i < gsis->nr) {
		gsis->entry[i].taken = true;
		gsis->nr_taken++;
		*gsi = gsis->first + i;
		ret = 0;
	} else {
		gsis->starved = true;
	}
	pthread_mutex_unlock(&gsis->lock);
	return ret;
}

static int change(void *context, unsigned int gsi, __u64 address, __u32 data, __u32 requester)
{
	struct kvpci_gsis *gsis = context;
	struct message *message = &gsis->entry[gsi - gsis->first].next;

	/* Nothing remaps it. */
	(void)requester;
	pthread_mutex_lock(&gsis->lock);
	message->sends = true;
	message->route = (struct kvm_irq_routing_msi){
		.address_lo = address, .address_hi = address >> 32, .data = data,
	};
	pthread_mutex_unlock(&gsis->lock);
	return 0;
}

/*
 * KVM is told with the next change: nothing is signalled meanwhile. Whoever has found none, of any
 * host bridge, looks again.
 */
static void give_back(void *context, unsigned int gsi)
{
	struct kvpci_gsis *gsis = context;
	const struct libkvpci_routes *user;

	pthread_mutex_lock(&gsis->lock);
	gsis->entry[gsi - gsis->first] = (struct entry){ .taken = false };
	gsis->nr_taken--;
	for (user = gsis->users; user && gsis->starved; user = user->next)
		libkvpci_timer_start(user->timer, 1);
	gsis->starved = false;
	pthread_mutex_unlock(&gsis->lock);
}

const struct kvpci_gsi_ops libkvpci_gsis_ops = {
	.size = sizeof(libkvpci_gsis_ops),
	.take = take,
	.change = change,
	.give_back = give_back,
	.commit = commit,
};

/* Nobody else changes anything, or has KVM be given the table, until the end. */
void libkvpci_gsis_begin(struct kvpci_gsis *gsis)
{
	pthread_mutex_lock(&gsis->turn);
}

void libkvpci_gsis_end(struct kvpci_gsis *gsis)
{
	pthread_mutex_unlock(&gsis->turn);
}

void libkvpci_gsis_join(struct kvpci_gsis *gsis, struct libkvpci_routes *routes)
{
	pthread_mutex_lock(&gsis->lock);
	routes->next = gsis->users;
	gsis->users = routes;
	pthread_mutex_unlock(&gsis->lock);
}

void libkvpci_gsis_leave(struct kvpci_gsis *gsis, struct libkvpci_routes *routes)
{
	struct libkvpci_routes **user = &gsis->users;

	pthread_mutex_lock(&gsis->lock);
	while (*user != routes)
		user = &(*user)->next;
	*user = routes->next;
	pthread_mutex_unlock(&gsis->lock);
}

int kvpci_gsis_create(int vm_fd, unsigned int flags, const struct kvm_irq_routing_entry *own,
		      unsigned int nr_own, struct kvpci_gsis **gsis)
{
	struct kvpci_gsis *made;
	int max, ret;

	if (flags & ~KVPCI_GSIS_X2APIC_API)
		return -EINVAL;
	max = libkvpci_ioctl(vm_fd, KVM_CHECK_EXTENSION, (void *)KVM_CAP_IRQ_ROUTING);
	if (max < 0)
		return max;
	ret = libkvpci_gsis_new(vm_fd, flags, max, own, nr_own, &made);
	if (ret)
		return ret;
	ret = own ? commit(made) : 0;
	if (ret)
		kvpci_gsis_free(made);
	else
		*gsis = made;
	return ret;
}

void kvpci_gsis_free(struct kvpci_gsis *gsis)
{
	if (!gsis)
		return;
	pthread_mutex_destroy(&gsis->turn);
	pthread_mutex_destroy(&gsis->lock);
	free(gsis->table);
	free(gsis->entry);
	free(gsis);
}

unsigned int kvpci_gsis_left(struct kvpci_gsis *gsis)
{
	unsigned int left;

	pthread_mutex_lock(&gsis->lock);
	left = gsis->nr - gsis->nr_taken;
	pthread_mutex_unlock(&gsis->lock);
	return left;
}
