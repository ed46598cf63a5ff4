/* SPDX-License-Identifier: GPL-2.0 */
/*
 * MSI with a guest that enables fewer vectors than there are: one instead of two, and two
 * again. Vector 0 then takes the place of both, of what is pending too. What one vector does
 * apart from that is in vector.pml; as there, a d_step is one hold of the lock.
 */
#include "mutations.h"

#ifndef TRIGGERS
#define TRIGGERS	2		/* of each vector */
#endif
#ifndef WRITES
#define WRITES	3
#endif

/* Guarded by the lock. */
bit is_enabled = 1;
bit both = 1;			/* vectors are enabled, not vector 0 alone */
bit masked[2];
bit pending[2];

/* What is observed. */
bit owed[2];			/* the source's trigger has not been sent */
bit moved;			/* source 1's is pending as vector 0 */
bit sees_disable, sees_one;
bit sees_mask[2];

/* The properties: none of these ever comes about. */
bit forbidden;			/* a message while the guest's completed writes forbid it */
bit lost;			/* a trigger without a message */

#define PLACE(n)	(both && n)
#define READY(n)	(is_enabled && !masked[n] && (both || n == 0))

inline send(n)
{
	forbidden = sees_disable || sees_mask[n] || (sees_one && n != 0);
	assert(!forbidden);
	owed[n] = 0;
	if
	:: n == 0 -> owed[1] = owed[1] && !moved; moved = 0
	:: else
	fi
}

inline flush(n)
{
	if
	:: pending[n] && READY(n) -> pending[n] = 0; send(n)
	:: else
	fi
}

/* vpci_msi_trigger() */
proctype source(bit v)
{
	byte left = TRIGGERS;
	bit n;

	do
	:: left > 0 ->
		left--;
		owed[v] = 1;
#if MUTATION == COUNT_UNLOCKED
		n = PLACE(v);
#endif
		d_step {
#if MUTATION != COUNT_UNLOCKED
			n = PLACE(v);
#endif
			moved = moved || n != v;
			if
			:: READY(n) -> send(n)
			:: else -> pending[n] = 1
			fi;
			n = 0
		}
	:: else -> break
	od
}

/* A write to the capability: vpci_msi_follow(), then vpci_vectors_flush(). */
inline config_write(register, value, sees, forbids)
{
	d_step {
		register = value;
		sees = sees && value == forbids;
		if
		:: !both && pending[1] && !BROKEN(NO_FOLD) ->
			pending[1] = 0;
			pending[0] = !BROKEN(FOLD_DROPS);
			moved = 1
		:: else
		fi
	}
	d_step {
		if
		:: !BROKEN(NO_FLUSH_OF_MSI) ->
			flush(0);
			flush(1)
		:: else
		fi
	}
	sees = value == forbids
}

proctype vcpu()
{
	byte left = WRITES;

	do
	:: left > 0 ->
		left--;
		if
		:: both -> config_write(both, 0, sees_one, 0)
		:: !both -> config_write(both, 1, sees_one, 0)
		:: !masked[0] -> config_write(masked[0], 1, sees_mask[0], 1)
		:: masked[0] -> config_write(masked[0], 0, sees_mask[0], 1)
		:: !masked[1] -> config_write(masked[1], 1, sees_mask[1], 1)
		:: masked[1] -> config_write(masked[1], 0, sees_mask[1], 1)
		:: is_enabled -> config_write(is_enabled, 0, sees_disable, 0)
		:: !is_enabled -> config_write(is_enabled, 1, sees_disable, 0)
		fi
	:: else -> break
	od;
	do
	:: masked[0] -> config_write(masked[0], 0, sees_mask[0], 1)
	:: masked[1] -> config_write(masked[1], 0, sees_mask[1], 1)
	:: !is_enabled -> config_write(is_enabled, 1, sees_disable, 0)
	:: !masked[0] && !masked[1] && is_enabled -> break
	od
}

init {
	atomic {
		run source(0);
		run source(1);
		run vcpu()
	}

	/* All have come to rest. */
	timeout;
	lost = owed[0] || owed[1] || pending[0] || pending[1];
	assert(!lost)
}
