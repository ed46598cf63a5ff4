// SPDX-License-Identifier: GPL-2.0
/*
 * Network devices (Virtual I/O Device 1.2, 5.1), on a tap that vhost-net in the kernel serves, or
 * on a vhost-user daemon.
 *
 * One with a single pair of queues has no control queue, and with it none of what drivers may do
 * without: filters, other addresses, announcements.
 */
#include <endian.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/virtio_config.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "array.h"
#include "parse.h"
#include "report.h"
#include "virtio/key.h"
#include "virtio/net.h"
#include "virtio/netpairs.h"
#include "virtio/ring.h"
#include "virtio/socket.h"
#include "virtio/vhostnet.h"

#define QUEUE_SIZE	256
#define ADDRESS_BYTES	6

/* A tap has no more, nor do daemons have that are in use. */
#define MAX_PAIRS	256

/* What IPv4 needs, and what the field can say. */
#define MIN_MTU		68
#define MAX_MTU		65535

/* The first byte of an address: for several stations; given by whoever runs the network. */
#define ADDRESS_GROUP	0x01
#define ADDRESS_LOCAL	0x02

/* The control queue has as many as the others. */
_Static_assert(QUEUE_SIZE <= RING_MAX_CHAIN, "the control queue is too long for ring.c");

/* Packets may be lost. */
static const struct vhost_user_type daemon_type = { .ordered = true, .counted_as_one = PAIR };

struct net_device {
	struct virtio_device device;
	char *tap;			/* this, or */
	struct socket_keys socket;
	unsigned int pairs;		/* 0: not given, which is 1 */
	__u16 mtu;			/* 0: not given */
	bool has_mac;
	__u8 mac[ADDRESS_BYTES];
};

static int parse_tap(struct net_device *net, const char *value)
{
	/* What else the kernel refuses it does when it is asked, but it makes names of patterns. */
	if (!*value || strlen(value) >= IFNAMSIZ || strpbrk(value, "%/ \t\n"))
		return misuse("--net: tap=%s: write the name of an interface, up to %u characters",
			      value, IFNAMSIZ - 1);
	return key_text("--net", "tap", value, "the name of an interface", &net->tap);
}

static bool parse_address(const char *text, __u8 *address)
{
	unsigned int i;
	char byte[3];
	__u64 number;

	for (i = 0; i < ADDRESS_BYTES; i++, text += 3) {
		memcpy(byte, text, 2);
		byte[2] = '\0';
		if (text[2] != (i == ADDRESS_BYTES - 1 ? '\0' : ':') ||
		    !parse_hex(byte, 0xff, &number))
			return false;
		address[i] = number;
	}
	return true;
}

static int parse_mac(struct net_device *net, const char *value)
{
	static const __u8 none[ADDRESS_BYTES];

	if (strlen(value) != 3 * ADDRESS_BYTES - 1 || !parse_address(value, net->mac))
		return misuse("--net: mac=%s: write six bytes of two hexadecimal digits, like 02:00:00:00:00:01",
			      value);
	if (net->mac[0] & ADDRESS_GROUP || !memcmp(net->mac, none, sizeof(none)))
		return misuse("--net: mac=%s is not the address of one station, begin it with 02",
			      value);
	net->has_mac = true;
	return STATUS_OK;
}

static int parse(struct virtio_device *device, const char *key, const char *value, bool *known)
{
	struct net_device *net = (struct net_device *)device;
	unsigned int mtu;
	int status;

	*known = true;
	if (!strcmp(key, "tap"))
		return parse_tap(net, value);
	if (!strcmp(key, "mac"))
		return parse_mac(net, value);
	if (!strcmp(key, "queues"))
		return key_number("--net", key, value, 1, MAX_PAIRS, &net->pairs);
	if (!strcmp(key, "mtu")) {
		status = key_number("--net", key, value, MIN_MTU, MAX_MTU, &mtu);
		if (!status)
			net->mtu = mtu;
		return status;
	}
	return socket_parse(&net->socket, "--net", key, value, known);
}

static int check(struct virtio_device *device)
{
	struct net_device *net = (struct net_device *)device;

	if (!net->tap && !net->socket.path)
		return misuse("--net: say which interface of this machine it is connected to, by tap=, or which daemon, by vhost-user=");
	if (net->tap && net->socket.path)
		return misuse("--net: tap= and vhost-user= exclude each other");
	if (net->tap && net->socket.reconnect_given)
		return misuse("--net: reconnect= is for a daemon that is named by vhost-user=");
	if (asprintf(&device->label, "--net %s=%s", net->tap ? "tap" : "vhost-user",
		     net->tap ? net->tap : net->socket.path) < 0) {
		device->label = NULL;
		return fail("not enough memory");
	}
	if (!net->pairs)
		net->pairs = 1;
	device->shares_memory = net->socket.path;
	device->nr_queues = PAIR * net->pairs;
	device->queue_size = QUEUE_SIZE;
	device->features = VIRTIO_FEATURE(VIRTIO_NET_F_MAC) |
			   VIRTIO_FEATURE(VIRTIO_NET_F_STATUS);
	if (net->mtu)
		device->features |= VIRTIO_FEATURE(VIRTIO_NET_F_MTU);
	if (net->pairs > 1) {
		device->nr_queues++;
		device->features |= VIRTIO_FEATURE(VIRTIO_NET_F_MQ) |
				    VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ) |
				    VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ANNOUNCE);
	}
	return STATUS_OK;
}

/* One that nobody else has given, if the user has none for it. */
static int invent_address(struct net_device *net)
{
	if (net->has_mac)
		return STATUS_OK;
	if (getrandom(net->mac, sizeof(net->mac), 0) != sizeof(net->mac))
		return fail("%s: cannot make up an address (%s), give one by mac=",
			    net->device.label, strerror(errno));
	net->mac[0] = (net->mac[0] & ~ADDRESS_GROUP) | ADDRESS_LOCAL;
	return STATUS_OK;
}

static void set_status(struct virtio_device *device, __u16 status)
{
	const __u16 value = htole16(status);

	memcpy(&device->config[offsetof(struct virtio_net_config, status)], &value, sizeof(value));
}

static __u16 get_status(const struct virtio_device *device)
{
	__u16 value;

	memcpy(&value, &device->config[offsetof(struct virtio_net_config, status)], sizeof(value));
	return le16toh(value);
}

/* No driver is asked for that any more. */
static void end_announcement(struct virtio_device *device)
{
	if (!(get_status(device) & VIRTIO_NET_S_ANNOUNCE))
		return;
	set_status(device, get_status(device) & ~VIRTIO_NET_S_ANNOUNCE);
	virtio_show_config(device);
}

/* The driver has done it. */
static void announced(void *context)
{
	end_announcement(context);
}

/* Who was told by whom to reach the guest may be another by the time that it is back. */
static bool change_link(struct virtio_device *device, int event, __u64 features)
{
	const __u16 announce = features & VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ANNOUNCE) ?
			       VIRTIO_NET_S_ANNOUNCE : 0;
	const __u16 was = get_status(device);

	if (event == BACKEND_LINK_GONE)
		note("%s: the tap has been deleted, and the guest has no link until it is started again",
		     device->label);
	switch (event) {
	case BACKEND_AWAY:
	case BACKEND_LINK_DOWN:
	case BACKEND_LINK_GONE:
		set_status(device, 0);
		break;
	case BACKEND_BACK:
	case BACKEND_LINK_UP:
		set_status(device, VIRTIO_NET_S_LINK_UP | announce);
		break;
	case BACKEND_ANNOUNCE:
		set_status(device, was | announce);
		break;
	default:
		break;
	}
	return get_status(device) != was;
}

static int open_daemon(struct net_device *net, const struct guest_memory *memory)
{
	struct virtio_device *device = &net->device;
	unsigned int served;
	int status;
	int error;

	status = socket_open(&net->socket, &daemon_type, memory, &device->backend);
	if (status)
		return status;
	served = vhost_user_max_queues(device->backend) / PAIR;
	if (served < net->pairs)
		return fail("%s: the daemon serves %u pairs of queues, lower queues=",
			    device->label, served);
	error = vhost_user_translate(device->backend, device->endpoint);
	if (error)
		return fail("%s: cannot put it behind the IOMMU (%s), leave out iommu=on",
			    device->label, strerror(-error));
	error = net->mtu ? vhost_user_set_mtu(device->backend, net->mtu) : 0;
	return error ? fail("%s: the daemon does not take mtu=%u: %s", device->label, net->mtu,
			    strerror(-error)) : STATUS_OK;
}

static int set_daemon_pairs(struct backend *backend, unsigned int pairs)
{
	return vhost_user_enable(backend, PAIR * pairs);
}

/* Whichever serves the pairs: with several there is a control queue. */
static int open_pairs(struct net_device *net, const struct guest_memory *memory)
{
	struct virtio_device *device = &net->device;
	const struct netpairs_config config = {
		.nr_pairs = net->pairs,
		.endpoint = device->endpoint,
		.set_pairs = net->socket.path ? set_daemon_pairs : vhostnet_set_pairs,
		.announced = announced,
		.context = device,
	};
	int status;
	int error;

	if (net->socket.path)
		status = open_daemon(net, memory);
	else
		status = vhostnet_open(&device->backend, net->tap, net->pairs, device->label,
				       memory, device->endpoint);
	if (!status && net->tap && !vhostnet_link_is_up(device->backend))
		set_status(device, 0);
	if (status || net->pairs == 1)
		return status;
	/* It would be the control queue's, too, and ring.c does not know it. */
	device->withheld |= VIRTIO_FEATURE(VIRTIO_F_RING_PACKED);
	error = netpairs_open(&device->backend, &config);
	return error ? fail("%s: cannot have a control queue: %s", device->label,
			    strerror(-error)) : STATUS_OK;
}

/* Bits that are not to be offered without one of others (5.1.3.1), of those in NET_OFFLOADS. */
static const struct {
	__u64 feature;
	__u64 needed;
} requirements[] = {
	{ VIRTIO_FEATURE(VIRTIO_NET_F_HOST_TSO4), VIRTIO_FEATURE(VIRTIO_NET_F_CSUM) },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_HOST_TSO6), VIRTIO_FEATURE(VIRTIO_NET_F_CSUM) },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_HOST_ECN),
	  VIRTIO_FEATURE(VIRTIO_NET_F_HOST_TSO4) | VIRTIO_FEATURE(VIRTIO_NET_F_HOST_TSO6) },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO4), VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_CSUM) },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO6), VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_CSUM) },
	{ VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ECN),
	  VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO4) | VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_TSO6) },
};

/* A daemon may leave out some of the former and none of the latter: testpmd does. */
static int withhold(struct virtio_device *device)
{
	__u64 features;
	unsigned int i;
	int error;

	error = device->backend->ops->features(device->backend, &features);
	if (error)
		return fail("%s: %s does not tell what it offers: %s", device->label,
			    device->backend->ops->name, strerror(-error));
	for (i = 0; i < ARRAY_SIZE(requirements); i++) {
		if (features & ~device->withheld & requirements[i].needed)
			continue;
		device->withheld |= requirements[i].feature;
	}
	return STATUS_OK;
}

static int open_backend(struct virtio_device *device, const struct guest_memory *memory)
{
	struct net_device *net = (struct net_device *)device;
	struct virtio_net_config config = {
		.status = htole16(VIRTIO_NET_S_LINK_UP),
		.max_virtqueue_pairs = htole16(net->pairs),
		.mtu = htole16(net->mtu),
	};
	int status = invent_address(net);

	if (status)
		return status;
	memcpy(config.mac, net->mac, sizeof(config.mac));
	/* What comes behind the MTU is of features that are not offered. */
	device->config_length = offsetof(struct virtio_net_config, mtu) + sizeof(config.mtu);
	memcpy(device->config, &config, device->config_length);
	status = open_pairs(net, memory);
	return status ? status : withhold(device);
}

static void free_description(struct virtio_device *device)
{
	struct net_device *net = (struct net_device *)device;

	free(net->tap);
	free(net->socket.path);
}

const struct virtio_type net_type = {
	.model = VIRTIO_MODEL,
	.backend_features = NET_OFFLOADS | VIRTIO_FEATURE(VIRTIO_NET_F_MRG_RXBUF),
	.size = sizeof(struct net_device),
	.parse = parse,
	.check = check,
	.open = open_backend,
	.event = change_link,
	.reset = end_announcement,
	.free = free_description,
};
