// SPDX-License-Identifier: GPL-2.0
/*
 * INTx: a pin with a level, which interrupts the guest for as long as it is high, through
 * the IOAPIC and a resampling irqfd.
 *
 * Depends on: kernel, delivery, mirrors.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/device.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/harness.h"
#include "lib/ioapic.h"
#include "lib/ioctls.h"
#include "lib/irqfd.h"
#include "lib/pci.h"
#include "lib/state.h"
#include "lib/vm.h"
#include "lib/wait.h"

#define F		BDF(0, 1, 0)
#define G		BDF(0, 2, 0)
#define GSI		16
#define OTHER_GSI	17
#define VECTOR		0x51
#define OTHER_VECTOR	0x52
#define AGAIN		20	/* times that make it sure that something goes on */

FIXTURE(intx) {
	struct rig *rig;
};

FIXTURE_VARIANT(intx) {
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(intx, xapic) {
	.flags = 0,
};

FIXTURE_VARIANT_ADD(intx, x2apic) {
	.flags = VM_MODERN,
};

FIXTURE_SETUP(intx)
{
	self->rig = rig_new(2, variant->flags);
	ioapic_set(self->rig->vm->fd, GSI, VECTOR, 1);
	ioapic_set(self->rig->vm->fd, OTHER_GSI, OTHER_VECTOR, 1);
	rig_listen(self->rig);
}

FIXTURE_TEARDOWN(intx)
{
	rig_deafen(self->rig);
	EXPECT_EQ(0, strays(self->rig));
	rig_free(self->rig);
}

static const struct device_desc with_pin = {
	.bdf = F, .pin = 1, .triggers = true, .express = true,
	.msix = { .vectors = 4 }, .msi = { .vectors = 1 },
};

static struct device *connected(struct rig *rig, int bdf, __u32 gsi)
{
	struct device_desc desc = with_pin;
	struct device *device;

	desc.bdf = bdf;
	device = device_plugged(rig, desc);
	connect_pin(device, gsi);
	return device;
}

static bool is_high(struct device *device)
{
	return config_read(device, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT;
}

/* What a source signals may take a moment to arrive. */
static bool becomes(struct device *device, bool high)
{
	return eventually(is_high(device) == high);
}

/* Have the guest's handler of a vector lower the pin of a function, or of none. */
static void handle(struct rig *rig, __u8 vector, const struct device *device)
{
	__atomic_store_n(&rig->vm->vcpus[1].interrupts->ack[vector],
			 device ? lower_place(device) : 0, __ATOMIC_SEQ_CST);
}

/*
 * What was on its way may take a while: from KVM to the function and back by work items, and on a
 * busy host that runs a slow kernel these come late.
 */
static bool becomes_quiet(struct rig *rig)
{
	const time_t end = time(NULL) + patience();
	const int enough = 12;
	int quiet = 0;

	while (quiet < enough && time(NULL) < end) {
		usleep(20000);
		quiet = strays(rig) ? 0 : quiet + 1;
	}
	return quiet == enough;
}

static void set_command_bit(struct device *device, __u16 bit, bool on)
{
	config_write(device, PCI_COMMAND, 2,
		     DECODE_ALL | PCI_COMMAND_MASTER | (on ? bit : 0));
}

TEST_F(intx, the_pin_is_in_its_register)
{
	__u8 pin;

	for (pin = 0; pin <= 4; pin++) {
		struct device *device = device_plugged(self->rig, (struct device_desc) {
			.bdf = F, .pin = pin });

		EXPECT_EQ(pin, config_read(device, PCI_INTERRUPT_PIN, 1));
		config_write(device, PCI_INTERRUPT_LINE, 2, 0xff0b);
		EXPECT_EQ(pin << 8 | 0x0b, config_read(device, PCI_INTERRUPT_LINE, 2));
		/* A function without a pin has nothing to disable, which does no harm. */
		set_command_bit(device, PCI_COMMAND_INTX_DISABLE, true);
		if (pin)
			EXPECT_TRUE(config_read(device, PCI_COMMAND, 2) &
				    PCI_COMMAND_INTX_DISABLE);
		EXPECT_EQ(pin ? 0 : -EINVAL, trigger(device->function, KVPCI_INTX, 0));
		EXPECT_EQ(pin ? 0 : -EINVAL, lower(device->function));
		EXPECT_EQ(-EINVAL, trigger(device->function, KVPCI_INTX, 1));
		device_free(device);
	}
}

TEST_F(intx, the_status_bit_is_the_level)
{
	struct device *device = device_plugged(self->rig, with_pin);
	enum source how;

	EXPECT_FALSE(is_high(device));
	for (how = 0; how < NR_SOURCES; how++) {
		fire(device, how, KVPCI_INTX, 0);
		EXPECT_TRUE(becomes(device, true));
		/* The guest can't clear it. */
		config_write(device, PCI_STATUS, 2, 0xffff);
		config_write(device, PCI_STATUS, 1, 0);
		config_write(device, PCI_COMMAND, 4,
			     0xffff0000 | DECODE_ALL | PCI_COMMAND_MASTER);
		EXPECT_TRUE(is_high(device));
		if (how == BY_REGISTER)
			bar_write(device, lower_place(device), 4, 0);
		else
			EXPECT_EQ(0, lower(device->function));
		EXPECT_FALSE(is_high(device));
		EXPECT_EQ(0, lower(device->function));
		EXPECT_FALSE(is_high(device));
	}
	/* It shows though INTx is disabled. */
	set_command_bit(device, PCI_COMMAND_INTX_DISABLE, true);
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_TRUE(is_high(device));
	device_free(device);
}

/* Its handler lowers the pin before the end of interrupt. */
TEST_F(intx, each_rise_interrupts_once)
{
	struct device *device = connected(self->rig, F, GSI);
	enum source how;
	int i;

	handle(self->rig, VECTOR, device);
	for (how = 0; how < NR_SOURCES; how++)
		for (i = 0; i < 20; i++) {
			fire(device, how, KVPCI_INTX, 0);
			EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
			EXPECT_FALSE(is_high(device));
		}
	/* Bus mastering is for messages. */
	set_master(device, false);
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	device_free(device);
}

TEST_F(intx, it_interrupts_until_it_is_lowered)
{
	struct device *device = connected(self->rig, F, GSI);
	enum source how;

	for (how = 0; how < NR_SOURCES; how++) {
		fire(device, how, KVPCI_INTX, 0);
		EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
		EXPECT_TRUE(is_high(device));
		/* And goes on. */
		EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
		EXPECT_EQ(0, lower(device->function));
		EXPECT_TRUE(becomes_quiet(self->rig));
	}
	/* What raises a pin that is high already changes nothing. */
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	EXPECT_EQ(0, lower(device->function));
	EXPECT_TRUE(becomes_quiet(self->rig));
	device_free(device);
}

/* The pin is raised again after it was lowered and before the end of interrupt. */
TEST_F(intx, it_may_rise_while_it_is_being_handled)
{
	struct device *device = connected(self->rig, F, GSI);
	__u64 count;

	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_LE(1, take(self->rig, 1, VECTOR, 1));
	for (count = 0; count < 1000; count++) {
		EXPECT_EQ(0, lower(device->function));
		EXPECT_EQ(0, trigger(device->function, KVPCI_INTX, 0));
	}
	/* It is high in the end. */
	take(self->rig, 1, VECTOR, 0);
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	EXPECT_EQ(0, lower(device->function));
	EXPECT_TRUE(becomes_quiet(self->rig));
	device_free(device);
}

/* Things that keep it from interrupting, while its level is what it is. */
enum gate {
	INTX_DISABLE,
	MSI_ENABLE,
	MSIX_ENABLE,
	NR_GATES
};

static void set_gate(struct device *device, enum gate gate, bool closed)
{
	switch (gate) {
	case INTX_DISABLE:
		set_command_bit(device, PCI_COMMAND_INTX_DISABLE, closed);
		break;
	case MSI_ENABLE:
		msi_control(device, closed ? PCI_MSI_FLAGS_ENABLE : 0);
		break;
	default:
		msix_control(device, closed ? PCI_MSIX_FLAGS_ENABLE : 0);
	}
}

TEST_F(intx, it_can_be_disabled)
{
	struct device *device = connected(self->rig, F, GSI);
	enum gate gate;
	enum source how;

	for (gate = 0; gate < NR_GATES; gate++)
		for (how = 0; how < NR_SOURCES; how++) {
			/* It rises meanwhile, */
			set_gate(device, gate, true);
			fire(device, how, KVPCI_INTX, 0);
			EXPECT_TRUE(becomes(device, true));
			EXPECT_EQ(0, strays(self->rig)) {
				TH_LOG("gate %d, source %d", gate, how);
			}
			handle(self->rig, VECTOR, device);
			set_gate(device, gate, false);
			EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1)) {
				TH_LOG("gate %d, source %d", gate, how);
			}
			EXPECT_FALSE(is_high(device));
			handle(self->rig, VECTOR, NULL);

			/* it falls meanwhile, */
			set_gate(device, gate, true);
			fire(device, how, KVPCI_INTX, 0);
			EXPECT_TRUE(becomes(device, true));
			EXPECT_EQ(0, lower(device->function));
			set_gate(device, gate, false);
			EXPECT_EQ(0, strays(self->rig));

			/* and it stops one that goes on. */
			fire(device, how, KVPCI_INTX, 0);
			EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
			set_gate(device, gate, true);
			EXPECT_TRUE(becomes_quiet(self->rig));
			EXPECT_TRUE(is_high(device));
			set_gate(device, gate, false);
			EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
			EXPECT_EQ(0, lower(device->function));
			EXPECT_TRUE(becomes_quiet(self->rig));
		}
	device_free(device);
}

TEST_F(intx, without_a_route_there_is_the_level_only)
{
	struct device *device = device_plugged(self->rig, with_pin);

	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_TRUE(is_high(device));
	EXPECT_EQ(0, strays(self->rig));
	/* It interrupts as soon as there is one. */
	handle(self->rig, VECTOR, device);
	connect_pin(device, GSI);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_FALSE(is_high(device));
	device_free(device);
}

TEST_F(intx, the_route_may_be_set_again)
{
	struct device *device = connected(self->rig, F, GSI);
	int irqfd = device->irqfd, resample = device->resample;

	handle(self->rig, VECTOR, device);
	handle(self->rig, OTHER_VECTOR, device);
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	/* To another pin of the IOAPIC, and back. */
	connect_pin(device, OTHER_GSI);
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_EQ(1, take(self->rig, 1, OTHER_VECTOR, 1));
	EXPECT_EQ(0, set_route(device->function, KVPCI_INTX, 0, 0, irqfd, resample));
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	/* While it is high. */
	handle(self->rig, VECTOR, NULL);
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	handle(self->rig, OTHER_VECTOR, NULL);
	EXPECT_EQ(0, set_route(device->function, KVPCI_INTX, 0, 0, device->irqfd,
			       device->resample));
	EXPECT_LE(AGAIN, take(self->rig, 1, OTHER_VECTOR, AGAIN));
	take(self->rig, 1, VECTOR, 0);
	EXPECT_EQ(0, take(self->rig, 1, VECTOR, 0));
	EXPECT_EQ(0, lower(device->function));
	EXPECT_TRUE(becomes_quiet(self->rig));
	device_free(device);
	irqfd_unset(self->rig->vm->fd, GSI, irqfd);
	close(irqfd);
	close(resample);
}

TEST_F(intx, the_route_may_be_removed)
{
	struct device *device = connected(self->rig, F, GSI);
	__u64 came;
	int i;

	for (i = 0; i < 3; i++) {
		/* While it interrupts, */
		fire(device, BY_IOCTL, KVPCI_INTX, 0);
		EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
		ASSERT_EQ(0, remove_route(device->function, KVPCI_INTX, 0));
		EXPECT_TRUE(becomes_quiet(self->rig));
		EXPECT_TRUE(is_high(device));
		EXPECT_EQ(0, remove_route(device->function, KVPCI_INTX, 0));
		/* and when nothing happens. */
		EXPECT_EQ(0, lower(device->function));
		fire(device, BY_IOCTL, KVPCI_INTX, 0);
		EXPECT_EQ(0, strays(self->rig));
		/* The level is what counts when there is one again. */
		if (i & 1)
			EXPECT_EQ(0, lower(device->function));
		ASSERT_EQ(0, set_route(device->function, KVPCI_INTX, 0, 0, device->irqfd,
				       device->resample));
		came = take(self->rig, 1, VECTOR, i & 1 ? 0 : AGAIN);
		EXPECT_TRUE(i & 1 ? !came : came >= AGAIN);
		EXPECT_EQ(0, lower(device->function));
		EXPECT_TRUE(becomes_quiet(self->rig));
	}
	/* KVM's acknowledgments are nothing to it without a route. */
	ASSERT_EQ(0, remove_route(device->function, KVPCI_INTX, 0));
	event_signal(device->resample);
	EXPECT_EQ(1, event_count(device->resample));
	device_free(device);
}

TEST_F(intx, two_functions_share_an_interrupt)
{
	struct device *one = connected(self->rig, F, GSI);
	struct device *two = connected(self->rig, G, GSI);

	/* Either interrupts. */
	handle(self->rig, VECTOR, one);
	fire(one, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	handle(self->rig, VECTOR, two);
	fire(two, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));

	/* Both: the guest is interrupted until both have been lowered. */
	handle(self->rig, VECTOR, NULL);
	fire(one, BY_IOCTL, KVPCI_INTX, 0);
	fire(two, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	EXPECT_EQ(0, lower(one->function));
	take(self->rig, 1, VECTOR, 0);
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	EXPECT_FALSE(is_high(one));
	EXPECT_TRUE(is_high(two));
	EXPECT_EQ(0, lower(two->function));
	EXPECT_TRUE(becomes_quiet(self->rig));

	/* One of them goes away while it is high. */
	fire(one, BY_IOCTL, KVPCI_INTX, 0);
	fire(two, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	device_free(one);
	take(self->rig, 1, VECTOR, 0);
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	EXPECT_EQ(0, lower(two->function));
	EXPECT_TRUE(becomes_quiet(self->rig));
	device_free(two);
}

TEST_F(intx, a_function_that_goes_away_is_not_heard_of_again)
{
	struct device *device = connected(self->rig, F, GSI);

	ioapic_mask(self->rig->vm->fd, GSI);
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_EQ(0, strays(self->rig));
	device_free(device);
	ioapic_set(self->rig->vm->fd, GSI, VECTOR, 1);
	EXPECT_EQ(0, strays(self->rig));

	/* Nor while it interrupts. */
	device = connected(self->rig, F, GSI);
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	device_free(device);
	EXPECT_TRUE(becomes_quiet(self->rig));
}

TEST_F(intx, reset_lowers_it)
{
	struct device *device = connected(self->rig, F, GSI);
	int flr;

	for (flr = 0; flr < 2; flr++) {
		fire(device, BY_IOCTL, KVPCI_INTX, 0);
		EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
		if (flr)
			config_write(device, device->express + PCI_EXP_DEVCTL, 2,
				     PCI_EXP_DEVCTL_BCR_FLR);
		else
			EXPECT_EQ(0, reset(device->function));
		EXPECT_EQ(1, event_count(device->reset_event));
		EXPECT_TRUE(becomes_quiet(self->rig));
		EXPECT_FALSE(is_high(device));
		EXPECT_EQ(0, config_read(device, PCI_COMMAND, 2));
		EXPECT_EQ(1, config_read(device, PCI_INTERRUPT_PIN, 1));
		/* Its route stays. */
		device_place(device, DECODE_ALL | PCI_COMMAND_MASTER);
		handle(self->rig, VECTOR, device);
		fire(device, BY_IOCTL, KVPCI_INTX, 0);
		EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
		handle(self->rig, VECTOR, NULL);
	}
	device_free(device);
}

TEST_F(intx, without_its_host_a_function_interrupts_no_more)
{
	struct device *device = connected(self->rig, F, GSI);

	fire(device, BY_EVENTFD, KVPCI_INTX, 0);
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	host_close(self->rig->host);
	EXPECT_TRUE(becomes_quiet(self->rig));
	event_signal(device->source[KVPCI_INTX][0]);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(-ENODEV, trigger(device->function, KVPCI_INTX, 0));
	EXPECT_EQ(-ENODEV, lower(device->function));
	device_free(device);
}

/* Sources with a level of their own. */

static int bind_level(int function, int source, int ack)
{
	struct kvpci_binding binding = {
		.size = sizeof(binding),
		.flags = KVPCI_BIND_ACK,
		.interrupt = KVPCI_INTX,
		.eventfd = source,
		.ack_eventfd = ack,
	};

	return kvpci_ioctl(function, KVPCI_BIND, &binding);
}

TEST_F(intx, an_acknowledgment_lowers_it_and_is_told)
{
	struct device *device = connected(self->rig, F, GSI);
	int source = event_new(), ack = event_new(), i;

	ASSERT_EQ(0, bind_level(device->function, source, ack));
	for (i = 0; i < 20; i++) {
		event_signal(source);
		EXPECT_TRUE(eventually(event_count(ack)));
		/* The source is not high any more, and so that was all. */
		EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
		EXPECT_FALSE(is_high(device));
		EXPECT_EQ(0, event_count(ack));
	}
	/* It is: it says so each time it is told. */
	event_signal(source);
	for (i = 0; i < 20; i++) {
		EXPECT_TRUE(eventually(event_count(ack)));
		event_signal(source);
	}
	EXPECT_TRUE(eventually(event_count(ack)));
	EXPECT_EQ(21, take(self->rig, 1, VECTOR, 21));
	EXPECT_EQ(0, event_count(ack));

	/* Masked in the meantime, as VFIO's users do by the handler. */
	set_command_bit(device, PCI_COMMAND_INTX_DISABLE, true);
	event_signal(source);
	EXPECT_TRUE(becomes(device, true));
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(0, event_count(ack));
	set_command_bit(device, PCI_COMMAND_INTX_DISABLE, false);
	EXPECT_TRUE(eventually(event_count(ack)));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));

	/* Without the binding nobody is told, and the level stays. */
	ASSERT_EQ(0, unbind(device->function, KVPCI_INTX, 0));
	fire(device, BY_IOCTL, KVPCI_INTX, 0);
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	EXPECT_EQ(0, event_count(ack));
	EXPECT_EQ(0, lower(device->function));
	EXPECT_TRUE(becomes_quiet(self->rig));
	close(source);
	close(ack);
	device_free(device);
}

/* Without a route, so that no acknowledgment does. */
TEST_F(intx, whatever_lowers_it_is_told)
{
	enum { BY_LOWER, BY_LOWER_REGISTER, BY_RESET, BY_FLR, NR_WAYS } way;
	struct device *device = device_plugged(self->rig, with_pin);
	int source = event_new(), ack = event_new(), times;

	ASSERT_EQ(0, bind_level(device->function, source, ack));
	for (way = 0; way < NR_WAYS; way++)
		for (times = 0; times < 3; times++) {
			int i;

			for (i = 0; i < times; i++) {
				event_signal(source);
				EXPECT_TRUE(becomes(device, true));
				/* It may be high since before. */
				EXPECT_EQ(0, drain(self->rig->host->fd));
			}
			/* Only of what the source itself has raised. */
			if (!times)
				fire(device, BY_IOCTL, KVPCI_INTX, 0);
			EXPECT_TRUE(is_high(device));
			usleep(5000);
			EXPECT_EQ(0, event_count(ack));
			if (way == BY_LOWER) {
				EXPECT_EQ(0, lower(device->function));
			} else if (way == BY_LOWER_REGISTER) {
				bar_write(device, lower_place(device), 4, 0);
			} else if (way == BY_RESET) {
				EXPECT_EQ(0, reset(device->function));
			} else {
				config_write(device, device->express + PCI_EXP_DEVCTL, 2,
					     PCI_EXP_DEVCTL_BCR_FLR);
			}
			EXPECT_FALSE(is_high(device));
			if (times)
				EXPECT_TRUE(eventually(event_count(ack))) {
					TH_LOG("way %d", way);
				}
			usleep(5000);
			EXPECT_EQ(0, event_count(ack));
			/* Once. */
			EXPECT_EQ(0, lower(device->function));
			usleep(5000);
			EXPECT_EQ(0, event_count(ack));
			device_place(device, DECODE_ALL);
		}
	close(source);
	close(ack);
	device_free(device);
}

TEST_F(intx, a_binding_takes_with_it_what_its_source_is_owed)
{
	struct device *device = device_plugged(self->rig, with_pin);
	int source = event_new(), ack = event_new(), again;

	for (again = 0; again < 2; again++) {
		ASSERT_EQ(0, bind_level(device->function, source, ack));
		event_signal(source);
		EXPECT_TRUE(becomes(device, true));
		ASSERT_EQ(0, unbind(device->function, KVPCI_INTX, 0));
		/* The level stays. */
		EXPECT_TRUE(is_high(device));
		if (again)
			ASSERT_EQ(0, bind_level(device->function, source, ack));
		EXPECT_EQ(0, lower(device->function));
		usleep(10000);
		EXPECT_EQ(0, event_count(ack));
		if (again)
			ASSERT_EQ(0, unbind(device->function, KVPCI_INTX, 0));
	}

	/* One that does not want to be told is not, whoever was before it. */
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_INTX, 0, source));
	event_signal(source);
	EXPECT_TRUE(becomes(device, true));
	EXPECT_EQ(0, lower(device->function));
	usleep(10000);
	EXPECT_EQ(0, event_count(ack));
	close(source);
	close(ack);
	device_free(device);
}

TEST_F(intx, only_who_is_high_is_told)
{
	struct device *one = connected(self->rig, F, GSI);
	struct device *two = connected(self->rig, G, GSI);
	int source[2] = { event_new(), event_new() }, ack[2] = { event_new(), event_new() };

	ASSERT_EQ(0, bind_level(one->function, source[0], ack[0]));
	ASSERT_EQ(0, bind_level(two->function, source[1], ack[1]));
	event_signal(source[0]);
	EXPECT_TRUE(eventually(event_count(ack[0])));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(0, event_count(ack[1]));
	event_signal(source[1]);
	EXPECT_TRUE(eventually(event_count(ack[1])));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(0, event_count(ack[0]));
	/* Together with one that is lowered otherwise. */
	ASSERT_EQ(0, unbind(one->function, KVPCI_INTX, 0));
	fire(one, BY_IOCTL, KVPCI_INTX, 0);
	event_signal(source[1]);
	EXPECT_TRUE(eventually(event_count(ack[1])));
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	EXPECT_TRUE(is_high(one));
	EXPECT_FALSE(is_high(two));
	EXPECT_EQ(0, lower(one->function));
	EXPECT_TRUE(becomes_quiet(self->rig));
	EXPECT_EQ(0, event_count(ack[1]));
	device_free(one);
	device_free(two);
	close(source[0]);
	close(source[1]);
	close(ack[0]);
	close(ack[1]);
}

TEST_F(intx, bindings)
{
	struct device *device = connected(self->rig, F, GSI);
	int source = event_new(), other = event_new(), ack = event_new();

	EXPECT_EQ(-ENOENT, unbind(device->function, KVPCI_INTX, 0));
	/* What is in it already counts. */
	handle(self->rig, VECTOR, device);
	event_signal(source);
	event_signal(source);
	ASSERT_EQ(0, bind_eventfd(device->function, KVPCI_INTX, 0, source));
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(-EEXIST, bind_eventfd(device->function, KVPCI_INTX, 0, other));
	EXPECT_EQ(-EEXIST, bind_level(device->function, other, ack));
	/* The binding that is there has not changed. */
	event_signal(other);
	EXPECT_EQ(0, strays(self->rig));
	event_signal(source);
	EXPECT_EQ(1, take(self->rig, 1, VECTOR, 1));
	EXPECT_EQ(0, event_count(ack));
	ASSERT_EQ(0, unbind(device->function, KVPCI_INTX, 0));
	event_signal(source);
	EXPECT_EQ(0, strays(self->rig));
	EXPECT_EQ(1, event_count(source));
	close(source);
	close(other);
	close(ack);
	device_free(device);
}

/* A pin of several functions that all come and go while they interrupt. */
TEST_F(intx, functions_come_and_go)
{
	struct device *devices[3] = {};
	int i;

	for (i = 0; i < 60; i++) {
		int n = i % 3;

		if (devices[n])
			device_free(devices[n]);
		devices[n] = connected(self->rig, BDF(0, n + 1, 0), GSI);
		fire(devices[n], i % NR_SOURCES, KVPCI_INTX, 0);
		if (i & 4)
			usleep(200);
	}
	EXPECT_LE(AGAIN, take(self->rig, 1, VECTOR, AGAIN));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, lower(devices[i]->function));
	EXPECT_TRUE(becomes_quiet(self->rig));
	for (i = 0; i < 3; i++)
		device_free(devices[i]);
}

TEST_HARNESS_MAIN
