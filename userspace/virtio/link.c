// SPDX-License-Identifier: GPL-2.0
/*
 * Is a network interface of this machine's up? The kernel tells all who want to know when something
 * becomes of one (rtnetlink(7)). What that was is not looked at, but the interface is: so none is
 * missed if there were more than there was room for.
 *
 * An interface that has gone to another network namespace can't be looked at. It is taken to be up,
 * since nobody could tell that it is again. A tap that has been deleted is down: its file knows.
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "virtio/link.h"

/* Messages that are taken each time. */
#define MAX_MESSAGES	64

static void look(struct link *link)
{
	struct ifreq request = { .ifr_ifindex = link->index };

	/* Another may have its number by now. */
	if (link->gone)
		return;
	if (!ioctl(link->socket, SIOCGIFNAME, &request) &&
	    !ioctl(link->socket, SIOCGIFFLAGS, &request)) {
		link->up = request.ifr_flags & IFF_UP;
		return;
	}
	link->gone = link->tap >= 0 && ioctl(link->tap, TUNGETIFF, &request) && errno == EBADFD;
	link->up = !link->gone;
}

int link_open(struct link *link, const char *name, int tap)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	struct ifreq request = { 0 };
	int error = 0;

	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	link->socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (link->socket < 0)
		return -errno;
	if (bind(link->socket, (const struct sockaddr *)&address, sizeof(address)) ||
	    ioctl(link->socket, SIOCGIFINDEX, &request)) {
		error = -errno;
		link_close(link);
		return error;
	}
	link->index = request.ifr_ifindex;
	link->tap = tap;
	link->gone = false;
	look(link);
	return 0;
}

void link_close(struct link *link)
{
	if (link->socket >= 0)
		close(link->socket);
	*link = LINK_NONE;
}

bool link_changed(struct link *link)
{
	const struct link was = *link;
	unsigned int n = 0;
	char start;

	/* One that finds no room is an error once. */
	while (n++ < MAX_MESSAGES &&
	       (recv(link->socket, &start, sizeof(start), 0) >= 0 || errno == ENOBUFS))
		;
	look(link);
	return link->up != was.up || link->gone != was.gone;
}
