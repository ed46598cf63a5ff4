// SPDX-License-Identifier: GPL-2.0
/*
 * bench-runner: run the bench guest on KVM with kvpci and nothing else, or on KVM
 * alone (--floor). kvpci-run could do the former, but what is measured should not
 * depend on what a launcher happens to have.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "bus.h"
#include "machine.h"

/* As the guest program has them. */
#define FLOOR_EVENTFD_PORT	0x5e0
#define FLOOR_EVENTFD_MMIO	0xd8000000

void die(const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	fprintf(stderr, "bench-runner: ");
	vfprintf(stderr, text, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	exit(1);
}

static void add_ioeventfd(struct machine *vm, __u64 addr, __u32 flags)
{
	struct kvm_ioeventfd ioeventfd = {
		.addr = addr,
		.len = 4,
		.fd = eventfd(0, EFD_CLOEXEC),
		.flags = flags,
	};

	if (ioctl(vm->fd, KVM_IOEVENTFD, &ioeventfd))
		die("can't add an ioeventfd: %m");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "floor", no_argument, NULL, 'f' },
		{ "functions", required_argument, NULL, 'n' },
		{}
	};
	unsigned int functions = 1;
	int option, floor = 0;
	struct machine vm;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			floor = 1;
			break;
		case 'n':
			functions = atoi(optarg);
			break;
		default:
			optind = argc;
		}
	}
	if (optind != argc - 1 || !functions || functions > BUS_MAX_FUNCTIONS) {
		fprintf(stderr, "Usage: %s [--floor | --functions 1-%u] GUEST\n",
			argv[0], BUS_MAX_FUNCTIONS);
		return 2;
	}

	setlinebuf(stdout);
	machine_create(&vm);
	if (floor) {
		add_ioeventfd(&vm, FLOOR_EVENTFD_PORT, KVM_IOEVENTFD_FLAG_PIO);
		add_ioeventfd(&vm, FLOOR_EVENTFD_MMIO, 0);
	} else {
		bus_create(&vm, functions);
	}
	machine_load(&vm, argv[optind], floor ? "floor" : "");
	return machine_run(&vm);
}
