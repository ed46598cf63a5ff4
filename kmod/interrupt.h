/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_INTERRUPT_H
#define _VPCI_INTERRUPT_H

#include <linux/kvpci.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "kvm.h"

struct eventfd_ctx;
struct vpci_function;
struct vpci_intx;
struct vpci_msi;
struct vpci_msix;
struct vpci_worker;

/**
 * struct vpci_interrupts - the ways in which a function may interrupt
 * @lock: guards their state, the registers of configuration space that they follow, and
 *	the MSI-X table; taken in any context, inside the function's lock. With irqfds
 *	eventfds are signalled under it, else eventfds' wait queues call with theirs held.
 * @function: whose they are
 * @kvm: the virtual machine, NULL once the host bridge is closed
 * @worker: does what is deferred
 * @route_eventfd: tells userspace that a vector waits for a route; NULL: nobody asked
 * @intx: INTx, or NULL
 * @msi: MSI, or NULL
 * @msix: MSI-X, or NULL
 */
struct vpci_interrupts {
	spinlock_t lock;	/* interrupt state, see above */
	struct vpci_function *function;
	struct kvm *kvm;
	struct vpci_worker *worker;
	struct eventfd_ctx *route_eventfd;
	struct vpci_intx *intx;
	struct vpci_msi *msi;
	struct vpci_msix *msix;
};

void vpci_interrupts_init(struct vpci_interrupts *interrupts,
			  struct vpci_function *function);
void vpci_interrupts_destroy(struct vpci_interrupts *interrupts);
void vpci_interrupts_stop_listening(struct vpci_interrupts *interrupts);
void vpci_interrupts_disconnect(struct vpci_interrupts *interrupts);

bool vpci_interrupts_config_write(struct vpci_interrupts *interrupts,
				  u32 offset, u32 len, const void *val);
void vpci_interrupts_flush(struct vpci_interrupts *interrupts);
void vpci_interrupts_reset(struct vpci_interrupts *interrupts);

u32 vpci_interrupts_count(const struct vpci_interrupts *interrupts, u32 interrupt);
void vpci_interrupts_trigger(struct vpci_interrupts *interrupts, u32 interrupt,
			     u32 vector);
void vpci_interrupts_lower(struct vpci_interrupts *interrupts, u32 interrupt,
			   u32 vector);

int vpci_interrupts_bind_ioctl(struct vpci_interrupts *interrupts,
			       const struct kvpci_binding __user *arg);
int vpci_interrupts_trigger_ioctl(struct vpci_interrupts *interrupts,
				  const struct kvpci_trigger __user *arg);
int vpci_interrupts_get_route_ioctl(struct vpci_interrupts *interrupts,
				    struct kvpci_route __user *arg);
int vpci_interrupts_set_route_ioctl(struct vpci_interrupts *interrupts,
				    const struct kvpci_route __user *arg);

/* Who is to trigger for an eventfd: a worker, or NULL: whoever signals it. */
static inline struct vpci_worker *
vpci_interrupts_deferral(const struct vpci_interrupts *interrupts)
{
	return vpci_kvm_sends_directly() ? NULL : interrupts->worker;
}

#endif /* _VPCI_INTERRUPT_H */
