// SPDX-License-Identifier: GPL-2.0
/*
 * The whole virtual machine: what is made in which order, and in which order it goes.
 *
 * Each step either succeeds or has said why it does not. Whatever has been made by
 * then is undone, last first.
 */
#include <stdio.h>
#include <stdlib.h>

#include "acpi.h"
#include "biosdata.h"
#include "boot.h"
#include "console.h"
#include "control.h"
#include "debugexit.h"
#include "file.h"
#include "firmware.h"
#include "gsi.h"
#include "host.h"
#include "hotplug.h"
#include "intx.h"
#include "iommu.h"
#include "layout.h"
#include "loop.h"
#include "machine.h"
#include "mptable.h"
#include "ports.h"
#include "power.h"
#include "report.h"
#include "rtc.h"
#include "slots.h"
#include "stop.h"
#include "terminal.h"
#include "vcpu.h"
#include "vfio/container.h"
#include "vm.h"

struct machine {
	const struct options *options;
	struct file kernel;
	struct file initrd;
	struct guest_memory memory;
	struct boot_entry entry;
	bool cf8;
	struct slot *slots;
	size_t nr_slots;
	struct vm vm;
	struct host host;
	struct gsi_table gsis;
	struct hotplug hotplug;
	struct control control;
	struct ports ports;
	struct vcpu *vcpus;
	unsigned int nr_vcpus;
};

/* A guest that can do without the ports is spared the exits. */
static bool wants_cf8(const struct machine *machine)
{
	switch (machine->options->cf8) {
	case CF8_ON:
		return true;
	case CF8_OFF:
		return false;
	default:
		return !boot_finds_ecam(&machine->kernel);
	}
}

static int load_kernel(struct machine *machine)
{
	const struct boot boot = {
		.kernel = &machine->kernel,
		.initrd = machine->options->initrd ? &machine->initrd : NULL,
		.command_line = machine->options->append,
		.unpack = machine->options->unpack,
		.cf8 = machine->cf8,
		.memory = &machine->memory,
		.rsdp = ACPI_RSDP,
	};
	int status = boot_load(&boot, &machine->entry);

	/* The guest has its own copies now. */
	file_free(&machine->kernel);
	file_free(&machine->initrd);
	return status;
}

/* Devices that come later may need it shared as well. */
static bool shares_memory(const struct options *options)
{
	bool shared = options->control;
	size_t i;

	for (i = 0; i < options->nr_devices; i++)
		shared |= options->devices[i].shares_memory;
	return shared;
}

static bool has_iommu(const struct options *options)
{
	bool found = false;
	size_t i;

	for (i = 0; i < options->nr_devices; i++)
		found |= options->devices[i].iommu;
	return found;
}

/* What it knows of memory may change place, but not content, from here on. */
static int create_iommu(struct machine *machine)
{
	int error = 0;

	if (has_iommu(machine->options))
		error = iommu_create(&machine->memory.iommu, &machine->memory);
	return error ? fail("not enough memory for the IOMMU, leave out --iommu") : STATUS_OK;
}

static int open_devices(struct machine *machine)
{
	const struct options *options = machine->options;
	int status = STATUS_OK;
	size_t i;

	vfio_container_init(&machine->vm);
	for (i = 0; !status && i < options->nr_devices; i++)
		status = spec_open(&options->devices[i], &machine->memory);
	return status;
}

/* What needs no virtual machine, so that its errors come first. */
static int read_input(struct machine *machine)
{
	const struct options *options = machine->options;
	struct memory_options memory = options->memory;
	int status;

	memory.shared = shares_memory(options);
	status = slots_assign(options->devices, options->nr_devices, &machine->slots,
			      &machine->nr_slots);
	if (!status)
		status = file_read_head(&machine->kernel, options->kernel, "kernel",
					BOOT_KERNEL_HEAD);
	if (!status && options->initrd)
		status = file_read_head(&machine->initrd, options->initrd, "initrd", 1);
	if (!status)
		status = affinity_check_cpus(&options->affinity);
	if (!status)
		status = memory_create(&machine->memory, &memory);
	machine->cf8 = !status && wants_cf8(machine);
	if (!status)
		status = load_kernel(machine);
	if (!status)
		status = create_iommu(machine);
	return status;
}

/* Slots are in the order in which devices were described. */
static __u8 last_bus(const struct machine *machine)
{
	__u8 last = 0;
	size_t i;

	for (i = 0; i < machine->nr_slots; i++) {
		if (machine->slots[i].slot >> 8 > last)
			last = machine->slots[i].slot >> 8;
		if (machine->slots[i].subordinate > last)
			last = machine->slots[i].subordinate;
	}
	return last;
}

static int create_pci(struct machine *machine)
{
	const struct options *options = machine->options;
	int status;

	status = gsi_create(&machine->gsis, &machine->vm);
	if (!status)
		status = host_create(&machine->host, &machine->vm, &machine->gsis, machine->cf8,
				     options->mirror, last_bus(machine), options->module);
	if (!status)
		status = host_add_functions(&machine->host, machine->slots, machine->nr_slots);
	if (!status)
		status = intx_connect(&machine->host);
	if (!status)
		status = firmware_assign(&machine->host);
	if (!status)
		status = host_plug_functions(&machine->host);
	if (!status)
		status = host_sync(&machine->host);
	machine->hotplug = (struct hotplug){
		.host = &machine->host, .stats = options->stats,
		.departures.event = machine->host.slot_event,
	};
	return status;
}

static int create_ports(struct machine *machine)
{
	power_create(&machine->ports);
	rtc_create(&machine->ports, &machine->memory);
	if (machine->options->debug_exit)
		debugexit_create(&machine->ports);
	return console_create(&machine->ports, &machine->vm);
}

static int create_vcpus(struct machine *machine)
{
	unsigned int cpus = machine->options->cpus;
	int status;

	machine->vcpus = calloc(cpus, sizeof(*machine->vcpus));
	if (!machine->vcpus)
		return fail("not enough memory for the processors, lower --cpus");
	while (machine->nr_vcpus < cpus) {
		status = vcpu_create(&machine->vcpus[machine->nr_vcpus], &machine->vm,
				     &machine->host, &machine->ports, machine->nr_vcpus, cpus);
		if (status)
			return status;
		machine->nr_vcpus++;
	}
	return STATUS_OK;
}

/* The places that a function is about: its own, or of a port those on the bus behind it. */
static struct acpi_range range_of(const struct slot *slot)
{
	if (slot->spec->bridge)
		return (struct acpi_range){ SLOT(slot->secondary, 0), SLOT(slot->secondary, 0xff) };
	return (struct acpi_range){ slot->slot, slot->slot };
}

/* What there is to be told of the IOMMU. @acpi->translated is for the caller to free. */
static int describe_iommu(const struct machine *machine, struct acpi_machine *acpi)
{
	struct acpi_range *translated = calloc(machine->nr_slots + 1, sizeof(*translated));
	size_t i;

	if (!translated)
		return fail("not enough memory for the devices, describe fewer");
	acpi->translated = translated;
	for (i = 0; i < machine->nr_slots; i++) {
		const struct slot *slot = &machine->slots[i];

		if (slot->spec->iommu)
			acpi->iommu = slot->slot;
		/* What is behind a port is in that one's range. */
		if (slot->spec->translated &&
		    (slot->spec->bridge || slot->parent == NO_PARENT ||
		     !machine->slots[slot->parent].spec->translated))
			translated[acpi->nr_translated++] = range_of(slot);
	}
	return STATUS_OK;
}

static int create_tables(struct machine *machine)
{
	struct acpi_machine acpi = {
		.cpus = machine->options->cpus,
		.last_bus = machine->host.last_bus,
		.io = machine->host.io,
		.mem32 = machine->host.mem32,
		.mem64 = machine->host.mem64,
	};
	int status;

	status = describe_iommu(machine, &acpi);
	if (!status)
		status = acpi_create(&machine->memory, &acpi);
	free((void *)acpi.translated);
	if (!status)
		status = mptable_create(&machine->memory, acpi.cpus);
	if (!status)
		status = biosdata_create(&machine->memory);
	return status;
}

static void kick_vcpus(void *context)
{
	struct machine *machine = context;
	unsigned int i;

	for (i = 0; i < machine->nr_vcpus; i++)
		vcpu_kick(&machine->vcpus[i]);
	for (i = 0; i < machine->nr_vcpus; i++)
		vcpu_await_exit(&machine->vcpus[i]);
}

static int run_guest(struct machine *machine)
{
	unsigned int started = 0;
	int status = STATUS_OK;
	unsigned int i;

	while (!status && started < machine->nr_vcpus) {
		status = vcpu_start(&machine->vcpus[started], &machine->options->affinity);
		if (!status)
			started++;
	}
	if (status)
		stop_request(status);
	else
		loop_run(&machine->host, &machine->control);
	for (i = 0; i < started; i++)
		vcpu_join(&machine->vcpus[i]);
	return stop_status();
}

static void print_stats(struct machine *machine)
{
	struct stats total = { 0 };
	struct kvpci_counts counts;
	unsigned int i;
	size_t j;

	for (i = 0; i < machine->nr_vcpus; i++)
		stats_add(&total, &machine->vcpus[i].stats);
	stats_print(&total);
	kvpci_host_count(machine->host.bridge, &counts, sizeof(counts));
	fprintf(stderr, "routes %llu\n", counts.routes);
	fprintf(stderr, "mirrors %llu\n", counts.memory);
	fprintf(stderr, "mirror-faults %llu\n", counts.faults);
	for (j = 0; j < machine->host.nr_functions; j++)
		function_print_counts(&machine->host.functions[j]);
}

static void destroy(struct machine *machine)
{
	while (machine->nr_vcpus)
		vcpu_destroy(&machine->vcpus[--machine->nr_vcpus]);
	free(machine->vcpus);
	control_destroy(&machine->control);
	hotplug_destroy(&machine->hotplug);
	host_destroy(&machine->host);
	gsi_destroy(&machine->gsis);
	vm_destroy(&machine->vm);
	iommu_put(machine->memory.iommu);
	memory_destroy(&machine->memory);
	free(machine->slots);
	file_free(&machine->kernel);
	file_free(&machine->initrd);
}

static int create(struct machine *machine)
{
	const struct options *options = machine->options;
	int status;

	status = read_input(machine);
	if (!status)
		status = stop_init(kick_vcpus, machine);
	if (!status)
		status = vm_create(&machine->vm, &machine->memory, options->cpus);
	if (!status)
		status = open_devices(machine);
	if (!status)
		status = create_pci(machine);
	if (!status)
		status = create_ports(machine);
	if (!status)
		status = create_vcpus(machine);
	if (!status)
		status = create_tables(machine);
	if (!status)
		status = control_create(&machine->control, options->control, &machine->hotplug);
	if (!status)
		status = vcpu_set_entry(&machine->vcpus[0], &machine->entry);
	return status;
}

int machine_run(const struct options *options)
{
	struct machine machine = {
		.options = options,
		.vm = { .kvm_fd = -1, .fd = -1 },
		.memory = { .fd = -1 },
		.host = { .slot_event = -1, .models = -1 },
		.control = { .listening = -1 },
	};
	int status;

	status = create(&machine);
	if (!status)
		status = loop_init();
	if (!status)
		status = terminal_init();
	if (!status) {
		status = run_guest(&machine);
		terminal_restore();
		if (options->stats)
			print_stats(&machine);
	}
	destroy(&machine);
	return status;
}
