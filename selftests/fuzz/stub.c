// SPDX-License-Identifier: GPL-2.0
/*
 * What the module's files that are compiled here need of files that are not: nothing is bound to
 * functions, so that nobody listens and no work is left to do, and there are no mirrors.
 */
#include <errno.h>

#include <linux/bitmap.h>
#include <linux/string.h>

#include "backing/mirror.h"
#include "interrupt/listener.h"
#include "ioctl/doorbell.h"
#include "ioctl/fdinfo.h"
#include "pci/doorbell.h"
#include "pci/exit.h"
#include "pci/function.h"
#include "pci/host.h"

void *memchr_inv(const void *start, int c, size_t bytes)
{
	const u8 *p = start;

	for (; bytes; bytes--, p++)
		if (*p != (u8)c)
			return (void *)p;
	return NULL;
}

void kvpci_host_get(struct kvpci_host *host)
{
}

void kvpci_host_put(struct kvpci_host *host)
{
}

void kvpci_work_init(struct kvpci_work *work, struct kvpci_worker *worker,
		     void (*run)(struct kvpci_work *work))
{
}

void kvpci_work_queue(struct kvpci_work *work)
{
}

void kvpci_work_flush(struct kvpci_work *work)
{
}

void kvpci_work_cancel(struct kvpci_work *work)
{
}

int kvpci_listener_start(struct kvpci_listener *listener, struct list_head *all,
			 struct file *file,
			 void (*signalled)(struct kvpci_listener *listener),
			 struct kvpci_worker *worker)
{
	return -EINVAL;
}

void kvpci_listener_stop(struct kvpci_listener *listener)
{
}

void kvpci_listener_pause(struct kvpci_listener *listener)
{
}

void kvpci_listener_resume(struct kvpci_listener *listener)
{
}

int kvpci_exits_create(struct kvpci_host *host)
{
	return 0;
}

void kvpci_exit_note_bar(const struct kvpci_function_bar *bar,
			 const struct kvpci_guest_access *access, u64 offset, u32 flags)
{
}

void kvpci_exit_note_config(const struct kvpci_function *function,
			    const struct kvpci_guest_access *access, u64 offset, u32 flags)
{
}

bool kvpci_doorbell_in(const struct kvpci_function_bar *bar, u64 offset, u64 length)
{
	return false;
}

void kvpci_doorbells_destroy(struct kvpci_function_bar *bar)
{
}

int kvpci_doorbell_ioctl(struct kvpci_function *function, const struct kvpci_doorbell *arg)
{
	return -ENOTTY;
}

void kvpci_function_show_fdinfo(struct seq_file *m, struct file *file)
{
}

void kvpci_mirrors_publish(struct kvpci_function *function, bool there)
{
	struct kvpci_host *host = function->host;

	mutex_lock(&host->mirror_lock);
	kvpci_bus_publish(host, function->bus, function->devfn, there ? function : NULL);
	mutex_unlock(&host->mirror_lock);
}

int kvpci_mirrors_trap(struct kvpci_function *function, u32 offset, u32 len, bool trap)
{
	return -EINVAL;
}

void kvpci_mirrors_route(struct kvpci_host *host)
{
	DECLARE_BITMAP(changed, KVPCI_NUM_BUSES);

	mutex_lock(&host->mirror_lock);
	kvpci_buses_route(host, changed);
	mutex_unlock(&host->mirror_lock);
}

int kvpci_mirrors_create(struct kvpci_function *function)
{
	return 0;
}

bool kvpci_mirror_has(const struct kvpci_function_bar *bar, u64 offset, u64 length)
{
	return false;
}

void kvpci_mirrors_withdraw(struct kvpci_function *function)
{
}

void kvpci_mirror_destroy(struct kvpci_function_bar *bar)
{
}

void kvpci_mirrors_follow(struct kvpci_host *host)
{
}
