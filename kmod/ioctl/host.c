// SPDX-License-Identifier: GPL-2.0
/*
 * KVPCI_CREATE_HOST, and the ioctls of its descriptor: a virtual machine's configuration
 * space and windows.
 *
 * A host bridge claims its guest addresses for good when it is made; what comes and
 * goes behind them never touches KVM's structures. Its own function, first_bus:00.0,
 * is an ordinary one that has no descriptor.
 *
 * Closing the descriptor gives the claims back, after which no callback runs, and lets the
 * virtual machine go. The object itself stays until the last function is closed.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pci_ids.h>
#include <linux/slab.h>

#include "backing/mirror.h"
#include "interrupt/listener.h"
#include "interrupt/worker.h"
#include "ioctl/fdinfo.h"
#include "ioctl/function.h"
#include "ioctl/host.h"
#include "ioctl/inode.h"
#include "ioctl/mirror.h"
#include "ioctl/state.h"
#include "ioctl/uarg.h"
#include "pci/exit.h"
#include "pci/function.h"
#include "pci/host.h"
#include "window/cf8.h"
#include "window/ecam.h"
#include "window/window.h"

#define MEMORY_MAP_BITS		12
#define PORTS_MAP_BITS		8

/* A multiple of @align in base and length, below @limit, or not there at all. */
static bool window_is_valid(const struct kvpci_window *window, u64 align,
			    u64 limit)
{
	if (!window->length)
		return !window->base;

	return IS_ALIGNED(window->base | window->length, align) &&
	       window->length <= limit &&
	       window->base <= limit - window->length;
}

static bool windows_overlap(const struct kvpci_window *a,
			    const struct kvpci_window *b)
{
	return a->length && b->length &&
	       kvpci_overlaps(a->base, a->length, b->base, b->length);
}

/* The range that the bridge's buses have in the ECAM, empty if it has none. */
static struct kvpci_window ecam_range(const struct kvpci_host_config *desc)
{
	struct kvpci_window range = {};
	u32 buses = desc->last_bus - desc->first_bus + 1;

	if (desc->flags & KVPCI_HOST_ECAM) {
		range.base = desc->ecam +
			     ((u64)desc->first_bus << KVPCI_ECAM_BUS_SHIFT);
		range.length = (u64)buses << KVPCI_ECAM_BUS_SHIFT;
	}

	return range;
}

/* Does the bridge have the configuration ports, and in how many ways? */
static int has_ports(const struct kvpci_host_config *desc)
{
	return !!(desc->flags & KVPCI_HOST_CONFIG_PORTS) +
	       !!(desc->flags & KVPCI_HOST_CONFIG_PORTS_ABSENT);
}

/* Which way to deliver is asked for, if any? */
static u32 wanted_delivery(const struct kvpci_host_config *desc)
{
	return desc->flags & (KVPCI_HOST_DIRECT | KVPCI_HOST_IRQFD);
}

static int check_host(const struct kvpci_host_config *desc)
{
	struct kvpci_window ecam;

	if (desc->flags & ~KVPCI_HOST_FLAGS ||
	    memchr_inv(desc->pad, 0, sizeof(desc->pad)))
		return -EINVAL;
	if (!(desc->flags & (KVPCI_HOST_CONFIG_PORTS | KVPCI_HOST_ECAM)))
		return -EINVAL;
	if (has_ports(desc) > 1)
		return -EINVAL;
	if (!(desc->flags & KVPCI_HOST_MIRROR) && desc->mirror_eventfd)
		return -EINVAL;
	if (wanted_delivery(desc) == (KVPCI_HOST_DIRECT | KVPCI_HOST_IRQFD))
		return -EINVAL;
	if (desc->last_bus < desc->first_bus)
		return -EINVAL;
	if (desc->flags & KVPCI_HOST_ECAM ? desc->ecam >= KVPCI_ADDRESS_LIMIT :
					    desc->ecam)
		return -EINVAL;

	ecam = ecam_range(desc);
	if (!window_is_valid(&ecam, BIT(KVPCI_ECAM_BUS_SHIFT), KVPCI_ADDRESS_LIMIT) ||
	    !window_is_valid(&desc->io, 4, SZ_64K) ||
	    !window_is_valid(&desc->mem32, SZ_4K, SZ_4G) ||
	    !window_is_valid(&desc->mem64, SZ_4K, KVPCI_ADDRESS_LIMIT))
		return -EINVAL;

	if (windows_overlap(&ecam, &desc->mem32) ||
	    windows_overlap(&ecam, &desc->mem64) ||
	    windows_overlap(&desc->mem32, &desc->mem64))
		return -EINVAL;
	if (has_ports(desc) && desc->io.length &&
	    kvpci_overlaps(desc->io.base, desc->io.length, KVPCI_CF8_PORT,
			   KVPCI_CF8_LENGTH))
		return -EINVAL;

	return desc->flags & KVPCI_HOST_DIRECT && !kvpci_kvm_sends_directly() ?
	       -EOPNOTSUPP : 0;
}

static void init_claim(struct kvpci_host *host, enum kvpci_claim_index index,
		       const struct kvm_io_device_ops *ops, enum kvm_bus bus,
		       const struct kvpci_window *range)
{
	struct kvpci_claim *claim = &host->claims[index];

	kvm_iodevice_init(&claim->dev, ops);
	claim->host = host;
	claim->bus = bus;
	claim->base = range->base;
	claim->length = range->length;
}

static void init_claims(struct kvpci_host *host,
			const struct kvpci_host_config *desc)
{
	struct kvpci_window config_ports = {};
	struct kvpci_window ecam = ecam_range(desc);

	if (has_ports(desc)) {
		config_ports.base = KVPCI_CF8_PORT;
		config_ports.length = KVPCI_CF8_LENGTH;
	}

	init_claim(host, KVPCI_CLAIM_CONFIG_PORTS,
		   desc->flags & KVPCI_HOST_CONFIG_PORTS ? &kvpci_cf8_ops :
							   &kvpci_cf8_absent_ops,
		   KVM_PIO_BUS, &config_ports);
	init_claim(host, KVPCI_CLAIM_ECAM, &kvpci_ecam_ops, KVM_MMIO_BUS, &ecam);
	init_claim(host, KVPCI_CLAIM_IO, &kvpci_io_window_ops, KVM_PIO_BUS,
		   &desc->io);
	init_claim(host, KVPCI_CLAIM_MEM32, &kvpci_memory_window_ops,
		   KVM_MMIO_BUS, &desc->mem32);
	init_claim(host, KVPCI_CLAIM_MEM64, &kvpci_memory_window_ops,
		   KVM_MMIO_BUS, &desc->mem64);
	init_claim(host, KVPCI_CLAIM_FAST32, &kvpci_fast_window_ops, KVM_FAST_MMIO_BUS,
		   &desc->mem32);
	init_claim(host, KVPCI_CLAIM_FAST64, &kvpci_fast_window_ops, KVM_FAST_MMIO_BUS,
		   &desc->mem64);
}

static int create_bridge(struct kvpci_host *host,
			 const struct kvpci_host_config *desc)
{
	struct kvpci_function_config bridge = {
		.bus = desc->first_bus,
		.vendor = desc->vendor,
		.device = desc->device,
		.subsystem_vendor = desc->subsystem_vendor,
		.subsystem = desc->subsystem,
		.revision = desc->revision,
		.class_code = PCI_CLASS_BRIDGE_HOST << 8,
	};
	struct kvpci_function *function;

	function = kvpci_function_create(host, NULL, &bridge);
	if (IS_ERR(function))
		return PTR_ERR(function);

	/* It has no BARs, and so no mirrors to make: this does not fail. */
	kvpci_function_plug(function);
	host->bridge = function;
	return 0;
}

static int get_mirror_eventfd(struct kvpci_host *host,
			      const struct kvpci_host_config *desc)
{
	if (!(desc->flags & KVPCI_HOST_MIRROR))
		return 0;

	return kvpci_uarg_eventfd(&host->mirror_eventfd, desc->mirror_eventfd);
}

static int create_worker(struct kvpci_host *host)
{
	struct kvpci_worker *worker = kvpci_worker_create();

	if (IS_ERR(worker))
		return PTR_ERR(worker);

	host->worker = worker;
	return 0;
}

/* Make all of a host bridge that the guest does not see. */
static struct kvpci_host *host_new(const struct kvpci_host_config *desc)
{
	struct kvpci_host *host;
	int ret;

	host = kzalloc(sizeof(*host), GFP_KERNEL_ACCOUNT);
	if (!host)
		return ERR_PTR(-ENOMEM);

	kref_init(&host->ref);
	mutex_init(&host->lock);
	mutex_init(&host->mirror_lock);
	INIT_LIST_HEAD(&host->mirrors);
	INIT_LIST_HEAD(&host->all);
	INIT_LIST_HEAD(&host->listeners);
	host->owner = task_tgid_nr(current);
	host->segment = desc->segment;
	host->first_bus = desc->first_bus;
	host->last_bus = desc->last_bus;
	host->ecam = desc->ecam;
	host->direct = kvpci_kvm_sends_directly() && !(desc->flags & KVPCI_HOST_IRQFD);
	init_claims(host, desc);

	ret = get_mirror_eventfd(host, desc);
	if (!ret)
		ret = kvpci_map_init(&host->memory, MEMORY_MAP_BITS);
	if (!ret)
		ret = kvpci_map_init(&host->ports, PORTS_MAP_BITS);
	if (!ret)
		ret = create_worker(host);
	if (!ret) {
		mutex_lock(&host->lock);
		ret = create_bridge(host, desc);
		mutex_unlock(&host->lock);
	}
	if (ret) {
		kvpci_host_put(host);
		return ERR_PTR(ret);
	}
	return host;
}

/* Undo host_new(), with no claim held. */
static void host_close(struct kvpci_host *host)
{
	kvpci_function_remove(host->bridge);
	kvpci_host_put(host);
}

/* Take hold of a virtual machine, after which its guest sees the bridge. */
static int host_connect(struct kvpci_host *host, int vm_fd)
{
	struct kvm *kvm = kvpci_kvm_get(vm_fd);
	int ret;

	if (IS_ERR(kvm))
		return PTR_ERR(kvm);

	ret = kvpci_kvm_attach(kvm, host->claims, KVPCI_NUM_SLOW_CLAIMS);
	if (ret) {
		kvm_put_kvm(kvm);
		return ret;
	}

	host->kvm = kvm;
	return 0;
}

/* Let go of the virtual machine, after which no callback runs and nothing is sent to it. */
static void host_disconnect(struct kvpci_host *host)
{
	struct kvm *kvm = host->kvm;
	struct kvpci_function *function;

	mutex_lock(&host->lock);
	kvpci_kvm_detach(kvm, host->claims, KVPCI_NUM_CLAIMS);
	list_for_each_entry(function, &host->all, link)
		kvpci_interrupts_disconnect(&function->interrupts);
	WRITE_ONCE(host->kvm, NULL);
	mutex_unlock(&host->lock);
	kvpci_mirrors_forget(host);
	kvm_put_kvm(kvm);
}

static int host_release(struct inode *inode, struct file *file)
{
	struct kvpci_host *host = file->private_data;

	if (host->kvm)
		host_disconnect(host);
	host_close(host);
	kvpci_inode_release();
	return 0;
}

static int get_exit_ioctl(struct kvpci_host *host, struct kvpci_exit __user *arg)
{
	struct kvpci_exit get;
	int ret;

	ret = kvpci_uarg_get(&get, sizeof(get), KVPCI_EXIT_SIZE_VER0, arg);
	if (ret)
		return ret;
	if (get.flags & ~KVPCI_EXIT_IO || get.pad)
		return -EINVAL;
	ret = kvpci_exit_find(host, &get);
	if (ret)
		return ret;

	return kvpci_uarg_put(arg, &get, sizeof(get), get.size);
}

static int drain_ioctl(struct kvpci_host *host, unsigned long arg)
{
	if (arg)
		return -EINVAL;

	mutex_lock(&host->lock);
	kvpci_listeners_drain(&host->listeners, host->worker);
	mutex_unlock(&host->lock);
	return 0;
}

static long host_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct kvpci_host *host = file->private_data;
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case KVPCI_CREATE_FUNCTION:
		return kvpci_create_function_ioctl(host, argp);
	case KVPCI_GET_DELIVERY:
		if (arg)
			return -EINVAL;
		return host->direct ? KVPCI_DELIVERY_DIRECT : KVPCI_DELIVERY_IRQFD;
	case KVPCI_GET_EXIT:
		return get_exit_ioctl(host, argp);
	case KVPCI_GET_MIRROR:
		return kvpci_get_mirror_ioctl(host, argp);
	case KVPCI_SET_MIRROR:
		return kvpci_set_mirror_ioctl(host, argp);
	case KVPCI_GET_STATE:
		return kvpci_get_host_state_ioctl(host, argp);
	case KVPCI_SET_STATE:
		return kvpci_set_host_state_ioctl(host, argp);
	case KVPCI_DRAIN:
		return drain_ioctl(host, arg);
	default:
		return -ENOTTY;
	}
}

static int host_mmap(struct file *file, struct vm_area_struct *vma)
{
	return kvpci_mirror_mmap(file->private_data, vma);
}

static const struct file_operations host_fops = {
	.owner = THIS_MODULE,
	.mmap = host_mmap,
	.release = host_release,
	.unlocked_ioctl = host_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = kvpci_host_show_fdinfo,
	.llseek = noop_llseek,
};

/**
 * kvpci_create_host_ioctl() - KVPCI_CREATE_HOST
 * @arg: the argument
 *
 * Return: a descriptor or an error, as the uapi says
 */
int kvpci_create_host_ioctl(const struct kvpci_host_config __user *arg)
{
	struct kvpci_host_config desc;
	struct kvpci_host *host;
	struct file *file;
	int fd, ret;

	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_HOST_CONFIG_SIZE_VER0,
			     arg);
	if (ret)
		return ret;
	ret = check_host(&desc);
	if (ret)
		return ret;

	host = host_new(&desc);
	if (IS_ERR(host))
		return PTR_ERR(host);

	/* The guest sees the bridge once it is connected: nothing may fail after that. */
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		ret = fd;
		goto err_close;
	}
	file = kvpci_inode_open("kvpci-host", &host_fops, host);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_put_fd;
	}
	host->mapping = file->f_mapping;

	ret = host_connect(host, desc.vm_fd);
	if (ret) {
		/* Closes the host, which is not connected. */
		fput(file);
		put_unused_fd(fd);
		return ret;
	}

	fd_install(fd, file);
	return fd;

err_put_fd:
	put_unused_fd(fd);
err_close:
	host_close(host);
	return ret;
}
