// SPDX-License-Identifier: GPL-2.0
/*
 * Network devices with several pairs of queues. Queues 2 * N and 2 * N + 1 are pair N, which
 * receives by the former, and behind the last is the control queue, by which the driver says how
 * many pairs it uses.
 *
 * What serves the pairs knows nothing of that queue. So there is a back end around it: what is
 * about pairs it hands on, and the control queue is its own.
 *
 * A driver that is to use some of the pairs only has all of them running. What comes for it goes to
 * those that it uses, which is up to the inner back end.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "event.h"
#include "virtio/net.h"
#include "virtio/netctrl.h"
#include "virtio/netpairs.h"

/* So long, in milliseconds, after a driver has announced itself it is asked to do it once more. */
#define ANNOUNCE_AGAIN	500

enum source {
	SOURCE_PAIRS,
	SOURCE_CONTROL,
	SOURCE_ANNOUNCE,
};

/* The control queue. */
enum control {
	CONTROL_STOPPED,
	CONTROL_RUNS,
	CONTROL_PAUSED,	/* it will go on where it was */
	CONTROL_BROKEN,	/* the driver has broken the rules of queues, and has to reset it */
};

/**
 * struct netpairs - a back end with a control queue
 * @backend: what the transport knows of it
 * @ops: its operations, by the inner one's name
 * @inner: what serves the pairs
 * @config: what the control queue is about
 * @used_pairs: the driver's; the control queue is behind them (5.1.2)
 * @accepted: features that the driver has accepted
 * @started: the queues have been started, and not been stopped since
 * @control: what becomes of the control queue, and
 * @netctrl: this is it
 * @more: an eventfd: there may be more in the control queue
 * @again: once the driver has announced itself, it is to do so once more
 * @timer: a timerfd: that is now
 * @events: an epoll instance: what @inner waits for, @more, @timer, and the control queue's kick
 *	while it runs
 */
struct netpairs {
	struct backend backend;
	struct backend_ops ops;
	struct backend *inner;
	struct netpairs_config config;
	unsigned int used_pairs;
	__u64 accepted;
	bool started;
	enum control control;
	struct netctrl netctrl;
	int more;
	bool again;
	int timer;
	int events;
};

static struct netpairs *to_netpairs(const struct backend *backend)
{
	return (struct netpairs *)backend;
}

static int set_pairs(void *context, unsigned int n)
{
	struct netpairs *net = context;

	return net->config.set_pairs(net->inner, n);
}

/* @again: once it is announced. */
static void expect_announcement(struct netpairs *net, bool again)
{
	net->again = again;
	event_set_timer(net->timer, 0);
}

/*
 * Linux (6.1) does it before it lets packets out again, if it learns of both at once: nobody hears
 * that. By the next time it does.
 */
static void announced(void *context)
{
	struct netpairs *net = context;

	if (net->again)
		event_set_timer(net->timer, ANNOUNCE_AGAIN);
	net->again = false;
	net->config.announced(net->config.context);
}

static bool is_pairs(const struct netpairs *net, unsigned int index)
{
	return index < PAIR * net->used_pairs;
}

static bool is_control(const struct netpairs *net, unsigned int index)
{
	return index == PAIR * net->used_pairs &&
	       net->accepted & VIRTIO_FEATURE(VIRTIO_NET_F_CTRL_VQ);
}

static int watch(struct netpairs *net, int fd, enum source source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = source };

	return epoll_ctl(net->events, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int start_control(struct netpairs *net, const struct queue *queue)
{
	int error = watch(net, queue->kick, SOURCE_CONTROL);

	if (error)
		return error;
	net->netctrl = (struct netctrl){
		.kick = queue->kick,
		.more = net->more,
		.max_pairs = net->accepted & VIRTIO_FEATURE(VIRTIO_NET_F_MQ) ?
			     net->config.nr_pairs : 0,
		.set_pairs = set_pairs,
		.announced = net->accepted & VIRTIO_FEATURE(VIRTIO_NET_F_GUEST_ANNOUNCE) ?
			     announced : NULL,
		.context = net,
	};
	ring_start(&net->netctrl.ring, net->backend.memory, net->config.endpoint, queue,
		   net->accepted);
	net->control = CONTROL_RUNS;
	return 0;
}

static void halt_control(struct netpairs *net, enum control control)
{
	if (net->control == CONTROL_RUNS)
		epoll_ctl(net->events, EPOLL_CTL_DEL, net->netctrl.kick, NULL);
	net->control = control;
	event_take(net->more);
}

/* While it was paused, the driver may have reset it, and enabled it again, which begins anew. */
static int resume_control(struct netpairs *net, const struct queue *queue)
{
	switch (net->control) {
	case CONTROL_STOPPED:
		return queue->enabled ? start_control(net, queue) : 0;
	case CONTROL_PAUSED:
		net->control = CONTROL_RUNS;
		return watch(net, net->netctrl.kick, SOURCE_CONTROL);
	default:
		return 0;
	}
}

static int netpairs_features(struct backend *backend, __u64 *features)
{
	struct backend *inner = to_netpairs(backend)->inner;

	return inner->ops->features(inner, features);
}

static int netpairs_stop(struct backend *backend)
{
	struct netpairs *net = to_netpairs(backend);

	halt_control(net, CONTROL_STOPPED);
	expect_announcement(net, false);
	net->started = false;
	return net->inner->ops->stop(net->inner);
}

/* All of them begin anew. Until it says something else, a driver uses one pair (5.1.6.5.6). */
static int begin(struct netpairs *net, __u64 features)
{
	net->accepted = features;
	net->used_pairs = features & VIRTIO_FEATURE(VIRTIO_NET_F_MQ) ? net->config.nr_pairs : 1;
	return set_pairs(net, 1);
}

/* If it goes on, the driver has said how many pairs it uses. */
static int netpairs_start(struct backend *backend, __u64 features, const struct queue *queues,
			  unsigned int nr_queues)
{
	struct netpairs *net = to_netpairs(backend);
	const bool anew = !net->started;
	unsigned int control;
	int error = 0;

	if (anew)
		error = begin(net, features);
	control = PAIR * net->used_pairs;
	if (!error)
		error = net->inner->ops->start(net->inner, features, queues, control);
	if (!error && control < nr_queues && is_control(net, control))
		error = resume_control(net, &queues[control]);
	if (!error)
		net->started = true;
	else if (anew)
		netpairs_stop(backend);
	return error;
}

static int netpairs_pause(struct backend *backend, struct queue *queues, unsigned int nr_queues)
{
	struct netpairs *net = to_netpairs(backend);
	const unsigned int nr = PAIR * net->used_pairs;

	if (net->control == CONTROL_RUNS)
		halt_control(net, CONTROL_PAUSED);
	return net->inner->ops->pause(net->inner, queues, nr < nr_queues ? nr : nr_queues);
}

static int netpairs_start_queue(struct backend *backend, unsigned int index,
				const struct queue *queue)
{
	struct netpairs *net = to_netpairs(backend);

	if (is_pairs(net, index))
		return net->inner->ops->start_queue(net->inner, index, queue);
	return is_control(net, index) ? start_control(net, queue) : 0;
}

static int netpairs_stop_queue(struct backend *backend, unsigned int index)
{
	struct netpairs *net = to_netpairs(backend);

	if (is_pairs(net, index))
		return net->inner->ops->stop_queue(net->inner, index);
	if (is_control(net, index))
		halt_control(net, CONTROL_STOPPED);
	return 0;
}

static int netpairs_set_call(struct backend *backend, unsigned int index,
			     const struct queue *queue)
{
	struct netpairs *net = to_netpairs(backend);

	if (is_pairs(net, index))
		return net->inner->ops->set_call(net->inner, index, queue);
	/* We signal none for the control queue. */
	return 0;
}

static int netpairs_poll_fd(const struct backend *backend)
{
	return to_netpairs(backend)->events;
}

static int serve_pairs(struct netpairs *net)
{
	int event = net->inner->ops->dispatch(net->inner);

	switch (event) {
	case BACKEND_BACK:
	case BACKEND_LINK_UP:
		expect_announcement(net, true);
		break;
	case BACKEND_AWAY:
	case BACKEND_LINK_DOWN:
	case BACKEND_LINK_GONE:
		expect_announcement(net, false);
		break;
	}
	return event;
}

static int serve_control(struct netpairs *net)
{
	int result = netctrl_serve(&net->netctrl);

	if (result < 0) {
		/* Nobody looks at it again: that it makes no sense is the driver's affair. */
		halt_control(net, CONTROL_BROKEN);
		return BACKEND_NEEDS_RESET;
	}
	return result ? (int)(BACKEND_INTERRUPT + PAIR * net->used_pairs) : BACKEND_NOTHING;
}

static int netpairs_dispatch(struct backend *backend)
{
	struct netpairs *net = to_netpairs(backend);
	struct epoll_event event;

	if (epoll_wait(net->events, &event, 1, 0) != 1)
		return BACKEND_NOTHING;
	switch ((enum source)event.data.u32) {
	case SOURCE_PAIRS:
		return serve_pairs(net);
	case SOURCE_CONTROL:
		return serve_control(net);
	default:
		expect_announcement(net, false);
		return BACKEND_ANNOUNCE;
	}
}

static void close_events(struct netpairs *net)
{
	if (net->more >= 0)
		close(net->more);
	if (net->timer >= 0)
		close(net->timer);
	if (net->events >= 0)
		close(net->events);
}

static void netpairs_close(struct backend *backend)
{
	struct netpairs *net = to_netpairs(backend);

	net->inner->ops->close(net->inner);
	close_events(net);
	free(net);
}

static const struct backend_ops netpairs_ops = {
	.features = netpairs_features,
	.start = netpairs_start,
	.stop = netpairs_stop,
	.pause = netpairs_pause,
	.start_queue = netpairs_start_queue,
	.stop_queue = netpairs_stop_queue,
	.set_call = netpairs_set_call,
	.poll_fd = netpairs_poll_fd,
	.dispatch = netpairs_dispatch,
	.close = netpairs_close,
};

/* The inner back end may wait for nothing. */
static int create_events(struct netpairs *net)
{
	const struct backend_ops *ops = net->inner->ops;
	int fd = ops->poll_fd ? ops->poll_fd(net->inner) : -1;
	int error;

	net->events = epoll_create1(EPOLL_CLOEXEC);
	if (net->events < 0)
		return -errno;
	net->more = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (net->more < 0)
		return -errno;
	net->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (net->timer < 0)
		return -errno;
	error = watch(net, net->more, SOURCE_CONTROL);
	if (!error)
		error = watch(net, net->timer, SOURCE_ANNOUNCE);
	return !error && fd >= 0 ? watch(net, fd, SOURCE_PAIRS) : error;
}

int netpairs_open(struct backend **backend, const struct netpairs_config *config)
{
	struct netpairs *net = malloc(sizeof(*net));
	int error;

	if (!net)
		return -ENOMEM;
	*net = (struct netpairs){
		.backend = { .ops = &net->ops, .memory = (*backend)->memory },
		.ops = netpairs_ops, .inner = *backend, .config = *config,
		.more = -1, .timer = -1, .events = -1,
	};
	net->ops.name = net->inner->ops->name;
	error = create_events(net);
	if (!error) {
		*backend = &net->backend;
		return 0;
	}
	close_events(net);
	free(net);
	return error;
}
