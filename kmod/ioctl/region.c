// SPDX-License-Identifier: GPL-2.0
/*
 * KVPCI_ADD_REGION: makes ranges of BARs. All that the caller has in its memory is copied
 * before a lock is taken, since that may take any time.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/nospec.h>

#include "interrupt/interrupts.h"
#include "ioctl/region.h"
#include "ioctl/uarg.h"
#include "kinds/contents.h"
#include "kinds/registers.h"
#include "kinds/userspace.h"
#include "pci/function.h"
#include "pci/host.h"

static bool interrupt_is_valid(const struct kvpci_function *function,
			       const struct kvpci_region *desc)
{
	switch (desc->flags & (KVPCI_REGION_TRIGGER | KVPCI_REGION_LOWER)) {
	case 0:
		return !desc->interrupt && !desc->vector;
	case KVPCI_REGION_LOWER:
	case KVPCI_REGION_TRIGGER:
		return desc->vector < kvpci_interrupts_count(&function->interrupts,
							     desc->interrupt);
	default:
		return false;
	}
}

/* What the kind of range asks for beyond that. */
static int check_kind(const struct kvpci_function_bar *bar, const struct kvpci_region *desc)
{
	switch (desc->kind) {
	case KVPCI_REGION_REGISTERS:
		return kvpci_registers_check(bar, desc);
	case KVPCI_REGION_USERSPACE:
		return desc->flags || desc->value || desc->writable ||
		       desc->write1clear ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int check_region(const struct kvpci_function *function,
			struct kvpci_region *desc)
{
	const struct kvpci_function_bar *bar;

	if (desc->flags & ~KVPCI_REGION_FLAGS)
		return -EINVAL;
	if (!(desc->flags & KVPCI_REGION_EVENTFD) && desc->eventfd)
		return -EINVAL;
	if (!interrupt_is_valid(function, desc))
		return -EINVAL;
	if (desc->bar >= KVPCI_NUM_BARS_AND_ROM)
		return -EINVAL;
	desc->bar = array_index_nospec(desc->bar, KVPCI_NUM_BARS_AND_ROM);
	bar = &function->bars[desc->bar];
	if (!desc->length || desc->length > bar->space.size ||
	    desc->offset > bar->space.size - desc->length)
		return -EINVAL;

	return check_kind(bar, desc);
}

static void put_contents(struct kvpci_contents *contents)
{
	kvfree(contents->value);
	kvfree(contents->writable);
	kvfree(contents->write1clear);
	if (contents->eventfd)
		eventfd_ctx_put(contents->eventfd);
}

/* Copy an array that the caller may have given; *@bytes is NULL if there is none. */
static int get_array(u8 **bytes, u64 user, u32 len)
{
	u8 *copy = kvpci_uarg_bytes(user, len);

	if (IS_ERR(copy))
		return PTR_ERR(copy);

	*bytes = copy;
	return 0;
}

static int get_contents(struct kvpci_contents *contents, const struct kvpci_region *desc)
{
	int ret;

	ret = get_array(&contents->value, desc->value, desc->length);
	if (!ret)
		ret = get_array(&contents->writable, desc->writable, desc->length);
	if (!ret)
		ret = get_array(&contents->write1clear, desc->write1clear, desc->length);
	if (ret || !(desc->flags & KVPCI_REGION_EVENTFD))
		return ret;

	return kvpci_uarg_eventfd(&contents->eventfd, desc->eventfd);
}

static struct kvpci_range *new_registers(const struct kvpci_region *desc)
{
	struct kvpci_contents contents = {};
	struct kvpci_range *range;
	int ret;

	ret = get_contents(&contents, desc);
	range = ret ? ERR_PTR(ret) : kvpci_registers_new(desc, &contents);
	put_contents(&contents);
	return range;
}

static struct kvpci_range *new_range(struct kvpci_function_bar *bar,
				     const struct kvpci_region *desc)
{
	struct kvpci_range *range;

	range = desc->kind == KVPCI_REGION_REGISTERS ? new_registers(desc) :
						       kvpci_userspace_new(bar);
	if (IS_ERR(range))
		return range;

	range->space = &bar->space;
	range->offset = desc->offset;
	range->length = desc->length;
	return range;
}

/* May regions be added? So it is as long as the host's lock is held. */
static int check_state(const struct kvpci_function *function)
{
	if (!READ_ONCE(function->host->kvm))
		return -ENODEV;

	return READ_ONCE(function->plugged) ? -EBUSY : 0;
}

static int add_region(struct kvpci_function *function, const struct kvpci_region *desc,
		      struct kvpci_range *range)
{
	int ret;

	ret = check_state(function);
	if (!ret && desc->kind == KVPCI_REGION_USERSPACE)
		ret = kvpci_exits_create(function->host);

	return ret ?: kvpci_function_add_region(function, range);
}

/**
 * kvpci_add_region_ioctl() - KVPCI_ADD_REGION
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_add_region_ioctl(struct kvpci_function *function,
			   const struct kvpci_region __user *arg)
{
	struct kvpci_range *range;
	struct kvpci_region desc;
	int ret;

	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_REGION_SIZE_VER0, arg);
	if (ret)
		return ret;
	ret = check_region(function, &desc);
	if (ret)
		return ret;
	ret = check_state(function);
	if (ret)
		return ret;

	range = new_range(&function->bars[desc.bar], &desc);
	if (IS_ERR(range))
		return PTR_ERR(range);

	mutex_lock(&function->host->lock);
	ret = add_region(function, &desc, range);
	mutex_unlock(&function->host->lock);
	if (ret)
		range->ops->destroy(range);
	return ret;
}
