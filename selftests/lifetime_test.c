// SPDX-License-Identifier: GPL-2.0
/*
 * How long things live: descriptors closed in any order, by any process, at any time,
 * with vCPUs that go on accessing what goes away. Nothing may be left behind, and
 * nothing may be used that is gone (the kernel's log would tell).
 *
 * Depends on: kernel, delivery, mirrors, processors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/baseline.h"
#include "lib/device.h"
#include "lib/die.h"
#include "lib/environment.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/held.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/vm.h"
#include "lib/wait.h"
#include "lib/worker.h"

#define NR_FUNCTIONS	2
#define NR_FDS		(3 + NR_FUNCTIONS)

#define PAGE		4096
#define PLACE(n)	(MEM32_BASE + 0x10000 * ((n) + 1))
#define PORT(n)		(0x2000 + 0x100 * (n))

/* Places in the BAR. */
#define REGISTERS	0
#define BELL		0x400
#define USERSPACE	0x800

/**
 * struct world - one of everything, as a launcher would make it
 * @vm: the machine
 * @host: its bridge
 * @function: its functions, plugged, with BARs that decode
 * @event: rung by a doorbell of each
 * @thread: those that run the vCPUs
 * @running: how many of them there are
 * @left: accesses that were left to userspace
 */
struct world {
	struct vm *vm;
	struct host *host;
	int function[NR_FUNCTIONS];
	int event;
	pthread_t thread[MAX_VCPUS];
	int running;
	unsigned int left;
};

static const struct kvpci_function_config description = {
	.bars = {
		{ .size = PAGE },
		{ .size = 256, .flags = KVPCI_BAR_IO },
	},
};

static int new_function(struct host *host, int n, int event)
{
	int function = function_new(host, BDF(0, n + 1, 0), description);
	struct kvpci_doorbell bell = {
		.size = sizeof(bell),
		.offset = BELL,
		.eventfd = event,
	};

	add_memory(function, 0, REGISTERS, BELL);
	add_userspace(function, 0, USERSPACE, 0x100);
	add_memory(function, 1, 0, 256);
	must(doorbell(function, &bell));
	must(plug(function));
	write_as_guest(function, PCI_BASE_ADDRESS_0, 4, PLACE(n));
	write_as_guest(function, PCI_BASE_ADDRESS_1, 4, PORT(n));
	write_as_guest(function, PCI_COMMAND, 4, DECODE_ALL);
	return function;
}

static struct world *world_new(int nr_vcpus)
{
	struct world *world = calloc(1, sizeof(*world));
	int i;

	if (!world)
		die("out of memory");
	world->vm = vm_new(nr_vcpus);
	world->host = host_new_plain(world->vm);
	world->event = event_new();
	for (i = 0; i < NR_FUNCTIONS; i++)
		world->function[i] = new_function(world->host, i, world->event);
	return world;
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What is closed already has the number -1. */
static void world_free(struct world *world)
{
	struct vm *vm = world->vm;
	int i;

	for (i = 0; i < NR_FUNCTIONS; i++)
		close_if_open(&world->function[i]);
	close_if_open(&world->host->fd);
	close_if_open(&world->event);
	for (i = 0; i < vm->nr_vcpus; i++) {
		munmap(vm->vcpus[i].run, vm->run_size);
		close_if_open(&vm->vcpus[i].fd);
	}
	close_if_open(&vm->fd);
	close_if_open(&vm->kvm_fd);
	munmap(vm->ram, RAM_SIZE);
	free(world->host);
	free(vm);
	free(world);
}

/* A vCPU that accesses all there is, all the time. */
static void add_traffic(struct world *world, int index)
{
	struct vcpu *vcpu = &world->vm->vcpus[index];
	int n;

	guest_begin(vcpu);
	for (n = 0; n < NR_FUNCTIONS; n++) {
		const int bdf = BDF(0, n + 1, 0);

		add_cfg_read(vcpu, world->host, BY_PORTS, bdf, 0, 4);
		add_cfg_read(vcpu, world->host, BY_ECAM, bdf, 0, 4);
		add_store(vcpu, PLACE(n) + REGISTERS, 4, index);
		add_load(vcpu, PLACE(n) + REGISTERS, 4);
		add_store(vcpu, PLACE(n) + BELL, 2, 1);
		add_load(vcpu, PLACE(n) + USERSPACE, 4);
		add_out(vcpu, PORT(n), 4, 1);
		add_in(vcpu, PORT(n), 4);
		/* There and back. */
		add_cfg_write(vcpu, world->host, BY_ECAM, bdf, PCI_BASE_ADDRESS_0, 4,
			      PLACE(n + 8));
		add_load(vcpu, PLACE(n + 8), 4);
		add_cfg_write(vcpu, world->host, BY_ECAM, bdf, PCI_BASE_ADDRESS_0, 4,
			      PLACE(n));
	}
}

/*
 * Run a vCPU until it halts or can't be run: its descriptor may be closed, and what it
 * accesses may have gone, so that any access may come here.
 */
static void *run_anyhow(void *arg)
{
	struct vcpu *vcpu = arg;
	struct world *world = vcpu->arg;

	for (;;) {
		int fd = __atomic_load_n(&vcpu->fd, __ATOMIC_SEQ_CST);

		if (fd < 0)
			return NULL;
		if (ioctl(fd, KVM_RUN, 0)) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			return NULL;
		}
		if (vcpu->run->exit_reason != KVM_EXIT_MMIO &&
		    vcpu->run->exit_reason != KVM_EXIT_IO)
			return NULL;
		__atomic_fetch_add(&world->left, 1, __ATOMIC_SEQ_CST);
	}
}

static void start_traffic(struct world *world)
{
	int i;

	for (i = 0; i < world->vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &world->vm->vcpus[i];

		add_traffic(world, i);
		vcpu->arg = world;
		guest_prepare(vcpu, ~0ULL);
		if (pthread_create(&world->thread[i], NULL, run_anyhow, vcpu))
			die("no thread");
		world->running++;
	}
}

/* Until each vCPU has been through its list. */
static void wait_for_traffic(struct world *world)
{
	int i;

	for (i = 0; i < world->running; i++) {
		struct agent_list *list = world->vm->vcpus[i].list;
		__u64 done = __atomic_load_n(&list->done, __ATOMIC_SEQ_CST);

		while (__atomic_load_n(&list->done, __ATOMIC_SEQ_CST) == done)
			sched_yield();
	}
}

static void stop_traffic(struct world *world)
{
	int i;

	for (i = 0; i < world->running; i++)
		guest_stop(&world->vm->vcpus[i]);
	for (i = 0; i < world->running; i++)
		pthread_join(world->thread[i], NULL);
	world->running = 0;
}

/* Numbers that are the same in every run. */
static unsigned int random_below(unsigned int n)
{
	static __u64 state = 1;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % n;
}

static __u64 now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

FIXTURE(lifetime) {
	struct baseline before;
};

FIXTURE_SETUP(lifetime)
{
	close(must(kvpci_open()));
	baseline_take(&self->before);
}

FIXTURE_TEARDOWN(lifetime)
{
	const char *more = baseline_users(&self->before);

	EXPECT_EQ(NULL, more) {
		TH_LOG("%s", more);
	}
}

/* Orders of closing. */

static void close_in_order(struct world *world, const int *order)
{
	int *fds[NR_FDS] = {
		&world->vm->fd, &world->vm->vcpus[0].fd, &world->host->fd,
		&world->function[0], &world->function[1],
	};
	int i;

	for (i = 0; i < NR_FDS; i++) {
		int fd = *fds[order[i]];

		/* The thread must not take a later descriptor for this one. */
		__atomic_store_n(fds[order[i]], -1, __ATOMIC_SEQ_CST);
		close(fd);
	}
}

#define NR_ORDERS	120

static int orders;

/* Or in every third, on a machine that has little time. */
static void in_all_orders(void (*fn)(const int *order), int *order, int n)
{
	const int step = scaled(20) > 1 ? 1 : 3;
	int i, tmp;

	if (n == NR_FDS) {
		if (orders++ % step == 0)
			fn(order);
		return;
	}
	for (i = n; i < NR_FDS; i++) {
		tmp = order[n];
		order[n] = order[i];
		order[i] = tmp;
		in_all_orders(fn, order, n + 1);
		order[i] = order[n];
		order[n] = tmp;
	}
}

static void close_idle(const int *order)
{
	struct world *world = world_new(1);

	/* The mapping keeps a vCPU, and that the machine. */
	munmap(world->vm->vcpus[0].run, world->vm->run_size);
	close_in_order(world, order);
	world_free(world);
}

static void close_running(const int *order)
{
	struct world *world = world_new(1);

	start_traffic(world);
	wait_for_traffic(world);
	close_in_order(world, order);
	stop_traffic(world);
	world_free(world);
}

TEST_F(lifetime, closed_in_all_orders)
{
	int order[NR_FDS] = { 0, 1, 2, 3, 4 };

	in_all_orders(close_idle, order, 0);
	EXPECT_EQ(NR_ORDERS, orders);
}

TEST_F(lifetime, closed_in_all_orders_while_it_runs)
{
	int order[NR_FDS] = { 0, 1, 2, 3, 4 };

	in_all_orders(close_running, order, 0);
	EXPECT_EQ(NR_ORDERS, orders);
}

/* One part comes and goes while vCPUs access it. */

TEST_F(lifetime, functions_come_and_go_while_they_are_accessed)
{
	struct world *world = world_new(2);
	int i;

	start_traffic(world);
	for (i = 0; i < scaled(200); i++) {
		int n = i % NR_FUNCTIONS;

		close(world->function[n]);
		world->function[n] = new_function(world->host, n, world->event);
	}
	wait_for_traffic(world);
	stop_traffic(world);
	EXPECT_LT(0, event_count(world->event));
	world_free(world);
}

TEST_F(lifetime, hosts_come_and_go_while_they_are_accessed)
{
	struct world *world = world_new(2);
	int i, n;

	start_traffic(world);
	for (i = 0; i < scaled(100); i++) {
		int old[NR_FUNCTIONS];

		/* The functions are closed after the host or before it. */
		memcpy(old, world->function, sizeof(old));
		if (i & 1)
			for (n = 0; n < NR_FUNCTIONS; n++)
				close(old[n]);
		close(world->host->fd);
		world->host->fd = create_host(&world->host->config);
		ASSERT_LE(0, world->host->fd);
		for (n = 0; n < NR_FUNCTIONS; n++)
			world->function[n] = new_function(world->host, n, world->event);
		if (!(i & 1))
			for (n = 0; n < NR_FUNCTIONS; n++)
				close(old[n]);
	}
	wait_for_traffic(world);
	stop_traffic(world);
	/* Without a host everything is left to userspace. */
	EXPECT_LT(0, world->left);
	EXPECT_LT(0, event_count(world->event));
	world_free(world);
}

static void remove_doorbell(void *arg)
{
	struct world *world = arg;
	struct kvpci_doorbell bell = {
		.size = sizeof(bell),
		.flags = KVPCI_DOORBELL_DEASSIGN,
		.offset = BELL,
		.eventfd = world->event,
	};

	must(doorbell(world->function[0], &bell));
}

static void remove_function(void *arg)
{
	struct world *world = arg;

	close_if_open(&world->function[0]);
}

/* They free what an access may use. */
TEST_F(lifetime, removals_wait_for_accesses_that_are_under_way)
{
	void (*const removals[])(void *arg) = { remove_doorbell, remove_function };
	struct world *world = world_new(1);
	int i;

	for (i = 0; i < 2; i++) {
		struct held *held = held_new(&world->vm->vcpus[0], RAM_FREE);

		EXPECT_TRUE(held_keeps_back(held, removals[i], world))
			TH_LOG("removal %d", i);
		held_free(held);
	}
	world_free(world);
}

TEST_F(lifetime, doorbells_come_and_go_while_they_are_rung)
{
	struct world *world = world_new(2);
	int i;

	start_traffic(world);
	for (i = 0; i < scaled(300); i++) {
		struct kvpci_doorbell bell = {
			.size = sizeof(bell),
			.flags = KVPCI_DOORBELL_DEASSIGN,
			.offset = BELL,
			.eventfd = world->event,
		};
		struct kvpci_doorbell other = bell;

		must(doorbell(world->function[0], &bell));
		/* An eventfd of which the doorbell has the last reference. */
		other.flags = 0;
		other.eventfd = event_new();
		must(doorbell(world->function[0], &other));
		other.flags = KVPCI_DOORBELL_DEASSIGN;
		must(doorbell(world->function[0], &other));
		close(other.eventfd);
		bell.flags = 0;
		must(doorbell(world->function[0], &bell));
	}
	wait_for_traffic(world);
	stop_traffic(world);
	world_free(world);
}

/* After a removal has returned nothing is signalled any more. */
TEST_F(lifetime, removed_doorbells_are_silent)
{
	struct world *world = world_new(2);
	int i;

	start_traffic(world);
	for (i = 0; i < 30; i++) {
		struct kvpci_doorbell bell = {
			.size = sizeof(bell),
			.offset = BELL + 0x100,
			.eventfd = event_new(),
		};
		__u64 unwanted;

		must(doorbell(world->function[i & 1], &bell));
		close(bell.eventfd);

		bell.offset = BELL;
		bell.eventfd = world->event;
		bell.flags = KVPCI_DOORBELL_DEASSIGN;
		must(doorbell(world->function[0], &bell));
		must(doorbell(world->function[1], &bell));
		event_count(world->event);
		wait_for_traffic(world);
		unwanted = event_count(world->event);
		ASSERT_EQ(0, unwanted);
		bell.flags = 0;
		must(doorbell(world->function[0], &bell));
		must(doorbell(world->function[1], &bell));

		/* The other place is taken, with a reference to a closed eventfd. */
		close(world->function[i & 1]);
		world->function[i & 1] = new_function(world->host, i & 1, world->event);
	}
	stop_traffic(world);
	world_free(world);
}

/* Several threads at once. */

struct attempt {
	pthread_barrier_t *barrier;
	int (*fn)(struct world *world);
	struct world *world;
	int result;
};

static void *attempt(void *arg)
{
	struct attempt *attempt = arg;

	pthread_barrier_wait(attempt->barrier);
	attempt->result = attempt->fn(attempt->world);
	return NULL;
}

/* Let two threads try: the results, the greater first. */
static void both(struct world *world, int (*fn)(struct world *world), int result[2])
{
	pthread_barrier_t barrier;
	pthread_t threads[2];
	struct attempt attempts[2];
	int i;

	pthread_barrier_init(&barrier, NULL, 2);
	for (i = 0; i < 2; i++) {
		attempts[i] = (struct attempt) {
			.barrier = &barrier, .fn = fn, .world = world,
		};
		if (pthread_create(&threads[i], NULL, attempt, &attempts[i]))
			die("no thread");
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	i = attempts[0].result < attempts[1].result;
	result[0] = attempts[i].result;
	result[1] = attempts[!i].result;
}

static int try_host(struct world *world)
{
	return create_host(&world->host->config);
}

static int try_function(struct world *world)
{
	struct kvpci_function_config config = description;

	config.size = sizeof(config);
	config.devfn = BDF(0, 20, 0);
	config.capability_size = sizeof(struct kvpci_capability);
	return create_function(world->host->fd, &config);
}

static int try_plug(struct world *world)
{
	return plug(world->function[0]);
}

static int try_doorbell(struct world *world)
{
	struct kvpci_doorbell bell = {
		.size = sizeof(bell),
		.eventfd = world->event,
	};

	return doorbell(world->function[0], &bell);
}

static int try_range(struct world *world)
{
	struct range_desc range = {
		.kind = KVPCI_RANGE_REGISTERS,
		.length = 4,
	};

	return add_range(world->function[0], &range);
}

/* One of two gets it. */
TEST_F(lifetime, two_threads_want_the_same)
{
	struct world *world = world_new(1);
	int result[2], i;

	for (i = 0; i < 20; i++) {
		both(world, try_function, result);
		EXPECT_LE(0, result[0]);
		EXPECT_EQ(-EEXIST, result[1]);
		close(world->function[0]);
		world->function[0] = result[0];
		both(world, try_range, result);
		EXPECT_EQ(0, result[0]);
		EXPECT_EQ(-EEXIST, result[1]);
		both(world, try_doorbell, result);
		EXPECT_EQ(0, result[0]);
		EXPECT_EQ(-EEXIST, result[1]);
		both(world, try_plug, result);
		EXPECT_EQ(0, result[0]);
		EXPECT_EQ(-EBUSY, result[1]);
		close_if_open(&world->function[0]);

		close(world->host->fd);
		both(world, try_host, result);
		EXPECT_LE(0, result[0]);
		EXPECT_EQ(-EBUSY, result[1]);
		world->host->fd = result[0];
	}
	world_free(world);
}

/* Anything at any moment, on descriptors that other threads may have just closed. */
static void *any_ioctls(void *arg)
{
	struct world *world = arg;
	__u64 end = now_us() + 1500000;
	unsigned int seed = gettid();

	while (now_us() < end) {
		int *slot = &world->function[rand_r(&seed) % NR_FUNCTIONS];
		int function = __atomic_load_n(slot, __ATOMIC_SEQ_CST);
		struct kvpci_doorbell bell = {
			.size = sizeof(bell),
			.flags = rand_r(&seed) & KVPCI_DOORBELL_DEASSIGN,
			.offset = rand_r(&seed) % 4 + BELL,
			.eventfd = world->event,
		};
		struct range_desc range = {
			.kind = rand_r(&seed) & 1 ? KVPCI_RANGE_REGISTERS :
						    KVPCI_RANGE_USERSPACE,
			.offset = rand_r(&seed) % 0x400,
			.length = 4,
		};
		__u32 value = PLACE(rand_r(&seed) % 8);
		struct kvpci_access access = {
			.size = sizeof(access),
			.flags = KVPCI_ACCESS_AS_GUEST,
			.bar = KVPCI_CONFIG,
			.length = 4,
			.data = (unsigned long)&value,
		};

		switch (rand_r(&seed) % 8) {
		case 0:
			/* What comes in its place is made by the same kind of call. */
			if (rand_r(&seed) % 4)
				break;
			function = __atomic_exchange_n(slot, -1, __ATOMIC_SEQ_CST);
			if (function >= 0)
				close(function);
			break;
		case 1:
			if (function >= 0)
				break;
			function = try_function(world);
			if (function >= 0)
				close(__atomic_exchange_n(slot, function, __ATOMIC_SEQ_CST));
			break;
		case 2:
			plug(function);
			break;
		case 3:
			add_range(function, &range);
			break;
		case 4:
			device_read(function, KVPCI_CONFIG, 0, &value, 4);
			break;
		case 5:
			device_write(function, 0, 0, &value, 4);
			break;
		case 6:
			doorbell(function, &bell);
			break;
		default:
			access.offset = PCI_BASE_ADDRESS_0;
			if (rand_r(&seed) & 1) {
				access.offset = PCI_COMMAND;
				value = rand_r(&seed) & DECODE_ALL;
			}
			kvpci_ioctl(function, KVPCI_WRITE, &access);
		}
	}
	return NULL;
}

TEST_F(lifetime, ioctls_at_the_same_time)
{
	struct world *world = world_new(1);
	pthread_t threads[3];
	int i;

	start_traffic(world);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		if (pthread_create(&threads[i], NULL, any_ioctls, world))
			die("no thread");
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	stop_traffic(world);
	world_free(world);
}

/* Processes. */

static void wait_for(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		die("waitpid: %m");
}

/* Set up, let it run, take it down, for ever. */
static void live(void)
{
	for (;;) {
		struct world *world = world_new(2);

		start_traffic(world);
		wait_for_traffic(world);
		close(world->function[0]);
		world->function[0] = -1;
		wait_for_traffic(world);
		stop_traffic(world);
		world_free(world);
	}
}

TEST_F(lifetime, killed_at_any_time)
{
	__u64 start = now_us(), life;
	int i;

	/* How long it takes, so that the moments cover all of it. */
	struct world *world = world_new(2);

	start_traffic(world);
	wait_for_traffic(world);
	wait_for_traffic(world);
	stop_traffic(world);
	world_free(world);
	life = now_us() - start;

	for (i = 0; i < scaled(50); i++) {
		pid_t child = must(fork());

		if (!child)
			live();
		usleep(random_below(3 * life / 2 + 1));
		must(kill(child, SIGKILL));
		wait_for(child);
	}
}

/* A process ends with all of it open and its vCPUs running. */
TEST_F(lifetime, exit_while_it_runs)
{
	int i;

	for (i = 0; i < 10; i++) {
		pid_t child = must(fork());

		if (!child) {
			struct world *world = world_new(2);

			start_traffic(world);
			wait_for_traffic(world);
			_exit(0);
		}
		wait_for(child);
	}
}

static void send_fd(int socket, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(fd))] = {};
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(socket, &message, 0) != 1)
		die("sendmsg: %m");
}

static int receive_fd(int socket)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &message, 0) != 1)
		die("recvmsg: %m");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void tell(int socket)
{
	if (write(socket, "", 1) != 1)
		die("write: %m");
}

static void be_told(int socket)
{
	char byte;

	if (read(socket, &byte, 1) != 1)
		die("the other process is gone");
}

/*
 * The process that gets a bridge makes a function behind it, which the guest of the one
 * that made the bridge sees until that process has ended.
 */
TEST_F(lifetime, bridge_passed_to_another_process)
{
	struct world *world = world_new(1);
	__u32 id = DEVICE << 16 | VENDOR;
	int ends[2];
	pid_t child;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	child = must(fork());
	if (!child) {
		struct host other = { .vm = world->vm };

		close(world->host->fd);
		close(world->function[0]);
		close(world->function[1]);
		close(world->vm->fd);
		close(world->vm->vcpus[0].fd);
		close(ends[0]);
		other.fd = receive_fd(ends[1]);
		function_plugged(&other, BDF(0, 9, 0), description);
		tell(ends[1]);
		be_told(ends[1]);
		_exit(0);
	}

	send_fd(ends[0], world->host->fd);
	be_told(ends[0]);
	EXPECT_EQ(id, cfg_read(world->host, BY_ECAM, BDF(0, 9, 0), 0, 4));
	tell(ends[0]);
	wait_for(child);
	EXPECT_EQ(ones(4), cfg_read(world->host, BY_ECAM, BDF(0, 9, 0), 0, 4));
	EXPECT_EQ(id, cfg_read(world->host, BY_ECAM, BDF(0, 1, 0), 0, 4));
	close(ends[0]);
	close(ends[1]);
	world_free(world);
}

/* What a fork has copied keeps things alive, whatever the other process does. */
TEST_F(lifetime, kept_by_a_fork)
{
	int which;

	for (which = 0; which < 8; which++) {
		struct world *world = world_new(1);
		int ends[2];
		pid_t child;

		must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
		start_traffic(world);
		wait_for_traffic(world);
		child = must(fork());
		if (!child) {
			close(ends[0]);
			/* It keeps some of them: bit 0, the host; 1: a function. */
			if (!(which & 1))
				close(world->host->fd);
			if (!(which & 2))
				close(world->function[0]);
			if (!(which & 4))
				close(world->vm->fd);
			close(world->function[1]);
			close(world->vm->vcpus[0].fd);
			munmap(world->vm->vcpus[0].run, world->vm->run_size);
			tell(ends[1]);
			be_told(ends[1]);
			_exit(0);
		}
		be_told(ends[0]);
		stop_traffic(world);
		if (which & 2) {
			const struct kvpci_function_config same_place = {
				.size = sizeof(same_place),
				.devfn = BDF(0, 1, 0),
				.capability_size = sizeof(struct kvpci_capability),
			};

			close_if_open(&world->function[0]);
			/* The place is taken until the other process has ended. */
			EXPECT_EQ(-EEXIST, create_function(world->host->fd, &same_place));
		}
		if (which & 1) {
			close(world->host->fd);
			EXPECT_EQ(-EBUSY, create_host(&world->host->config));
			world->host->fd = -1;
		}
		/* The machine's process may be gone before its bridge is. */
		if (which & 4)
			world_free(world);
		tell(ends[0]);
		wait_for(child);
		if (!(which & 4)) {
			if (which & 1) {
				world->host->fd = create_host(&world->host->config);
				EXPECT_LE(0, world->host->fd);
			}
			world_free(world);
		}
		close(ends[0]);
		close(ends[1]);
	}
}

/* The process that made the machine ends first, with another holding its bridge. */
TEST_F(lifetime, bridge_outlives_the_process_of_its_machine)
{
	int i;

	for (i = 0; i < 5; i++) {
		int ends[2], bridge, function;
		pid_t child;

		must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
		child = must(fork());
		if (!child) {
			struct world *world = world_new(2);

			start_traffic(world);
			wait_for_traffic(world);
			send_fd(ends[1], world->host->fd);
			send_fd(ends[1], world->function[0]);
			_exit(0);
		}
		bridge = receive_fd(ends[0]);
		function = receive_fd(ends[0]);
		wait_for(child);

		write_as_guest(function, PCI_BASE_ADDRESS_0, 4, PLACE(3));
		EXPECT_EQ(-EBUSY, plug(function));
		if (i & 1)
			close(bridge);
		close(function);
		if (!(i & 1))
			close(bridge);
		close(ends[0]);
		close(ends[1]);
	}
}

/*
 * Deferred work. Two functions whose pins are crossed, so that what interrupts one
 * acknowledges the other, have no end of it.
 */

#define CGROUPS		"/sys/fs/cgroup"
#define CGROUP		CGROUPS "/kvpci-owner"
#define LOOK_FOR_US	20000ULL	/* how long to look whether somebody works */

static void write_file(const char *path, const char *text)
{
	int fd = must(open(path, O_WRONLY | O_CLOEXEC));

	must(write(fd, text, strlen(text)));
	close(fd);
}

/* CPU time that the owner's cgroup has been charged for. */
static __u64 charged_us(void)
{
	FILE *file = fopen(CGROUP "/cpu.stat", "re");
	unsigned long long us;

	if (!file || fscanf(file, "usage_usec %llu", &us) != 1)
		die(CGROUP "/cpu.stat has no number");
	fclose(file);
	return us;
}

/* Nothing but the worker has anything to do in that cgroup. */
static bool is_charged(void)
{
	const __u64 before = charged_us();

	return eventually(charged_us() - before > LOOK_FOR_US);
}

/* Does it rest for several looks, of which each would show a worker that is busy? */
static bool comes_to_rest(void)
{
	const time_t end = time(NULL) + patience();
	int rests = 0;

	while (rests < 10 && time(NULL) < end) {
		const __u64 before = charged_us();

		usleep(LOOK_FOR_US);
		rests = charged_us() - before < LOOK_FOR_US / 4 ? rests + 1 : 0;
	}
	return rests == 10;
}

static void read_cgroups(pid_t pid, char *buffer, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	fd = must(open(path, O_RDONLY | O_CLOEXEC));
	n = must(read(fd, buffer, size - 1));
	buffer[n] = 0;
	close(fd);
}

static int new_crossed_function(struct host *host, int n, int route, int resample)
{
	const struct kvpci_function_config desc = { .interrupt_pin = 1 };
	int function = function_plugged(host, BDF(0, n + 1, 0), desc);

	must(set_route(function, KVPCI_INTX, 0, 0, route, resample));
	must(trigger(function, KVPCI_INTX, 0));
	return function;
}

/* The owner: makes two functions that keep each other busy, gives all away, and waits. */
static void own_a_circle(int socket)
{
	int function[2], event[2], i;
	struct host *host;

	write_file(CGROUP "/cgroup.procs", "0");
	if (setpriority(PRIO_PROCESS, 0, 5))
		die("setpriority: %m");
	host = host_new_plain(vm_new_with(1, VM_INTERRUPTS));
	for (i = 0; i < 2; i++)
		event[i] = event_new();
	for (i = 0; i < 2; i++)
		function[i] = new_crossed_function(host, i, event[i], event[!i]);
	for (i = 0; i < 2; i++) {
		send_fd(socket, function[i]);
		close(function[i]);
	}
	send_fd(socket, host->fd);
	close(host->fd);
	/* For as long as the other end is open. */
	if (read(socket, &i, 1))
		die("read: %m");
	_exit(0);
}

/**
 * struct circle - what own_a_circle() has made, as another process sees it
 * @owner: the process
 * @socket: it waits for the end of this
 * @fd: the descriptors of the two functions and of the bridge, which it does not have
 */
struct circle {
	pid_t owner;
	int socket;
	int fd[3];
};

static void circle_begin(struct circle *circle)
{
	int ends[2], i;

	/* A run that was ended in the middle may have left it, and an owner in it. */
	if (!access(CGROUP, F_OK)) {
		write_file(CGROUP "/cgroup.kill", "1");
		eventually(!rmdir(CGROUP));
	}
	if (mkdir(CGROUP, 0755))
		die(CGROUP ": %m");
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	circle->owner = must(fork());
	if (!circle->owner) {
		close(ends[0]);
		own_a_circle(ends[1]);
	}
	close(ends[1]);
	circle->socket = ends[0];
	for (i = 0; i < 3; i++)
		circle->fd[i] = receive_fd(ends[0]);
}

static void circle_end(struct circle *circle)
{
	int i;

	for (i = 0; i < 3; i++)
		close_if_open(&circle->fd[i]);
	close_if_open(&circle->socket);
	if (circle->owner)
		wait_for(circle->owner);
	/* A thread that has ended leaves its cgroup a moment later. */
	if (!eventually(!rmdir(CGROUP)))
		die(CGROUP ": %m");
}

/* Stop the owner by a signal, or freeze its cgroup. */
static void halt(const struct circle *circle, bool stop)
{
	int status;

	if (!stop) {
		write_file(CGROUP "/cgroup.freeze", "1");
		return;
	}
	must(kill(circle->owner, SIGSTOP));
	if (waitpid(circle->owner, &status, WUNTRACED) != circle->owner ||
	    !WIFSTOPPED(status))
		die("the owner does not stop");
}

static void go_on(const struct circle *circle, bool stop)
{
	if (stop)
		must(kill(circle->owner, SIGCONT));
	else
		write_file(CGROUP "/cgroup.freeze", "0");
}

/* Close a descriptor in a process of its own: does that come to an end? */
static bool can_be_closed(int *fd)
{
	pid_t child = must(fork());
	int status;

	if (!child)
		for (;;)
			pause();
	/* The last one is the child's, which closes it as it ends. */
	close_if_open(fd);
	kill(child, SIGKILL);
	return eventually(waitpid(child, &status, WNOHANG) == child);
}

TEST_F(lifetime, deferred_work_is_in_its_owners_cgroup)
{
	char owners[1024], workers[1024];
	struct circle circle;
	pid_t worker;

	circle_begin(&circle);
	worker = worker_of(circle.owner);
	EXPECT_NE(0, worker);
	if (worker) {
		read_cgroups(circle.owner, owners, sizeof(owners));
		read_cgroups(worker, workers, sizeof(workers));
		EXPECT_STREQ(owners, workers);
		EXPECT_EQ(5, getpriority(PRIO_PROCESS, worker));
	}
	EXPECT_TRUE(is_charged());
	circle_end(&circle);
	EXPECT_TRUE(eventually(!worker_of(circle.owner)));
}

TEST_F(lifetime, without_a_function_or_the_bridge_a_circle_ends)
{
	int which;

	for (which = 0; which < 3; which++) {
		struct circle circle;

		circle_begin(&circle);
		EXPECT_TRUE(is_charged());
		EXPECT_TRUE(can_be_closed(&circle.fd[which]));
		EXPECT_TRUE(comes_to_rest());
		circle_end(&circle);
	}
}

/* Nobody works for a process that is stopped, but who waits for its work is not stopped. */
TEST_F(lifetime, deferred_work_rests_with_its_owner)
{
	int stop;

	for (stop = 0; stop < 2; stop++) {
		struct circle circle;

		circle_begin(&circle);
		EXPECT_TRUE(is_charged());
		halt(&circle, stop);
		EXPECT_TRUE(comes_to_rest());
		go_on(&circle, stop);
		EXPECT_TRUE(is_charged());

		halt(&circle, stop);
		EXPECT_TRUE(comes_to_rest());
		/* The item that rests is of one of the two. */
		EXPECT_TRUE(can_be_closed(&circle.fd[0]));
		EXPECT_TRUE(can_be_closed(&circle.fd[1]));
		go_on(&circle, stop);
		EXPECT_TRUE(comes_to_rest());
		circle_end(&circle);
	}
}

/* Who has the functions and the bridge does not have work done for a process that is no more. */
TEST_F(lifetime, deferred_work_ends_with_its_owner)
{
	struct circle circle;

	circle_begin(&circle);
	EXPECT_TRUE(is_charged());
	kill(circle.owner, SIGKILL);
	wait_for(circle.owner);
	circle.owner = 0;
	EXPECT_TRUE(comes_to_rest());
	circle_end(&circle);
}

/* The module. */

static int unload(void)
{
	return syscall(SYS_delete_module, "kvpci", O_NONBLOCK) ? -errno : 0;
}

TEST_F(lifetime, module_stays_while_it_is_used)
{
	struct world *world = world_new(1);
	int kvpci = kvpci_open();

	ASSERT_LE(0, kvpci);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close_if_open(&world->function[1]);
	close_if_open(&world->host->fd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(kvpci);
	/* A function without its bridge. */
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close_if_open(&world->function[0]);
	EXPECT_EQ(0, unload());
	EXPECT_EQ(-1, access(KVPCI_DEVICE_PATH, F_OK));

	/* The machine is none the worse, and is given another bridge. */
	world->host->fd = create_host(&world->host->config);
	ASSERT_LE(0, world->host->fd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	EXPECT_EQ(BRIDGE_DEVICE << 16 | BRIDGE_VENDOR,
		  cfg_read(world->host, BY_PORTS, 0, 0, 4));
	world_free(world);
}

TEST_F(lifetime, module_comes_and_goes)
{
	int i;

	for (i = 0; i < 5; i++) {
		struct world *world = world_new(1);

		world_free(world);
		ASSERT_EQ(0, unload());
	}
	close(must(kvpci_open()));
}

static void bridge_again(struct world *world)
{
	int n;

	for (n = 0; n < NR_FUNCTIONS; n++)
		close(world->function[n]);
	close(world->host->fd);
	world->host->fd = must(create_host(&world->host->config));
	for (n = 0; n < NR_FUNCTIONS; n++)
		world->function[n] = new_function(world->host, n, world->event);
}

TEST_F(lifetime, a_thousand_bridges_leave_nothing)
{
	struct world *world = world_new(1);

	EXPECT_NO_LEAK(scaled(1000), bridge_again(world));
	world_free(world);
}

TEST_F(lifetime, a_hundred_machines_leave_nothing)
{
	EXPECT_NO_LEAK(100, world_free(world_new(1)));
}

TEST_HARNESS_MAIN
