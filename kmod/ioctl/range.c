// SPDX-License-Identifier: GPL-2.0
/*
 * KVPCI_ADD_RANGE: makes ranges of BARs, and takes them away. All that the caller has in its
 * memory is copied before a lock is taken, since that may take any time.
 */
#include <linux/err.h>
#include <linux/eventfd.h>

#include "backing/mirror.h"
#include "interrupt/interrupts.h"
#include "ioctl/range.h"
#include "ioctl/uarg.h"
#include "kinds/banks.h"
#include "kinds/block.h"
#include "kinds/registers.h"
#include "kinds/userspace.h"
#include "kinds/virtio.h"
#include "pci/doorbell.h"
#include "pci/function.h"
#include "pci/host.h"
#include "pci/slot.h"

static bool flags_are_valid(const struct kvpci_range_config *desc)
{
	switch (desc->flags) {
	case 0:
		return true;
	case KVPCI_RANGE_REMOVE:
		return !desc->data;
	case KVPCI_RANGE_REPLACE:
		return desc->bar != KVPCI_CONFIG;
	default:
		return false;
	}
}

/* May there be such a kind in that space? */
static bool kind_is_valid(const struct kvpci_range_config *desc)
{
	if (desc->bar == KVPCI_CONFIG)
		return desc->kind == KVPCI_RANGE_EXIT || desc->kind == KVPCI_RANGE_USERSPACE;

	return desc->kind != KVPCI_RANGE_EXIT;
}

/* Is the place there, and may there be such a range? @bar is the one of that index, or NULL. */
static int check_range(const struct kvpci_function_bar *bar,
		       const struct kvpci_range_config *desc)
{
	u64 size = KVPCI_CONFIG_SIZE;

	if (!flags_are_valid(desc) || !kind_is_valid(desc))
		return -EINVAL;
	if (desc->bar != KVPCI_CONFIG) {
		if (!bar)
			return -EINVAL;
		size = bar->space.size;
	}
	if (!desc->length || desc->length > size || desc->offset > size - desc->length)
		return -EINVAL;

	return 0;
}

static bool interrupt_is_valid(const struct kvpci_function *function,
			       const struct kvpci_registers_config *desc)
{
	switch (desc->flags & (KVPCI_REGISTERS_TRIGGER | KVPCI_REGISTERS_LOWER |
			       KVPCI_REGISTERS_LEVEL)) {
	case 0:
		return !desc->interrupt && !desc->vector;
	case KVPCI_REGISTERS_LEVEL:
		return desc->interrupt == KVPCI_INTX && !desc->vector &&
		       kvpci_interrupts_count(&function->interrupts, KVPCI_INTX);
	case KVPCI_REGISTERS_LOWER:
	case KVPCI_REGISTERS_TRIGGER:
		return desc->vector < kvpci_interrupts_count(&function->interrupts,
							     desc->interrupt);
	default:
		return false;
	}
}

static int check_registers(const struct kvpci_function *function,
			   const struct kvpci_registers_config *desc)
{
	if (desc->flags & ~KVPCI_REGISTERS_FLAGS)
		return -EINVAL;
	if (!(desc->flags & KVPCI_REGISTERS_EVENTFD) && desc->eventfd)
		return -EINVAL;

	if (!interrupt_is_valid(function, desc))
		return -EINVAL;
	if (!(desc->flags & (KVPCI_REGISTERS_TRIGGER | KVPCI_REGISTERS_LOWER |
			     KVPCI_REGISTERS_LEVEL)))
		return 0;

	return kvpci_slot_interrupts_by(function, desc->interrupt, desc->vector) ? -EBUSY : 0;
}

static void put_contents(struct kvpci_contents *contents)
{
	kvfree(contents->value);
	kvfree(contents->writable);
	kvfree(contents->write1clear);
	kvfree(contents->readclear);
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

/* What both kinds of registers have, in arrays of @length bytes. */
static int get_arrays(struct kvpci_contents *contents, u64 value, u64 writable, u64 write1clear,
		      u32 length)
{
	int ret;

	ret = get_array(&contents->value, value, length);
	if (!ret)
		ret = get_array(&contents->writable, writable, length);
	if (!ret)
		ret = get_array(&contents->write1clear, write1clear, length);
	return ret;
}

static int get_registers(struct kvpci_contents *contents,
			 const struct kvpci_registers_config *desc, u32 length)
{
	int ret;

	ret = get_arrays(contents, desc->value, desc->writable, desc->write1clear, length);
	if (!ret)
		ret = get_array(&contents->readclear, desc->readclear, length);
	if (ret || !(desc->flags & KVPCI_REGISTERS_EVENTFD))
		return ret;

	return kvpci_uarg_eventfd(&contents->eventfd, desc->eventfd);
}

static struct kvpci_range *new_registers(const struct kvpci_function_bar *bar,
					 const struct kvpci_range_config *place)
{
	struct kvpci_registers_config desc;
	struct kvpci_contents contents = {};
	struct kvpci_range *range;
	int ret;

	if (!place->data)
		return ERR_PTR(-EFAULT);
	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_REGISTERS_CONFIG_SIZE_VER0,
			     u64_to_user_ptr(place->data));
	if (!ret)
		ret = check_registers(bar->space.function, &desc);
	if (!ret)
		ret = kvpci_registers_check(bar, place, &desc);
	if (ret)
		return ERR_PTR(ret);

	ret = get_registers(&contents, &desc, place->length);
	range = ret ? ERR_PTR(ret) : kvpci_registers_new(&desc, place->length, &contents);
	put_contents(&contents);
	return range;
}

static struct kvpci_range *new_banks(const struct kvpci_function_bar *bar,
				     const struct kvpci_range_config *place)
{
	struct kvpci_contents contents = {};
	struct kvpci_banks_config desc;
	struct kvpci_range *range;
	int ret;

	if (!place->data)
		return ERR_PTR(-EFAULT);
	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_BANKS_CONFIG_SIZE_VER0,
			     u64_to_user_ptr(place->data));
	if (!ret)
		ret = kvpci_banks_check(bar, place, &desc);
	if (ret)
		return ERR_PTR(ret);

	ret = get_arrays(&contents, desc.value, desc.writable, desc.write1clear,
			 desc.banks * (place->length - desc.selector));
	range = ret ? ERR_PTR(ret) : kvpci_banks_new(&desc, place->length, &contents);
	put_contents(&contents);
	return range;
}

/* Copy what the caller says of queues; @queues is NULL, or to be freed with kvfree(). */
static int get_queues(struct kvpci_virtio_queue **queues, const struct kvpci_virtio_config *desc)
{
	u64 user = desc->queue;
	int ret = 0;
	u32 i;

	if (desc->queue_size < KVPCI_VIRTIO_QUEUE_SIZE_VER0)
		return -EINVAL;
	if (desc->queue_size > PAGE_SIZE)
		return -E2BIG;

	*queues = kvcalloc(desc->queues, sizeof(**queues), GFP_KERNEL_ACCOUNT);
	if (!*queues)
		return -ENOMEM;

	for (i = 0; i < desc->queues && !ret; i++, user += desc->queue_size)
		ret = copy_struct_from_user(*queues + i, sizeof(**queues), u64_to_user_ptr(user),
					    desc->queue_size);
	return ret;
}

static struct kvpci_range *new_virtio(const struct kvpci_function_bar *bar,
				      const struct kvpci_range_config *place)
{
	struct kvpci_virtio_queue *queues = NULL;
	struct kvpci_contents contents = {};
	struct kvpci_virtio_config desc;
	struct kvpci_range *range;
	int ret;

	if (!place->data)
		return ERR_PTR(-EFAULT);
	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_VIRTIO_CONFIG_SIZE_VER0,
			     u64_to_user_ptr(place->data));
	if (!ret)
		ret = kvpci_virtio_check(bar, place, &desc);
	if (ret)
		return ERR_PTR(ret);

	ret = get_arrays(&contents, desc.value, desc.writable, 0,
			 place->length - KVPCI_VIRTIO_COMMON);
	if (!ret)
		ret = get_queues(&queues, &desc);
	range = ret ? ERR_PTR(ret) : kvpci_virtio_new(&desc, place->length, &queues, &contents);
	kvfree(queues);
	put_contents(&contents);
	return range;
}

/* Make the range, as its kind does; NULL if there is nothing to make. */
static struct kvpci_range *new_range(struct kvpci_function_bar *bar,
				     const struct kvpci_range_config *desc)
{
	struct kvpci_range *range;

	/* It is no range: registers stay what they are. */
	if (desc->bar == KVPCI_CONFIG)
		return desc->data ? ERR_PTR(-EINVAL) : NULL;

	switch (desc->kind) {
	case KVPCI_RANGE_REGISTERS:
		range = new_registers(bar, desc);
		break;
	case KVPCI_RANGE_BANKS:
		range = new_banks(bar, desc);
		break;
	case KVPCI_RANGE_VIRTIO:
		range = new_virtio(bar, desc);
		break;
	case KVPCI_RANGE_USERSPACE:
	case KVPCI_RANGE_MEMORY:
		range = kvpci_userspace_new(bar, desc);
		break;
	default:
		range = ERR_PTR(-EINVAL);
	}
	if (IS_ERR(range))
		return range;

	range->space = &bar->space;
	range->offset = desc->offset;
	range->length = desc->length;
	return range;
}

/* The range that is to go, of that place exactly. */
static struct kvpci_range *find_old(const struct kvpci_function_bar *bar,
				    const struct kvpci_range_config *desc)
{
	struct kvpci_range *range = kvpci_range_find(&bar->space, desc->offset);

	if (!range || range->offset != desc->offset || range->length != desc->length)
		return ERR_PTR(-ENOENT);

	/* Those of MSI-X are part of its capability. */
	return range->ops->destroy ? range : ERR_PTR(-EINVAL);
}

/* @new is NULL if a range is only to go. */
static int replace_range(struct kvpci_function *function, struct kvpci_function_bar *bar,
			 const struct kvpci_range_config *desc, struct kvpci_range *new)
{
	struct kvpci_range *old = NULL;

	if (desc->flags) {
		old = find_old(bar, desc);
		if (IS_ERR(old))
			return PTR_ERR(old);
	}
	/* A guest that writes to memory rings nothing. */
	if (new && new->external && kvpci_doorbell_in(bar, desc->offset, desc->length))
		return -EBUSY;
	if (function->plugged) {
		/* What is mirrored stays as it was when the function was plugged. */
		if ((new && new->external) || kvpci_mirror_has(bar, desc->offset, desc->length))
			return -EBUSY;
		if (new)
			new->mirrored = false;
	}

	return kvpci_function_replace_bar_range(function, old, new);
}

/* Have accesses to configuration space come to userspace, or not. */
static int change_config(struct kvpci_function *function, const struct kvpci_range_config *desc)
{
	bool remove = desc->flags & KVPCI_RANGE_REMOVE;

	if (desc->kind == KVPCI_RANGE_EXIT)
		return kvpci_function_set_exit(function, desc->offset, desc->length, !remove);

	return kvpci_mirrors_trap(function, desc->offset, desc->length, !remove);
}

/**
 * kvpci_add_range_ioctl() - KVPCI_ADD_RANGE
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_add_range_ioctl(struct kvpci_function *function,
			  const struct kvpci_range_config __user *arg)
{
	struct kvpci_range *range = NULL;
	struct kvpci_range_config desc;
	struct kvpci_function_bar *bar;
	int ret;

	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_RANGE_CONFIG_SIZE_VER0, arg);
	if (ret)
		return ret;
	bar = kvpci_bars_find(&function->bars, desc.bar);
	ret = check_range(bar, &desc);
	if (ret)
		return ret;
	if (!READ_ONCE(function->host->kvm))
		return -ENODEV;

	if (!(desc.flags & KVPCI_RANGE_REMOVE)) {
		range = new_range(bar, &desc);
		if (IS_ERR(range))
			return PTR_ERR(range);
	}

	mutex_lock(&function->host->lock);
	if (!function->host->kvm)
		ret = -ENODEV;
	else if (desc.bar == KVPCI_CONFIG)
		ret = change_config(function, &desc);
	else
		ret = replace_range(function, bar, &desc, range);
	mutex_unlock(&function->host->lock);
	if (ret && range)
		range->ops->destroy(range);
	return ret;
}
