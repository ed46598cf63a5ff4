/* SPDX-License-Identifier: GPL-2.0 */
/* A file that the user names, read into memory. */
#ifndef FILE_H
#define FILE_H

#include <linux/types.h>
#include <stddef.h>

struct unpack;

struct file {
	const char *path;
	__u8 *data;
	size_t size;
	size_t left;	/* how much of it is not in @data, but yet to be read, by @fd or @unpack */
	int fd;
	struct unpack *unpack;	/* it is packed in another, see unpack.h; NULL: it is not */
};

/* Read the file at @path. @what is its role, for messages: "kernel". */
int file_read(struct file *file, const char *path, const char *what);

/* The same, but of a file that is longer read @most bytes, and leave the rest to file_copy(). */
int file_read_head(struct file *file, const char *path, const char *what, size_t most);

/* Copy @size bytes at @offset, which the file has had, whether they have been read or not. */
int file_copy(const struct file *file, void *to, size_t offset, size_t size);

void file_free(struct file *file);

#endif /* FILE_H */
