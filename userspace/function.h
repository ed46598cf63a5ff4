/* SPDX-License-Identifier: GPL-2.0 */
/* A PCI function of the guest, made from its description. */
#ifndef FUNCTION_H
#define FUNCTION_H

#include <linux/types.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "lib/libkvpci.h"
#include "slots.h"
#include "spec.h"

struct plugged;

struct function {
	const struct device_spec *spec;	/* NULL: it has gone */
	__u16 slot;
	const struct slot *place;	/* and of a bridge, its bus numbers */
	struct function *parent;	/* the bridge that it is behind; NULL: none */
	struct plugged *plugged;	/* what it was made of while the guest ran, see hotplug.c */
	struct kvpci_function *handle;
	int *doorbell_events;		/* eventfds, in the order of the description; -1: none */
	int *region_events;
	pthread_mutex_t lock;		/* guards user_values and *user_values[] */
	__u8 **user_values;		/* registers that the launcher keeps, by region */
	void *model_state;
	int rest;			/* a timer until which it is left alone; or -1 */
	__u16 slot_control;		/* of a port with a slot: the register; otherwise 0 */
	bool tells_of_resets;		/* of a bridge: of what is behind it */
	bool unrouted;			/* a message has no route, which the user knows */
	time_t leaving;			/* and when the guest was asked to release that */
};

/*
 * @parent is the bridge that it is behind, or NULL. @number is what host.c finds it by.
 */
int function_create(struct function *function, struct kvpci_host *bridge, const struct slot *slot,
		    struct function *parent, size_t number);
void function_destroy(struct function *function);

/*
 * The same in two parts: take it away from the guest, and from who looks for functions, and put
 * what is left into @detached; and free that, which waits for what serves a device to end.
 */
void function_detach(struct function *function, struct function *detached);
void function_release(struct function *detached);
int function_plug(struct function *function);

/* Read and write configuration space as the guest does; @size is 1, 2 or 4. */
int function_read_config(struct function *function, __u16 offset, unsigned int size,
			 __u32 *value);
int function_write_config(struct function *function, __u16 offset, unsigned int size,
			  __u32 value);

/* What the guest has done with a slot. */
struct slot_control {
	bool served;	/* it wants to know of the attention button */
	bool off;	/* it has turned the power indicator off */
	bool blinking;	/* or has it blink: it is about to release what is there, or to take it */
};

/* Of a port with a slot. */
int function_slot(struct function *port, struct slot_control *control);

/* Press the attention button of a port's slot: the guest is to release what is there. */
int function_press_button(struct function *port);

/* Has that been done, and may the guest still be about to do so? @control: as it is now */
bool function_is_asked(const struct function *port, const struct slot_control *control);

/* Have the power indicator be on or off, for a guest that does not serve the slot yet. */
int function_set_indicator(struct function *port, bool on);

/* Before the guest runs: there is something in a port's slot, or not, and it knows of that. */
int function_start_slot(struct function *port, bool occupied);

/* Where configuration space has a capability; 0: nowhere. */
int function_find_capability(struct function *function, __u8 id, __u16 *at);

/* Add or remove a doorbell. Returns 0 or a negative error number. */
int function_doorbell(struct function *function, const struct spec_doorbell *doorbell,
		      int eventfd, bool assign);

/* Serve an access by the guest to a userspace region. */
__u64 function_read(struct function *function, unsigned int bar, __u64 offset,
		    unsigned int size);
void function_write(struct function *function, unsigned int bar, __u64 offset,
		    unsigned int size, __u64 data);

/* The kernel has carried out a write by the guest, of which we are told. */
void function_written(struct function *function, unsigned int bar, __u64 offset,
		      unsigned int size);

/* The function has been reset by the guest, which waits. */
void function_was_reset(struct function *function);

/* What the main thread waits for on behalf of the function's model; -1: nothing. */
int function_poll_fd(const struct function *function);
void function_dispatch(struct function *function);

/* Print how often doorbells were rung and counted regions written, unless it has gone. */
void function_print_counts(struct function *function);

#endif /* FUNCTION_H */
