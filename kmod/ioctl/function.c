// SPDX-License-Identifier: GPL-2.0
/*
 * KVPCI_CREATE_FUNCTION, and the ioctls of its descriptor.
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
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "backing/effects.h"
#include "backing/mirror.h"
#include "interrupt/pin.h"
#include "ioctl/doorbell.h"
#include "ioctl/fdinfo.h"
#include "ioctl/function.h"
#include "ioctl/interrupt.h"
#include "ioctl/range.h"
#include "ioctl/state.h"
#include "ioctl/uarg.h"
#include "kinds/express.h"
#include "kinds/msi.h"
#include "kinds/msix.h"
#include "pci/bus.h"
#include "pci/capability.h"
#include "pci/command.h"
#include "pci/doorbell.h"
#include "pci/exit.h"
#include "pci/function.h"
#include "pci/host.h"
#include "pci/slot.h"

/* Free a function that no access can reach any more. */
static void function_free(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;
	u8 i;

	/* Work items look at vectors, which ranges of configuration space have in them. */
	kvpci_interrupts_destroy(&function->interrupts);
	for (i = 0; i < function->bars.nr; i++) {
		kvpci_doorbells_destroy(&function->bars.bar[i]);
		kvpci_ranges_destroy(&function->bars.bar[i].space);
	}
	/* After those of BARs: those of MSI-X's table and pending bits are in the capability's. */
	kvpci_ranges_destroy(&function->space);
	/* Last: registers and pending bits may be in its pages. */
	for (i = 0; i < function->bars.nr; i++)
		kvpci_mirror_destroy(&function->bars.bar[i]);
	kfree(function->bars.bar);
	if (function->reset_eventfd)
		eventfd_ctx_put(function->reset_eventfd);
	free_page((unsigned long)function->config.value);
	kfree(function->config.writable);
	kfree(function->config.write1clear);
	kvfree(function->config.reset);
	bitmap_free(function->exits);
	bitmap_free(rcu_dereference_protected(function->traps, true));
	kfree(function->bridge);
	kfree(function);
	kvpci_host_put(host);
}

/* The bridge that a function is behind, or NULL. */
static struct kvpci_function *function_parent(const struct kvpci_function *function)
{
	return function->bus ? function->bus->bridge : NULL;
}

/* Nothing is on the secondary bus of a bridge any more. */
static void forget_bus(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;

	kvpci_bus_remove(host, &function->bridge->bus);
	if (host->kvm)
		kvpci_kvm_synchronize(host->kvm);
}

/* Drop a reference, and with the last one those to the bridges above. */
static void function_put(struct kvpci_function *function)
{
	while (function && refcount_dec_and_test(&function->ref)) {
		struct kvpci_function *parent = function_parent(function);
		struct kvpci_host *host = function->host;

		if (function->bridge) {
			mutex_lock(&host->lock);
			forget_bus(function);
			mutex_unlock(&host->lock);
		}
		function_free(function);
		function = parent;
	}
}

/* A bus of the host bridge's own has got its first function, or lost the last. */
static void route_own(struct kvpci_function *function)
{
	if (!function->bus->bridge && bitmap_weight(function->bus->taken, KVPCI_NUM_DEVFNS) <= 1)
		kvpci_mirrors_route(function->host);
}

/* Take the place of a function, behind @parent if there is one. */
static int take_place(struct kvpci_function *function, struct kvpci_function *parent,
		      const struct kvpci_function_config *desc)
{
	struct kvpci_host *host = function->host;
	struct kvpci_bus *bus;

	if (parent) {
		bus = &parent->bridge->bus;
		if (desc->bus)
			return -EINVAL;
	} else {
		if (desc->bus < host->first_bus || desc->bus > host->last_bus)
			return -EINVAL;
		bus = kvpci_bus_get_own(host, desc->bus);
		if (IS_ERR(bus))
			return PTR_ERR(bus);
	}
	if (__test_and_set_bit(desc->devfn, bus->taken))
		return -EEXIST;

	function->bus = bus;
	function->bars.bus = bus;
	if (parent)
		refcount_inc(&parent->ref);
	route_own(function);
	return 0;
}

/**
 * kvpci_function_create() - make a function, and take its place on the bus
 * @host: its host bridge, of which it takes a reference
 * @parent: the bridge that it is behind, of which it takes one, too; NULL: it is on a bus of
 *	the host bridge's own
 * @desc: its description; the capabilities are left out
 *
 * Context: process; the caller holds the host's lock.
 * Return: the function, or an ERR_PTR as the uapi says
 */
struct kvpci_function *
kvpci_function_create(struct kvpci_host *host, struct kvpci_function *parent,
		      const struct kvpci_function_config *desc)
{
	struct kvpci_function *function;
	int ret;

	lockdep_assert_held(&host->lock);
	function = kzalloc(sizeof(*function), GFP_KERNEL_ACCOUNT);
	if (!function)
		return ERR_PTR(-ENOMEM);

	kvpci_host_get(host);
	function->host = host;
	refcount_set(&function->ref, 1);
	ret = kvpci_function_init(function, desc);
	if (!ret)
		ret = take_place(function, parent, desc);
	if (ret) {
		if (function->bridge)
			forget_bus(function);
		function_free(function);
		return ERR_PTR(ret);
	}
	list_add_tail(&function->link, &host->all);
	return function;
}

static void set_multifunction(struct kvpci_function *function, bool multi)
{
	if (!function)
		return;

	spin_lock(&function->lock);
	kvpci_config_set_multifunction(&function->config, multi);
	spin_unlock(&function->lock);
}

/* The plugged function of a bus, or NULL. */
static struct kvpci_function *plugged_at(const struct kvpci_host *host,
					 const struct kvpci_bus *bus, u8 devfn)
{
	return kvpci_host_dereference(host, bus->function[devfn]);
}

/*
 * Bring the multi-function bits of a device in line with its plugged functions, of
 * which @coming is not published yet.
 */
static void update_multifunction(const struct kvpci_host *host, const struct kvpci_bus *bus,
				 u8 devfn, struct kvpci_function *coming)
{
	u8 first = devfn & ~7;
	bool multi = coming && coming->devfn & 7;
	u8 i;

	for (i = 1; i < 8; i++)
		multi |= !!plugged_at(host, bus, first + i);

	set_multifunction(coming, multi);
	for (i = 0; i < 8; i++)
		set_multifunction(plugged_at(host, bus, first + i), multi);
}

/* What the function is in, if that is a slot, follows that it has come or gone. */
static void slot_follow(struct kvpci_function *function)
{
	struct kvpci_function *bridge = function_parent(function);

	if (bridge)
		kvpci_effects_carry_out(bridge, KVPCI_EFFECT_SLOT);
}

/**
 * kvpci_function_plug() - let the guest see a function
 * @function: the function, which is not plugged
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0 or -ENOMEM
 */
int kvpci_function_plug(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;
	u32 effects;
	int ret;

	lockdep_assert_held(&host->lock);
	ret = kvpci_mirrors_create(function);
	if (ret)
		return ret;

	update_multifunction(host, function->bus, function->devfn, function);
	trace_kvpci_function_plug(function);

	spin_lock(&function->lock);
	/* Pairs with access_ioctl(). */
	smp_store_release(&function->plugged, true);
	spin_unlock(&function->lock);

	/* From now on it is told when bridges let other things through: after that it looks. */
	kvpci_mirrors_publish(function, true);
	/* Pairs with the one in behind_follow(). */
	smp_mb();
	/* Who numbers buses anew does not find what is not plugged. */
	if (function->bus->bridge)
		kvpci_interrupts_renumbered(&function->interrupts);
	spin_lock(&function->lock);
	effects = kvpci_command_follow(function);
	spin_unlock(&function->lock);
	kvpci_effects_carry_out(function, effects | kvpci_function_bridge_effects(function));
	slot_follow(function);
	return 0;
}

static void function_unplug(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;

	trace_kvpci_function_unplug(function);
	kvpci_mirrors_publish(function, false);
	update_multifunction(host, function->bus, function->devfn, NULL);

	spin_lock(&function->lock);
	function->plugged = false;
	kvpci_bars_unmap(&function->bars);
	spin_unlock(&function->lock);
	/* And takes its BARs off the list of what has changed, whoever has put them there. */
	kvpci_effects_carry_out(function, KVPCI_EFFECT_MAP |
				kvpci_function_bridge_effects(function));
	slot_follow(function);
}

/**
 * kvpci_function_remove() - take a function away from the guest and free it
 * @function: the function, plugged or not
 *
 * Context: process; the caller does not hold the host's lock.
 */
void kvpci_function_remove(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;

	mutex_lock(&host->lock);
	if (function->plugged)
		function_unplug(function);
	kvpci_mirrors_withdraw(function);
	__clear_bit(function->devfn, function->bus->taken);
	route_own(function);
	list_del(&function->link);
	kvpci_interrupts_stop_listening(&function->interrupts);
	/* A work item of its interrupts may still run, the machine may be gone by then. */
	kvpci_interrupts_disconnect(&function->interrupts);
	/* Without a machine no access has come here since its claims were given up. */
	if (host->kvm)
		kvpci_kvm_synchronize(host->kvm);
	mutex_unlock(&host->lock);

	function_put(function);
}

static int function_release(struct inode *inode, struct file *file)
{
	kvpci_function_remove(file->private_data);
	return 0;
}

static int plug_ioctl(struct kvpci_function *function, unsigned long arg)
{
	struct kvpci_host *host = function->host;
	int ret = 0;

	if (arg)
		return -EINVAL;

	mutex_lock(&host->lock);
	if (!host->kvm)
		ret = -ENODEV;
	else if (function->plugged)
		ret = -EBUSY;
	else
		ret = kvpci_function_plug(function);
	mutex_unlock(&host->lock);
	return ret;
}

static int check_access(const struct kvpci_access *access, bool write)
{
	bool as_guest = access->flags & KVPCI_ACCESS_AS_GUEST;
	u32 max = KVPCI_CONFIG_SIZE;

	if (access->flags & ~KVPCI_ACCESS_FLAGS || access->pad)
		return -EINVAL;
	if (access->bar == KVPCI_CONFIG && access->bank)
		return -EINVAL;
	if (access->mask && (as_guest || !write))
		return -EINVAL;
	if (access->bar >= KVPCI_NUM_BARS_AND_ROM && access->bar != KVPCI_CONFIG)
		return -EINVAL;
	if (as_guest) {
		if (access->bar == KVPCI_BAR_ROM || access->bank ||
		    access->length & (access->length - 1))
			return -EINVAL;
		max = 8;
	}

	return access->length && access->length <= max ? 0 : -EINVAL;
}

/* The range behind a BAR that all of @access is in, and which has its bank, or NULL. */
static struct kvpci_range *find_range(struct kvpci_function *function,
				      const struct kvpci_access *access)
{
	const struct kvpci_function_bar *bar = kvpci_bars_find(&function->bars, access->bar);
	struct kvpci_range *range;

	range = bar ? kvpci_range_find(&bar->space, access->offset) : NULL;
	if (!range || access->length > range->length - (access->offset - range->offset))
		return NULL;
	if (access->bank >= max(range->nr_banks, 1U))
		return NULL;

	return range;
}

/* Is all of @access within configuration space? */
static bool is_in_config(struct kvpci_access *access)
{
	if (access->offset >= KVPCI_CONFIG_SIZE ||
	    access->length > KVPCI_CONFIG_SIZE - access->offset)
		return false;

	access->offset = array_index_nospec(access->offset, KVPCI_CONFIG_SIZE);
	return true;
}

/* Make an access to registers behind a BAR as a guest does; under the host's lock ranges stay. */
static int access_as_guest(struct kvpci_function *function, const struct kvpci_access *access,
			   void *data, bool write)
{
	const struct kvpci_guest_access guests = { .len = access->length };
	struct kvpci_range *range = find_range(function, access);
	u64 offset;

	/* What the device can't read are no registers. */
	if (!range || !range->ops->get)
		return -EINVAL;

	offset = access->offset - range->offset;
	if (write)
		range->ops->write(range, &guests, offset, access->length, data);
	else
		range->ops->read(range, &guests, offset, access->length, data);
	return 0;
}

static int function_read(struct kvpci_function *function,
			 struct kvpci_access *access, void *data)
{
	struct kvpci_range *range;
	bool found;

	if (access->bar == KVPCI_CONFIG) {
		if (!is_in_config(access))
			return -EINVAL;
		kvpci_regs_read(&function->config, access->offset, access->length, data);
		return 0;
	}
	if (access->flags & KVPCI_ACCESS_AS_GUEST)
		return access_as_guest(function, access, data, false);

	/* Ranges may go meanwhile, see kvpci_function_replace_bar_range(). */
	rcu_read_lock();
	range = find_range(function, access);
	found = range && range->ops->get;
	if (found)
		range->ops->get(range, access->bank, access->offset - range->offset,
				access->length, data);
	rcu_read_unlock();
	return found ? 0 : -EINVAL;
}

static int function_write(struct kvpci_function *function,
			  struct kvpci_access *access, void *data,
			  const void *mask)
{
	/* The device may have pressed a slot's button. */
	u32 effects = function->bridge ? KVPCI_EFFECT_SLOT : 0;
	struct kvpci_range *range;
	bool found;
	int ret = 0;

	if (access->bar == KVPCI_CONFIG) {
		if (!is_in_config(access))
			return -EINVAL;
		if (access->flags & KVPCI_ACCESS_AS_GUEST)
			effects = kvpci_function_config_write_all(function, access->offset,
								  access->length, data);
		else
			ret = kvpci_function_config_set(function, access->offset,
							access->length, data, mask);
		if (!ret)
			kvpci_effects_carry_out(function, effects);
		return ret;
	}
	if (access->flags & KVPCI_ACCESS_AS_GUEST)
		return access_as_guest(function, access, data, true);

	rcu_read_lock();
	range = find_range(function, access);
	found = range && range->ops->set;
	if (found)
		range->ops->set(range, access->bank, access->offset - range->offset,
				access->length, data, mask);
	rcu_read_unlock();
	return found ? 0 : -EINVAL;
}

static int access_ioctl(struct kvpci_function *function,
			const struct kvpci_access __user *arg, bool write)
{
	struct kvpci_host *host = function->host;
	u8 *data = NULL, *mask = NULL;
	struct kvpci_access access;
	bool lock;
	int ret;

	ret = kvpci_uarg_get(&access, sizeof(access), KVPCI_ACCESS_SIZE_VER0,
			     arg);
	if (ret)
		return ret;
	ret = check_access(&access, write);
	if (ret)
		return ret;
	if (!access.data)
		return -EFAULT;

	data = write ? kvpci_uarg_bytes(access.data, access.length) :
		       kvzalloc(access.length, GFP_KERNEL_ACCOUNT);
	if (IS_ERR_OR_NULL(data))
		return data ? PTR_ERR(data) : -ENOMEM;
	mask = kvpci_uarg_bytes(access.mask, access.length);
	if (IS_ERR(mask)) {
		ret = PTR_ERR(mask);
		goto out;
	}

	/*
	 * When a function is plugged, what is mirrored moves. What has to follow a guest's
	 * write goes through other functions.
	 */
	lock = !smp_load_acquire(&function->plugged) || access.flags & KVPCI_ACCESS_AS_GUEST;
	if (lock)
		mutex_lock(&host->lock);
	if (!READ_ONCE(host->kvm))
		ret = -ENODEV;
	else if (write)
		ret = function_write(function, &access, data, mask);
	else
		ret = function_read(function, &access, data);
	if (lock)
		mutex_unlock(&host->lock);

	if (!ret && !write &&
	    copy_to_user(u64_to_user_ptr(access.data), data, access.length))
		ret = -EFAULT;
out:
	kvpci_uarg_free(data);
	kvpci_uarg_free(mask);
	return ret;
}

static int reset_ioctl(struct kvpci_function *function, unsigned long arg)
{
	struct kvpci_host *host = function->host;
	int ret = 0;

	if (arg)
		return -EINVAL;

	/* Ranges may not be added meanwhile. */
	mutex_lock(&host->lock);
	if (host->kvm)
		kvpci_reset(function, KVPCI_RESET_CONVENTIONAL);
	else
		ret = -ENODEV;
	mutex_unlock(&host->lock);
	return ret;
}

static long function_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	struct kvpci_function *function = file->private_data;
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case KVPCI_ADD_RANGE:
		return kvpci_add_range_ioctl(function, argp);
	case KVPCI_DOORBELL:
		return kvpci_doorbell_ioctl(function, argp);
	case KVPCI_PLUG:
		return plug_ioctl(function, arg);
	case KVPCI_BIND:
		return kvpci_bind_ioctl(function, argp);
	case KVPCI_TRIGGER:
		return kvpci_trigger_ioctl(function, argp);
	case KVPCI_GET_ROUTE:
		return kvpci_get_route_ioctl(function, argp);
	case KVPCI_SET_ROUTE:
		return kvpci_set_route_ioctl(function, argp);
	case KVPCI_RESET:
		return reset_ioctl(function, arg);
	case KVPCI_READ:
		return access_ioctl(function, argp, false);
	case KVPCI_WRITE:
		return access_ioctl(function, argp, true);
	case KVPCI_GET_STATE:
		return kvpci_get_state_ioctl(function, argp);
	case KVPCI_SET_STATE:
		return kvpci_set_state_ioctl(function, argp);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations function_fops = {
	.owner = THIS_MODULE,
	.release = function_release,
	.unlocked_ioctl = function_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = kvpci_function_show_fdinfo,
	.llseek = noop_llseek,
};

static int add_msix(struct kvpci_function *function, struct kvpci_capability_list *list,
		    const struct kvpci_capability *cap)
{
	struct kvpci_msix desc;
	int ret;

	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_MSIX_SIZE_VER0,
			     u64_to_user_ptr(cap->value));
	if (ret)
		return ret;
	if (desc.size != cap->length)
		return -EINVAL;

	return kvpci_msix_add(function, list, cap->offset, &desc);
}

static int add_msi(struct kvpci_function *function, struct kvpci_capability_list *list,
		   const struct kvpci_capability *cap)
{
	struct kvpci_msi desc;
	int ret;

	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_MSI_SIZE_VER0,
			     u64_to_user_ptr(cap->value));
	if (ret)
		return ret;
	if (desc.size != cap->length)
		return -EINVAL;

	return kvpci_msi_add(function, list, cap->offset, &desc);
}

/* What there is to a PCI Express capability besides its registers. */
static int add_express(struct kvpci_function *function, u16 at, u16 length)
{
	struct kvpci_range *slot = NULL;
	int ret = 0;

	if (length >= PCI_EXP_DEVCTL + 2)
		ret = kvpci_express_add_reset(function, at, length);
	if (!ret && function->bridge && length >= PCI_EXP_FLAGS + 2)
		ret = kvpci_slot_init(function, at, length, &slot);
	if (!ret && slot)
		ret = kvpci_function_add_range(function, slot);
	return ret;
}

/* A capability that the caller gives whole. */
static int add_plain(struct kvpci_function *function, struct kvpci_capability_list *list,
		     const struct kvpci_capability *cap)
{
	u8 *value, *writable, *write1clear;
	int ret;

	value = kvpci_uarg_bytes(cap->value, cap->length);
	writable = kvpci_uarg_bytes(cap->writable, cap->length);
	write1clear = kvpci_uarg_bytes(cap->write1clear, cap->length);
	if (IS_ERR(value))
		ret = PTR_ERR(value);
	else if (IS_ERR(writable))
		ret = PTR_ERR(writable);
	else if (IS_ERR(write1clear))
		ret = PTR_ERR(write1clear);
	else
		ret = kvpci_capability_add(list, cap, value, writable,
					   write1clear);

	kvpci_uarg_free(value);
	kvpci_uarg_free(writable);
	kvpci_uarg_free(write1clear);
	if (ret < 0)
		return ret;
	if (cap->flags & KVPCI_CAP_EXTENDED || cap->id != PCI_CAP_ID_EXP)
		return 0;

	return add_express(function, ret, cap->length);
}

static int add_capability(struct kvpci_function *function,
			  struct kvpci_capability_list *list,
			  const struct kvpci_capability *cap)
{
	int ret;

	ret = kvpci_capability_check(cap);
	if (ret)
		return ret;
	if (!cap->value)
		return -EFAULT;
	if (cap->flags & KVPCI_CAP_MSIX)
		return add_msix(function, list, cap);
	if (cap->flags & KVPCI_CAP_MSI)
		return add_msi(function, list, cap);

	return add_plain(function, list, cap);
}

static int add_capabilities(struct kvpci_function *function,
			    const struct kvpci_function_config *desc)
{
	const void __user *user = u64_to_user_ptr(desc->capabilities);
	struct kvpci_capability_list list;
	struct kvpci_capability cap;
	u32 i;
	int ret;

	kvpci_capability_begin(&list, &function->config);

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
	if (!(flags & flag))
		return fd ? -EINVAL : 0;

	return kvpci_uarg_eventfd(eventfd, fd);
}

static int set_exit_on_reset(struct kvpci_function *function)
{
	struct kvpci_host *host = function->host;
	int ret;

	mutex_lock(&host->lock);
	ret = host->kvm ? kvpci_exits_create(host) : -ENODEV;
	mutex_unlock(&host->lock);
	function->exit_on_reset = !ret;
	return ret;
}

/* All that kvpci_function_create() leaves out. */
static int function_complete(struct kvpci_function *function,
			     const struct kvpci_function_config *desc)
{
	int ret;

	ret = get_eventfd(&function->reset_eventfd, desc->flags,
			  KVPCI_FUNCTION_RESET_EVENTFD, desc->reset_eventfd);
	if (!ret)
		ret = get_eventfd(&function->interrupts.route_eventfd, desc->flags,
				  KVPCI_FUNCTION_ROUTE_EVENTFD, desc->route_eventfd);
	if (!ret && desc->interrupt_pin) {
		ret = kvpci_pin_add(&function->interrupts,
				    function->config.value + PCI_STATUS);
		function->config.value[PCI_INTERRUPT_PIN] = desc->interrupt_pin;
	}
	if (!ret && desc->flags & KVPCI_FUNCTION_RESET_EXIT)
		ret = set_exit_on_reset(function);
	if (!ret)
		ret = add_capabilities(function, desc);
	if (!ret)
		ret = kvpci_slot_check(function);
	if (!ret)
		ret = kvpci_regs_save(&function->config);
	return ret;
}

static int check_function(const struct kvpci_function_config *desc)
{
	if (desc->flags & ~KVPCI_FUNCTION_FLAGS || desc->interrupt_pin > 4)
		return -EINVAL;
	if (desc->pad || (!(desc->flags & KVPCI_FUNCTION_BEHIND) && desc->parent))
		return -EINVAL;
	if (desc->nr_capabilities > KVPCI_MAX_CAPABILITIES)
		return -E2BIG;
	if (desc->capability_size < KVPCI_CAPABILITY_SIZE_VER0)
		return -EINVAL;
	if (desc->capability_size > PAGE_SIZE)
		return -E2BIG;

	return 0;
}

/* The file of a bridge behind @host, of the caller's descriptor @fd. */
static struct file *get_parent(const struct kvpci_host *host, int fd)
{
	struct file *file = fget(fd);
	struct kvpci_function *function;

	if (!file)
		return ERR_PTR(-EBADF);

	function = file->f_op == &function_fops ? file->private_data : NULL;
	if (function && function->host == host && function->bridge)
		return file;

	fput(file);
	return ERR_PTR(-EINVAL);
}

/**
 * kvpci_create_function_ioctl() - KVPCI_CREATE_FUNCTION
 * @host: the host bridge
 * @arg: the argument
 *
 * Return: a descriptor or an error, as the uapi says
 */
int kvpci_create_function_ioctl(struct kvpci_host *host,
				const struct kvpci_function_config __user *arg)
{
	struct kvpci_function_config desc;
	struct kvpci_function *function;
	struct file *parent = NULL;
	int ret;

	ret = kvpci_uarg_get(&desc, sizeof(desc),
			     KVPCI_FUNCTION_CONFIG_SIZE_VER0, arg);
	if (ret)
		return ret;
	ret = check_function(&desc);
	if (ret)
		return ret;

	if (desc.flags & KVPCI_FUNCTION_BEHIND) {
		parent = get_parent(host, desc.parent);
		if (IS_ERR(parent))
			return PTR_ERR(parent);
	}
	mutex_lock(&host->lock);
	function = host->kvm ? kvpci_function_create(host, parent ? parent->private_data : NULL,
						     &desc) :
			       ERR_PTR(-ENODEV);
	mutex_unlock(&host->lock);
	if (parent)
		fput(parent);
	if (IS_ERR(function))
		return PTR_ERR(function);

	ret = function_complete(function, &desc);
	if (ret) {
		kvpci_function_remove(function);
		return ret;
	}

	ret = anon_inode_getfd("kvpci-function", &function_fops, function,
			       O_RDWR | O_CLOEXEC);
	if (ret < 0)
		kvpci_function_remove(function);
	return ret;
}
