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
#include "virtio/key.h"
#include "virtio/socket.h"

/* Seconds for a daemon to have room for one more connection. */
#define CONNECT_TIMEOUT	5

/* Its length has been looked at. */
static void make_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strncpy(address->sun_path, path, sizeof(address->sun_path) - 1);
}

static int connect_to(int fd, const struct sockaddr_un *address)
{
	return connect(fd, (const struct sockaddr *)address, sizeof(*address));
}

/* Returns a connection, or -1 if there is none, of which the user has been told. */
static int dial(const char *path)
{
	const struct timeval timeout = { .tv_sec = CONNECT_TIMEOUT };
	struct sockaddr_un address;
	int fd;

	make_address(&address, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* connect() waits as long as sending would, and then says EAGAIN. */
	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) &&
	    !connect_to(fd, &address))
		return fd;
	fail("cannot connect to the vhost-user daemon at %s: %s", path,
	     errno == EAGAIN ? "it serves others and takes no more connections" : strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Connect to one without waiting. */
static int try(void *path)
{
	struct sockaddr_un address;
	int error;
	int fd;

	make_address(&address, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect_to(fd, &address))
		return fd;
	error = errno;
	close(fd);
	return -error;
}

int socket_parse(struct socket_keys *keys, const char *option, const char *key, const char *value,
		 bool *known)
{
	const size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (!strcmp(key, "vhost-user") && strlen(value) > room)
		return misuse("%s: vhost-user=%s is longer than the %zu bytes that the name of a socket can have",
			      option, value, room);
	if (!strcmp(key, "vhost-user"))
		return key_text(option, key, value, "the name of a socket", &keys->path);
	if (!strcmp(key, "reconnect")) {
		keys->reconnect_given = true;
		return key_on_off(option, key, value, &keys->reconnect);
	}
	*known = false;
	return STATUS_OK;
}

bool socket_reconnects(const struct socket_keys *keys, bool otherwise)
{
	return keys->reconnect_given ? keys->reconnect : otherwise;
}

static const char *reason(int error)
{
	switch (error) {
	case -ETIMEDOUT:
		return "it says nothing, and may serve somebody else";
	case -ERANGE:
		return "it says that it serves no queues";
	default:
		return strerror(-error);
	}
}

int socket_open(const struct socket_keys *keys, const struct vhost_user_type *type,
		const struct guest_memory *memory, struct backend **backend)
{
	const struct reconnect_way way = { .call = try, .context = keys->path };
	int error;
	int fd;

	fd = dial(keys->path);
	if (fd < 0)
		return STATUS_FAILED;
	error = vhost_user_open(fd, memory, type, keys->path, backend);
	if (error)
		return fail("the vhost-user daemon at %s does not answer as it should: %s",
			    keys->path, reason(error));
	error = socket_reconnects(keys, true) ? vhost_user_reconnect(*backend, &way) : 0;
	return error ? fail("cannot wait for another daemon at %s: %s", keys->path,
			    strerror(-error)) : STATUS_OK;
}
