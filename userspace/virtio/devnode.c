// SPDX-License-Identifier: GPL-2.0
/* Files in /dev: whoever has none, or may not open it, is told what to do. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "report.h"
#include "virtio/devnode.h"

int devnode_open(int *fd, const char *path, int flags, const char *module, const char *label)
{
	*fd = open(path, O_RDWR | O_CLOEXEC | flags);
	if (*fd >= 0)
		return STATUS_OK;
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return fail("%s: there is no %s, load the module %s", label, path, module);
	case EACCES:
	case EPERM:
		return fail("%s: %s may not be opened, run as root or change who may", label,
			    path);
	case EBUSY:
		return fail("%s: %s is in use, take another", label, path);
	default:
		return fail("%s: cannot open %s: %s", label, path, strerror(errno));
	}
}
