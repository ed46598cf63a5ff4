// SPDX-License-Identifier: GPL-2.0
/*
 * A vhost-user daemon that goes and comes again: which requests the next one gets, and which it
 * does not.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "layout.h"
#include "test.h"
#include "vhost_user_peer.h"
#include "virtio/keeper.h"
#include "virtio/vhost_user.h"

#define PROTOCOL	(PEER_PROTOCOL | 1 << VHOST_USER_PROTOCOL_F_REPLY_ACK)
#define INFLIGHT	(1 << VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD)
#define ACCEPTED	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH))

#define DESC		MIB(2)
#define AVAIL		(MIB(2) + 4096)
#define USED		(MIB(2) + 8192)

static const struct memory_options shared = { .size = MIB(16), .shared = true };

static char directory[32];
static char path[64];
static struct guest_memory memory;
static struct backend *backend;
static struct queue queues[PEER_QUEUES];

static unsigned int nr_gone;

static void count_gone(void *context)
{
	EXPECT(context == path);
	nr_gone++;
}

static int call(void *context)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", (char *)context);
	if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -ECONNREFUSED;
}

/*
 * A back end with one queue that it serves, and a way to get another by the name of a socket, so
 * many times if not 0.
 */
static void begin_type(__u64 protocol, const struct vhost_user_type *type, unsigned int tries)
{
	const struct reconnect_way way = {
		.gone = count_gone, .call = call, .context = path, .tries = tries,
	};

	nr_gone = 0;
	strcpy(directory, "/tmp/kvpci-test.XXXXXX");
	EXPECT(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
	EXPECT(!memory_create(&memory, &shared));
	EXPECT(!vhost_user_open(peer_start(protocol, 0, 0), &memory, type, "some", &backend));
	EXPECT(!vhost_user_reconnect(backend, &way));
	queues[0] = (struct queue){ .enabled = false };
	queues[1] = (struct queue){
		.size = 256, .enabled = true, .desc = DESC, .driver = AVAIL, .device = USED,
		.kick = eventfd(0, EFD_NONBLOCK), .call = eventfd(0, EFD_NONBLOCK),
	};
	EXPECT(!backend->ops->start(backend, ACCEPTED, queues, PEER_QUEUES));
}

static void begin(__u64 protocol)
{
	begin_type(protocol, &peer_type, 0);
}

static void end(void)
{
	backend->ops->close(backend);
	close(queues[1].kick);
	close(queues[1].call);
	memory_destroy(&memory);
	unlink(path);
	rmdir(directory);
}

/* The driver has made so many requests, of which so many are done. */
static void requests(__u16 made, __u16 done)
{
	((struct vring_avail *)memory_at(&memory, AVAIL, 4))->idx = htole16(made);
	((struct vring_used *)memory_at(&memory, USED, 4))->idx = htole16(done);
}

static int dispatch(void)
{
	return backend->ops->dispatch(backend);
}

static bool is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

/* The daemon goes, which is noticed and told of. */
static void go(void)
{
	peer_end();
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(dispatch() == BACKEND_AWAY);
}

/* Another one is there. */
static void come(void)
{
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(dispatch() == BACKEND_BACK);
}

static int start_again(void)
{
	return backend->ops->start(backend, ACCEPTED, queues, PEER_QUEUES);
}

static __u32 told_base(void)
{
	const struct vhost_user_message *message;
	size_t nr_fds;

	message = peer_told(VHOST_USER_SET_VRING_BASE, &nr_fds);
	return message && message->payload.state.index == 1 ? message->payload.state.num : ~0U;
}

/* The next daemon is there, and is told that the queue begins with @base. */
static void go_on(__u64 protocol, __u32 base)
{
	peer_listen(path, protocol);
	come();
	EXPECT(!start_again());
	EXPECT(told_base() == base);
}

static bool told_anything_of(__u32 request)
{
	size_t nr_fds;

	return peer_told(request, &nr_fds);
}

/* Nothing was under way: whatever comes after that is the next one's. */
static void idle(void)
{
	__u64 features;

	begin(PROTOCOL);
	EXPECT(told_base() == 0);
	EXPECT(!backend->ops->features(backend, &features));
	EXPECT(!(features & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED)));
	requests(7, 7);
	go();
	requests(9, 7);
	/* Nobody is there yet. */
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(!is_readable(queues[1].kick));
	go_on(PROTOCOL, 7);
	EXPECT(told_anything_of(VHOST_USER_SET_MEM_TABLE));
	EXPECT(is_readable(queues[1].kick));
	/* And once more, while the one that was there had not got to anything. */
	requests(9, 9);
	go();
	go_on(PROTOCOL, 9);
	end();
	peer_await();
}

/* Connections are taken, but nobody answers. */
static int listen_only(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	EXPECT(!bind(fd, (const struct sockaddr *)&address, sizeof(address)) && !listen(fd, 1));
	return fd;
}

/* The timer says when to look for one, and not before. */
static void waiting(void)
{
	int listening;
	int fd;

	begin(PROTOCOL);
	fd = backend->ops->poll_fd(backend);
	EXPECT(!is_readable(fd));
	go();
	EXPECT(!is_readable(fd));
	EXPECT(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 60000) == 1);
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(!is_readable(fd));
	/* Who does not answer is not waited for, until it does, or goes. */
	listening = listen_only();
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(!is_readable(fd));
	EXPECT(!backend->ops->stop(backend));
	EXPECT(!start_again());
	close(listening);
	EXPECT(is_readable(fd));
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(!is_readable(fd));
	peer_listen(path, PROTOCOL);
	come();
	end();
	peer_await();
}

/* One that hangs up, or dawdles, when it is to say what it is. */
static void introductions(void)
{
	struct pollfd fd = { .events = POLLIN };
	unsigned int i;
	int listening;
	int daemon;

	begin(PROTOCOL);
	fd.fd = backend->ops->poll_fd(backend);
	go();
	for (i = 0; i < 7; i++) {
		listening = listen_only();
		EXPECT(dispatch() == BACKEND_NOTHING);
		close(listening);
		EXPECT(dispatch() == BACKEND_NOTHING);
		unlink(path);
	}
	/* It is looked for less often each time, which is half a minute by now. */
	EXPECT(!poll(&fd, 1, 1000));
	listening = listen_only();
	EXPECT(dispatch() == BACKEND_NOTHING);
	daemon = accept(listening, NULL, NULL);
	EXPECT(daemon >= 0 && send(daemon, "", 1, 0) == 1);
	EXPECT(is_readable(fd.fd));
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(!is_readable(fd.fd));
	close(daemon);
	close(listening);
	/* What comes after that is as good as any. */
	peer_listen(path, PROTOCOL);
	come();
	EXPECT(!start_again());
	end();
	peer_await();
}

/* Which of two requests was done can't be told. */
static void under_way(void)
{
	const struct vhost_user_type ordered = { .ordered = true, .counted_as_one = 1 };

	begin(PROTOCOL);
	requests(9, 7);
	peer_end();
	EXPECT(dispatch() == -ENOTRECOVERABLE);
	/* But what comes after that can. */
	EXPECT(!backend->ops->stop(backend));
	EXPECT(dispatch() == BACKEND_AWAY);
	requests(0, 0);
	EXPECT(!start_again());
	go_on(PROTOCOL, 0);
	end();
	peer_await();

	/* It can if they are done in order, and packets may be lost. */
	begin_type(PROTOCOL, &ordered, 0);
	requests(9, 7);
	go();
	go_on(PROTOCOL, 7);
	end();
	peer_await();
}

static ino_t inflight_file(void)
{
	struct stat st;

	return peer.inflight && !fstat(peer.inflight, &st) ? st.st_ino : 0;
}

/* The daemon's account of its requests is handed on as long as these are the driver's. */
static void inflight(void)
{
	ino_t file;

	begin(PROTOCOL | INFLIGHT);
	EXPECT(told_anything_of(VHOST_USER_GET_INFLIGHT_FD));
	file = inflight_file();
	EXPECT(file);
	requests(9, 7);
	go();
	go_on(PROTOCOL | INFLIGHT, 7);
	EXPECT(!told_anything_of(VHOST_USER_GET_INFLIGHT_FD));
	EXPECT(inflight_file() == file);
	/* Those after a reset are others. */
	EXPECT(!backend->ops->stop(backend));
	EXPECT(!start_again());
	EXPECT(told_base() == 0);
	EXPECT(told_anything_of(VHOST_USER_GET_INFLIGHT_FD));
	EXPECT(inflight_file() != file);
	/* One that keeps none can't go on with them. */
	requests(2, 1);
	go();
	peer_listen(path, PROTOCOL);
	come();
	EXPECT(start_again() == -ENOTRECOVERABLE);
	end();
	peer_await();
}

/* What the driver does while nobody is there. */
static void absence(void)
{
	__u8 config[8];

	begin(PROTOCOL | INFLIGHT);
	requests(9, 7);
	peer_end();
	/* It may be the first to notice. */
	EXPECT(!backend->ops->set_call(backend, 1, &queues[1]));
	EXPECT(dispatch() == BACKEND_AWAY);
	EXPECT(!backend->ops->set_call(backend, 1, &queues[1]));
	EXPECT(!backend->ops->set_config(backend, 0, config, 1));
	EXPECT(backend->ops->get_config(backend, config, sizeof(config)) == -EAGAIN);
	EXPECT(!backend->ops->stop(backend));
	requests(0, 0);
	EXPECT(!start_again());
	requests(3, 0);
	go_on(PROTOCOL | INFLIGHT, 0);
	EXPECT(told_anything_of(VHOST_USER_GET_INFLIGHT_FD));
	end();
	peer_await();
}

/* A reset that finds that the daemon has gone, which then had things to do. */
static void reset(void)
{
	begin(PROTOCOL);
	requests(9, 7);
	peer_end();
	EXPECT(!backend->ops->stop(backend));
	EXPECT(dispatch() == BACKEND_AWAY);
	requests(0, 0);
	EXPECT(!start_again());
	go_on(PROTOCOL, 0);
	end();
	peer_await();
}

/* One queue of a device that runs is reset. */
static void queue_reset(void)
{
	begin(PROTOCOL | INFLIGHT);
	requests(9, 7);
	EXPECT(!backend->ops->stop_queue(backend, 1));
	go();
	peer_listen(path, PROTOCOL | INFLIGHT);
	come();
	requests(1, 0);
	EXPECT(!start_again());
	EXPECT(told_base() == 0);
	end();
	peer_await();

	/* While nobody is there, it can't be taken out of what the others are owed. */
	begin(PROTOCOL | INFLIGHT);
	requests(9, 7);
	go();
	EXPECT(backend->ops->stop_queue(backend, 1) == -ENOTRECOVERABLE);
	end();
}

/* Queues that are paused go on where the daemon was, which may have things to do still. */
static void paused(void)
{
	begin(PROTOCOL);
	requests(9, 7);
	peer.base = 8;
	EXPECT(!backend->ops->pause(backend, queues, PEER_QUEUES));
	EXPECT(told_anything_of(VHOST_USER_GET_VRING_BASE) && queues[1].base == 8);
	EXPECT(!start_again());
	EXPECT(told_base() == 8);
	/* If it goes meanwhile, what it did not do is lost. */
	EXPECT(!backend->ops->pause(backend, queues, PEER_QUEUES));
	peer_end();
	EXPECT(dispatch() == -ENOTRECOVERABLE);
	end();

	/* The next one is told where all of it was done. */
	begin(PROTOCOL);
	requests(9, 9);
	peer.base = 9;
	EXPECT(!backend->ops->pause(backend, queues, PEER_QUEUES));
	go();
	requests(12, 9);
	go_on(PROTOCOL, 9);
	end();
	peer_await();
}

/* What comes is not what was there. */
static void another(void)
{
	begin(PROTOCOL);
	go();
	peer_listen(path, PROTOCOL);
	peer.features &= ~VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH);
	come();
	EXPECT(start_again() == -ESTALE);
	end();
	peer_await();

	/* Less, but nothing that the driver has accepted. */
	begin(PROTOCOL);
	go();
	peer_listen(path, PROTOCOL);
	peer.features &= ~VIRTIO_FEATURE(VIRTIO_BLK_F_MQ);
	come();
	EXPECT(!start_again());
	end();
	peer_await();

	begin(PROTOCOL);
	go();
	peer_listen(path, PROTOCOL);
	peer.queues--;
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(dispatch() == -ESTALE);
	end();
	peer_await();

	begin(PROTOCOL);
	go();
	peer_listen(path, PROTOCOL);
	peer.queues = 0;
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(dispatch() == -ESTALE);
	end();
	peer_await();

	/* It can't be asked what it is like, nor told what the driver wants of it. */
	begin(PROTOCOL);
	go();
	peer_listen(path, PROTOCOL & ~(1 << VHOST_USER_PROTOCOL_F_CONFIG));
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(dispatch() == -ESTALE);
	end();
	peer_await();

	begin(PROTOCOL);
	go();
	peer_listen(path, PROTOCOL);
	peer.nonsense = VHOST_USER_GET_FEATURES;
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(dispatch() == -EPROTO);
	end();
	peer_await();
}

/* One that ends again and again is let go in the end. */
static void tries(void)
{
	begin_type(PROTOCOL, &peer_type, 3);
	go();
	EXPECT(nr_gone == 1);
	peer_listen(path, PROTOCOL);
	come();
	EXPECT(!start_again());
	go();
	EXPECT(nr_gone == 2);
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(dispatch() == -ECONNABORTED);
	end();
}

static unsigned int nr_started;

static int start_daemon(void *context, struct daemon **daemon, int *socket)
{
	EXPECT(context == &memory);
	nr_started++;
	*daemon = NULL;
	*socket = peer_start(PROTOCOL, 0, 0);
	return 0;
}

/* Daemons of ours: each that ends is followed by another, but not for ever. */
static void kept(void)
{
	struct keeper keeper = {
		.label = "disk", .start = start_daemon, .context = &memory,
	};
	unsigned int i;

	nr_started = 0;
	EXPECT(!memory_create(&memory, &shared));
	EXPECT(!keeper_open(&keeper, &peer_type, &memory, &backend, true));
	for (i = 1; i <= 5; i++) {
		EXPECT(nr_started == i);
		go();
		come();
	}
	peer_end();
	EXPECT(dispatch() == BACKEND_NOTHING);
	EXPECT(dispatch() == -ECONNABORTED);
	EXPECT(nr_started == 6);
	backend->ops->close(backend);

	EXPECT(!keeper_open(&keeper, &peer_type, &memory, &backend, false));
	peer_end();
	EXPECT(dispatch() == -ECONNRESET);
	backend->ops->close(backend);
	memory_destroy(&memory);
}

/* A network device: its MTU, and which of its queues are used. */
static void network(void)
{
	const struct vhost_user_type net = { .ordered = true, .counted_as_one = 2 };
	const struct vhost_user_message *message;
	size_t nr_fds;

	begin_type(PROTOCOL | 1 << VHOST_USER_PROTOCOL_F_NET_MTU, &net, 0);
	EXPECT(!vhost_user_set_mtu(backend, 1400));
	EXPECT(!vhost_user_enable(backend, 1));
	go();
	/* It is said while nobody is there. */
	EXPECT(!vhost_user_enable(backend, 2));
	go_on(PROTOCOL | 1 << VHOST_USER_PROTOCOL_F_NET_MTU, 0);
	message = peer_told(VHOST_USER_NET_SET_MTU, &nr_fds);
	EXPECT(message && message->payload.u64 == 1400);
	message = peer_told(VHOST_USER_SET_VRING_ENABLE, &nr_fds);
	EXPECT(message && message->payload.state.index == 1 && message->payload.state.num == 1);
	end();
	peer_await();
}

/* Its own requests are done a moment later. */
static void *complete(void *argument)
{
	bool *completed = argument;

	usleep(100000);
	*completed = true;
	__atomic_store_n(&((struct vring_used *)memory_at(&memory, USED, 4))->idx, htole16(3),
			 __ATOMIC_RELEASE);
	return NULL;
}

/* A queue is stopped when the daemon has nothing under way of it, which is not for it to tell. */
static void stopped_under_way(void)
{
	bool completed = false;
	pthread_t thread;

	begin(PROTOCOL);
	requests(3, 1);
	EXPECT(!pthread_create(&thread, NULL, complete, &completed));
	EXPECT(!backend->ops->stop(backend) && completed);
	pthread_join(thread, NULL);
	end();
	peer_await();
}

/* More than there can be: the guest has used the ring's memory for something else. */
static void stopped_without_ring(void)
{
	const long long second = vhost_user_deadline(1000);

	begin(PROTOCOL);
	requests(3, 1000);
	EXPECT(!backend->ops->stop(backend) && vhost_user_deadline(0) < second);
	end();
	peer_await();
}

const struct test reconnect_tests[] = {
	{ "stopped_under_way", stopped_under_way },
	{ "stopped_without_ring", stopped_without_ring },
	{ "idle", idle },
	{ "waiting", waiting },
	{ "introductions", introductions },
	{ "under way", under_way },
	{ "inflight", inflight },
	{ "absence", absence },
	{ "reset", reset },
	{ "queue reset", queue_reset },
	{ "paused", paused },
	{ "another", another },
	{ "tries", tries },
	{ "kept", kept },
	{ "network", network },
	{ NULL, NULL },
};
