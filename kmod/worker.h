/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_WORKER_H
#define _VPCI_WORKER_H

#include <linux/kthread.h>

struct vpci_worker;

/**
 * struct vpci_work - something to be done later, on a host bridge's own thread
 * @work: queues it
 * @worker: the thread
 * @run: does it, in process context
 */
struct vpci_work {
	struct kthread_work work;
	struct vpci_worker *worker;
	void (*run)(struct vpci_work *work);
};

struct vpci_worker *vpci_worker_create(void);
void vpci_worker_destroy(struct vpci_worker *worker);

void vpci_work_init(struct vpci_work *work, struct vpci_worker *worker,
		    void (*run)(struct vpci_work *work));
void vpci_work_queue(struct vpci_work *work);
void vpci_work_flush(struct vpci_work *work);
void vpci_work_cancel(struct vpci_work *work);

#endif /* _VPCI_WORKER_H */
