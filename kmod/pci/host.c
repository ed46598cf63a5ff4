// SPDX-License-Identifier: GPL-2.0
/*
 * The host bridge as an object: its buses, and who is on them.
 *
 * The tables of functions are read in callbacks of the claims, which run in a read
 * section of kvm->srcu, and written under the host's lock. The object stays until its
 * descriptor and the last function's have been closed.
 */
#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/slab.h>

#include "interrupt/worker.h"
#include "pci/host.h"

/**
 * kvpci_host_reserve() - take a place on a bus
 * @host: the host bridge
 * @bus: bus number
 * @devfn: device and function number
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -EINVAL if @bus is out of range; -EEXIST if the place is taken; -ENOMEM
 */
int kvpci_host_reserve(struct kvpci_host *host, u8 bus, u8 devfn)
{
	struct kvpci_bus *b;

	lockdep_assert_held(&host->lock);
	if (bus < host->first_bus || bus > host->last_bus)
		return -EINVAL;

	b = kvpci_host_dereference(host, host->bus[bus]);
	if (!b) {
		b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
		if (!b)
			return -ENOMEM;
		mutex_lock(&host->mirror_lock);
		rcu_assign_pointer(host->bus[bus], b);
		mutex_unlock(&host->mirror_lock);
	}

	return __test_and_set_bit(devfn, b->taken) ? -EEXIST : 0;
}

/**
 * kvpci_host_release() - give a place on a bus back
 * @host: the host bridge
 * @bus: bus number
 * @devfn: device and function number
 *
 * Context: process; the caller holds the host's lock.
 */
void kvpci_host_release(struct kvpci_host *host, u8 bus, u8 devfn)
{
	struct kvpci_bus *b;

	b = kvpci_host_dereference(host, host->bus[bus]);
	__clear_bit(devfn, b->taken);
}

/**
 * kvpci_host_publish() - say which function guest accesses find at a place
 * @host: the host bridge
 * @bus: bus number
 * @devfn: device and function number, which the caller has reserved
 * @function: the function, or NULL
 *
 * Context: process; the caller holds the host's lock and the lock of mirrors.
 */
void kvpci_host_publish(struct kvpci_host *host, u8 bus, u8 devfn,
			struct kvpci_function *function)
{
	struct kvpci_bus *b;

	lockdep_assert_held(&host->mirror_lock);
	b = kvpci_host_dereference(host, host->bus[bus]);
	rcu_assign_pointer(b->function[devfn], function);
}

/**
 * kvpci_host_get() - take a reference
 * @host: the host bridge, of which the caller has one
 */
void kvpci_host_get(struct kvpci_host *host)
{
	kref_get(&host->ref);
}

static void host_free(struct kref *ref)
{
	struct kvpci_host *host = container_of(ref, struct kvpci_host, ref);
	int i;

	kvpci_worker_destroy(host->worker);
	for (i = 0; i < KVPCI_NUM_BUSES; i++)
		kfree(rcu_dereference_protected(host->bus[i], true));
	kvpci_map_destroy(&host->memory);
	kvpci_map_destroy(&host->ports);
	kvfree(host->exits);
	if (host->mirror_eventfd)
		eventfd_ctx_put(host->mirror_eventfd);
	mutex_destroy(&host->mirror_lock);
	mutex_destroy(&host->lock);
	kfree(host);
}

/**
 * kvpci_host_put() - drop a reference
 * @host: the host bridge
 */
void kvpci_host_put(struct kvpci_host *host)
{
	kref_put(&host->ref, host_free);
}

/**
 * kvpci_host_claim_fast() - have KVM look for doorbells before it decodes instructions
 * @host: the host bridge, where there is a doorbell for writes of any length
 *
 * All other accesses to memory pay for that with a look-up in vain, where KVM can ask so
 * early, so that it is done for who has use for it. If it fails, the doorbell is rung all
 * the same, when the instruction has been decoded.
 *
 * Context: process; the caller holds the host's lock, and there is a virtual machine.
 */
void kvpci_host_claim_fast(struct kvpci_host *host)
{
	lockdep_assert_held(&host->lock);
	if (!host->fast)
		host->fast = !kvpci_kvm_attach(host->kvm, &host->claims[KVPCI_CLAIM_FAST32],
					       KVPCI_NUM_CLAIMS - KVPCI_CLAIM_FAST32);
}
