/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A change that concerns all vectors of a function: kvpci_vectors_flush() sends what has
 * become ready, a batch at a time, and drops the lock in between. The message of one vector
 * is to many vCPUs, which a trigger leaves to a work item that flushes too. Here it is sent
 * within the hold, and a mask's flush is one with the write; vector.pml has them apart.
 *
 * One vCPU writes the function mask, another one bus master enable and the vectors' own
 * masks, and triggers come meanwhile. Three vectors in two words of pending bits, and
 * batches of one, are enough for everything to come between two batches. As in
 * vector.pml, a d_step is one hold of the lock, and what loops in real life has a budget.
 */
#include "mutations.h"

#define VECTORS		3
#define WORD(n)		((n) / 2)
#define BATCH		1
#define TO_MANY		1

#ifndef TRIGGERS
#define TRIGGERS	4
#endif
#ifndef WRITES
#define WRITES		3
#endif

/* Guarded by the lock. */
bit function_mask, bus_master = 1;
bit is_enabled = 1;		/* what follows from those */
bit masked[VECTORS];
bit pending[VECTORS];
bit words[2];			/* which words have a pending bit */
bit queued;			/* the work item */

/* What is observed. */
byte triggers[VECTORS];		/* not yet delivered */
bit owed[VECTORS];		/* no delivery since */
bit sees_function_mask, sees_no_master;
bit sees_mask[VECTORS];
byte others = 2;

/* The properties: none of these ever comes about. */
bit invented;			/* a delivery without a trigger */
bit forbidden;			/* one while the guest's completed writes forbid it */
bit unbounded;			/* a hold of the lock that sends more than a batch */
bit endless;			/* a flush of more holds than there are vectors */
bit lost;			/* a trigger without a delivery */

#define READY(n)	(is_enabled && !masked[n])
#if MUTATION == FLUSH_OLD_LIST
#define IS_LISTED(n)	old[n]
#else
#define IS_LISTED(n)	pending[n]
#endif

inline send(n)
{
	invented = !triggers[n];
	assert(!invented);
	forbidden = sees_function_mask || sees_no_master || sees_mask[n];
	assert(!forbidden);
	triggers[n]--;
	owed[n] = 0
}

inline clear_pending(n)
{
	pending[n] = 0;
	words[WORD(n)] = (WORD(n) == 0 && (pending[0] || pending[1])) && !BROKEN(CLEAR_WORD)
}

/* One vector in flush_some(). */
inline flush_one(n)
{
	if
	:: next == VECTORS && (n >= from || BROKEN(FLUSH_AGAIN)) && words[WORD(n)] &&
	   IS_LISTED(n) &&
	   (READY(n) || (BROKEN(FLUSH_WITHOUT_ENABLE) && !masked[n]) ||
	    (BROKEN(FLUSH_WITHOUT_MASK) && is_enabled)) ->
		if
		:: sent == BATCH && !BROKEN(FLUSH_ALL) -> next = n
		:: else ->
			sent++;
			unbounded = sent > BATCH;
			assert(!unbounded);
			clear_pending(n);
			send(n);
			if
			:: n == TO_MANY && BROKEN(FLUSH_AGAIN) -> next = 0
			:: n == TO_MANY && !BROKEN(FLUSH_AGAIN) -> next = n + 1
			:: else
			fi
		fi
	:: else
	fi
}

/* kvpci_vectors_flush() */
inline flush()
{
#if MUTATION == FLUSH_OLD_LIST
	d_step { old[0] = pending[0]; old[1] = pending[1]; old[2] = pending[2] }
#endif
	do
	:: next < VECTORS ->
		d_step {
			holds++;
			endless = holds > VECTORS;
			assert(!endless);
			from = next;
			next = VECTORS;
			if
			:: is_enabled || BROKEN(FLUSH_WITHOUT_ENABLE) ->
				flush_one(0);
				flush_one(1);
				flush_one(2)
			:: else
			fi;
			sent = 0;
			from = 0;
			next = (BROKEN(ONE_BATCH) -> VECTORS : next)
		}
	:: else -> break
	od;
	next = 0;
	holds = 0
}

/* A write to configuration space, and the flush that follows it. */
inline config_write(register, value, forbids, sees)
{
	d_step {
		register = value;
		is_enabled = !function_mask && bus_master;
		sees = sees && value == forbids
	}
	flush();
	sees = value == forbids
}

active proctype vcpu_0()
{
	byte left = WRITES;
	byte from, next, sent, holds;
#if MUTATION == FLUSH_OLD_LIST
	bit old[VECTORS];
#endif

	do
	:: left > 0 ->
		left--;
		if
		:: !function_mask -> config_write(function_mask, 1, 1, sees_function_mask)
		:: function_mask -> config_write(function_mask, 0, 1, sees_function_mask)
		fi
	:: else -> break
	od;

	others == 0;
	if
	:: function_mask -> config_write(function_mask, 0, 1, sees_function_mask)
	:: else
	fi
}

inline mask(n, value)
{
	d_step {
		masked[n] = value;
		sees_mask[n] = sees_mask[n] && value;
		if
		:: pending[n] && READY(n) -> clear_pending(n); send(n)
		:: else
		fi
	}
	sees_mask[n] = value
}

active proctype vcpu_1()
{
	byte left = WRITES;
	byte from, next, sent, holds;
#if MUTATION == FLUSH_OLD_LIST
	bit old[VECTORS];
#endif

	do
	:: left > 0 ->
		left--;
		if
		:: !masked[0] -> mask(0, 1)
		:: masked[0] -> mask(0, 0)
		:: !masked[2] -> mask(2, 1)
		:: masked[2] -> mask(2, 0)
		:: bus_master -> config_write(bus_master, 0, 0, sees_no_master)
		:: !bus_master -> config_write(bus_master, 1, 0, sees_no_master)
		fi
	:: else -> break
	od;
	if
	:: masked[0] -> mask(0, 0)
	:: else
	fi;
	if
	:: masked[2] -> mask(2, 0)
	:: else
	fi;
	if
	:: !bus_master -> config_write(bus_master, 1, 0, sees_no_master)
	:: else
	fi;
	others--
}

inline trigger(n)
{
	owed[n] = 1;
	d_step {
		triggers[n]++;
		if
		:: READY(n) && n != TO_MANY -> send(n)
		:: else ->
			queued = queued || READY(n);
			pending[n] = 1;
			words[WORD(n)] = 1
		fi
	}
}

active proctype device()
{
	byte left = TRIGGERS;

	do
	:: left > 0 ->
		left--;
		if
		:: trigger(0)
		:: trigger(1)
		:: trigger(2)
		fi
	:: else -> break
	od;
	others--
}

/* vectors_work() */
active proctype work()
{
	byte from, next, sent, holds;
#if MUTATION == FLUSH_OLD_LIST
	bit old[VECTORS];
#endif

end:	do
	:: queued -> queued = 0; flush()
	od
}

/* All have come to rest. */
active proctype rest()
{
	timeout;
	lost = owed[0] || owed[1] || owed[2] ||
	       pending[0] || pending[1] || pending[2] || !is_enabled;
	assert(!lost)
}
