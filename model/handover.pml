/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A vector that is handed to an irqfd, and taken back: who listens to its source's eventfd,
 * the module or KVM, and when.
 *
 * As in vector.pml, a d_step is one hold of a lock, or what somebody else does at once. Two
 * vCPUs mask and unmask the vector and change its message, somebody signals the eventfd, another
 * triggers the vector by an ioctl, and the VMM hands the vector over whenever it may. What is
 * recalled the vCPU that has recalled it takes back, in its exit. At the end the guest leaves
 * the vector unmasked.
 *
 * IRQFD	the module sends nothing itself, so that the vector waits to be handed over
 */
#include "mutations.h"

#ifndef IRQFD
#define IRQFD	0
#endif

#define SIGNALS	2
#define WRITES	2		/* of each vCPU */
#define HANDS	2		/* the VMM hands over no more often, unless nothing is sent without */

/* Guarded by the interrupts' lock. */
bit masked;
bit message;
bit pending;
bit handed, recalled;
bit confirmed;			/* this version of the message */

/* The eventfd, and who listens to it: one at a time, or both take what comes. */
bit count;
bit listening = 1;		/* the module */
bit kvm;			/* an irqfd */

/* KVM's: the message of the GSI, and the work item that sends what an irqfd has found. */
bit route;
bit inject;

/* The VMM's: a lock of its own, and that its version of the message is the present one. */
bit vmm_lock;
bit current;
bit asked = 1;

/* What is observed. */
byte signals;			/* nothing has been delivered for them */
bit owed;			/* there was no delivery since */
byte writer;			/* who has written to the mask last */
bit sees_mask;			/* a write that masks has completed */
byte rewriting;			/* writes to the message have not completed */
byte others = 1;		/* that vCPU 0 awaits at the end */

bit invented, forbidden, stale, lost;

#define ROUTED	confirmed
#if IRQFD
#define READY	(!masked && ROUTED)
#else
#define READY	(!masked)
#endif

inline deliver(m)
{
	invented = !signals;
	assert(!invented);
	signals--;
	owed = 0;
	forbidden = sees_mask;
	assert(!forbidden);
	stale = m != message && !rewriting;
	assert(!stale);
}

/* eventfd_signal(): without anybody who listens it is in the eventfd. */
inline signal_route()
{
	if
	:: kvm -> deliver(route)
	:: else -> count = 1
	fi
}

inline send()
{
	if
	:: ROUTED -> signal_route()
	:: else -> deliver(message)
	fi
}

inline flush()
{
	if
	:: pending && READY && !(handed && BROKEN(PENDING_STAYS)) -> pending = 0; send()
	:: else
	fi
}

/* kvpci_vector_trigger(); that it may take a work item to signal a route matters to nobody. */
inline trigger()
{
	if
	:: READY -> send()
	:: else -> pending = 1
	fi
}

/* recall(), at the end of a write. */
inline recall(mutation)
{
	if
	:: handed && (masked || !confirmed) && !BROKEN(mutation) ->
		recalled = 1;
		confirmed = 0;
		asked = 1
	:: else
	fi;
	asked = asked || (!masked && !ROUTED)
}

/* kvpci_listener_resume() */
inline resume()
{
	d_step {
		listening = 1;
		if
		:: count && !BROKEN(RESUME_FORGETS) -> count = 0; trigger()
		:: else
		fi
	}
}

inline lock_vmm()
{
#if MUTATION == NO_LOCK_OF_VMM
	skip
#else
	d_step { vmm_lock == 0 -> vmm_lock = 1 }
#endif
}

inline unlock_vmm()
{
	vmm_lock = 0
}

/* KVM_IRQFD: what it finds there it sends, and leaves there, */
inline bind_irqfd()
{
	d_step { kvm = 1; inject = inject || count }
}

/* until it is removed. That waits for what is being sent. */
inline unbind_irqfd()
{
	d_step {
		count = count && !kvm;
		kvm = 0
	};
	!inject
}

active proctype kvm_work()
{
end:	do
	:: d_step { inject -> inject = 0; deliver(route) }
	od
}

/* KVPCI_SET_ROUTE with KVPCI_ROUTE_REMOVE */
inline remove_route()
{
	d_step {
		handed = 0;
		recalled = 0;
		confirmed = 0;
		asked = asked || (!masked && !BROKEN(NO_ASK_ON_TAKE_BACK))
	};
	resume()
}

inline take_back()
{
	lock_vmm();
	if
	:: recalled ->
#if MUTATION == TAKE_BACK_EARLY
		remove_route();
		unbind_irqfd()
#else
		unbind_irqfd();
		remove_route()
#endif
	:: else
	fi;
	unlock_vmm()
}

/* The VMM's event loop hands over. */
active proctype launcher()
{
	bit waits, m;
	byte left = HANDS;

end:	do
	:: d_step { asked -> asked = 0 };
#if MUTATION == WRITE_COMPLETES_FIRST
		take_back();
#endif
		lock_vmm();
		d_step {
			waits = !masked && !ROUTED && !handed && (IRQFD || left);
			m = message;
			current = 1
		};
		if
		:: waits ->
			left = (IRQFD -> left : left - 1);
			route = m;
#if MUTATION == IRQFD_FIRST
			bind_irqfd();
#endif
			/* KVPCI_SET_ROUTE */
			listening = BROKEN(KEEP_LISTENING);
			d_step {
				if
				:: (current || BROKEN(HAND_ANY_VERSION)) &&
				   (!masked || BROKEN(HAND_MASKED)) ->
					handed = 1;
					confirmed = 1;
					flush()
				:: else
				fi
			};
			if
#if MUTATION == IRQFD_FIRST
			:: !handed -> unbind_irqfd(); resume()
			:: handed
#else
			:: !handed -> resume()
			:: handed -> bind_irqfd()
#endif
			fi
		:: else
		fi;
		unlock_vmm();
		d_step { waits = 0; m = 0 }
	od
}

active proctype source()
{
	byte left = SIGNALS;

	do
	:: left > 0 ->
		left--;
		d_step {
			signals++;
			owed = 1;
			if
			:: kvm && listening -> trigger(); signal_route()
			:: kvm && !listening -> signal_route()
			:: !kvm && listening -> trigger()
			:: else -> count = 1
			fi
		}
	:: else -> break
	od
}

/* KVPCI_TRIGGER */
active proctype device()
{
	d_step { signals++; owed = 1; trigger() }
}

/* The exit of a write, if there is one. */
inline leave(caused)
{
#if MUTATION == EXIT_ONLY_IF_CAUSED
	if
	:: recalled && caused -> take_back()
	:: else
	fi
#elif MUTATION == WRITE_COMPLETES_FIRST
	skip
#else
	if
	:: recalled -> take_back()
	:: else
	fi
#endif
}

inline set_mask(value)
{
	d_step {
		caused = handed && !recalled;
		masked = value;
		writer = _pid;
		sees_mask = sees_mask && value;
		recall(NO_RECALL_ON_MASK)
	};
	d_step { flush() }
}

inline write_mask(value)
{
	set_mask(value);
	leave(caused);
	/* Unless another vCPU has been faster. */
	d_step { sees_mask = (writer == _pid -> value : sees_mask); caused = 0 }
}

inline write_message()
{
	d_step {
		caused = handed && !recalled;
		message = !message;
		rewriting++;
		confirmed = confirmed && BROKEN(KEEP_CONFIRMED);
		current = 0;
		recall(0)
	};
	leave(caused);
	d_step { rewriting--; caused = 0 }
}

active [2] proctype vcpu()
{
	byte left = WRITES;
	bit caused;

	do
	:: left > 0 ->
		left--;
		if
		:: write_mask(1)
		:: write_mask(0)
		:: write_message()
		fi
	:: else -> break
	od;
	if
	:: _pid == 5 -> others--
	:: else ->
		others == 0;
		/* Nobody is left who could recall it. */
		if
		:: masked -> set_mask(0)
		:: else
		fi
	fi
}

/* All have come to rest. */
active proctype rest()
{
	timeout;
	lost = owed || pending || masked;
	assert(!lost)
}
