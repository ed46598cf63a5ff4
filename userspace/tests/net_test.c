// SPDX-License-Identifier: GPL-2.0
/* Descriptions of network devices and sockets, as far as nothing is opened. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>
#include <linux/virtio_vsock.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "report.h"
#include "test.h"
#include "virtio/link.h"
#include "virtio/tap.h"
#include "virtio/tapqueues.h"
#include "virtio/transport.h"

static struct virtio_device *parse(struct device_spec *spec, const char *text)
{
	EXPECT(!spec_parse(spec, text));
	return spec->model_data;
}

static void one_pair(void)
{
	struct device_spec spec;
	const struct virtio_device *device = parse(&spec, "virtio-net,tap=tap0");

	EXPECT(device->nr_queues == 2 && !strcmp(device->label, "--net tap=tap0"));
	EXPECT(spec.vendor == 0x1af4 && spec.device == 0x1041 && spec.class_code == 0x020000);
	EXPECT(!(device->features & (VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ) |
				     VIRTIO_FEATURE(VIRTIO_NET_F_MQ) |
				     VIRTIO_FEATURE(VIRTIO_NET_F_MTU))));
	EXPECT(device->features & VIRTIO_FEATURE(VIRTIO_NET_F_MAC) && !spec.shares_memory);
	spec_free(&spec);
}

static void all_keys(void)
{
	struct device_spec spec;
	const struct virtio_device *device = parse(&spec,
		"virtio-net,mtu=65535,queues=256,mac=fe:Dc:ba:98:76:54,addr=5,tap=123456789012345");

	EXPECT(device->nr_queues == 513 && spec.devfn == 0x28);
	EXPECT(device->features & VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ));
	EXPECT(device->features & VIRTIO_FEATURE(VIRTIO_NET_F_MQ));
	EXPECT(device->features & VIRTIO_FEATURE(VIRTIO_NET_F_MTU));
	spec_free(&spec);
}

static void daemon_socket(void)
{
	struct device_spec spec;
	const struct virtio_device *device = parse(&spec, "virtio-net,vhost-user=/a,,b,queues=2");

	EXPECT(device->nr_queues == 5 && !strcmp(device->label, "--net vhost-user=/a,b"));
	EXPECT(spec.shares_memory);
	spec_free(&spec);
}

/* What a driver was asked for, the next one is not, which may not know of that. */
static void announcement_5_1_6_5_4(void)
{
	const __u64 features = VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ANNOUNCE);
	struct device_spec spec;
	struct virtio_device *device = parse(&spec, "virtio-net,tap=tap0,queues=2");
	const __u8 *status = &device->config[offsetof(struct virtio_net_config, status)];

	EXPECT(device->type->event(device, BACKEND_LINK_UP, features));
	EXPECT(*status == (VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE));
	device->type->reset(device);
	EXPECT(*status == VIRTIO_NET_S_LINK_UP);
	EXPECT(device->type->event(device, BACKEND_ANNOUNCE, features));
	EXPECT(*status == (VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE));
	EXPECT(!device->type->event(device, BACKEND_ANNOUNCE, features));
	device->type->reset(device);
	EXPECT(!device->type->event(device, BACKEND_ANNOUNCE, 0));
	spec_free(&spec);
}

static void vsock(void)
{
	struct device_spec spec;
	const struct virtio_device *device = parse(&spec, "virtio-vsock,cid=0xfffffffe");
	struct virtio_vsock_config config;

	EXPECT(device->nr_queues == 3 && device->config_length == sizeof(config));
	memcpy(&config, device->config, sizeof(config));
	EXPECT(config.guest_cid == 0xfffffffe && spec.device == 0x1053);
	spec_free(&spec);
}

static void set_loopback(bool up)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = up ? IFF_UP : 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	EXPECT(fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &request));
	close(fd);
}

/* An interface of which all is known, if we may have one: a network namespace's own. */
static void links(void)
{
	int ours = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct link link = LINK_NONE;

	EXPECT(link_open(&link, "nothing", -1) == -ENODEV && link.socket == -1);
	if (!unshare(CLONE_NEWNET)) {
		EXPECT(!link_open(&link, "lo", -1) && !link.up);
		set_loopback(true);
		EXPECT(link_changed(&link) && link.up);
		EXPECT(!link_changed(&link));
		/* It is the state that counts, however many messages there were. */
		set_loopback(false);
		set_loopback(true);
		EXPECT(!link_changed(&link) && link.up);
		set_loopback(false);
		EXPECT(link_changed(&link) && !link.up);
		link_close(&link);
		EXPECT(!setns(ours, CLONE_NEWNET));
	}
	close(ours);
}

/* A tap, which goes with its last file unless it is persistent. */
static int make_tap(void)
{
	struct ifreq request = { .ifr_name = "tap0", .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && !ioctl(fd, TUNSETIFF, &request))
		return fd;
	close(fd);
	return -1;
}

static void delete_interface(unsigned int index)
{
	const struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} request = {
		.header = {
			.nlmsg_len = sizeof(request), .nlmsg_type = RTM_DELLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
		.info = { .ifi_index = index },
	};
	char answer[256];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	EXPECT(send(fd, &request, sizeof(request), 0) == sizeof(request));
	EXPECT(recv(fd, answer, sizeof(answer), 0) > 0);
	close(fd);
}

/* One that is deleted is not up for ever, and one that is elsewhere may be. */
static void expect_gone(int ours)
{
	struct link link = LINK_NONE;
	int tap = make_tap();

	if (tap < 0)
		return;
	EXPECT(!link_open(&link, "tap0", tap) && !link.up && !link.gone);
	delete_interface(link.index);
	EXPECT(link_changed(&link) && !link.up && link.gone);
	EXPECT(!link_changed(&link));
	link_close(&link);
	close(tap);
	/* The same for who looks from where it is not. */
	tap = make_tap();
	EXPECT(!setns(ours, CLONE_NEWNET));
	EXPECT(!link_open(&link, "lo", tap));
	link.index = ~0U >> 1;
	link.up = false;
	EXPECT(link_changed(&link) && link.up && !link.gone);
	link_close(&link);
	close(tap);
}

static int open_queue(const char *name)
{
	int fd;

	return tap_open(&fd, name, true, "it") ? -1 : fd;
}

/* A tap whose queues are several's: each open one counts, whether it takes part or not. */
static void queues_of_tap(void)
{
	int ours = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int fds[3] = { -1, -1, -1 };
	struct link link = LINK_NONE;
	unsigned int i;

	if (!unshare(CLONE_NEWNET)) {
		unsigned int nr;

		EXPECT(!link_open(&link, "lo", -1));
		EXPECT(tap_count_queues(link.index, &nr) == -ENODATA);
		link_close(&link);
		EXPECT(tap_count_queues(99, &nr) == -ENODATA);
		for (i = 0; i < 3 && (!i || fds[0] >= 0); i++)
			fds[i] = open_queue("tap0");
		if (fds[2] >= 0) {
			EXPECT(!link_open(&link, "tap0", fds[0]));
			EXPECT(!tap_count_queues(link.index, &nr) && nr == 3);
			EXPECT(!tap_set_attached(fds[1], false));
			EXPECT(!tap_count_queues(link.index, &nr) && nr == 3);
			EXPECT(!tap_expect_alone(link.index, 3, "tap0", "it"));
			EXPECT_MESSAGE(tap_expect_alone(link.index, 2, "tap0", "it"), STATUS_FAILED,
				       "in use, name another");
			close(fds[1]);
			EXPECT(!tap_expect_alone(link.index, 2, "tap0", "it"));
			link_close(&link);
			close(fds[0]);
			close(fds[2]);
		}
		EXPECT(!setns(ours, CLONE_NEWNET));
	}
	close(ours);
}

/* In a network namespace of its own, if we may have one. */
static void deleted_tap(void)
{
	int ours = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (!unshare(CLONE_NEWNET)) {
		expect_gone(ours);
		EXPECT(!setns(ours, CLONE_NEWNET));
	}
	close(ours);
}

static void tells_of_deletion(void)
{
	struct device_spec spec;
	struct virtio_device *device = parse(&spec, "virtio-net,tap=tap0");
	const __u8 *status = &device->config[offsetof(struct virtio_net_config, status)];

	EXPECT(device->type->event(device, BACKEND_LINK_UP, 0) && *status == VIRTIO_NET_S_LINK_UP);
	EXPECT_MESSAGE(device->type->event(device, BACKEND_LINK_GONE, 0), true,
		       "--net tap=tap0: the tap has been deleted");
	EXPECT(!*status);
	spec_free(&spec);
}

static void mistakes(void)
{
	static const struct misuse bad[] = {
		{ "virtio-net", "by tap=" },
		{ "virtio-net,mac=02:00:00:00:00:01", "by tap=" },
		{ "virtio-net,tap=", "name of an interface" },
		{ "virtio-net,tap=1234567890123456", "up to 15" },
		{ "virtio-net,tap=tap%d", "name of an interface" },
		{ "virtio-net,tap=a/b", "name of an interface" },
		{ "virtio-net,tap=a,tap=b", "twice" },
		{ "virtio-net,vhost-user=", "name of a socket" },
		{ "virtio-net,vhost-user=a,vhost-user=b", "twice" },
		{ "virtio-net,vhost-user=a,tap=b", "exclude each other" },
		{ "virtio-net,tap=a,reconnect=off", "vhost-user=" },
		{ "virtio-net,tap=a,queues=0", "1 to 256" },
		{ "virtio-net,tap=a,queues=257", "1 to 256" },
		{ "virtio-net,tap=a,mtu=67", "68 to 65535" },
		{ "virtio-net,tap=a,mtu=65536", "68 to 65535" },
		{ "virtio-net,tap=a,mtu=1k", "68 to 65535" },
		{ "virtio-net,tap=a,mac=02:00:00:00:00", "six bytes" },
		{ "virtio-net,tap=a,mac=02:00:00:00:00:0", "six bytes" },
		{ "virtio-net,tap=a,mac=02:00:00:00:00:01:", "six bytes" },
		{ "virtio-net,tap=a,mac=02:00:00:00:00-01", "six bytes" },
		{ "virtio-net,tap=a,mac=02:00:00:00:00:0g", "six bytes" },
		{ "virtio-net,tap=a,mac=01:00:00:00:00:01", "one station" },
		{ "virtio-net,tap=a,mac=00:00:00:00:00:00", "one station" },
		{ "virtio-net,tap=a,cid=3", "no key cid" },
		{ "virtio-vsock", "by cid=" },
		{ "virtio-vsock,cid=2", "3 to 4294967294" },
		{ "virtio-vsock,cid=4294967295", "3 to 4294967294" },
		{ "virtio-vsock,cid=", "3 to 4294967294" },
	};

	expect_misuse(bad, ARRAY_SIZE(bad));
}

const struct test net_tests[] = {
	{ "one_pair", one_pair },
	{ "all_keys", all_keys },
	{ "announcement_5_1_6_5_4", announcement_5_1_6_5_4 },
	{ "daemon_socket", daemon_socket },
	{ "deleted_tap", deleted_tap },
	{ "a tap's queues", queues_of_tap },
	{ "vsock", vsock },
	{ "links", links },
	{ "tells_of_deletion", tells_of_deletion },
	{ "mistakes", mistakes },
	{ NULL, NULL },
};
