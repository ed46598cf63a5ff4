/* SPDX-License-Identifier: GPL-2.0 */
/* The PCI host bridge of the guest: our end of what the kernel module emulates. */
#ifndef HOST_H
#define HOST_H

#include <linux/types.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "function.h"
#include "gsi.h"
#include "lib/libkvpci.h"
#include "slots.h"
#include "vm.h"

struct host {
	struct kvpci_host *bridge;
	const struct guest_memory *memory;
	const struct gsi_table *gsis;
	__u8 last_bus;
	struct kvpci_window io;
	struct kvpci_window mem32;
	struct kvpci_window mem64;
	struct function *functions;
	size_t nr_functions;	/* some of which may have gone */
	size_t max_functions;
	pthread_rwlock_t lock;	/* held to write while one comes or goes, to read by vCPUs */
	int slot_event;		/* says that a guest has written to a slot's control register */
	int models;		/* an epoll instance: what device models wait for */
};

/*
 * Put a host bridge into @vm. If the module is not there, load it: from @module_path,
 * or from where modules are installed. @cf8: with configuration mechanism #1 at ports
 * 0xcf8 to 0xcff; otherwise nothing is found there. @mirrored: BARs have mirrors.
 * @last_bus: the last one that has functions: guests look at all that there may be.
 */
int host_create(struct host *host, const struct vm *vm, const struct gsi_table *gsis, bool cf8,
		bool mirrored, __u8 last_bus, const char *module_path);
void host_destroy(struct host *host);

/* Put functions on its bus. The guest sees them when they are plugged. */
int host_add_functions(struct host *host, const struct slot *slots, size_t n);
int host_plug_functions(struct host *host);

/* The same of one, while the guest runs, by the main thread. @slot stays the caller's. */
int host_add_function(struct host *host, const struct slot *slot, struct function *parent,
		      struct function **added);
void host_remove_function(struct host *host, struct function *function);

/* The same, but for what waits for its back end: see function_release(). */
void host_detach_function(struct host *host, struct function *function,
			  struct function *detached);

/* Is there a function behind a bridge? */
bool host_is_occupied(const struct host *host, const struct function *port);

/* Before the guest runs: have its memory where it will find it. */
int host_sync(struct host *host);

/* Becomes readable when host_serve() has something to do: interrupt routes, or memory. */
int host_poll_fd(const struct host *host);
int host_serve(struct host *host);

/* host->models is readable. */
void host_serve_models(struct host *host);

/* Processor @vcpu has found memory that has moved away: so that it can run again. */
int host_fault(struct host *host, unsigned int vcpu, struct kvpci_fault *fault);

/* Is this an address in configuration space or in a window for BARs? */
bool host_owns_memory(const struct host *host, __u64 address);

/*
 * Serve an access that came out of the guest on vCPU @vcpu, if it was to a userspace
 * region of one of the functions. @flags: KVPCI_EXIT_*.
 */
bool host_read(struct host *host, unsigned int vcpu, __u32 flags, __u64 address,
	       unsigned int size, __u64 *data);
bool host_write(struct host *host, unsigned int vcpu, __u32 flags, __u64 address,
		unsigned int size, __u64 data);

#endif /* HOST_H */
