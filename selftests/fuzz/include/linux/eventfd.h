/* SPDX-License-Identifier: GPL-2.0 */
/*
 * There are no eventfds: nobody binds one.
 */
#ifndef _FUZZ_EVENTFD_H
#define _FUZZ_EVENTFD_H

#include <linux/err.h>

struct eventfd_ctx;
struct file;

static inline struct eventfd_ctx *eventfd_ctx_fdget(int fd)
{
	return ERR_PTR(-EBADF);
}

static inline struct eventfd_ctx *eventfd_ctx_fileget(struct file *file)
{
	return ERR_PTR(-EINVAL);
}

static inline struct file *eventfd_fget(int fd)
{
	return ERR_PTR(-EBADF);
}

static inline void eventfd_ctx_put(struct eventfd_ctx *ctx)
{
}

#endif /* _FUZZ_EVENTFD_H */
