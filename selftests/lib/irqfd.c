// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts that KVM sends when an eventfd is signalled: that is bound to a GSI, and
 * the GSI has a route, to a pin or to a message.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "die.h"
#include "irqfd.h"

/**
 * irqfd_set() - bind an eventfd to a GSI
 * @vm: descriptor of the machine
 * @gsi: the GSI
 * @eventfd: what raises it
 * @resample: what KVM signals when the guest has handled it, or negative
 *
 * Return: 0 or minus errno
 */
int irqfd_set(int vm, __u32 gsi, int eventfd, int resample)
{
	struct kvm_irqfd irqfd = {
		.fd = eventfd,
		.gsi = gsi,
		.flags = resample < 0 ? 0 : KVM_IRQFD_FLAG_RESAMPLE,
		.resamplefd = resample < 0 ? 0 : resample,
	};

	return ioctl(vm, KVM_IRQFD, &irqfd) ? -errno : 0;
}

void irqfd_unset(int vm, __u32 gsi, int eventfd)
{
	struct kvm_irqfd irqfd = {
		.fd = eventfd,
		.gsi = gsi,
		.flags = KVM_IRQFD_FLAG_DEASSIGN,
	};

	must(ioctl(vm, KVM_IRQFD, &irqfd));
}
