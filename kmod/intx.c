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

#include "config.h"
#include "function.h"
#include "interrupt.h"
#include "intx.h"
#include "kvm.h"
#include "listener.h"
#include "msi.h"
#include "msix.h"
#include "trace.h"
#include "worker.h"

/**
 * struct vpci_intx - the INTx pin of a function
 * @interrupts: whose; its lock guards @level to @ack
 * @level: of the pin
 * @signalled: KVM has been told, and the guest has not acknowledged it since
 * @owed: the source has raised the pin and is to be told when it is low
 * @route: tells KVM, or NULL
 * @ack: tells the source; NULL: acknowledgments don't lower the pin
 * @source: raises the pin when its eventfd is signalled, or NULL; this and @resample
 *	are guarded by the host's lock
 * @resample: KVM's acknowledgments, or NULL
 * @work: evaluates
 */
struct vpci_intx {
	struct vpci_interrupts *interrupts;
	bool level;
	bool signalled;
	bool owed;
	struct eventfd_ctx *route;
	struct eventfd_ctx *ack;
	struct intx_listener *source;
	struct intx_listener *resample;
	struct vpci_work work;
};

struct intx_listener {
	struct vpci_listener listener;
	struct vpci_intx *intx;
};

static bool is_asserted(const struct vpci_intx *intx)
{
	const struct vpci_interrupts *interrupts = intx->interrupts;
	u16 command = vpci_config_u16(&interrupts->function->config, PCI_COMMAND);

	return intx->level && !(command & PCI_COMMAND_INTX_DISABLE) &&
	       !(interrupts->msi && vpci_msi_is_enabled(interrupts->msi)) &&
	       !(interrupts->msix && vpci_msix_is_enabled(interrupts->msix));
}

static bool is_to_be_signalled(const struct vpci_intx *intx)
{
	return intx->interrupts->kvm && is_asserted(intx) && !intx->signalled &&
	       intx->route;
}

static bool is_to_be_told(const struct vpci_intx *intx)
{
	return intx->owed && !intx->level;
}

/* Tell whoever is to be told. The eventfds stay until this has been flushed. */
static void intx_evaluate(struct vpci_work *work)
{
	struct vpci_intx *intx = container_of(work, struct vpci_intx, work);
	struct eventfd_ctx *route = NULL, *ack = NULL;

	spin_lock_irq(&intx->interrupts->lock);
	if (is_to_be_signalled(intx)) {
		trace_kvpci_intx_signal(intx->interrupts->function);
		intx->signalled = true;
		route = intx->route;
	}
	if (is_to_be_told(intx)) {
		intx->owed = false;
		ack = intx->ack;
	}
	spin_unlock_irq(&intx->interrupts->lock);

	if (route)
		vpci_eventfd_signal(route);
	if (ack)
		vpci_eventfd_signal(ack);
}

/**
 * vpci_intx_follow() - have a change take effect
 * @intx: the pin
 *
 * Context: any; the caller holds the interrupts' lock.
 */
void vpci_intx_follow(struct vpci_intx *intx)
{
	if (is_to_be_signalled(intx) || is_to_be_told(intx))
		vpci_work_queue(&intx->work);
}

/*
 * The status register's low byte has no bit that the guest can change. Inlined, as it would be
 * but for the event.
 */
static __always_inline void set_level(struct vpci_intx *intx, bool level)
{
	u8 *status = intx->interrupts->function->config.value + PCI_STATUS;

	trace_kvpci_intx_level(intx->interrupts->function, level);
	intx->level = level;
	WRITE_ONCE(*status, (*status & ~PCI_STATUS_INTERRUPT) |
			    (level ? PCI_STATUS_INTERRUPT : 0));
	vpci_intx_follow(intx);
}

/**
 * vpci_intx_set_level() - raise or lower the pin
 * @intx: the pin
 * @level: true to raise it
 *
 * Context: any.
 */
void vpci_intx_set_level(struct vpci_intx *intx, bool level)
{
	unsigned long flags;

	spin_lock_irqsave(&intx->interrupts->lock, flags);
	set_level(intx, level);
	spin_unlock_irqrestore(&intx->interrupts->lock, flags);
}

/* The guest has acknowledged an interrupt of the GSI, perhaps of one who shares it. */
static void intx_acknowledged(struct vpci_listener *listener)
{
	struct vpci_intx *intx = container_of(listener, struct intx_listener,
					      listener)->intx;

	spin_lock_irq(&intx->interrupts->lock);
	trace_kvpci_intx_ack(intx->interrupts->function);
	if (intx->signalled && intx->ack)
		set_level(intx, false);
	intx->signalled = false;
	vpci_intx_follow(intx);
	spin_unlock_irq(&intx->interrupts->lock);
}

static void intx_raised(struct vpci_listener *listener)
{
	struct vpci_intx *intx = container_of(listener, struct intx_listener,
					      listener)->intx;
	unsigned long flags;

	spin_lock_irqsave(&intx->interrupts->lock, flags);
	intx->owed = intx->ack;
	set_level(intx, true);
	spin_unlock_irqrestore(&intx->interrupts->lock, flags);
}

/* Start to listen; an ERR_PTR if that fails. */
static struct intx_listener *listen(struct vpci_intx *intx, struct list_head *listeners,
				    struct file *file,
				    void (*signalled)(struct vpci_listener *listener),
				    struct vpci_worker *worker)
{
	struct intx_listener *listener;
	int ret;

	listener = kzalloc(sizeof(*listener), GFP_KERNEL_ACCOUNT);
	if (!listener)
		return ERR_PTR(-ENOMEM);

	listener->intx = intx;
	ret = vpci_listener_start(&listener->listener, listeners, file, signalled,
				  worker);
	if (ret) {
		kfree(listener);
		return ERR_PTR(ret);
	}
	return listener;
}

static void stop(struct intx_listener *listener)
{
	if (!listener)
		return;

	vpci_listener_stop(&listener->listener);
	kfree(listener);
}

/**
 * vpci_intx_add() - give a function an INTx pin
 * @interrupts: of the function, which nobody else knows of yet
 * @pin: 1 to 4
 *
 * Return: 0 or -ENOMEM
 */
int vpci_intx_add(struct vpci_interrupts *interrupts, u8 pin)
{
	struct vpci_intx *intx;

	intx = kzalloc(sizeof(*intx), GFP_KERNEL_ACCOUNT);
	if (!intx)
		return -ENOMEM;

	intx->interrupts = interrupts;
	vpci_work_init(&intx->work, interrupts->worker, intx_evaluate);
	interrupts->intx = intx;
	interrupts->function->config.value[PCI_INTERRUPT_PIN] = pin;
	return 0;
}

/**
 * vpci_intx_stop_listening() - let no eventfd raise the pin, or acknowledge it
 * @intx: the pin
 *
 * Context: process; the caller holds the host's lock.
 */
void vpci_intx_stop_listening(struct vpci_intx *intx)
{
	stop(intx->source);
	stop(intx->resample);
	intx->source = NULL;
	intx->resample = NULL;
}

/**
 * vpci_intx_destroy() - free
 * @intx: the pin of a function that the guest can't reach any more, which listens to
 *	nothing, or NULL
 *
 * Context: process.
 */
void vpci_intx_destroy(struct vpci_intx *intx)
{
	if (!intx)
		return;

	vpci_work_cancel(&intx->work);
	if (intx->route)
		eventfd_ctx_put(intx->route);
	if (intx->ack)
		eventfd_ctx_put(intx->ack);
	kfree(intx);
}

/**
 * vpci_intx_reset() - lower the pin
 * @intx: the pin
 *
 * Context: the caller holds the interrupts' lock.
 */
void vpci_intx_reset(struct vpci_intx *intx)
{
	/* If the interrupt controllers are reset too, nobody will acknowledge it. */
	intx->signalled = false;
	set_level(intx, false);
}

/* Set the eventfd that is told of acknowledgments; the old one is not used any more. */
static struct eventfd_ctx *set_ack(struct vpci_intx *intx, struct eventfd_ctx *ack)
{
	spin_lock_irq(&intx->interrupts->lock);
	swap(intx->ack, ack);
	intx->owed = false;
	spin_unlock_irq(&intx->interrupts->lock);

	vpci_work_flush(&intx->work);
	return ack;
}

/**
 * vpci_intx_bind() - have an eventfd raise the pin
 * @intx: the pin
 * @listeners: those of the host bridge
 * @file: the eventfd
 * @ack: what is told of acknowledgments, or NULL; NULL is put there if it is kept
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -EEXIST if it is bound; -EBUSY if the eventfd is; -EINVAL; -ENOMEM
 */
int vpci_intx_bind(struct vpci_intx *intx, struct list_head *listeners,
		   struct file *file, struct eventfd_ctx **ack)
{
	struct intx_listener *source;

	if (intx->source)
		return -EEXIST;

	/* Before the source, whose first signal may be acknowledged at once. */
	set_ack(intx, *ack);
	source = listen(intx, listeners, file, intx_raised,
			vpci_interrupts_deferral(intx->interrupts));
	if (IS_ERR(source)) {
		set_ack(intx, NULL);
		return PTR_ERR(source);
	}

	intx->source = source;
	*ack = NULL;
	return 0;
}

/**
 * vpci_intx_unbind() - undo vpci_intx_bind()
 * @intx: the pin, whose level stays
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0, or -ENOENT if it is not bound
 */
int vpci_intx_unbind(struct vpci_intx *intx)
{
	struct eventfd_ctx *ack;

	if (!intx->source)
		return -ENOENT;

	stop(intx->source);
	intx->source = NULL;
	ack = set_ack(intx, NULL);
	if (ack)
		eventfd_ctx_put(ack);
	return 0;
}

/* Listen to @file, NULL for none, for acknowledgments; the old listener is put in *@old. */
static int set_resample(struct vpci_intx *intx, struct list_head *listeners,
			struct file *file, struct intx_listener **old)
{
	struct intx_listener *resample = NULL;

	/* It may be the same again. */
	*old = intx->resample;
	if (*old)
		list_del_init(&(*old)->listener.link);
	if (file) {
		resample = listen(intx, listeners, file, intx_acknowledged,
				  intx->interrupts->worker);
		if (IS_ERR(resample)) {
			if (*old)
				list_add(&(*old)->listener.link, listeners);
			return PTR_ERR(resample);
		}
	}

	intx->resample = resample;
	return 0;
}

/**
 * vpci_intx_set_route() - say which irqfd the pin leads to
 * @intx: the pin
 * @eventfd: the irqfd's, or NULL; the one that was is put there
 * @listeners: those of the host bridge
 * @resample_file: the eventfd that is signalled when the guest has acknowledged the
 *	interrupt, or NULL; listening takes what is in it
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -EBUSY if something else listens to that eventfd; -EINVAL; -ENOMEM
 */
int vpci_intx_set_route(struct vpci_intx *intx, struct eventfd_ctx **eventfd,
			struct list_head *listeners, struct file *resample_file)
{
	struct intx_listener *old;
	int ret;

	ret = set_resample(intx, listeners, resample_file, &old);
	if (ret)
		return ret;

	spin_lock_irq(&intx->interrupts->lock);
	swap(intx->route, *eventfd);
	intx->signalled = false;
	vpci_intx_follow(intx);
	spin_unlock_irq(&intx->interrupts->lock);

	stop(old);
	/* It may have begun with the old route. */
	vpci_work_flush(&intx->work);
	return 0;
}

/**
 * vpci_intx_is_bound() - does an eventfd raise the pin?
 * @intx: the pin
 *
 * Context: process; the caller holds the host's lock.
 */
bool vpci_intx_is_bound(const struct vpci_intx *intx)
{
	return intx->source;
}

/**
 * vpci_intx_listens_to() - does an eventfd raise the pin, or acknowledge it?
 * @intx: the pin
 * @eventfd: the eventfd
 *
 * Context: process; the caller holds the host's lock.
 */
bool vpci_intx_listens_to(const struct vpci_intx *intx,
			  const struct eventfd_ctx *eventfd)
{
	return (intx->source && intx->source->listener.eventfd == eventfd) ||
	       (intx->resample && intx->resample->listener.eventfd == eventfd);
}

/**
 * vpci_intx_signals() - is an eventfd signalled for the pin?
 * @intx: the pin
 * @eventfd: the eventfd
 *
 * Context: process; the caller holds the host's lock.
 */
bool vpci_intx_signals(const struct vpci_intx *intx,
		       const struct eventfd_ctx *eventfd)
{
	return intx->route == eventfd || intx->ack == eventfd;
}
