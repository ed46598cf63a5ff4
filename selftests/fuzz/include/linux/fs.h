/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files, as far as descriptors need them: see descriptors.c.
 */
#ifndef _FUZZ_FS_H
#define _FUZZ_FS_H

#include <stddef.h>

struct file;
struct inode;
struct seq_file;

struct file_operations {
	void *owner;
	int (*release)(struct inode *inode, struct file *file);
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	long (*compat_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	void (*show_fdinfo)(struct seq_file *m, struct file *file);
	long long (*llseek)(struct file *file, long long offset, int whence);
};

struct file {
	const struct file_operations *f_op;
	void *private_data;
};

#define THIS_MODULE	NULL
#define noop_llseek	NULL
#define compat_ptr_ioctl	NULL

#endif /* _FUZZ_FS_H */
