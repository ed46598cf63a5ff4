// SPDX-License-Identifier: GPL-2.0
/*
 * A host bridge without a virtual machine: what ioctl/host.c makes, with as much of it as states
 * are about.
 */
#include <stdlib.h>

#include <linux/anon_inodes.h>
#include <linux/err.h>

#include "host.h"
#include "ioctl/function.h"
#include "ioctl/state.h"
#include "pci/function.h"
#include "pci/host.h"

#define MAP_BITS	4

static struct kvm kvm;

static long host_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kvpci_host *host = file->private_data;

	switch (cmd) {
	case KVPCI_CREATE_FUNCTION:
		return kvpci_create_function_ioctl(host, (void *)arg);
	case KVPCI_GET_STATE:
		return kvpci_get_host_state_ioctl(host, (void *)arg);
	case KVPCI_SET_STATE:
		return kvpci_set_host_state_ioctl(host, (void *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations host_fops = { .unlocked_ioctl = host_ioctl };

/* Return: its descriptor */
int fuzz_host_new(void)
{
	const struct kvpci_function_config bridge = {
		.vendor = 0x1b36,
		.class_code = 0x060000,
	};
	struct kvpci_host *host = calloc(1, sizeof(*host));

	if (!host || kvpci_map_init(&host->memory, MAP_BITS) ||
	    kvpci_map_init(&host->ports, MAP_BITS))
		abort();
	INIT_LIST_HEAD(&host->mirrors);
	INIT_LIST_HEAD(&host->all);
	INIT_LIST_HEAD(&host->listeners);
	host->kvm = &kvm;
	host->last_bus = 255;
	host->direct = true;

	mutex_lock(&host->lock);
	host->bridge = kvpci_function_create(host, NULL, &bridge);
	if (IS_ERR(host->bridge) || kvpci_function_plug(host->bridge))
		abort();
	mutex_unlock(&host->lock);
	return anon_inode_getfd("host", &host_fops, host, 0);
}
