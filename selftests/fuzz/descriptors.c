// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of host bridges and functions, for the ioctls of the module that are compiled here:
 * numbers of a table.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/anon_inodes.h>
#include <linux/file.h>

#include "descriptors.h"

#define MAX_FILES	32

static struct file files[MAX_FILES];
static int nr_files;

int anon_inode_getfd(const char *name, const struct file_operations *fops, void *private_data,
		     int flags)
{
	if (nr_files == MAX_FILES)
		return -EMFILE;
	files[nr_files] = (struct file) { .f_op = fops, .private_data = private_data };
	return nr_files++;
}

struct file *fget(int fd)
{
	return fd >= 0 && fd < nr_files ? &files[fd] : NULL;
}

/* What lib/ioctls.c takes for ioctl(). */
int fuzz_ioctl(int fd, unsigned long cmd, void *arg)
{
	struct file *file = fget(fd);
	long ret = file ? file->f_op->unlocked_ioctl(file, cmd, (unsigned long)arg) : -EBADF;

	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}
