/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One vector of MSI or MSI-X, with all that may happen to it at the same time.
 *
 * A d_step is one hold of a lock in the module, or what somebody else does at once.
 * Everything else may come in between. What goes on for ever in real life has a budget
 * here, and comes to rest: then every trigger must have been followed by a delivery,
 * since the guest leaves the vector unmasked and enabled at the end.
 *
 * Somebody signals the eventfd that is bound to the vector, and a vCPU masks the vector
 * and rewrites its message. All of these together are more states than can be gone
 * through, and are combined by scripts/model:
 *
 * IRQFD	messages are sent by irqfds, for which userspace makes routes
 * MANY		the message is one to many vCPUs, which a trigger leaves to a work item, and which
 *		is sent without the lock
 * DEVICE	there is a trigger without an eventfd, which may be withdrawn
 * BIND		the binding is removed and made again
 * RESET	the function may be reset
 * CONFIG	another vCPU writes to configuration space
 * DISCONNECT	the host bridge is closed
 */
#include "mutations.h"

#ifndef IRQFD
#define IRQFD	0
#endif
#ifndef MANY
#define MANY	0
#endif
#ifndef DEVICE
#define DEVICE	0
#endif
#ifndef BIND
#define BIND	0
#endif
#ifndef RESET
#define RESET	0
#endif
#ifndef CONFIG
#define CONFIG	0
#endif
#ifndef DISCONNECT
#define DISCONNECT	0
#endif
#ifndef SIGNALS
#define SIGNALS	2		/* of the eventfd */
#endif
#ifndef WRITES
#define WRITES	2		/* what a vCPU does, which may be several writes */
#endif

#if MUTATION == TWO_LAUNCHERS
#define LAUNCHERS 2
#else
#define LAUNCHERS 1
#endif

/* Guarded by the interrupts' lock. The message is whole if its parts are the same. */
bit enable = 1, function_mask, bus_master = 1;
bit masked;
bit address = 1, data = 1;
bit is_enabled = 1;			/* what follows from the first three */
bit pending;
#if IRQFD
bit confirmed;				/* this version of the message */
#endif
#if DISCONNECT
bit connected = 1;
#endif
#if MANY
bit flushing;				/* the work item is queued */
byte sending;				/* who sends it */
#endif

/* The eventfd that triggers the vector, and its listener. */
bit wait_queue;				/* the lock */
bit count;
bit listening = 1;
#if IRQFD
bit queued, running;			/* the work item */

/* KVM's route of the vector's GSI, and the count of the route eventfd. */
bit route_address, route_data;
bit asked = 1;

/* Userspace's version of the message is the present one. */
bit current[LAUNCHERS];
#endif

/* What is observed. The module has nothing of it. */
#if BIND
byte signals;		/* nothing has been delivered for them */
#endif
byte triggers;		/* likewise, those that have come to the vector since its reset */
bit owed_signal, owed_ioctl;	/* there was no delivery since */
bit sees_mask, sees_disable, sees_function_mask, sees_no_master;
bit rewriting;		/* the guest is between the writes of a message */
bit half;		/* and may get half of it */
bit was_reset;
bit closed;		/* the closing of the bridge has returned */
bit removed;		/* KVPCI_BIND_REMOVE has returned */
byte others = RESET + CONFIG;	/* that vCPU 0 awaits at the end */

/* The properties: none of these ever comes about. */
bit invented;		/* a delivery without a trigger */
bit forbidden;		/* one while the guest's completed writes forbid it */
bit torn;		/* one with half of a message */
bit stale;		/* one with a message that is not the guest's any more */
bit late;		/* something after the end: of the binding, of the bridge */
bit lost;		/* a trigger without a delivery */

#define ALLOWED		(is_enabled && !masked)
#if IRQFD
#define ROUTED		confirmed
#else
#define ROUTED		1
#endif
#define READY		(ALLOWED && ROUTED)
#define SENDS		(READY && !MANY)	/* a trigger itself does */
#if DISCONNECT
#define CONNECTED	(connected || BROKEN(SEND_WHEN_DISCONNECTED))
#else
#define CONNECTED	1
#endif

/*
 * Versions of the message are numbers that are only compared with the present one, so that
 * whether they are the same is all that the model has to know.
 */
inline new_version()
{
	confirmed = 0;
	current[0] = 0;
#if LAUNCHERS > 1
	current[1] = 0
#endif
}

/* A message is for some trigger. */
inline take_message(a, d)
{
#if BIND
	invented = !signals;
	assert(!invented);
	signals--;
#endif
	invented = !triggers;
	assert(!invented);
	torn = a != d && !half;
	assert(!torn);
	triggers--;
	owed_signal = 0;
	owed_ioctl = 0
}

/* The guest is interrupted. */
inline arrive()
{
	late = closed;
	assert(!late);
	forbidden = sees_mask || sees_disable || sees_function_mask || sees_no_master;
	assert(!forbidden)
}

inline deliver(a, d)
{
	take_message(a, d);
	arrive()
}

inline send()
{
	if
	:: CONNECTED ->
#if IRQFD
		stale = route_address != address || route_data != data;
		assert(!stale);
		deliver(route_address, route_data)
#else
		deliver(address, data)
#endif
	:: else
	fi
}

inline flush()
{
	if
	:: pending && (READY || (ALLOWED && BROKEN(FLUSH_IGNORES_ROUTE))) ->
		pending = BROKEN(KEEP_PENDING);
		send()
	:: else
	fi
}

inline ask(mutation)
{
#if IRQFD
	asked = asked || (!BROKEN(mutation) && !BROKEN(ASK_ONLY_AT_TRIGGER))
#else
	skip
#endif
}

/*
 * flush_step(), of whoever has seen something pending; and kvpci_vectors_settle(), of whoever
 * has forbidden a message.
 */
#if MANY
inline flush_step(mutation)
{
	d_step {
		sends = pending && READY && !BROKEN(mutation);
		if
		:: sends ->
			pending = BROKEN(KEEP_PENDING);
			sends = CONNECTED;
			if
			:: sends -> take_message(address, data); sending++
			:: else
			fi
		:: else
		fi
	}
	d_step {
		if
		:: sends -> arrive(); sending--; sends = 0
		:: else
		fi
	}
}

inline settle(mutation)
{
	if
	:: !BROKEN(mutation) -> sending == 0
	:: else
	fi
}
#else
inline flush_step(mutation)
{
	d_step {
		if
		:: !BROKEN(mutation) -> flush()
		:: else
		fi
	}
}

inline settle(mutation)
{
	skip
}
#endif

/* kvpci_vectors_flush(), which looks first whether there is anything to be sent. */
inline flush_function(mutation)
{
	if
	:: pending -> flush_step(mutation)
	:: else
	fi
}

/* kvpci_vector_trigger() */
inline trigger()
{
#if MUTATION == SEND_UNLOCKED
	d_step {
		triggers++;
		go = READY;
		pending = pending || !go
	}
	if
	:: go -> d_step { send() }
	:: else
	fi
#elif MUTATION == DECIDE_UNLOCKED
	go = READY;
	d_step {
		triggers++;
		if
		:: go -> send()
		:: else -> pending = 1
		fi
	}
#elif MUTATION == READ_MESSAGE_UNLOCKED
	go = address;
	d_step {
		triggers++;
		if
		:: READY -> deliver(go, data)
		:: else -> pending = 1
		fi
	}
#else
	d_step {
		triggers++;
		if
		:: SENDS ||
		   (is_enabled && ROUTED && BROKEN(TRIGGER_IGNORES_MASK)) ||
		   (!masked && ROUTED && BROKEN(TRIGGER_IGNORES_ENABLE)) ||
		   (ALLOWED && BROKEN(TRIGGER_IGNORES_ROUTE)) -> send()
		:: else ->
#if MANY
			flushing = flushing || (READY && !BROKEN(MANY_NOT_QUEUED));
#endif
#if MUTATION == ASK_ONLY_AT_TRIGGER
			asked = asked || ALLOWED;
#endif
			pending = !BROKEN(TRIGGER_DROPS)
		fi
	}
#endif
}

/* The listener has taken a count. */
inline take()
{
#if !IRQFD
	signalled()
#elif MUTATION == NOT_DEFERRED
	/* eventfd_signal() refuses to be nested: nothing comes of it. */
	pending = pending || !READY;
	triggers = triggers + pending
#else
	queued = 1
#endif
}

inline signalled()
{
	late = removed;
	assert(!late);
	trigger()
}

#if IRQFD
/*
 * Userspace, which makes routes: KVPCI_GET_ROUTE, KVM_SET_GSI_ROUTING, KVPCI_SET_ROUTE. It is
 * process 0, and if there is a second one, 1.
 */
#define ME	(LAUNCHERS > 1 && _pid == 1)

active [LAUNCHERS] proctype launcher()
{
	bit waits, a, d;

end:	do
	:: d_step { asked -> asked = 0 };
#if MUTATION == GET_ROUTE_TWICE
		d_step { waits = ALLOWED && !ROUTED; a = address; d = data };
		current[ME] = 1;
#else
		d_step {
			waits = ALLOWED && !ROUTED;
			current[ME] = 1;
			a = address;
			d = data
		};
#endif
		if
		:: waits ->
#if MUTATION != CONFIRM_EARLY
			d_step { route_address = a; route_data = d };
#endif
			d_step {
				if
				:: current[ME] || BROKEN(CONFIRM_ANY) ->
					confirmed = !BROKEN(CONFIRM_FORGETS)
				:: else
				fi
			};
			flush_function(NO_FLUSH_ON_CONFIRM);
#if MUTATION == CONFIRM_EARLY
			d_step { route_address = a; route_data = d };
#endif
			asked = 1
		:: else
		fi;
		d_step { waits = 0; current[ME] = 0; a = 0; d = 0 }
	od
}
#endif

/*
 * Whoever signals the eventfd: listener_wake() runs under the lock of the wait queue. With irqfds it
 * only queues the work item, which makes it one step.
 */
active proctype source()
{
	byte left = SIGNALS;
	bit go;

	do
	:: left > 0 ->
		left--;
#if IRQFD
		d_step {
#if BIND
			signals++;
#endif
			owed_signal = 1;
			count = 1;
			if
			:: listening -> count = 0; take()
			:: else
			fi
		}
#else
		d_step {
			!wait_queue -> wait_queue = 1;
#if BIND
			signals++;
#endif
			owed_signal = 1;
			count = 1
		}
		if
		:: listening -> count = 0; take()
		:: else
		fi;
		d_step { wait_queue = 0; go = 0 }
#endif
	:: else -> break
	od
}

#if IRQFD
active proctype worker()
{
	bit go;

end:	do
	:: d_step { queued -> running = 1; queued = BROKEN(IDLE_AFTER_RUN) };
		signalled();
		d_step { running = 0; queued = queued && !BROKEN(IDLE_AFTER_RUN) }
	od
}
#endif

#if MANY
active proctype flusher()
{
	bit sends;

end:	do
	:: d_step { flushing -> flushing = 0 };
#if MUTATION == MANY_ANYWAY
		d_step {
			if
			:: READY -> pending = 0; send()
			:: else
			fi
		}
#else
		flush_function(0)
#endif
	od
}
#endif

#if DEVICE
/*
 * KVPCI_TRIGGER, and a write to a range that does the same; and KVPCI_TRIGGER_LOWER. What
 * that withdraws may be the source's too.
 */
active proctype device()
{
	bit go;

#if BIND
	d_step { signals++; owed_ioctl = 1 }
#else
	owed_ioctl = 1;
#endif
	trigger();
	if
	:: d_step {
		triggers = (pending -> 0 : triggers);
		owed_signal = owed_signal && !pending;
		owed_ioctl = owed_ioctl && !pending;
		pending = pending && BROKEN(WITHDRAW_DROPS_NOTHING)
	}
	:: skip
	fi
}
#endif

#if BIND
/* KVPCI_BIND: removes the binding, and makes it again. */
active proctype binder()
{
	bit came, go;

	d_step { !wait_queue -> listening = 0; count = 0 }
#if IRQFD
#if MUTATION == NOT_FLUSHED
#elif MUTATION == CANCELLED
	queued = 0;
	!running;
#elif MUTATION == NOT_AWAITED
	!queued;
#else
	!queued && !running;
#endif
#endif
	removed = 1;

	removed = 0;
#if MUTATION == TAKE_BEFORE_LISTENING
	d_step { !wait_queue -> came = count; count = 0 }
	d_step { !wait_queue -> listening = 1 }
#else
	d_step { !wait_queue -> listening = 1 }
	d_step { !wait_queue -> came = count; count = 0 }
#endif
	if
	:: (came && !BROKEN(IGNORE_COUNT)) || BROKEN(INVENT_COUNT) -> take()
	:: else
	fi
}
#endif

#if DISCONNECT
/* kvpci_interrupts_disconnect() */
active proctype closer()
{
	connected = 0;
	settle(CLOSE_UNSETTLED);
	closed = 1
}
#endif

#if RESET
/* kvpci_function_config_reset() */
active proctype resetter()
{
	if
	:: d_step {
		enable = 0;
		function_mask = 0;
		bus_master = 0;
		is_enabled = is_enabled && BROKEN(RESET_KEEPS_ENABLED);
		masked = masked || !BROKEN(RESET_KEEPS_MASK);
		pending = pending && BROKEN(RESET_KEEPS_PENDING);
		address = 0;
		data = 0;
#if IRQFD
		if
		:: !BROKEN(RESET_KEEPS_VERSION) -> new_version()
		:: else
		fi;
#endif
		triggers = 0;
		owed_signal = 0;
		owed_ioctl = 0;
		sees_function_mask = 0;
#if !MANY
		sees_mask = 1;
		sees_disable = 1;
		sees_no_master = 1;
#endif
		was_reset = rewriting;
		half = half || rewriting
	};
#if MANY
		settle(RESET_UNSETTLED);
		/* Unless the guest has been faster. */
		d_step { sees_mask = masked; sees_disable = !enable; sees_no_master = !bus_master }
#endif
	:: skip
	fi;
	others--
}
#endif

/*
 * A write to configuration space, in three steps: registers, and what follows from them;
 * what may be sent now; the write has completed. What a write allows, the guest may get
 * once it takes effect; what it forbids, not after it has completed.
 */
inline config_write(register, value, forbids, sees, mutation)
{
#if MUTATION == LOOK_EARLY
	go = pending;
#endif
#if MUTATION == FOLLOW_UNLOCKED
	d_step {
		register = value;
		sees = sees && value == forbids;
		go = enable && !function_mask && bus_master
	}
	d_step { is_enabled = go }
#else
	d_step {
		register = value;
		sees = sees && value == forbids;
		if
		:: (enable || BROKEN(IGNORE_ENABLE)) &&
		   (!function_mask || BROKEN(IGNORE_FUNCTION_MASK)) &&
		   (bus_master || BROKEN(IGNORE_BUS_MASTER)) ->
			if
			:: !is_enabled -> ask(NO_ASK_ON_ENABLE)
			:: else
			fi;
			is_enabled = 1
		:: else ->
			is_enabled = 0;
			pending = pending && !BROKEN(DISABLE_DROPS_PENDING)
		fi
	}
#endif
	settle(WRITE_UNSETTLED);
#if MUTATION == LOOK_EARLY
	if
	:: go -> d_step { flush(); go = 0 }
	:: else
	fi;
#else
	flush_function(mutation);
#endif
	/* Unless a reset has been faster. */
	sees = value == forbids && register == value
}

/* kvpci_vector_changed(), at the end of a write to the vector's registers, */
inline change(new_message, ask_mutation)
{
#if IRQFD
	if
	:: new_message && !BROKEN(KEEP_VERSION) && !BROKEN(VERSION_LATER) -> new_version()
	:: else
	fi;
#endif
	if
	:: ALLOWED && !ROUTED -> ask(ask_mutation)
	:: else
	fi
}

/* and what follows that. */
inline update(mutation)
{
	settle(WRITE_UNSETTLED);
	flush_function(mutation)
}

inline write_control(value)
{
#if MUTATION == MASK_POSTED
	sees_mask = value;
	d_step { masked = value; change(0, 0) }
	update(0)
#else
	d_step {
		masked = value;
		sees_mask = sees_mask && value;
		change(0, NO_ASK_ON_UNMASK)
	}
	update(NO_FLUSH_ON_UNMASK);
	sees_mask = value && masked
#endif
}

inline write_message(a, d)
{
	d_step { address = a; data = d; change(1, NO_ASK_ON_MESSAGE) }
	update(0);
#if MUTATION == VERSION_LATER
	d_step { new_version(); asked = 1 }
#endif
}

/*
 * A new message, a part after the other, or in one write. If the vector is not masked, the
 * guest may get half of it in between.
 */
inline rewrite_parts(is_masked)
{
	d_step { new = !address; rewriting = 1; half = half || !is_masked }
	write_message(new, data);
	write_message(address, new);
	d_step { rewriting = 0; half = was_reset; was_reset = 0; new = 0 }
}

inline rewrite_whole()
{
#if MUTATION == SPLIT_WRITE
	rewrite_parts(1)
#else
	new = !address;
	write_message(new, new);
	d_step { half = 0; new = 0 }
#endif
}

active proctype vcpu_0()
{
	byte left = WRITES;
	bit new, go, sends;

	do
	:: left > 0 ->
		left--;
		if
		:: !sees_mask -> write_control(1)
		:: sees_mask -> write_control(0)
		:: !sees_mask -> rewrite_parts(0)
		:: !sees_mask -> rewrite_whole()
		:: !sees_mask -> write_control(1); rewrite_parts(1); write_control(0)
		fi
	:: else -> break
	od;

	/* What has been reset is put back. */
	others == 0;
	do
	:: masked -> write_control(0)
#if RESET || CONFIG
	:: !enable -> config_write(enable, 1, 0, sees_disable, NO_FLUSH_ON_ENABLE)
	:: !bus_master -> config_write(bus_master, 1, 0, sees_no_master, NO_FLUSH_ON_BUS_MASTER)
#endif
	:: !masked && enable && bus_master -> break
	od
}

#if CONFIG
active proctype vcpu_1()
{
	byte left = WRITES;
	bit go, sends;

	do
	:: left > 0 ->
		left--;
		if
		:: enable -> config_write(enable, 0, 0, sees_disable, 0)
		:: !enable -> config_write(enable, 1, 0, sees_disable, NO_FLUSH_ON_ENABLE)
		:: function_mask ->
			config_write(function_mask, 0, 1, sees_function_mask, NO_FLUSH_ON_FUNCTION_UNMASK)
		:: !function_mask -> config_write(function_mask, 1, 1, sees_function_mask, 0)
		:: bus_master -> config_write(bus_master, 0, 0, sees_no_master, 0)
		:: !bus_master ->
			config_write(bus_master, 1, 0, sees_no_master, NO_FLUSH_ON_BUS_MASTER)
		fi
	:: else -> break
	od;
	if
	:: function_mask ->
		config_write(function_mask, 0, 1, sees_function_mask, NO_FLUSH_ON_FUNCTION_UNMASK)
	:: else
	fi;
	others--
}
#endif

/* All have come to rest. */
active proctype rest()
{
	timeout;
#if DISCONNECT
	lost = !READY;
#else
	lost = !READY || pending || owed_signal || owed_ioctl;
#endif
	assert(!lost)
}
