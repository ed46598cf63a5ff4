/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What locks know of themselves: those of programs nothing.
 */
#ifndef _UNIT_LOCKDEP_H
#define _UNIT_LOCKDEP_H

#define lockdep_assert_held(lock)	((void)(lock))

#endif /* _UNIT_LOCKDEP_H */
