// SPDX-License-Identifier: GPL-2.0
/*
 * Listeners: what is to happen when an eventfd is signalled.
 *
 * As KVM's irqfds, a listener waits on the eventfd and takes its count when woken, so
 * that whoever signals, in the kernel or not, needs to know nothing of us. Signals
 * that come together count once.
 *
 * The wait queue calls under its own lock, with interrupts off, and all who listen to an
 * eventfd one after the other. So that this takes a bounded time, a host bridge listens to
 * an eventfd once, as a virtual machine has one irqfd for it. Whatever would signal
 * another eventfd from there is deferred to a work item, since eventfd_signal() refuses
 * to be nested. Userspace that ties eventfds into a circle, which may lead through several
 * functions and through what is not ours, keeps such items busy until it lets go of one.
 * So they are done on its own account, see worker.c.
 */
#include <linux/err.h>
#include <linux/fs.h>

#include "interrupt/listener.h"

static void listener_run(struct kvpci_listener *listener)
{
	if (listener->deferred)
		kvpci_work_queue(&listener->work);
	else
		listener->signalled(listener);
}

static void listener_work(struct kvpci_work *work)
{
	struct kvpci_listener *listener;

	listener = container_of(work, struct kvpci_listener, work);
	listener->signalled(listener);
}

/*
 * Under the lock of the wait queue. The count may have been taken by who else listens to
 * the same eventfd, which is no reason not to run.
 */
static int listener_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct kvpci_listener *listener;
	u64 count;

	listener = container_of(wait, struct kvpci_listener, wait);
	if (key_to_poll(key) & EPOLLIN) {
		eventfd_ctx_do_read(listener->eventfd, &count);
		listener_run(listener);
	}
	return 0;
}

static void listener_enqueue(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct kvpci_listener *listener;

	listener = container_of(table, struct kvpci_listener, table);
	listener->head = head;
	add_wait_queue(head, &listener->wait);
}

/*
 * From the moment that we are in the wait queue listener_wake() sees every signal; this takes
 * those before, once.
 */
static void take_earlier(struct kvpci_listener *listener)
{
	u64 count;

	spin_lock_irq(&listener->head->lock);
	eventfd_ctx_do_read(listener->eventfd, &count);
	spin_unlock_irq(&listener->head->lock);
	if (count)
		listener_run(listener);
}

/**
 * kvpci_listener_start() - begin to listen
 * @listener: the listener
 * @all: the listeners of the host bridge, among which there is one for each eventfd
 * @file: the eventfd
 * @signalled: what to call for each signal; one that came before counts as well
 * @worker: has it called in a work item, or NULL: it is called where the signal comes from
 *
 * Context: process; the caller holds the host's lock, and no lock that @signalled takes.
 * Return: 0; -EINVAL if @file is not an eventfd; -EBUSY if one of @all listens to it
 */
int kvpci_listener_start(struct kvpci_listener *listener, struct list_head *all,
			 struct file *file,
			 void (*signalled)(struct kvpci_listener *listener),
			 struct kvpci_worker *worker)
{
	struct eventfd_ctx *eventfd = eventfd_ctx_fileget(file);
	const struct kvpci_listener *other;

	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);

	list_for_each_entry(other, all, link) {
		if (other->eventfd == eventfd) {
			eventfd_ctx_put(eventfd);
			return -EBUSY;
		}
	}

	list_add(&listener->link, all);
	listener->paused = false;
	listener->signalled = signalled;
	listener->deferred = worker;
	listener->eventfd = eventfd;
	if (worker)
		kvpci_work_init(&listener->work, worker, listener_work);
	init_waitqueue_func_entry(&listener->wait, listener_wake);
	init_poll_funcptr(&listener->table, listener_enqueue);
	vfs_poll(file, &listener->table);
	take_earlier(listener);
	return 0;
}

/**
 * kvpci_listener_pause() - leave signals in the eventfd, for somebody else to take
 * @listener: one that was started, and is not paused
 *
 * Nothing is called any more when this returns. A signal that has been taken is
 * carried out before that. Nobody else of the host bridge may listen meanwhile.
 *
 * Context: process; the caller holds the host's lock, and no lock that its callback takes.
 */
void kvpci_listener_pause(struct kvpci_listener *listener)
{
	u64 count;

	eventfd_ctx_remove_wait_queue(listener->eventfd, &listener->wait,
				      &count);
	if (listener->deferred)
		kvpci_work_flush(&listener->work);
	listener->paused = true;
}

/**
 * kvpci_listener_resume() - listen again
 * @listener: one that is paused
 *
 * Signals that are in its eventfd count, and have been carried out when this returns.
 *
 * Context: process; the caller holds the host's lock, and no lock that its callback takes.
 */
void kvpci_listener_resume(struct kvpci_listener *listener)
{
	listener->paused = false;
	add_wait_queue(listener->head, &listener->wait);
	take_earlier(listener);
	if (listener->deferred)
		kvpci_work_flush(&listener->work);
}

/**
 * kvpci_listener_stop() - cease to listen
 * @listener: one that was started
 *
 * Nothing is called any more when this returns. A signal that has been taken is
 * carried out before that.
 *
 * Context: process; the caller holds the host's lock, and no lock that its callback takes.
 */
void kvpci_listener_stop(struct kvpci_listener *listener)
{
	if (!listener->paused)
		kvpci_listener_pause(listener);
	list_del(&listener->link);
	eventfd_ctx_put(listener->eventfd);
}

/**
 * kvpci_listeners_drain() - wait for what has been signalled
 * @all: the listeners of a host bridge
 * @worker: does what it has deferred
 *
 * What has been signalled before has had its effects when this returns, which may have come by
 * way of work items.
 *
 * Context: process; the caller holds the host's lock, and no lock that a callback takes.
 */
void kvpci_listeners_drain(struct list_head *all, struct kvpci_worker *worker)
{
	struct kvpci_listener *listener;

	list_for_each_entry(listener, all, link) {
		/* Who signals holds it until listener_wake() has returned. */
		spin_lock_irq(&listener->head->lock);
		spin_unlock_irq(&listener->head->lock);
	}

	/* The work items of listeners, and then those that they have queued: of pins. */
	kvpci_worker_flush(worker);
	kvpci_worker_flush(worker);
}
