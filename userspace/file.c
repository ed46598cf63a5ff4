// SPDX-License-Identifier: GPL-2.0
/*
 * A file that the user names, read into memory.
 *
 * It is read and not mapped: a mapped file that somebody truncates later takes the
 * process down with SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "report.h"

static int read_whole(struct file *file, int fd, const char *what)
{
	struct stat st;
	size_t done;
	ssize_t n;

	if (fstat(fd, &st))
		return fail("cannot read the %s %s: %s", what, file->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail("the %s %s is not a regular file, name another", what, file->path);
	if (!st.st_size)
		return fail("the %s %s is empty, name another", what, file->path);

	file->data = malloc(st.st_size);
	if (!file->data)
		return fail("the %s %s is too large for this machine's memory", what, file->path);

	for (done = 0; done < (size_t)st.st_size; done += n) {
		n = read(fd, file->data + done, st.st_size - done);
		if (n < 0)
			return fail("cannot read the %s %s: %s", what, file->path, strerror(errno));
		if (!n)
			break;
	}
	file->size = done;
	return STATUS_OK;
}

int file_read(struct file *file, const char *path, const char *what)
{
	int status;
	int fd;

	*file = (struct file){ .path = path };
	/* What is no file is refused, and not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail("cannot open the %s %s: %s", what, path, strerror(errno));
	status = read_whole(file, fd, what);
	close(fd);
	if (status)
		file_free(file);
	return status;
}

void file_free(struct file *file)
{
	free(file->data);
	file->data = NULL;
	file->size = 0;
}
