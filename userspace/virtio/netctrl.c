// SPDX-License-Identifier: GPL-2.0
/* The control queue of a network device. */
#include <endian.h>
#include <errno.h>
#include <linux/types.h>
#include <linux/virtio_net.h>
#include <sys/eventfd.h>

#include "event.h"
#include "iommu.h"
#include "virtio/netctrl.h"

struct command {
	struct virtio_net_ctrl_hdr header;
	struct virtio_net_ctrl_mq mq;
} __attribute__((packed));

static bool is(const struct command *command, __u8 class, __u8 cmd)
{
	return command->header.class == class && command->header.cmd == cmd;
}

static __u8 set_pairs(const struct netctrl *netctrl, unsigned int pairs)
{
	if (pairs < VIRTIO_NET_CTRL_MQ_VQ_PAIRS_MIN || pairs > netctrl->max_pairs)
		return VIRTIO_NET_ERR;
	return netctrl->set_pairs(netctrl->context, pairs) ? VIRTIO_NET_ERR : VIRTIO_NET_OK;
}

static __u8 carry_out(const struct netctrl *netctrl, const struct command *command, size_t length)
{
	if (length >= sizeof(*command) &&
	    is(command, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET))
		return set_pairs(netctrl, le16toh(command->mq.virtqueue_pairs));
	if (length >= sizeof(command->header) && netctrl->announced &&
	    is(command, VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK)) {
		netctrl->announced(netctrl->context);
		return VIRTIO_NET_OK;
	}
	return VIRTIO_NET_ERR;
}

/* Returns 1 and the command, of @length bytes; 0 if there is none; or a negative error number. */
static int read_command(struct netctrl *netctrl, struct command *command, size_t *length)
{
	struct ring *ring = &netctrl->ring;
	struct chain chain;
	int taken;

	iommu_hold(ring->endpoint);
	taken = ring_take(ring, &chain);
	if (taken > 0) {
		*length = chain_read(ring, &chain, command, sizeof(*command));
		ring_untake(ring);
	}
	iommu_release(ring->endpoint);
	return taken;
}

/* Returns whether to interrupt, or a negative error number: it may have been unmapped meanwhile. */
static int acknowledge(struct netctrl *netctrl, __u8 ack)
{
	struct ring *ring = &netctrl->ring;
	struct chain chain;
	int result;

	iommu_hold(ring->endpoint);
	result = ring_take(ring, &chain);
	if (result > 0)
		result = ring_give(ring, &chain, chain_write(ring, &chain, &ack, sizeof(ack)));
	else if (!result)
		result = -EINVAL;
	iommu_release(ring->endpoint);
	return result;
}

int netctrl_serve(struct netctrl *netctrl)
{
	struct command command;
	size_t length;
	int result;

	event_take(netctrl->kick);
	event_take(netctrl->more);
	result = read_command(netctrl, &command, &length);
	if (result <= 0)
		return result;
	/* That may wait for others of the host's, and the IOMMU for nobody. */
	result = acknowledge(netctrl, carry_out(netctrl, &command, length));
	/* The guest may add to it as fast as we take from it: others' turn comes in between. */
	if (result >= 0)
		eventfd_write(netctrl->more, 1);
	return result;
}
