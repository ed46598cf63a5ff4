/* SPDX-License-Identifier: GPL-2.0 */
/* What has changed between Linux 6.1, whose mtty it is, and 6.12. */
#ifndef COMPAT_H
#define COMPAT_H

#include <linux/device.h>
#include <linux/eventfd.h>

#define class_create(owner, name) class_create(name)
#define eventfd_signal(eventfd, n) ({ eventfd_signal(eventfd); (n); })

/* Whoever releases a device does not free it any more. */
#define vfio_free_device(device) do { } while (0)

#endif /* COMPAT_H */
