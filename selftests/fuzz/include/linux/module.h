/* SPDX-License-Identifier: GPL-2.0 */
/*
 * There is none.
 */
#ifndef _FUZZ_MODULE_H
#define _FUZZ_MODULE_H

#include <linux/fs.h>

#endif /* _FUZZ_MODULE_H */
