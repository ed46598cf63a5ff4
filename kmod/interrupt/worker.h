/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVPCI_WORKER_H
#define _KVPCI_WORKER_H

#include <linux/kthread.h>

struct kvpci_worker;

/**
 * struct kvpci_work - something to be done later, on a host bridge's own thread
 * @work: queues it
 * @worker: the thread
 * @run: does it, in process context
 */
struct kvpci_work {
	struct kthread_work work;
	struct kvpci_worker *worker;
	void (*run)(struct kvpci_work *work);
};

struct kvpci_worker *kvpci_worker_create(void);
void kvpci_worker_destroy(struct kvpci_worker *worker);
void kvpci_worker_flush(struct kvpci_worker *worker);

void kvpci_work_init(struct kvpci_work *work, struct kvpci_worker *worker,
		     void (*run)(struct kvpci_work *work));
void kvpci_work_queue(struct kvpci_work *work);
void kvpci_work_flush(struct kvpci_work *work);
void kvpci_work_cancel(struct kvpci_work *work);

#endif /* _KVPCI_WORKER_H */
