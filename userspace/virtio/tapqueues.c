// SPDX-License-Identifier: GPL-2.0
/*
 * How many queues has a tap? The kernel lets whoever may have a tap of several queues open further
 * ones, and spreads packets over all. How many there are it tells of each interface that is asked
 * for (rtnetlink(7)), in attributes within attributes.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "virtio/tapqueues.h"

/* More than is told of an interface that has no virtual functions. */
#define MAX_ANSWER	16384

/* Attributes, from the first on. */
struct attributes {
	const void *first;
	size_t length;
};

/* None, if there is none of that type. */
static struct attributes find(struct attributes in, unsigned int type)
{
	const struct rtattr *attr = in.first;
	size_t left = in.length;

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if ((attr->rta_type & NLA_TYPE_MASK) == type)
			return (struct attributes){ RTA_DATA(attr), RTA_PAYLOAD(attr) };
	}
	return (struct attributes){ NULL, 0 };
}

static int add(struct attributes in, unsigned int type, unsigned int *nr)
{
	const struct attributes number = find(in, type);
	__u32 value;

	if (number.length != sizeof(value))
		return -ENODATA;
	memcpy(&value, number.first, sizeof(value));
	*nr += value;
	return 0;
}

static int ask(unsigned int index, void *answer, size_t *length)
{
	const struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.info = { .ifi_index = index },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n = -1;
	int error;

	if (fd < 0)
		return -errno;
	if (send(fd, &request, sizeof(request), 0) == sizeof(request))
		n = recv(fd, answer, *length, 0);
	error = n < 0 ? -errno : 0;
	close(fd);
	if (!error)
		*length = n;
	return error;
}

int tap_count_queues(unsigned int index, unsigned int *nr)
{
	union {
		struct nlmsghdr header;
		char bytes[MAX_ANSWER];
	} answer;
	const size_t before = NLMSG_SPACE(sizeof(struct ifinfomsg));
	size_t length = sizeof(answer);
	struct attributes all, tap;
	int error = ask(index, &answer, &length);

	*nr = 0;
	if (error)
		return error;
	if (length < before || answer.header.nlmsg_type != RTM_NEWLINK)
		return -ENODATA;
	all = (struct attributes){ answer.bytes + before, length - before };
	tap = find(find(all, IFLA_LINKINFO), IFLA_INFO_DATA);
	/* Those that take part, and others. */
	error = add(tap, IFLA_TUN_NUM_QUEUES, nr);
	return error ? error : add(tap, IFLA_TUN_NUM_DISABLED_QUEUES, nr);
}
