// SPDX-License-Identifier: GPL-2.0
/*
 * Network devices (Virtual I/O Device 1.2, 5.1).
 *
 * One with a single pair of queues has no control queue, and with it none of what drivers may do
 * without: filters, other addresses, announcements.
 */
#include <endian.h>
#include <errno.h>
#include <linux/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "parse.h"
#include "report.h"
#include "virtio/net.h"
#include "virtio/ring.h"
#include "virtio/vhostnet.h"

#define QUEUE_SIZE	256
#define ADDRESS_BYTES	6

/* A tap has no more. */
#define MAX_PAIRS	256

/* What IPv4 needs, and what the field can say. */
#define MIN_MTU		68
#define MAX_MTU		65535

/* The first byte of an address: for several stations; given by whoever runs the network. */
#define ADDRESS_GROUP	0x01
#define ADDRESS_LOCAL	0x02

/* The control queue has as many as the others. */
_Static_assert(QUEUE_SIZE <= RING_MAX_CHAIN, "the control queue is too long for ring.c");

struct net_device {
	struct virtio_device device;
	char *tap;
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
	if (net->tap)
		return misuse("--net: tap= is given twice");
	net->tap = strdup(value);
	return net->tap ? STATUS_OK : fail("not enough memory");
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

static int parse_limited(const char *key, const char *value, __u64 min, __u64 max, __u64 *number)
{
	if (parse_number(value, number) && *number >= min && *number <= max)
		return STATUS_OK;
	return misuse("--net: %s=%s is not a number from %llu to %llu", key, value, min, max);
}

static int parse(struct virtio_device *device, const char *key, const char *value, bool *known)
{
	struct net_device *net = (struct net_device *)device;
	__u64 number = 0;
	int status;

	*known = true;
	if (!strcmp(key, "tap"))
		return parse_tap(net, value);
	if (!strcmp(key, "mac"))
		return parse_mac(net, value);
	if (!strcmp(key, "queues")) {
		status = parse_limited(key, value, 1, MAX_PAIRS, &number);
		net->pairs = number;
		return status;
	}
	if (!strcmp(key, "mtu")) {
		status = parse_limited(key, value, MIN_MTU, MAX_MTU, &number);
		net->mtu = number;
		return status;
	}
	*known = false;
	return STATUS_OK;
}

static int check(struct virtio_device *device)
{
	struct net_device *net = (struct net_device *)device;

	if (!net->tap)
		return misuse("--net: say which interface of this machine it is connected to, by tap=");
	if (asprintf(&device->label, "--net tap=%s", net->tap) < 0) {
		device->label = NULL;
		return fail("not enough memory");
	}
	if (!net->pairs)
		net->pairs = 1;
	device->nr_queues = 2 * net->pairs;
	device->queue_size = QUEUE_SIZE;
	device->features = VIRTIO_FEATURE(VIRTIO_NET_F_MAC) |
			   VIRTIO_FEATURE(VIRTIO_NET_F_STATUS);
	if (net->mtu)
		device->features |= VIRTIO_FEATURE(VIRTIO_NET_F_MTU);
	if (net->pairs > 1) {
		device->nr_queues++;
		device->features |= VIRTIO_FEATURE(VIRTIO_NET_F_MQ) |
				    VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ);
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
	return vhostnet_open(&device->backend, net->tap, net->pairs, device->label, memory);
}

static void free_description(struct virtio_device *device)
{
	free(((struct net_device *)device)->tap);
}

const struct virtio_type net_type = {
	.model = VIRTIO_MODEL,
	.backend_features = NET_OFFLOADS | VIRTIO_FEATURE(VIRTIO_NET_F_MRG_RXBUF),
	.size = sizeof(struct net_device),
	.parse = parse,
	.check = check,
	.open = open_backend,
	.free = free_description,
};
