// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is not there until the test says so, by userfaultfd: whoever reads it, in the
 * kernel or not, waits for that.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "die.h"
#include "missing.h"

/**
 * missing_begin() - take a page away
 * @missing: what says so
 * @page: of anonymous memory; its contents are lost
 */
void missing_begin(struct missing *missing, void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (unsigned long)page, MISSING_SIZE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	missing->page = page;
	/* It is read to see if it has something to say. */
	missing->fd = must(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	must(ioctl(missing->fd, UFFDIO_API, &api));
	must(madvise(page, MISSING_SIZE, MADV_DONTNEED));
	must(ioctl(missing->fd, UFFDIO_REGISTER, &range));
}

/**
 * missing_is_wanted() - does somebody wait for the page who has not been told of?
 * @missing: the page
 */
bool missing_is_wanted(const struct missing *missing)
{
	struct uffd_msg msg;

	return read(missing->fd, &msg, sizeof(msg)) == sizeof(msg);
}

/**
 * missing_fill() - give the page to those who wait
 * @missing: the page
 * @first: its first byte; the others are zero
 */
void missing_fill(const struct missing *missing, unsigned char first)
{
	static unsigned char contents[MISSING_SIZE] __attribute__((aligned(MISSING_SIZE)));
	struct uffdio_copy copy = {
		.dst = (unsigned long)missing->page,
		.src = (unsigned long)contents,
		.len = MISSING_SIZE,
	};

	contents[0] = first;
	must(ioctl(missing->fd, UFFDIO_COPY, &copy));
}

/**
 * missing_end() - let the page be one like others
 * @missing: the page
 */
void missing_end(struct missing *missing)
{
	close(missing->fd);
}
