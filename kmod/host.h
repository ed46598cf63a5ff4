/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_HOST_H
#define _VPCI_HOST_H

#include <linux/bitmap.h>
#include <linux/kref.h>
#include <linux/kvpci.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "kvm.h"
#include "map.h"

struct address_space;
struct eventfd_ctx;
struct vpci_exit;
struct vpci_function;
struct vpci_worker;

#define VPCI_NUM_BUSES		256
#define VPCI_NUM_DEVFNS		256

/**
 * struct vpci_bus - the functions of one bus
 * @function: the plugged ones, by devfn; written under the host's lock
 * @taken: which devfns have a function, plugged or not; guarded by the host's lock
 */
struct vpci_bus {
	struct vpci_function __rcu *function[VPCI_NUM_DEVFNS];
	DECLARE_BITMAP(taken, VPCI_NUM_DEVFNS);
};

enum vpci_claim_index {
	VPCI_CLAIM_CONFIG_PORTS,
	VPCI_CLAIM_ECAM,
	VPCI_CLAIM_IO,
	VPCI_CLAIM_MEM32,
	VPCI_CLAIM_MEM64,
	VPCI_NUM_CLAIMS,
};

/**
 * struct vpci_host - a host bridge
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
 * @bus: by number, NULL where there has been no function yet
 * @all: the functions, plugged or not; guarded by @lock
 * @listeners: what listens to eventfds, for any function; guarded by @lock
 * @worker: does what is deferred, on the account of who created the bridge
 * @bridge: the bridge's own function
 * @functions: how many functions there have been; gives each its serial number
 * @mirror_lock: guards @mapping, @mirrors and what they are; a function comes into and
 *	leaves the tables of functions with it held. Taken inside the host's lock.
 * @mapping: who has mapped mirrors; NULL once the descriptor is closed
 * @mirror_eventfd: tells userspace that mirrors have changed; NULL: BARs have none
 * @mirrors: those of BARs, as struct vpci_mirror_range
 * @exits: by vCPU, what its last access to a userspace region was for; NULL until
 *	there is such a region
 * @nr_exits: entries of @exits
 */
struct vpci_host {
	struct kref ref;
	struct mutex lock;	/* set-up and plugging, see above */
	struct kvm *kvm;
	pid_t owner;
	u16 segment;
	u8 first_bus;
	u8 last_bus;
	u32 config_address;
	u64 ecam;
	struct vpci_map memory;
	struct vpci_map ports;
	struct vpci_claim claims[VPCI_NUM_CLAIMS];
	struct vpci_bus __rcu *bus[VPCI_NUM_BUSES];
	struct list_head all;
	struct list_head listeners;
	struct vpci_worker *worker;
	struct vpci_function *bridge;
	u64 functions;
	struct mutex mirror_lock;	/* mirrors, see above */
	struct address_space *mapping;
	struct eventfd_ctx *mirror_eventfd;
	struct list_head mirrors;
	struct vpci_exit *exits;
	u32 nr_exits;
};

int vpci_host_create(const struct kvpci_host_config __user *arg);
void vpci_host_get(struct vpci_host *host);
void vpci_host_put(struct vpci_host *host);
int vpci_host_reserve(struct vpci_host *host, u8 bus, u8 devfn);
void vpci_host_release(struct vpci_host *host, u8 bus, u8 devfn);
void vpci_host_publish(struct vpci_host *host, u8 bus, u8 devfn,
		       struct vpci_function *function);

/**
 * vpci_host_function() - find a plugged function
 * @host: the host bridge
 * @kvm: its virtual machine
 * @bus: bus number
 * @devfn: device and function number
 *
 * Context: a callback of a claim.
 * Return: the function, which stays until the callback returns, or NULL
 */
static inline struct vpci_function *
vpci_host_function(const struct vpci_host *host, struct kvm *kvm, u8 bus,
		   u8 devfn)
{
	struct vpci_bus *b = vpci_kvm_dereference(kvm, host->bus[bus]);

	return b ? vpci_kvm_dereference(kvm, b->function[devfn]) : NULL;
}

/* Read a pointer with the host's lock held. */
#define vpci_host_dereference(host, p) \
	rcu_dereference_protected(p, lockdep_is_held(&(host)->lock))

/* vpci_host_function() with the host's lock held. */
static inline struct vpci_function *
vpci_host_plugged(const struct vpci_host *host, u8 bus, u8 devfn)
{
	struct vpci_bus *b = vpci_host_dereference(host, host->bus[bus]);

	return b ? vpci_host_dereference(host, b->function[devfn]) : NULL;
}

/* vpci_host_function() with the lock of mirrors held. */
static inline struct vpci_function *
vpci_host_mirrored(const struct vpci_host *host, u8 bus, u8 devfn)
{
	struct vpci_bus *b = rcu_dereference_protected(host->bus[bus],
						       lockdep_is_held(&host->mirror_lock));

	return b ? rcu_dereference_protected(b->function[devfn],
					     lockdep_is_held(&host->mirror_lock)) :
		   NULL;
}

#endif /* _VPCI_HOST_H */
