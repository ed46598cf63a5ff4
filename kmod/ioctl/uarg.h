/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments from userspace: a structure that starts with its size.
 */
#ifndef _KVPCI_UARG_H
#define _KVPCI_UARG_H

#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

/**
 * kvpci_uarg_get() - copy a structure from the caller
 * @to: where to put it
 * @known: its size as the kernel knows it; what the caller does not have is zero
 * @least: its size in the first version of the uapi
 * @user: the caller's
 *
 * Return: 0, -EINVAL, -E2BIG or -EFAULT, as the uapi says
 */
static inline int kvpci_uarg_get(void *to, size_t known, size_t least,
				 const void __user *user)
{
	u32 size;

	if (get_user(size, (const u32 __user *)user))
		return -EFAULT;
	if (size < least)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;

	return copy_struct_from_user(to, known, user, size);
}

/**
 * kvpci_uarg_put() - give a structure back to the caller
 * @user: the caller's
 * @from: what kvpci_uarg_get() copied, completed
 * @known: its size as the kernel knows it
 * @size: its size as the caller knows it
 *
 * Return: 0 or -EFAULT
 */
static inline int kvpci_uarg_put(void __user *user, const void *from, size_t known, u32 size)
{
	return copy_to_user(user, from, min_t(size_t, known, size)) ? -EFAULT : 0;
}

/**
 * kvpci_uarg_eventfd() - take an eventfd of the caller
 * @eventfd: where to put it
 * @fd: its descriptor
 *
 * Return: 0, -EBADF or -EINVAL, as the uapi says
 */
static inline int kvpci_uarg_eventfd(struct eventfd_ctx **eventfd, int fd)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fdget(fd);

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	*eventfd = ctx;
	return 0;
}

/**
 * kvpci_uarg_bytes() - copy an array of bytes from the caller
 * @user: its address, 0 if there is none
 * @len: bytes
 *
 * Return: a copy for kvpci_uarg_free(), NULL if @user is 0, or an ERR_PTR
 */
static inline u8 *kvpci_uarg_bytes(u64 user, size_t len)
{
	u8 *bytes;

	if (!user)
		return NULL;

	bytes = kvmalloc(len, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!bytes)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(bytes, u64_to_user_ptr(user), len)) {
		kvfree(bytes);
		return ERR_PTR(-EFAULT);
	}
	return bytes;
}

/* Free what kvpci_uarg_bytes() returned, whatever it was. */
static inline void kvpci_uarg_free(u8 *bytes)
{
	if (!IS_ERR(bytes))
		kvfree(bytes);
}

#endif /* _KVPCI_UARG_H */
