// SPDX-License-Identifier: LGPL-2.1-or-later
/* Eventfds, which the kernel, KVM and the library tell each other events by. */
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "internal.h"

int libkvpci_event_create(int *event)
{
	*event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return *event < 0 ? -errno : 0;
}

void libkvpci_event_clear(int event)
{
	eventfd_t count;

	eventfd_read(event, &count);
}

void libkvpci_event_signal(int event)
{
	eventfd_write(event, 1);
}

void libkvpci_event_close(int *event)
{
	if (*event >= 0)
		close(*event);
	*event = -1;
}

/* Have a timer say so once, after at least one nanosecond. */
void libkvpci_timer_start(int timer, long nanoseconds)
{
	const struct itimerspec when = { .it_value.tv_nsec = nanoseconds };

	timerfd_settime(timer, 0, &when, NULL);
}

int libkvpci_bind(const struct kvpci_function *function, const struct kvpci_binding *binding)
{
	return libkvpci_ioctl(function->fd, KVPCI_BIND, binding);
}

/*
 * Have signals of @event be interrupts of @gsi; with @resample, not -1, those of a line that stays
 * high until the guest has acknowledged it, which @resample is signalled of. KVM forgets that
 * when @event is closed.
 */
int libkvpci_irqfd(int vm_fd, unsigned int gsi, int event, int resample)
{
	struct kvm_irqfd irqfd = { .fd = event, .gsi = gsi };

	if (resample >= 0) {
		irqfd.flags = KVM_IRQFD_FLAG_RESAMPLE;
		irqfd.resamplefd = resample;
	}
	return libkvpci_ioctl(vm_fd, KVM_IRQFD, &irqfd);
}

/* KVM has sent what it has taken when this returns. */
int libkvpci_irqfd_remove(int vm_fd, unsigned int gsi, int event)
{
	const struct kvm_irqfd irqfd = {
		.fd = event, .gsi = gsi, .flags = KVM_IRQFD_FLAG_DEASSIGN,
	};

	return libkvpci_ioctl(vm_fd, KVM_IRQFD, &irqfd);
}
