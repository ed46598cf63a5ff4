// SPDX-License-Identifier: GPL-2.0
/*
 * Functions: configuration space, BARs and what is behind them, as one object with a
 * descriptor.
 *
 *	new ----KVPCI_PLUG---> plugged ----close---> gone
 *	  \___________________close________________/
 *
 * A function is built while the guest can't see it. Plugging publishes it, after which
 * guest accesses reach it on any vCPU at any time; what they use is written under the
 * function's lock or is fixed by then. Closing takes it out of configuration space
 * and its BARs out of the map, waits for the accesses that have found it, and frees
 * it. A function outlives its host bridge if it is closed later, but then nothing can
 * be done with it any more.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "capability.h"
#include "config.h"
#include "doorbell.h"
#include "fdinfo.h"
#include "function.h"
#include "host.h"
#include "interrupt.h"
#include "intx.h"
#include "kvm.h"
#include "mirror.h"
#include "msi.h"
#include "msix.h"
#include "region.h"
#include "registers.h"
#include "uarg.h"

/* The dwords of the first 256 bytes of configuration space that a range touches. */
static u64 dwords(u32 offset, u32 len)
{
	u32 first = offset / 4, last = (offset + len - 1) / 4;

	return first < 64 ? GENMASK_ULL(min(last, 63U), first) : 0;
}

/**
 * vpci_function_add_interrupt() - have interrupts follow registers
 * @function: the function, which nobody else knows of yet
 * @offset: first byte, in configuration space
 * @len: bytes
 */
void vpci_function_add_interrupt(struct vpci_function *function, u32 offset,
				 u32 len)
{
	function->interrupt_registers |= dwords(offset, len);
	/* The command register gates interrupts, the status register shows INTx's. */
	function->effects |= dwords(PCI_COMMAND, 4) | dwords(offset, len);
}

/*
 * Reset a function. Other accesses may come in between, and find some of it as it was; a
 * guest has no business there while it resets.
 */
static void reset(struct vpci_function *function)
{
	bool changed = false;
	u32 i, j;

	trace_kvpci_reset(function);
	spin_lock(&function->lock);
	vpci_interrupts_reset(&function->interrupts);
	if (function->plugged)
		changed = vpci_bars_map(&function->config, function->bars);
	spin_unlock(&function->lock);
	if (changed)
		vpci_mirrors_follow(function->host);

	for (i = 0; i < VPCI_NUM_BARS; i++)
		for (j = 0; j < function->bars[i].nr_regions; j++)
			vpci_registers_reset(function->bars[i].regions[j]);

	if (function->reset_eventfd)
		vpci_eventfd_signal(function->reset_eventfd);
}

/* Did a write set the bit that initiates function-level reset? */
static bool initiates_reset(const struct vpci_function *function, u32 offset,
			    u32 len, const u8 *val)
{
	/* Of the byte that has it, in @val. */
	u32 index = function->device_control + 1 - offset;

	return function->device_control && index < len &&
	       val[array_index_nospec(index, len)] & (PCI_EXP_DEVCTL_BCR_FLR >> 8);
}

/* A write that has, or may have, effects beyond BARs. */
static void write_with_effects(struct vpci_function *function, u32 offset,
			       u32 len, const void *val)
{
	bool changed = false, pending;

	spin_lock(&function->lock);
	pending = vpci_interrupts_config_write(&function->interrupts, offset, len, val);
	if (function->plugged && offset < PCI_STD_HEADER_SIZEOF)
		changed = vpci_bars_written(&function->config, function->bars, offset,
					    len);
	spin_unlock(&function->lock);

	if (changed)
		vpci_mirrors_follow(function->host);
	if (pending)
		vpci_interrupts_flush(&function->interrupts);
	if (initiates_reset(function, offset, len, val))
		reset(function);
}

/**
 * vpci_function_config_write() - write configuration space as the guest does
 * @function: the function
 * @offset: first byte
 * @len: bytes, at most 8; @offset + @len is within configuration space
 * @val: what to write
 *
 * Context: process; a callback of a claim or an ioctl.
 */
void vpci_function_config_write(struct vpci_function *function, u32 offset,
				u32 len, const void *val)
{
	struct vpci_regs *config = &function->config;
	bool changed = false;

	trace_kvpci_config_write(function, offset, len, val);
	/* An access of 8 bytes, aligned or not, touches no more than three dwords. */
	if (offset < VPCI_CONFIG_SIZE_CAM &&
	    unlikely(function->effects >> offset / 4 & 7)) {
		write_with_effects(function, offset, len, val);
		return;
	}

	spin_lock(&function->lock);
	vpci_regs_write(config, offset, len, val);
	if (function->plugged && offset < PCI_STD_HEADER_SIZEOF)
		changed = vpci_bars_written(config, function->bars, offset, len);
	spin_unlock(&function->lock);
	if (changed)
		vpci_mirrors_follow(function->host);
}

static void init_bars(struct vpci_function *function,
		      const struct kvpci_function_config *desc)
{
	u8 i;

	for (i = 0; i < VPCI_NUM_BARS; i++) {
		struct vpci_bar *bar = &function->bars[i];

		bar->function = function;
		bar->index = i;
		if (i == KVPCI_BAR_ROM) {
			bar->size = desc->rom_size;
		} else {
			bar->size = desc->bars[i].size;
			bar->flags = desc->bars[i].flags;
		}
		bar->map = bar->flags & KVPCI_BAR_IO ? &function->host->ports :
						       &function->host->memory;
	}
}

/* Free a function that no access can reach any more. */
static void function_free(struct vpci_function *function)
{
	struct vpci_host *host = function->host;
	u8 i;

	for (i = 0; i < VPCI_NUM_BARS; i++) {
		vpci_doorbells_destroy(&function->bars[i]);
		vpci_regions_destroy(&function->bars[i]);
	}
	vpci_interrupts_destroy(&function->interrupts);
	/* What was behind the BARs and what interrupts had is in there. */
	for (i = 0; i < VPCI_NUM_BARS; i++)
		vpci_mirror_destroy(&function->bars[i]);
	if (function->reset_eventfd)
		eventfd_ctx_put(function->reset_eventfd);
	free_page((unsigned long)function->config.value);
	kfree(function->config.writable);
	kfree(function->config.write1clear);
	kvfree(function->config.reset);
	kfree(function);
	vpci_host_put(host);
}

/**
 * vpci_function_new() - make a function, and take its place on the bus
 * @host: its host bridge, of which it takes a reference
 * @desc: its description; the capabilities are left out
 *
 * Context: process; the caller holds the host's lock.
 * Return: the function, or an ERR_PTR as the uapi says
 */
struct vpci_function *
vpci_function_new(struct vpci_host *host,
		  const struct kvpci_function_config *desc)
{
	struct vpci_function *function;
	struct vpci_regs *config;
	int ret = -ENOMEM;

	function = kzalloc(sizeof(*function), GFP_KERNEL_ACCOUNT);
	if (!function)
		return ERR_PTR(-ENOMEM);

	vpci_host_get(host);
	function->host = host;
	spin_lock_init(&function->lock);
	function->bus = desc->bus;
	function->devfn = desc->devfn;
	function->serial = ++host->functions;
	function->user_data = desc->user_data;
	INIT_LIST_HEAD(&function->link);
	init_bars(function, desc);
	vpci_interrupts_init(&function->interrupts, function);

	config = &function->config;
	config->size = VPCI_CONFIG_SIZE;
	/* A page of its own, since guests may read it directly. */
	config->value = (u8 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	config->writable = kzalloc(VPCI_CONFIG_SIZE, GFP_KERNEL_ACCOUNT);
	config->write1clear = kzalloc(VPCI_CONFIG_SIZE, GFP_KERNEL_ACCOUNT);
	if (config->value && config->writable && config->write1clear)
		ret = vpci_config_init(config, desc);
	if (!ret)
		ret = vpci_host_reserve(host, desc->bus, desc->devfn);
	if (ret) {
		function_free(function);
		return ERR_PTR(ret);
	}
	list_add_tail(&function->link, &host->all);
	return function;
}

static void set_multifunction(struct vpci_function *function, bool multi)
{
	if (!function)
		return;

	spin_lock(&function->lock);
	vpci_config_set_multifunction(&function->config, multi);
	spin_unlock(&function->lock);
}

/*
 * Bring the multi-function bits of a device in line with its plugged functions, of
 * which @coming is not published yet.
 */
static void update_multifunction(struct vpci_host *host, u8 bus, u8 devfn,
				 struct vpci_function *coming)
{
	u8 first = devfn & ~7;
	bool multi = coming && coming->devfn & 7;
	u8 i;

	for (i = 1; i < 8; i++)
		multi |= !!vpci_host_plugged(host, bus, first + i);

	set_multifunction(coming, multi);
	for (i = 0; i < 8; i++)
		set_multifunction(vpci_host_plugged(host, bus, first + i),
				  multi);
}

/**
 * vpci_function_plug() - let the guest see a function
 * @function: the function, which is not plugged
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0 or -ENOMEM
 */
int vpci_function_plug(struct vpci_function *function)
{
	struct vpci_host *host = function->host;
	bool changed;
	int ret;

	ret = vpci_mirrors_create(function);
	if (ret)
		return ret;

	update_multifunction(host, function->bus, function->devfn, function);
	trace_kvpci_function_plug(function);

	spin_lock(&function->lock);
	/* Pairs with access_ioctl(). */
	smp_store_release(&function->plugged, true);
	changed = vpci_bars_map(&function->config, function->bars);
	spin_unlock(&function->lock);

	vpci_host_publish(host, function->bus, function->devfn, function);
	if (changed)
		vpci_mirrors_follow(host);
	return 0;
}

static void unplug(struct vpci_function *function)
{
	struct vpci_host *host = function->host;
	bool changed;

	trace_kvpci_function_unplug(function);
	vpci_host_publish(host, function->bus, function->devfn, NULL);
	update_multifunction(host, function->bus, function->devfn, NULL);

	spin_lock(&function->lock);
	function->plugged = false;
	changed = vpci_bars_unmap(function->bars);
	spin_unlock(&function->lock);
	if (changed)
		vpci_mirrors_follow(host);
}

/**
 * vpci_function_remove() - take a function away from the guest and free it
 * @function: the function, plugged or not
 *
 * Context: process; the caller does not hold the host's lock.
 */
void vpci_function_remove(struct vpci_function *function)
{
	struct vpci_host *host = function->host;

	mutex_lock(&host->lock);
	if (function->plugged)
		unplug(function);
	vpci_mirrors_withdraw(function);
	vpci_host_release(host, function->bus, function->devfn);
	list_del(&function->link);
	vpci_interrupts_stop_listening(&function->interrupts);
	/* A work item of its interrupts may still run, the machine may be gone by then. */
	vpci_interrupts_disconnect(&function->interrupts);
	/* Without a machine no access has come here since its claims were given up. */
	if (host->kvm)
		vpci_kvm_synchronize(host->kvm);
	mutex_unlock(&host->lock);

	function_free(function);
}

static int function_release(struct inode *inode, struct file *file)
{
	vpci_function_remove(file->private_data);
	return 0;
}

static int plug_ioctl(struct vpci_function *function, unsigned long arg)
{
	struct vpci_host *host = function->host;
	int ret = 0;

	if (arg)
		return -EINVAL;

	mutex_lock(&host->lock);
	if (!host->kvm)
		ret = -ENODEV;
	else if (function->plugged)
		ret = -EBUSY;
	else
		ret = vpci_function_plug(function);
	mutex_unlock(&host->lock);
	return ret;
}

/* Find the registers that @access is for, and its offset in them. */
static int find_regs(struct vpci_function *function,
		     const struct kvpci_access *access, struct vpci_regs **regs,
		     u64 *offset)
{
	struct vpci_region *region;

	*offset = access->offset;
	if (access->bar == KVPCI_CONFIG) {
		*regs = &function->config;
	} else {
		u32 bar = array_index_nospec(access->bar, VPCI_NUM_BARS);

		region = vpci_region_find(&function->bars[bar], access->offset);
		*regs = vpci_registers_regs(region);
		if (!*regs)
			return -EINVAL;
		*offset -= region->offset;
	}

	if (*offset > (*regs)->size || access->length > (*regs)->size - *offset)
		return -EINVAL;

	return 0;
}

static int check_access(const struct kvpci_access *access, bool write)
{
	bool as_guest = access->flags & KVPCI_ACCESS_AS_GUEST;
	u32 max = VPCI_CONFIG_SIZE;

	if (access->flags & ~KVPCI_ACCESS_FLAGS)
		return -EINVAL;
	if (access->mask && (as_guest || !write))
		return -EINVAL;
	if (access->bar >= VPCI_NUM_BARS && access->bar != KVPCI_CONFIG)
		return -EINVAL;
	if (as_guest) {
		if (access->bar != KVPCI_CONFIG ||
		    access->length & (access->length - 1))
			return -EINVAL;
		max = 8;
	}

	return access->length && access->length <= max ? 0 : -EINVAL;
}

static int read_regs(struct vpci_function *function,
		     const struct kvpci_access *access, void *data)
{
	struct vpci_regs *regs;
	u64 offset;
	int ret;

	ret = find_regs(function, access, &regs, &offset);
	if (!ret)
		vpci_regs_read(regs, offset, access->length, data);
	return ret;
}

static int write_regs(struct vpci_function *function,
		      const struct kvpci_access *access, const void *data,
		      const void *mask)
{
	struct vpci_regs *regs;
	u64 offset;
	int ret;

	ret = find_regs(function, access, &regs, &offset);
	if (ret)
		return ret;

	if (access->flags & KVPCI_ACCESS_AS_GUEST) {
		vpci_function_config_write(function, offset, access->length,
					   data);
		return 0;
	}
	if (access->bar == KVPCI_CONFIG &&
	    (offset < PCI_STD_HEADER_SIZEOF ||
	     vpci_capability_header_in(regs, offset, access->length) ||
	     function->interrupt_registers & dwords(offset, access->length)))
		return -EINVAL;

	spin_lock(&function->lock);
	vpci_regs_set(regs, offset, access->length, data, mask);
	spin_unlock(&function->lock);
	return 0;
}

static int access_ioctl(struct vpci_function *function,
			const struct kvpci_access __user *arg, bool write)
{
	struct vpci_host *host = function->host;
	u8 *data = NULL, *mask = NULL;
	struct kvpci_access access;
	bool plugged;
	int ret;

	ret = vpci_uarg_get(&access, sizeof(access), KVPCI_ACCESS_SIZE_VER0,
			    arg);
	if (ret)
		return ret;
	ret = check_access(&access, write);
	if (ret)
		return ret;
	if (!access.data)
		return -EFAULT;

	data = write ? vpci_uarg_bytes(access.data, access.length) :
		       kvzalloc(access.length, GFP_KERNEL_ACCOUNT);
	if (IS_ERR_OR_NULL(data))
		return data ? PTR_ERR(data) : -ENOMEM;
	mask = vpci_uarg_bytes(access.mask, access.length);
	if (IS_ERR(mask)) {
		ret = PTR_ERR(mask);
		goto out;
	}

	/* Until a function is plugged, regions may be added to it. */
	plugged = smp_load_acquire(&function->plugged);
	if (!plugged)
		mutex_lock(&host->lock);
	if (!READ_ONCE(host->kvm))
		ret = -ENODEV;
	else if (write)
		ret = write_regs(function, &access, data, mask);
	else
		ret = read_regs(function, &access, data);
	if (!plugged)
		mutex_unlock(&host->lock);

	if (!ret && !write &&
	    copy_to_user(u64_to_user_ptr(access.data), data, access.length))
		ret = -EFAULT;
out:
	vpci_uarg_free(data);
	vpci_uarg_free(mask);
	return ret;
}

static int reset_ioctl(struct vpci_function *function, unsigned long arg)
{
	struct vpci_host *host = function->host;
	int ret = 0;

	if (arg)
		return -EINVAL;

	/* Regions may not be added meanwhile. */
	mutex_lock(&host->lock);
	if (host->kvm)
		reset(function);
	else
		ret = -ENODEV;
	mutex_unlock(&host->lock);
	return ret;
}

static long function_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	struct vpci_function *function = file->private_data;
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case KVPCI_ADD_REGION:
		return vpci_region_add(function, argp);
	case KVPCI_DOORBELL:
		return vpci_doorbell_ioctl(function, argp);
	case KVPCI_PLUG:
		return plug_ioctl(function, arg);
	case KVPCI_BIND:
		return vpci_interrupts_bind_ioctl(&function->interrupts, argp);
	case KVPCI_TRIGGER:
		return vpci_interrupts_trigger_ioctl(&function->interrupts, argp);
	case KVPCI_GET_ROUTE:
		return vpci_interrupts_get_route_ioctl(&function->interrupts, argp);
	case KVPCI_SET_ROUTE:
		return vpci_interrupts_set_route_ioctl(&function->interrupts, argp);
	case KVPCI_RESET:
		return reset_ioctl(function, arg);
	case KVPCI_READ:
		return access_ioctl(function, argp, false);
	case KVPCI_WRITE:
		return access_ioctl(function, argp, true);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations function_fops = {
	.owner = THIS_MODULE,
	.release = function_release,
	.unlocked_ioctl = function_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = vpci_function_show_fdinfo,
	.llseek = noop_llseek,
};

/* A PCI Express capability that announces function-level reset has a bit that does it. */
static void add_reset(struct vpci_function *function,
		      const struct kvpci_capability *cap, u16 at)
{
	struct vpci_regs *config = &function->config;

	if (cap->flags & KVPCI_CAP_EXTENDED || cap->id != PCI_CAP_ID_EXP ||
	    cap->length < PCI_EXP_DEVCTL + 2 ||
	    !(vpci_config_u32(config, at + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR))
		return;

	function->device_control = at + PCI_EXP_DEVCTL;
	/* It reads as zero. */
	config->writable[function->device_control + 1] &=
		~(PCI_EXP_DEVCTL_BCR_FLR >> 8);
	function->effects |= dwords(function->device_control, 2);
}

static int add_capability(struct vpci_function *function,
			  struct vpci_capability_list *list,
			  const struct kvpci_capability *cap)
{
	u8 *value, *writable, *write1clear;
	int ret;

	ret = vpci_capability_check(cap);
	if (ret)
		return ret;
	if (!cap->value)
		return -EFAULT;
	if (cap->flags & KVPCI_CAP_MSIX)
		return vpci_msix_add(&function->interrupts, list, cap);
	if (cap->flags & KVPCI_CAP_MSI)
		return vpci_msi_add(&function->interrupts, list, cap);

	value = vpci_uarg_bytes(cap->value, cap->length);
	writable = vpci_uarg_bytes(cap->writable, cap->length);
	write1clear = vpci_uarg_bytes(cap->write1clear, cap->length);
	if (IS_ERR(value))
		ret = PTR_ERR(value);
	else if (IS_ERR(writable))
		ret = PTR_ERR(writable);
	else if (IS_ERR(write1clear))
		ret = PTR_ERR(write1clear);
	else
		ret = vpci_capability_add(list, cap, value, writable,
					  write1clear);

	vpci_uarg_free(value);
	vpci_uarg_free(writable);
	vpci_uarg_free(write1clear);
	if (ret < 0)
		return ret;

	add_reset(function, cap, ret);
	return 0;
}

static int add_capabilities(struct vpci_function *function,
			    const struct kvpci_function_config *desc)
{
	const void __user *user = u64_to_user_ptr(desc->capabilities);
	struct vpci_capability_list list;
	struct kvpci_capability cap;
	u32 i;
	int ret;

	vpci_capability_begin(&list, &function->config);

	for (i = 0; i < desc->nr_capabilities; i++) {
		ret = copy_struct_from_user(&cap, sizeof(cap), user,
					    desc->capability_size);
		if (ret)
			return ret;
		user += desc->capability_size;
		ret = add_capability(function, &list, &cap);
		if (ret)
			return ret;
	}

	return 0;
}

/* Take the eventfd @fd of the caller, if @flag of @flags says that it is one. */
static int get_eventfd(struct eventfd_ctx **eventfd, u32 flags, u32 flag, int fd)
{
	struct eventfd_ctx *ctx;

	if (!(flags & flag))
		return fd ? -EINVAL : 0;

	ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	*eventfd = ctx;
	return 0;
}

/* All that vpci_function_new() leaves out. */
static int function_complete(struct vpci_function *function,
			     const struct kvpci_function_config *desc)
{
	int ret;

	ret = get_eventfd(&function->reset_eventfd, desc->flags,
			  KVPCI_FUNCTION_RESET_EVENTFD, desc->reset_eventfd);
	if (!ret)
		ret = get_eventfd(&function->interrupts.route_eventfd, desc->flags,
				  KVPCI_FUNCTION_ROUTE_EVENTFD, desc->route_eventfd);
	if (!ret && desc->interrupt_pin) {
		vpci_function_add_interrupt(function, PCI_COMMAND, 4);
		ret = vpci_intx_add(&function->interrupts, desc->interrupt_pin);
	}
	if (!ret)
		ret = add_capabilities(function, desc);
	if (!ret)
		ret = vpci_registers_save(&function->config);
	return ret;
}

static int check_desc(const struct kvpci_function_config *desc)
{
	if (desc->flags & ~KVPCI_FUNCTION_FLAGS || desc->interrupt_pin > 4)
		return -EINVAL;
	if (desc->nr_capabilities > KVPCI_MAX_CAPABILITIES)
		return -E2BIG;
	if (desc->capability_size < KVPCI_CAPABILITY_SIZE_VER0)
		return -EINVAL;
	if (desc->capability_size > PAGE_SIZE)
		return -E2BIG;

	return 0;
}

/**
 * vpci_function_create() - KVPCI_CREATE_FUNCTION
 * @host: the host bridge
 * @arg: the argument
 *
 * Return: a descriptor or an error, as the uapi says
 */
int vpci_function_create(struct vpci_host *host,
			 const struct kvpci_function_config __user *arg)
{
	struct kvpci_function_config desc;
	struct vpci_function *function;
	int ret;

	ret = vpci_uarg_get(&desc, sizeof(desc),
			    KVPCI_FUNCTION_CONFIG_SIZE_VER0, arg);
	if (ret)
		return ret;
	ret = check_desc(&desc);
	if (ret)
		return ret;

	mutex_lock(&host->lock);
	function = host->kvm ? vpci_function_new(host, &desc) :
			       ERR_PTR(-ENODEV);
	mutex_unlock(&host->lock);
	if (IS_ERR(function))
		return PTR_ERR(function);

	ret = function_complete(function, &desc);
	if (ret) {
		vpci_function_remove(function);
		return ret;
	}

	ret = anon_inode_getfd("kvpci-function", &function_fops, function,
			       O_RDWR | O_CLOEXEC);
	if (ret < 0)
		vpci_function_remove(function);
	return ret;
}
