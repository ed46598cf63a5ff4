// SPDX-License-Identifier: GPL-2.0
/*
 * Daemons of ours that serve a device. When one ends, the next is started, by the way in which a
 * daemon of somebody else's is looked for (reconnect.c). One that has hung up has to have ended
 * before that. The reason may be what the guest asks of it: so that goes on for a few times only.
 */
#include <errno.h>
#include <string.h>

#include "report.h"
#include "virtio/keeper.h"

/* In some 8 seconds. */
#define TRIES	5

static void gone(void *context)
{
	keeper_kill(context);
}

static int call(void *context)
{
	struct keeper *keeper = context;
	int socket;

	if (keeper->daemon && !daemon_has_ended(keeper->daemon))
		return -EBUSY;
	keeper_end(keeper);
	return keeper->start(keeper->context, &keeper->daemon, &socket) ? -ENOENT : socket;
}

int keeper_open(struct keeper *keeper, const struct vhost_user_type *type,
		const struct guest_memory *memory, struct backend **backend, bool again)
{
	const struct reconnect_way way = {
		.gone = gone, .call = call, .context = keeper, .tries = TRIES,
	};
	int status;
	int error;
	int fd;

	status = keeper->start(keeper->context, &keeper->daemon, &fd);
	if (status)
		return status;
	error = vhost_user_open(fd, memory, type, NULL, backend);
	if (error && !keeper->explain)
		return daemon_explain(keeper->daemon, error);
	if (error)
		return keeper->explain(keeper->context, keeper->daemon, error);
	error = again ? vhost_user_reconnect(*backend, &way) : 0;
	return error ? fail("%s: cannot wait for another daemon: %s", keeper->label,
			    strerror(-error)) : STATUS_OK;
}

void keeper_kill(struct keeper *keeper)
{
	daemon_kill(keeper->daemon, keeper->label);
}

void keeper_end(struct keeper *keeper)
{
	daemon_end(keeper->daemon);
	keeper->daemon = NULL;
}
