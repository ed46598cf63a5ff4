/* SPDX-License-Identifier: GPL-2.0 */
/*
 * INTx of two functions that share a GSI, with KVM's part of it, which is: an irqfd with
 * resampling raises the line some time after its eventfd has been signalled; the guest's
 * end of interrupt lowers the line, and then signals the resample eventfds of all who
 * share it.
 *
 * As in vector.pml, a d_step is one hold of a lock, or what somebody else does at once;
 * those who raise have a budget, the guest's handler lowers what it finds high, and when all
 * have come to rest, nothing is high any more. That they do come to rest is the other
 * property: there is no cycle, as there would be if the guest were interrupted for
 * nothing again and again.
 *
 * ACK		function 0 is bound with KVPCI_BIND_ACK to a source that has a level itself,
 *		and keeps quiet from when it has signalled until it is told, as VFIO's do
 * RESET	function 0 is reset, or its pin lowered by KVPCI_TRIGGER_LOWER
 * ROUTES	function 0 has no route at first, then one, then another one
 */
#include "mutations.h"

#ifndef ACK
#define ACK	0
#endif
#ifndef RESET
#define RESET	0
#endif
#ifndef ROUTES
#define ROUTES	0
#endif

#ifndef RAISES
#define RAISES	2		/* of function 0's pin; the other one's is raised once */
#endif
#ifndef DISABLES
#define DISABLES 1		/* of function 0, by the command register */
#endif

/* A function; guarded by its interrupts' lock. */
bit level[2];
bit disabled[2];		/* INTx is, or MSI or MSI-X is enabled */
bit signalled[2];
bit owed;			/* function 0's source is to be told */
byte route[2];			/* the irqfd that it signals; 0: none */
/* Work items, queued. */
bit evaluating[2];
bit acknowledging[2];
bit raising;			/* function 0's source has signalled */

/* KVM. */
byte irqfd[2];			/* the one that is assigned */
bit injecting[2];		/* the irqfd's work item */
bit line;
bit in_service;			/* remote IRR: from delivery to the end of interrupt */
bit interrupt;			/* the vCPU has to take it */

#if ACK
/* The source: its level, and that it keeps quiet; the ack eventfd's count. */
bit source, quiet, told;
#else
#define source	0
#endif

/* The property: this never comes about. */
bit lost;			/* something is high, and the guest is not interrupted */

#define TO_BE_SIGNALLED(f) \
	(level[f] && (!disabled[f] || BROKEN(IGNORE_DISABLE)) && !signalled[f] && route[f])

#if ACK
#define TO_BE_TOLD(f)	(f == 0 && owed && !level[0] && !BROKEN(TELL_NOBODY))
#else
#define TO_BE_TOLD(f)	0
#endif

/* kvpci_pin_follow() */
inline follow(f, mutation)
{
	evaluating[f] = evaluating[f] ||
			((TO_BE_SIGNALLED(f) || TO_BE_TOLD(f)) && !BROKEN(mutation))
}

inline set_level(f, high)
{
	d_step {
		level[f] = high;
		follow(f, NO_FOLLOW_ON_RAISE)
	}
}

/* The lock has been dropped: what is signalled may not be the route any more. */
inline signal(f)
{
	d_step {
		injecting[f] = injecting[f] || to == irqfd[f];
		go = 0;
		to = 0
	}
}

proctype evaluate(bit f)
{
	bit go;
	byte to;
#if ACK
	bit tell;
#endif

end:	do
	:: d_step { evaluating[f] -> evaluating[f] = BROKEN(EVALUATE_NOT_AGAIN) };
#if MUTATION == SIGNAL_FIRST
		d_step { go = TO_BE_SIGNALLED(f); to = route[f] };
		if
		:: go -> signal(f); signalled[f] = 1
		:: else
		fi;
#else
		d_step {
			go = TO_BE_SIGNALLED(f);
			signalled[f] = signalled[f] || go;
			to = (go -> route[f] : 0);
#if ACK
			tell = TO_BE_TOLD(f);
			owed = owed && !tell
#endif
		};
		if
		:: go -> signal(f)
		:: else
		fi;
#endif
#if ACK
		if
		:: tell -> d_step { tell = 0; told = 1 }
		:: else
		fi;
#endif
#if MUTATION == EVALUATE_NOT_AGAIN
		evaluating[f] = 0
#endif
	od
}

proctype acknowledged(bit f)
{
end:	do
	:: d_step { acknowledging[f] -> acknowledging[f] = 0 };
#if ACK && MUTATION == TELL_FIRST
		d_step {
			told = told || (f == 0 && owed && signalled[0]);
			owed = owed && f != 0
		};
#endif
		d_step {
#if ACK
			level[f] = level[f] &&
				   (f != 0 || !signalled[0] || BROKEN(ACK_KEEPS_LEVEL));
#endif
			signalled[f] = signalled[f] && BROKEN(ACK_KEEPS_SIGNALLED);
			follow(f, NO_FOLLOW_ON_ACK)
		}
	od
}

/* KVM: the irqfd's work item. */
inline service()
{
	if
	:: line && !in_service -> in_service = 1; interrupt = 1
	:: else
	fi
}

proctype inject(bit f)
{
end:	do
	:: d_step { injecting[f] -> injecting[f] = 0 };
		d_step { line = 1; service() }
	od
}

inline end_of_interrupt()
{
	line = 0;
	acknowledging[0] = acknowledging[0] || (irqfd[0] && !BROKEN(TELL_ONE_SHARER));
	acknowledging[1] = 1;
	d_step { in_service = 0; service() }
}

/*
 * A driver that finds its device high has it lowered. That of a source with a level of its
 * own asks the source.
 */
#if ACK
#define HIGH_0		(source && !disabled[0])
#define lower_0()	source = 0
#else
#define HIGH_0		(level[0] && !disabled[0])
#define lower_0()	set_level(0, 0)
#endif

inline disable(value)
{
	d_step {
		disabled[0] = value;
		follow(0, NO_FOLLOW_ON_ENABLE)
	}
}

proctype vcpu()
{
	byte left = DISABLES;

end:	do
	:: d_step { interrupt -> interrupt = 0 };
		/* One of those who share the line at least, if it was for any of them. */
		if
		:: HIGH_0 -> lower_0()
		:: level[1] -> set_level(1, 0)
		:: HIGH_0 && level[1] -> lower_0(); set_level(1, 0)
		:: HIGH_0 && left > 0 -> left--; disable(1)
		:: !HIGH_0 && !level[1]
		fi;
		end_of_interrupt()
	:: left > 0 && !disabled[0] -> left--; disable(1)
	:: disabled[0] -> disable(0)
	od
}

#if ACK
/* The source's own interrupt, its trigger eventfd, and what it does when told. */
inline raise_source()
{
	if
	:: source && !quiet -> quiet = 1; raising = 1
	:: else
	fi
}

proctype device_0()
{
	byte left = RAISES;

	do
	:: left > 0 -> d_step { left--; source = 1; raise_source() }
	:: else -> break
	od
}

proctype unmask()
{
end:	do
	:: d_step { told -> told = 0; quiet = 0; raise_source() }
	od
}

/* The listener's work item. */
proctype raised()
{
end:	do
	:: d_step { raising -> raising = 0 };
		d_step {
			owed = 1;
			level[0] = 1;
			follow(0, NO_FOLLOW_ON_RAISE)
		}
	od
}
#endif

/* KVPCI_TRIGGER, and for function 0 KVPCI_TRIGGER_LOWER before the guest does it. */
proctype device(bit f; byte left)
{

	do
	:: left > 0 ->
		left--;
		set_level(f, 1);
#if !ACK
		if
		:: f == 0 -> set_level(f, 0)
		:: skip
		fi
#endif
	:: else -> break
	od
}

#if RESET
proctype reset()
{
	if
	:: d_step {
		level[0] = 0;
		disabled[0] = 0;
		signalled[0] = 0;
		owed = owed && !BROKEN(RESET_TELLS_NOBODY);
		follow(0, NO_FOLLOW_ON_LOWER)
	}
	:: d_step { level[0] = 0; follow(0, NO_FOLLOW_ON_LOWER) }
	fi
}
#endif

#if ROUTES
/* A new irqfd takes the place of the one that was, and KVPCI_SET_ROUTE tells it. */
inline set_route(new)
{
	irqfd[0] = new;
	d_step {
		route[0] = new;
		signalled[0] = signalled[0] && BROKEN(ROUTE_KEEPS_SIGNALLED);
		follow(0, NO_FOLLOW_ON_ROUTE)
	}
}

proctype launcher()
{
	set_route(1);
	set_route(2)
}
#endif

init {
	atomic {
		route[1] = 1;
		irqfd[1] = 1;
#if ROUTES
		run launcher();
#else
		route[0] = 1;
		irqfd[0] = 1;
#endif
		run evaluate(0);
		run evaluate(1);
		run acknowledged(0);
		run acknowledged(1);
		run inject(0);
		run inject(1);
		run vcpu();
#if ACK
		run device_0();
		run unmask();
		run raised();
#else
		run device(0, RAISES);
#endif
#if RESET
		run reset();
#endif
		run device(1, 1)
	}

	/* All have come to rest. */
	timeout;
	lost = level[0] || level[1] || source || line || interrupt || in_service;
	assert(!lost)
}
