// SPDX-License-Identifier: GPL-2.0
/*
 * virtiofsd, of which one serves each directory that is shared. There are two programs of that
 * name, one that was part of QEMU up to 7.2 and one that has come after it; the arguments are what
 * both take.
 *
 * It has a descriptor of the directory, and finds it by that, however the user calls it. There it
 * locks itself up (chroot) and gives up what it does not need any more. A file that the guest makes
 * is to belong to the user of the guest's who makes it: that is what most of its capabilities are
 * for. It does not get those by which a guest would make device nodes, or programs that have
 * capabilities.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "virtio/virtiofsd.h"

#define CAPABILITY(name)	(1ULL << CAP_##name)

/* To serve files as their users, and to lock itself up and give up the rest. */
#define CAPABILITIES	(CAPABILITY(CHOWN) | CAPABILITY(DAC_OVERRIDE) | CAPABILITY(FOWNER) | \
			 CAPABILITY(FSETID) | CAPABILITY(SETGID) | CAPABILITY(SETUID) | \
			 CAPABILITY(SYS_CHROOT) | CAPABILITY(SETPCAP))

/* It has a descriptor of each file that the guest knows. */
#define MAX_FILES	1000000

static const char *const files[] = {
	"virtiofsd", "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd", "/usr/lib/qemu/virtiofsd",
	NULL,
};

static const char *const argv[] = {
	"virtiofsd", "--fd=3", "--rlimit-nofile=0",
	"-o", "source=/proc/self/fd/4/.,sandbox=chroot,modcaps=-mknod:-setfcap", NULL,
};

_Static_assert(DAEMON_SOCKET == 3 && DAEMON_KEPT == 4, "virtiofsd is told of other descriptors");

int virtiofsd_open(const char *directory, int *fd)
{
	if (geteuid())
		return fail("cannot share the directory %s without being root: run as root, or start virtiofsd in another way and name its socket by vhost-user=",
			    directory);
	*fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? fail("cannot share the directory %s: %s", directory, strerror(errno)) :
	       STATUS_OK;
}

int virtiofsd_start(struct daemon **daemon, const char *directory, int fd, int *socket)
{
	const struct daemon_program program = {
		.name = argv[0],
		.package = "qemu-system-common, or virtiofsd",
		.files = files,
		.argv = argv,
		.capabilities = CAPABILITIES,
		.max_files = MAX_FILES,
		.explains_last = true,
		.kept = fd,
	};
	char *what;
	int status;

	if (asprintf(&what, "the directory %s", directory) < 0)
		return fail("not enough memory to share a directory");
	status = daemon_start(daemon, &program, what, socket);
	free(what);
	return status;
}
