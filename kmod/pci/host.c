// SPDX-License-Identifier: GPL-2.0
/*
 * The host bridge as an object.
 *
 * The tables of buses and functions are read in callbacks of the claims, which run in a read
 * section of kvm->srcu. The object stays until its descriptor and the last function's have been
 * closed.
 */
#include <linux/eventfd.h>
#include <linux/slab.h>

#include "interrupt/worker.h"
#include "pci/host.h"

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
