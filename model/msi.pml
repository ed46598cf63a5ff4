/* SPDX-License-Identifier: GPL-2.0 */
/*
 * MSI with a guest that enables fewer vectors than there are: one instead of two, and two
 * again. Vector 0 then takes the place of both, of what is pending too, until that is sent or
 * withdrawn. What one vector does apart from that is in vector.pml; as there, a d_step is one
 * hold of the lock.
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
bit pending[2];			/* by place */
bit triggered[2];		/* by vector */

/* What is observed. */
bit owed[2];			/* the source's trigger was held, and not withdrawn since */
bit sees_disable, sees_one;
bit sees_mask[2];

/* The properties: none of these ever comes about. */
bit forbidden;			/* a message while the guest's completed writes forbid it */
bit invented;			/* a message for what has been sent or withdrawn */
bit lost;			/* a trigger without a message */

#define PLACE(n)	(both && n)
#define READY(n)	(is_enabled && !masked[n] && (both || n == 0))

#define HAS_PLACE(n, at)	(PLACE(n) == at)

inline send(n)
{
	forbidden = sees_disable || sees_mask[n] || (sees_one && n != 0);
	assert(!forbidden)
}

inline flush(n)
{
	if
	:: pending[n] && READY(n) ->
		pending[n] = 0;
		triggered[0] = triggered[0] && !HAS_PLACE(0, n);
		triggered[1] = triggered[1] && !HAS_PLACE(1, n);
		send(n);
		invented = !(owed[0] && HAS_PLACE(0, n)) && !(owed[1] && HAS_PLACE(1, n));
		assert(!invented);
		owed[0] = owed[0] && !HAS_PLACE(0, n);
		owed[1] = owed[1] && !HAS_PLACE(1, n)
	:: else
	fi
}

/* kvpci_vector_trigger() and kvpci_vector_withdraw() */
proctype source(bit v)
{
	byte left = TRIGGERS;
	bit n;

	do
	:: left > 0 ->
		left--;
#if MUTATION == COUNT_UNLOCKED
		n = PLACE(v);
#endif
		d_step {
#if MUTATION != COUNT_UNLOCKED
			n = PLACE(v);
#endif
			if
			:: READY(n) -> send(n)
			:: else -> owed[v] = 1; triggered[v] = 1; pending[n] = 1
			fi;
			n = 0
		}
	:: owed[v] ->
		d_step {
			owed[v] = 0;
			triggered[v] = 0;
			n = PLACE(v);
			if
			:: BROKEN(WITHDRAW_ALL) ||
			   (!(triggered[0] && HAS_PLACE(0, n)) &&
			    !(triggered[1] && HAS_PLACE(1, n))) -> pending[n] = 0
			:: else
			fi;
			n = 0
		}
	:: left == 0 -> break
	od
}

/* A write to the capability: msi_write(), then kvpci_vectors_flush(). */
inline config_write(register, value, sees, forbids)
{
	d_step {
		register = value;
		sees = sees && value == forbids;
		if
		:: BROKEN(NO_FOLD) || (both && BROKEN(STAYS_FOLDED))
		:: else ->
			pending[0] = triggered[0] ||
				     (triggered[1] && !both && !BROKEN(FOLD_DROPS));
			pending[1] = triggered[1] && both
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
