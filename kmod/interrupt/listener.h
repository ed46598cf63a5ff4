/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_LISTENER_H
#define _KVPCI_LISTENER_H

#include <linux/eventfd.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/wait.h>

#include "interrupt/worker.h"

/**
 * struct kvpci_listener - something to be done whenever an eventfd is signalled
 * @link: in the list that kvpci_listener_start() was given
 * @signalled: what: in the signaller's context, which may be any, or in a work item
 * @deferred: the latter
 * @paused: signals stay in the eventfd
 * @eventfd: the eventfd
 * @head: its wait queue
 * @wait: our place in that
 * @table: how that is found
 * @work: calls @signalled if @deferred
 */
struct kvpci_listener {
	struct list_head link;
	void (*signalled)(struct kvpci_listener *listener);
	bool deferred;
	bool paused;
	struct eventfd_ctx *eventfd;
	wait_queue_head_t *head;
	wait_queue_entry_t wait;
	poll_table table;
	struct kvpci_work work;
};

int kvpci_listener_start(struct kvpci_listener *listener, struct list_head *all,
			 struct file *file,
			 void (*signalled)(struct kvpci_listener *listener),
			 struct kvpci_worker *worker);
void kvpci_listener_pause(struct kvpci_listener *listener);
void kvpci_listener_resume(struct kvpci_listener *listener);
void kvpci_listener_stop(struct kvpci_listener *listener);
void kvpci_listeners_drain(struct list_head *all, struct kvpci_worker *worker);

#endif /* _KVPCI_LISTENER_H */
