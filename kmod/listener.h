/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_LISTENER_H
#define _VPCI_LISTENER_H

#include <linux/eventfd.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/wait.h>

#include "worker.h"

/**
 * struct vpci_listener - something to be done whenever an eventfd is signalled
 * @link: in the list that vpci_listener_start() was given
 * @signalled: what: in the signaller's context, which may be any, or in a work item
 * @deferred: the latter
 * @eventfd: the eventfd
 * @head: its wait queue
 * @wait: our place in that
 * @table: how that is found
 * @work: calls @signalled if @deferred
 */
struct vpci_listener {
	struct list_head link;
	void (*signalled)(struct vpci_listener *listener);
	bool deferred;
	struct eventfd_ctx *eventfd;
	wait_queue_head_t *head;
	wait_queue_entry_t wait;
	poll_table table;
	struct vpci_work work;
};

int vpci_listener_start(struct vpci_listener *listener, struct list_head *all,
			struct file *file,
			void (*signalled)(struct vpci_listener *listener),
			struct vpci_worker *worker);
void vpci_listener_stop(struct vpci_listener *listener);

#endif /* _VPCI_LISTENER_H */
