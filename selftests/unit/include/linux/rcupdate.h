/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's header of that name, as far as it is needed: nothing goes away here. */
#ifndef _UNIT_RCUPDATE_H
#define _UNIT_RCUPDATE_H

#define rcu_dereference_raw(p)		__atomic_load_n(&(p), __ATOMIC_ACQUIRE)
/* For those who read it so. */
#define smp_store_release(p, value)	__atomic_store_n(p, value, __ATOMIC_RELEASE)

#endif /* _UNIT_RCUPDATE_H */
