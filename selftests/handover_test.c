// SPDX-License-Identifier: GPL-2.0
/*
 * Vectors that are handed to irqfds: KVM takes the signals of a source itself while the message
 * may be sent, and the VMM takes the source back before a guest's write that forbids or changes
 * it has completed. And routes of vectors where the module sends messages itself.
 *
 * The VMM here is serve(), which a vCPU's exits come to, and hand_over(). The library has nothing
 * to do with these functions.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/irqfd.h"
#include "lib/message.h"
#include "lib/state.h"
#include "lib/wait.h"

#define F		BDF(0, 3, 0)
#define PORT		BDF(0, 4, 0)
#define BEHIND		BDF(1, 0, 0)
#define NR		4		/* vectors of MSI and of MSI-X */
#define FIRST_GSI	24
#define VECTOR		0x41		/* of the first; the others' follow */
#define OTHER		0x51
#define MEM		(MEM32_BASE + (16 << 20))
#define ROOT_SLOT	PCI_EXP_SLTCAP_HPC

FIXTURE(handover) {
	struct rig *rig;
	struct device *device;
	__u32 interrupt;
	pthread_mutex_t lock;	/* guards what follows: only one at a time hands over */
	pthread_mutex_t signal;	/* KVM may send twice what comes while it begins to listen */
	int source[NR];
	bool bound[NR];
	struct kvm_irq_routing_entry routes[NR];
	int recalls;		/* exits to take something back */
	int empty;		/* and with nothing to take back */
	struct kvpci_exit said;	/* of the last */
};

static int get_with(struct _test_data_handover *self, __u32 flags, __u32 vector,
		    struct kvpci_route *route)
{
	*route = (struct kvpci_route) {
		.flags = flags, .interrupt = self->interrupt, .vector = vector };
	return get_route(self->device->function, route);
}

static int get(struct _test_data_handover *self, __u32 vector, struct kvpci_route *route)
{
	return get_with(self, 0, vector, route);
}

/* KVM's routes are those of all vectors. */
static void set_routing(struct _test_data_handover *self)
{
	struct {
		struct kvm_irq_routing table;
		struct kvm_irq_routing_entry entries[NR];
	} routing = { .table.nr = NR };

	memcpy(routing.entries, self->routes, sizeof(self->routes));
	must(ioctl(self->rig->vm->fd, KVM_SET_GSI_ROUTING, &routing));
}

static int hand(struct _test_data_handover *self, const struct kvpci_route *found, int eventfd)
{
	struct kvpci_route route = {
		.size = sizeof(route),
		.flags = KVPCI_ROUTE_HAND,
		.interrupt = self->interrupt,
		.vector = found->vector,
		.eventfd = eventfd,
		.sequence = found->sequence,
	};

	return kvpci_ioctl(self->device->function, KVPCI_SET_ROUTE, &route);
}

static int hand_to(struct _test_data_handover *self, const struct kvpci_route *route)
{
	return hand(self, route, self->source[route->vector]);
}

static void bind_irqfd(struct _test_data_handover *self, __u32 n)
{
	pthread_mutex_lock(&self->signal);
	must(irqfd_set(self->rig->vm->fd, FIRST_GSI + n, self->source[n], -1));
	pthread_mutex_unlock(&self->signal);
	self->bound[n] = true;
}

static void unbind_irqfd(struct _test_data_handover *self, __u32 n)
{
	if (self->bound[n])
		irqfd_unset(self->rig->vm->fd, FIRST_GSI + n, self->source[n]);
	self->bound[n] = false;
}

/* Hand a vector over, if it waits for that; 0 or minus errno. */
static int hand_over(struct _test_data_handover *self, __u32 n)
{
	struct kvpci_route route;
	int ret;

	pthread_mutex_lock(&self->lock);
	ret = get(self, n, &route);
	if (!ret && (route.vector != n || route.flags))
		ret = -ENOENT;
	if (!ret) {
		self->routes[n] = message_route(FIRST_GSI + n, route.address, route.data);
		set_routing(self);
		ret = hand_to(self, &route);
	}
	if (!ret)
		bind_irqfd(self, n);
	pthread_mutex_unlock(&self->lock);
	return ret;
}

/* Take back what is recalled; returns how many vectors. */
static int take_back(struct _test_data_handover *self)
{
	struct kvpci_route route = {};
	__u32 next = 0;
	int nr = 0;

	pthread_mutex_lock(&self->lock);
	for (; !get_with(self, KVPCI_ROUTE_RECALLED, next, &route); next = route.vector + 1) {
		if (route.flags != KVPCI_ROUTE_RECALLED)
			die("vector %u is not recalled", route.vector);
		unbind_irqfd(self, route.vector);
		must(remove_route(self->device->function, self->interrupt, route.vector));
		nr++;
	}
	pthread_mutex_unlock(&self->lock);
	return nr;
}

static __u64 serve(struct vcpu *vcpu, const struct guest_exit *exit)
{
	struct _test_data_handover *self = vcpu->arg;

	must(get_exit(self->rig->host->fd, exit, vcpu->index, &self->said));
	if (!(self->said.flags & KVPCI_EXIT_RECALL))
		return 0;
	if (take_back(self))
		self->recalls++;
	else
		self->empty++;
	return 0;
}

/* How many exits to take something back have there been since the last time? */
static int recalls(struct _test_data_handover *self)
{
	int nr = self->recalls;

	self->recalls = 0;
	return nr;
}

/* A function whose messages are its first vCPU's, and whose sources are bound. */
static void begin(struct _test_data_handover *self, struct device_desc desc, __u32 interrupt)
{
	int i;

	desc.unkept = true;
	desc.express = true;
	self->interrupt = interrupt;
	if (interrupt == KVPCI_MSIX)
		desc.msix = (struct kvpci_msix) { .vectors = NR };
	else
		desc.msi = (struct kvpci_msi) { .vectors = NR, .flags = KVPCI_MSI_MASK };
	self->device = device_plugged(self->rig, desc);
	self->rig->vm->vcpus[0].on_exit = serve;
	self->rig->vm->vcpus[0].arg = self;
	for (i = 0; i < NR; i++) {
		self->source[i] = event_new();
		must(bind_eventfd(self->device->function, interrupt, i, self->source[i]));
		self->routes[i] = message_route(FIRST_GSI + i, MSI_TO(1), VECTOR + i);
	}
}

/* The guest's driver enables all vectors but the last, of MSI all. */
static void enable(struct _test_data_handover *self)
{
	struct device *device = self->device;
	int i;

	if (self->interrupt == KVPCI_MSI) {
		msi_message(device, MSI_TO(1), VECTOR & ~(NR - 1));
		msi_control(device, PCI_MSI_FLAGS_ENABLE | 2 << 4);
		return;
	}
	for (i = 0; i < NR; i++) {
		msix_message(device, i, MSI_TO(1), VECTOR + i);
		msix_mask(device, i, i == NR - 1);
	}
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);
}

static __u8 vector_of(struct _test_data_handover *self, __u32 n)
{
	return (self->interrupt == KVPCI_MSI ? VECTOR & ~(NR - 1) : VECTOR) + n;
}

/* What is signalled comes once; by an irqfd or by the module. */
#define EXPECT_COMES(n) do {						\
	const __u32 comes_ = n;						\
									\
	event_signal(self->source[comes_]);				\
	EXPECT_EQ(1, take(self->rig, 1, vector_of(self, comes_), 1));	\
} while (0)

#define EXPECT_HANDED(n) do {						\
	const __u32 handed_ = n;					\
									\
	EXPECT_EQ(0, hand_over(self, handed_));				\
	EXPECT_COMES(handed_);						\
	EXPECT_EQ(0, recalls(self));					\
} while (0)

FIXTURE_SETUP(handover)
{
	pthread_mutex_init(&self->lock, NULL);
	pthread_mutex_init(&self->signal, NULL);
	self->rig = rig_new(2, 0);
	rig_listen(self->rig);
}

FIXTURE_TEARDOWN(handover)
{
	int i;

	EXPECT_EQ(0, self->empty);
	if (self->device)
		device_free(self->device);
	for (i = 0; i < NR && self->source[i]; i++)
		close(self->source[i]);
	rig_deafen(self->rig);
	rig_free(self->rig);
	pthread_mutex_destroy(&self->lock);
	pthread_mutex_destroy(&self->signal);
}

TEST_F(handover, signals_are_kvms_until_they_are_taken_back)
{
	struct kvpci_route route;
	int n;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	enable(self);
	for (n = 0; n < 2; n++) {
		struct pollfd polled = { .fd = self->source[0], .events = POLLIN };

		ASSERT_EQ(0, get(self, 0, &route));
		EXPECT_EQ(F, route.requester);
		set_routing(self);
		EXPECT_EQ(0, hand_to(self, &route));
		EXPECT_EQ(-EBUSY, hand_to(self, &route));
		/* What comes meanwhile is nobody's, and then KVM's. */
		event_signal(self->source[0]);
		EXPECT_EQ(0, strays(self->rig));
		EXPECT_EQ(1, poll(&polled, 1, 0));
		bind_irqfd(self, 0);
		EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
		EXPECT_COMES(0);
		/* What else triggers the vector is not lost on the way. */
		fire(self->device, BY_IOCTL, KVPCI_MSIX, 0);
		EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));

		/* The VMM wants it back. */
		unbind_irqfd(self, 0);
		event_signal(self->source[0]);
		EXPECT_EQ(0, strays(self->rig));
		must(remove_route(self->device->function, KVPCI_MSIX, 0));
		if (get_delivery() == KVPCI_DELIVERY_IRQFD) {
			EXPECT_TRUE(eventually(msix_pending(self->device, 0)));
			EXPECT_EQ(0, hand_over(self, 0));
			EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
			unbind_irqfd(self, 0);
			must(remove_route(self->device->function, KVPCI_MSIX, 0));
		} else {
			EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
			EXPECT_COMES(0);
		}
	}
	EXPECT_EQ(0, recalls(self));
	EXPECT_EQ(0, strays(self->rig));
}

/* One that is pending when it is handed over comes. */
TEST_F(handover, what_is_pending_goes_along)
{
	if (get_delivery() == KVPCI_DELIVERY_DIRECT)
		return;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	enable(self);
	fire(self->device, BY_IOCTL, KVPCI_MSIX, 0);
	event_signal(self->source[1]);
	EXPECT_TRUE(eventually(msix_pending(self->device, 1)));
	EXPECT_EQ(0, hand_over(self, 0));
	EXPECT_EQ(0, hand_over(self, 1));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR + 1, 1));
	EXPECT_FALSE(msix_pending(self->device, 0));
	EXPECT_FALSE(msix_pending(self->device, 1));
}

TEST_F(handover, what_forbids_messages_recalls_them)
{
	struct device *device;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	device = self->device;
	enable(self);
	EXPECT_HANDED(0);
	EXPECT_HANDED(1);

	/* Its mask is another vector's business. */
	msix_mask(device, 0, true);
	EXPECT_EQ(1, recalls(self));
	EXPECT_TRUE(self->said.flags & KVPCI_EXIT_WRITTEN);
	EXPECT_EQ(BAR_MSIX, self->said.bar);
	EXPECT_COMES(1);
	event_signal(self->source[0]);
	EXPECT_TRUE(eventually(msix_pending(device, 0)));
	EXPECT_EQ(0, strays(self->rig));
	msix_mask(device, 0, false);
	EXPECT_EQ(0, recalls(self));
	EXPECT_EQ(0, hand_over(self, 0));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_COMES(0);

	/* All of them. */
	msix_control(device, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	EXPECT_EQ(1, recalls(self));
	EXPECT_EQ(KVPCI_CONFIG, self->said.bar);
	event_signal(self->source[0]);
	event_signal(self->source[1]);
	EXPECT_TRUE(eventually(msix_pending(device, 0) && msix_pending(device, 1)));
	EXPECT_EQ(0, strays(self->rig));
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);
	EXPECT_EQ(0, hand_over(self, 0));
	EXPECT_EQ(0, hand_over(self, 1));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR + 1, 1));
	EXPECT_COMES(0);

	msix_control(device, 0);
	EXPECT_EQ(1, recalls(self));
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);
	EXPECT_HANDED(0);

	set_master(device, false);
	EXPECT_EQ(1, recalls(self));
	event_signal(self->source[0]);
	EXPECT_TRUE(eventually(msix_pending(device, 0)));
	EXPECT_EQ(0, strays(self->rig));
	set_master(device, true);
	EXPECT_EQ(0, hand_over(self, 0));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));

	/* What is allowed all the time recalls nothing. */
	msix_mask(device, 0, false);
	msix_control(device, PCI_MSIX_FLAGS_ENABLE);
	set_master(device, true);
	EXPECT_EQ(0, recalls(self));
	EXPECT_COMES(0);
}

TEST_F(handover, another_message_recalls_a_vector)
{
	struct device *device;
	int i;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	device = self->device;
	enable(self);
	EXPECT_HANDED(0);

	/* The same message is no other one. */
	msix_message(device, 0, MSI_TO(1), VECTOR);
	EXPECT_EQ(0, recalls(self));
	for (i = 0; i < 3; i++) {
		const __u8 vector = i % 2 ? VECTOR : OTHER;

		/* Of the writes that make it the one that changes it is told. */
		msix_message(device, 0, MSI_TO(1), vector);
		EXPECT_EQ(1, recalls(self));
		EXPECT_EQ(0, hand_over(self, 0));
		event_signal(self->source[0]);
		EXPECT_EQ(1, take(self->rig, 1, vector, 1));
	}
	EXPECT_EQ(0, strays(self->rig));
}

TEST_F(handover, resets_recall_vectors)
{
	struct device *device;
	struct kvpci_route route;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	device = self->device;
	enable(self);
	EXPECT_HANDED(0);
	config_write(device, device->express + PCI_EXP_DEVCTL, 2, PCI_EXP_DEVCTL_BCR_FLR);
	EXPECT_EQ(1, recalls(self));
	device_place(device, DECODE_ALL | PCI_COMMAND_MASTER);
	enable(self);
	EXPECT_HANDED(0);
	EXPECT_HANDED(1);

	/* By the VMM, which looks itself. */
	event_count(device->route_event);
	must(reset(device->function));
	EXPECT_TRUE(eventually(event_count(device->route_event)));
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(KVPCI_ROUTE_RECALLED, route.flags);
	EXPECT_EQ(0, route.vector);
	EXPECT_EQ(0, get(self, 1, &route));
	EXPECT_EQ(1, route.vector);
	EXPECT_EQ(2, take_back(self));
	EXPECT_EQ(-ENOENT, get(self, 0, &route));
	EXPECT_EQ(0, recalls(self));
	device_place(device, DECODE_ALL | PCI_COMMAND_MASTER);
	enable(self);
	EXPECT_HANDED(0);
}

/* State that has been set says of no vector that it is handed over. */
TEST_F(handover, restoring_recalls_vectors)
{
	struct kvpci_route route;
	struct state state;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	enable(self);
	EXPECT_HANDED(0);
	state = state_get(self->device->function);
	EXPECT_EQ(0, state_set(self->device->function, &state));
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(KVPCI_ROUTE_RECALLED, route.flags);
	EXPECT_EQ(1, take_back(self));
	EXPECT_HANDED(0);
	state_free(&state);
}

/* Other vCPUs' writes that rely on it end as exits, too, until it has been taken back. */
TEST_F(handover, a_recall_is_told_until_it_is_followed)
{
	struct vcpu *vcpu = &self->rig->vm->vcpus[0];
	struct kvpci_route route;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	enable(self);
	EXPECT_HANDED(0);
	vcpu->on_exit = exit_is_noted;
	vcpu->nr_exits = 0;
	msix_mask(self->device, 0, true);
	EXPECT_EQ(1, vcpu->nr_exits);
	msix_mask(self->device, 0, true);
	EXPECT_EQ(2, vcpu->nr_exits);
	/* Also that it is not masked any more: it may have another message. */
	msix_mask(self->device, 0, false);
	EXPECT_EQ(3, vcpu->nr_exits);
	msix_mask(self->device, 1, false);
	EXPECT_EQ(3, vcpu->nr_exits);
	set_master(self->device, true);
	EXPECT_EQ(4, vcpu->nr_exits);
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(KVPCI_ROUTE_RECALLED, route.flags);
	EXPECT_EQ(-EBUSY, hand_to(self, &route));
	/* It waits for a route when it has been taken back, whoever may have asked before. */
	must(kvpci_ioctl(self->rig->host->fd, KVPCI_DRAIN, NULL));
	event_count(self->device->route_event);
	EXPECT_EQ(1, take_back(self));
	EXPECT_TRUE(eventually(event_count(self->device->route_event)));
	set_master(self->device, true);
	msix_mask(self->device, 0, true);
	EXPECT_EQ(4, vcpu->nr_exits);
}

TEST_F(handover, msi)
{
	struct device *device;
	struct kvpci_route route;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSI);
	device = self->device;
	enable(self);
	EXPECT_HANDED(1);
	EXPECT_HANDED(3);

	config_write(device, msi_mask_register(device), 4, 1 << 1);
	EXPECT_EQ(1, recalls(self));
	EXPECT_COMES(3);
	event_signal(self->source[1]);
	EXPECT_TRUE(eventually(config_read(device, msi_pending_register(device), 4) == 1 << 1));
	EXPECT_EQ(0, strays(self->rig));
	config_write(device, msi_mask_register(device), 4, 0);
	EXPECT_EQ(0, hand_over(self, 1));
	EXPECT_EQ(1, take(self->rig, 1, vector_of(self, 1), 1));

	/* Fewer: others take their place, of which the message has changed for all. */
	msi_control(device, PCI_MSI_FLAGS_ENABLE | 1 << 4);
	EXPECT_EQ(1, recalls(self));
	EXPECT_EQ(0, get(self, 0, &route));
	route.vector = 3;
	EXPECT_EQ(-EAGAIN, hand_to(self, &route));
	EXPECT_EQ(0, hand_over(self, 1));
	EXPECT_COMES(1);
	/* One in whose place another is triggers that, which the irqfd sends. */
	event_signal(self->source[3]);
	EXPECT_EQ(1, take(self->rig, 1, vector_of(self, 1), 1));
	msi_control(device, PCI_MSI_FLAGS_ENABLE | 2 << 4);
	EXPECT_EQ(1, recalls(self));

	EXPECT_HANDED(0);
	msi_control(device, 0);
	EXPECT_EQ(1, recalls(self));
	EXPECT_EQ(0, strays(self->rig));
}

/* What is behind a bridge: a write to the bridge is told of. */
TEST_F(handover, bridges_recall_what_is_behind_them)
{
	struct device *port = device_new(self->rig, (struct device_desc) {
		.bdf = PORT, .slot = ROOT_SLOT });
	struct host *host = self->rig->host;
	struct kvpci_route route;

	must(plug(port->function));
	write_as_guest(port->function, PCI_PRIMARY_BUS, 4, 1 << 8 | 2 << 16);
	write_as_guest(port->function, PCI_MEMORY_BASE, 4, MEM32_BASE >> 16 | 0xcff00000);
	write_as_guest(port->function, PCI_COMMAND, 2, DECODE_ALL | PCI_COMMAND_MASTER);
	begin(self, (struct device_desc) { .bdf = BEHIND, .behind = port->handle }, KVPCI_MSIX);
	enable(self);
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(BEHIND, route.requester);
	EXPECT_HANDED(0);

	cfg_write(host, BY_ECAM, PORT, PCI_COMMAND, 2, DECODE_ALL);
	EXPECT_EQ(1, recalls(self));
	EXPECT_EQ(PORT & 0xff, self->said.devfn);
	cfg_write(host, BY_PORTS, PORT, PCI_COMMAND, 2, DECODE_ALL | PCI_COMMAND_MASTER);
	EXPECT_HANDED(0);

	/* Another bus number is another requester. */
	cfg_write(host, BY_PORTS, PORT, PCI_PRIMARY_BUS, 4, 2 << 8 | 2 << 16);
	EXPECT_EQ(1, recalls(self));
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(2 << 8, route.requester);
	EXPECT_HANDED(0);
	cfg_write(host, BY_PORTS, PORT, PCI_PRIMARY_BUS, 4, 1 << 8 | 2 << 16);
	EXPECT_EQ(1, recalls(self));
	EXPECT_HANDED(0);

	cfg_write(host, BY_PORTS, PORT, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
	EXPECT_EQ(1, recalls(self));
	cfg_write(host, BY_PORTS, PORT, PCI_BRIDGE_CONTROL, 2, 0);
	device_place(self->device, DECODE_ALL | PCI_COMMAND_MASTER);
	enable(self);
	EXPECT_HANDED(0);

	/* The slot's link, which resets it as well. */
	config_write(port, port->express + PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_LD);
	EXPECT_EQ(1, recalls(self));
	config_write(port, port->express + PCI_EXP_LNKCTL, 2, 0);
	device_place(self->device, DECODE_ALL | PCI_COMMAND_MASTER);
	enable(self);
	EXPECT_HANDED(0);

	/* The bridge goes, by the VMM's doing. */
	device_close(port);
	EXPECT_EQ(0, get_with(self, KVPCI_ROUTE_RECALLED, 0, &route));
	EXPECT_EQ(1, take_back(self));
	EXPECT_EQ(-ENOENT, get(self, 0, &route));
	EXPECT_EQ(0, recalls(self));
	EXPECT_EQ(0, strays(self->rig));

	device_free(self->device);
	self->device = NULL;
	device_free(port);
}

/* A bus may get another number before the function is plugged. */
TEST_F(handover, a_route_is_of_the_number_that_the_bus_has)
{
	struct device *port = device_new(self->rig, (struct device_desc) {
		.bdf = PORT, .slot = ROOT_SLOT });
	const int event = event_new();
	struct kvpci_route route;
	int function;

	must(plug(port->function));
	write_as_guest(port->function, PCI_PRIMARY_BUS, 4, 1 << 8 | 2 << 16);
	write_as_guest(port->function, PCI_COMMAND, 2, DECODE_ALL | PCI_COMMAND_MASTER);
	self->interrupt = KVPCI_MSI;
	self->device = device_new(self->rig, (struct device_desc) {
		.bdf = BEHIND, .behind = port->handle, .unkept = true,
		.msi = { .vectors = 1 } });
	function = self->device->function;
	write_as_guest(function, self->device->msi + PCI_MSI_ADDRESS_LO, 4, MSI_TO(1));
	write_as_guest(function, self->device->msi + PCI_MSI_DATA_32, 2, VECTOR);
	write_as_guest(function, self->device->msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	write_as_guest(function, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	ASSERT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(BEHIND, route.requester);
	EXPECT_EQ(0, set_route(function, KVPCI_MSI, 0, route.sequence, event, 0));
	EXPECT_EQ(-ENOENT, get(self, 0, &route));

	write_as_guest(port->function, PCI_PRIMARY_BUS, 4, 2 << 8 | 2 << 16);
	must(plug(function));
	ASSERT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(2 << 8, route.requester);
	EXPECT_EQ(0, set_route(function, KVPCI_MSI, 0, route.sequence, event, 0));
	must(trigger(function, KVPCI_MSI, 0));
	EXPECT_TRUE(eventually(event_count(event) == 1));

	device_free(self->device);
	self->device = NULL;
	device_free(port);
	close(event);
}

TEST_F(handover, refusals)
{
	const int other = event_new();
	struct kvpci_route route;
	int function;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	function = self->device->function;
	enable(self);

	/* Masked, of another version, another vector's source. */
	msix_mask(self->device, NR - 1, false);
	ASSERT_EQ(0, get(self, NR - 1, &route));
	msix_mask(self->device, NR - 1, true);
	EXPECT_EQ(-EAGAIN, hand_to(self, &route));
	ASSERT_EQ(0, get(self, 0, &route));
	route.sequence++;
	EXPECT_EQ(-EAGAIN, hand_to(self, &route));
	route.sequence--;
	EXPECT_EQ(-EINVAL, hand(self, &route, self->source[1]));
	EXPECT_EQ(-EINVAL, hand(self, &route, other));
	EXPECT_EQ(-EINVAL, set_route(function, KVPCI_MSIX, 0, route.sequence, self->source[0], 0));
	self->interrupt = KVPCI_INTX;
	EXPECT_EQ(-EINVAL, hand(self, &route, self->source[0]));
	self->interrupt = KVPCI_MSIX;
	/* What was refused changed nothing: the module listens. */
	if (get_delivery() == KVPCI_DELIVERY_DIRECT)
		EXPECT_COMES(0);

	EXPECT_EQ(0, hand_over(self, 0));
	EXPECT_EQ(-EBUSY, set_route(function, KVPCI_MSIX, 0, route.sequence, other, 0));
	EXPECT_EQ(-EEXIST, bind_eventfd(function, KVPCI_MSIX, 0, other));
	EXPECT_EQ(-EINVAL, bind_eventfd(function, KVPCI_MSIX, NR - 1, self->source[0]));
	EXPECT_COMES(0);

	/* Without its source it is not handed over any more. */
	unbind_irqfd(self, 0);
	EXPECT_EQ(0, unbind(function, KVPCI_MSIX, 0));
	event_signal(self->source[0]);
	EXPECT_EQ(0, strays(self->rig));
	msix_mask(self->device, 0, true);
	EXPECT_EQ(0, recalls(self));
	EXPECT_EQ(0, bind_eventfd(function, KVPCI_MSIX, 0, self->source[0]));
	EXPECT_TRUE(eventually(msix_pending(self->device, 0)));

	/* With it recalled it isn't either. */
	EXPECT_HANDED(1);
	must(reset(function));
	unbind_irqfd(self, 1);
	EXPECT_EQ(0, unbind(function, KVPCI_MSIX, 1));
	EXPECT_EQ(-ENOENT, get(self, 0, &route));
	config_write(self->device, self->device->express + PCI_EXP_DEVCTL, 2,
		     PCI_EXP_DEVCTL_BCR_FLR);
	device_place(self->device, DECODE_ALL | PCI_COMMAND_MASTER);
	enable(self);
	EXPECT_HANDED(2);
	set_master(self->device, true);
	EXPECT_EQ(0, recalls(self));
	close(other);
}

/* A function, or the host, that goes takes nothing along. */
TEST_F(handover, functions_go_while_vectors_are_handed_over)
{
	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	enable(self);
	EXPECT_HANDED(0);
	EXPECT_HANDED(1);
	must(reset(self->device->function));
	device_close(self->device);
	/* The irqfd is the VMM's. */
	EXPECT_COMES(0);
	device_free(self->device);
	unbind_irqfd(self, 0);
	unbind_irqfd(self, 1);

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	enable(self);
	msix_mask(self->device, 2, true);
	EXPECT_EQ(0, recalls(self));
	EXPECT_HANDED(0);
	host_close(self->rig->host);
	EXPECT_COMES(0);
	unbind_irqfd(self, 0);
}

/*
 * Under load: the guest masks, unmasks, and changes the message, the VMM hands over and takes
 * back, and a device signals. Each signal is one interrupt, be it late.
 */

static void add_driver(struct _test_data_handover *self)
{
	struct vcpu *vcpu = &self->rig->vm->vcpus[0];
	const __u64 entry = self->device->table;
	int i;

	guest_begin(vcpu);
	for (i = 0; i < 4; i++) {
		add_store(vcpu, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 1);
		if (i % 2)
			add_store(vcpu, entry + PCI_MSIX_ENTRY_DATA, 4, i == 1 ? OTHER : VECTOR);
		add_spin(vcpu, 100 * i);
		add_store(vcpu, entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 4, 0);
		add_spin(vcpu, 20000);
		if (i == 2) {
			add_cfg_write(vcpu, self->rig->host, BY_ECAM, F,
				      self->device->msix + PCI_MSIX_FLAGS, 2,
				      PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
			add_cfg_write(vcpu, self->rig->host, BY_ECAM, F,
				      self->device->msix + PCI_MSIX_FLAGS, 2,
				      PCI_MSIX_FLAGS_ENABLE);
			add_spin(vcpu, 20000);
		}
	}
}

struct event_loop {
	struct _test_data_handover *self;
	bool stop;
	unsigned long handed;
};

static void *event_loop_run(void *arg)
{
	struct event_loop *loop = arg;

	/* It does nothing that it is not told to. */
	while (!__atomic_load_n(&loop->stop, __ATOMIC_SEQ_CST)) {
		struct pollfd polled = { .fd = loop->self->device->route_event,
					 .events = POLLIN };

		poll(&polled, 1, -1);
		event_count(polled.fd);
		if (!hand_over(loop->self, 0))
			__atomic_fetch_add(&loop->handed, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static __u64 both(struct rig *rig)
{
	return rig_handled(rig, 1, VECTOR) + rig_handled(rig, 1, OTHER);
}

TEST_F(handover, none_lost_none_invented)
{
	const unsigned long signals = scaled(4000);
	const time_t end = time(NULL) + patience();
	struct vcpu *vcpu = &self->rig->vm->vcpus[0];
	struct event_loop loop = { .self = self };
	__u64 before;
	pthread_t thread;
	unsigned long i;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	enable(self);
	add_driver(self);
	before = both(self->rig);
	ASSERT_EQ(0, pthread_create(&thread, NULL, event_loop_run, &loop));
	guest_start(vcpu, ~0ULL);
	/* Until it was handed over, and so taken back, more than once. */
	for (i = 0; i < signals || (__atomic_load_n(&loop.handed, __ATOMIC_SEQ_CST) < 3 &&
				    time(NULL) < end); i++) {
		pthread_mutex_lock(&self->signal);
		event_signal(self->source[0]);
		pthread_mutex_unlock(&self->signal);
		if (!eventually(both(self->rig) - before > i))
			break;
		if (both(self->rig) - before != i + 1)
			break;
	}
	EXPECT_GE(i, signals) TH_LOG("%lu signals, %llu came", i + 1, both(self->rig) - before);
	guest_stop(vcpu);
	guest_wait(vcpu);
	__atomic_store_n(&loop.stop, true, __ATOMIC_SEQ_CST);
	event_signal(self->device->route_event);
	pthread_join(thread, NULL);
	usleep(10000);
	EXPECT_EQ(i, both(self->rig) - before);
	EXPECT_GE(loop.handed, 3);
	EXPECT_GE(self->recalls, 2);
	self->rig->known[1][VECTOR] = rig_handled(self->rig, 1, VECTOR);
	self->rig->known[1][OTHER] = rig_handled(self->rig, 1, OTHER);
	EXPECT_EQ(0, strays(self->rig));
}

/*
 * Routes by an eventfd of their own, where the module sends messages itself: the irqfd sends
 * this version of the message, and the module the next.
 */
TEST_F(handover, a_route_is_taken_where_there_is_one)
{
	struct kvpci_route route;
	const int event = event_new();
	enum source how;
	int function;

	if (get_delivery() == KVPCI_DELIVERY_IRQFD)
		return;

	begin(self, (struct device_desc) { .bdf = F, .triggers = true }, KVPCI_MSIX);
	function = self->device->function;
	must(unbind(function, KVPCI_MSIX, 0));
	enable(self);
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(0, set_route(function, KVPCI_MSIX, 0, route.sequence, event, 0));
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(1, route.vector);
	for (how = 0; how < NR_SOURCES; how++) {
		fire(self->device, how, KVPCI_MSIX, 0);
		EXPECT_TRUE(eventually(event_count(event) == 1));
		EXPECT_FALSE(msix_pending(self->device, 0));
	}
	EXPECT_EQ(0, strays(self->rig));
	/* Masked, it does not come, and then once. */
	msix_mask(self->device, 0, true);
	fire(self->device, BY_EVENTFD, KVPCI_MSIX, 0);
	EXPECT_TRUE(eventually(msix_pending(self->device, 0)));
	EXPECT_EQ(0, event_count(event));
	msix_mask(self->device, 0, false);
	EXPECT_EQ(1, event_count(event));
	EXPECT_EQ(0, recalls(self));

	/* Another message, another way. */
	event_count(self->device->route_event);
	msix_message(self->device, 0, MSI_TO(1), OTHER);
	EXPECT_TRUE(eventually(event_count(self->device->route_event)));
	fire(self->device, BY_EVENTFD, KVPCI_MSIX, 0);
	EXPECT_EQ(1, take(self->rig, 1, OTHER, 1));
	EXPECT_EQ(0, event_count(event));
	EXPECT_EQ(-EAGAIN, set_route(function, KVPCI_MSIX, 0, route.sequence, event, 0));
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(0, set_route(function, KVPCI_MSIX, 0, route.sequence, event, 0));
	fire(self->device, BY_EVENTFD, KVPCI_MSIX, 0);
	EXPECT_TRUE(eventually(event_count(event) == 1));
	must(remove_route(function, KVPCI_MSIX, 0));
	fire(self->device, BY_EVENTFD, KVPCI_MSIX, 0);
	EXPECT_EQ(1, take(self->rig, 1, OTHER, 1));
	EXPECT_EQ(0, event_count(event));
	close(event);
}

/* What is left to the module is not asked for, whatever the guest does, if that can send it. */
TEST_F(handover, what_is_left_is_not_asked_for)
{
	const bool direct = get_delivery() != KVPCI_DELIVERY_IRQFD;
	struct kvpci_route route;
	int function, asked;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	function = self->device->function;
	asked = self->device->route_event;
	EXPECT_EQ(0, leave_vector(function, KVPCI_MSIX, 0));
	enable(self);
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(direct ? 1 : 0, route.vector);
	if (!direct)
		return;

	/* The others are found. */
	EXPECT_EQ(0, leave_vector(function, KVPCI_MSIX, 1));
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(2, route.vector);
	EXPECT_EQ(0, leave_vector(function, KVPCI_MSIX, 2));
	EXPECT_EQ(-ENOENT, get(self, 0, &route));
	/* Its own requests for that may be on their way. */
	EXPECT_TRUE(eventually(event_count(asked)));
	usleep(100000);
	event_count(asked);
	msix_mask(self->device, 0, true);
	msix_mask(self->device, 0, false);
	EXPECT_COMES(0);
	EXPECT_COMES(1);
	EXPECT_EQ(0, event_count(asked));
	/* One that is new is asked for, and one with a message that needs a route. */
	msix_mask(self->device, NR - 1, false);
	EXPECT_TRUE(eventually(event_count(asked)));
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(NR - 1, route.vector);
	msix_message(self->device, 1, MSI_TO(1) | 1 << 5, VECTOR + 1);
	EXPECT_TRUE(eventually(event_count(asked)));
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(1, route.vector);
	msix_message(self->device, 1, MSI_TO(1), VECTOR + 1);

	/* It may be handed over all the same, and left again at once. */
	EXPECT_EQ(0, remove_route(function, KVPCI_MSIX, 0));
	EXPECT_HANDED(0);
	msix_mask(self->device, 0, true);
	EXPECT_EQ(1, recalls(self));
	msix_mask(self->device, 0, false);
	EXPECT_HANDED(0);
	unbind_irqfd(self, 0);
	EXPECT_EQ(0, leave_vector(function, KVPCI_MSIX, 0));
	EXPECT_COMES(0);
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(NR - 1, route.vector);
}

static void *signaller_run(void *arg)
{
	struct _test_data_handover *self = arg;

	while (!__atomic_load_n(&self->recalls, __ATOMIC_SEQ_CST)) {
		event_signal(self->source[0]);
		usleep(LOOK_US);
	}
	return NULL;
}

/* Whoever signals a route does so while it is there. */
TEST_F(handover, routes_go_while_they_are_signalled)
{
	const unsigned long times = scaled(3000);
	struct kvpci_route route;
	unsigned long i, by_route = 0;
	pthread_t thread;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	enable(self);
	EXPECT_EQ(0, get(self, 0, &route));
	ASSERT_EQ(0, pthread_create(&thread, NULL, signaller_run, self));
	for (i = 0; i < times || !by_route; i++) {
		const int event = event_new();

		must(set_route(self->device->function, KVPCI_MSIX, 0, route.sequence, event, 0));
		/* On a slow machine the worker is to have its turn at last. */
		usleep(i % 4 * LOOK_US + (i > times ? i - times : 0));
		must(remove_route(self->device->function, KVPCI_MSIX, 0));
		by_route += event_count(event);
		event_signal(event);
		close(event);
	}
	__atomic_store_n(&self->recalls, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	must(kvpci_ioctl(self->rig->host->fd, KVPCI_DRAIN, NULL));
	rig_flush(self->rig);
	self->rig->known[1][VECTOR] = rig_handled(self->rig, 1, VECTOR);
}

/* A message that KVM's local APICs don't take as it is waits for a route, whoever sends others. */
TEST_F(handover, a_message_that_needs_a_route_gets_one)
{
	const int event = event_new();
	struct kvpci_route route;

	begin(self, (struct device_desc) { .bdf = F }, KVPCI_MSIX);
	enable(self);
	msix_message(self->device, 0, MSI_TO(1) | 1 << 5, VECTOR);
	event_signal(self->source[0]);
	EXPECT_TRUE(eventually(msix_pending(self->device, 0)));
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(0, get(self, 0, &route));
	EXPECT_EQ(MSI_TO(1) | 1 << 5, route.address);
	/* What it stands for is the VMM's to know. */
	set_routing(self);
	must(irqfd_set(self->rig->vm->fd, FIRST_GSI, event, -1));
	EXPECT_EQ(0, set_route(self->device->function, KVPCI_MSIX, 0, route.sequence, event, 0));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_COMES(0);
	close(event);
}

TEST_HARNESS_MAIN
