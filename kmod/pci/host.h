/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_HOST_H
#define _KVPCI_HOST_H

#include <linux/kref.h>
#include <linux/kvpci.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "kvm/kvm.h"
#include "core/map.h"
#include "pci/bus.h"

struct address_space;
struct eventfd_ctx;
struct kvpci_exit_note;
struct kvpci_function;
struct kvpci_worker;

enum kvpci_claim_index {
	KVPCI_CLAIM_CONFIG_PORTS,
	KVPCI_CLAIM_ECAM,
	KVPCI_CLAIM_IO,
	KVPCI_CLAIM_MEM32,
	KVPCI_CLAIM_MEM64,
	KVPCI_CLAIM_FAST32,	/* the memory windows again, on KVM_FAST_MMIO_BUS */
	KVPCI_CLAIM_FAST64,
	KVPCI_NUM_CLAIMS,
};

/* Those that are there from the beginning. */
#define KVPCI_NUM_SLOW_CLAIMS	KVPCI_CLAIM_FAST32

/**
 * struct kvpci_host - a host bridge
 * @ref: held by its descriptor and by each function
 * @lock: guards @kvm, the tables of functions, plugging, and what is set up behind
 *	BARs; taken in ioctls and on release, outside a function's lock
 * @kvm: the virtual machine, NULL once the descriptor is closed
 * @owner: the process that made it
 * @segment: PCI segment group number
 * @first_bus: first bus number
 * @last_bus: last bus number
 * @config_address: the register at port 0xcf8
 * @ecam: address of bus 0
 * @memory: the BARs that decode memory
 * @ports: the BARs that decode ports
 * @claims: the guest addresses that are ours
 * @fast: those on KVM_FAST_MMIO_BUS are; guarded by @lock
 * @bus: all buses, in no order; written under @lock and @mirror_lock
 * @route: by number, those that accesses to configuration space find; written under
 *	@mirror_lock, see bus.c
 * @all: the functions, plugged or not; guarded by @lock
 * @listeners: what listens to eventfds, for any function; guarded by @lock
 * @worker: does what is deferred, on the account of who created the bridge
 * @direct: messages are sent by kvpci_kvm_send(), not by irqfds alone
 * @recalled: how many vectors userspace is to take back from irqfds, see vector.c
 * @bridge: the bridge's own function
 * @functions: how many functions there have been; gives each its serial number
 * @mirror_lock: guards @mapping, @mirrors and what they are, and @route; a function comes into
 *	and leaves the tables of functions with it held. Taken inside the host's lock.
 * @mapping: who has mapped mirrors; NULL once the descriptor is closed
 * @mirror_eventfd: tells userspace that what KVPCI_GET_MIRROR tells is worth its while; NULL:
 *	BARs have no mirrors
 * @mirrors: those of BARs, as struct kvpci_mirror_range
 * @owed: of how many BARs userspace is to move its memory, see mirror.c; written under the lock
 *	of mirrors
 * @exits: by vCPU, what its last access that was left or told to userspace was for; NULL until
 *	there is a function that has such
 * @nr_exits: entries of @exits
 */
struct kvpci_host {
	struct kref ref;
	struct mutex lock;	/* set-up and plugging, see above */
	struct kvm *kvm;
	pid_t owner;
	u16 segment;
	u8 first_bus;
	u8 last_bus;
	u32 config_address;
	u64 ecam;
	struct kvpci_map memory;
	struct kvpci_map ports;
	struct kvpci_claim claims[KVPCI_NUM_CLAIMS];
	bool fast;
	struct kvpci_bus __rcu *bus[KVPCI_NUM_BUSES];
	struct kvpci_bus __rcu *route[KVPCI_NUM_BUSES];
	struct list_head all;
	struct list_head listeners;
	struct kvpci_worker *worker;
	bool direct;
	atomic_t recalled;
	struct kvpci_function *bridge;
	u64 functions;
	struct mutex mirror_lock;	/* mirrors, see above */
	struct address_space *mapping;
	struct eventfd_ctx *mirror_eventfd;
	struct list_head mirrors;
	u32 owed;
	struct kvpci_exit_note *exits;
	u32 nr_exits;
};

void kvpci_host_get(struct kvpci_host *host);
void kvpci_host_put(struct kvpci_host *host);
void kvpci_host_claim_fast(struct kvpci_host *host);

/**
 * kvpci_host_function() - find a plugged function, as the guest does
 * @host: the host bridge
 * @kvm: its virtual machine
 * @bus: bus number
 * @devfn: device and function number
 *
 * Context: a callback of a claim.
 * Return: the function, which stays until the callback returns, or NULL
 */
static inline struct kvpci_function *
kvpci_host_function(const struct kvpci_host *host, struct kvm *kvm, u8 bus,
		    u8 devfn)
{
	struct kvpci_bus *b = kvpci_kvm_dereference(kvm, host->route[bus]);

	return b ? kvpci_kvm_dereference(kvm, b->function[devfn]) : NULL;
}

/*
 * Has a mirror changed, by whoever's write, and has that not been followed yet? A write that may
 * rely on it completes when it has been.
 */
static inline bool kvpci_host_has_unfollowed(const struct kvpci_host *host)
{
	return READ_ONCE(host->memory.unfollowed);
}

/* Read a pointer with the host's lock held. */
#define kvpci_host_dereference(host, p) \
	rcu_dereference_protected(p, lockdep_is_held(&(host)->lock))

/* The same with the lock of mirrors held, of a bus that is host->bus[] or host->route[]. */
static inline struct kvpci_function *
kvpci_host_mirrored(const struct kvpci_host *host, struct kvpci_bus __rcu *bus, u8 devfn)
{
	struct kvpci_bus *b = rcu_dereference_protected(bus,
							lockdep_is_held(&host->mirror_lock));

	return b ? rcu_dereference_protected(b->function[devfn],
					     lockdep_is_held(&host->mirror_lock)) :
		   NULL;
}

#endif /* _KVPCI_HOST_H */
