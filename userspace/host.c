// SPDX-License-Identifier: GPL-2.0
/*
 * The PCI host bridge of the guest: our end of what the kernel module emulates.
 *
 * Which function an access was for is never worked out from its address, which may be
 * another function's by now: KVPCI_GET_EXIT tells, and returns the function's number.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "event.h"
#include "host.h"
#include "layout.h"
#include "module.h"
#include "report.h"
#include "stop.h"
#include "turn.h"

#define BRIDGE_VENDOR	0x1b36
#define BRIDGE_DEVICE	0x0008

static bool is_missing(int error)
{
	return error == ENOENT || error == ENXIO || error == ENODEV;
}

static int explain_device(int error, int version)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		return fail("%s may not be opened: run as root, or get access to it",
			    KVPCI_DEVICE_PATH);
	case -EPROTONOSUPPORT:
		if (!version)
			return fail("the module kvpci that is loaded is older than kvpci-run, load the one that was built with it");
		return fail("the module kvpci that is loaded has version %d of its interface, and kvpci-run is for %d: use those that were built together",
			    version, KVPCI_VERSION);
	default:
		return fail("cannot open %s: %s", KVPCI_DEVICE_PATH, strerror(-error));
	}
}

static int open_device(int *fd, const char *module_path)
{
	int version = 0;
	int status;

	*fd = kvpci_device_open(&version);
	if (is_missing(-*fd)) {
		status = module_load(module_path);
		if (status)
			return status;
		*fd = kvpci_device_open(&version);
	}
	return *fd < 0 ? explain_device(*fd, version) : STATUS_OK;
}

static int create_bridge(struct host *host, const struct vm *vm, bool cf8, bool mirrored,
			 int device)
{
	const struct kvpci_host_config config = {
		.size = sizeof(config),
		.flags = KVPCI_HOST_ECAM |
			 (cf8 ? KVPCI_HOST_CONFIG_PORTS : KVPCI_HOST_CONFIG_PORTS_ABSENT) |
			 (mirrored ? KVPCI_HOST_MIRROR : 0),
		.vm_fd = vm->fd,
		.last_bus = host->last_bus,
		.ecam = PCI_ECAM_BASE,
		.io = host->io,
		.mem32 = host->mem32,
		.mem64 = host->mem64,
		.vendor = BRIDGE_VENDOR,
		.device = BRIDGE_DEVICE,
	};
	const struct kvpci_machine machine = {
		.size = sizeof(machine),
		.first_slot = VM_FIRST_FREE_SLOT,
		.nr_slots = vm->nr_slots - VM_FIRST_FREE_SLOT,
		.gsis = host->gsis->gsis,
	};
	int error = kvpci_host_create(device, &config, &machine, &host->bridge);

	if (error)
		return fail("the module kvpci does not create a host bridge: %s",
			    strerror(-error));
	return STATUS_OK;
}

/* Processors that come again and again must not keep away who adds and removes. */
static void init_lock(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(lock, &attr);
	pthread_rwlockattr_destroy(&attr);
}

int host_create(struct host *host, const struct vm *vm, const struct gsi_table *gsis, bool cf8,
		bool mirrored, __u8 last_bus, const char *module_path)
{
	int device;
	int status;

	*host = (struct host){
		.memory = vm->memory,
		.gsis = gsis,
		.slot_event = -1,
		.models = epoll_create1(EPOLL_CLOEXEC),
		.last_bus = last_bus,
		.io = { PCI_IO_BASE, PCI_IO_SIZE },
		.mem32 = { PCI_MEM32_BASE, PCI_MEM32_SIZE },
		.mem64 = vm_mem64_window(vm),
	};
	init_lock(&host->lock);
	if (host->models < 0)
		return fail("cannot wait for devices: %s", strerror(errno));
	status = event_create(&host->slot_event);
	if (!status)
		status = open_device(&device, module_path);
	if (status)
		return status;
	status = create_bridge(host, vm, cf8, mirrored, device);
	close(device);
	return status;
}

void host_destroy(struct host *host)
{
	size_t i;

	for (i = 0; i < host->nr_functions; i++)
		function_destroy(&host->functions[i]);
	free(host->functions);
	kvpci_host_free(host->bridge);
	if (host->slot_event >= 0)
		close(host->slot_event);
	if (host->models >= 0)
		close(host->models);
	*host = (struct host){ .slot_event = -1, .models = -1 };
}

static int watch(const struct host *host, const struct function *function)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = function - host->functions };
	int fd = function_poll_fd(function);

	if (fd >= 0 && epoll_ctl(host->models, EPOLL_CTL_ADD, fd, &event))
		return fail("cannot wait for a device: %s", strerror(errno));
	return STATUS_OK;
}

/* Closing is not enough where a device's process has the descriptor too. */
static void unwatch(const struct host *host, const struct function *function)
{
	int fd = function_poll_fd(function);

	if (fd >= 0)
		epoll_ctl(host->models, EPOLL_CTL_DEL, fd, NULL);
	if (function->rest >= 0)
		epoll_ctl(host->models, EPOLL_CTL_DEL, function->rest, NULL);
}

/* Have a timer take its place. If there can be none, it goes on. */
static void begin_rest(struct host *host, struct function *function, unsigned int milliseconds)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = function - host->functions };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (timer < 0)
		return;
	if (epoll_ctl(host->models, EPOLL_CTL_ADD, timer, &event)) {
		close(timer);
		return;
	}
	unwatch(host, function);
	event_set_timer(timer, milliseconds);
	function->rest = timer;
}

static void end_rest(struct host *host, struct function *function)
{
	unwatch(host, function);
	close(function->rest);
	function->rest = -1;
	watch(host, function);
}

void host_serve_models(struct host *host)
{
	struct function *function;
	struct epoll_event event;
	unsigned int rest;

	/* One at a time: what comes of it may be that others are not to be served any more. */
	if (epoll_wait(host->models, &event, 1, 0) != 1)
		return;
	function = &host->functions[event.data.u64];
	if (function->rest >= 0) {
		end_rest(host, function);
		return;
	}
	turn_begin();
	function_dispatch(function);
	rest = turn_end();
	if (rest)
		begin_rest(host, function, rest);
}

/* Where in host->functions one is that does not exist. */
static size_t find_free(const struct host *host)
{
	size_t i;

	for (i = 0; i < host->nr_functions; i++) {
		if (!host->functions[i].spec)
			break;
	}
	return i;
}

int host_add_function(struct host *host, const struct slot *slot, struct function *parent,
		      struct function **added)
{
	size_t i = find_free(host);
	int status;

	if (i == host->max_functions)
		return fail("more functions than there is room for");
	pthread_rwlock_wrlock(&host->lock);
	status = function_create(&host->functions[i], host->bridge, slot, parent, i);
	if (!status && i == host->nr_functions)
		host->nr_functions++;
	pthread_rwlock_unlock(&host->lock);
	if (!status) {
		status = watch(host, &host->functions[i]);
		if (status)
			host_remove_function(host, &host->functions[i]);
	}
	*added = status ? NULL : &host->functions[i];
	return status;
}

void host_detach_function(struct host *host, struct function *function,
			  struct function *detached)
{
	unwatch(host, function);
	pthread_rwlock_wrlock(&host->lock);
	function_detach(function, detached);
	pthread_rwlock_unlock(&host->lock);
}

void host_remove_function(struct host *host, struct function *function)
{
	struct function detached;

	host_detach_function(host, function, &detached);
	/* It may take its time: processors go on meanwhile. */
	function_release(&detached);
}

int host_add_functions(struct host *host, const struct slot *slots, size_t n)
{
	struct function *function;
	size_t max = n;
	int status;
	size_t i;

	/* What is added later is behind a root port: pointers to functions stay what they are. */
	for (i = 0; i < n; i++) {
		if (slots[i].spec->bridge)
			max += SLOT_FUNCTIONS;
	}
	host->functions = calloc(max ? max : 1, sizeof(*host->functions));
	if (!host->functions)
		return fail("not enough memory for the devices, describe fewer");
	host->max_functions = max;
	for (i = 0; i < n; i++) {
		struct function *parent = slots[i].parent == NO_PARENT ? NULL :
					  &host->functions[slots[i].parent];

		status = host_add_function(host, &slots[i], parent, &function);
		if (status)
			return status;
	}
	return STATUS_OK;
}

bool host_is_occupied(const struct host *host, const struct function *port)
{
	size_t i;

	for (i = 0; i < host->nr_functions; i++) {
		if (host->functions[i].spec && host->functions[i].parent == port)
			return true;
	}
	return false;
}

int host_plug_functions(struct host *host)
{
	int status;
	size_t i;

	for (i = 0; i < host->nr_functions; i++) {
		status = function_plug(&host->functions[i]);
		if (status)
			return status;
	}
	/* The guest starts with what is there. */
	for (i = 0; i < host->nr_functions; i++) {
		struct function *port = &host->functions[i];

		if (!port->slot_control)
			continue;
		status = function_start_slot(port, host_is_occupied(host, port));
		if (status)
			return status;
	}
	return STATUS_OK;
}

static int mirror_failed(int error)
{
	return fail("cannot map a mirror of PCI registers, try --mirror=off: %s",
		    strerror(-error));
}

int host_sync(struct host *host)
{
	int error = kvpci_host_sync(host->bridge);

	return error ? mirror_failed(error) : STATUS_OK;
}

int host_poll_fd(const struct host *host)
{
	return kvpci_host_poll_fd(host->bridge);
}

static int route_failed(const struct host *host, const struct function *function, int error)
{
	switch (error) {
	case -ENOSPC:
		return fail("the guest uses more than the %u interrupt messages for which KVM has routes, describe devices with fewer vectors",
			    host->gsis->messages);
	case -EMFILE:
	case -ENFILE:
		return fail("cannot create an eventfd (%s), raise the limit of open files (ulimit -n)",
			    strerror(-error));
	default:
		return fail("--device: %s: the kernel refuses the route of an interrupt message: %s",
			    function->spec->name, strerror(-error));
	}
}

int host_serve(struct host *host)
{
	struct function *function;
	struct kvpci_function *culprit;
	int status;
	int error;

	error = kvpci_host_dispatch(host->bridge, &culprit);
	if (!error)
		return STATUS_OK;
	if (!culprit)
		return mirror_failed(error);
	function = &host->functions[kvpci_function_user_data(culprit)];
	/* The guest has it masked and unmasked as often as it likes: the user is told once. */
	if (function->unrouted)
		return STATUS_OK;
	function->unrouted = true;
	status = route_failed(host, function, error);
	/* What has come while the guest runs does not end it: its messages wait. */
	return function->plugged ? STATUS_OK : status;
}

int host_fault(struct host *host, unsigned int vcpu, struct kvpci_fault *fault)
{
	int error = kvpci_host_fault(host->bridge, fault);

	if (error == -EFAULT)
		return fail("KVM does not run processor %u: %s", vcpu, strerror(EFAULT));
	return error ? mirror_failed(error) : STATUS_OK;
}

bool host_owns_memory(const struct host *host, __u64 address)
{
	return kvpci_host_owns(host->bridge, 0, address);
}

/* Whose access was it? NULL: nobody's, or *@error says why the guest can't go on. */
static struct function *find(struct host *host, unsigned int vcpu, __u32 flags,
			     __u64 address, struct kvpci_exit *exit, int *error)
{
	struct function *function;

	*error = kvpci_host_exit(host->bridge, vcpu, flags, address, exit);
	if (*error) {
		*error = *error == -ENOENT ? 0 : *error;
		return NULL;
	}
	function = &host->functions[exit->user_data];
	return function->spec ? function : NULL;
}

/* Without a lock: it waits for other processors. */
static void end_guest(int error)
{
	if (error)
		stop_request(mirror_failed(error));
}

bool host_read(struct host *host, unsigned int vcpu, __u32 flags, __u64 address,
	       unsigned int size, __u64 *data)
{
	struct function *function;
	struct kvpci_exit exit = { .size = sizeof(exit) };
	int error;

	pthread_rwlock_rdlock(&host->lock);
	function = find(host, vcpu, flags, address, &exit, &error);
	if (function)
		*data = function_read(function, exit.bar, exit.offset, size);
	pthread_rwlock_unlock(&host->lock);
	end_guest(error);
	return function;
}

static bool is_behind(const struct function *function, const struct function *bridge)
{
	while (function && function != bridge)
		function = function->parent;
	return function;
}

/* The kernel has carried out a write, and tells us of it. */
static void serve_written(struct host *host, struct function *function,
			  const struct kvpci_exit *exit, unsigned int size)
{
	bool reset = exit->flags & KVPCI_EXIT_RESET;
	size_t i;

	if (!function->spec->bridge) {
		if (reset)
			function_was_reset(function);
		function_written(function, exit->bar, exit->offset, size);
		return;
	}
	if (function->slot_control)
		eventfd_write(host->slot_event, 1);
	for (i = 0; reset && i < host->nr_functions; i++) {
		if (host->functions[i].spec && is_behind(&host->functions[i], function))
			function_was_reset(&host->functions[i]);
	}
}

bool host_write(struct host *host, unsigned int vcpu, __u32 flags, __u64 address,
		unsigned int size, __u64 data)
{
	struct function *function;
	struct kvpci_exit exit = { .size = sizeof(exit) };
	int error;

	pthread_rwlock_rdlock(&host->lock);
	function = find(host, vcpu, flags, address, &exit, &error);
	if (function && exit.flags & KVPCI_EXIT_WRITTEN)
		serve_written(host, function, &exit, size);
	else if (function)
		function_write(function, exit.bar, exit.offset, size, data);
	pthread_rwlock_unlock(&host->lock);
	end_guest(error);
	return function;
}
