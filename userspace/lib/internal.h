/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the library share. Functions that others call begin with libkvpci_, so that
 * a program which is linked with the static library may have names of its own.
 *
 * Locks, from the outermost: libkvpci_routes.lock or libkvpci_mirrors.lock, kvpci_gsis.turn,
 * kvpci_gsis.lock or kvpci_host.lock. The thread of a vCPU takes the first to take vectors back:
 * KVM's calls that replace routes or remove irqfds, which are made under it, wait for vCPUs only
 * that are in the kernel.
 */
#ifndef LIBKVPCI_INTERNAL_H
#define LIBKVPCI_INTERNAL_H

#include <errno.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "libkvpci.h"

/**
 * struct libkvpci_vector - a vector whose messages KVM's irqfds deliver
 * @gsi: whose route the message is; -1: it has none
 * @event: an eventfd of the library's that is bound to @gsi; -1: none
 * @source: the caller's, which is to be that instead; -1: none
 * @used: the guest has been found to use it
 * @told: and the caller knows
 * @left: the kernel is to send its messages without telling of them
 * @handed: it is
 * @rests: it was taken back, and is served as others meanwhile
 * @refused: KVM did not take it
 */
struct libkvpci_vector {
	int gsi;
	int event;
	int source;
	bool used;
	bool told;
	bool left;
	bool handed;
	bool rests;
	bool refused;
};

/**
 * struct libkvpci_vectors - those of one kind of interrupt
 * @nr: how many there are
 * @vector: they
 */
struct libkvpci_vectors {
	__u32 nr;
	struct libkvpci_vector *vector;
};

/**
 * struct libkvpci_routes - how the messages of a host bridge's functions are routed, see routes.c
 * @lock: held to serve them, to hand vectors over and take them back, and while a function comes
 *	or goes; guards what follows, and vectors
 * @ops: where GSIs come from; NULL: no function has needed any
 * @context: its argument
 * @own: a table that the library has made
 * @next: others that share @context, if it is the library's; guarded by that
 * @timer: says when to look again; -1: no function has needed it
 * @resting: it was started for vectors that were taken back
 * @starved: a function has found too few GSIs
 * @nr_handed: how many vectors are handed over, or just being so; read without @lock, too
 * @set: how many routes were set
 * @commits: how often KVM was given a table
 * @handed: how often a vector was handed over
 * @taken_back: and taken back
 */
struct libkvpci_routes {
	pthread_mutex_t lock;
	const struct kvpci_gsi_ops *ops;
	void *context;
	struct kvpci_gsis *own;
	struct libkvpci_routes *next;
	int timer;
	bool resting;
	bool starved;
	int nr_handed;
	__u64 set;
	__u64 commits;
	__u64 handed;
	__u64 taken_back;
};

/**
 * struct libkvpci_mirror - what is memory of the guest, or has been; see mirrors.c
 * @offset: in the host bridge's descriptor, or a name of it
 * @length: bytes; 0: this one is free
 * @address: of the guest
 * @bytes: where it is mapped here; NULL: it can't be memory
 * @owner: the number of the function whose memory of the caller's it is; 0: it is none
 * @kvm_flags: KVM_MEM_*
 * @is_memory: it is memory of the guest
 */
struct libkvpci_mirror {
	__u64 offset;
	__u64 length;
	__u64 address;
	__u8 *bytes;
	__u64 owner;
	__u32 kvm_flags;
	bool is_memory;
};

/**
 * struct libkvpci_memory - memory of the caller's that is behind a BAR
 * @owner: the number of the function
 * @bar: which BAR
 * @kvm_flags: KVM_MEM_*
 * @place: from the start of the BAR
 * @length: bytes
 * @bytes: where the caller has it
 */
struct libkvpci_memory {
	__u64 owner;
	__u32 bar;
	__u32 kvm_flags;
	__u64 place;
	__u64 length;
	__u8 *bytes;
};

/**
 * struct libkvpci_hole - a page of configuration space that is to be no memory of the guest
 * @offset: what the kernel knows it by
 * @address: of the guest
 */
struct libkvpci_hole {
	__u64 offset;
	__u64 address;
};

/**
 * struct libkvpci_mirrors - memory of the guest that follows its BARs
 * @lock: guards what follows
 * @mirror: by memory slot
 * @nr: how many of @mirror have ever been used
 * @hole: those that there are
 * @nr_holes: how many of @hole there are
 * @memory: memory of the caller's
 * @nr_memory: how many of @memory there are
 * @count: how often memory has come or gone
 * @changes: how many the kernel has told of
 * @faults: how often a vCPU could not run
 * @astray: configuration space is not laid out as holes ask for
 * @error: what could not be made memory, since a call that tells of it: a negative error number
 */
struct libkvpci_mirrors {
	pthread_mutex_t lock;
	struct libkvpci_mirror *mirror;
	size_t nr;
	struct libkvpci_hole *hole;
	size_t nr_holes;
	struct libkvpci_memory *memory;
	size_t nr_memory;
	__u64 count;
	__u64 changes;
	__u64 faults;
	bool astray;
	int error;
};

/**
 * struct kvpci_host - a host bridge
 * @fd: its descriptor
 * @poll_fd: an epoll of @mirror_event and of the functions' route events
 * @mirror_event: says that memory is to follow; -1: nothing is mirrored
 * @delivery: enum kvpci_delivery
 * @config: what it was made of
 * @machine: what may be used of the virtual machine
 * @gsi_ops: @machine's, if it has some
 * @lock: guards what follows
 * @function: the functions, by the lower half of their numbers; NULL: none
 * @nr: of @function
 * @last_number: the upper half of the number that was given last
 * @routes: see there
 * @mirrors: see there
 */
struct kvpci_host {
	int fd;
	int poll_fd;
	int mirror_event;
	int delivery;
	struct kvpci_host_config config;
	struct kvpci_machine machine;
	struct kvpci_gsi_ops gsi_ops;
	pthread_rwlock_t lock;
	struct kvpci_function **function;
	size_t nr;
	__u32 last_number;
	struct libkvpci_routes routes;
	struct libkvpci_mirrors mirrors;
};

/**
 * struct kvpci_function - a function
 * @host: its host bridge
 * @fd: its descriptor; -1: the kernel does not have it yet
 * @plugged: the guest sees it; guarded by the host bridge's lock, as is
 * @orphan: a bridge above it has gone, so that the guest will never see it
 * @number: what the kernel knows it by (user_data): no other one ever has the same
 * @user_data: the caller's
 * @path: bus on the host bridge, then devfn of each bridge above, from there on, and its own
 * @path_length: of @path, in bytes
 * @route_event: says that messages wait for a route; -1: they need none
 * @used_event: says that the guest uses vectors that it has not used before; -1: nobody is told
 * @hands: vectors may be handed over
 * @starved: it has found too few GSIs; guarded by the lock of routes, as is
 * @nr_handed: how many of its vectors are handed over
 * @msi: vectors of MSI
 * @msix: vectors of MSI-X
 * @pin_lock: guards what follows; no other lock is taken with it
 * @pin_event: raises the input that the INTx pin leads to; -1: none
 * @pin_ack_event: says that the guest has acknowledged that
 */
struct kvpci_function {
	struct kvpci_host *host;
	int fd;
	bool plugged;
	bool orphan;
	__u64 number;
	__u64 user_data;
	__u8 *path;
	__u32 path_length;
	int route_event;
	int used_event;
	bool hands;
	bool starved;
	int nr_handed;
	struct libkvpci_vectors msi;
	struct libkvpci_vectors msix;
	pthread_mutex_t pin_lock;
	int pin_event;
	int pin_ack_event;
};

/* Return: what the kernel does, or a negative error number */
static inline int libkvpci_ioctl(int fd, unsigned long request, const void *argument)
{
	int ret = ioctl(fd, request, argument);

	return ret < 0 ? -errno : ret;
}

static inline __u64 libkvpci_pointer(const void *pointer)
{
	return (unsigned long)pointer;
}

/* structure.c */
int libkvpci_take(void *to, size_t room, const void *from, size_t size, size_t least);
void libkvpci_put(void *to, size_t size, const void *from, size_t length);

/* event.c */
int libkvpci_event_create(int *event);
void libkvpci_event_clear(int event);
void libkvpci_event_signal(int event);
void libkvpci_event_close(int *event);
void libkvpci_timer_start(int timer, long nanoseconds);
int libkvpci_bind(const struct kvpci_function *function, const struct kvpci_binding *binding);
int libkvpci_irqfd(int vm_fd, unsigned int gsi, int event, int resample);
int libkvpci_irqfd_remove(int vm_fd, unsigned int gsi, int event);

/* gsi.c */
extern const struct kvpci_gsi_ops libkvpci_gsis_ops;

int libkvpci_gsis_new(int vm_fd, unsigned int flags, unsigned int max,
		      const struct kvm_irq_routing_entry *own, unsigned int nr_own,
		      struct kvpci_gsis **gsis);
unsigned int libkvpci_gsis_fill(struct kvpci_gsis *gsis);
const struct kvm_irq_routing *libkvpci_gsis_table(const struct kvpci_gsis *gsis);
void libkvpci_gsis_begin(struct kvpci_gsis *gsis);
void libkvpci_gsis_end(struct kvpci_gsis *gsis);
void libkvpci_gsis_join(struct kvpci_gsis *gsis, struct libkvpci_routes *routes);
void libkvpci_gsis_leave(struct kvpci_gsis *gsis, struct libkvpci_routes *routes);

/* routes.c */
void libkvpci_routes_init(struct kvpci_host *host);
void libkvpci_routes_destroy(struct kvpci_host *host);
int libkvpci_routes_prepare(struct kvpci_function *function,
			    const struct kvpci_function_config *config);
int libkvpci_routes_size(struct kvpci_function *function, int fd);
int libkvpci_routes_add(struct kvpci_function *function);
void libkvpci_routes_remove(struct kvpci_function *function);
void libkvpci_routes_free(struct kvpci_function *function);
int libkvpci_routes_recall(struct kvpci_host *host, bool all);
int libkvpci_routes_serve(struct kvpci_host *host, bool *mirrors,
			  struct kvpci_function **culprit);

/* mirrors.c */
int libkvpci_mirrors_init(struct kvpci_host *host);
void libkvpci_mirrors_destroy(struct kvpci_host *host);
int libkvpci_mirrors_sync(struct kvpci_host *host);
void libkvpci_mirrors_remove(struct kvpci_function *function);
void libkvpci_mirrors_follow(struct kvpci_host *host);
void libkvpci_mirrors_forget(struct kvpci_function *function, __u32 bar, __u64 place);

/* follow.c */
void libkvpci_follow(struct kvpci_host *host);

/* pin.c */
void libkvpci_pin_close(struct kvpci_function *function);

#endif /* LIBKVPCI_INTERNAL_H */
