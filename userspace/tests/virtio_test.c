// SPDX-License-Identifier: GPL-2.0
/*
 * virtio devices, as far as they need no guest: how a disk is described, the function that comes
 * of it, which queues are good, and the vhost-user protocol.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "event.h"
#include "layout.h"
#include "report.h"
#include "spec.h"
#include "test.h"
#include "vhost_user_peer.h"
#include "virtio/internal.h"
#include "virtio/net.h"
#include "virtio/netpairs.h"
#include "virtio/socket.h"
#include "virtio/vhost_user.h"
#include "virtio/vhost_user_message.h"

#define CAP_VENDOR	0x09
#define NR_QUEUES	PEER_QUEUES

static const struct memory_options shared = { .size = MIB(16), .shared = true };

#define PROTOCOL	PEER_PROTOCOL
#define ACK		(1 << VHOST_USER_PROTOCOL_F_REPLY_ACK)

static struct queue some_queue(void)
{
	return (struct queue){
		.size = 256, .enabled = true, .desc = MIB(2), .driver = MIB(2) + 4096,
		.device = MIB(2) + 8192, .kick = eventfd(0, 0), .call = eventfd(0, 0),
	};
}

static void expect_rings(const struct guest_memory *memory)
{
	const struct vhost_user_message *message;
	size_t nr_fds = 0;

	message = peer_told(VHOST_USER_SET_FEATURES, &nr_fds);
	EXPECT(message && message->payload.u64 ==
	       (VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |
		VIRTIO_FEATURE(VHOST_USER_F_PROTOCOL_FEATURES)));
	message = peer_told(VHOST_USER_SET_MEM_TABLE, &nr_fds);
	EXPECT(message && message->payload.memory.nr == 1 && nr_fds == 1);
	EXPECT(message && !message->payload.memory.regions[0].guest &&
	       !message->payload.memory.regions[0].offset &&
	       message->payload.memory.regions[0].size == memory->size);
	message = peer_told(VHOST_USER_SET_VRING_NUM, &nr_fds);
	EXPECT(message && message->payload.state.index == 1 && message->payload.state.num == 256);
	message = peer_told(VHOST_USER_SET_VRING_ADDR, &nr_fds);
	EXPECT(message && message->payload.address.index == 1 &&
	       message->payload.address.desc ==
	       (unsigned long)memory_at(memory, MIB(2), 1) &&
	       message->payload.address.avail - message->payload.address.desc == 4096 &&
	       message->payload.address.used - message->payload.address.desc == 8192);
	message = peer_told(VHOST_USER_SET_VRING_KICK, &nr_fds);
	EXPECT(message && message->payload.u64 == 1 && nr_fds == 1);
	message = peer_told(VHOST_USER_SET_VRING_CALL, &nr_fds);
	EXPECT(message && message->payload.u64 == 1 && nr_fds == 1);
	message = peer_told(VHOST_USER_GET_VRING_BASE, &nr_fds);
	EXPECT(message && message->payload.state.index == 1);
	message = peer_told(VHOST_USER_SET_VRING_ENABLE, &nr_fds);
	EXPECT(message && message->payload.state.index == 1 && !message->payload.state.num);
}

static void start_and_stop(__u64 protocol)
{
	struct queue queues[NR_QUEUES] = { { .enabled = false }, some_queue() };
	struct guest_memory memory;
	unsigned int nr_resets, i;
	struct backend *backend;
	__u64 features = 0;

	EXPECT(!memory_create(&memory, &shared));
	EXPECT(!vhost_user_open(peer_start(protocol, 0, 0), &memory, &peer_type, "some", &backend));
	EXPECT(vhost_user_max_queues(backend) == NR_QUEUES);
	EXPECT(!backend->ops->features(backend, &features));
	EXPECT(!(features & VIRTIO_FEATURE(VHOST_USER_F_PROTOCOL_FEATURES)));
	EXPECT(!backend->ops->start(backend, VIRTIO_FEATURE(VIRTIO_F_VERSION_1), queues,
				    NR_QUEUES));
	EXPECT(!backend->ops->stop(backend));
	backend->ops->close(backend);
	peer_await();
	expect_rings(&memory);
	/* Once, and nothing after it. */
	for (i = nr_resets = 0; i < peer.nr; i++)
		nr_resets += peer.messages[i].header.request == VHOST_USER_RESET_DEVICE;
	EXPECT(nr_resets == !!(protocol & 1 << VHOST_USER_PROTOCOL_F_RESET_DEVICE));
	EXPECT(!nr_resets ||
	       peer.messages[peer.nr - 1].header.request == VHOST_USER_RESET_DEVICE);
	close(queues[1].kick);
	close(queues[1].call);
	memory_destroy(&memory);
}

static void rings(void)
{
	start_and_stop(PROTOCOL);
	start_and_stop(PROTOCOL | ACK);
	start_and_stop(PROTOCOL | 1 << VHOST_USER_PROTOCOL_F_RESET_DEVICE);
	start_and_stop(PROTOCOL | ACK | 1 << VHOST_USER_PROTOCOL_F_RESET_DEVICE);
}

static int enable_pairs(struct backend *backend, unsigned int pairs)
{
	return vhost_user_enable(backend, PAIR * pairs);
}

/* A command in the queue: header, pairs, acknowledgment. */
static const __u8 *put_command(struct guest_memory *memory, const struct queue *queue, __u16 pairs)
{
	const struct virtio_net_ctrl_hdr header = {
		VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET,
	};
	const struct vring_desc desc[] = {
		{ MIB(5), sizeof(header), VRING_DESC_F_NEXT, 1 },
		{ MIB(5) + 16, sizeof(pairs), VRING_DESC_F_NEXT, 2 },
		{ MIB(5) + 32, 1, VRING_DESC_F_WRITE, 0 },
	};
	struct vring_avail *avail = memory_at(memory, queue->driver, 4096);
	__u8 *data = memory_at(memory, MIB(5), 64);

	memcpy(data, &header, sizeof(header));
	memcpy(data + 16, &pairs, sizeof(pairs));
	data[32] = 0xff;
	memcpy(memory_at(memory, queue->desc, sizeof(desc)), desc, sizeof(desc));
	avail->ring[0] = 0;
	avail->idx = 1;
	eventfd_write(queue->kick, 1);
	return data + 32;
}

/* What the daemon has been told of that queue's being enabled, one digit after the other. */
static void expect_enabled(__u32 index, const char *expected)
{
	char digits[PEER_MAX_MESSAGES + 1] = "";
	unsigned int i;
	size_t n = 0;

	for (i = 0; i < peer.nr; i++) {
		const struct vhost_user_message *message = &peer.messages[i];

		if (message->header.request == VHOST_USER_SET_VRING_ENABLE &&
		    message->payload.state.index == index)
			digits[n++] = '0' + message->payload.state.num;
	}
	EXPECT(!strcmp(digits, expected));
}

/* A daemon that knows nothing of the control queue, and counts pairs. */
static void pairs(void)
{
	static const struct vhost_user_type type = { .counted_as_one = PAIR };
	const __u64 features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |
			       VIRTIO_FEATURE(VIRTIO_NET_F_MQ) |
			       VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ);
	const struct netpairs_config config = {
		.nr_pairs = NR_QUEUES, .set_pairs = enable_pairs,
	};
	struct queue queues[PAIR * NR_QUEUES + 1];
	struct queue *control = &queues[PAIR * NR_QUEUES];
	struct guest_memory memory;
	struct backend *backend;
	struct backend *inner;
	const __u8 *ack;
	size_t i;

	EXPECT(!memory_create(&memory, &shared));
	for (i = 0; i < ARRAY_SIZE(queues); i++)
		queues[i] = some_queue();
	control->desc = MIB(4);
	control->driver = MIB(4) + 4096;
	control->device = MIB(4) + 8192;
	EXPECT(!vhost_user_open(peer_start(PROTOCOL, 0, 0), &memory, &type, "some", &backend));
	EXPECT(vhost_user_max_queues(backend) == PAIR * NR_QUEUES);
	inner = backend;
	EXPECT(!netpairs_open(&backend, &config));
	EXPECT(!backend->ops->get_config && !backend->ops->set_config);
	EXPECT(!strcmp(backend->ops->name, "the vhost-user daemon"));
	EXPECT(!backend->ops->start(backend, features, queues, ARRAY_SIZE(queues)));
	EXPECT(backend->ops->dispatch(backend) == BACKEND_NOTHING);
	ack = put_command(&memory, control, NR_QUEUES);
	EXPECT(backend->ops->dispatch(backend) == BACKEND_INTERRUPT + PAIR * NR_QUEUES);
	EXPECT(*ack == VIRTIO_NET_OK && !event_take(control->call));
	/* That is so already. */
	EXPECT(!enable_pairs(inner, NR_QUEUES));
	/* Queues that go on, as with another daemon: the driver has not changed its mind. */
	EXPECT(!backend->ops->start(backend, features, queues, ARRAY_SIZE(queues)));
	EXPECT(backend->ops->dispatch(backend) == BACKEND_NOTHING);
	EXPECT(!backend->ops->stop(backend));
	/* Nobody looks at it any more. */
	ack = put_command(&memory, control, 1);
	EXPECT(backend->ops->dispatch(backend) == BACKEND_NOTHING && *ack == 0xff);
	backend->ops->close(backend);
	peer_await();
	expect_enabled(0, "110");
	expect_enabled(1, "110");
	expect_enabled(2, "0110");
	expect_enabled(3, "0110");
	expect_enabled(4, "");
	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		close(queues[i].kick);
		close(queues[i].call);
	}
	memory_destroy(&memory);
}

/* Whatever a daemon that has them has done to them, nobody waits. */
static void shared_events(void)
{
	int event = eventfd(0, 0);
	eventfd_t count;

	EXPECT(!event_take(event));
	event_signal(event);
	EXPECT(event_take(event) && !event_take(event));
	EXPECT(!eventfd_write(event, ~0ULL - 1));
	event_signal(event);
	/* It is the kernel that has signalled: one that was full is more than that. */
	EXPECT(!eventfd_read(event, &count) && count == ~0ULL);
	close(event);
}

static void bad_daemons(void)
{
	struct queue queue = some_queue();
	struct guest_memory memory;
	struct backend *backend;
	int pair[2];

	EXPECT(!memory_create(&memory, &shared));
	EXPECT(vhost_user_open(peer_start(PROTOCOL, VHOST_USER_GET_FEATURES, 0), &memory,
			       &peer_type, "some", &backend) == -EPROTO);
	peer_await();
	EXPECT(vhost_user_open(peer_start(PROTOCOL | ACK, 0, VHOST_USER_SET_OWNER), &memory,
			       &peer_type, "some", &backend) == 0);
	backend->ops->close(backend);
	peer_await();

	/* One that refuses, and is told nothing more. */
	EXPECT(!vhost_user_open(peer_start(PROTOCOL | ACK, 0, VHOST_USER_SET_MEM_TABLE), &memory,
				&peer_type, "some", &backend));
	EXPECT(backend->ops->start(backend, VIRTIO_FEATURE(VIRTIO_F_VERSION_1), &queue, 1) ==
	       -EIO);
	peer_await();
	EXPECT(backend->ops->dispatch(backend) == -ECONNRESET);
	backend->ops->close(backend);

	/* One that gives a file where it is to give memory. */
	EXPECT(!vhost_user_open(peer_start(PROTOCOL | ACK |
					   1 << VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD, 0, 0),
				&memory, &peer_type, "some", &backend));
	peer.gives_file = true;
	EXPECT(backend->ops->start(backend, VIRTIO_FEATURE(VIRTIO_F_VERSION_1), &queue, 1) ==
	       -EPROTO);
	peer_await();
	backend->ops->close(backend);

	/* One that has gone. */
	EXPECT(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	close(pair[1]);
	EXPECT(vhost_user_open(pair[0], &memory, &peer_type, "some", &backend) == -ECONNRESET);
	close(queue.kick);
	close(queue.call);
	memory_destroy(&memory);
}

/* More queues than a device can have are no mistake, and none are one. */
static void numbers_of_queues(void)
{
	const struct socket_keys keys = { .path = (char[]){ "/tmp/kvpci-test.socket" } };
	struct guest_memory memory;
	struct backend *backend;
	int fd;

	EXPECT(!memory_create(&memory, &shared));
	fd = peer_start(PROTOCOL, 0, 0);
	peer.queues = ~0ULL;
	EXPECT(!vhost_user_open(fd, &memory, &peer_type, "some", &backend));
	EXPECT(vhost_user_max_queues(backend) == KVPCI_MAX_VIRTIO_QUEUES);
	backend->ops->close(backend);
	peer_await();
	peer_listen(keys.path, PROTOCOL);
	peer.queues = 0;
	EXPECT_MESSAGE(socket_open(&keys, &peer_type, &memory, &backend), STATUS_FAILED,
		       "kvpci-test.socket does not answer as it should: it says that it serves no queues");
	peer_await();
	unlink(keys.path);
	memory_destroy(&memory);
}

static void *hang_up_later(void *socket)
{
	poll(NULL, 0, VHOST_USER_PATIENCE + 2000);
	close(*(int *)socket);
	return NULL;
}

/* One that says nothing is not waited for without a word. */
static void silent_daemon(void)
{
	struct guest_memory memory;
	struct backend *backend;
	pthread_t thread;
	int pair[2];

	EXPECT(!memory_create(&memory, &shared));
	EXPECT(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	EXPECT(!pthread_create(&thread, NULL, hang_up_later, &pair[1]));
	EXPECT_MESSAGE(vhost_user_open(pair[0], &memory, &peer_type, "some", &backend),
		       -ECONNRESET, "some: the daemon does not answer yet");
	pthread_join(thread, NULL);
	memory_destroy(&memory);
}

/* A daemon asks for something on its own socket, and waits for the answer. */
static __u64 ask(struct backend *backend, __u32 request, int expected)
{
	struct vhost_user_message message = {
		.header = { request, VHOST_USER_VERSION | VHOST_USER_NEED_REPLY, 0 },
	};

	EXPECT(!vhost_user_send(peer.requests, &message, NULL, 0,
				vhost_user_deadline(1000)));
	EXPECT(backend->ops->dispatch(backend) == expected);
	EXPECT(!vhost_user_receive(peer.requests, &message, NULL,
				   vhost_user_deadline(1000)));
	return message.payload.u64;
}

/* The same byte by byte: none is waited for, nor is the last but one. */
static void ask_slowly(struct backend *backend, __u32 request, int expected)
{
	const struct vhost_user_message message = {
		.header = { request, VHOST_USER_VERSION, sizeof(message.payload.u64) },
	};
	const size_t length = sizeof(message.header) + message.header.size;
	const long long start = vhost_user_deadline(0);
	const __u8 *bytes = (const __u8 *)&message;
	size_t i;

	for (i = 0; i < length; i++) {
		EXPECT(send(peer.requests, &bytes[i], 1, 0) == 1);
		EXPECT(backend->ops->dispatch(backend) ==
		       (i == length - 1 ? expected : BACKEND_NOTHING));
	}
	EXPECT(vhost_user_deadline(0) - start < VHOST_USER_TIMEOUT);
}

static void requests(void)
{
	struct guest_memory memory;
	struct backend *backend;

	EXPECT(!memory_create(&memory, &shared));
	EXPECT(!vhost_user_open(peer_start(PROTOCOL | ACK |
					     1 << VHOST_USER_PROTOCOL_F_BACKEND_REQ, 0, 0),
				&memory, &peer_type, "some", &backend));
	EXPECT(backend->ops->dispatch(backend) == BACKEND_NOTHING);
	EXPECT(!ask(backend, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, BACKEND_CONFIG_CHANGED));
	EXPECT(ask(backend, 1234, BACKEND_NOTHING));
	ask_slowly(backend, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, BACKEND_CONFIG_CHANGED);
	EXPECT(!ask(backend, VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, BACKEND_CONFIG_CHANGED));
	backend->ops->close(backend);
	peer_await();
	close(peer.requests);
	memory_destroy(&memory);
}

/* What a daemon says that runs, and that nobody has asked for or can understand. */
static void nonsense(void)
{
	static const struct {
		bool answers;
		struct vhost_user_header header;
	} cases[] = {
		{ true, { VHOST_USER_GET_FEATURES, VHOST_USER_VERSION | VHOST_USER_REPLY, 0 } },
		{ true, { ~0U, ~0U, ~0U } },
		{ false, { VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, VHOST_USER_VERSION, ~0U } },
		{ false, { VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, VHOST_USER_VERSION,
			   sizeof(struct vhost_user_message) } },
		{ false, { VHOST_USER_BACKEND_CONFIG_CHANGE_MSG, 0, 0 } },
		{ false, { ~0U, ~0U, ~0U } },
	};
	struct guest_memory memory;
	struct backend *backend;
	int socket;
	size_t i;

	EXPECT(!memory_create(&memory, &shared));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT(!vhost_user_open(peer_start(PROTOCOL | ACK |
						   1 << VHOST_USER_PROTOCOL_F_BACKEND_REQ, 0, 0),
					&memory, &peer_type, "some", &backend));
		socket = peer.requests;
		if (cases[i].answers)
			socket = peer.socket;
		EXPECT(send(socket, &cases[i].header, sizeof(cases[i].header), 0) ==
		       sizeof(cases[i].header));
		EXPECT(backend->ops->dispatch(backend) == -EPROTO);
		/* It has been hung up on. */
		peer_await();
		backend->ops->close(backend);
		close(peer.requests);
	}
	memory_destroy(&memory);
}

#define TEN		"0123456789"
#define LONG_NAME	TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "01234567"

static void disks(void)
{
	static const struct {
		const char *text;
		const char *message;
	} bad[] = {
		{ "virtio-blk", "say which file" },
		{ "virtio-blk,file=", "needs the name of a file" },
		{ "virtio-blk,file=a,file=b", "given twice" },
		{ "virtio-blk,file=a,vhost-user=b", "exclude each other" },
		{ "virtio-blk,file=a,format=vmdk", "raw or qcow2" },
		{ "virtio-blk,file=a,ro=yes", "neither on nor off" },
		{ "virtio-blk,file=a,queues=0", "1 to 64" },
		{ "virtio-blk,file=a,queues=65", "1 to 64" },
		{ "virtio-blk,file=a,notify=fax", "mmio or pio" },
		{ "virtio-blk,file=a,count=2", "count=" },
		{ "virtio-blk,file=a,bar0=mem32/4K", "BARs and interrupts of its own" },
		{ "virtio-blk,file=a,msix=1/table=0@0", "msix" },
		{ "virtio-blk,file=a,colour=red", "no key colour" },
		{ "virtio-blk,vhost-user=a,ro=on", "the daemon says" },
		{ "virtio-blk,vhost-user=a,reconnect=soon", "neither on nor off" },
		{ "virtio-blk,vhost-user=" LONG_NAME, "longer than the 107 bytes" },
	};
	struct device_spec spec;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_MESSAGE(spec_parse(&spec, bad[i].text), STATUS_USAGE, bad[i].message);
	EXPECT(!spec_parse(&spec, "virtio-blk,file=a,,b,format=qcow2,ro=on,queues=4,addr=5"));
	EXPECT(spec.vendor == 0x1af4 && spec.device == 0x1042 && spec.flr && spec.shares_memory);
	EXPECT(spec.devfn == 5 << 3 && !spec.bars[0].size);
	EXPECT(!strcmp(((struct virtio_device *)spec.model_data)->label, "--disk a,b"));
	spec_free(&spec);
}

/* Each type of capability is there once, but for that of notifications, which ports come before. */
static void expect_capabilities(const struct device_spec *spec, bool pio)
{
	static const __u32 offsets[] = {
		[VIRTIO_PCI_CAP_COMMON_CFG] = COMMON_OFFSET,
		[VIRTIO_PCI_CAP_NOTIFY_CFG] = NOTIFY_OFFSET,
		[VIRTIO_PCI_CAP_ISR_CFG] = ISR_OFFSET,
		[VIRTIO_PCI_CAP_DEVICE_CFG] = DEVICE_OFFSET,
		[VIRTIO_PCI_CAP_PCI_CFG] = 0,
	};
	unsigned int found = 0;
	size_t i;

	for (i = 0; i < spec->nr_capabilities; i++) {
		const struct spec_bytes *bytes = &spec->capabilities[i].bytes;
		struct virtio_pci_cap cap;

		if (spec->capabilities[i].id != CAP_VENDOR)
			continue;
		memcpy(&cap, bytes->value, sizeof(cap));
		EXPECT(cap.cap_len == bytes->length && cap.cfg_type < ARRAY_SIZE(offsets));
		EXPECT(!(found & 1 << cap.cfg_type));
		if (pio && cap.cfg_type == VIRTIO_PCI_CAP_NOTIFY_CFG) {
			EXPECT(!cap.offset && cap.bar == NOTIFY_PIO_BAR);
			pio = false;
			continue;
		}
		EXPECT(cap.offset == offsets[cap.cfg_type] && cap.bar == CONFIG_BAR);
		found |= 1 << cap.cfg_type;
	}
	EXPECT(found == 0x3e && !pio);
}

static void expect_doorbells(const struct device_spec *spec, bool pio)
{
	const struct virtio_device *device = spec->model_data;
	unsigned int i;

	EXPECT(spec->nr_doorbells == NR_QUEUES * (pio ? 2 : 1));
	EXPECT(spec->bars[NOTIFY_PIO_BAR].size == (pio ? NOTIFY_PIO_LEAST : 0));
	for (i = 0; i < spec->nr_doorbells; i++) {
		unsigned int queue = i % NR_QUEUES;
		bool port = i >= NR_QUEUES;

		EXPECT(spec->doorbells[i].bar == (port ? NOTIFY_PIO_BAR : CONFIG_BAR));
		EXPECT(spec->doorbells[i].offset ==
		       (port ? 0 : NOTIFY_OFFSET) + queue * NOTIFY_MULTIPLIER);
		EXPECT(spec->doorbells[i].fd == device->kicks[queue]);
	}
}

/* As the kernel finds it. */
static bool host_has_svm(void)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[8192] = "";

	while (file && fgets(line, sizeof(line), file) && strncmp(line, "flags", 5))
		;
	if (file)
		fclose(file);
	return strstr(line, " svm ");
}

static void function_with(const char *keys, bool pio)
{
	char directory[] = "/tmp/kvpci-test.XXXXXX";
	char text[128], path[64];
	struct virtio_device *device;
	struct guest_memory memory;
	struct device_spec spec;

	EXPECT(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
	snprintf(text, sizeof(text), "virtio-blk,%svhost-user=%s", keys, path);
	EXPECT(!memory_create(&memory, &shared));
	EXPECT(!spec_parse(&spec, text));
	EXPECT_MESSAGE(spec_open(&spec, &memory), STATUS_FAILED, "cannot connect");
	peer_listen(path, PROTOCOL | ACK);
	EXPECT(!spec_open(&spec, &memory));
	device = spec.model_data;
	EXPECT(device->nr_queues == NR_QUEUES);
	EXPECT(spec.msix.vectors == NR_QUEUES + 1 && spec.bars[0].size == CONFIG_BAR_SIZE);
	EXPECT(device->config[0] == (1234 & 0xff));
	/* What the device has no configuration for is not offered, nor what is not the device's. */
	EXPECT(device->offered == (VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |
				   VIRTIO_FEATURE(VIRTIO_BLK_F_MQ) |
				   VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH) |
				   VIRTIO_FEATURE(VIRTIO_F_RING_RESET)));
	expect_capabilities(&spec, pio);
	expect_doorbells(&spec, pio);
	spec_free(&spec);
	peer_await();
	memory_destroy(&memory);
	unlink(path);
	rmdir(directory);
}

static void function(void)
{
	function_with("notify=mmio,", false);
	function_with("notify=pio,", true);
	function_with("", host_has_svm());
}

static void queues(void)
{
	static const struct {
		bool packed, good;
		struct queue queue;
	} tests[] = {
		{ false, true, { 256, true, MIB(2), MIB(3), MIB(4), 0, 0, 0 } },
		{ false, true, { 1, true, MIB(16) - 16, MIB(16) - 8, MIB(16) - 16, 0, 0, 0 } },
		{ false, false, { 0, true, MIB(2), MIB(3), MIB(4), 0, 0, 0 } },
		{ false, false, { 512, true, MIB(2), MIB(3), MIB(4), 0, 0, 0 } },
		{ false, false, { 100, true, MIB(2), MIB(3), MIB(4), 0, 0, 0 } },
		{ true, true, { 100, true, MIB(2), MIB(3), MIB(4), 0, 0, 0 } },
		{ true, false, { 100, true, MIB(2), MIB(3) + 2, MIB(4), 0, 0, 0 } },
		{ true, false, { 100, true, MIB(2), MIB(3), MIB(16), 0, 0, 0 } },
		{ false, false, { 256, true, MIB(2) + 8, MIB(3), MIB(4), 0, 0, 0 } },
		{ false, false, { 256, true, MIB(2), MIB(3) + 1, MIB(4), 0, 0, 0 } },
		{ false, false, { 256, true, MIB(2), MIB(3), MIB(4) + 2, 0, 0, 0 } },
		{ false, false, { 256, true, MIB(16) - 4080, MIB(3), MIB(4), 0, 0, 0 } },
		{ false, false, { 256, true, MIB(2), MIB(16) - 512, MIB(4), 0, 0, 0 } },
		{ false, false, { 256, true, MIB(2), MIB(3), MIB(16) - 2048, 0, 0, 0 } },
		{ false, false, { 256, true, -16ULL, MIB(3), MIB(4), 0, 0, 0 } },
		{ false, false, { 256, true, LOW_RAM_END, MIB(3), MIB(4), 0, 0, 0 } },
	};
	struct guest_memory memory;
	struct backend backend = { .memory = &memory };
	struct virtio_device device = { .queue_size = 256, .backend = &backend };
	size_t i;

	EXPECT(!memory_create(&memory, &(struct memory_options){ .size = MIB(16) }));
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		EXPECT(queue_is_good(&tests[i].queue, &device, tests[i].packed) == tests[i].good);
	memory_destroy(&memory);
}

const struct test virtio_tests[] = {
	{ "disks", disks },
	{ "function", function },
	{ "queues", queues },
	{ "requests", requests },
	{ "shared_events", shared_events },
	{ "silent_daemon", silent_daemon },
	{ "rings", rings },
	{ "pairs", pairs },
	{ "bad daemons", bad_daemons },
	{ "nonsense", nonsense },
	{ "numbers_of_queues", numbers_of_queues },
	{ NULL, NULL },
};
