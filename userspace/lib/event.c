// SPDX-License-Identifier: LGPL-2.1-or-later
/* Eventfds, which the kernel, KVM and the library tell each other events by. */
#include <sys/eventfd.h>
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
