// SPDX-License-Identifier: GPL-2.0
/* The control queue of a network device. */
#include <endian.h>
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

static __u8 carry_out(const struct netctrl *netctrl, const struct chain *chain)
{
	struct command command;
	size_t length = chain_read(chain, &command, sizeof(command));

	if (length >= sizeof(command) &&
	    is(&command, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET))
		return set_pairs(netctrl, le16toh(command.mq.virtqueue_pairs));
	if (length >= sizeof(command.header) && netctrl->announced &&
	    is(&command, VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK)) {
		netctrl->announced(netctrl->context);
		return VIRTIO_NET_OK;
	}
	return VIRTIO_NET_ERR;
}

/* Returns 1, and whether to @interrupt; 0 if there is no command; or a negative error number. */
static int serve_one(struct netctrl *netctrl, bool *interrupt)
{
	struct chain chain;
	__u8 ack;
	int taken;

	taken = ring_take(&netctrl->ring, &chain);
	if (taken <= 0)
		return taken;
	ack = carry_out(netctrl, &chain);
	*interrupt = ring_give(&netctrl->ring, &chain, chain_write(&chain, &ack, sizeof(ack)));
	return 1;
}

int netctrl_serve(struct netctrl *netctrl)
{
	bool interrupt = false;
	int served;

	event_take(netctrl->kick);
	event_take(netctrl->more);
	iommu_hold(netctrl->ring.endpoint);
	served = serve_one(netctrl, &interrupt);
	iommu_release(netctrl->ring.endpoint);
	/* The guest may add to it as fast as we take from it: others' turn comes in between. */
	if (served > 0)
		eventfd_write(netctrl->more, 1);
	return served < 0 ? served : interrupt;
}
