/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors.
 */
#ifndef _FUZZ_ANON_INODES_H
#define _FUZZ_ANON_INODES_H

#include <fcntl.h>

#include <linux/fs.h>

int anon_inode_getfd(const char *name, const struct file_operations *fops, void *private_data,
		     int flags);

#endif /* _FUZZ_ANON_INODES_H */
