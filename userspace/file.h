/* SPDX-License-Identifier: GPL-2.0 */
/* A file that the user names, read into memory. */
#ifndef FILE_H
#define FILE_H

#include <linux/types.h>
#include <stddef.h>

struct file {
	const char *path;
	__u8 *data;
	size_t size;
};

/* Read the file at @path. @what is its role, for messages: "kernel". */
int file_read(struct file *file, const char *path, const char *what);

void file_free(struct file *file);

#endif /* FILE_H */
