/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files by their descriptors.
 */
#ifndef _FUZZ_FILE_H
#define _FUZZ_FILE_H

#include <linux/fs.h>

struct file *fget(int fd);

static inline void fput(struct file *file)
{
}

#endif /* _FUZZ_FILE_H */
