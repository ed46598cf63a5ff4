// SPDX-License-Identifier: GPL-2.0
/*
 * Taps. vhost reads and writes the packets, with the header that virtio has before each; what is
 * here is how they are opened and what they are told.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"
#include "virtio/devnode.h"
#include "virtio/net.h"
#include "virtio/tap.h"
#include "virtio/tapqueues.h"

/* More than a tap keeps. */
#define MAX_DRAINED	65536

static int explain(const char *name, bool multi_queue, const char *label)
{
	const char *several = multi_queue ? " multi_queue" : "";

	switch (errno) {
	case EBUSY:
		return fail("%s: the tap %s is in use, name another", label, name);
	case EPERM:
		return fail("%s: the tap %s is not this user's: run as root, or have root make it by ip tuntap add %s mode tap%s user USER",
			    label, name, name, several);
	case EINVAL:
		return fail("%s: the interface %s is not a tap %s, make one by ip tuntap add NAME mode tap%s",
			    label, name, multi_queue ? "with several queues" : "with one queue",
			    several);
	case E2BIG:
		return fail("%s: the tap %s does not have as many queues, lower queues=", label,
			    name);
	default:
		return fail("%s: cannot use the tap %s: %s", label, name, strerror(errno));
	}
}

int tap_open(int *fd, const char *name, bool multi_queue, const char *label)
{
	int header = sizeof(struct virtio_net_hdr_mrg_rxbuf);
	struct ifreq request = {
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
			     (multi_queue ? IFF_MULTI_QUEUE : 0),
	};
	int status;

	/* vhost does not wait for packets, nor does tap_drain(). */
	status = devnode_open(fd, "/dev/net/tun", O_NONBLOCK, "tun", label);
	if (status)
		return status;
	strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
	if (ioctl(*fd, TUNSETIFF, &request))
		status = explain(name, multi_queue, label);
	else if (ioctl(*fd, TUNSETVNETHDRSZ, &header))
		status = fail("%s: the tap %s does not take virtio's header: %s", label, name,
			      strerror(errno));
	if (status) {
		close(*fd);
		*fd = -1;
	}
	return status;
}

int tap_expect_alone(unsigned int index, unsigned int queues, const char *name, const char *label)
{
	unsigned int nr;
	int error = tap_count_queues(index, &nr);

	if (!error && nr <= queues)
		return STATUS_OK;
	errno = error ? -error : EBUSY;
	return explain(name, true, label);
}

int tap_set_features(int fd, __u64 accepted)
{
	unsigned long offload = 0;

	/*
	 * What the driver leaves to us, the tap takes in any case. A segment's checksum is left out
	 * with it.
	 */
	if (accepted & VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_CSUM)) {
		offload = TUN_F_CSUM;
		if (accepted & VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO4))
			offload |= TUN_F_TSO4;
		if (accepted & VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO6))
			offload |= TUN_F_TSO6;
		if (offload != TUN_F_CSUM && accepted & VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ECN))
			offload |= TUN_F_TSO_ECN;
	}
	return ioctl(fd, TUNSETOFFLOAD, offload) ? -errno : 0;
}

int tap_set_attached(int fd, bool attached)
{
	struct ifreq request = { .ifr_flags = attached ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE };

	return ioctl(fd, TUNSETQUEUE, &request) ? -errno : 0;
}

void tap_drain(int fd)
{
	unsigned int n = 0;
	char start[64];

	/* A packet of which only the start is read is gone all the same. */
	while (n < MAX_DRAINED && read(fd, start, sizeof(start)) > 0)
		n++;
}
