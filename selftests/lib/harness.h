/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kselftest's harness, more patient: a test that hangs is ended, and one is not taken for
 * that because the machine is slow, or busy with other things.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <kselftest_harness.h>

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	600	/* seconds */

#endif /* HARNESS_H */
