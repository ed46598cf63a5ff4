/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_VECTOR_H
#define _KVPCI_VECTOR_H

#include <linux/kvpci.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "kvm/kvm.h"
#include "interrupt/interrupts.h"
#include "interrupt/listener.h"
#include "interrupt/worker.h"

struct kvpci_vectors;

/**
 * struct kvpci_vectors_ops - where the vectors' registers are
 * @message: read a vector's message, and whether it is masked
 *
 * Called with the interrupts' lock held, in any context.
 */
struct kvpci_vectors_ops {
	struct kvpci_message (*message)(const struct kvpci_vectors *vectors, u32 n);
};

/**
 * struct kvpci_source - an eventfd that triggers a vector
 * @listener: listens to it
 * @vectors: whose vector
 * @vector: which
 */
struct kvpci_source {
	struct kvpci_listener listener;
	struct kvpci_vectors *vectors;
	u32 vector;
};

/**
 * struct kvpci_vector - what the guest does not see of a vector
 * @source: what is bound to it; guarded by the host's lock
 * @route: the eventfd that sends the message, or NULL
 * @sequence: how often the message has changed
 * @confirmed: @sequence of the message that @route sends
 * @triggered: it has been triggered, for which it, or what takes its place, is pending
 * @left: userspace does not want to know that it has no route, while it needs none
 * @handed: @route is the source's own eventfd, to which we do not listen; written under the
 *	host's lock, too
 * @recalled: and userspace is to take it back
 */
struct kvpci_vector {
	struct kvpci_source *source;
	struct eventfd_ctx *route;
	u64 sequence;
	u64 confirmed;
	bool triggered;
	bool left;
	bool handed;
	bool recalled;
};

/**
 * struct kvpci_vectors - the vectors of MSI or MSI-X
 * @interrupts: whose they are; its lock guards the rest, if nothing else is said
 * @ops: where their registers are
 * @nr: how many; at most 2,048
 * @chosen: the guest has enabled MSI, or MSI-X, and with it disabled the pin
 * @masked: it has masked all of them
 * @enabled: messages may be sent, of vectors that are not masked themselves
 * @place_mask: vector N's place is taken by N & this; a power of two less 1
 * @pending: a bit each, as the guest reads them
 * @pending_words: which words of @pending are not 0
 * @work: flushes, and asks for routes where that can't be done at once
 * @asks: it is to ask
 * @sending: how many messages are being sent without the lock
 * @nr_handed: how many are handed to irqfds
 * @unusual: both of these, to be looked at as one
 * @settled: held to read while one is sent; who has forbidden it takes it to write, to wait
 * @vector: the state of each, @nr of them
 */
struct kvpci_vectors {
	struct kvpci_interrupts *interrupts;
	const struct kvpci_vectors_ops *ops;
	u32 nr;
	bool chosen;
	bool masked;
	bool enabled;
	u32 place_mask;
	u32 *pending;
	u64 pending_words;
	struct kvpci_work work;
	bool asks;
	union {
		struct {
			u32 sending;
			u32 nr_handed;
		};
		u64 unusual;
	};
	struct rw_semaphore settled;
	struct kvpci_vector *vector;
};

int kvpci_vectors_init(struct kvpci_vectors *vectors,
		       struct kvpci_interrupts *interrupts,
		       const struct kvpci_vectors_ops *ops, u32 nr, u32 *pending);
void kvpci_vectors_cancel(struct kvpci_vectors *vectors);
void kvpci_vectors_destroy(struct kvpci_vectors *vectors);

void kvpci_vector_trigger(struct kvpci_vectors *vectors, u32 n);
void kvpci_vector_withdraw(struct kvpci_vectors *vectors, u32 n);
void kvpci_vectors_fold(struct kvpci_vectors *vectors, u32 nr);
void kvpci_vector_changed(struct kvpci_vectors *vectors, u32 n, bool new_message);
bool kvpci_vectors_follow(struct kvpci_vectors *vectors);
void kvpci_vector_flush(struct kvpci_vectors *vectors, u32 n);
void kvpci_vectors_flush(struct kvpci_vectors *vectors);
void kvpci_vectors_settle(struct kvpci_vectors *vectors);
void kvpci_vectors_renumbered(struct kvpci_vectors *vectors);
void kvpci_vectors_reset(struct kvpci_vectors *vectors);
void kvpci_vectors_restore(struct kvpci_vectors *vectors, u32 nr, const u32 *triggered);

int kvpci_vector_bind(struct kvpci_vectors *vectors, u32 n, struct list_head *listeners,
		      struct file *file);
int kvpci_vector_unbind(struct kvpci_vectors *vectors, u32 n);
void kvpci_vectors_unbind(struct kvpci_vectors *vectors);
int kvpci_vectors_get_route(struct kvpci_vectors *vectors,
			    struct kvpci_route *route);
int kvpci_vector_set_route(struct kvpci_vectors *vectors, u32 n, u64 sequence,
			   struct eventfd_ctx **eventfd, bool leave);
int kvpci_vector_hand(struct kvpci_vectors *vectors, u32 n, u64 sequence,
		      struct eventfd_ctx **eventfd);
void kvpci_vector_take_back(struct kvpci_vectors *vectors, u32 n, struct eventfd_ctx **eventfd,
			    bool leave);
bool kvpci_vectors_signal(const struct kvpci_vectors *vectors,
			  const struct eventfd_ctx *eventfd);
bool kvpci_vectors_listen_to(const struct kvpci_vectors *vectors,
			     const struct eventfd_ctx *eventfd);

/* Which vector takes the place of vector @n? */
static inline u32 kvpci_vector_place(const struct kvpci_vectors *vectors, u32 n)
{
	return n & vectors->place_mask;
}

/* Is it pending, as the guest sees it? Only of one that takes its own place. */
static inline bool kvpci_vector_is_pending(const struct kvpci_vectors *vectors, u32 n)
{
	return vectors->pending[n / 32] & BIT(n % 32);
}

/* Is it, and may its message be sent, if it is @masked itself or not? */
static inline bool kvpci_vector_is_due(const struct kvpci_vectors *vectors, u32 n, bool masked)
{
	return vectors->enabled && !masked && kvpci_vector_is_pending(vectors, n);
}

/* Is there what sends its present message? */
static inline bool kvpci_vector_has_route(const struct kvpci_vectors *vectors, u32 n)
{
	const struct kvpci_vector *vector = &vectors->vector[n];

	return vector->route && vector->confirmed == vector->sequence;
}

/* Is its source KVM's for the time being? */
static inline bool kvpci_vector_is_handed(const struct kvpci_vectors *vectors, u32 n)
{
	return vectors->vector[n].handed;
}

/* And is userspace to take it back? */
static inline bool kvpci_vector_is_recalled(const struct kvpci_vectors *vectors, u32 n)
{
	return unlikely(READ_ONCE(vectors->nr_handed)) && READ_ONCE(vectors->vector[n].recalled);
}

/* Does an eventfd trigger it? Under the host's lock. */
static inline bool kvpci_vector_listens_to(const struct kvpci_vectors *vectors, u32 n,
					   const struct eventfd_ctx *eventfd)
{
	const struct kvpci_source *source = vectors->vector[n].source;

	return source && source->listener.eventfd == eventfd;
}

#endif /* _KVPCI_VECTOR_H */
