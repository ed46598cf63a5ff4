// SPDX-License-Identifier: LGPL-2.1-or-later
/* /dev/kvpci, and which interface it has. */
#include <fcntl.h>
#include <unistd.h>

#include "internal.h"

int kvpci_device_open(int *version)
{
	int fd = open(KVPCI_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	int found;

	if (fd < 0)
		return -errno;
	found = libkvpci_ioctl(fd, KVPCI_GET_VERSION, NULL);
	if (version)
		*version = found < 0 ? 0 : found;
	if (found == KVPCI_VERSION)
		return fd;
	close(fd);
	return -EPROTONOSUPPORT;
}
