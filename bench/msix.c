// SPDX-License-Identifier: GPL-2.0
/*
 * The function of the bench that has MSI-X, by itself behind a kvpci host bridge. Its
 * table, its pending bits and a register that triggers the last vector share a BAR,
 * and two ioeventfds trigger vectors too: see guest/places.h.
 *
 * Where the module does not send messages itself, the guest tells when it has written
 * them, and each becomes a route of KVM's. A launcher would do that for one message while
 * others change; here none does.
 */
#include <libkvpci.h>
#include <sys/resource.h>

#include "bus.h"
#include "guest/places.h"
#include "lib/die.h"
#include "lib/event.h"
#include "lib/ioctls.h"
#include "machine.h"
#include "msix.h"

#define DEVFN			8
#define VENDOR			0x1b36
#define DEVICE			0x0010
#define CLASS_OTHERS		0xff0000

#define BAR_SIZE		0x10000
#define PBA			0x8000

static int function;
static unsigned int vectors;

static void create_msix_function(struct kvpci_host *host)
{
	struct kvpci_function *made;
	struct kvpci_msix msix = {
		.size = sizeof(msix),
		.vectors = vectors,
		.pba_offset = PBA,
	};
	struct kvpci_capability capability = {
		.flags = KVPCI_CAP_MSIX,
		.id = CAPABILITY_MSIX,
		.length = sizeof(msix),
		.value = (unsigned long)&msix,
	};
	struct kvpci_function_config config = {
		.size = sizeof(config),
		.devfn = DEVFN,
		.vendor = VENDOR,
		.device = DEVICE,
		.class_code = CLASS_OTHERS,
		.bars[0] = { .size = BAR_SIZE },
		.capabilities = (unsigned long)&capability,
		.nr_capabilities = 1,
		.capability_size = sizeof(capability),
	};

	must(kvpci_function_create(host, &config, NULL, &made));
	function = kvpci_function_fd(made);
}

static void add_registers(void)
{
	struct range_desc mirrored = {
		.flags = KVPCI_REGISTERS_MIRROR,
		.kind = KVPCI_RANGE_REGISTERS,
		.offset = MIRRORED_REGISTER,
		.length = 8,
	};
	struct range_desc range = {
		.flags = KVPCI_REGISTERS_TRIGGER,
		.kind = KVPCI_RANGE_REGISTERS,
		.offset = TRIGGER_REGISTER,
		.length = 4,
		.interrupt = KVPCI_MSIX,
		.vector = vectors - 1,
	};

	must(add_range(function, &range));
	must(add_range(function, &mirrored));
}

/* An eventfd triggers one vector: these come by ioctl, before anything is measured. */
static void trigger_many(struct machine *vm)
{
	unsigned int i;

	for (i = 0; i < TRIGGER_MANY; i++)
		must(trigger(function, KVPCI_MSIX, i * TRIGGER_STRIDE));
}

/* KVM then looks for such in all accesses to memory: so it comes last. */
static void add_doorbell(struct machine *vm)
{
	struct kvpci_doorbell desc = {
		.size = sizeof(desc),
		.offset = DOORBELL,
		.eventfd = event_new(),
	};

	must(doorbell(function, &desc));
}

static void add_eventfd(struct machine *vm)
{
	int eventfd = event_new();

	machine_ioeventfd(vm, SEND_PORT, true, eventfd);
	must(bind_eventfd(function, KVPCI_MSIX, vectors - 1, eventfd));
}

/* Put a function with so many vectors on bus 0. */
void msix_create(struct machine *vm, unsigned int number)
{
	/* An eventfd for each vector, if it comes to that, and some files. */
	struct rlimit limit = {
		.rlim_cur = MSIX_MAX_VECTORS + 64,
		.rlim_max = MSIX_MAX_VECTORS + 64,
	};

	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("can't have %u open files: %m", MSIX_MAX_VECTORS + 64);

	vectors = number;
	bus_create_host(vm);
	create_msix_function(vm->bridge);
	add_registers();
	add_eventfd(vm);
	must(plug(function));
	vm->trigger_many = trigger_many;
	vm->add_doorbell = add_doorbell;
}
