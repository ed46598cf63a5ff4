// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that come and go while the guest runs, in the slots of root ports.
 *
 * What is plugged into a slot the kernel tells the guest of. To remove it, we press the slot's
 * attention button: the guest's driver then releases the device and turns the slot's power
 * indicator off, which we are told of, and remove it. With force it is removed at once, as by a
 * hand that pulls it out.
 *
 * Function 0 is what is in a slot: it comes last, and goes first.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "hotplug.h"
#include "intx.h"
#include "report.h"

/* What a function was made of that has come while the guest ran. */
struct plugged {
	struct device_spec spec;
	struct slot slot;
};

static struct function *find_port(const struct hotplug *hotplug, const char *name)
{
	struct host *host = hotplug->host;
	size_t i;

	for (i = 0; i < host->nr_functions; i++) {
		struct function *function = &host->functions[i];

		if (function->slot_control && function->spec->label &&
		    !strcmp(function->spec->label, name))
			return function;
	}
	misuse("there is no root port of the name %s that has a slot, see list", name);
	return NULL;
}

/* The function of that number behind a port, or NULL. */
static struct function *find_behind(const struct hotplug *hotplug, const struct function *port,
				    unsigned int number)
{
	struct host *host = hotplug->host;
	size_t i;

	for (i = 0; i < host->nr_functions; i++) {
		struct function *function = &host->functions[i];

		if (function->spec && function->parent == port && (function->slot & 0xff) == number)
			return function;
	}
	return NULL;
}

static void remove_behind(struct hotplug *hotplug, struct function *port,
			  const struct function *slot);

static void free_plugged(void *context)
{
	struct plugged *plugged = context;

	if (plugged)
		spec_free(&plugged->spec);
	free(plugged);
}

/*
 * A port goes before what is behind it, so that the guest looks for nothing there any more. All of
 * it departs from @slot, the port whose slot is emptied.
 */
static void remove_function(struct hotplug *hotplug, struct function *function,
			    const struct function *slot)
{
	struct plugged *plugged = function->plugged;
	bool is_port = function->spec->bridge;
	struct function detached;

	if (hotplug->stats)
		function_print_counts(function);
	host_detach_function(hotplug->host, function, &detached);
	departure_begin(&hotplug->departures, &detached, slot, free_plugged, plugged);
	if (is_port)
		remove_behind(hotplug, function, slot);
}

static void remove_behind(struct hotplug *hotplug, struct function *port,
			  const struct function *slot)
{
	struct function *function;
	unsigned int i;

	for (i = 0; i < SLOT_FUNCTIONS; i++) {
		function = find_behind(hotplug, port, i);
		if (function)
			remove_function(hotplug, function, slot);
	}
	port->leaving = 0;
}

static int add_plugged(struct hotplug *hotplug, struct function *port, struct plugged *plugged)
{
	struct function *function;
	int status;

	status = host_add_function(hotplug->host, &plugged->slot, port, &function);
	if (status)
		return status;
	status = intx_connect_pin(function);
	if (!status)
		status = function_plug(function);
	if (status)
		host_remove_function(hotplug->host, function);
	else
		function->plugged = plugged;
	return status;
}

/* Each function has a description of its own, since they may go one by one. */
static int plug_function(struct hotplug *hotplug, struct function *port, const char *text,
			 unsigned int number)
{
	struct plugged *plugged = calloc(1, sizeof(*plugged));
	int status;

	if (!plugged)
		return fail("not enough memory for the device");
	status = spec_parse(&plugged->spec, text);
	if (status) {
		free(plugged);
		return status;
	}
	plugged->slot = (struct slot){
		.spec = &plugged->spec, .slot = SLOT(port->place->secondary, number),
		.parent = NO_PARENT,
	};
	status = spec_open(&plugged->spec, hotplug->host->memory);
	if (!status)
		status = add_plugged(hotplug, port, plugged);
	if (status) {
		spec_free(&plugged->spec);
		free(plugged);
	}
	return status;
}

/* Is it something that may come while the guest runs? */
static int check_spec(const struct hotplug *hotplug, const struct device_spec *spec)
{
	unsigned int vectors = spec->count * (spec->msi.vectors + spec->msix.vectors);
	unsigned int left = kvpci_gsis_left(hotplug->host->gsis->gsis);
	size_t i;

	if (!spec->behind)
		return misuse("say which root port's slot it is for: behind=NAME");
	if (spec->iommu)
		return misuse("the IOMMU can't be added while the guest runs, start kvpci-run with --iommu");
	if (spec->bridge)
		return misuse("a root port can't be added while the guest runs, describe it with --device");
	for (i = 0; i < spec->nr_doorbells; i++) {
		if (spec->doorbells[i].fd >= 0)
			return misuse("a doorbell's fd= is for --device, leave it out");
	}
	if (kvpci_host_delivery(hotplug->host->bridge) == KVPCI_DELIVERY_IRQFD && vectors > left)
		return misuse("the kernel has routes for %u more messages, describe fewer vectors",
			      left);
	return STATUS_OK;
}

static int check_place(const struct hotplug *hotplug, const struct device_spec *spec,
		       const struct function *port)
{
	unsigned int i;

	if (spec->translated && !port->spec->translated)
		return misuse("what is plugged into the slot of %s can't be behind the IOMMU, start kvpci-run with iommu=on for that root port",
			      spec->behind);
	if (spec_evades_iommu(spec, port->spec))
		return misuse("what is plugged into the slot of %s is behind the IOMMU, add iommu=on",
			      spec->behind);
	if (spec->devfn + spec->count > SLOT_FUNCTIONS)
		return misuse("behind=%s: a root port has one device behind it, of functions 0 to 7",
			      spec->behind);
	if (find_behind(hotplug, port, 0))
		return misuse("there is something in the slot of %s, unplug it first",
			      spec->behind);
	for (i = spec->devfn; i < spec->devfn + spec->count; i++) {
		if (find_behind(hotplug, port, i))
			return misuse("there is a function %u in the slot of %s already, give this one another addr=",
				      i, spec->behind);
	}
	return STATUS_OK;
}

/* A guest that does not serve the slot yet will find what is there, and then use it. */
static int light_up(struct function *port)
{
	struct slot_control control;
	int status = function_slot(port, &control);

	return status || control.served ? status : function_set_indicator(port, true);
}

static int plug_all(struct hotplug *hotplug, const struct device_spec *spec, const char *text)
{
	unsigned int number = spec->devfn + spec->count;
	struct function *port;
	int status;

	status = check_spec(hotplug, spec);
	if (status)
		return status;
	port = find_port(hotplug, spec->behind);
	if (!port)
		return STATUS_USAGE;
	status = check_place(hotplug, spec, port);
	while (!status && number > spec->devfn)
		status = plug_function(hotplug, port, text, --number);
	if (!status)
		return light_up(port);
	/* The guest does not know what is there without function 0. */
	while (++number < spec->devfn + spec->count)
		remove_function(hotplug, find_behind(hotplug, port, number), port);
	return status;
}

int hotplug_plug(struct hotplug *hotplug, const char *text)
{
	struct device_spec spec;
	int status = spec_parse(&spec, text);

	if (status)
		return status;
	status = plug_all(hotplug, &spec, text);
	spec_free(&spec);
	return status;
}

/* Ask the guest to release what is in a slot. */
static int ask(struct function *port, const struct slot_control *control)
{
	const char *name = port->spec->label;

	if (!control->served)
		return misuse("the guest does not serve the slot of %s, at least not yet: add force to remove what is there all the same",
			      name);
	if (function_is_asked(port, control))
		return misuse("the guest has been asked to release what is in the slot of %s, and has not yet: add force to remove it all the same",
			      name);
	return function_press_button(port);
}

int hotplug_unplug(struct hotplug *hotplug, const char *name, bool force,
		   const struct function **removed_from)
{
	struct function *port = find_port(hotplug, name);
	struct slot_control control;
	int status;

	*removed_from = NULL;
	if (!port)
		return STATUS_USAGE;
	if (!host_is_occupied(hotplug->host, port))
		return misuse("there is nothing in the slot of %s", name);
	status = function_slot(port, &control);
	if (status)
		return status;
	if (!force && !control.off && find_behind(hotplug, port, 0))
		return ask(port, &control);
	remove_behind(hotplug, port, port);
	*removed_from = port;
	return STATUS_OK;
}

bool hotplug_is_leaving(const struct hotplug *hotplug, const struct function *port)
{
	return departures_has(&hotplug->departures, port);
}

static void list_port(const struct hotplug *hotplug, const struct function *port, FILE *out)
{
	bool leaving = port->leaving || hotplug_is_leaving(hotplug, port);
	unsigned int i;

	fprintf(out, "%s at %02x:%02x.%x:", port->spec->label, port->slot >> 8,
		port->slot >> 3 & 0x1f, port->slot & 7);
	if (!leaving && !host_is_occupied(hotplug->host, port))
		fprintf(out, " empty");
	for (i = 0; i < SLOT_FUNCTIONS; i++) {
		const struct function *function = find_behind(hotplug, port, i);

		if (function)
			fprintf(out, " %u=%04x:%04x", i, function->spec->vendor,
				function->spec->device);
	}
	fprintf(out, "%s\n", leaving ? " leaving" : "");
}

int hotplug_list(const struct hotplug *hotplug, FILE *out)
{
	struct host *host = hotplug->host;
	size_t i;

	for (i = 0; i < host->nr_functions; i++) {
		const struct function *function = &host->functions[i];

		if (function->slot_control && function->spec->label)
			list_port(hotplug, function, out);
	}
	return STATUS_OK;
}

void hotplug_serve(struct hotplug *hotplug)
{
	struct host *host = hotplug->host;
	eventfd_t count;
	size_t i;

	/* Before looking, so that what comes while we look is not missed. */
	eventfd_read(host->slot_event, &count);
	departures_end(&hotplug->departures, false);
	for (i = 0; i < host->nr_functions; i++) {
		struct function *port = &host->functions[i];
		struct slot_control control;

		if (port->leaving && !function_slot(port, &control) && control.off)
			remove_behind(hotplug, port, port);
	}
}

void hotplug_destroy(struct hotplug *hotplug)
{
	struct host *host = hotplug->host;
	size_t i;

	for (i = 0; host && i < host->nr_functions; i++) {
		struct function *function = &host->functions[i];

		if (function->plugged)
			remove_function(hotplug, function, function->parent);
	}
	departures_end(&hotplug->departures, true);
}
