// SPDX-License-Identifier: GPL-2.0
/* Sockets that vhost-user daemons listen at. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "report.h"
#include "virtio/socket.h"

/* Seconds for a daemon to have room for one more connection. */
#define CONNECT_TIMEOUT	5

static bool make_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path))
		return false;
	strcpy(address->sun_path, path);
	return true;
}

static int connect_to(int fd, const struct sockaddr_un *address)
{
	return connect(fd, (const struct sockaddr *)address, sizeof(*address));
}

int socket_connect(const char *option, const char *path, int *fd)
{
	const struct timeval timeout = { .tv_sec = CONNECT_TIMEOUT };
	struct sockaddr_un address;

	if (!make_address(&address, path))
		return misuse("%s: vhost-user=%s is longer than the %zu bytes that the name of a socket can have",
			      option, path, sizeof(address.sun_path) - 1);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* connect() waits as long as sending would, and then says EAGAIN. */
	if (*fd >= 0 && !setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) &&
	    !connect_to(*fd, &address))
		return STATUS_OK;
	fail("cannot connect to the vhost-user daemon at %s: %s", path,
	     errno == EAGAIN ? "it serves others and takes no more connections" : strerror(errno));
	if (*fd >= 0)
		close(*fd);
	return STATUS_FAILED;
}

int socket_try(const char *path)
{
	struct sockaddr_un address;
	int error;
	int fd;

	if (!make_address(&address, path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect_to(fd, &address))
		return fd;
	error = errno;
	close(fd);
	return -error;
}

int socket_open(const char *option, const char *path, const struct vhost_user_type *type,
		const struct guest_memory *memory, struct backend **backend)
{
	int status;
	int error;
	int fd;

	status = socket_connect(option, path, &fd);
	if (status)
		return status;
	error = vhost_user_open(fd, memory, type, backend);
	if (!error)
		return STATUS_OK;
	return fail("the vhost-user daemon at %s does not answer as it should: %s", path,
		    strerror(-error));
}
