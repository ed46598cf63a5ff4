// SPDX-License-Identifier: GPL-2.0
/*
 * KVPCI_DOORBELL: checks what the caller says; the rest is pci/doorbell.c's.
 */
#include <linux/err.h>
#include <linux/eventfd.h>

#include "ioctl/doorbell.h"
#include "ioctl/uarg.h"
#include "pci/doorbell.h"
#include "pci/function.h"
#include "pci/host.h"

/* @bar is the one of that index, or NULL. */
static int check_doorbell(const struct kvpci_function_bar *bar,
			  const struct kvpci_doorbell *desc)
{
	if (desc->flags & ~KVPCI_DOORBELL_FLAGS || desc->pad)
		return -EINVAL;
	if (!bar || bar->index == KVPCI_BAR_ROM)
		return -EINVAL;

	switch (desc->length) {
	case 0:
	case 1:
	case 2:
	case 4:
		break;
	case 8:
		if (!(bar->flags & KVPCI_BAR_IO))
			break;
		fallthrough;
	default:
		return -EINVAL;
	}
	if (desc->offset >= bar->space.size || desc->length > bar->space.size - desc->offset)
		return -EINVAL;

	if (desc->flags & KVPCI_DOORBELL_DATAMATCH) {
		if (!desc->length ||
		    (desc->length < 8 && desc->datamatch >> 8 * desc->length))
			return -EINVAL;
	} else if (desc->datamatch) {
		return -EINVAL;
	}

	return 0;
}

/* Is it where the guest finds memory, so that a write to it comes to nobody? */
static bool is_in_memory(const struct kvpci_function_bar *bar,
			 const struct kvpci_bar_doorbell *doorbell)
{
	const struct kvpci_range *range = kvpci_range_next(&bar->space, doorbell->offset);

	return range && range->external &&
	       range->offset < doorbell->offset + max_t(u32, doorbell->length, 1);
}

/**
 * kvpci_doorbell_ioctl() - KVPCI_DOORBELL
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_doorbell_ioctl(struct kvpci_function *function,
			 const struct kvpci_doorbell __user *arg)
{
	struct kvpci_bar_doorbell doorbell;
	struct kvpci_doorbell desc;
	struct kvpci_function_bar *bar;
	bool remove;
	int ret;

	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_DOORBELL_SIZE_VER0, arg);
	if (ret)
		return ret;
	bar = kvpci_bars_find(&function->bars, desc.bar);
	ret = check_doorbell(bar, &desc);
	if (ret)
		return ret;

	remove = desc.flags & KVPCI_DOORBELL_DEASSIGN;
	doorbell = (struct kvpci_bar_doorbell) {
		.offset = desc.offset,
		.datamatch = desc.datamatch,
		.length = desc.length,
		.wildcard = !(desc.flags & KVPCI_DOORBELL_DATAMATCH),
		.eventfd = eventfd_ctx_fdget(desc.eventfd),
	};
	if (IS_ERR(doorbell.eventfd))
		return PTR_ERR(doorbell.eventfd);

	mutex_lock(&function->host->lock);
	if (!function->host->kvm)
		ret = -ENODEV;
	else if (is_in_memory(bar, &doorbell))
		ret = -EBUSY;
	else
		ret = remove ? kvpci_doorbell_deassign(bar, &doorbell) :
			       kvpci_doorbell_assign(bar, &doorbell);
	if (!ret && !remove && !doorbell.length && !(bar->flags & KVPCI_BAR_IO))
		kvpci_host_claim_fast(function->host);
	mutex_unlock(&function->host->lock);

	/* A doorbell that was assigned keeps the reference. */
	if (ret || remove)
		eventfd_ctx_put(doorbell.eventfd);
	return ret;
}
