// SPDX-License-Identifier: GPL-2.0
/*
 * Workers: the thread on which a host bridge does what it has deferred.
 *
 * How much there is to do is in the hands of the process that created the bridge, its
 * owner: eventfds that it ties into a circle have no end of it. So the thread is in the
 * owner's cgroups, which are charged for it and whose limits hold for it, and has the
 * owner's nice value. It works while the owner may run: not while that is stopped or its
 * cgroup is frozen, and once it has ended what is still queued is dropped, since nobody
 * can run the guest any more.
 *
 * Nothing tells a module that a process goes on. A thread that has something to do for one
 * that is stopped looks again now and then. Who waits for a work item, perhaps another
 * process, must not wait for that: until it has got what it waits for, work goes on.
 */
#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "interrupt/worker.h"

/* How long a stopped owner may have gone on before that is noticed. */
#define LOOK_AGAIN	(HZ / 50)

/**
 * struct kvpci_worker - the thread of a host bridge
 * @worker: its queue
 * @task: the thread
 * @owner: the process that it works for
 * @waiters: how many wait for a work item to end
 * @waited_for: woken when there is one more
 */
struct kvpci_worker {
	struct kthread_worker worker;
	struct task_struct *task;
	struct pid *owner;
	atomic_t waiters;
	wait_queue_head_t waited_for;
};

enum owner_state {
	OWNER_RUNS,
	OWNER_HALTED,
	OWNER_ENDED,
};

static bool is_halted(const struct task_struct *task)
{
	return READ_ONCE(task->signal->flags) & SIGNAL_STOP_STOPPED ||
	       READ_ONCE(task->jobctl) & JOBCTL_TRAP_FREEZE;
}

static enum owner_state owner_state(const struct kvpci_worker *worker)
{
	enum owner_state state = OWNER_ENDED;
	const struct task_struct *task;

	rcu_read_lock();
	task = pid_task(worker->owner, PIDTYPE_TGID);
	if (task && atomic_read(&task->signal->live))
		state = is_halted(task) ? OWNER_HALTED : OWNER_RUNS;
	rcu_read_unlock();
	return state;
}

static void work_run(struct kthread_work *kthread_work)
{
	struct kvpci_work *work = container_of(kthread_work, struct kvpci_work, work);
	struct kvpci_worker *worker = work->worker;
	enum owner_state state;

	while ((state = owner_state(worker)) == OWNER_HALTED &&
	       !atomic_read(&worker->waiters))
		wait_event_idle_timeout(worker->waited_for,
					atomic_read(&worker->waiters), LOOK_AGAIN);

	if (state != OWNER_ENDED)
		work->run(work);
}

/**
 * kvpci_worker_create() - make a thread that belongs to the calling process
 *
 * Context: process.
 * Return: the worker, or an ERR_PTR
 */
struct kvpci_worker *kvpci_worker_create(void)
{
	struct kvpci_worker *worker;
	int ret;

	worker = kzalloc(sizeof(*worker), GFP_KERNEL_ACCOUNT);
	if (!worker)
		return ERR_PTR(-ENOMEM);

	kthread_init_worker(&worker->worker);
	init_waitqueue_head(&worker->waited_for);
	worker->task = kthread_create(kthread_worker_fn, &worker->worker, "kvpci-%d",
				      task_tgid_nr(current));
	if (IS_ERR(worker->task)) {
		ret = PTR_ERR(worker->task);
		goto err_free;
	}

	/* It sleeps until it is woken: nothing is done in other cgroups. */
	ret = cgroup_attach_task_all(current, worker->task);
	if (ret)
		goto err_stop;
	set_user_nice(worker->task, task_nice(current));
	worker->owner = get_task_pid(current, PIDTYPE_TGID);
	wake_up_process(worker->task);
	return worker;

err_stop:
	kthread_stop(worker->task);
err_free:
	kfree(worker);
	return ERR_PTR(ret);
}

/**
 * kvpci_worker_destroy() - end the thread
 * @worker: a worker for which nothing is queued or running, or NULL
 *
 * Context: process.
 */
void kvpci_worker_destroy(struct kvpci_worker *worker)
{
	if (!worker)
		return;

	kthread_stop(worker->task);
	put_pid(worker->owner);
	kfree(worker);
}

/**
 * kvpci_work_init() - initialise
 * @work: the work item
 * @worker: the thread that is to do it
 * @run: does it; runs once for any number of kvpci_work_queue() before
 */
void kvpci_work_init(struct kvpci_work *work, struct kvpci_worker *worker,
		     void (*run)(struct kvpci_work *work))
{
	kthread_init_work(&work->work, work_run);
	work->worker = worker;
	work->run = run;
}

/**
 * kvpci_work_queue() - have a work item done
 * @work: the work item
 *
 * Context: any, with any lock but the scheduler's, on PREEMPT_RT too.
 */
void kvpci_work_queue(struct kvpci_work *work)
{
	kthread_queue_work(&work->worker->worker, &work->work);
}

static void begin_waiting(struct kvpci_worker *worker)
{
	atomic_inc(&worker->waiters);
	wake_up(&worker->waited_for);
}

static void end_waiting(struct kvpci_worker *worker)
{
	atomic_dec(&worker->waiters);
}

/**
 * kvpci_worker_flush() - wait until all work items that are queued or running have ended
 * @worker: the worker
 *
 * Context: process, without a lock that a work item of the worker takes.
 */
void kvpci_worker_flush(struct kvpci_worker *worker)
{
	begin_waiting(worker);
	kthread_flush_worker(&worker->worker);
	end_waiting(worker);
}

/**
 * kvpci_work_flush() - wait until a work item that is queued or running has ended
 * @work: the work item
 *
 * Context: process, without a lock that a work item of the worker takes.
 */
void kvpci_work_flush(struct kvpci_work *work)
{
	begin_waiting(work->worker);
	kthread_flush_work(&work->work);
	end_waiting(work->worker);
}

/**
 * kvpci_work_cancel() - have a work item not run any more
 * @work: the work item, which nobody queues any more; one that is running ends before
 *
 * Context: as kvpci_work_flush().
 */
void kvpci_work_cancel(struct kvpci_work *work)
{
	begin_waiting(work->worker);
	kthread_cancel_work_sync(&work->work);
	end_waiting(work->worker);
}
