/* SPDX-License-Identifier: GPL-2.0 */
/* A file that is packed in another, unpacked as it is read. */
#ifndef UNPACK_H
#define UNPACK_H

#include <stddef.h>

#include "file.h"

struct unpack;

/**
 * unpack_open() - unpack the first bytes of a kernel that is packed in a file
 * @kernel: is filled in. It can be read but once, from its beginning to its end: file_copy() must
 *	be told greater offsets each time. End with file_free(), unless this fails
 * @outer: the file that it is packed in, and has the path of
 * @offset: where it begins there
 * @packed: how many bytes it has there, all of which are in the file
 * @size: how many it has when it is unpacked, as it is said to
 * @head: how many of these are to be at hand
 *
 * Return: a status.
 */
int unpack_open(struct file *kernel, const struct file *outer, size_t offset, size_t packed,
		size_t size, size_t head);

/* For file_copy(). */
int unpack_copy(const struct file *kernel, void *to, size_t offset, size_t size);

/* Unpack what has not been read, and see that all is whole and as large as was said. */
int unpack_finish(const struct file *kernel);

/* For file_free(). */
void unpack_close(struct unpack *unpack);

#endif /* UNPACK_H */
