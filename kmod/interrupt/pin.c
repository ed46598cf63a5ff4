// SPDX-License-Identifier: GPL-2.0
/*
 * INTx (PCI Local Bus 3.0, 2.2.6 and 6.2.4): a level-triggered pin.
 *
 * The pin's level is the interrupt status bit. While it is high, and the guest has
 * neither disabled INTx nor enabled MSI or MSI-X, the interrupt is asserted. KVM is told
 * by a resampling irqfd, which raises the line of a GSI until the guest acknowledges
 * it; KVM then lowers the line for all that share it and says so. What is still
 * asserted raises it again.
 *
 *	            evaluate: asserted, signal the irqfd
 *	 not signalled ----------------------------> signalled
 *	      ^                                          |
 *	      +------------ KVM: acknowledged -----------+  then evaluate again
 *
 * Such an irqfd can't lower the line before: a guest that stops the interrupt otherwise,
 * at its device or in configuration space, may see one more.
 *
 * A source that wants to know of acknowledgments, as VFIO, which masks its device until
 * then, has the pin lowered by them. It is told when that, or anything else, has lowered
 * the pin which it raised, and is to raise it again if its own level is still high.
 *
 * Evaluation is a work item (worker.c), so that the level may be changed in any context.
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>

#include "interrupt/interrupts.h"
#include "interrupt/listener.h"
#include "interrupt/pin.h"
#include "interrupt/vector.h"
#include "interrupt/worker.h"
#include "kvm/kvm.h"
#include "trace.h"

/**
 * struct kvpci_pin - the INTx pin of a function
 * @interrupts: whose; its lock guards @status to @ack
 * @status: the low byte of the status register, none of whose bits the guest can change
 * @level: of the pin
 * @signalled: KVM has been told, and the guest has not acknowledged it since
 * @owed: the source has raised the pin and is to be told when it is low, if @ack is there
 * @route: tells KVM, or NULL
 * @ack: tells the source; NULL: acknowledgments don't lower the pin
 * @source: raises the pin when its eventfd is signalled, or NULL; this and @resample
 *	are guarded by the host's lock
 * @resample: KVM's acknowledgments, or NULL
 * @work: evaluates
 */
struct kvpci_pin {
	struct kvpci_interrupts *interrupts;
	u8 *status;
	bool level;
	bool signalled;
	bool owed;
	struct eventfd_ctx *route;
	struct eventfd_ctx *ack;
	struct pin_listener *source;
	struct pin_listener *resample;
	struct kvpci_work work;
};

struct pin_listener {
	struct kvpci_listener listener;
	struct kvpci_pin *pin;
};

static bool is_asserted(const struct kvpci_pin *pin)
{
	const struct kvpci_interrupts *interrupts = pin->interrupts;

	return pin->level && !interrupts->pin_disabled &&
	       !(interrupts->msi && interrupts->msi->chosen) &&
	       !(interrupts->msix && interrupts->msix->chosen);
}

static bool is_to_be_signalled(const struct kvpci_pin *pin)
{
	return pin->interrupts->kvm && is_asserted(pin) && !pin->signalled &&
	       pin->route;
}

static bool is_to_be_told(const struct kvpci_pin *pin)
{
	return pin->ack && pin->owed && !pin->level;
}

/* Tell whoever is to be told. The eventfds stay until this has been flushed. */
static void pin_evaluate(struct kvpci_work *work)
{
	struct kvpci_pin *pin = container_of(work, struct kvpci_pin, work);
	struct eventfd_ctx *route = NULL, *ack = NULL;

	spin_lock_irq(&pin->interrupts->lock);
	if (is_to_be_signalled(pin)) {
		trace_kvpci_intx_signal(pin->interrupts->function);
		pin->signalled = true;
		route = pin->route;
	}
	if (is_to_be_told(pin)) {
		pin->owed = false;
		ack = pin->ack;
	}
	spin_unlock_irq(&pin->interrupts->lock);

	if (route)
		kvpci_eventfd_signal(route);
	if (ack)
		kvpci_eventfd_signal(ack);
}

/**
 * kvpci_pin_follow() - have a change take effect
 * @pin: the pin
 *
 * Context: any; the caller holds the interrupts' lock.
 */
void kvpci_pin_follow(struct kvpci_pin *pin)
{
	lockdep_assert_held(&pin->interrupts->lock);
	if (is_to_be_signalled(pin) || is_to_be_told(pin))
		kvpci_work_queue(&pin->work);
}

/* Inlined, as it would be but for the event. */
static __always_inline void pin_change_level(struct kvpci_pin *pin, bool level)
{
	trace_kvpci_intx_level(pin->interrupts->function, level);
	pin->level = level;
	WRITE_ONCE(*pin->status, (*pin->status & ~PCI_STATUS_INTERRUPT) |
				 (level ? PCI_STATUS_INTERRUPT : 0));
	kvpci_pin_follow(pin);
}

/**
 * kvpci_pin_set_level() - raise or lower the pin
 * @pin: the pin
 * @level: true to raise it
 *
 * Context: any.
 */
void kvpci_pin_set_level(struct kvpci_pin *pin, bool level)
{
	unsigned long flags;

	spin_lock_irqsave(&pin->interrupts->lock, flags);
	pin_change_level(pin, level);
	spin_unlock_irqrestore(&pin->interrupts->lock, flags);
}

/* The guest has acknowledged an interrupt of the GSI, perhaps of one who shares it. */
static void pin_acknowledged(struct kvpci_listener *listener)
{
	struct kvpci_pin *pin = container_of(listener, struct pin_listener, listener)->pin;

	spin_lock_irq(&pin->interrupts->lock);
	trace_kvpci_intx_ack(pin->interrupts->function);
	if (pin->signalled && pin->ack)
		pin_change_level(pin, false);
	pin->signalled = false;
	kvpci_pin_follow(pin);
	spin_unlock_irq(&pin->interrupts->lock);
}

static void pin_raised(struct kvpci_listener *listener)
{
	struct kvpci_pin *pin = container_of(listener, struct pin_listener, listener)->pin;
	unsigned long flags;

	spin_lock_irqsave(&pin->interrupts->lock, flags);
	pin->owed = pin->ack;
	pin_change_level(pin, true);
	spin_unlock_irqrestore(&pin->interrupts->lock, flags);
}

/* Start to listen; an ERR_PTR if that fails. */
static struct pin_listener *pin_listen(struct kvpci_pin *pin, struct list_head *listeners,
				       struct file *file,
				       void (*signalled)(struct kvpci_listener *listener),
				       struct kvpci_worker *worker)
{
	struct pin_listener *listener;
	int ret;

	listener = kzalloc(sizeof(*listener), GFP_KERNEL_ACCOUNT);
	if (!listener)
		return ERR_PTR(-ENOMEM);

	listener->pin = pin;
	ret = kvpci_listener_start(&listener->listener, listeners, file, signalled,
				   worker);
	if (ret) {
		kfree(listener);
		return ERR_PTR(ret);
	}
	return listener;
}

static void pin_listener_stop(struct pin_listener *listener)
{
	if (!listener)
		return;

	kvpci_listener_stop(&listener->listener);
	kfree(listener);
}

/**
 * kvpci_pin_add() - give a function an INTx pin
 * @interrupts: of the function, which nobody else knows of yet
 * @status: the low byte of its status register
 *
 * Return: 0 or -ENOMEM
 */
int kvpci_pin_add(struct kvpci_interrupts *interrupts, u8 *status)
{
	struct kvpci_pin *pin;

	pin = kzalloc(sizeof(*pin), GFP_KERNEL_ACCOUNT);
	if (!pin)
		return -ENOMEM;

	pin->interrupts = interrupts;
	pin->status = status;
	kvpci_work_init(&pin->work, interrupts->worker, pin_evaluate);
	interrupts->pin = pin;
	return 0;
}

/**
 * kvpci_pin_stop_listening() - let no eventfd raise the pin, or acknowledge it
 * @pin: the pin
 *
 * Context: process; the caller holds the host's lock.
 */
void kvpci_pin_stop_listening(struct kvpci_pin *pin)
{
	pin_listener_stop(pin->source);
	pin_listener_stop(pin->resample);
	pin->source = NULL;
	pin->resample = NULL;
}

/**
 * kvpci_pin_destroy() - free
 * @pin: the pin of a function that the guest can't reach any more, which listens to
 *	nothing, or NULL
 *
 * Context: process.
 */
void kvpci_pin_destroy(struct kvpci_pin *pin)
{
	if (!pin)
		return;

	kvpci_work_cancel(&pin->work);
	if (pin->route)
		eventfd_ctx_put(pin->route);
	if (pin->ack)
		eventfd_ctx_put(pin->ack);
	kfree(pin);
}

/**
 * kvpci_pin_reset() - lower the pin
 * @pin: the pin
 *
 * Context: the caller holds the interrupts' lock.
 */
void kvpci_pin_reset(struct kvpci_pin *pin)
{
	/* If the interrupt controllers are reset too, nobody will acknowledge it. */
	pin->signalled = false;
	pin_change_level(pin, false);
}

/**
 * kvpci_pin_get_state() - save what the status register does not show
 * @pin: the pin
 * @state: where to
 *
 * Context: the caller holds the interrupts' lock.
 */
void kvpci_pin_get_state(const struct kvpci_pin *pin, struct kvpci_state_intx *state)
{
	state->flags = pin->owed ? KVPCI_STATE_INTX_OWED : 0;
}

/**
 * kvpci_pin_set_state() - restore the pin
 * @pin: the pin; the status register says which level it is to have
 * @state: what kvpci_pin_get_state() saved
 *
 * Context: the caller holds the interrupts' lock, and calls kvpci_pin_follow().
 */
void kvpci_pin_set_state(struct kvpci_pin *pin, const struct kvpci_state_intx *state)
{
	pin->level = *pin->status & PCI_STATUS_INTERRUPT;
	/* KVM may not have got that far when its own state was saved. */
	pin->signalled = false;
	pin->owed = state->flags & KVPCI_STATE_INTX_OWED;
}

/*
 * Set the eventfd that is told of acknowledgments; the old one is not used any more. A source
 * that was restored may be owed something.
 */
static struct eventfd_ctx *pin_set_ack(struct kvpci_pin *pin, struct eventfd_ctx *ack)
{
	spin_lock_irq(&pin->interrupts->lock);
	swap(pin->ack, ack);
	kvpci_pin_follow(pin);
	spin_unlock_irq(&pin->interrupts->lock);

	kvpci_work_flush(&pin->work);
	return ack;
}

/**
 * kvpci_pin_bind() - have an eventfd raise the pin
 * @pin: the pin
 * @listeners: those of the host bridge
 * @file: the eventfd
 * @ack: what is told of acknowledgments, or NULL; NULL is put there if it is kept
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -EEXIST if it is bound; -EBUSY if the eventfd is; -EINVAL; -ENOMEM
 */
int kvpci_pin_bind(struct kvpci_pin *pin, struct list_head *listeners,
		   struct file *file, struct eventfd_ctx **ack)
{
	struct pin_listener *source;

	if (pin->source)
		return -EEXIST;

	/* Before the source, whose first signal may be acknowledged at once. */
	pin_set_ack(pin, *ack);
	source = pin_listen(pin, listeners, file, pin_raised,
			    kvpci_interrupts_deferral(pin->interrupts));
	if (IS_ERR(source)) {
		pin_set_ack(pin, NULL);
		return PTR_ERR(source);
	}

	pin->source = source;
	*ack = NULL;
	return 0;
}

/**
 * kvpci_pin_unbind() - undo kvpci_pin_bind()
 * @pin: the pin, whose level stays
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0, or -ENOENT if it is not bound
 */
int kvpci_pin_unbind(struct kvpci_pin *pin)
{
	struct eventfd_ctx *ack;

	if (!pin->source)
		return -ENOENT;

	pin_listener_stop(pin->source);
	pin->source = NULL;
	spin_lock_irq(&pin->interrupts->lock);
	pin->owed = false;
	spin_unlock_irq(&pin->interrupts->lock);
	ack = pin_set_ack(pin, NULL);
	if (ack)
		eventfd_ctx_put(ack);
	return 0;
}

/* Listen to @file, NULL for none, for acknowledgments; the old listener is put in *@old. */
static int pin_set_resample(struct kvpci_pin *pin, struct list_head *listeners,
			    struct file *file, struct pin_listener **old)
{
	struct pin_listener *resample = NULL;

	/* It may be the same again. */
	*old = pin->resample;
	if (*old)
		list_del_init(&(*old)->listener.link);
	if (file) {
		resample = pin_listen(pin, listeners, file, pin_acknowledged,
				      pin->interrupts->worker);
		if (IS_ERR(resample)) {
			if (*old)
				list_add(&(*old)->listener.link, listeners);
			return PTR_ERR(resample);
		}
	}

	pin->resample = resample;
	return 0;
}

/**
 * kvpci_pin_set_route() - say which irqfd the pin leads to
 * @pin: the pin
 * @eventfd: the irqfd's, or NULL; the one that was is put there
 * @listeners: those of the host bridge
 * @resample_file: the eventfd that is signalled when the guest has acknowledged the
 *	interrupt, or NULL; listening takes what is in it
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -EBUSY if something else listens to that eventfd; -EINVAL; -ENOMEM
 */
int kvpci_pin_set_route(struct kvpci_pin *pin, struct eventfd_ctx **eventfd,
			struct list_head *listeners, struct file *resample_file)
{
	struct pin_listener *old;
	int ret;

	ret = pin_set_resample(pin, listeners, resample_file, &old);
	if (ret)
		return ret;

	spin_lock_irq(&pin->interrupts->lock);
	swap(pin->route, *eventfd);
	pin->signalled = false;
	kvpci_pin_follow(pin);
	spin_unlock_irq(&pin->interrupts->lock);

	pin_listener_stop(old);
	/* It may have begun with the old route. */
	kvpci_work_flush(&pin->work);
	return 0;
}

/**
 * kvpci_pin_is_bound() - does an eventfd raise the pin?
 * @pin: the pin
 *
 * Context: process; the caller holds the host's lock.
 */
bool kvpci_pin_is_bound(const struct kvpci_pin *pin)
{
	return pin->source;
}

/**
 * kvpci_pin_listens_to() - does an eventfd raise the pin, or acknowledge it?
 * @pin: the pin
 * @eventfd: the eventfd
 *
 * Context: process; the caller holds the host's lock.
 */
bool kvpci_pin_listens_to(const struct kvpci_pin *pin,
			  const struct eventfd_ctx *eventfd)
{
	return (pin->source && pin->source->listener.eventfd == eventfd) ||
	       (pin->resample && pin->resample->listener.eventfd == eventfd);
}

/**
 * kvpci_pin_signals() - is an eventfd signalled for the pin?
 * @pin: the pin
 * @eventfd: the eventfd
 *
 * Context: process; the caller holds the host's lock.
 */
bool kvpci_pin_signals(const struct kvpci_pin *pin,
		       const struct eventfd_ctx *eventfd)
{
	return pin->route == eventfd || pin->ack == eventfd;
}
