// SPDX-License-Identifier: GPL-2.0
/*
 * The interrupts of a function: INTx, MSI and MSI-X together, as configuration space and
 * the ioctls see them.
 *
 *	eventfd -> listener -+
 *	ioctl ---------------+-> vector or pin -> message or irqfd -> guest
 *	register write ------+
 *
 * Which of the three there are is fixed when the function is made. Their state is
 * guarded by one lock of the function's own, apart from that of its registers, since
 * eventfds are signalled in any context.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/pci_regs.h>

#include "function.h"
#include "host.h"
#include "interrupt.h"
#include "intx.h"
#include "kvm.h"
#include "msi.h"
#include "msix.h"
#include "uarg.h"
#include "vector.h"

/**
 * vpci_interrupts_init() - initialise, with no way to interrupt
 * @interrupts: of a function, all zeroes
 * @function: the function
 *
 * Context: process; the caller holds the host's lock.
 */
void vpci_interrupts_init(struct vpci_interrupts *interrupts,
			  struct vpci_function *function)
{
	spin_lock_init(&interrupts->lock);
	interrupts->function = function;
	interrupts->kvm = function->host->kvm;
	interrupts->worker = function->host->worker;
}

/**
 * vpci_interrupts_destroy() - free
 * @interrupts: of a function that listens to nothing and that the guest can't reach any more
 *
 * Context: process.
 */
void vpci_interrupts_destroy(struct vpci_interrupts *interrupts)
{
	vpci_intx_destroy(interrupts->intx);
	vpci_msi_destroy(interrupts->msi);
	vpci_msix_destroy(interrupts->msix);
	if (interrupts->route_eventfd)
		eventfd_ctx_put(interrupts->route_eventfd);
}

/**
 * vpci_interrupts_stop_listening() - let no eventfd trigger or acknowledge any more
 * @interrupts: of a function
 *
 * Context: process; the caller holds the host's lock.
 */
void vpci_interrupts_stop_listening(struct vpci_interrupts *interrupts)
{
	if (interrupts->intx)
		vpci_intx_stop_listening(interrupts->intx);
	if (interrupts->msi)
		vpci_vectors_unbind(vpci_msi_vectors(interrupts->msi));
	if (interrupts->msix)
		vpci_vectors_unbind(vpci_msix_vectors(interrupts->msix));
}

/**
 * vpci_interrupts_disconnect() - let go of the virtual machine
 * @interrupts: of a function
 *
 * Context: process.
 */
void vpci_interrupts_disconnect(struct vpci_interrupts *interrupts)
{
	spin_lock_irq(&interrupts->lock);
	interrupts->kvm = NULL;
	spin_unlock_irq(&interrupts->lock);
}

/**
 * vpci_interrupts_config_write() - write registers that interrupts follow
 * @interrupts: of a function
 * @offset: first byte, in configuration space
 * @len: bytes
 * @val: what to write
 *
 * Context: process; the caller holds the function's lock.
 * Return: whether vpci_interrupts_flush() is to follow, without the function's lock
 */
bool vpci_interrupts_config_write(struct vpci_interrupts *interrupts,
				  u32 offset, u32 len, const void *val)
{
	bool pending = false;

	spin_lock_irq(&interrupts->lock);
	vpci_regs_write(&interrupts->function->config, offset, len, val);
	if (interrupts->msix)
		pending |= vpci_msix_follow(interrupts->msix);
	if (interrupts->msi)
		pending |= vpci_msi_follow(interrupts->msi);
	if (interrupts->intx)
		vpci_intx_follow(interrupts->intx);
	spin_unlock_irq(&interrupts->lock);
	return pending;
}

/**
 * vpci_interrupts_flush() - send what a write to configuration space has allowed
 * @interrupts: of a function
 *
 * Context: process; the caller does not hold the function's lock.
 */
void vpci_interrupts_flush(struct vpci_interrupts *interrupts)
{
	if (interrupts->msix)
		vpci_vectors_flush(vpci_msix_vectors(interrupts->msix));
	if (interrupts->msi)
		vpci_vectors_flush(vpci_msi_vectors(interrupts->msi));
}

/**
 * vpci_interrupts_reset() - put everything back, configuration space included
 * @interrupts: of a function
 *
 * Context: process; the caller holds the function's lock.
 */
void vpci_interrupts_reset(struct vpci_interrupts *interrupts)
{
	struct vpci_regs *config = &interrupts->function->config;

	spin_lock_irq(&interrupts->lock);
	vpci_regs_reset(config, 0, config->size, 0);
	if (interrupts->msix)
		vpci_msix_reset(interrupts->msix);
	if (interrupts->msi)
		vpci_msi_reset(interrupts->msi);
	if (interrupts->intx)
		vpci_intx_reset(interrupts->intx);
	spin_unlock_irq(&interrupts->lock);
}

/* The vectors of MSI or MSI-X, or NULL. */
static struct vpci_vectors *find_vectors(const struct vpci_interrupts *interrupts,
					 u32 interrupt)
{
	if (interrupt == KVPCI_MSIX && interrupts->msix)
		return vpci_msix_vectors(interrupts->msix);
	if (interrupt == KVPCI_MSI && interrupts->msi)
		return vpci_msi_vectors(interrupts->msi);

	return NULL;
}

/**
 * vpci_interrupts_count() - how many vectors does a function have?
 * @interrupts: of the function
 * @interrupt: enum kvpci_interrupt, or any other number
 *
 * Return: their number; 0 if there is no such interrupt
 */
u32 vpci_interrupts_count(const struct vpci_interrupts *interrupts, u32 interrupt)
{
	const struct vpci_vectors *vectors = find_vectors(interrupts, interrupt);

	if (interrupt == KVPCI_INTX)
		return interrupts->intx ? 1 : 0;

	return vectors ? vectors->nr : 0;
}

/* Is *@vector one of @count? If so, it is so for a speculating processor too. */
static bool check_vector(u32 *vector, u32 count)
{
	if (*vector >= count)
		return false;

	*vector = array_index_nospec(*vector, count);
	return true;
}

/**
 * vpci_interrupts_trigger() - trigger a vector, or raise the pin
 * @interrupts: of a function
 * @interrupt: enum kvpci_interrupt
 * @vector: which; the function has it
 *
 * Context: as vpci_vector_trigger().
 */
void vpci_interrupts_trigger(struct vpci_interrupts *interrupts, u32 interrupt,
			     u32 vector)
{
	if (interrupt == KVPCI_INTX)
		vpci_intx_set_level(interrupts->intx, true);
	else
		vpci_vector_trigger(find_vectors(interrupts, interrupt), vector);
}

/**
 * vpci_interrupts_lower() - let a vector not be pending, or lower the pin
 * @interrupts: of a function
 * @interrupt: enum kvpci_interrupt
 * @vector: which; the function has it
 *
 * Context: any.
 */
void vpci_interrupts_lower(struct vpci_interrupts *interrupts, u32 interrupt,
			   u32 vector)
{
	if (interrupt == KVPCI_INTX)
		vpci_intx_set_level(interrupts->intx, false);
	else
		vpci_vector_withdraw(find_vectors(interrupts, interrupt), vector);
}

static bool listens_to(const struct vpci_interrupts *interrupts,
		       const struct eventfd_ctx *eventfd)
{
	return (interrupts->intx && vpci_intx_listens_to(interrupts->intx, eventfd)) ||
	       (interrupts->msi &&
		vpci_vectors_listen_to(vpci_msi_vectors(interrupts->msi), eventfd)) ||
	       (interrupts->msix &&
		vpci_vectors_listen_to(vpci_msix_vectors(interrupts->msix), eventfd));
}

static bool signals(const struct vpci_interrupts *interrupts,
		    const struct eventfd_ctx *eventfd)
{
	return (interrupts->intx && vpci_intx_signals(interrupts->intx, eventfd)) ||
	       (interrupts->msi &&
		vpci_vectors_signal(vpci_msi_vectors(interrupts->msi), eventfd)) ||
	       (interrupts->msix &&
		vpci_vectors_signal(vpci_msix_vectors(interrupts->msix), eventfd));
}

/*
 * An eventfd that a function both signals and listens to would never rest: may @source
 * trigger one of its interrupts, and @ack, or NULL, be told of acknowledgments?
 */
static bool source_is_valid(const struct vpci_interrupts *interrupts,
			    const struct eventfd_ctx *source,
			    const struct eventfd_ctx *ack)
{
	if (signals(interrupts, source))
		return false;

	return !ack || (ack != source && !listens_to(interrupts, ack));
}

/* *@ack becomes NULL if it is kept. */
static int bind(struct vpci_interrupts *interrupts, const struct kvpci_binding *desc,
		struct file *file, struct eventfd_ctx **ack)
{
	struct vpci_vectors *vectors = find_vectors(interrupts, desc->interrupt);
	struct list_head *listeners = &interrupts->function->host->listeners;
	struct eventfd_ctx *source;
	bool valid;

	source = eventfd_ctx_fileget(file);
	if (IS_ERR(source))
		return PTR_ERR(source);
	valid = source_is_valid(interrupts, source, *ack);
	eventfd_ctx_put(source);
	if (!valid)
		return -EINVAL;
	if (!vectors)
		return vpci_intx_bind(interrupts->intx, listeners, file, ack);

	return vpci_vector_bind(vectors, desc->vector, listeners, file);
}

static int unbind(struct vpci_interrupts *interrupts, const struct kvpci_binding *desc)
{
	struct vpci_vectors *vectors = find_vectors(interrupts, desc->interrupt);

	return vectors ? vpci_vector_unbind(vectors, desc->vector) :
			 vpci_intx_unbind(interrupts->intx);
}

static int check_binding(const struct vpci_interrupts *interrupts,
			 struct kvpci_binding *desc)
{
	if (desc->flags & ~KVPCI_BIND_FLAGS ||
	    desc->flags == (KVPCI_BIND_REMOVE | KVPCI_BIND_ACK))
		return -EINVAL;
	if (desc->flags & KVPCI_BIND_REMOVE && desc->eventfd)
		return -EINVAL;
	if (desc->flags & KVPCI_BIND_ACK ? desc->interrupt != KVPCI_INTX :
					   desc->ack_eventfd)
		return -EINVAL;

	return check_vector(&desc->vector,
			    vpci_interrupts_count(interrupts, desc->interrupt)) ?
	       0 : -EINVAL;
}

/**
 * vpci_interrupts_bind_ioctl() - KVPCI_BIND
 * @interrupts: of a function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int vpci_interrupts_bind_ioctl(struct vpci_interrupts *interrupts,
			       const struct kvpci_binding __user *arg)
{
	struct vpci_host *host = interrupts->function->host;
	struct eventfd_ctx *ack = NULL;
	struct kvpci_binding desc;
	struct file *file = NULL;
	int ret;

	ret = vpci_uarg_get(&desc, sizeof(desc), KVPCI_BINDING_SIZE_VER0, arg);
	if (ret)
		return ret;
	ret = check_binding(interrupts, &desc);
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
	else
		ret = file ? bind(interrupts, &desc, file, &ack) :
			     unbind(interrupts, &desc);
	mutex_unlock(&host->lock);

	if (ack)
		eventfd_ctx_put(ack);
	if (file)
		fput(file);
	return ret;
}

/**
 * vpci_interrupts_trigger_ioctl() - KVPCI_TRIGGER
 * @interrupts: of a function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int vpci_interrupts_trigger_ioctl(struct vpci_interrupts *interrupts,
				  const struct kvpci_trigger __user *arg)
{
	struct kvpci_trigger desc;
	int ret;

	ret = vpci_uarg_get(&desc, sizeof(desc), KVPCI_TRIGGER_SIZE_VER0, arg);
	if (ret)
		return ret;
	if (desc.flags & ~KVPCI_TRIGGER_FLAGS)
		return -EINVAL;
	if (!check_vector(&desc.vector,
			  vpci_interrupts_count(interrupts, desc.interrupt)))
		return -EINVAL;
	if (!READ_ONCE(interrupts->function->host->kvm))
		return -ENODEV;

	if (desc.flags & KVPCI_TRIGGER_LOWER)
		vpci_interrupts_lower(interrupts, desc.interrupt, desc.vector);
	else
		vpci_interrupts_trigger(interrupts, desc.interrupt, desc.vector);
	return 0;
}

/**
 * vpci_interrupts_get_route_ioctl() - KVPCI_GET_ROUTE
 * @interrupts: of a function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int vpci_interrupts_get_route_ioctl(struct vpci_interrupts *interrupts,
				    struct kvpci_route __user *arg)
{
	struct kvpci_route route;
	u32 count;
	int ret;

	ret = vpci_uarg_get(&route, sizeof(route), KVPCI_ROUTE_SIZE_VER0, arg);
	if (ret)
		return ret;
	if (route.flags || route.pad || route.address || route.data ||
	    route.eventfd || route.sequence || route.resample_eventfd)
		return -EINVAL;
	count = vpci_interrupts_count(interrupts, route.interrupt);
	if (route.interrupt == KVPCI_INTX || !count || route.vector > count)
		return -EINVAL;
	if (vpci_kvm_sends_directly())
		return -EOPNOTSUPP;
	if (!READ_ONCE(interrupts->function->host->kvm))
		return -ENODEV;
	if (!check_vector(&route.vector, count))
		return -ENOENT;

	ret = vpci_vectors_get_route(find_vectors(interrupts, route.interrupt),
				     &route);
	if (ret)
		return ret;

	return copy_to_user(arg, &route, min_t(size_t, route.size, sizeof(route))) ?
	       -EFAULT : 0;
}

static int check_route(const struct vpci_interrupts *interrupts,
		       struct kvpci_route *route)
{
	bool remove = route->flags & KVPCI_ROUTE_REMOVE;

	if (route->flags & ~KVPCI_ROUTE_FLAGS || route->pad || route->address ||
	    route->data)
		return -EINVAL;
	if (remove && (route->eventfd || route->sequence || route->resample_eventfd))
		return -EINVAL;
	if (route->interrupt == KVPCI_INTX ? route->sequence : route->resample_eventfd)
		return -EINVAL;
	if (!check_vector(&route->vector,
			  vpci_interrupts_count(interrupts, route->interrupt)))
		return -EINVAL;

	return route->interrupt != KVPCI_INTX && vpci_kvm_sends_directly() ?
	       -EOPNOTSUPP : 0;
}

/* May acknowledgments come by @file, of a pin that @route signals? */
static bool resample_is_valid(const struct vpci_interrupts *interrupts,
			      const struct eventfd_ctx *route, struct file *file)
{
	struct eventfd_ctx *resample = eventfd_ctx_fileget(file);
	bool valid;

	if (IS_ERR(resample))
		return false;

	valid = resample != route && !signals(interrupts, resample);
	eventfd_ctx_put(resample);
	return valid;
}

/* *@eventfd becomes the one that is not needed any more, NULL if there is none. */
static int set_route(struct vpci_interrupts *interrupts, const struct kvpci_route *route,
		     struct eventfd_ctx **eventfd, struct file *resample)
{
	struct list_head *listeners = &interrupts->function->host->listeners;

	if (*eventfd && listens_to(interrupts, *eventfd))
		return -EINVAL;
	if (route->interrupt != KVPCI_INTX)
		return vpci_vector_set_route(find_vectors(interrupts, route->interrupt),
					     route->vector, route->sequence, eventfd);
	if (resample && !resample_is_valid(interrupts, *eventfd, resample))
		return -EINVAL;

	return vpci_intx_set_route(interrupts->intx, eventfd, listeners, resample);
}

/**
 * vpci_interrupts_set_route_ioctl() - KVPCI_SET_ROUTE
 * @interrupts: of a function
 * @arg: the argument
 *
 * Return: 0 or an error, as the uapi says
 */
int vpci_interrupts_set_route_ioctl(struct vpci_interrupts *interrupts,
				    const struct kvpci_route __user *arg)
{
	struct vpci_host *host = interrupts->function->host;
	struct eventfd_ctx *eventfd = NULL;
	struct file *resample = NULL;
	struct kvpci_route route;
	int ret;

	ret = vpci_uarg_get(&route, sizeof(route), KVPCI_ROUTE_SIZE_VER0, arg);
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
	ret = host->kvm ? set_route(interrupts, &route, &eventfd, resample) : -ENODEV;
	mutex_unlock(&host->lock);

	if (resample)
		fput(resample);
	if (eventfd)
		eventfd_ctx_put(eventfd);
	return ret;
}
