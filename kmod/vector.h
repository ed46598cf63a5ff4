/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_VECTOR_H
#define _VPCI_VECTOR_H

#include <linux/bits.h>
#include <linux/kvpci.h>
#include <linux/types.h>

#include "kvm.h"
#include "listener.h"
#include "worker.h"

struct vpci_interrupts;
struct vpci_vectors;

/**
 * struct vpci_vectors_ops - where the vectors' registers are
 * @message: read a vector's message
 * @masked: is the vector itself masked?
 *
 * Called with the interrupts' lock held, in any context.
 */
struct vpci_vectors_ops {
	struct vpci_message (*message)(const struct vpci_vectors *vectors, u32 n);
	bool (*masked)(const struct vpci_vectors *vectors, u32 n);
};

/**
 * struct vpci_source - an eventfd that triggers a vector
 * @listener: listens to it
 * @vectors: whose vector
 * @vector: which
 */
struct vpci_source {
	struct vpci_listener listener;
	struct vpci_vectors *vectors;
	u32 vector;
};

/**
 * struct vpci_vector - what the guest does not see of a vector
 * @source: what is bound to it; guarded by the host's lock
 * @route: the eventfd that sends the message, unless it is sent directly
 * @sequence: how often the message has changed
 * @confirmed: @sequence of the message that @route sends
 * @triggered: it has been triggered, for which it, or what takes its place, is pending
 */
struct vpci_vector {
	struct vpci_source *source;
	struct eventfd_ctx *route;
	u64 sequence;
	u64 confirmed;
	bool triggered;
};

/**
 * struct vpci_vectors - the vectors of MSI or MSI-X
 * @interrupts: whose they are; its lock guards the rest, if nothing else is said
 * @ops: where their registers are
 * @nr: how many; at most 2,048
 * @enabled: messages may be sent, of vectors that are not masked themselves
 * @place_mask: vector N's place is taken by N & this; a power of two less 1
 * @pending: a bit each, as the guest reads them
 * @pending_words: which words of @pending are not 0
 * @work: flushes
 * @vector: they
 */
struct vpci_vectors {
	struct vpci_interrupts *interrupts;
	const struct vpci_vectors_ops *ops;
	u32 nr;
	bool enabled;
	u32 place_mask;
	u32 *pending;
	u64 pending_words;
	struct vpci_work work;
	struct vpci_vector *vector;
};

int vpci_vectors_init(struct vpci_vectors *vectors,
		      struct vpci_interrupts *interrupts,
		      const struct vpci_vectors_ops *ops, u32 nr, u32 *pending);
void vpci_vectors_destroy(struct vpci_vectors *vectors);

void vpci_vector_trigger(struct vpci_vectors *vectors, u32 n);
void vpci_vector_withdraw(struct vpci_vectors *vectors, u32 n);
void vpci_vectors_fold(struct vpci_vectors *vectors, u32 nr);
void vpci_vector_changed(struct vpci_vectors *vectors, u32 n, bool new_message);
void vpci_vector_update(struct vpci_vectors *vectors, u32 n, bool new_message);
bool vpci_vectors_enable(struct vpci_vectors *vectors, bool enabled);
void vpci_vectors_flush(struct vpci_vectors *vectors);
void vpci_vectors_reset(struct vpci_vectors *vectors);

int vpci_vector_bind(struct vpci_vectors *vectors, u32 n, struct list_head *listeners,
		     struct file *file);
int vpci_vector_unbind(struct vpci_vectors *vectors, u32 n);
void vpci_vectors_unbind(struct vpci_vectors *vectors);
int vpci_vectors_get_route(struct vpci_vectors *vectors,
			   struct kvpci_route *route);
int vpci_vector_set_route(struct vpci_vectors *vectors, u32 n, u64 sequence,
			  struct eventfd_ctx **eventfd);
bool vpci_vectors_signal(const struct vpci_vectors *vectors,
			 const struct eventfd_ctx *eventfd);
bool vpci_vectors_listen_to(const struct vpci_vectors *vectors,
			    const struct eventfd_ctx *eventfd);

/* Which vector takes the place of vector @n? */
static inline u32 vpci_vector_place(const struct vpci_vectors *vectors, u32 n)
{
	return n & vectors->place_mask;
}

/* Is it pending, as the guest sees it? Only of one that takes its own place. */
static inline bool vpci_vector_is_pending(const struct vpci_vectors *vectors, u32 n)
{
	return vectors->pending[n / 32] & BIT(n % 32);
}

/* Is there what sends its present message? */
static inline bool vpci_vector_has_route(const struct vpci_vectors *vectors, u32 n)
{
	const struct vpci_vector *vector = &vectors->vector[n];

	return vpci_kvm_sends_directly() ||
	       (vector->route && vector->confirmed == vector->sequence);
}

#endif /* _VPCI_VECTOR_H */
