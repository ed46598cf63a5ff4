// SPDX-License-Identifier: GPL-2.0
/*
 * KVPCI_GET_MIRROR and KVPCI_SET_MIRROR: check what the caller says; the rest is
 * backing/mirror.c's.
 */
#include <linux/mutex.h>

#include "backing/mirror.h"
#include "ioctl/mirror.h"
#include "ioctl/uarg.h"
#include "pci/host.h"

/**
 * kvpci_get_mirror_ioctl() - KVPCI_GET_MIRROR
 * @host: the host bridge
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_get_mirror_ioctl(struct kvpci_host *host, struct kvpci_mirror __user *arg)
{
	struct kvpci_mirror mirror;
	int ret;

	ret = kvpci_uarg_get(&mirror, sizeof(mirror), KVPCI_MIRROR_SIZE_VER0, arg);
	if (ret)
		return ret;
	if (mirror.flags || mirror.offset || mirror.length || mirror.address ||
	    mirror.sequence || mirror.user_data || mirror.place || mirror.bar || mirror.pad)
		return -EINVAL;

	mutex_lock(&host->lock);
	ret = kvpci_mirror_get(host, &mirror);
	mutex_unlock(&host->lock);
	if (ret)
		return ret;

	return kvpci_uarg_put(arg, &mirror, sizeof(mirror), mirror.size);
}

/**
 * kvpci_set_mirror_ioctl() - KVPCI_SET_MIRROR
 * @host: the host bridge
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_set_mirror_ioctl(struct kvpci_host *host,
			   const struct kvpci_mirror __user *arg)
{
	struct kvpci_mirror mirror;
	int ret;

	ret = kvpci_uarg_get(&mirror, sizeof(mirror), KVPCI_MIRROR_SIZE_VER0, arg);
	if (ret)
		return ret;
	if (mirror.flags || mirror.length || mirror.address || mirror.user_data ||
	    mirror.place || mirror.bar || mirror.pad)
		return -EINVAL;

	return kvpci_mirror_set(host, &mirror);
}
