// SPDX-License-Identifier: GPL-2.0
/*
 * Vectors: the state that MSI and MSI-X have in common, and how it changes.
 *
 *	           trigger, not ready
 *	 idle ---------------------------> pending
 *	  |  ^                               |
 *	  |  |  becomes ready: send          |  trigger: nothing
 *	  |  +-------------------------------+
 *	  +-- trigger, ready: send
 *
 * A vector is ready if messages may be sent at all (MSI or MSI-X enabled, no function
 * mask, bus mastering on), it is not masked itself, and its message can be sent. An irqfd does
 * that, if it has one whose route is that of the message: from the guest's change of the message
 * until userspace has confirmed a new route, it has none. Without, this module sends messages
 * itself, where it may and KVM takes the message as it is, see kvpci_kvm_can_send(); otherwise a
 * vector that wants to send counts as not ready.
 *
 * Every decision is made, and a message sent, within one hold of the interrupts' lock,
 * so that nothing is sent after the guest's write that forbids it has completed, and
 * nothing is missed by the one that allows it. A message to many vCPUs takes long: a
 * trigger, which may come in any context, leaves it pending for a work item, and who sends
 * it does so without the lock, which keeps interrupts off. Whoever forbids it meanwhile
 * waits until it has been sent (kvpci_vectors_settle()). The same goes for an irqfd's where
 * the module sends others itself: there the lock is taken inside that of a source's wait queue,
 * and so no eventfd can be signalled under it.
 *
 * A vector may be handed to an irqfd: its source's eventfd is the irqfd's, and while KVM takes
 * the signals we don't. The guest's write that masks it, disables it or changes its message
 * recalls it, and ends as an exit, so that userspace has taken it back before the guest goes on.
 * Signals in between are in the eventfd, where either finds them.
 *
 * Of MSI, vectors may take the place of others: what is said here of a vector then goes for
 * that, and it is pending as long as one of those is that it stands for.
 * Documentation/interrupts.rst has more, model/ the proof.
 */
#include <linux/bitops.h>
#include <linux/eventfd.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "interrupt/interrupts.h"
#include "interrupt/vector.h"
#include "trace.h"

/* How many messages one hold of the lock may send, */
#define FLUSH_BATCH	64
/* and how many vCPUs it may look at for that: KVM may look at all for one message. */
#define FLUSH_VCPUS	4096

static void set_bit_of(struct kvpci_vectors *vectors, u32 place)
{
	u32 *word = &vectors->pending[place / 32];

	WRITE_ONCE(*word, *word | BIT(place % 32));
	vectors->pending_words |= BIT_ULL(place / 32);
}

static void clear_bit_of(struct kvpci_vectors *vectors, u32 place)
{
	u32 *word = &vectors->pending[place / 32];

	WRITE_ONCE(*word, *word & ~BIT(place % 32));
	if (!*word)
		vectors->pending_words &= ~BIT_ULL(place / 32);
}

/* A trigger of vector N is pending, in the place of N. Inlined as if there were no event. */
static __always_inline void set_pending(struct kvpci_vectors *vectors, u32 n)
{
	trace_kvpci_vector_pend(vectors, n);
	vectors->vector[n].triggered = true;
	set_bit_of(vectors, kvpci_vector_place(vectors, n));
}

/* It is not any more: neither is the place, unless another vector's is. */
static void withdraw_pending(struct kvpci_vectors *vectors, u32 n)
{
	u32 place = kvpci_vector_place(vectors, n);

	trace_kvpci_vector_withdraw(vectors, n);
	vectors->vector[n].triggered = false;
	for (n = place; n < vectors->nr; n += vectors->place_mask + 1)
		if (vectors->vector[n].triggered)
			return;

	clear_bit_of(vectors, place);
}

/* No vector of this place is any more, whose bit has been cleared. */
static void clear_triggered(struct kvpci_vectors *vectors, u32 place)
{
	u32 n;

	for (n = place; n < vectors->nr; n += vectors->place_mask + 1)
		vectors->vector[n].triggered = false;
}

static bool is_allowed(const struct kvpci_vectors *vectors, u32 n)
{
	return vectors->enabled && !vectors->ops->message(vectors, n).masked;
}

/**
 * struct sending - how a vector that is ready sends its message
 * @route: by this eventfd, an irqfd's; or NULL
 * @message: what is sent then
 */
struct sending {
	struct eventfd_ctx *route;
	struct kvpci_message message;
};

/* Can its message be sent? If so, *@sending says how. */
static __always_inline bool is_ready(const struct kvpci_vectors *vectors, u32 n,
				     struct sending *sending)
{
	struct kvm *kvm = vectors->interrupts->kvm;

	if (!vectors->enabled)
		return false;
	sending->message = vectors->ops->message(vectors, n);
	if (sending->message.masked)
		return false;
	sending->route = kvpci_vector_has_route(vectors, n) ? vectors->vector[n].route : NULL;
	if (sending->route)
		return true;
	if (!vectors->interrupts->direct)
		return false;
	/* Without a machine there is nobody to send it to. */
	if (!kvm)
		return true;

	return kvpci_kvm_can_send(kvm, sending->message);
}

/*
 * Send the message of a vector that is ready. Returns whether it was sent: one to many is not, nor
 * by an irqfd where the lock of its wait queue must not be taken.
 */
static __always_inline bool vector_send(struct kvpci_vectors *vectors,
					const struct sending *sending)
{
	struct kvm *kvm = vectors->interrupts->kvm;

	if (!kvm)
		return true;
	if (likely(!sending->route))
		return kvpci_kvm_send(kvm, sending->message, false);
	if (vectors->interrupts->direct)
		return false;

	kvpci_eventfd_signal(sending->route);
	return true;
}

static noinline void signal_route_eventfd(struct kvpci_vectors *vectors)
{
	if (vectors->interrupts->direct) {
		WRITE_ONCE(vectors->asks, true);
		kvpci_work_queue(&vectors->work);
	} else {
		kvpci_eventfd_signal(vectors->interrupts->route_eventfd);
	}
}

/* Tell userspace that some vector may wait for a route, or is to be taken back. */
static __always_inline void ask_for_route(struct kvpci_vectors *vectors)
{
	if (vectors->interrupts->route_eventfd)
		signal_route_eventfd(vectors);
}

/* Is userspace to find it, for want of a route? */
static noinline bool waits_for_route(const struct kvpci_vectors *vectors, u32 n)
{
	struct sending sending;

	if (!is_allowed(vectors, n) || kvpci_vector_has_route(vectors, n))
		return false;
	return !vectors->vector[n].left || !is_ready(vectors, n, &sending);
}

static void vectors_work(struct kvpci_work *work)
{
	struct kvpci_vectors *vectors = container_of(work, struct kvpci_vectors, work);

	if (xchg(&vectors->asks, false))
		kvpci_eventfd_signal(vectors->interrupts->route_eventfd);
	kvpci_vectors_flush(vectors);
}

/*
 * If vectors of @from to @end - 1 that are handed to irqfds must not send what these have, they are
 * to be taken back.
 */
static noinline void recall(struct kvpci_vectors *vectors, u32 from, u32 end)
{
	bool any = false;
	u32 n;

	for (n = from; n < end && vectors->nr_handed; n++) {
		struct kvpci_vector *vector = &vectors->vector[n];

		if (!vector->handed || vector->recalled ||
		    (is_allowed(vectors, n) && kvpci_vector_has_route(vectors, n)))
			continue;

		trace_kvpci_vector_recall(vectors, n);
		WRITE_ONCE(vector->recalled, true);
		/* Whatever the guest allows meanwhile. */
		vector->confirmed = 0;
		atomic_inc(vectors->interrupts->recalled);
		any = true;
	}
	if (any)
		ask_for_route(vectors);
}

/* A vector's source is the module's again; the interrupts' lock is held. */
static void end_handing(struct kvpci_vectors *vectors, u32 n)
{
	struct kvpci_vector *vector = &vectors->vector[n];

	if (vector->recalled)
		atomic_dec(vectors->interrupts->recalled);
	WRITE_ONCE(vector->recalled, false);
	vector->handed = false;
	WRITE_ONCE(vectors->nr_handed, vectors->nr_handed - 1);
}

/**
 * kvpci_vectors_init() - initialise
 * @vectors: all zeroes
 * @interrupts: whose they are
 * @ops: where their registers are
 * @nr: how many
 * @pending: their pending bits, all clear
 *
 * Return: 0 or -ENOMEM
 */
int kvpci_vectors_init(struct kvpci_vectors *vectors,
		       struct kvpci_interrupts *interrupts,
		       const struct kvpci_vectors_ops *ops, u32 nr, u32 *pending)
{
	u32 n;

	vectors->vector = kvcalloc(nr, sizeof(*vectors->vector),
				   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!vectors->vector)
		return -ENOMEM;

	vectors->interrupts = interrupts;
	vectors->ops = ops;
	vectors->nr = nr;
	vectors->pending = pending;
	vectors->place_mask = roundup_pow_of_two(nr) - 1;
	kvpci_work_init(&vectors->work, interrupts->worker, vectors_work);
	init_rwsem(&vectors->settled);
	for (n = 0; n < nr; n++)
		vectors->vector[n].sequence = 1;
	return 0;
}

/**
 * kvpci_vectors_cancel() - have no message sent later
 * @vectors: the vectors; nothing is bound to them, and the guest can't reach them any more
 *
 * Context: process.
 */
void kvpci_vectors_cancel(struct kvpci_vectors *vectors)
{
	kvpci_work_cancel(&vectors->work);
}

/**
 * kvpci_vectors_destroy() - free
 * @vectors: initialised, or all zeroes; nobody has triggered them, or kvpci_vectors_cancel()
 *	has returned
 *
 * Context: process.
 */
void kvpci_vectors_destroy(struct kvpci_vectors *vectors)
{
	u32 n;

	for (n = 0; n < vectors->nr; n++)
		if (vectors->vector[n].route)
			eventfd_ctx_put(vectors->vector[n].route);
	kvfree(vectors->vector);
}

/**
 * kvpci_vector_trigger() - send a vector's message, or make it pending
 * @vectors: the vectors
 * @n: which; another may take its place, see kvpci_vectors_fold()
 *
 * Context: any; if messages are sent by irqfds, not a wait queue's callback.
 */
void kvpci_vector_trigger(struct kvpci_vectors *vectors, u32 n)
{
	struct sending sending;
	unsigned long flags;
	u32 place;

	spin_lock_irqsave(&vectors->interrupts->lock, flags);
	place = kvpci_vector_place(vectors, n);
	if (!is_ready(vectors, place, &sending)) {
		set_pending(vectors, n);
	} else if (!vector_send(vectors, &sending)) {
		set_pending(vectors, n);
		kvpci_work_queue(&vectors->work);
	} else {
		trace_kvpci_vector_send(vectors, n);
	}
	spin_unlock_irqrestore(&vectors->interrupts->lock, flags);
}

/**
 * kvpci_vector_withdraw() - let a vector not be pending
 * @vectors: the vectors
 * @n: which; others that are pending in the same place stay so
 *
 * Context: any.
 */
void kvpci_vector_withdraw(struct kvpci_vectors *vectors, u32 n)
{
	unsigned long flags;

	spin_lock_irqsave(&vectors->interrupts->lock, flags);
	withdraw_pending(vectors, n);
	spin_unlock_irqrestore(&vectors->interrupts->lock, flags);
}

/**
 * kvpci_vectors_fold() - let the first vectors take the place of the others
 * @vectors: the vectors, at most 32
 * @nr: how many are left, a power of two; vector N's place is taken by N modulo @nr
 *
 * What is pending is so in its new place.
 *
 * Context: the caller holds the interrupts' lock, or nobody else knows of them.
 */
void kvpci_vectors_fold(struct kvpci_vectors *vectors, u32 nr)
{
	u32 n;

	if (vectors->place_mask == nr - 1)
		return;

	vectors->place_mask = nr - 1;
	for (n = 0; n < vectors->nr; n++)
		clear_bit_of(vectors, n);
	for (n = 0; n < vectors->nr; n++)
		if (vectors->vector[n].triggered)
			set_bit_of(vectors, kvpci_vector_place(vectors, n));
}

/**
 * kvpci_vector_changed() - have a write to a vector's registers take effect
 * @vectors: the vectors
 * @n: which
 * @new_message: the message may have changed
 *
 * If it is due now, kvpci_vector_flush() is to follow; kvpci_vectors_settle() is in any case, and
 * then kvpci_vector_is_recalled() says whether userspace is to know.
 *
 * Context: the caller holds the interrupts' lock.
 */
void kvpci_vector_changed(struct kvpci_vectors *vectors, u32 n, bool new_message)
{
	lockdep_assert_held(&vectors->interrupts->lock);
	if (new_message)
		vectors->vector[n].sequence++;
	if (unlikely(vectors->nr_handed))
		recall(vectors, n, n + 1);
	trace_kvpci_vector_update(vectors, n);
	if (vectors->interrupts->route_eventfd && waits_for_route(vectors, n))
		signal_route_eventfd(vectors);
}

/**
 * kvpci_vectors_follow() - allow or forbid all messages, as the registers say
 * @vectors: the vectors, of which @chosen and @masked are what the registers say
 *
 * Context: the caller holds the interrupts' lock.
 * Return: whether kvpci_vectors_settle() and kvpci_vectors_flush() are to follow, and userspace
 * to know if something is recalled
 */
bool kvpci_vectors_follow(struct kvpci_vectors *vectors)
{
	bool enabled = vectors->chosen && !vectors->masked && vectors->interrupts->master;

	lockdep_assert_held(&vectors->interrupts->lock);
	if (enabled && !vectors->enabled)
		ask_for_route(vectors);
	trace_kvpci_vectors_enable(vectors, enabled);
	vectors->enabled = enabled;
	if (unlikely(vectors->unusual)) {
		recall(vectors, 0, vectors->nr);
		return true;
	}
	return enabled && vectors->pending_words;
}

/* How many messages may one hold of the lock send? */
static u32 flush_batch(const struct kvpci_vectors *vectors)
{
	struct kvm *kvm = vectors->interrupts->kvm;
	u32 vcpus = kvm ? kvpci_kvm_online_vcpus(kvm) : 0;

	return vcpus > FLUSH_VCPUS / FLUSH_BATCH ? max(FLUSH_VCPUS / vcpus, 1U) : FLUSH_BATCH;
}

/**
 * struct message_left - what flush_some() leaves to flush_step()
 * @kvm: a message is to be sent when the interrupts' lock has been released, and
 *	then @settled is to be let go; or NULL
 * @sending: how; without a route, it is to many vCPUs
 * @again: there is one that has to wait until somebody else has @settled no more
 */
struct message_left {
	struct kvm *kvm;
	struct sending sending;
	bool again;
};

/* Have what flush_some() could not send be sent later. Returns false if it has to be again. */
static noinline bool leave_message(struct kvpci_vectors *vectors, const struct sending *sending,
				   struct message_left *left)
{
	/* Who holds it to write waits for what is being sent. */
	if (!down_read_trylock(&vectors->settled)) {
		left->again = true;
		return false;
	}

	WRITE_ONCE(vectors->sending, vectors->sending + 1);
	left->kvm = vectors->interrupts->kvm;
	left->sending = *sending;
	return true;
}

/*
 * Send some of what is pending and ready, of vectors @from to @end - 1. Returns which one is
 * the next to look at, or @end.
 */
static u32 flush_some(struct kvpci_vectors *vectors, u32 from, u32 end,
		      struct message_left *message_left)
{
	u64 words = vectors->pending_words & GENMASK_ULL(63, from / 32);
	u32 left = flush_batch(vectors);

	if (!vectors->enabled)
		return end;

	for (; words; words &= words - 1) {
		u32 word = __ffs64(words);
		u32 bits = vectors->pending[word];

		if (word == from / 32)
			bits &= GENMASK(31, from % 32);
		for (; bits; bits &= bits - 1) {
			u32 n = word * 32 + __ffs(bits);
			struct sending sending;

			if (n >= end)
				return end;
			if (!is_ready(vectors, n, &sending))
				continue;
			if (!left)
				return n;
			left--;
			/* First: the guest is not to find it set when the message has come. */
			clear_bit_of(vectors, n);
			if (!vector_send(vectors, &sending) &&
			    !leave_message(vectors, &sending, message_left)) {
				set_bit_of(vectors, n);
				return n;
			}
			trace_kvpci_vector_send(vectors, n);
			clear_triggered(vectors, n);
			if (message_left->kvm)
				return n + 1;
		}
	}

	return end;
}

/* Send a message without the interrupts' lock, or wait until that may be done. */
static noinline void send_left(struct kvpci_vectors *vectors, const struct message_left *left)
{
	if (left->again) {
		down_read(&vectors->settled);
	} else {
		if (left->sending.route)
			kvpci_eventfd_signal(left->sending.route);
		else
			kvpci_kvm_send(left->kvm, left->sending.message, true);
		spin_lock_irq(&vectors->interrupts->lock);
		WRITE_ONCE(vectors->sending, vectors->sending - 1);
		spin_unlock_irq(&vectors->interrupts->lock);
	}
	up_read(&vectors->settled);
}

/* One hold of the lock, and a message after it that can't be sent under it. */
static u32 flush_step(struct kvpci_vectors *vectors, u32 from, u32 end)
{
	spinlock_t *lock = &vectors->interrupts->lock;
	struct message_left left;
	u32 next;

	left.kvm = NULL;
	left.again = false;
	spin_lock_irq(lock);
	next = flush_some(vectors, from, end, &left);
	spin_unlock_irq(lock);
	if (unlikely(left.kvm || left.again))
		send_left(vectors, &left);
	return next;
}

/**
 * kvpci_vector_flush() - send a vector's message if it has been pending and is ready now
 * @vectors: the vectors
 * @n: which
 *
 * Context: process, without a spinlock.
 */
void kvpci_vector_flush(struct kvpci_vectors *vectors, u32 n)
{
	while (flush_step(vectors, n, n + 1) == n)
		cond_resched();
}

/**
 * kvpci_vectors_flush() - send what has been pending and is ready now
 * @vectors: the vectors
 *
 * One hold of the lock sends a bounded number of messages, and one to many is sent after it.
 * Each vector is looked at once: one that has become pending or ready meanwhile is left to
 * whoever has made it so, or the guest could keep this from coming to an end.
 *
 * Context: process, without a spinlock.
 */
void kvpci_vectors_flush(struct kvpci_vectors *vectors)
{
	u32 next = flush_step(vectors, 0, vectors->nr);

	while (next < vectors->nr) {
		cond_resched();
		next = flush_step(vectors, next, vectors->nr);
	}
}

/**
 * kvpci_vectors_settle() - have what has been forbidden not come any more
 * @vectors: the vectors, after something that forbids, changes or withdraws messages
 *
 * Context: process, without a spinlock.
 */
void kvpci_vectors_settle(struct kvpci_vectors *vectors)
{
	/* Set with the interrupts' lock held, which the caller has had since. */
	if (likely(!READ_ONCE(vectors->sending)))
		return;

	/* The semaphore lets in who waits for it before long, whoever sends meanwhile. */
	down_write(&vectors->settled);
	up_write(&vectors->settled);
}

/**
 * kvpci_vectors_reset() - let nothing be pending
 * @vectors: the vectors, whose registers have been reset
 *
 * Context: the caller holds the interrupts' lock until after kvpci_vectors_follow(), which recalls
 * what is handed over.
 */
void kvpci_vectors_reset(struct kvpci_vectors *vectors)
{
	u32 n;

	lockdep_assert_held(&vectors->interrupts->lock);
	vectors->chosen = false;
	vectors->masked = false;
	vectors->enabled = false;
	while (vectors->pending_words) {
		u32 word = __ffs64(vectors->pending_words);

		WRITE_ONCE(vectors->pending[word], 0);
		vectors->pending_words &= vectors->pending_words - 1;
	}
	for (n = 0; n < vectors->nr; n++) {
		vectors->vector[n].triggered = false;
		vectors->vector[n].sequence++;
	}
}

/**
 * kvpci_vectors_renumbered() - have messages come from another requester
 * @vectors: of a function whose bus has another number now
 *
 * Context: the caller holds the interrupts' lock.
 */
void kvpci_vectors_renumbered(struct kvpci_vectors *vectors)
{
	u32 n;

	lockdep_assert_held(&vectors->interrupts->lock);
	for (n = 0; n < vectors->nr; n++)
		vectors->vector[n].sequence++;
	recall(vectors, 0, vectors->nr);
	if (vectors->enabled)
		ask_for_route(vectors);
}

/**
 * kvpci_vectors_restore() - have those vectors be triggered, and no others
 * @vectors: the vectors, whose registers have been restored
 * @nr: how many take the place of all, as of kvpci_vectors_fold()
 * @triggered: a bit each
 *
 * Their messages may have changed.
 *
 * Context: the caller holds the interrupts' lock, and sets @vectors->chosen and
 * @vectors->masked before kvpci_vectors_follow().
 */
void kvpci_vectors_restore(struct kvpci_vectors *vectors, u32 nr, const u32 *triggered)
{
	u32 n;

	kvpci_vectors_reset(vectors);
	vectors->place_mask = roundup_pow_of_two(nr) - 1;
	for (n = 0; n < vectors->nr; n++) {
		if (!(triggered[n / 32] & BIT(n % 32)))
			continue;
		vectors->vector[n].triggered = true;
		set_bit_of(vectors, kvpci_vector_place(vectors, n));
	}
}

static void vector_signalled(struct kvpci_listener *listener)
{
	struct kvpci_source *source = container_of(listener, struct kvpci_source,
						   listener);

	kvpci_vector_trigger(source->vectors, source->vector);
}

/**
 * kvpci_vector_bind() - have an eventfd trigger a vector
 * @vectors: the vectors
 * @n: which
 * @listeners: those of the host bridge
 * @file: the eventfd
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0; -EEXIST if the vector is bound; -EBUSY if the eventfd is; -EINVAL; -ENOMEM
 */
int kvpci_vector_bind(struct kvpci_vectors *vectors, u32 n, struct list_head *listeners,
		      struct file *file)
{
	struct kvpci_vector *vector = &vectors->vector[n];
	struct kvpci_source *source;
	int ret;

	if (vector->source)
		return -EEXIST;

	source = kzalloc(sizeof(*source), GFP_KERNEL_ACCOUNT);
	if (!source)
		return -ENOMEM;

	source->vectors = vectors;
	source->vector = n;
	ret = kvpci_listener_start(&source->listener, listeners, file, vector_signalled,
				   kvpci_interrupts_deferral(vectors->interrupts));
	if (ret) {
		kfree(source);
		return ret;
	}

	vector->source = source;
	return 0;
}

/**
 * kvpci_vector_unbind() - undo kvpci_vector_bind()
 * @vectors: the vectors
 * @n: which; if it was handed to an irqfd, userspace has its source for good
 *
 * Context: process; the caller holds the host's lock.
 * Return: 0, or -ENOENT if nothing is bound
 */
int kvpci_vector_unbind(struct kvpci_vectors *vectors, u32 n)
{
	struct kvpci_vector *vector = &vectors->vector[n];
	struct eventfd_ctx *route = NULL;

	if (!vector->source)
		return -ENOENT;

	if (vector->handed) {
		spin_lock_irq(&vectors->interrupts->lock);
		end_handing(vectors, n);
		swap(vector->route, route);
		spin_unlock_irq(&vectors->interrupts->lock);
		kvpci_vectors_settle(vectors);
		eventfd_ctx_put(route);
	}
	kvpci_listener_stop(&vector->source->listener);
	kfree(vector->source);
	vector->source = NULL;
	return 0;
}

/**
 * kvpci_vectors_unbind() - have nothing trigger a vector
 * @vectors: the vectors, or all zeroes
 *
 * Context: process; the caller holds the host's lock.
 */
void kvpci_vectors_unbind(struct kvpci_vectors *vectors)
{
	u32 n;

	for (n = 0; n < vectors->nr; n++)
		kvpci_vector_unbind(vectors, n);
}

/**
 * kvpci_vectors_get_route() - find a vector that waits for a route, or to be taken back
 * @vectors: the vectors
 * @route: the argument of KVPCI_GET_ROUTE, whose vector and flags have been checked
 *
 * Return: 0 or -ENOENT
 */
int kvpci_vectors_get_route(struct kvpci_vectors *vectors,
			    struct kvpci_route *route)
{
	bool only_recalled = route->flags & KVPCI_ROUTE_RECALLED;
	int ret = -ENOENT;
	u32 n;

	spin_lock_irq(&vectors->interrupts->lock);
	for (n = route->vector; n < vectors->nr; n++) {
		struct kvpci_message message;

		bool recalled = vectors->vector[n].recalled;

		if (!recalled && (only_recalled || !waits_for_route(vectors, n)))
			continue;

		route->flags = recalled ? KVPCI_ROUTE_RECALLED : 0;
		message = vectors->ops->message(vectors, n);
		route->vector = n;
		route->address = message.address;
		route->data = message.data;
		route->sequence = vectors->vector[n].sequence;
		ret = 0;
		break;
	}
	spin_unlock_irq(&vectors->interrupts->lock);
	return ret;
}

/**
 * kvpci_vector_set_route() - say what sends a vector's message
 * @vectors: the vectors
 * @n: which; it is not handed to an irqfd
 * @sequence: which version of its message
 * @eventfd: what is to be signalled, or NULL; the one that was is put there
 * @leave: userspace is not to know of it while it needs none
 *
 * Context: process, without a spinlock; the caller holds the host's lock.
 * Return: 0, or -EAGAIN if the message has changed; then nothing else does
 */
int kvpci_vector_set_route(struct kvpci_vectors *vectors, u32 n, u64 sequence,
			   struct eventfd_ctx **eventfd, bool leave)
{
	struct kvpci_vector *vector = &vectors->vector[n];
	int ret = -EAGAIN;

	spin_lock_irq(&vectors->interrupts->lock);
	if (!*eventfd || vector->sequence == sequence) {
		vector->confirmed = sequence;
		vector->left = leave;
		swap(vector->route, *eventfd);
		ret = 0;
	}
	spin_unlock_irq(&vectors->interrupts->lock);
	if (!ret) {
		/* Whoever has the old one, without the lock. */
		kvpci_vectors_settle(vectors);
		kvpci_vector_flush(vectors, n);
	}
	return ret;
}

/**
 * kvpci_vector_hand() - leave a vector's source to an irqfd
 * @vectors: the vectors
 * @n: which; it is not handed to one yet
 * @sequence: which version of its message
 * @eventfd: its source's, which is to be the irqfd's; the one that has sent messages is put there
 *
 * Context: process, without a spinlock; the caller holds the host's lock.
 * Return: 0, or -EAGAIN if the message has changed or must not be sent; then nothing else does
 */
int kvpci_vector_hand(struct kvpci_vectors *vectors, u32 n, u64 sequence,
		      struct eventfd_ctx **eventfd)
{
	struct kvpci_vector *vector = &vectors->vector[n];
	int ret = -EAGAIN;

	kvpci_listener_pause(&vector->source->listener);
	spin_lock_irq(&vectors->interrupts->lock);
	if (vector->sequence == sequence && is_allowed(vectors, n)) {
		trace_kvpci_vector_hand(vectors, n);
		vector->confirmed = sequence;
		swap(vector->route, *eventfd);
		vector->handed = true;
		vector->left = false;
		WRITE_ONCE(vectors->nr_handed, vectors->nr_handed + 1);
		ret = 0;
	}
	spin_unlock_irq(&vectors->interrupts->lock);
	kvpci_vectors_settle(vectors);
	if (ret)
		kvpci_listener_resume(&vector->source->listener);
	else
		kvpci_vector_flush(vectors, n);
	return ret;
}

/**
 * kvpci_vector_take_back() - take a vector's source back from an irqfd
 * @vectors: the vectors
 * @n: which; it is handed to one, which does not listen to the source any more
 * @eventfd: where to put the source's eventfd
 * @leave: userspace is not to know of it while it needs no route
 *
 * Context: process, without a spinlock; the caller holds the host's lock.
 */
void kvpci_vector_take_back(struct kvpci_vectors *vectors, u32 n, struct eventfd_ctx **eventfd,
			    bool leave)
{
	struct kvpci_vector *vector = &vectors->vector[n];

	spin_lock_irq(&vectors->interrupts->lock);
	trace_kvpci_vector_take_back(vectors, n);
	end_handing(vectors, n);
	*eventfd = vector->route;
	vector->route = NULL;
	vector->left = leave;
	/* It may have been allowed again, which was of no use while it was recalled. */
	if (waits_for_route(vectors, n))
		ask_for_route(vectors);
	spin_unlock_irq(&vectors->interrupts->lock);
	/* What was being sent by it is in the eventfd then. */
	kvpci_vectors_settle(vectors);
	kvpci_listener_resume(&vector->source->listener);
}

/**
 * kvpci_vectors_signal() - is an eventfd the route of one of the vectors?
 * @vectors: the vectors
 * @eventfd: the eventfd
 *
 * Context: process; the caller holds the host's lock.
 */
bool kvpci_vectors_signal(const struct kvpci_vectors *vectors,
			  const struct eventfd_ctx *eventfd)
{
	u32 n;

	for (n = 0; n < vectors->nr; n++)
		if (vectors->vector[n].route == eventfd)
			return true;

	return false;
}

/**
 * kvpci_vectors_listen_to() - does an eventfd trigger one of the vectors?
 * @vectors: the vectors
 * @eventfd: the eventfd
 *
 * Context: process; the caller holds the host's lock.
 */
bool kvpci_vectors_listen_to(const struct kvpci_vectors *vectors,
			     const struct eventfd_ctx *eventfd)
{
	u32 n;

	for (n = 0; n < vectors->nr; n++)
		if (kvpci_vector_listens_to(vectors, n, eventfd))
			return true;

	return false;
}
