// SPDX-License-Identifier: GPL-2.0
/*
 * The function of the bench that has MSI-X, by itself behind a kvpci host bridge. Its
 * table, its pending bits and a register that triggers the last vector share a BAR,
 * and two ioeventfds trigger vectors too: see guest/places.h.
 *
 * Where the module does not send messages itself, the guest tells when it has written
 * them, and each becomes a route of KVM's. A launcher would have to watch for that, and
 * could do it for one message while others change; here none does.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "bus.h"
#include "guest/places.h"
#include "machine.h"
#include "msix.h"
#include "routes.h"

#define DEVFN			8
#define VENDOR			0x1b36
#define DEVICE			0x0010
#define CLASS_OTHERS		0xff0000
#define CAPABILITY_MSIX		0x11

#define BAR_SIZE		0x10000
#define PBA			0x8000

static int function;
static unsigned int vectors;

static void set_route(const struct kvpci_route *found, int eventfd)
{
	struct kvpci_route route = {
		.size = sizeof(route),
		.interrupt = KVPCI_MSIX,
		.vector = found->vector,
		.eventfd = eventfd,
		.sequence = found->sequence,
	};

	kvpci(function, KVPCI_SET_ROUTE, &route, "set a route");
}

/* Give every message that waits for a route one. */
static void set_routes(struct machine *vm)
{
	struct kvpci_route *found = calloc(vectors, sizeof(*found));
	struct route *routes = calloc(vectors, sizeof(*routes));
	unsigned int nr, i, next = 0;

	if (!found || !routes)
		die("out of memory");

	for (nr = 0; next < vectors; nr++) {
		found[nr].size = sizeof(found[nr]);
		found[nr].interrupt = KVPCI_MSIX;
		found[nr].vector = next;
		if (ioctl(function, KVPCI_GET_ROUTE, &found[nr]))
			break;
		routes[nr].eventfd = machine_eventfd();
		routes[nr].address = found[nr].address;
		routes[nr].data = found[nr].data;
		next = found[nr].vector + 1;
	}
	if (next < vectors && errno != EOPNOTSUPP && errno != ENOENT)
		die("can't find messages that wait for a route: %m");

	if (nr)
		routes_set(vm, routes, nr);
	for (i = 0; i < nr; i++)
		set_route(&found[i], routes[i].eventfd);
	free(found);
	free(routes);
}

static void bind_vector(unsigned int vector, int eventfd)
{
	struct kvpci_binding binding = {
		.size = sizeof(binding),
		.interrupt = KVPCI_MSIX,
		.vector = vector,
		.eventfd = eventfd,
	};

	kvpci(function, KVPCI_BIND, &binding, "bind an eventfd");
}

static int create_function(int host)
{
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

	return kvpci(host, KVPCI_CREATE_FUNCTION, &config, "create a function");
}

static void add_registers(void)
{
	struct kvpci_region mirrored = {
		.size = sizeof(mirrored),
		.flags = KVPCI_REGION_MIRROR,
		.kind = KVPCI_REGION_REGISTERS,
		.offset = MIRRORED_REGISTER,
		.length = 8,
	};
	struct kvpci_region region = {
		.size = sizeof(region),
		.flags = KVPCI_REGION_TRIGGER,
		.kind = KVPCI_REGION_REGISTERS,
		.offset = TRIGGER_REGISTER,
		.length = 4,
		.interrupt = KVPCI_MSIX,
		.vector = vectors - 1,
	};

	kvpci(function, KVPCI_ADD_REGION, &region, "add a register");
	kvpci(function, KVPCI_ADD_REGION, &mirrored, "add a register");
}

static void add_eventfds(struct machine *vm)
{
	int one = machine_eventfd(), many = machine_eventfd();
	unsigned int i;

	machine_ioeventfd(vm, SEND_PORT, true, one);
	bind_vector(vectors - 1, one);
	machine_ioeventfd(vm, TRIGGER_MANY_PORT, true, many);
	if (vectors <= (TRIGGER_MANY - 1) * TRIGGER_STRIDE)
		return;
	for (i = 0; i < TRIGGER_MANY; i++)
		bind_vector(i * TRIGGER_STRIDE, many);
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
	function = create_function(bus_create_host(vm));
	add_registers();
	add_eventfds(vm);
	kvpci(function, KVPCI_PLUG, NULL, "plug a function");
	vm->settle = set_routes;
}
