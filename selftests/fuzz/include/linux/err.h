/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tools/include's, which needs errno values of a header that it does not find.
 */
#ifndef _FUZZ_ERR_H
#define _FUZZ_ERR_H

#include <errno.h>

#include_next <linux/err.h>

#endif /* _FUZZ_ERR_H */
