// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of a function's interrupts: KVPCI_BIND, KVPCI_TRIGGER, KVPCI_GET_ROUTE and
 * KVPCI_SET_ROUTE. They check what the caller says; the rest is interrupts.c's.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/nospec.h>

#include "interrupt/interrupts.h"
#include "interrupt/vector.h"
#include "ioctl/interrupt.h"
#include "ioctl/uarg.h"
#include "pci/exit.h"
#include "pci/function.h"
#include "pci/host.h"
#include "pci/slot.h"

/* Is *@vector one of @count? If so, it is so for a speculating processor too. */
static bool check_vector(u32 *vector, u32 count)
{
	if (*vector >= count)
		return false;

	*vector = array_index_nospec(*vector, count);
	return true;
}

static int check_binding(const struct kvpci_function *function, struct kvpci_binding *desc)
{
	const struct kvpci_interrupts *interrupts = &function->interrupts;

	if (desc->flags & ~KVPCI_BIND_FLAGS ||
	    desc->flags == (KVPCI_BIND_REMOVE | KVPCI_BIND_ACK))
		return -EINVAL;
	if (desc->flags & KVPCI_BIND_REMOVE && desc->eventfd)
		return -EINVAL;
	if (desc->flags & KVPCI_BIND_ACK ? desc->interrupt != KVPCI_INTX :
					   desc->ack_eventfd)
		return -EINVAL;

	if (!check_vector(&desc->vector, kvpci_interrupts_count(interrupts, desc->interrupt)))
		return -EINVAL;

	return kvpci_slot_interrupts_by(function, desc->interrupt, desc->vector) ? -EBUSY : 0;
}

/**
 * kvpci_bind_ioctl() - KVPCI_BIND
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_bind_ioctl(struct kvpci_function *function,
		     const struct kvpci_binding __user *arg)
{
	struct kvpci_interrupts *interrupts = &function->interrupts;
	struct kvpci_host *host = function->host;
	struct eventfd_ctx *ack = NULL;
	struct kvpci_binding desc;
	struct file *file = NULL;
	int ret;

	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_BINDING_SIZE_VER0, arg);
	if (ret)
		return ret;
	ret = check_binding(function, &desc);
	if (ret)
		return ret;

	/* A descriptor may be another one the next time it is looked up. */
	if (!(desc.flags & KVPCI_BIND_REMOVE)) {
		file = eventfd_fget(desc.eventfd);
		if (IS_ERR(file))
			return PTR_ERR(file);
	}
	if (desc.flags & KVPCI_BIND_ACK) {
		ack = eventfd_ctx_fdget(desc.ack_eventfd);
		if (IS_ERR(ack)) {
			fput(file);
			return PTR_ERR(ack);
		}
	}

	mutex_lock(&host->lock);
	if (!host->kvm)
		ret = -ENODEV;
	else if (file)
		ret = kvpci_interrupts_bind(interrupts, desc.interrupt, desc.vector, file,
					    &ack);
	else
		ret = kvpci_interrupts_unbind(interrupts, desc.interrupt, desc.vector);
	mutex_unlock(&host->lock);

	if (ack)
		eventfd_ctx_put(ack);
	if (file)
		fput(file);
	return ret;
}

/**
 * kvpci_trigger_ioctl() - KVPCI_TRIGGER
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_trigger_ioctl(struct kvpci_function *function,
			const struct kvpci_trigger __user *arg)
{
	struct kvpci_interrupts *interrupts = &function->interrupts;
	struct kvpci_trigger desc;
	int ret;

	ret = kvpci_uarg_get(&desc, sizeof(desc), KVPCI_TRIGGER_SIZE_VER0, arg);
	if (ret)
		return ret;
	if (desc.flags & ~KVPCI_TRIGGER_FLAGS)
		return -EINVAL;
	if (!check_vector(&desc.vector,
			  kvpci_interrupts_count(interrupts, desc.interrupt)))
		return -EINVAL;
	if (kvpci_slot_interrupts_by(function, desc.interrupt, desc.vector))
		return -EBUSY;
	if (!READ_ONCE(function->host->kvm))
		return -ENODEV;

	if (desc.flags & KVPCI_TRIGGER_LOWER)
		kvpci_interrupts_lower(interrupts, desc.interrupt, desc.vector);
	else
		kvpci_interrupts_trigger(interrupts, desc.interrupt, desc.vector);
	return 0;
}

/**
 * kvpci_get_route_ioctl() - KVPCI_GET_ROUTE
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_get_route_ioctl(struct kvpci_function *function, struct kvpci_route __user *arg)
{
	struct kvpci_interrupts *interrupts = &function->interrupts;
	struct kvpci_route route;
	u32 count;
	int ret;

	ret = kvpci_uarg_get(&route, sizeof(route), KVPCI_ROUTE_SIZE_VER0, arg);
	if (ret)
		return ret;
	if (route.flags & ~KVPCI_ROUTE_RECALLED || route.requester || route.address || route.data ||
	    route.eventfd || route.sequence || route.resample_eventfd)
		return -EINVAL;
	count = kvpci_interrupts_count(interrupts, route.interrupt);
	if (route.interrupt == KVPCI_INTX || !count || route.vector > count)
		return -EINVAL;
	if (!READ_ONCE(function->host->kvm))
		return -ENODEV;
	if (!check_vector(&route.vector, count))
		return -ENOENT;

	ret = kvpci_vectors_get_route(kvpci_interrupts_vectors(interrupts, route.interrupt),
				      &route);
	if (ret)
		return ret;

	/* A number that is newer than the message makes that an old one. */
	route.requester = kvpci_function_bus_number(function) << 8 | function->devfn;
	return kvpci_uarg_put(arg, &route, sizeof(route), route.size);
}

static int check_route(const struct kvpci_interrupts *interrupts,
		       struct kvpci_route *route)
{
	bool remove = route->flags & KVPCI_ROUTE_REMOVE;

	if (route->flags & ~(KVPCI_ROUTE_REMOVE | KVPCI_ROUTE_HAND | KVPCI_ROUTE_LEAVE) ||
	    route->requester || route->address || route->data)
		return -EINVAL;
	if (route->flags & KVPCI_ROUTE_LEAVE && (!remove || route->interrupt == KVPCI_INTX))
		return -EINVAL;
	if (route->flags & KVPCI_ROUTE_HAND && (remove || route->interrupt == KVPCI_INTX))
		return -EINVAL;
	if (remove && (route->eventfd || route->sequence || route->resample_eventfd))
		return -EINVAL;
	if (route->interrupt == KVPCI_INTX ? route->sequence : route->resample_eventfd)
		return -EINVAL;
	if (!check_vector(&route->vector,
			  kvpci_interrupts_count(interrupts, route->interrupt)))
		return -EINVAL;

	return 0;
}

/* A vector that is handed to an irqfd may be recalled, which is an exit. */
static int set_route(struct kvpci_function *function, const struct kvpci_route *route,
		     struct eventfd_ctx **eventfd, struct file *resample)
{
	int ret;

	if (!function->host->kvm)
		return -ENODEV;
	if (route->flags & KVPCI_ROUTE_HAND) {
		ret = kvpci_exits_create(function->host);
		if (ret)
			return ret;
	}

	return kvpci_interrupts_set_route(&function->interrupts, route, eventfd, resample);
}

/**
 * kvpci_set_route_ioctl() - KVPCI_SET_ROUTE
 * @function: the function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int kvpci_set_route_ioctl(struct kvpci_function *function,
			  const struct kvpci_route __user *arg)
{
	struct kvpci_interrupts *interrupts = &function->interrupts;
	struct kvpci_host *host = function->host;
	struct eventfd_ctx *eventfd = NULL;
	struct file *resample = NULL;
	struct kvpci_route route;
	int ret;

	ret = kvpci_uarg_get(&route, sizeof(route), KVPCI_ROUTE_SIZE_VER0, arg);
	if (ret)
		return ret;
	ret = check_route(interrupts, &route);
	if (ret)
		return ret;

	if (!(route.flags & KVPCI_ROUTE_REMOVE)) {
		eventfd = eventfd_ctx_fdget(route.eventfd);
		if (IS_ERR(eventfd))
			return PTR_ERR(eventfd);
		if (route.interrupt == KVPCI_INTX)
			resample = eventfd_fget(route.resample_eventfd);
		if (IS_ERR(resample)) {
			eventfd_ctx_put(eventfd);
			return PTR_ERR(resample);
		}
	}

	mutex_lock(&host->lock);
	ret = set_route(function, &route, &eventfd, resample);
	mutex_unlock(&host->lock);

	if (resample)
		fput(resample);
	if (eventfd)
		eventfd_ctx_put(eventfd);
	return ret;
}
