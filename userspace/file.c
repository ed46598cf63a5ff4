// SPDX-License-Identifier: GPL-2.0
/*
 * A file that the user names, read into memory. What is long and goes into the guest's memory is
 * read to where it is to be there: to read it to elsewhere first would be to copy it twice.
 *
 * It is read and not mapped: a mapped file that somebody truncates later takes the
 * process down with SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "report.h"
#include "unpack.h"

/* Read up to @size bytes at @offset; fewer are the end of the file. */
static int read_at(const struct file *file, __u8 *to, size_t offset, size_t size, size_t *done)
{
	ssize_t n;

	for (*done = 0; *done < size; *done += n) {
		n = pread(file->fd, to + *done, size - *done, offset + *done);
		if (n < 0)
			return fail("cannot read %s: %s", file->path, strerror(errno));
		if (!n)
			break;
	}
	return STATUS_OK;
}

static int read_head(struct file *file, const char *what, size_t most)
{
	struct stat st;
	size_t size;
	int status;

	if (fstat(file->fd, &st))
		return fail("cannot read the %s %s: %s", what, file->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail("the %s %s is not a regular file, name another", what, file->path);
	if (!st.st_size)
		return fail("the %s %s is empty, name another", what, file->path);

	size = (size_t)st.st_size < most ? (size_t)st.st_size : most;
	file->data = malloc(size);
	if (!file->data)
		return fail("the %s %s is too large for this machine's memory", what, file->path);

	status = read_at(file, file->data, 0, size, &file->size);
	/* It may have become shorter meanwhile. */
	if (!status && file->size == most) {
		file->left = st.st_size - most;
		file->size = st.st_size;
	}
	return status;
}

int file_read_head(struct file *file, const char *path, const char *what, size_t most)
{
	int status;

	*file = (struct file){ .path = path };
	/* What is no file is refused, and not waited for. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0)
		return fail("cannot open the %s %s: %s", what, path, strerror(errno));
	status = read_head(file, what, most);
	if (status || !file->left)
		close(file->fd);
	if (status) {
		file->left = 0;
		file_free(file);
	}
	return status;
}

int file_read(struct file *file, const char *path, const char *what)
{
	return file_read_head(file, path, what, SIZE_MAX);
}

int file_copy(const struct file *file, void *to, size_t offset, size_t size)
{
	size_t have = file->size - file->left;
	size_t here = 0;
	size_t done;
	int status;

	if (offset < have) {
		here = size < have - offset ? size : have - offset;
		memcpy(to, file->data + offset, here);
	}
	if (here == size)
		return STATUS_OK;
	if (file->unpack)
		return unpack_copy(file, (__u8 *)to + here, offset + here, size - here);
	status = read_at(file, (__u8 *)to + here, offset + here, size - here, &done);
	if (!status && done != size - here)
		return fail("%s has become shorter while it was read, try again", file->path);
	return status;
}

void file_free(struct file *file)
{
	if (file->unpack)
		unpack_close(file->unpack);
	else if (file->left)
		close(file->fd);
	free(file->data);
	file->unpack = NULL;
	file->data = NULL;
	file->size = 0;
	file->left = 0;
}
