/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkvpci: what a virtual machine monitor does to have kvpci emulate its PCI.
 *
 *	kvpci_device_open() --> kvpci_host_create() --> kvpci_function_create()
 *
 * <linux/kvpci.h> describes what a host bridge, a function, a range and a doorbell are; its
 * structures are used here too. What the library adds is the work that the kernel leaves to the
 * monitor: routes of interrupt messages where KVM's irqfds deliver them, the guest's memory that
 * follows its BARs, INTx pins, and the state of all at once.
 *
 * The event loop waits for kvpci_host_poll_fd() and calls kvpci_host_dispatch(). A thread that
 * runs a vCPU calls kvpci_host_exit() when KVM_RUN has ended with an access that is not its own,
 * and kvpci_host_fault() when KVM_RUN has failed with EFAULT.
 *
 * A child of fork() has descriptors of bridges and functions, which stay for as long as it does not
 * call exec(), and none of the library's memory: it may call no function of the library.
 *
 * There is no global state, and nothing is printed. Functions that return int return 0, or what
 * is said, or a negative error number: those of the ioctls that they make, of which
 * <linux/kvpci.h> tells, ENOMEM, EMFILE and ENFILE, and those that are said. What fails has
 * changed nothing, unless it is said. If what was done can't be followed by the guest's memory,
 * that is no failure of it: kvpci_host_dispatch() and kvpci_host_sync() try again, and tell.
 *
 * Structures have a size, which the caller sets to sizeof() of what it was compiled with: what is
 * missing is zero, and what the library does not know has to be, or the structure is refused with
 * E2BIG.
 *
 * All may be called from any thread at any time, but that nothing is freed while another thread
 * uses it. Nothing waits for the guest, other than for accesses that vCPUs are just making.
 */
#ifndef LIBKVPCI_H
#define LIBKVPCI_H

#include <linux/kvm.h>
#include <linux/kvpci.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Programs have to be compiled anew when the first one goes up; with the second there is more. */
#define LIBKVPCI_VERSION_MAJOR	1
#define LIBKVPCI_VERSION_MINOR	0

struct kvpci_function;
struct kvpci_gsis;
struct kvpci_host;

/**
 * kvpci_device_open() - open /dev/kvpci, and see that it has the interface of this library
 * @version: the version that the kernel has, see KVPCI_GET_VERSION; NULL: not asked for
 *
 * The module is not loaded by that.
 *
 * Return: a descriptor, close-on-exec; or the error of open(): ENOENT, ENODEV or ENXIO if the
 *	module is not there; or -EPROTONOSUPPORT if @version, 0 if the kernel does not tell, is
 *	another one than KVPCI_VERSION
 */
int kvpci_device_open(int *version);

/**
 * struct kvpci_gsi_ops - how GSIs are had, which KVM knows interrupts by
 * @size: sizeof(struct kvpci_gsi_ops)
 * @take: take a GSI for a message. Return: 0, or a negative error number: ENOSPC: there is none
 *	now. It is asked for again when a function of the bridge has given one back, and after
 *	kvpci_host_retry()
 * @change: have it send a message from the next @commit on, which comes from @requester, as of
 *	struct kvpci_route, which an IOMMU that remaps interrupts asks for. Called again for
 *	another message. Return: likewise
 * @give_back: nobody uses the GSI any more, and no eventfd is bound to it
 * @commit: give KVM the table (KVM_SET_GSI_ROUTING): what has been changed before is in force
 *	when it returns. Return: likewise; what has been changed is then as it was before
 *
 * For a monitor that has a table of its own; struct kvpci_gsis is for one that has none. They
 * are called for messages only that KVM's irqfds deliver: all of them, or where the kernel sends
 * messages itself, of functions with KVPCI_FUNCTION_ROUTE_EVENTFD those of vectors that are handed
 * over and those that it can't send, see KVPCI_TRIGGER. They are never called two at a time for one
 * host bridge. They may not call functions of the library for the same bridge; and who calls such
 * functions may hold no lock that they take.
 */
struct kvpci_gsi_ops {
	size_t size;
	int (*take)(void *context, unsigned int *gsi);
	int (*change)(void *context, unsigned int gsi, __u64 address, __u32 data,
		      __u32 requester);
	void (*give_back)(void *context, unsigned int gsi);
	int (*commit)(void *context);
};

/* KVM_CAP_X2APIC_API is enabled with KVM_X2APIC_API_USE_32BIT_IDS: leave out what KVM refuses. */
#define KVPCI_GSIS_X2APIC_API	(1U << 0)

/**
 * kvpci_gsis_create() - make a table of KVM's interrupt routes
 * @vm_fd: the virtual machine's descriptor, with interrupt controllers in the kernel; it stays the
 *	caller's, and open for as long as the table is used
 * @flags: KVPCI_GSIS_*
 * @own: the caller's own entries, which stay in front of those of messages; NULL: what KVM has by
 *	itself, GSIs 0 to 23 that lead to the same inputs of the I/O APIC and of the PICs
 * @nr_own: how many they are
 * @gsis: the table
 *
 * From now on nobody else calls KVM_SET_GSI_ROUTING for this machine. Several host bridges may
 * share the table. Messages take GSIs above the highest one of @own. With @own KVM is given the
 * table before this returns.
 *
 * Return: 0, or a negative error number: EINVAL: a flag is not known, KVM does not take @own, or
 *	knows no numbers as high; ENOSPC: KVM takes fewer entries
 */
int kvpci_gsis_create(int vm_fd, unsigned int flags, const struct kvm_irq_routing_entry *own,
		      unsigned int nr_own, struct kvpci_gsis **gsis);

/**
 * kvpci_gsis_free() - free a table
 * @gsis: the table, which no host bridge uses any more; NULL: do nothing
 *
 * KVM keeps the routes that it has.
 */
void kvpci_gsis_free(struct kvpci_gsis *gsis);

/**
 * kvpci_gsis_left() - how many more messages does KVM have routes for?
 * @gsis: the table
 *
 * Return: that
 */
unsigned int kvpci_gsis_left(struct kvpci_gsis *gsis);

/**
 * struct kvpci_machine - what the library may use of a virtual machine
 * @size: sizeof(struct kvpci_machine)
 * @flags: zero
 * @first_slot: the first of KVM's memory slots that are the library's
 * @nr_slots: how many are: with KVPCI_HOST_MIRROR one for the ECAM, one for each mirrored range of
 *	a function, one for each range of memory, and one for each function that has accesses to
 *	configuration space left to the caller
 * @phys_bits: guest addresses that KVM knows, in bits: beyond that there is no memory; 0: the
 *	windows of the host bridge are below it anyway
 * @gsis: where GSIs of messages come from, or NULL
 * @gsi_ops: or these, or NULL. If both are, the library makes a table where it needs one, as
 *	kvpci_gsis_create() does without entries of the caller's.
 * @gsi_context: the argument of @gsi_ops
 *
 * @gsis, or @gsi_ops, stay the caller's, and there for as long as the bridge is.
 */
struct kvpci_machine {
	size_t size;
	__u32 flags;
	__u32 first_slot;
	__u32 nr_slots;
	__u32 phys_bits;
	struct kvpci_gsis *gsis;
	const struct kvpci_gsi_ops *gsi_ops;
	void *gsi_context;
};

/**
 * kvpci_host_create() - put a PCI host bridge into a virtual machine
 * @device: what kvpci_device_open() has returned; it may be closed after that
 * @config: as of KVPCI_CREATE_HOST, but that @mirror_eventfd is 0: with KVPCI_HOST_MIRROR the
 *	library makes it. @vm_fd stays the caller's, and open for as long as the bridge is there.
 * @machine: what else may be used
 * @host: the bridge
 *
 * With KVPCI_HOST_MIRROR and KVPCI_HOST_ECAM the guest reads configuration space as memory from now
 * on.
 *
 * Return: 0, or a negative error number: EINVAL: too small a @size, a flag that is not known, or
 *	both of @machine's ways to GSIs; E2BIG: a structure is larger than known, and the rest not
 *	zero; ENOSPC: no memory slot
 */
int kvpci_host_create(int device, const struct kvpci_host_config *config,
		      const struct kvpci_machine *machine, struct kvpci_host **host);

/**
 * kvpci_host_free() - take the bridge away, and all functions that are left
 * @host: the bridge; NULL: do nothing
 */
void kvpci_host_free(struct kvpci_host *host);

/**
 * kvpci_host_fd() - the bridge's descriptor, for ioctls of <linux/kvpci.h>
 * @host: the bridge
 *
 * Return: the descriptor, which stays the library's
 */
int kvpci_host_fd(const struct kvpci_host *host);

/**
 * kvpci_host_delivery() - how does the kernel send messages?
 * @host: the bridge
 *
 * Return: enum kvpci_delivery
 */
int kvpci_host_delivery(const struct kvpci_host *host);

/**
 * kvpci_host_poll_fd() - what the event loop waits for
 * @host: the bridge
 *
 * Return: a descriptor that poll() and epoll find readable when kvpci_host_dispatch() has
 *	something to do. It stays the library's.
 */
int kvpci_host_poll_fd(const struct kvpci_host *host);

/**
 * kvpci_host_dispatch() - do what there is to do
 * @host: the bridge
 * @culprit: where to put the function whose messages could not be served, if this fails because of
 *	one, which nobody is to have freed meanwhile; otherwise NULL is put there. May be NULL.
 *
 * Makes routes of messages that wait for one, and has the guest's memory follow its BARs. Waits
 * for nothing to happen. What has failed is tried again when something has changed: messages of
 * @culprit wait. Others are served by the next call, so that a failure need not be the end.
 *
 * Return: 0, or a negative error number: ENOSPC: KVM has no more routes, or the library no more
 *	memory slots
 */
int kvpci_host_dispatch(struct kvpci_host *host, struct kvpci_function **culprit);

/**
 * kvpci_host_retry() - have messages that have found no GSI look for one again
 * @host: the bridge
 *
 * For a monitor with a struct kvpci_gsi_ops, to whose table somebody else has given back GSIs.
 * kvpci_host_dispatch() does it.
 */
void kvpci_host_retry(struct kvpci_host *host);

/**
 * kvpci_host_sync() - have the guest's memory follow its BARs now
 * @host: the bridge
 *
 * kvpci_host_dispatch() does it too, and all functions that need it. It is worth a call before the
 * guest runs, which then finds all mirrors in place.
 *
 * Return: 0, or a negative error number: ENOSPC: the library has no more memory slots
 */
int kvpci_host_sync(struct kvpci_host *host);

/**
 * kvpci_host_owns() - is this an address of the bridge's?
 * @host: the bridge
 * @flags: KVPCI_EXIT_IO if @address is a port, otherwise 0
 * @address: of the guest
 *
 * Return: whether it is in configuration space or in a window for BARs
 */
bool kvpci_host_owns(const struct kvpci_host *host, __u32 flags, __u64 address);

/**
 * kvpci_host_exit() - tell what an access was for that has ended KVM_RUN
 * @host: the bridge
 * @vcpu: which vCPU has exited, by what KVM_CREATE_VCPU was told
 * @flags: KVPCI_EXIT_IO for KVM_EXIT_IO, 0 for KVM_EXIT_MMIO
 * @address: port or phys_addr of that
 * @exit: in: @size; out: the rest, as of KVPCI_GET_EXIT, of which @user_data is that of the
 *	function's configuration
 *
 * To be called before KVM_RUN is called again, by the thread that does that. If the write has moved
 * memory, that has followed when this returns, and vectors that it has recalled have been taken
 * back from KVM's irqfds (KVPCI_EXIT_RECALL).
 *
 * A function that another thread frees may have gone when this returns: who frees functions while
 * vCPUs run sees to it that @user_data leads nowhere wrong.
 *
 * Return: 0; or -ENOENT if the access is not the caller's to complete: reads are all ones, writes
 *	are dropped; or another error if memory or vectors can't follow, and the vCPU can't go on
 */
int kvpci_host_exit(struct kvpci_host *host, unsigned int vcpu, __u32 flags, __u64 address,
		    struct kvpci_exit *exit);

/**
 * struct kvpci_fault - how often a vCPU could not run
 * @changes: what had changed when it could not
 * @times: how often, since then
 * @pad: zero
 *
 * The caller has one for each vCPU, of zeroes at first, and sets @times to 0 whenever KVM_RUN has
 * not failed with EFAULT.
 */
struct kvpci_fault {
	__u64 changes;
	__u32 times;
	__u32 pad;
};

/**
 * kvpci_host_fault() - have a vCPU go on whose KVM_RUN has failed with EFAULT
 * @host: the bridge
 * @fault: of that vCPU
 *
 * It has read where a mirror was that has moved away.
 *
 * Return: 0: call KVM_RUN again; or -EFAULT if nothing has moved for so often that it must be for
 *	another reason; or another error, with which it can't go on either
 */
int kvpci_host_fault(struct kvpci_host *host, struct kvpci_fault *fault);

/**
 * kvpci_host_drain() - wait until all that has been signalled has had its effect
 * @host: the bridge
 *
 * As KVPCI_DRAIN. Vectors that are handed over are taken back, after which KVM has sent what their
 * eventfds were signalled for, and handed over again later.
 *
 * Return: 0, or a negative error number
 */
int kvpci_host_drain(struct kvpci_host *host);

/**
 * struct kvpci_counts - what the library has done for a host bridge
 * @routes: messages that were made routes
 * @commits: how often KVM was given a table for that
 * @memory: how often memory of the guest has come or gone
 * @changes: of ranges' places that the kernel has told of
 * @faults: how often kvpci_host_fault() was called
 * @handed: how often a vector was handed over
 * @taken_back: and taken back
 */
struct kvpci_counts {
	__u64 routes;
	__u64 commits;
	__u64 memory;
	__u64 changes;
	__u64 faults;
	__u64 handed;
	__u64 taken_back;
};

/**
 * kvpci_host_count() - tell what the library has done
 * @host: the bridge
 * @counts: where to put it
 * @size: sizeof(struct kvpci_counts); what a later library counts is 0 in an earlier one
 */
void kvpci_host_count(struct kvpci_host *host, struct kvpci_counts *counts, size_t size);

/**
 * kvpci_host_save() - take the state of a bridge and of all its functions
 * @host: the bridge; no vCPU runs, and no device triggers anything, see "state" in <linux/kvpci.h>
 * @data: the state, for the caller to free()
 * @length: of @data, in bytes
 *
 * The state of KVM's interrupt controllers and local APICs is to be taken after that.
 *
 * Functions that are behind a bridge which has been freed are left out. Who makes, plugs or frees
 * one meanwhile waits.
 *
 * Return: 0, or a negative error number: EAGAIN: ranges have been added or removed meanwhile
 */
int kvpci_host_save(struct kvpci_host *host, void **data, size_t *length);

/**
 * kvpci_host_restore() - put it back
 * @host: a bridge with the same functions behind it, each at its place, plugged if it was; but
 *	for those that are behind a bridge which has been freed
 * @data: the state
 * @length: of @data, in bytes
 *
 * The state of KVM's interrupt controllers and local APICs is to be set before that, and eventfds
 * are to be bound after it.
 *
 * It is first seen whether @data is whole, and is of just these functions; if not, nothing has
 * changed. The kernel then looks at the state of each and may refuse it, when others have been set.
 * When all have been set, there may still be an error of kvpci_host_sync(). Who makes, plugs or
 * frees a function meanwhile waits.
 *
 * Return: 0, or a negative error number: EINVAL: it is not the state of such a bridge with such
 *	functions; EOPNOTSUPP: it is of a later version
 */
int kvpci_host_restore(struct kvpci_host *host, const void *data, size_t length);

/**
 * kvpci_function_create() - describe a function
 * @host: the bridge
 * @config: as of KVPCI_CREATE_FUNCTION, but for what the library sets: @parent with its flag, and
 *	@route_eventfd, of which KVPCI_FUNCTION_ROUTE_EVENTFD says that vectors may be handed over,
 *	see kvpci_function_hand(), or watched, see kvpci_function_watch_vectors(). @user_data is the
 *	caller's own.
 * @parent: the bridge that it is behind; NULL: the host bridge
 * @function: the function
 *
 * The guest does not see it until kvpci_function_plug().
 *
 * Return: 0, or a negative error number: EINVAL: a flag that the library sets, or too small a
 *	@size; E2BIG: @config is larger than known, and the rest not zero
 */
int kvpci_function_create(struct kvpci_host *host, const struct kvpci_function_config *config,
			  const struct kvpci_function *parent, struct kvpci_function **function);

/**
 * kvpci_function_free() - take a function from the guest, which may run, and free it
 * @function: the function; NULL: do nothing
 *
 * Its memory is out of the guest when this returns, and that of functions behind it; it stays the
 * caller's to keep until kvpci_host_dispatch() and kvpci_host_sync() succeed, if one of them tells
 * that there was too little memory for that. Eventfds that the caller has given are the caller's to
 * close.
 */
void kvpci_function_free(struct kvpci_function *function);

/**
 * kvpci_function_fd() - the function's descriptor, for ioctls of <linux/kvpci.h>
 * @function: the function
 *
 * Return: the descriptor, which stays the library's
 */
int kvpci_function_fd(const struct kvpci_function *function);

/**
 * kvpci_function_user_data() - what the function's configuration had as @user_data
 * @function: the function
 *
 * Return: that
 */
__u64 kvpci_function_user_data(const struct kvpci_function *function);

/**
 * kvpci_function_plug() - let the guest see a function
 * @function: the function
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_plug(struct kvpci_function *function);

/**
 * kvpci_function_reset() - reset a function
 * @function: the function
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_reset(struct kvpci_function *function);

/**
 * kvpci_function_add_range() - say what a guest finds in a range
 * @function: the function
 * @bar: which BAR, KVPCI_BAR_ROM or KVPCI_CONFIG
 * @kind: enum kvpci_range_kind, but for KVPCI_RANGE_MEMORY
 * @offset: of the first byte, from the start of the BAR or of configuration space
 * @length: bytes
 * @data: the structure that the kind has, or NULL
 *
 * Return: 0, or a negative error number: EINVAL: KVPCI_RANGE_MEMORY
 */
int kvpci_function_add_range(struct kvpci_function *function, __u32 bar, __u32 kind, __u64 offset,
			     __u64 length, const void *data);

/**
 * kvpci_function_replace_range() - put a range in the place of one that has exactly the same
 * @function: the function
 * @bar: as of kvpci_function_add_range()
 * @kind: likewise
 * @offset: likewise
 * @length: likewise
 * @data: likewise
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_replace_range(struct kvpci_function *function, __u32 bar, __u32 kind,
				 __u64 offset, __u64 length, const void *data);

/**
 * kvpci_function_remove_range() - remove the range that has exactly this place
 * @function: the function
 * @bar: as of kvpci_function_add_range()
 * @kind: likewise, of what is there
 * @offset: likewise
 * @length: likewise
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_remove_range(struct kvpci_function *function, __u32 bar, __u32 kind,
				__u64 offset, __u64 length);

/**
 * kvpci_function_add_memory() - have memory of the caller's behind a BAR
 * @function: the function, not plugged yet, of a bridge with KVPCI_HOST_MIRROR
 * @bar: which BAR
 * @offset: of the first byte, a multiple of 4096
 * @length: bytes, a multiple of 4096
 * @bytes: where the caller has it, on a boundary of a page; it stays until the function is freed
 * @kvm_flags: KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY, with which writes come to
 *	kvpci_host_exit()
 *
 * The guest reads and writes it as its own memory, wherever it has the BAR. Where it shares the
 * BAR's addresses with another BAR, accesses come to kvpci_host_exit().
 *
 * Return: 0, or a negative error number: EINVAL: @bytes is not on a boundary of a page, or
 *	@kvm_flags has others
 */
int kvpci_function_add_memory(struct kvpci_function *function, __u32 bar, __u64 offset,
			      __u64 length, void *bytes, __u32 kvm_flags);

/**
 * kvpci_function_add_doorbell() - have writes by the guest signal an eventfd
 * @function: the function
 * @doorbell: as of KVPCI_DOORBELL, without KVPCI_DOORBELL_DEASSIGN
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_add_doorbell(struct kvpci_function *function,
				const struct kvpci_doorbell *doorbell);

/**
 * kvpci_function_remove_doorbell() - remove a doorbell
 * @function: the function
 * @doorbell: what it was added by
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_remove_doorbell(struct kvpci_function *function,
				   const struct kvpci_doorbell *doorbell);

/**
 * kvpci_function_read() - read configuration space or registers, as the device
 * @function: the function
 * @bar: which BAR, KVPCI_BAR_ROM or KVPCI_CONFIG
 * @bank: of registers in banks: which, whatever the guest has selected; otherwise 0
 * @offset: of the first byte
 * @data: where to put them
 * @length: bytes, 1 to 4096
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_read(struct kvpci_function *function, __u32 bar, __u32 bank, __u64 offset,
			void *data, __u32 length);

/**
 * kvpci_function_write() - write configuration space or registers, as the device
 * @function: the function
 * @bar: as of kvpci_function_read()
 * @bank: likewise
 * @offset: likewise
 * @data: what to write
 * @mask: as many bytes, of which only the set bits are written; NULL: all
 * @length: bytes, 1 to 4096
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_write(struct kvpci_function *function, __u32 bar, __u32 bank, __u64 offset,
			 const void *data, const void *mask, __u32 length);

/**
 * kvpci_function_read_as_guest() - read as the guest does, with all effects
 * @function: the function
 * @bar: which BAR, or KVPCI_CONFIG
 * @offset: of the first byte
 * @value: where to put them; those above @length are 0
 * @length: bytes: 1, 2, 4 or 8
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_read_as_guest(struct kvpci_function *function, __u32 bar, __u64 offset,
				 __u64 *value, __u32 length);

/**
 * kvpci_function_write_as_guest() - write as the guest does, with all effects
 * @function: the function
 * @bar: as of kvpci_function_read_as_guest()
 * @offset: likewise
 * @value: what to write
 * @length: likewise
 *
 * Who plays firmware places BARs by that.
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_write_as_guest(struct kvpci_function *function, __u32 bar, __u64 offset,
				  __u64 value, __u32 length);

/**
 * kvpci_function_trigger() - interrupt the guest
 * @function: the function
 * @interrupt: enum kvpci_interrupt
 * @vector: which
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_trigger(struct kvpci_function *function, __u32 interrupt, __u32 vector);

/**
 * kvpci_function_lower() - lower the INTx pin, or let a vector be pending no more
 * @function: the function
 * @interrupt: enum kvpci_interrupt
 * @vector: which
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_lower(struct kvpci_function *function, __u32 interrupt, __u32 vector);

/**
 * kvpci_function_bind() - have an eventfd trigger an interrupt
 * @function: the function
 * @interrupt: enum kvpci_interrupt
 * @vector: which
 * @eventfd: what triggers it
 * @ack_eventfd: of INTx: what to signal when the guest has acknowledged it, see KVPCI_BIND_ACK;
 *	-1: nothing
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_bind(struct kvpci_function *function, __u32 interrupt, __u32 vector, int eventfd,
			int ack_eventfd);

/**
 * kvpci_function_hand() - have an eventfd trigger a vector, and KVM itself take its signals
 * @function: the function, made with KVPCI_FUNCTION_ROUTE_EVENTFD
 * @interrupt: KVPCI_MSI or KVPCI_MSIX
 * @vector: which
 * @eventfd: what triggers it, as of kvpci_function_bind(); the caller may close it before
 *	kvpci_function_unbind()
 *
 * For eventfds of devices that can interrupt the guest without the host, as of VFIO's, which takes
 * KVM_IRQFD: kvpci_host_dispatch() hands the vector over (KVPCI_ROUTE_HAND) while the guest has it
 * in use. The guest's write that masks it, or changes its message, takes it back, by the vCPU's
 * thread in kvpci_host_exit(), as does what the caller does in the guest's name. It is handed over
 * again some hundredth of a second after that at the earliest, since that costs more than it saves
 * for a guest that masks it all the time; until then it is as if by kvpci_function_bind().
 *
 * It takes a GSI, where the kernel sends messages itself, too. If KVM refuses the eventfd,
 * kvpci_host_dispatch() says so once, and it stays as if by kvpci_function_bind().
 *
 * Return: 0, or a negative error number: EINVAL: the function was made without
 *	KVPCI_FUNCTION_ROUTE_EVENTFD, or has no such vector; EEXIST: the vector is bound
 */
int kvpci_function_hand(struct kvpci_function *function, __u32 interrupt, __u32 vector,
			int eventfd);

/**
 * kvpci_function_watch_vectors() - be told when the guest begins to use a vector
 * @function: the function, made with KVPCI_FUNCTION_ROUTE_EVENTFD
 * @eventfd: what to signal then; the caller may close it
 *
 * For who allocates something for each vector that the guest uses, and nothing for those that it
 * leaves masked. kvpci_host_dispatch() signals it when the guest lets a vector of MSI or MSI-X
 * send messages for the first time; kvpci_function_next_used() says which one. The guest does not
 * wait for that: what would trigger the vector is to keep it in mind until it can.
 *
 * Return: 0, or a negative error number: EINVAL: the function was made without
 *	KVPCI_FUNCTION_ROUTE_EVENTFD, or has no vectors, or somebody is told already
 */
int kvpci_function_watch_vectors(struct kvpci_function *function, int eventfd);

/**
 * kvpci_function_next_used() - which vector has the guest begun to use?
 * @function: the function, made with KVPCI_FUNCTION_ROUTE_EVENTFD
 * @interrupt: KVPCI_MSI or KVPCI_MSIX
 * @vector: where to put it
 *
 * Each is told once, whatever the guest does with it afterwards, a reset included.
 *
 * Return: 0, or a negative error number: ENOENT: there is none that was not told; EINVAL: the
 *	function was made without KVPCI_FUNCTION_ROUTE_EVENTFD, or has no such interrupt
 */
int kvpci_function_next_used(struct kvpci_function *function, __u32 interrupt, __u32 *vector);

/**
 * kvpci_function_unbind() - have no eventfd trigger it any more
 * @function: the function
 * @interrupt: enum kvpci_interrupt
 * @vector: which
 *
 * Return: 0, or a negative error number
 */
int kvpci_function_unbind(struct kvpci_function *function, __u32 interrupt, __u32 vector);

/**
 * kvpci_function_connect_pin() - connect the INTx pin to an interrupt controller's input
 * @function: the function
 * @gsi: which KVM knows the input by; the guest's tables say the same
 *
 * Return: 0, or a negative error number: EEXIST: it is connected
 */
int kvpci_function_connect_pin(struct kvpci_function *function, unsigned int gsi);

/**
 * kvpci_function_disconnect_pin() - connect it to none
 * @function: the function
 *
 * Return: 0, or a negative error number: ENOENT: it is not connected
 */
int kvpci_function_disconnect_pin(struct kvpci_function *function);

#ifdef __cplusplus
}
#endif

#endif /* LIBKVPCI_H */
