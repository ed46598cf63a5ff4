// SPDX-License-Identifier: GPL-2.0
/*
 * bench-runner: run the bench guest on KVM with kvpci and nothing else, or on KVM
 * alone (--floor, --irqfd). kvpci-run could do the former, but what is measured should not
 * depend on what a launcher happens to have.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "guest/places.h"
#include "lib/event.h"
#include "machine.h"
#include "msix.h"
#include "routes.h"

static int usage(const char *name)
{
	fprintf(stderr,
		"Usage: %s --floor | --irqfd | --functions 1-%u | --vectors 1-%u [--mirror] GUEST WORD...\n",
		name, BUS_MAX_FUNCTIONS, MSIX_MAX_VECTORS);
	return 2;
}

static void create_floor(struct machine *vm)
{
	machine_ioeventfd(vm, FLOOR_EVENTFD_PORT, true, event_new());
	machine_ioeventfd(vm, FLOOR_EVENTFD_MMIO, false, event_new());
	machine_ioeventfd(vm, FLOOR_EVENTFD_READONLY, false, event_new());
	machine_readonly_page(vm, FLOOR_EVENTFD_READONLY);
}

/* By itself, since what else is on KVM's buses has a share in what finding it takes. */
static void create_irqfd(struct machine *vm)
{
	struct route route = {
		.eventfd = event_new(),
		.address = MESSAGE_ADDRESS,
		.data = MESSAGE_DATA,
	};

	machine_ioeventfd(vm, SEND_PORT, true, route.eventfd);
	machine_ioeventfd(vm, SEND_MMIO, false, route.eventfd);
	routes_set(vm, &route, 1);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "floor", no_argument, NULL, 'F' },
		{ "irqfd", no_argument, NULL, 'I' },
		{ "functions", required_argument, NULL, 'f' },
		{ "vectors", required_argument, NULL, 'v' },
		{ "mirror", no_argument, NULL, 'm' },
		{}
	};
	unsigned int functions = 0, vectors = 0;
	char words[256] = "";
	int option, floor = 0, irqfd = 0;
	struct machine vm = {};

	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case 'F':
			floor = 1;
			break;
		case 'I':
			irqfd = 1;
			break;
		case 'f':
			functions = atoi(optarg);
			break;
		case 'v':
			vectors = atoi(optarg);
			break;
		case 'm':
			vm.mirrored = true;
			break;
		default:
			return usage(argv[0]);
		}
	}
	if (optind >= argc || floor + irqfd + !!functions + !!vectors != 1 ||
	    functions > BUS_MAX_FUNCTIONS || vectors > MSIX_MAX_VECTORS)
		return usage(argv[0]);
	for (option = optind + 1; option < argc; option++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s ",
			 argv[option]);

	setlinebuf(stdout);
	machine_create(&vm);
	if (floor)
		create_floor(&vm);
	else if (irqfd)
		create_irqfd(&vm);
	else if (vectors)
		msix_create(&vm, vectors);
	else
		bus_create(&vm, functions);
	machine_load(&vm, argv[optind], words);
	return machine_run(&vm);
}
