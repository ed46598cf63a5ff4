// SPDX-License-Identifier: GPL-2.0
/*
 * kvpci: PCI for KVM guests, emulated in the kernel.
 *
 * This file is the module and /dev/kvpci. Documentation/architecture.rst is the place
 * to start reading, uapi/linux/kvpci.h what a user needs.
 */
#include <linux/fs.h>
#include <linux/kvpci.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "backing/mirror.h"
#include "ioctl/host.h"
#include "kvm/kvm.h"

/* The first version of each structure, on 64-bit and 32-bit callers alike. */
static_assert(sizeof(struct kvpci_host_config) == KVPCI_HOST_CONFIG_SIZE_VER0);
static_assert(sizeof(struct kvpci_capability) == KVPCI_CAPABILITY_SIZE_VER0);
static_assert(sizeof(struct kvpci_function_config) ==
	      KVPCI_FUNCTION_CONFIG_SIZE_VER0);
static_assert(sizeof(struct kvpci_range_config) == KVPCI_RANGE_CONFIG_SIZE_VER0);
static_assert(sizeof(struct kvpci_registers_config) == KVPCI_REGISTERS_CONFIG_SIZE_VER0);
static_assert(sizeof(struct kvpci_banks_config) == KVPCI_BANKS_CONFIG_SIZE_VER0);
static_assert(sizeof(struct kvpci_virtio_config) == KVPCI_VIRTIO_CONFIG_SIZE_VER0);
static_assert(sizeof(struct kvpci_virtio_queue) == KVPCI_VIRTIO_QUEUE_SIZE_VER0);
static_assert(sizeof(struct kvpci_doorbell) == KVPCI_DOORBELL_SIZE_VER0);
static_assert(sizeof(struct kvpci_access) == KVPCI_ACCESS_SIZE_VER0);
static_assert(sizeof(struct kvpci_exit) == KVPCI_EXIT_SIZE_VER0);
static_assert(sizeof(struct kvpci_msix) == KVPCI_MSIX_SIZE_VER0);
static_assert(sizeof(struct kvpci_msi) == KVPCI_MSI_SIZE_VER0);
static_assert(sizeof(struct kvpci_binding) == KVPCI_BINDING_SIZE_VER0);
static_assert(sizeof(struct kvpci_trigger) == KVPCI_TRIGGER_SIZE_VER0);
static_assert(sizeof(struct kvpci_route) == KVPCI_ROUTE_SIZE_VER0);
static_assert(sizeof(struct kvpci_mirror) == KVPCI_MIRROR_SIZE_VER0);
static_assert(sizeof(struct kvpci_state) == KVPCI_STATE_SIZE_VER0);
/* Those in state can't grow, but for another version. */
static_assert(sizeof(struct kvpci_state_record) == 32);
static_assert(sizeof(struct kvpci_state_host) == 8);
static_assert(sizeof(struct kvpci_state_bars) == 56);
static_assert(sizeof(struct kvpci_state_intx) == 8);
static_assert(sizeof(struct kvpci_state_msi) == 8);
static_assert(sizeof(struct kvpci_state_banks) == 8);
static_assert(sizeof(struct kvpci_state_virtio) == 32);
static_assert(sizeof(struct kvpci_state_virtio_queue) == 32);

static long kvpci_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case KVPCI_CREATE_HOST:
		return kvpci_create_host_ioctl((void __user *)arg);
	case KVPCI_GET_VERSION:
		return arg ? -EINVAL : KVPCI_VERSION;
	case KVPCI_GET_DELIVERY:
		if (arg)
			return -EINVAL;
		return kvpci_kvm_sends_directly() ? KVPCI_DELIVERY_DIRECT :
						    KVPCI_DELIVERY_IRQFD;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations kvpci_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = kvpci_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice kvpci_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kvpci",
	.fops = &kvpci_fops,
};

static int __init kvpci_init(void)
{
	int ret;

	ret = kvpci_kvm_init();
	if (ret)
		return ret;
	ret = kvpci_mirrors_init();
	if (ret)
		goto err_kvm;
	ret = misc_register(&kvpci_device);
	if (ret)
		goto err_mirrors;
	return 0;

err_mirrors:
	kvpci_mirrors_exit();
err_kvm:
	kvpci_kvm_exit();
	return ret;
}
module_init(kvpci_init);

static void __exit kvpci_exit(void)
{
	misc_deregister(&kvpci_device);
	kvpci_mirrors_exit();
	kvpci_kvm_exit();
}
module_exit(kvpci_exit);

MODULE_DESCRIPTION("PCI for KVM guests, emulated in the kernel");
MODULE_LICENSE("GPL");
