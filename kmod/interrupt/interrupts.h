/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_INTERRUPTS_H
#define _KVPCI_INTERRUPTS_H

#include <linux/atomic.h>
#include <linux/kvpci.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "kvm/kvm.h"

struct eventfd_ctx;
struct file;
struct list_head;
struct kvpci_function;
struct kvpci_pin;
struct kvpci_vectors;
struct kvpci_worker;

/**
 * struct kvpci_interrupts - the ways in which a function may interrupt
 * @lock: guards their state, the registers of configuration space that they follow, and
 *	the MSI-X table; taken in any context, inside the function's lock. Where irqfds deliver
 *	all messages, eventfds are signalled under it; otherwise it is taken inside the lock of
 *	the wait queue of a source's eventfd.
 * @function: whose they are, for tracepoints
 * @kvm: the virtual machine, NULL once the host bridge is closed
 * @listeners: those of the host bridge, by whose lock they are guarded
 * @worker: does what is deferred
 * @recalled: the host bridge's number of vectors that userspace is to take back from irqfds
 * @direct: messages are sent by kvpci_kvm_send() unless userspace has made irqfds do that; fixed.
 *	No eventfd is signalled under @lock then.
 * @route_eventfd: tells userspace that a vector waits for a route, or to be taken back; NULL:
 *	nobody asked
 * @master: the function may write to memory, and so send messages
 * @pin_disabled: it may not assert INTx
 * @pin: INTx, or NULL
 * @msi: the vectors of MSI, or NULL
 * @msix: the vectors of MSI-X, or NULL
 */
struct kvpci_interrupts {
	spinlock_t lock;	/* interrupt state, see above */
	const struct kvpci_function *function;
	struct kvm *kvm;
	struct list_head *listeners;
	struct kvpci_worker *worker;
	atomic_t *recalled;
	bool direct;
	struct eventfd_ctx *route_eventfd;
	bool master;
	bool pin_disabled;
	struct kvpci_pin *pin;
	struct kvpci_vectors *msi;
	struct kvpci_vectors *msix;
};

void kvpci_interrupts_init(struct kvpci_interrupts *interrupts,
			   const struct kvpci_function *function, struct kvm *kvm,
			   struct list_head *listeners, struct kvpci_worker *worker,
			   atomic_t *recalled, bool direct);
void kvpci_interrupts_destroy(struct kvpci_interrupts *interrupts);
void kvpci_interrupts_stop_listening(struct kvpci_interrupts *interrupts);
void kvpci_interrupts_disconnect(struct kvpci_interrupts *interrupts);

bool kvpci_interrupts_follow(struct kvpci_interrupts *interrupts);
void kvpci_interrupts_flush(struct kvpci_interrupts *interrupts);
void kvpci_interrupts_renumbered(struct kvpci_interrupts *interrupts);

struct kvpci_vectors *kvpci_interrupts_vectors(const struct kvpci_interrupts *interrupts,
					       u32 interrupt);
u32 kvpci_interrupts_count(const struct kvpci_interrupts *interrupts, u32 interrupt);
void kvpci_interrupts_trigger(struct kvpci_interrupts *interrupts, u32 interrupt,
			      u32 vector);
void kvpci_interrupts_set_level(struct kvpci_interrupts *interrupts, bool level);
void kvpci_interrupts_lower(struct kvpci_interrupts *interrupts, u32 interrupt,
			    u32 vector);

int kvpci_interrupts_bind(struct kvpci_interrupts *interrupts, u32 interrupt, u32 vector,
			  struct file *file, struct eventfd_ctx **ack);
int kvpci_interrupts_unbind(struct kvpci_interrupts *interrupts, u32 interrupt, u32 vector);
int kvpci_interrupts_set_route(struct kvpci_interrupts *interrupts,
			       const struct kvpci_route *route,
			       struct eventfd_ctx **eventfd, struct file *resample);

/* Is there any way to interrupt? Fixed when the function is made. */
static inline bool kvpci_interrupts_exist(const struct kvpci_interrupts *interrupts)
{
	return interrupts->pin || interrupts->msi || interrupts->msix;
}

/* Who is to trigger for an eventfd: a worker, or NULL: whoever signals it. */
static inline struct kvpci_worker *
kvpci_interrupts_deferral(const struct kvpci_interrupts *interrupts)
{
	return interrupts->direct ? NULL : interrupts->worker;
}

#endif /* _KVPCI_INTERRUPTS_H */
