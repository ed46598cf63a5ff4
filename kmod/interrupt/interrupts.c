// SPDX-License-Identifier: GPL-2.0
/*
 * The interrupts of a function: INTx, MSI and MSI-X together.
 *
 *	eventfd -> listener -+
 *	ioctl ---------------+-> vector or pin -> message or irqfd -> guest
 *	register write ------+
 *
 * Which of the three there are is fixed when the function is made. Their state is
 * guarded by one lock of the function's own, apart from that of its registers, since
 * eventfds are signalled in any context.
 *
 * Who keeps the registers says here what they allow: bus mastering, INTx disable, and of
 * the vectors whether the guest has enabled and masked them.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/fs.h>

#include "interrupt/interrupts.h"
#include "interrupt/pin.h"
#include "interrupt/vector.h"
#include "kvm/kvm.h"

/**
 * kvpci_interrupts_init() - initialise, with no way to interrupt
 * @interrupts: of a function, all zeroes
 * @function: the function
 * @kvm: the virtual machine
 * @listeners: what listens to eventfds for any function of the host bridge
 * @worker: does what is deferred
 * @recalled: how many vectors of the host bridge userspace is to take back
 * @direct: messages are sent by kvpci_kvm_send(), which works, not by irqfds alone
 *
 * Context: process; the caller holds the host's lock.
 */
void kvpci_interrupts_init(struct kvpci_interrupts *interrupts,
			   const struct kvpci_function *function, struct kvm *kvm,
			   struct list_head *listeners, struct kvpci_worker *worker,
			   atomic_t *recalled, bool direct)
{
	/* Two classes: one is taken inside the lock of a wait queue, the other outside of it. */
	if (direct)
		spin_lock_init(&interrupts->lock);
	else
		spin_lock_init(&interrupts->lock);
	interrupts->function = function;
	interrupts->kvm = kvm;
	interrupts->listeners = listeners;
	interrupts->worker = worker;
	interrupts->recalled = recalled;
	interrupts->direct = direct;
}

/**
 * kvpci_interrupts_destroy() - free all but the vectors, which are part of MSI and MSI-X
 * @interrupts: of a function that listens to nothing and that the guest can't reach any more
 *
 * No work item of the vectors runs any more, either.
 *
 * Context: process.
 */
void kvpci_interrupts_destroy(struct kvpci_interrupts *interrupts)
{
	kvpci_pin_destroy(interrupts->pin);
	if (interrupts->msi)
		kvpci_vectors_cancel(interrupts->msi);
	if (interrupts->msix)
		kvpci_vectors_cancel(interrupts->msix);
	if (interrupts->route_eventfd)
		eventfd_ctx_put(interrupts->route_eventfd);
}

/**
 * kvpci_interrupts_stop_listening() - let no eventfd trigger or acknowledge any more
 * @interrupts: of a function
 *
 * Context: process; the caller holds the host's lock.
 */
void kvpci_interrupts_stop_listening(struct kvpci_interrupts *interrupts)
{
	if (interrupts->pin)
		kvpci_pin_stop_listening(interrupts->pin);
	if (interrupts->msi)
		kvpci_vectors_unbind(interrupts->msi);
	if (interrupts->msix)
		kvpci_vectors_unbind(interrupts->msix);
}

static void interrupts_settle(struct kvpci_interrupts *interrupts)
{
	if (interrupts->msix)
		kvpci_vectors_settle(interrupts->msix);
	if (interrupts->msi)
		kvpci_vectors_settle(interrupts->msi);
}

/**
 * kvpci_interrupts_disconnect() - let go of the virtual machine
 * @interrupts: of a function
 *
 * Context: process, without a spinlock.
 */
void kvpci_interrupts_disconnect(struct kvpci_interrupts *interrupts)
{
	spin_lock_irq(&interrupts->lock);
	interrupts->kvm = NULL;
	spin_unlock_irq(&interrupts->lock);
	interrupts_settle(interrupts);
}

/**
 * kvpci_interrupts_follow() - have what registers allow take effect
 * @interrupts: of a function, with what they allow
 *
 * Context: the caller holds the interrupts' lock.
 * Return: whether kvpci_interrupts_flush() is to follow, without a spinlock
 */
bool kvpci_interrupts_follow(struct kvpci_interrupts *interrupts)
{
	bool pending = false;

	lockdep_assert_held(&interrupts->lock);
	if (interrupts->msix)
		pending |= kvpci_vectors_follow(interrupts->msix);
	if (interrupts->msi)
		pending |= kvpci_vectors_follow(interrupts->msi);
	if (interrupts->pin)
		kvpci_pin_follow(interrupts->pin);
	return pending;
}

/**
 * kvpci_interrupts_flush() - complete a write to configuration space
 * @interrupts: of a function
 *
 * What the write has forbidden does not come any more, what it has allowed is sent.
 *
 * Context: process, without a spinlock.
 */
void kvpci_interrupts_flush(struct kvpci_interrupts *interrupts)
{
	interrupts_settle(interrupts);
	if (interrupts->msix)
		kvpci_vectors_flush(interrupts->msix);
	if (interrupts->msi)
		kvpci_vectors_flush(interrupts->msi);
}

/**
 * kvpci_interrupts_renumbered() - have messages come from another requester
 * @interrupts: of a function whose bus has another number now
 *
 * Context: process, without a spinlock.
 */
void kvpci_interrupts_renumbered(struct kvpci_interrupts *interrupts)
{
	spin_lock_irq(&interrupts->lock);
	if (interrupts->msix)
		kvpci_vectors_renumbered(interrupts->msix);
	if (interrupts->msi)
		kvpci_vectors_renumbered(interrupts->msi);
	spin_unlock_irq(&interrupts->lock);
	interrupts_settle(interrupts);
}

/**
 * kvpci_interrupts_vectors() - the vectors of MSI or MSI-X
 * @interrupts: of a function
 * @interrupt: enum kvpci_interrupt, or any other number
 *
 * Return: the vectors; NULL if the function has no such, or if they are INTx's
 */
struct kvpci_vectors *kvpci_interrupts_vectors(const struct kvpci_interrupts *interrupts,
					       u32 interrupt)
{
	switch (interrupt) {
	case KVPCI_MSIX:
		return interrupts->msix;
	case KVPCI_MSI:
		return interrupts->msi;
	default:
		return NULL;
	}
}

/**
 * kvpci_interrupts_count() - how many vectors does a function have?
 * @interrupts: of the function
 * @interrupt: enum kvpci_interrupt, or any other number
 *
 * Return: their number; 0 if there is no such interrupt
 */
u32 kvpci_interrupts_count(const struct kvpci_interrupts *interrupts, u32 interrupt)
{
	const struct kvpci_vectors *vectors = kvpci_interrupts_vectors(interrupts, interrupt);

	if (interrupt == KVPCI_INTX)
		return interrupts->pin ? 1 : 0;

	return vectors ? vectors->nr : 0;
}

/**
 * kvpci_interrupts_trigger() - trigger a vector, or raise the pin
 * @interrupts: of a function
 * @interrupt: enum kvpci_interrupt
 * @vector: which; the function has it
 *
 * Context: as kvpci_vector_trigger().
 */
void kvpci_interrupts_trigger(struct kvpci_interrupts *interrupts, u32 interrupt,
			      u32 vector)
{
	if (interrupt == KVPCI_INTX)
		kvpci_pin_set_level(interrupts->pin, true);
	else
		kvpci_vector_trigger(kvpci_interrupts_vectors(interrupts, interrupt), vector);
}

/**
 * kvpci_interrupts_set_level() - raise or lower the pin
 * @interrupts: of a function that has one
 * @level: true to raise it
 *
 * Context: any.
 */
void kvpci_interrupts_set_level(struct kvpci_interrupts *interrupts, bool level)
{
	kvpci_pin_set_level(interrupts->pin, level);
}

/**
 * kvpci_interrupts_lower() - let a vector not be pending, or lower the pin
 * @interrupts: of a function
 * @interrupt: enum kvpci_interrupt
 * @vector: which; the function has it
 *
 * Context: process, without a spinlock.
 */
void kvpci_interrupts_lower(struct kvpci_interrupts *interrupts, u32 interrupt,
			    u32 vector)
{
	struct kvpci_vectors *vectors = kvpci_interrupts_vectors(interrupts, interrupt);

	if (!vectors) {
		kvpci_pin_set_level(interrupts->pin, false);
		return;
	}

	kvpci_vector_withdraw(vectors, vector);
	kvpci_vectors_settle(vectors);
}

static bool interrupts_listen_to(const struct kvpci_interrupts *interrupts,
				 const struct eventfd_ctx *eventfd)
{
	return (interrupts->pin && kvpci_pin_listens_to(interrupts->pin, eventfd)) ||
	       (interrupts->msi && kvpci_vectors_listen_to(interrupts->msi, eventfd)) ||
	       (interrupts->msix && kvpci_vectors_listen_to(interrupts->msix, eventfd));
}

static bool interrupts_signal(const struct kvpci_interrupts *interrupts,
			      const struct eventfd_ctx *eventfd)
{
	return (interrupts->pin && kvpci_pin_signals(interrupts->pin, eventfd)) ||
	       (interrupts->msi && kvpci_vectors_signal(interrupts->msi, eventfd)) ||
	       (interrupts->msix && kvpci_vectors_signal(interrupts->msix, eventfd));
}

/*
 * An eventfd that a function both signals and listens to would never rest: may @source
 * trigger one of its interrupts, and @ack, or NULL, be told of acknowledgments?
 */
static bool source_is_valid(const struct kvpci_interrupts *interrupts,
			    const struct eventfd_ctx *source,
			    const struct eventfd_ctx *ack)
{
	if (interrupts_signal(interrupts, source))
		return false;

	return !ack || (ack != source && !interrupts_listen_to(interrupts, ack));
}

/**
 * kvpci_interrupts_bind() - have an eventfd trigger a vector, or raise the pin
 * @interrupts: of a function
 * @interrupt: enum kvpci_interrupt
 * @vector: which; the function has it
 * @file: the eventfd
 * @ack: of the pin, what is told of acknowledgments, or NULL; NULL is put there if it is kept
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0 or an error, as the uapi says of KVPCI_BIND
 */
int kvpci_interrupts_bind(struct kvpci_interrupts *interrupts, u32 interrupt, u32 vector,
			  struct file *file, struct eventfd_ctx **ack)
{
	struct kvpci_vectors *vectors = kvpci_interrupts_vectors(interrupts, interrupt);
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
		return kvpci_pin_bind(interrupts->pin, interrupts->listeners, file, ack);

	return kvpci_vector_bind(vectors, vector, interrupts->listeners, file);
}

/**
 * kvpci_interrupts_unbind() - undo kvpci_interrupts_bind()
 * @interrupts: of a function
 * @interrupt: enum kvpci_interrupt
 * @vector: which; the function has it
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0, or -ENOENT if nothing is bound
 */
int kvpci_interrupts_unbind(struct kvpci_interrupts *interrupts, u32 interrupt, u32 vector)
{
	struct kvpci_vectors *vectors = kvpci_interrupts_vectors(interrupts, interrupt);

	return vectors ? kvpci_vector_unbind(vectors, vector) :
			 kvpci_pin_unbind(interrupts->pin);
}

/* May acknowledgments come by @file, of a pin that @route signals? */
static bool resample_is_valid(const struct kvpci_interrupts *interrupts,
			      const struct eventfd_ctx *route, struct file *file)
{
	struct eventfd_ctx *resample = eventfd_ctx_fileget(file);
	bool valid;

	if (IS_ERR(resample))
		return false;

	valid = resample != route && !interrupts_signal(interrupts, resample);
	eventfd_ctx_put(resample);
	return valid;
}

static int hand_vector(struct kvpci_vectors *vectors, const struct kvpci_route *route,
		       struct eventfd_ctx **eventfd)
{
	if (!kvpci_vector_listens_to(vectors, route->vector, *eventfd))
		return -EINVAL;
	if (kvpci_vector_is_handed(vectors, route->vector))
		return -EBUSY;

	return kvpci_vector_hand(vectors, route->vector, route->sequence, eventfd);
}

static int set_vector_route(struct kvpci_vectors *vectors, const struct kvpci_route *route,
			    struct eventfd_ctx **eventfd)
{
	bool leave = route->flags & KVPCI_ROUTE_LEAVE;

	if (!kvpci_vector_is_handed(vectors, route->vector))
		return kvpci_vector_set_route(vectors, route->vector, route->sequence, eventfd,
					      leave);
	if (*eventfd)
		return -EBUSY;

	kvpci_vector_take_back(vectors, route->vector, eventfd, leave);
	return 0;
}

/**
 * kvpci_interrupts_set_route() - say which irqfd sends a message, or which the pin leads to
 * @interrupts: of a function
 * @route: the argument of KVPCI_SET_ROUTE; the function has its vector, and what is to be handed to
 *	an irqfd is not the pin's
 * @eventfd: the irqfd's, or NULL; what is not needed any more is put there, or NULL
 * @resample: of the pin, the eventfd that is signalled when the guest has acknowledged
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0 or an error, as the uapi says
 */
int kvpci_interrupts_set_route(struct kvpci_interrupts *interrupts,
			       const struct kvpci_route *route,
			       struct eventfd_ctx **eventfd, struct file *resample)
{
	struct kvpci_vectors *vectors = kvpci_interrupts_vectors(interrupts, route->interrupt);

	if (route->flags & KVPCI_ROUTE_HAND)
		return hand_vector(vectors, route, eventfd);
	if (*eventfd && interrupts_listen_to(interrupts, *eventfd))
		return -EINVAL;
	if (vectors)
		return set_vector_route(vectors, route, eventfd);
	if (resample && !resample_is_valid(interrupts, *eventfd, resample))
		return -EINVAL;

	return kvpci_pin_set_route(interrupts->pin, eventfd, interrupts->listeners, resample);
}
