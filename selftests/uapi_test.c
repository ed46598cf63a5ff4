// SPDX-License-Identifier: GPL-2.0
/*
 * What uapi/linux/kvpci.h says is refused: each ioctl with each kind of wrong argument
 * gives the documented error. After that the same call with a right argument succeeds,
 * the guest sees what it saw before, and nothing is lost.
 *
 * Depends on: kernel, mirrors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/baseline.h"
#include "lib/die.h"
#include "lib/event.h"
#include "lib/guest.h"
#include "lib/harness.h"
#include "lib/ioctls.h"
#include "lib/pci.h"
#include "lib/state.h"
#include "lib/structure.h"
#include "lib/vm.h"

#define BDF_TEST	BDF(0, 1, 0)
#define BDF_FREE	BDF(0, 2, 0)

#define BAR_MEMORY	0		/* of one page */
#define BAR_IO		1		/* of 256 ports */
#define BAR_LARGE	2		/* of 64 MiB, 64 bits */
#define BAR_LARGE_UPPER	3		/* its other half */
#define BAR_SMALL	4		/* of 16 bytes */
#define BAR_NONE	5
#define LARGE		(64ULL << 20)

static const struct kvpci_function_config description = {
	.bars = {
		[BAR_MEMORY] = { .size = PAGE },
		[BAR_IO] = { .size = 256, .flags = KVPCI_BAR_IO },
		[BAR_LARGE] = { .size = LARGE, .flags = KVPCI_BAR_64BIT },
		[BAR_SMALL] = { .size = 16 },
	},
	.rom_size = 2048,
};

#define MAX_SEEN	(256 + 64)

FIXTURE(uapi) {
	struct baseline before;
	struct vm *vm;
	struct host *host;
	int kvpci;
	int spare_vm;		/* a virtual machine without a host bridge */
	int function;		/* at BDF_TEST, not plugged */
	int event;
	char *edge;		/* two pages end here, and what follows is no memory */
	__u64 seen[MAX_SEEN];
};

/* All IDs on bus 0, and the header of the bridge. */
static void look(struct host *host, __u64 *seen)
{
	struct vcpu *vcpu = &host->vm->vcpus[0];
	int i;

	guest_begin(vcpu);
	for (i = 0; i < 256; i++)
		add_load(vcpu, ecam_address(host, i, PCI_VENDOR_ID), 4);
	for (i = 0; i < 64; i++)
		add_load(vcpu, ecam_address(host, 0, 4 * i), 4);
	guest_run(vcpu, 1);
	for (i = 0; i < MAX_SEEN; i++)
		seen[i] = vcpu->ops[i].result;
}

FIXTURE_SETUP(uapi)
{
	/* Loads the module if need be, and so does not belong to the test. */
	close(must(kvpci_open()));

	baseline_take(&self->before);
	self->kvpci = must(kvpci_open());
	self->vm = vm_new(1);
	self->spare_vm = must(ioctl(self->vm->kvm_fd, KVM_CREATE_VM, 0));
	self->host = host_new(self->vm);
	self->function = function_new(self->host, BDF_TEST, description);
	self->event = event_new();
	self->edge = edge_new();
	look(self->host, self->seen);
}

FIXTURE_TEARDOWN(uapi)
{
	__u64 seen[MAX_SEEN];
	const char *more;

	if (self->host->fd >= 0) {
		look(self->host, seen);
		EXPECT_EQ(0, memcmp(seen, self->seen, sizeof(seen)));
	}

	edge_free(self->edge);
	close(self->event);
	close(self->function);
	host_free(self->host);
	close(self->spare_vm);
	close(self->kvpci);
	vm_free(self->vm);
	more = baseline_users(&self->before);
	EXPECT_EQ(NULL, more) {
		TH_LOG("%s", more);
	}
}

/* More to say of the calls that follow, should they fail. */
static char noted[128];

static void __attribute__((format(printf, 1, 2))) note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(noted, sizeof(noted), format, args);
	va_end(args);
}

/* Right arguments. */

static struct kvpci_host_config good_host(struct _test_data_uapi *self)
{
	struct kvpci_host_config config = host_defaults(self->vm);

	config.vm_fd = self->spare_vm;
	return config;
}

static struct kvpci_function_config good_function(void)
{
	struct kvpci_function_config config = description;

	config.size = sizeof(config);
	config.devfn = BDF_FREE;
	config.vendor = VENDOR;
	config.capability_size = sizeof(struct kvpci_capability);
	return config;
}

static struct range_desc good_range(void)
{
	return (struct range_desc) {
		.bar = BAR_MEMORY,
		.kind = KVPCI_RANGE_REGISTERS,
		.offset = 0x100,
		.length = 0x40,
	};
}

static struct kvpci_doorbell good_doorbell(struct _test_data_uapi *self)
{
	return (struct kvpci_doorbell) {
		.size = sizeof(struct kvpci_doorbell),
		.bar = BAR_MEMORY,
		.length = 4,
		.eventfd = self->event,
	};
}

static __u32 data_word;

static struct kvpci_access good_access(void)
{
	return (struct kvpci_access) {
		.size = sizeof(struct kvpci_access),
		.bar = KVPCI_CONFIG,
		.offset = 0x40,
		.length = 4,
		.data = ptr(&data_word),
	};
}

static struct kvpci_exit good_exit(void)
{
	return (struct kvpci_exit) {
		.size = sizeof(struct kvpci_exit),
		.address = MEM32_BASE,
	};
}

/* Calls that are undone if they succeed, so that they can be made again. */

static int closed(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int try_host(void *test, const void *config)
{
	struct _test_data_uapi *self = test;

	return closed(kvpci_ioctl(self->kvpci, KVPCI_CREATE_HOST, config));
}

static int try_function(void *test, const void *config)
{
	struct _test_data_uapi *self = test;

	return closed(kvpci_ioctl(self->host->fd, KVPCI_CREATE_FUNCTION, config));
}

/* A function to which a range was added is made again. */
static int without_range(struct _test_data_uapi *self, int ret)
{
	if (!ret) {
		close(self->function);
		self->function = function_new(self->host, BDF_TEST, description);
	}
	return ret;
}

static int try_range(struct _test_data_uapi *self, const struct range_desc *range)
{
	return without_range(self, add_range(self->function, range));
}

static int try_range_config(void *test, const void *config)
{
	struct _test_data_uapi *self = test;

	return without_range(self, kvpci_ioctl(self->function, KVPCI_ADD_RANGE, config));
}

static int try_registers_config(void *test, const void *registers)
{
	const struct kvpci_range_config config = {
		.size = sizeof(config),
		.kind = KVPCI_RANGE_REGISTERS,
		.bar = BAR_MEMORY,
		.length = 8,
		.data = ptr(registers),
	};

	return try_range_config(test, &config);
}

static int try_doorbell(void *test, const void *arg)
{
	struct _test_data_uapi *self = test;
	int ret = kvpci_ioctl(self->function, KVPCI_DOORBELL, arg);

	if (!ret) {
		struct kvpci_doorbell remove = *(const struct kvpci_doorbell *)arg;

		remove.size = sizeof(remove);
		remove.flags |= KVPCI_DOORBELL_DEASSIGN;
		must(doorbell(self->function, &remove));
	}
	return ret;
}

static int try_read(void *test, const void *access)
{
	struct _test_data_uapi *self = test;

	return kvpci_ioctl(self->function, KVPCI_READ, access);
}

static int try_write(void *test, const void *access)
{
	struct _test_data_uapi *self = test;

	return kvpci_ioctl(self->function, KVPCI_WRITE, access);
}

static int try_get_exit(void *test, const void *exit)
{
	struct _test_data_uapi *self = test;

	return kvpci_ioctl(self->host->fd, KVPCI_GET_EXIT, exit);
}

static int try_kind(void *test, __u32 kind, __u64 length, const void *data)
{
	const struct kvpci_range_config config = {
		.size = sizeof(config),
		.kind = kind,
		.bar = BAR_MEMORY,
		.length = length,
		.data = ptr(data),
	};

	return try_range_config(test, &config);
}

static int try_banks_config(void *test, const void *banks)
{
	return try_kind(test, KVPCI_RANGE_BANKS, 8, banks);
}

static int try_virtio_config(void *test, const void *virtio)
{
	return try_kind(test, KVPCI_RANGE_VIRTIO, KVPCI_VIRTIO_COMMON, virtio);
}

/* State: of the function, or of the host bridge. */

static int try_get_state(void *test, const void *state)
{
	struct _test_data_uapi *self = test;

	return kvpci_ioctl(self->function, KVPCI_GET_STATE, state);
}

static int try_set_state(void *test, const void *state)
{
	struct _test_data_uapi *self = test;

	return kvpci_ioctl(self->function, KVPCI_SET_STATE, state);
}

static int try_get_host_state(void *test, const void *state)
{
	struct _test_data_uapi *self = test;

	return kvpci_ioctl(self->host->fd, KVPCI_GET_STATE, state);
}

static int try_set_host_state(void *test, const void *state)
{
	struct _test_data_uapi *self = test;

	return kvpci_ioctl(self->host->fd, KVPCI_SET_STATE, state);
}

/* What is the same for every structure. */

TEST_F(uapi, structure_of_create_host)
{
	const struct kvpci_host_config good = good_host(self);

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_CREATE_HOST",
		.try = try_host,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_HOST_CONFIG_PORTS | KVPCI_HOST_ECAM | KVPCI_HOST_DIRECT |
			 KVPCI_HOST_IRQFD,
		.zero = &(struct kvpci_host_config) {
			.pad = { 0xff, 0xff, 0xff },
			.mirror_eventfd = ~0,
		},
	});
}

TEST_F(uapi, structure_of_create_function)
{
	const struct kvpci_function_config good = good_function();

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_CREATE_FUNCTION",
		.try = try_function,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_FUNCTION_RESET_EXIT,
		.zero = &(struct kvpci_function_config) {
			.reset_eventfd = ~0,
			.route_eventfd = ~0,
			.parent = ~0,
			.pad = ~0U,
			.bars[0].pad = ~0U,
			.bars[1].pad = ~0U,
			.bars[3].pad = ~0U,
			.bars[5].pad = ~0U,
		},
	});
}

TEST_F(uapi, structure_of_add_range)
{
	const struct kvpci_range_config good = {
		.size = sizeof(good),
		.kind = KVPCI_RANGE_USERSPACE,
		.bar = BAR_MEMORY,
		.length = 8,
	};
	const struct kvpci_registers_config registers = { .size = sizeof(registers) };
	const struct kvpci_banks_config banks = {
		.size = sizeof(banks),
		.banks = 2,
		.selector = 1,
	};
	const struct kvpci_virtio_queue queue = { .size = 256 };
	const struct kvpci_virtio_config virtio = {
		.size = sizeof(virtio),
		.queues = 1,
		.queue = ptr(&queue),
		.queue_size = sizeof(queue),
	};

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_ADD_RANGE of virtio",
		.try = try_virtio_config,
		.good = &virtio,
		.size = sizeof(virtio),
	});
	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_ADD_RANGE of banks",
		.try = try_banks_config,
		.good = &banks,
		.size = sizeof(banks),
		.zero = &(struct kvpci_banks_config) { .pad = ~0ULL },
	});
	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_ADD_RANGE",
		.try = try_range_config,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_RANGE_FLAGS,
		.zero = &(struct kvpci_range_config) {
			/* That kind has no structure. */
			.data = ~0ULL,
		},
	});
	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_ADD_RANGE of registers",
		.try = try_registers_config,
		.good = &registers,
		.size = sizeof(registers),
		.flags = KVPCI_REGISTERS_EVENTFD | KVPCI_REGISTERS_MIRROR |
			 KVPCI_REGISTERS_EXIT,
		.zero = &(struct kvpci_registers_config) {
			/* Used only with a flag. */
			.interrupt = 0xffff,
			.vector = 0xffff,
			.eventfd = ~0,
		},
	});
}

TEST_F(uapi, structure_of_doorbell)
{
	const struct kvpci_doorbell good = good_doorbell(self);

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_DOORBELL",
		.try = try_doorbell,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_DOORBELL_DATAMATCH | KVPCI_DOORBELL_DEASSIGN,
		.zero = &(struct kvpci_doorbell) {
			.pad = ~0U,
			/* Used only with a flag. */
			.datamatch = ~0ULL,
		},
	});
}

TEST_F(uapi, structure_of_read)
{
	const struct kvpci_access good = good_access();

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_READ",
		.try = try_read,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_ACCESS_AS_GUEST,
	});
}

TEST_F(uapi, structure_of_write)
{
	const struct kvpci_access good = good_access();

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_WRITE",
		.try = try_write,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_ACCESS_AS_GUEST,
	});
}

TEST_F(uapi, structure_of_get_exit)
{
	const struct kvpci_exit good = good_exit();

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_GET_EXIT",
		.try = try_get_exit,
		.good = &good,
		.size = sizeof(good),
		.flags = KVPCI_EXIT_IO,
		.result = -ENOENT,
		.zero = &(struct kvpci_exit) {
			.pad = ~0U,
		},
	});
}

TEST_F(uapi, structure_of_state)
{
	struct state function = state_get(self->function), host = state_get(self->host->fd);
	const struct kvpci_state good = {
		.size = sizeof(good), .data = ptr(function.data), .length = function.length,
	};
	const struct kvpci_state good_host = {
		.size = sizeof(good), .data = ptr(host.data), .length = host.length,
	};

	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_GET_STATE", .try = try_get_state,
		.good = &good, .size = sizeof(good),
	});
	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_SET_STATE", .try = try_set_state,
		.good = &good, .size = sizeof(good),
	});
	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_GET_STATE of a host bridge", .try = try_get_host_state,
		.good = &good_host, .size = sizeof(good),
	});
	EXPECT_STRUCTURE(self, {
		.name = "KVPCI_SET_STATE of a host bridge", .try = try_set_host_state,
		.good = &good_host, .size = sizeof(good),
	});
	state_free(&function);
	state_free(&host);
}

/* Descriptors. */

TEST_F(uapi, ioctls_of_other_descriptors)
{
	const struct {
		const char *name;
		int fd;
		unsigned int known;	/* bit N: ioctl number N */
	} kinds[] = {
		{ "/dev/kvpci", self->kvpci, 0x82001 },
		{ "a host bridge", self->host->fd, 0x7e082 },
		{ "a function", self->function, 0x31f7c },
	};
	static char arg[PAGE];
	unsigned int nr;
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (nr = 0; nr < 256; nr++) {
			unsigned int own = _IO(KVPCI_IOC_MAGIC, nr);

			if (nr >= 32 || !(kinds[i].known >> nr & 1)) {
				EXPECT_EQ(-ENOTTY, kvpci_ioctl(kinds[i].fd, own, arg)) {
					TH_LOG("ioctl %u of %s", nr, kinds[i].name);
				}
			}
			/* The same number of another kind of ioctl. */
			EXPECT_EQ(-ENOTTY, kvpci_ioctl(kinds[i].fd,
						       own | _IOC_READ << _IOC_DIRSHIFT, arg));
			EXPECT_EQ(-ENOTTY, kvpci_ioctl(kinds[i].fd,
						       own | 8 << _IOC_SIZESHIFT, arg));
			EXPECT_EQ(-ENOTTY, kvpci_ioctl(kinds[i].fd,
						       _IO(KVPCI_IOC_MAGIC + 1, nr), arg));
		}
		EXPECT_GT(0, read(kinds[i].fd, arg, 1));
		EXPECT_GT(0, write(kinds[i].fd, arg, 1));
		if (kinds[i].fd != self->host->fd)
			EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
						   kinds[i].fd, 0));
	}
}

/* None of them is a virtual machine. */
TEST_F(uapi, vm_fd_of_another_kind)
{
	struct kvpci_host_config config = good_host(self);
	int file = must(open("/proc/self/exe", O_RDONLY));
	int null = must(open("/dev/null", O_RDWR));
	int stats = ioctl(self->vm->fd, KVM_GET_STATS_FD, 0);
	int vcpu_stats = ioctl(self->vm->vcpus[0].fd, KVM_GET_STATS_FD, 0);
	struct kvm_create_device vfio = { .type = KVM_DEV_TYPE_VFIO };
	int path = must(open("/dev/kvm", O_PATH));
	int ends[2], i;

	must(pipe(ends));
	if (ioctl(self->vm->fd, KVM_CREATE_DEVICE, &vfio))
		die("KVM_CREATE_DEVICE: %m");

	const int others[] = {
		self->vm->kvm_fd, self->vm->vcpus[0].fd, stats, vcpu_stats,
		vfio.fd, self->kvpci, self->host->fd, self->function,
		self->event, file, null, ends[0], ends[1],
	};
	const int closed[] = { -1, -2, 1000, 1 << 30, path };

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		ASSERT_LE(0, others[i]);
		config.vm_fd = others[i];
		EXPECT_EQ(-EINVAL, try_host(self, &config)) {
			TH_LOG("descriptor number %d of the list", i);
		}
	}
	for (i = 0; i < ARRAY_SIZE(closed); i++) {
		config.vm_fd = closed[i];
		EXPECT_EQ(-EBADF, try_host(self, &config)) {
			TH_LOG("descriptor %d", closed[i]);
		}
	}

	close(vfio.fd);
	close(stats);
	close(vcpu_stats);
	close(file);
	close(null);
	close(path);
	close(ends[0]);
	close(ends[1]);
	config.vm_fd = self->spare_vm;
	EXPECT_EQ(0, try_host(self, &config));
}

/* The guest's memory is that of the process that has made the machine. */
TEST_F(uapi, a_host_in_a_machine_of_another_process)
{
	struct kvpci_host_config config = good_host(self);
	int status;
	pid_t child;

	child = must(fork());
	if (!child)
		_exit(kvpci_ioctl(self->kvpci, KVPCI_CREATE_HOST, &config) == -EIO ? 0 : 1);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, try_host(self, &config));
}

/* KVPCI_CREATE_HOST */

/* The result of making a host bridge after @change has been made to a good one. */
#define EXPECT_HOST(result, change)					\
do {									\
	struct kvpci_host_config config = good_host(self);		\
									\
	change;								\
	EXPECT_EQ(result, try_host(self, &config)) {			\
		TH_LOG("%s %s", #change, noted);					\
	}								\
} while (0)

#define WINDOW(b, l)	((struct kvpci_window) { .base = (b), .length = (l) })

TEST_F(uapi, host_with_a_bad_description)
{
	EXPECT_HOST(-EINVAL, config.vendor = 0xffff);
	EXPECT_HOST(-EINVAL, config.last_bus = 4; config.first_bus = 5);
	EXPECT_HOST(-EINVAL, config.flags = 0);
	EXPECT_HOST(-EINVAL, config.flags = 0; config.ecam = 0);
	EXPECT_HOST(-EINVAL, config.flags = KVPCI_HOST_CONFIG_PORTS);
	EXPECT_HOST(0, config.flags = KVPCI_HOST_CONFIG_PORTS; config.ecam = 0);
	EXPECT_HOST(0, config.flags = KVPCI_HOST_ECAM);
	EXPECT_HOST(0, config.flags = KVPCI_HOST_ECAM | KVPCI_HOST_CONFIG_PORTS_ABSENT);
	EXPECT_HOST(-EINVAL, config.flags = KVPCI_HOST_CONFIG_PORTS_ABSENT; config.ecam = 0);
	EXPECT_HOST(-EINVAL, config.flags |= KVPCI_HOST_CONFIG_PORTS |
					     KVPCI_HOST_CONFIG_PORTS_ABSENT);
	EXPECT_HOST(-EINVAL, config.flags = KVPCI_HOST_ECAM | KVPCI_HOST_CONFIG_PORTS_ABSENT;
		    config.io = WINDOW(0, 0x10000));
	EXPECT_HOST(-EINVAL, config.mirror_eventfd = self->event);
	EXPECT_HOST(0, config.flags |= KVPCI_HOST_MIRROR; config.mirror_eventfd = self->event);
	EXPECT_HOST(-EBADF, config.flags |= KVPCI_HOST_MIRROR; config.mirror_eventfd = 9999);
	EXPECT_HOST(-EINVAL, config.flags |= KVPCI_HOST_MIRROR;
		    config.mirror_eventfd = self->kvpci);
	EXPECT_HOST(0, config.first_bus = 255);
	EXPECT_HOST(0, config.vendor = 0);
}

TEST_F(uapi, host_with_a_bad_ecam)
{
	int bit;

	for (bit = 0; bit < 20; bit++)
		EXPECT_HOST(-EINVAL, config.ecam |= 1ULL << bit);
	for (bit = 52; bit < 64; bit++)
		EXPECT_HOST(-EINVAL, config.ecam |= 1ULL << bit);
	EXPECT_HOST(-EINVAL, config.ecam = (1ULL << 52) - (255ULL << 20));
	EXPECT_HOST(-EINVAL, config.ecam = -(1ULL << 20));
	EXPECT_HOST(-EINVAL, config.ecam = -(256ULL << 20));
	EXPECT_HOST(0, config.ecam = (1ULL << 52) - (256ULL << 20));
	EXPECT_HOST(0, config.ecam = (1ULL << 52) - (4ULL << 20);
		    config.first_bus = 2; config.last_bus = 3);
	EXPECT_HOST(-EINVAL, config.ecam = (1ULL << 52) - (4ULL << 20);
		    config.first_bus = 2; config.last_bus = 4);
}

TEST_F(uapi, host_with_a_bad_window)
{
	/* Ports. */
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0x1001, 0x1000));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0x1002, 0x1000));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0x1000, 0x1001));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0x1000, 2));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0x1000, 0));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0x1000, 0xf004));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0xfffc, 8));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0x10000, 4));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0, 0x10004));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(-4ULL, 8));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0x1000, -0x1000ULL));
	EXPECT_HOST(0, config.io = WINDOW(0xfffc, 4));
	EXPECT_HOST(0, config.io = WINDOW(0, 0));

	/* The configuration ports are taken, if they are. */
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0, 0x10000));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0xcf8, 4));
	EXPECT_HOST(-EINVAL, config.io = WINDOW(0xcfc, 4));
	EXPECT_HOST(0, config.io = WINDOW(0xcf4, 4));
	EXPECT_HOST(0, config.io = WINDOW(0xd00, 4));
	EXPECT_HOST(0, config.io = WINDOW(0, 0x10000); config.flags = KVPCI_HOST_ECAM);

	/* Memory below 4 GiB. */
	EXPECT_HOST(-EINVAL, config.mem32 = WINDOW(0xc0000800, PAGE));
	EXPECT_HOST(-EINVAL, config.mem32 = WINDOW(0xc0000000, 0x800));
	EXPECT_HOST(-EINVAL, config.mem32 = WINDOW(0xc0000000, PAGE + 1));
	EXPECT_HOST(-EINVAL, config.mem32 = WINDOW(0xc0000000, 0));
	EXPECT_HOST(-EINVAL, config.mem32 = WINDOW(0xfffff000, 2 * PAGE));
	EXPECT_HOST(-EINVAL, config.mem32 = WINDOW(1ULL << 32, PAGE));
	EXPECT_HOST(-EINVAL, config.mem32 = WINDOW(-4096ULL, 2 * PAGE));
	EXPECT_HOST(-EINVAL, config.mem32 = WINDOW(0xc0000000, -4096ULL));
	EXPECT_HOST(0, config.mem32 = WINDOW(0xfffff000, PAGE));
	EXPECT_HOST(0, config.mem32 = WINDOW(0, 0));

	/* All of memory. */
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW((1ULL << 40) + 0x800, PAGE));
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW(1ULL << 40, 0x800));
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW(1ULL << 40, 0));
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW((1ULL << 52) - PAGE, 2 * PAGE));
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW(1ULL << 52, PAGE));
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW(-4096ULL, 2 * PAGE));
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW(1ULL << 40, -(1ULL << 40)));
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW(1ULL << 40, -4096ULL));
	EXPECT_HOST(0, config.mem64 = WINDOW((1ULL << 52) - PAGE, PAGE));
	EXPECT_HOST(0, config.mem64 = WINDOW(0, 0));

	/* Overlaps. */
	EXPECT_HOST(-EINVAL, config.mem64 = config.mem32);
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW(MEM32_BASE - PAGE, 2 * PAGE));
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW(MEM32_BASE + MEM32_LENGTH - PAGE, 2 * PAGE));
	EXPECT_HOST(-EINVAL, config.mem64 = WINDOW(ECAM_BASE, PAGE));
	EXPECT_HOST(-EINVAL, config.mem32 = WINDOW(ECAM_BASE + (255 << 20), PAGE));
	EXPECT_HOST(-EINVAL, config.mem32 = WINDOW(ECAM_BASE - PAGE, 2 * PAGE));
	EXPECT_HOST(-EINVAL, config.ecam = MEM32_BASE);
	EXPECT_HOST(0, config.mem64 = WINDOW(MEM32_BASE + MEM32_LENGTH, PAGE));
	EXPECT_HOST(0, config.mem32 = WINDOW(ECAM_BASE - PAGE, PAGE));
	/* Where the buses that are not there would be in the ECAM. */
	EXPECT_HOST(0, config.first_bus = 1; config.mem32 = WINDOW(ECAM_BASE, 1 << 20));
}

/* Nothing but what @change adds to it, so that there is one reason to refuse it. */
static struct kvpci_host_config bare_host(int vm_fd)
{
	return (struct kvpci_host_config) {
		.size = sizeof(struct kvpci_host_config),
		.flags = KVPCI_HOST_ECAM,
		.vm_fd = vm_fd,
		.ecam = 1ULL << 45,
	};
}

#define EXPECT_BARE_HOST(result, vm, change)				\
do {									\
	struct kvpci_host_config config = bare_host(vm);		\
									\
	change;								\
	EXPECT_EQ(result, try_host(self, &config)) {			\
		TH_LOG("%s %s", #change, noted);					\
	}								\
} while (0)

TEST_F(uapi, host_where_there_is_another)
{
	struct kvpci_host_config config = self->host->config;
	int vm = self->vm->fd;

	EXPECT_EQ(-EBUSY, try_host(self, &config));
	EXPECT_BARE_HOST(0, vm, (void)0);
	EXPECT_BARE_HOST(-EBUSY, vm, config.ecam = ECAM_BASE);
	EXPECT_BARE_HOST(-EBUSY, vm, config.ecam = ECAM_BASE; config.last_bus = 255);
	EXPECT_BARE_HOST(-EBUSY, vm, config.ecam = MEM32_BASE);
	EXPECT_BARE_HOST(-EBUSY, vm, config.ecam = ECAM_BASE - (1 << 20); config.last_bus = 1);
	EXPECT_BARE_HOST(0, vm, config.ecam = ECAM_BASE - (1 << 20));
	EXPECT_BARE_HOST(-EBUSY, vm, config.flags |= KVPCI_HOST_CONFIG_PORTS);
	EXPECT_BARE_HOST(-EBUSY, vm, config.io = WINDOW(0xcf8, 4));
	EXPECT_BARE_HOST(-EBUSY, vm, config.io = WINDOW(0, 0x10000));
	EXPECT_BARE_HOST(-EBUSY, vm, config.io = WINDOW(IO_BASE - 4, 8));
	EXPECT_BARE_HOST(-EBUSY, vm, config.io = WINDOW(0xfffc, 4));
	EXPECT_BARE_HOST(0, vm, config.io = WINDOW(IO_BASE - 4, 4));
	EXPECT_BARE_HOST(-EBUSY, vm, config.mem32 = WINDOW(MEM32_BASE, PAGE));
	EXPECT_BARE_HOST(-EBUSY, vm, config.mem32 = WINDOW(0, 1ULL << 32));
	EXPECT_BARE_HOST(-EBUSY, vm, config.mem64 = WINDOW(MEM32_BASE, PAGE));
	EXPECT_BARE_HOST(-EBUSY, vm, config.mem64 = self->host->config.mem64);
	EXPECT_BARE_HOST(0, vm, config.mem32 = WINDOW(MEM32_BASE + MEM32_LENGTH, PAGE));

	/* Its ports were given back, and so was all that was claimed before them. */
	host_close(self->host);
	self->host->fd = create_host(&config);
	EXPECT_LE(0, self->host->fd);
}

TEST_F(uapi, host_where_kvm_has_devices)
{
	struct kvm_pit_config pit = {};
	int vm = must(ioctl(self->vm->kvm_fd, KVM_CREATE_VM, 0));

	EXPECT_BARE_HOST(0, vm, config.io = WINDOW(0, 0xcf8));
	must(ioctl(vm, KVM_CREATE_IRQCHIP, 0));
	EXPECT_BARE_HOST(-EBUSY, vm, config.io = WINDOW(0x20, 4));
	EXPECT_BARE_HOST(-EBUSY, vm, config.io = WINDOW(0xa0, 4));
	EXPECT_BARE_HOST(-EBUSY, vm, config.io = WINDOW(0x4d0, 4));
	EXPECT_BARE_HOST(-EBUSY, vm, config.io = WINDOW(0, 0x24));
	EXPECT_BARE_HOST(-EBUSY, vm, config.mem32 = WINDOW(0xfec00000, PAGE));
	EXPECT_BARE_HOST(-EBUSY, vm, config.mem32 = WINDOW(0xfe000000, 0x1000000));
	EXPECT_BARE_HOST(-EBUSY, vm, config.ecam = 0xfec00000);
	EXPECT_BARE_HOST(0, vm, config.io = WINDOW(0x24, 0x7c));
	EXPECT_BARE_HOST(0, vm, config.mem32 = WINDOW(0xfec01000, PAGE));

	EXPECT_BARE_HOST(0, vm, config.io = WINDOW(0x40, 4));
	must(ioctl(vm, KVM_CREATE_PIT2, &pit));
	EXPECT_BARE_HOST(-EBUSY, vm, config.io = WINDOW(0x40, 4));
	EXPECT_BARE_HOST(0, vm, config.io = WINDOW(0x1000, 0xf000));
	close(vm);
}

static void ioeventfd(int vm, int event, __u64 addr, __u32 len, __u32 flags)
{
	struct kvm_ioeventfd ioeventfd = {
		.addr = addr,
		.len = len,
		.fd = event,
		.flags = flags,
	};

	if (ioctl(vm, KVM_IOEVENTFD, &ioeventfd))
		die("KVM_IOEVENTFD: %m");
}

TEST_F(uapi, host_where_there_is_an_ioeventfd)
{
	const __u32 pio = KVM_IOEVENTFD_FLAG_PIO;
	const __u32 off = KVM_IOEVENTFD_FLAG_DEASSIGN;
	const __u32 lengths[] = { 0, 1, 2, 4, 8 };
	const __u64 end = MEM32_BASE + PAGE;
	int vm = self->spare_vm;
	int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		const __u32 len = lengths[i];
		const __u32 last = len ? len - 1 : 0;

		const struct {
			__u64 addr;
			int result;
		} places[] = {
			{ MEM32_BASE, -EBUSY },
			{ MEM32_BASE + 0x123, -EBUSY },
			{ MEM32_BASE - last, -EBUSY },
			{ end - 1, -EBUSY },
			{ MEM32_BASE - last - 1, 0 },
			{ end, 0 },
		};
		int j;

		for (j = 0; j < ARRAY_SIZE(places); j++) {
			note("%u bytes at %#llx", len, places[j].addr);
			ioeventfd(vm, self->event, places[j].addr, len, 0);
			EXPECT_BARE_HOST(places[j].result, vm,
					 config.mem32 = WINDOW(MEM32_BASE, PAGE));
			ioeventfd(vm, self->event, places[j].addr, len, off);
			EXPECT_BARE_HOST(0, vm, config.mem32 = WINDOW(MEM32_BASE, PAGE));
		}
		if (len == 8)
			continue;
		ioeventfd(vm, self->event, 0xcfc, len, pio);
		EXPECT_BARE_HOST(-EBUSY, vm, config.flags |= KVPCI_HOST_CONFIG_PORTS);
		EXPECT_BARE_HOST(-EBUSY, vm, config.io = WINDOW(0, 0x10000));
		EXPECT_BARE_HOST(0, vm, config.io = WINDOW(0, 0xcfc));
		/* Memory is another space. */
		EXPECT_BARE_HOST(0, vm, config.mem32 = WINDOW(0, PAGE));
		ioeventfd(vm, self->event, 0xcfc, len, pio | off);
		EXPECT_BARE_HOST(0, vm, config.flags |= KVPCI_HOST_CONFIG_PORTS);
	}
}

TEST_F(uapi, host_that_fills_the_bus)
{
	int vm = self->spare_vm;

	EXPECT_BARE_HOST(0, vm, config.mem64 = WINDOW(1ULL << 40, 1ULL << 40));
	EXPECT_BARE_HOST(-ENOSPC, vm, config.mem64 = WINDOW(1ULL << 46, 1ULL << 46));
	EXPECT_BARE_HOST(-ENOSPC, vm, config.mem64 = WINDOW(1ULL << 46, 1ULL << 51);
			 config.io = WINDOW(0, 0x10000));
	EXPECT_BARE_HOST(-ENOSPC, vm, config.ecam = ECAM_BASE;
			 config.mem64 = WINDOW(1ULL << 32, (1ULL << 52) - (1ULL << 32)));
	EXPECT_BARE_HOST(0, vm, config.mem64 = WINDOW(1ULL << 40, 1ULL << 40));
	EXPECT_BARE_HOST(0, vm, config.io = WINDOW(0, 0x10000));
}

/* KVPCI_CREATE_FUNCTION */

#define EXPECT_FUNCTION(result, change)					\
do {									\
	struct kvpci_function_config config = good_function();		\
									\
	change;								\
	EXPECT_EQ(result, try_function(self, &config)) {		\
		TH_LOG("%s %s", #change, noted);					\
	}								\
} while (0)

TEST_F(uapi, function_with_a_bad_description)
{
	int bit;

	EXPECT_FUNCTION(0, (void)0);
	EXPECT_FUNCTION(-EINVAL, config.vendor = 0xffff);
	for (bit = 24; bit < 32; bit++)
		EXPECT_FUNCTION(-EINVAL, config.class_code |= 1U << bit);
	EXPECT_FUNCTION(-E2BIG, config.nr_capabilities = KVPCI_MAX_CAPABILITIES + 1);
	EXPECT_FUNCTION(-E2BIG, config.nr_capabilities = ~0U);
	EXPECT_FUNCTION(-EINVAL, config.capability_size = 0);
	EXPECT_FUNCTION(-EINVAL, config.capability_size--);
	EXPECT_FUNCTION(-E2BIG, config.capability_size = PAGE + 1);
	EXPECT_FUNCTION(-E2BIG, config.capability_size = ~0U);
	EXPECT_FUNCTION(0, config.capability_size = PAGE);
	EXPECT_FUNCTION(0, config.vendor = 0; config.class_code = 0xffffff);
	/* A place that nothing is read from. */
	EXPECT_FUNCTION(0, config.capabilities = 1);
}

TEST_F(uapi, function_where_there_is_one)
{
	int function;

	EXPECT_FUNCTION(-EEXIST, config.devfn = 0);
	EXPECT_FUNCTION(-EEXIST, config.devfn = BDF_TEST);
	must(plug(self->function));
	EXPECT_FUNCTION(-EEXIST, config.devfn = BDF_TEST);
	EXPECT_FUNCTION(0, config.devfn = BDF_TEST + 1);
	EXPECT_FUNCTION(0, config.bus = 1; config.devfn = BDF_TEST);
	close(self->function);
	EXPECT_FUNCTION(0, config.devfn = BDF_TEST);

	/* And on a bus other than the first. */
	function = function_new(self->host, BDF(255, 31, 7), description);
	EXPECT_FUNCTION(-EEXIST, config.bus = 255; config.devfn = 0xff);
	close(function);
	EXPECT_FUNCTION(0, config.bus = 255; config.devfn = 0xff);
	self->function = function_new(self->host, BDF_TEST, description);
}

TEST_F(uapi, function_on_a_bus_that_is_not_there)
{
	struct kvpci_host_config config = bare_host(self->spare_vm);
	struct host *host = self->host;
	int bus;

	config.first_bus = 3;
	config.last_bus = 5;
	self->host = host_new_from(self->vm, &config);
	for (bus = 0; bus < 256; bus++)
		EXPECT_FUNCTION(bus >= 3 && bus <= 5 ? 0 : -EINVAL, config.bus = bus);
	EXPECT_FUNCTION(-EEXIST, config.bus = 3; config.devfn = 0);
	EXPECT_FUNCTION(0, config.bus = 4; config.devfn = 0);
	host_free(self->host);
	self->host = host;
}

TEST_F(uapi, function_with_a_bad_bar)
{
	const struct {
		int index;
		struct kvpci_bar bar;
		int result;
	} cases[] = {
		{ 5, { .size = 16 }, 0 },
		{ 5, { .size = 1ULL << 31 }, 0 },
		{ 5, { .size = 1ULL << 32 }, -EINVAL },
		{ 5, { .size = 8 }, -EINVAL },
		{ 5, { .size = 1 }, -EINVAL },
		{ 5, { .size = 24 }, -EINVAL },
		{ 5, { .size = 0xfff }, -EINVAL },
		{ 5, { .size = 1ULL << 63 }, -EINVAL },
		{ 5, { .size = ~0ULL }, -EINVAL },
		{ 5, { .size = 16, .flags = KVPCI_BAR_PREFETCH }, 0 },
		{ 5, { .flags = KVPCI_BAR_PREFETCH }, -EINVAL },
		{ 5, { .flags = KVPCI_BAR_IO }, -EINVAL },
		{ 5, { .flags = KVPCI_BAR_64BIT }, -EINVAL },
		{ 5, { .size = 4, .flags = KVPCI_BAR_IO }, 0 },
		{ 5, { .size = 32768, .flags = KVPCI_BAR_IO }, 0 },
		{ 5, { .size = 2, .flags = KVPCI_BAR_IO }, -EINVAL },
		{ 5, { .size = 65536, .flags = KVPCI_BAR_IO }, -EINVAL },
		{ 5, { .size = 12, .flags = KVPCI_BAR_IO }, -EINVAL },
		{ 5, { .size = 16, .flags = KVPCI_BAR_IO | KVPCI_BAR_64BIT }, -EINVAL },
		{ 5, { .size = 16, .flags = KVPCI_BAR_IO | KVPCI_BAR_PREFETCH }, -EINVAL },
		{ 5, { .size = 16, .flags = KVPCI_BAR_64BIT }, -EINVAL },
		{ 4, { .size = 16, .flags = KVPCI_BAR_64BIT }, 0 },
		{ 4, { .size = 1ULL << 40, .flags = KVPCI_BAR_64BIT }, 0 },
		{ 4, { .size = 1ULL << 41, .flags = KVPCI_BAR_64BIT }, -EINVAL },
		{ 4, { .size = 8, .flags = KVPCI_BAR_64BIT }, -EINVAL },
		/* The next one is there. */
		{ 1, { .size = 16, .flags = KVPCI_BAR_64BIT }, -EINVAL },
		/* It is the upper half of the one before. */
		{ 3, { .size = 16 }, -EINVAL },
		{ 3, { .size = 4, .flags = KVPCI_BAR_IO }, -EINVAL },
	};
	const __u64 bad_roms[] = {
		1, 1024, 2047, 2049, 3072, 1 << 25, 1ULL << 32, 1ULL << 63, ~0ULL,
	};
	int i, bit;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		note("case %d", i);
		EXPECT_FUNCTION(cases[i].result, config.bars[cases[i].index] = cases[i].bar);
	}
	for (bit = 3; bit < 32; bit++)
		EXPECT_FUNCTION(-EINVAL, config.bars[BAR_MEMORY].flags |= 1U << bit);
	for (i = 0; i < ARRAY_SIZE(bad_roms); i++)
		EXPECT_FUNCTION(-EINVAL, config.rom_size = bad_roms[i]);
	EXPECT_FUNCTION(0, config.rom_size = 1 << 24);
	EXPECT_FUNCTION(0, config.rom_size = 0);
}

/* One capability in a function; the result of @change to it. */
#define EXPECT_CAPABILITY(result, change)				\
do {									\
	struct kvpci_capability cap = {					\
		.id = 9,						\
		.length = 16,						\
		.value = ptr(bytes),					\
	};								\
									\
	change;								\
	note("%s", #change);						\
	EXPECT_FUNCTION(result, config.capabilities = ptr(&cap);	\
			config.nr_capabilities = 1);			\
} while (0)

TEST_F(uapi, capability_that_is_wrong)
{
	static char bytes[PAGE], all[PAGE];
	int bit;

	memset(all, 0xff, sizeof(all));
	EXPECT_CAPABILITY(0, (void)0);
	for (bit = 1; bit < 32; bit++)
		EXPECT_CAPABILITY(-EINVAL, cap.flags |= 1U << bit);
	for (bit = 0; bit < 32; bit++)
		EXPECT_CAPABILITY(-EINVAL, cap.pad1 = 1U << bit);
	for (bit = 0; bit < 8; bit++)
		EXPECT_CAPABILITY(-EINVAL, cap.pad = 1U << bit);

	EXPECT_CAPABILITY(-EINVAL, cap.id = 0);
	EXPECT_CAPABILITY(-EINVAL, cap.id = 0x100);
	EXPECT_CAPABILITY(-EINVAL, cap.version = 1);
	EXPECT_CAPABILITY(-EINVAL, cap.length = 0);
	EXPECT_CAPABILITY(-EINVAL, cap.length = 1);
	EXPECT_CAPABILITY(-EINVAL, cap.length = 193);
	EXPECT_CAPABILITY(-EINVAL, cap.length = 0xffff);
	EXPECT_CAPABILITY(-EINVAL, cap.offset = 0x3c);
	EXPECT_CAPABILITY(-EINVAL, cap.offset = 0x42);
	EXPECT_CAPABILITY(-EINVAL, cap.offset = 0xf4);
	EXPECT_CAPABILITY(-EINVAL, cap.offset = 0x100);
	EXPECT_CAPABILITY(-EINVAL, cap.offset = 0xfffc);
	EXPECT_CAPABILITY(0, cap.offset = 0xf0);
	EXPECT_CAPABILITY(0, cap.length = 2);
	EXPECT_CAPABILITY(0, cap.length = 192);

	EXPECT_CAPABILITY(-EINVAL, cap.flags = 1);
	EXPECT_CAPABILITY(-EINVAL, cap.flags = 1; cap.version = 16);
	EXPECT_CAPABILITY(-EINVAL, cap.flags = 1; cap.version = 1; cap.length = 3);
	EXPECT_CAPABILITY(-EINVAL, cap.flags = 1; cap.version = 1; cap.length = 0xf01);
	EXPECT_CAPABILITY(-EINVAL, cap.flags = 1; cap.version = 1; cap.offset = 0x104);
	EXPECT_CAPABILITY(-EINVAL, cap.flags = 1; cap.version = 1; cap.offset = 0x40);
	EXPECT_CAPABILITY(0, cap.flags = 1; cap.version = 15; cap.id = 0xffff; cap.length = 0xf00);

	EXPECT_CAPABILITY(-EINVAL, cap.writable = ptr(all); cap.write1clear = ptr(all));
	EXPECT_CAPABILITY(0, cap.writable = ptr(all));
	EXPECT_CAPABILITY(0, cap.write1clear = ptr(all));

	EXPECT_CAPABILITY(-EFAULT, cap.value = 0);
	EXPECT_CAPABILITY(-EFAULT, cap.value = 8);
	EXPECT_CAPABILITY(-EFAULT, cap.value = 1ULL << 63);
	EXPECT_CAPABILITY(-EFAULT, cap.value = ptr(self->edge - 15));
	EXPECT_CAPABILITY(-EFAULT, cap.writable = ptr(self->edge - 15));
	EXPECT_CAPABILITY(-EFAULT, cap.write1clear = ptr(self->edge - 15));
	EXPECT_CAPABILITY(-EFAULT, cap.writable = 1);
	EXPECT_CAPABILITY(-EFAULT, cap.write1clear = 1);
	EXPECT_CAPABILITY(0, cap.value = ptr(self->edge - 16));
}

TEST_F(uapi, capabilities_that_do_not_go_together)
{
	static char bytes[PAGE];
	struct kvpci_capability caps[KVPCI_MAX_CAPABILITIES] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		caps[i].id = 9;
		caps[i].length = 4;
		caps[i].value = ptr(bytes);
	}

	/* 48 of 4 bytes fit into the first 256. */
	EXPECT_FUNCTION(0, config.capabilities = ptr(caps); config.nr_capabilities = 48);
	EXPECT_FUNCTION(-ENOSPC, config.capabilities = ptr(caps); config.nr_capabilities = 49);
	EXPECT_FUNCTION(-ENOSPC, config.capabilities = ptr(caps);
			config.nr_capabilities = KVPCI_MAX_CAPABILITIES);

	/* Two at a place, whichever comes first. */
	caps[0].offset = 0x80;
	caps[1].offset = 0x80;
	EXPECT_FUNCTION(-EINVAL, config.capabilities = ptr(caps); config.nr_capabilities = 2);
	caps[0].length = 17;
	caps[1].offset = 0x90;
	EXPECT_FUNCTION(-EINVAL, config.capabilities = ptr(caps); config.nr_capabilities = 2);
	caps[1].offset = 0x94;
	EXPECT_FUNCTION(0, config.capabilities = ptr(caps); config.nr_capabilities = 2);
	caps[1].offset = 0x7c;
	caps[1].length = 5;
	EXPECT_FUNCTION(-EINVAL, config.capabilities = ptr(caps); config.nr_capabilities = 2);

	/* After one at the end there is no place. */
	caps[0].offset = 0xfc;
	caps[0].length = 4;
	caps[1].offset = 0;
	EXPECT_FUNCTION(-ENOSPC, config.capabilities = ptr(caps); config.nr_capabilities = 2);

	/* Entries that are longer than what is known of them. */
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, &caps[2], sizeof(caps[2]));
	memcpy(bytes + 64, &caps[3], sizeof(caps[3]));
	EXPECT_FUNCTION(0, config.capabilities = ptr(bytes); config.nr_capabilities = 2;
			config.capability_size = 64);
	bytes[64 + 63] = 1;
	EXPECT_FUNCTION(-E2BIG, config.capabilities = ptr(bytes); config.nr_capabilities = 2;
			config.capability_size = 64);
	EXPECT_FUNCTION(0, config.capabilities = ptr(bytes); config.nr_capabilities = 1;
			config.capability_size = 64);

	/* The array itself, wholly and partly. */
	caps[0].offset = 0;
	EXPECT_FUNCTION(-EFAULT, config.nr_capabilities = 1);
	EXPECT_FUNCTION(-EFAULT, config.nr_capabilities = 1; config.capabilities = 1ULL << 63);
	for (i = 1; i < 2 * sizeof(caps[0]); i++) {
		memcpy(self->edge - i, caps, i);
		EXPECT_FUNCTION(-EFAULT, config.capabilities = ptr(self->edge - i);
				config.nr_capabilities = 2);
	}
}

/* KVPCI_ADD_RANGE */

#define EXPECT_RANGE(result, change)					\
do {									\
	struct range_desc range = good_range();			\
									\
	change;								\
	EXPECT_EQ(result, try_range(self, &range)) {			\
		TH_LOG("%s %s", #change, noted);					\
	}								\
} while (0)

TEST_F(uapi, range_with_a_bad_place)
{
	EXPECT_RANGE(0, (void)0);
	EXPECT_RANGE(-EINVAL, range.kind = 0);
	EXPECT_RANGE(-EINVAL, range.kind = 5);
	EXPECT_RANGE(-EINVAL, range.kind = ~0U);
	EXPECT_RANGE(-EINVAL, range.bar = BAR_NONE);
	EXPECT_RANGE(-EINVAL, range.bar = BAR_LARGE_UPPER);
	EXPECT_RANGE(-EINVAL, range.bar = KVPCI_CONFIG);
	EXPECT_RANGE(-EINVAL, range.bar = 8);
	EXPECT_RANGE(-EINVAL, range.bar = ~0U);

	EXPECT_RANGE(-EINVAL, range.length = 0);
	EXPECT_RANGE(-EINVAL, range.length = PAGE + 1);
	EXPECT_RANGE(-EINVAL, range.length = ~0ULL);
	EXPECT_RANGE(-EINVAL, range.offset = PAGE);
	EXPECT_RANGE(-EINVAL, range.offset = PAGE - 0x3f);
	EXPECT_RANGE(-EINVAL, range.offset = ~0ULL);
	EXPECT_RANGE(-EINVAL, range.offset = -0x40ULL);
	EXPECT_RANGE(-EINVAL, range.offset = 1; range.length = PAGE);
	EXPECT_RANGE(-EINVAL, range.offset = 1; range.length = ~0ULL);
	EXPECT_RANGE(0, range.offset = 0; range.length = PAGE);
	EXPECT_RANGE(0, range.offset = PAGE - 1; range.length = 1);
	EXPECT_RANGE(0, range.bar = BAR_IO; range.offset = 0xff; range.length = 1);
	EXPECT_RANGE(-EINVAL, range.bar = BAR_IO; range.offset = 0xff; range.length = 2);
	EXPECT_RANGE(-EINVAL, range.bar = BAR_SMALL; range.offset = 0; range.length = 17);

	/* Registers have a limit, others don't. */
	EXPECT_RANGE(-EINVAL, range.bar = BAR_LARGE; range.length = KVPCI_MAX_REGISTERS + 1);
	EXPECT_RANGE(0, range.bar = BAR_LARGE; range.length = KVPCI_MAX_REGISTERS);
	EXPECT_RANGE(0, range.bar = BAR_LARGE; range.offset = 0; range.length = LARGE;
		      range.kind = KVPCI_RANGE_USERSPACE);
}

TEST_F(uapi, range_with_fields_that_do_not_go_together)
{
	static char bytes[PAGE], all[PAGE];
	int null = must(open("/dev/null", O_RDWR));

	memset(all, 0xff, sizeof(all));

	/* A field that the kind does not use. */
	EXPECT_RANGE(0, range.kind = KVPCI_RANGE_USERSPACE);
	EXPECT_RANGE(-EINVAL, range.kind = KVPCI_RANGE_USERSPACE; range.value = ptr(bytes));
	EXPECT_RANGE(-EINVAL, range.kind = KVPCI_RANGE_USERSPACE; range.writable = ptr(bytes));
	EXPECT_RANGE(-EINVAL, range.kind = KVPCI_RANGE_USERSPACE;
		      range.write1clear = ptr(bytes));
	EXPECT_RANGE(-EINVAL, range.kind = KVPCI_RANGE_USERSPACE;
		      range.flags = KVPCI_REGISTERS_EVENTFD; range.eventfd = self->event);

	/* The ROM. */
	EXPECT_RANGE(0, range.bar = KVPCI_BAR_ROM; range.value = ptr(bytes));
	EXPECT_RANGE(-EINVAL, range.bar = KVPCI_BAR_ROM; range.kind = KVPCI_RANGE_USERSPACE);
	EXPECT_RANGE(-EINVAL, range.bar = KVPCI_BAR_ROM; range.writable = ptr(all));
	EXPECT_RANGE(-EINVAL, range.bar = KVPCI_BAR_ROM; range.offset = 2047; range.length = 2);

	/* Masks. */
	EXPECT_RANGE(-EINVAL, range.writable = ptr(all); range.write1clear = ptr(all));
	EXPECT_RANGE(0, range.writable = ptr(all); range.write1clear = ptr(bytes));
	EXPECT_RANGE(-EFAULT, range.value = 1);
	EXPECT_RANGE(-EFAULT, range.value = 1ULL << 63);
	EXPECT_RANGE(-EFAULT, range.value = ptr(self->edge - 0x3f));
	EXPECT_RANGE(-EFAULT, range.writable = ptr(self->edge - 0x3f));
	EXPECT_RANGE(-EFAULT, range.write1clear = ptr(self->edge - 0x3f));
	EXPECT_RANGE(-EFAULT, range.writable = 1);
	EXPECT_RANGE(-EFAULT, range.write1clear = 1);
	EXPECT_RANGE(0, range.value = ptr(self->edge - 0x40));

	/* The eventfd. */
	EXPECT_RANGE(0, range.flags = KVPCI_REGISTERS_EVENTFD; range.eventfd = self->event);
	EXPECT_RANGE(-EINVAL, range.eventfd = self->event);
	EXPECT_RANGE(-EBADF, range.flags = KVPCI_REGISTERS_EVENTFD; range.eventfd = -1);
	EXPECT_RANGE(-EBADF, range.flags = KVPCI_REGISTERS_EVENTFD; range.eventfd = 1000);
	EXPECT_RANGE(-EINVAL, range.flags = KVPCI_REGISTERS_EVENTFD; range.eventfd = null);
	EXPECT_RANGE(-EINVAL, range.flags = KVPCI_REGISTERS_EVENTFD;
		      range.eventfd = self->function);
	close(null);
}

TEST_F(uapi, ranges_that_overlap)
{
	const struct {
		__u64 offset;
		__u64 length;
		int result;
	} places[] = {
		{ 0x100, 0x40, -EEXIST }, { 0x100, 1, -EEXIST },
		{ 0x13f, 1, -EEXIST }, { 0xff, 2, -EEXIST },
		{ 0x13f, 2, -EEXIST }, { 0, PAGE, -EEXIST },
		{ 0x120, 4, -EEXIST }, { 0xff, 0x42, -EEXIST },
		{ 0x240, 1, -EEXIST }, { 0x140, 0x101, -EEXIST },
		{ 0x140, 0x100, 0 }, { 0, 0x100, 0 }, { 0x280, 1, 0 },
	};
	struct range_desc range = good_range();
	int i;

	must(add_range(self->function, &range));
	range.offset = 0x240;
	must(add_range(self->function, &range));

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		range.kind = i & 1 ? KVPCI_RANGE_REGISTERS : KVPCI_RANGE_USERSPACE;
		range.offset = places[i].offset;
		range.length = places[i].length;
		EXPECT_EQ(places[i].result, add_range(self->function, &range)) {
			TH_LOG("%#llx bytes at %#llx", range.length, range.offset);
		}
	}

	/* The same place of another BAR is another place. */
	range.bar = BAR_LARGE;
	EXPECT_EQ(0, add_range(self->function, &range));
}

/* So is what is saved of a function. */
TEST_F(uapi, too_many_registers_to_save)
{
	struct range_desc range = {
		.kind = KVPCI_RANGE_REGISTERS,
		.length = KVPCI_MAX_REGISTERS,
	};
	int function = function_new(self->host, BDF(0, 5, 0), (struct kvpci_function_config) {
		.bars = { { 2ULL * KVPCI_MAX_ALL_REGISTERS } } });

	for (; range.offset < KVPCI_MAX_ALL_REGISTERS; range.offset += range.length)
		ASSERT_EQ(0, add_range(function, &range));
	EXPECT_EQ(-ENOSPC, add_range(function, &range));
	range.length = 1;
	EXPECT_EQ(-ENOSPC, add_range(function, &range));
	range.kind = KVPCI_RANGE_USERSPACE;
	EXPECT_EQ(0, add_range(function, &range));
	close(function);
}

/* What a reset has to put back is bounded, however many ranges it is in. */
TEST_F(uapi, too_many_registers_to_reset)
{
	static unsigned char last[KVPCI_MAX_REGISTERS / 2], none[KVPCI_MAX_REGISTERS / 2];
	struct range_desc range = {
		.kind = KVPCI_RANGE_REGISTERS,
		.length = sizeof(last),
		.writable = ptr(last),
	};
	int function;

	last[sizeof(last) - 1] = 1;
	function = function_new(self->host, BDF(0, 5, 0), (struct kvpci_function_config) {
		.bars = { { 1ULL << 26 }, { 4096 } } });
	EXPECT_EQ(0, add_range(function, &range));
	range.offset = sizeof(last);
	EXPECT_EQ(0, add_range(function, &range));

	range.bar = 1;
	range.offset = 0;
	range.length = 1;
	range.writable = ptr(last + sizeof(last) - 1);
	EXPECT_EQ(-ENOSPC, add_range(function, &range));
	range.write1clear = range.writable;
	range.writable = 0;
	EXPECT_EQ(-ENOSPC, add_range(function, &range));
	/* What the guest can't write is not reset. */
	range.write1clear = 0;
	EXPECT_EQ(0, add_range(function, &range));
	range.bar = 0;
	range.offset = KVPCI_MAX_REGISTERS;
	range.length = sizeof(none);
	range.writable = ptr(none);
	EXPECT_EQ(0, add_range(function, &range));
	close(function);
}

TEST_F(uapi, too_many_ranges)
{
	struct range_desc range = good_range();
	int i;

	range.length = 1;
	for (i = 0; i < KVPCI_MAX_RANGES; i++) {
		range.bar = i & 1 ? BAR_MEMORY : BAR_LARGE;
		range.offset = i;
		ASSERT_EQ(0, add_range(self->function, &range));
	}
	range.offset = i;
	EXPECT_EQ(-ENOSPC, add_range(self->function, &range));
	range.bar = BAR_IO;
	range.offset = 0;
	EXPECT_EQ(-ENOSPC, add_range(self->function, &range));
}

/* KVPCI_PLUG */

TEST_F(uapi, plugged_too_often)
{
	struct range_desc range = good_range();
	int bit;

	for (bit = 0; bit < 64; bit++) {
		void *argument = (void *)(1UL << bit);

		EXPECT_EQ(-EINVAL, kvpci_ioctl(self->function, KVPCI_PLUG, argument));
	}
	EXPECT_EQ(0, add_range(self->function, &range));
	EXPECT_EQ(0, plug(self->function));
	EXPECT_EQ(-EBUSY, plug(self->function));
	range.offset = 0;
	EXPECT_EQ(0, add_range(self->function, &range));
	EXPECT_EQ(-EINVAL, kvpci_ioctl(self->function, KVPCI_PLUG, (void *)1UL));

	/* The next in its place is another one. */
	close(self->function);
	self->function = function_new(self->host, BDF_TEST, description);
	EXPECT_EQ(0, add_range(self->function, &range));
}

/* KVPCI_DOORBELL */

#define EXPECT_DOORBELL(result, change)					\
do {									\
	struct kvpci_doorbell bell = good_doorbell(self);		\
									\
	change;								\
	EXPECT_EQ(result, try_doorbell(self, &bell)) {			\
		TH_LOG("%s %s", #change, noted);					\
	}								\
} while (0)

TEST_F(uapi, doorbell_with_a_bad_place)
{
	__u32 len;

	EXPECT_DOORBELL(-EINVAL, bell.bar = BAR_NONE);
	EXPECT_DOORBELL(-EINVAL, bell.bar = BAR_LARGE_UPPER);
	EXPECT_DOORBELL(-EINVAL, bell.bar = KVPCI_BAR_ROM);
	EXPECT_DOORBELL(-EINVAL, bell.bar = KVPCI_CONFIG);
	EXPECT_DOORBELL(-EINVAL, bell.bar = ~0U);

	for (len = 0; len < 20; len++) {
		bool good = !len || len == 1 || len == 2 || len == 4;

		EXPECT_DOORBELL(good || len == 8 ? 0 : -EINVAL, bell.length = len);
		EXPECT_DOORBELL(good ? 0 : -EINVAL, bell.bar = BAR_IO; bell.length = len);
		if (good || len == 8) {
			EXPECT_DOORBELL(0, bell.length = len; bell.offset = PAGE - (len ?: 1));
			EXPECT_DOORBELL(-EINVAL, bell.length = len;
					bell.offset = PAGE - (len ?: 1) + 1);
		}
		EXPECT_DOORBELL(-EINVAL, bell.length = len; bell.offset = PAGE);
		EXPECT_DOORBELL(-EINVAL, bell.length = len; bell.offset = ~0ULL);
		EXPECT_DOORBELL(-EINVAL, bell.length = len; bell.offset = -8ULL);
	}
	EXPECT_DOORBELL(-EINVAL, bell.length = 256);
	EXPECT_DOORBELL(-EINVAL, bell.length = ~0U);
	EXPECT_DOORBELL(-EINVAL, bell.length = 1U << 31);
}

TEST_F(uapi, doorbell_with_a_bad_datamatch)
{
	const __u32 match = KVPCI_DOORBELL_DATAMATCH;
	const __u32 lengths[] = { 1, 2, 4, 8 };
	int i, bit;

	EXPECT_DOORBELL(-EINVAL, bell.flags = match; bell.length = 0);
	EXPECT_DOORBELL(-EINVAL, bell.flags = match; bell.length = 0; bell.datamatch = 1);
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		for (bit = 0; bit < 64; bit++)
			EXPECT_DOORBELL(bit < 8 * lengths[i] ? 0 : -EINVAL, bell.flags = match;
					bell.length = lengths[i];
					bell.datamatch = 1ULL << bit);
	for (bit = 0; bit < 64; bit++)
		EXPECT_DOORBELL(-EINVAL, bell.datamatch = 1ULL << bit);
}

TEST_F(uapi, doorbell_with_a_bad_eventfd)
{
	int null = must(open("/dev/null", O_RDWR));
	const __u32 off = KVPCI_DOORBELL_DEASSIGN;

	EXPECT_DOORBELL(-EBADF, bell.eventfd = -1);
	EXPECT_DOORBELL(-EBADF, bell.eventfd = 1000);
	EXPECT_DOORBELL(-EINVAL, bell.eventfd = null);
	EXPECT_DOORBELL(-EINVAL, bell.eventfd = self->function);
	EXPECT_DOORBELL(-EBADF, bell.flags = off; bell.eventfd = -1);
	EXPECT_DOORBELL(-EINVAL, bell.flags = off; bell.eventfd = null);
	EXPECT_DOORBELL(-ENOENT, bell.flags = off);
	close(null);
}

TEST_F(uapi, doorbell_that_is_not_there)
{
	const __u32 off = KVPCI_DOORBELL_DEASSIGN;
	struct kvpci_doorbell there = good_doorbell(self);
	int other = event_new();

	there.flags = KVPCI_DOORBELL_DATAMATCH;
	there.datamatch = 5;
	there.offset = 8;
	EXPECT_EQ(0, doorbell(self->function, &there));

	EXPECT_DOORBELL(-ENOENT, bell = there; bell.flags |= off; bell.datamatch = 4);
	EXPECT_DOORBELL(-ENOENT, bell = there; bell.flags = off; bell.datamatch = 0);
	EXPECT_DOORBELL(-ENOENT, bell = there; bell.flags |= off; bell.offset = 4);
	EXPECT_DOORBELL(-ENOENT, bell = there; bell.flags |= off; bell.offset = 12);
	EXPECT_DOORBELL(-ENOENT, bell = there; bell.flags |= off; bell.length = 2);
	EXPECT_DOORBELL(-ENOENT, bell = there; bell.flags |= off; bell.bar = BAR_LARGE);
	EXPECT_DOORBELL(-ENOENT, bell = there; bell.flags |= off; bell.eventfd = other);

	there.flags |= off;
	EXPECT_EQ(0, doorbell(self->function, &there));
	EXPECT_EQ(-ENOENT, doorbell(self->function, &there));
	close(other);
}

TEST_F(uapi, doorbells_that_one_write_could_ring)
{
	const __u32 match = KVPCI_DOORBELL_DATAMATCH;
	struct kvpci_doorbell first = good_doorbell(self);

	/* One for any value of 4 bytes. */
	EXPECT_EQ(0, doorbell(self->function, &first));
	EXPECT_DOORBELL(-EEXIST, (void)0);
	EXPECT_DOORBELL(-EEXIST, bell.flags = match; bell.datamatch = 7);
	EXPECT_DOORBELL(-EEXIST, bell.length = 0);
	EXPECT_DOORBELL(0, bell.length = 2);
	EXPECT_DOORBELL(0, bell.length = 8);
	EXPECT_DOORBELL(0, bell.offset = 1);
	EXPECT_DOORBELL(0, bell.bar = BAR_LARGE);
	first.flags = KVPCI_DOORBELL_DEASSIGN;
	EXPECT_EQ(0, doorbell(self->function, &first));

	/* One for one value. */
	first.flags = match;
	first.datamatch = 7;
	EXPECT_EQ(0, doorbell(self->function, &first));
	EXPECT_DOORBELL(-EEXIST, bell = first);
	EXPECT_DOORBELL(-EEXIST, (void)0);
	EXPECT_DOORBELL(-EEXIST, bell.length = 0);
	EXPECT_DOORBELL(0, bell = first; bell.datamatch = 8);
	first.flags |= KVPCI_DOORBELL_DEASSIGN;
	EXPECT_EQ(0, doorbell(self->function, &first));

	/* One for any length. */
	first = good_doorbell(self);
	first.length = 0;
	EXPECT_EQ(0, doorbell(self->function, &first));
	EXPECT_DOORBELL(-EEXIST, (void)0);
	EXPECT_DOORBELL(-EEXIST, bell.length = 1);
	EXPECT_DOORBELL(-EEXIST, bell.length = 8; bell.flags = match);
	EXPECT_DOORBELL(0, bell.offset = 1);
}

TEST_F(uapi, too_many_doorbells)
{
	struct kvpci_doorbell bell = good_doorbell(self);
	int i;

	bell.length = 1;
	for (i = 0; i < KVPCI_MAX_DOORBELLS; i++) {
		bell.bar = i & 1 ? BAR_LARGE : BAR_MEMORY;
		bell.offset = i;
		ASSERT_EQ(0, doorbell(self->function, &bell));
	}
	bell.bar = BAR_IO;
	bell.offset = 0;
	EXPECT_EQ(-ENOSPC, doorbell(self->function, &bell));

	/* One less, and there is room for one. */
	bell.bar = BAR_MEMORY;
	bell.flags = KVPCI_DOORBELL_DEASSIGN;
	EXPECT_EQ(0, doorbell(self->function, &bell));
	bell.bar = BAR_IO;
	bell.flags = 0;
	EXPECT_EQ(0, doorbell(self->function, &bell));
	EXPECT_EQ(-ENOSPC, doorbell(self->function, &(struct kvpci_doorbell) {
		.size = sizeof(bell), .bar = BAR_SMALL, .eventfd = self->event }));
}

/* KVPCI_READ and KVPCI_WRITE */

#define EXPECT_READ(result, change)					\
do {									\
	struct kvpci_access access = good_access();			\
									\
	change;								\
	EXPECT_EQ(result, try_read(self, &access)) {			\
		TH_LOG("read: %s", #change);				\
	}								\
} while (0)

#define EXPECT_WRITE(result, change)					\
do {									\
	struct kvpci_access access = good_access();			\
									\
	change;								\
	EXPECT_EQ(result, try_write(self, &access)) {			\
		TH_LOG("write: %s", #change);				\
	}								\
} while (0)

#define EXPECT_ACCESS(result, change)					\
do {									\
	struct kvpci_access access = good_access();			\
	const int wanted = result;					\
									\
	change;								\
	EXPECT_EQ(wanted, try_read(self, &access)) {			\
		TH_LOG("read: %s", #change);				\
	}								\
	EXPECT_EQ(wanted, try_write(self, &access)) {			\
		TH_LOG("write: %s", #change);				\
	}								\
} while (0)

TEST_F(uapi, access_with_a_bad_place)
{
	static char bytes[2 * PAGE];
	__u32 len;

	/* Registers in the middle of a BAR, and a userspace range. */
	add_memory(self->function, BAR_MEMORY, 0x100, 0x40);
	add_memory(self->function, BAR_MEMORY, 0x140, 0x40);
	add_userspace(self->function, BAR_LARGE, 0, PAGE);
	add_registers(self->function, KVPCI_BAR_ROM, 0, 2048, NULL, NULL, NULL);

	EXPECT_ACCESS(-EINVAL, access.bar = 8);
	EXPECT_ACCESS(-EINVAL, access.bar = ~0U);
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_NONE);
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_NONE; access.offset = 0);
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_LARGE_UPPER; access.offset = 0);
	EXPECT_ACCESS(-EINVAL, access.length = 0);
	EXPECT_ACCESS(-EINVAL, access.length = PAGE + 1; access.data = ptr(bytes));
	EXPECT_ACCESS(-EINVAL, access.length = ~0U);

	/* Configuration space. */
	EXPECT_ACCESS(-EINVAL, access.offset = PAGE);
	EXPECT_ACCESS(-EINVAL, access.offset = PAGE - 3);
	EXPECT_ACCESS(-EINVAL, access.offset = ~0ULL);
	EXPECT_ACCESS(-EINVAL, access.offset = -4ULL);
	EXPECT_ACCESS(-EINVAL, access.offset = 1ULL << 32);
	EXPECT_ACCESS(0, access.offset = PAGE - 4);
	EXPECT_READ(0, access.offset = 0; access.length = PAGE; access.data = ptr(bytes));
	EXPECT_READ(-EINVAL, access.offset = 1; access.length = PAGE; access.data = ptr(bytes));

	/* A range, as a whole or in part, and no other. */
	EXPECT_ACCESS(0, access.bar = BAR_MEMORY; access.offset = 0x100);
	EXPECT_ACCESS(0, access.bar = BAR_MEMORY; access.offset = 0x13c);
	EXPECT_ACCESS(0, access.bar = BAR_MEMORY; access.offset = 0x100; access.length = 0x40;
		      access.data = ptr(bytes));
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_MEMORY; access.offset = 0x100;
		      access.length = 0x41; access.data = ptr(bytes));
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_MEMORY; access.offset = 0xff);
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_MEMORY; access.offset = 0x13d);
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_MEMORY; access.offset = 0x180);
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_MEMORY; access.offset = 0x17d);
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_MEMORY; access.offset = ~0ULL);
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_IO; access.offset = 0);
	EXPECT_ACCESS(-EINVAL, access.bar = BAR_LARGE; access.offset = 0);
	EXPECT_ACCESS(0, access.bar = KVPCI_BAR_ROM; access.offset = 0x7fc);
	EXPECT_ACCESS(-EINVAL, access.bar = KVPCI_BAR_ROM; access.offset = 0x7fd);

	/* As the guest. */
	for (len = 0; len <= 17; len++) {
		bool good = len == 1 || len == 2 || len == 4 || len == 8;

		EXPECT_ACCESS(good ? 0 : -EINVAL, access.flags = KVPCI_ACCESS_AS_GUEST;
			      access.length = len; access.data = ptr(bytes));
		EXPECT_ACCESS(-EINVAL, access.flags = KVPCI_ACCESS_AS_GUEST;
			      access.length = len; access.offset = PAGE - len + 1;
			      access.data = ptr(bytes));
	}
	EXPECT_ACCESS(0, access.flags = KVPCI_ACCESS_AS_GUEST; access.bar = BAR_MEMORY;
		      access.offset = 0x100);
	EXPECT_ACCESS(-EINVAL, access.flags = KVPCI_ACCESS_AS_GUEST; access.bar = BAR_MEMORY;
		      access.offset = 0x100; access.bank = 1);
	EXPECT_ACCESS(-EINVAL, access.flags = KVPCI_ACCESS_AS_GUEST; access.bar = BAR_MEMORY;
		      access.offset = 0x13d);
	EXPECT_ACCESS(-EINVAL, access.flags = KVPCI_ACCESS_AS_GUEST; access.bar = BAR_MEMORY;
		      access.offset = 0x180);
	EXPECT_ACCESS(-EINVAL, access.flags = KVPCI_ACCESS_AS_GUEST; access.bar = BAR_IO;
		      access.offset = 0);
	EXPECT_ACCESS(-EINVAL, access.flags = KVPCI_ACCESS_AS_GUEST;
		      access.bar = KVPCI_BAR_ROM; access.offset = 0);
}

TEST_F(uapi, access_with_bad_data)
{
	const __u64 bad[] = { 0, 1, 1ULL << 47, 1ULL << 63, -1, ptr(self->edge - 3) };
	char *read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u32 before, after;
	int i;

	ASSERT_NE(MAP_FAILED, read_only);
	ASSERT_EQ(0, device_read(self->function, KVPCI_CONFIG, 0x40, &before, 4));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_ACCESS(-EFAULT, access.data = bad[i]);
		EXPECT_ACCESS(-EFAULT, access.data = bad[i]; access.flags = KVPCI_ACCESS_AS_GUEST);
	}
	EXPECT_READ(-EFAULT, access.data = ptr(read_only));
	EXPECT_WRITE(0, access.data = ptr(read_only));
	ASSERT_EQ(0, device_read(self->function, KVPCI_CONFIG, 0x40, &after, 4));
	EXPECT_EQ(before, after);
	munmap(read_only, PAGE);
}

TEST_F(uapi, write_to_what_is_the_kernels)
{
	static char bytes[PAGE], now[PAGE], before[PAGE];
	struct kvpci_capability caps[] = {
		{ .id = 9, .length = 8, .value = ptr(bytes) },
		{ .id = 9, .length = 8, .value = ptr(bytes), .offset = 0x80 },
		{ .id = 11, .length = 16, .value = ptr(bytes), .version = 1,
		  .flags = KVPCI_CAP_EXTENDED },
		{ .id = 11, .length = 16, .value = ptr(bytes), .version = 1,
		  .flags = KVPCI_CAP_EXTENDED, .offset = 0x200 },
	};
	const struct {
		int offset;
		int length;
	} headers[] = {
		{ 0, 0x40 }, { 0x40, 2 }, { 0x80, 2 }, { 0x100, 4 }, { 0x200, 4 },
	};
	struct kvpci_function_config config = good_function();
	int function, i, at;

	config.capabilities = ptr(caps);
	config.nr_capabilities = ARRAY_SIZE(caps);
	function = create_function(self->host->fd, &config);
	ASSERT_LE(0, function);
	ASSERT_EQ(0, device_read(function, KVPCI_CONFIG, 0, before, PAGE));

	memset(bytes, 0xa5, sizeof(bytes));
	for (i = 0; i < ARRAY_SIZE(headers); i++) {
		int end = headers[i].offset + headers[i].length;

		for (at = headers[i].offset; at < end; at++) {
			EXPECT_EQ(-EINVAL, device_write(function, KVPCI_CONFIG, at, bytes, 1)) {
				TH_LOG("byte %#x", at);
			}
		}
		/* One byte of it among others is enough. */
		EXPECT_EQ(-EINVAL, device_write(function, KVPCI_CONFIG, end - 1, bytes, 4));
		if (headers[i].offset) {
			EXPECT_EQ(0, device_write(function, KVPCI_CONFIG, end, before + end, 1));
			EXPECT_EQ(-EINVAL, device_write(function, KVPCI_CONFIG,
							headers[i].offset - 1, bytes, 2));
		}
	}
	EXPECT_EQ(-EINVAL, device_write(function, KVPCI_CONFIG, 0, bytes, PAGE));
	ASSERT_EQ(0, device_read(function, KVPCI_CONFIG, 0, now, PAGE));
	EXPECT_EQ(0, memcmp(before, now, PAGE));

	/* The rest is the device's, also what the guest can't write. */
	EXPECT_EQ(0, device_write(function, KVPCI_CONFIG, 0x42, bytes, 0x80 - 0x42));
	EXPECT_EQ(0, device_write(function, KVPCI_CONFIG, 0x82, bytes, 0x100 - 0x82));
	EXPECT_EQ(0, device_write(function, KVPCI_CONFIG, 0x104, bytes, 0x200 - 0x104));
	EXPECT_EQ(0, device_write(function, KVPCI_CONFIG, 0x204, bytes, PAGE - 0x204));
	close(function);
}

TEST_F(uapi, access_with_a_mask)
{
	const __u32 ones = ~0U, mask = 0x00ff00f0;
	__u32 value = 0;

	EXPECT_EQ(0, device_write(self->function, KVPCI_CONFIG, 0x40, &value, 4));
	EXPECT_WRITE(0, access.data = ptr(&ones); access.mask = ptr(&mask));
	EXPECT_EQ(0, device_read(self->function, KVPCI_CONFIG, 0x40, &value, 4));
	EXPECT_EQ(mask, value);

	EXPECT_READ(-EINVAL, access.mask = ptr(&mask));
	EXPECT_ACCESS(-EINVAL, access.mask = ptr(&mask); access.flags = KVPCI_ACCESS_AS_GUEST);
	EXPECT_WRITE(-EFAULT, access.mask = 1);
	EXPECT_WRITE(-EFAULT, access.mask = 1ULL << 63);
	EXPECT_WRITE(-EFAULT, access.mask = ptr(self->edge - 3));
	/* Nor is it a way to what is the kernel's. */
	EXPECT_WRITE(-EINVAL, access.offset = 0; access.mask = ptr(&value));
	EXPECT_EQ(0, device_read(self->function, KVPCI_CONFIG, 0x40, &value, 4));
	EXPECT_EQ(mask, value);
}

/* KVPCI_GET_EXIT */

#define EXPECT_EXIT(result, change)					\
do {									\
	struct kvpci_exit get = good_exit();				\
									\
	change;								\
	EXPECT_EQ(result, try_get_exit(self, &get)) {			\
		TH_LOG("%s %s", #change, noted);					\
	}								\
} while (0)

TEST_F(uapi, exits_that_were_none)
{
	const __u64 place = MEM32_BASE + 0x10000, port = 0x2000;
	struct kvpci_exit *answer;
	char *read_only;

	EXPECT_EXIT(-ENOENT, (void)0);
	add_userspace(self->function, BAR_MEMORY, 0, PAGE);
	EXPECT_EXIT(-ENOENT, (void)0);
	EXPECT_EXIT(-ENOENT, get.address = 0);
	EXPECT_EXIT(-ENOENT, get.address = 0; get.flags = KVPCI_EXIT_IO);
	EXPECT_EXIT(-EINVAL, get.vcpu = 1);
	EXPECT_EXIT(-EINVAL, get.vcpu = 1 << 20);
	EXPECT_EXIT(-EINVAL, get.vcpu = ~0U);

	add_userspace(self->function, BAR_IO, 0, 256);
	must(plug(self->function));
	set_bar(self->host, BDF_TEST, BAR_MEMORY, place);
	set_bar(self->host, BDF_TEST, BAR_IO, port);
	set_command(self->host, BDF_TEST, DECODE_ALL);
	EXPECT_EXIT(-ENOENT, get.address = place);

	self->vm->vcpus[0].on_exit = exit_is_noted;
	guest_load(self->vm, place + 8, 4);
	EXPECT_EXIT(0, get.address = place + 8);
	EXPECT_EXIT(-ENOENT, get.address = place - 1);
	EXPECT_EXIT(-ENOENT, get.address = place + PAGE);
	EXPECT_EXIT(-ENOENT, get.address = place + 8; get.flags = KVPCI_EXIT_IO);
	EXPECT_EXIT(-EINVAL, get.address = place + 8; get.vcpu = 1);
	EXPECT_EXIT(-ENOENT, get.address = ~0ULL);
	EXPECT_EXIT(-ENOENT, get.address = 0);

	/* The answer can't be written. */
	read_only = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, read_only);
	answer = (struct kvpci_exit *)read_only;
	*answer = good_exit();
	answer->address = place + 8;
	must(mprotect(read_only, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, try_get_exit(self, read_only));
	munmap(read_only, PAGE);

	guest_in(self->vm, port + 2, 2);
	EXPECT_EXIT(0, get.address = port + 2; get.flags = KVPCI_EXIT_IO);
	EXPECT_EXIT(-ENOENT, get.address = port + 2);
	EXPECT_EXIT(-ENOENT, get.address = place + 8);
	EXPECT_EXIT(-ENOENT, get.address = port + 256; get.flags = KVPCI_EXIT_IO);

	/* Another function in the same place is not the one that was accessed. */
	close(self->function);
	EXPECT_EXIT(-ENOENT, get.address = port + 2; get.flags = KVPCI_EXIT_IO);
	self->function = function_plugged(self->host, BDF_TEST, description);
	EXPECT_EXIT(-ENOENT, get.address = port + 2; get.flags = KVPCI_EXIT_IO);
	close(self->function);
	self->function = function_new(self->host, BDF_TEST, description);
}

/* KVPCI_GET_STATE and KVPCI_SET_STATE of @fd with what there is of @edge. */
static int get_state_at(int fd, const void *data, __u64 room, __u64 *length)
{
	struct kvpci_state get = { .size = sizeof(get), .data = ptr(data), .length = room };
	int ret = kvpci_ioctl(fd, KVPCI_GET_STATE, &get);

	*length = get.length;
	return ret;
}

static int set_state_at(int fd, const void *data, __u64 length)
{
	const struct kvpci_state set = {
		.size = sizeof(set), .data = ptr(data), .length = length };

	return kvpci_ioctl(fd, KVPCI_SET_STATE, &set);
}

TEST_F(uapi, room_for_state)
{
	const int fds[] = { self->host->fd, self->function };
	char *read_only;
	int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		__u64 length, told;
		char *data;

		EXPECT_EQ(0, get_state_at(fds[i], NULL, 0, &length));
		EXPECT_EQ(0, get_state_at(fds[i], NULL, ~0ULL, &told));
		EXPECT_EQ(length, told);
		ASSERT_GT(2 * PAGE, length);

		/* Too little room: nothing is written, and nothing is told. */
		data = self->edge - length;
		memset(data, 0x5a, length);
		EXPECT_EQ(-ENOSPC, get_state_at(fds[i], data, length - 1, &told));
		EXPECT_EQ(length - 1, told);
		EXPECT_EQ(-ENOSPC, get_state_at(fds[i], data, 0, &told));
		EXPECT_EQ(0x5a, data[0]);
		EXPECT_EQ(0, get_state_at(fds[i], data, ~0ULL, &told));
		EXPECT_EQ(length, told);
		EXPECT_NE(0x5a, data[0]);

		/* All of it is read, and no byte behind it. */
		EXPECT_EQ(0, set_state_at(fds[i], data, length));
		EXPECT_EQ(-EFAULT, set_state_at(fds[i], data, length + 1));
		EXPECT_EQ(-EFAULT, set_state_at(fds[i], data + 1, length));
		EXPECT_EQ(-EFAULT, set_state_at(fds[i], NULL, length));
		EXPECT_EQ(-EFAULT, get_state_at(fds[i], data + 1, length, &told));
		EXPECT_EQ(-EINVAL, set_state_at(fds[i], data, 0));
		EXPECT_EQ(-ENOMEM, set_state_at(fds[i], data, ~0ULL));
		EXPECT_EQ(-ENOMEM, set_state_at(fds[i], data, 1ULL << 40));

		read_only = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, read_only);
		EXPECT_EQ(-EFAULT, get_state_at(fds[i], read_only, length, &told));
		munmap(read_only, 2 * PAGE);
	}
}

/* After the host bridge has gone. */
TEST_F(uapi, function_without_a_host)
{
	struct range_desc range = good_range();
	struct kvpci_doorbell bell = good_doorbell(self);
	struct kvpci_access access = good_access();
	struct kvpci_access as_guest = good_access();
	int plugged = function_plugged(self->host, BDF_FREE, description);
	int functions[] = { self->function, plugged };
	struct state state = state_get(plugged);
	__u64 length;
	int i;

	must(doorbell(plugged, &bell));
	as_guest.flags = KVPCI_ACCESS_AS_GUEST;
	host_close(self->host);

	for (i = 0; i < ARRAY_SIZE(functions); i++) {
		int function = functions[i];

		EXPECT_EQ(-ENODEV, add_range(function, &range));
		EXPECT_EQ(-ENODEV, doorbell(function, &bell));
		bell.flags = KVPCI_DOORBELL_DEASSIGN;
		EXPECT_EQ(-ENODEV, doorbell(function, &bell));
		bell.flags = 0;
		EXPECT_EQ(-ENODEV, plug(function));
		EXPECT_EQ(-ENODEV, kvpci_ioctl(function, KVPCI_READ, &access));
		EXPECT_EQ(-ENODEV, kvpci_ioctl(function, KVPCI_WRITE, &access));
		EXPECT_EQ(-ENODEV, kvpci_ioctl(function, KVPCI_READ, &as_guest));
		EXPECT_EQ(-ENODEV, kvpci_ioctl(function, KVPCI_WRITE, &as_guest));
		EXPECT_EQ(-ENODEV, state_set(function, &state));
		EXPECT_EQ(-ENODEV, get_state_at(function, NULL, 0, &length));
		EXPECT_EQ(-ENOTTY, kvpci_ioctl(function, KVPCI_GET_EXIT, &access));
	}

	/* A new bridge has nothing to do with them. */
	self->host->fd = create_host(&self->host->config);
	ASSERT_LE(0, self->host->fd);
	EXPECT_EQ(-ENODEV, plug(plugged));
	EXPECT_FUNCTION(0, config.devfn = BDF_FREE);
	EXPECT_FUNCTION(0, config.devfn = BDF_TEST);
	close(plugged);
	state_free(&state);
}

/* As a 32-bit program calls: ioctl() is number 54 of its system calls. */
static int ioctl32(int fd, unsigned int cmd, const void *arg)
{
	long ret = 54;

	asm volatile("int $0x80" : "+a"(ret) : "b"((long)fd), "c"((long)cmd), "d"(arg)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

TEST_F(uapi, callers_of_32_bits)
{
	char *low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct kvpci_host_config *host = (void *)low;
	struct kvpci_function_config *config = (void *)low;
	struct kvpci_access *access = (void *)low;
	__u32 *value = (void *)low + PAGE / 2;
	int fd;

	ASSERT_NE(MAP_FAILED, low);
	*host = good_host(self);
	fd = ioctl32(self->kvpci, KVPCI_CREATE_HOST, low);
	EXPECT_LE(0, fd);
	close(fd);
	*config = good_function();
	fd = ioctl32(self->host->fd, KVPCI_CREATE_FUNCTION, low);
	ASSERT_LE(0, fd);

	*access = good_access();
	access->offset = PCI_VENDOR_ID;
	access->data = ptr(value);
	EXPECT_EQ(0, ioctl32(fd, KVPCI_READ, low));
	EXPECT_EQ(VENDOR, *value);
	EXPECT_EQ(-EINVAL, ioctl32(fd, KVPCI_WRITE, low));
	access->data = 0;
	EXPECT_EQ(-EFAULT, ioctl32(fd, KVPCI_READ, low));
	EXPECT_EQ(-EFAULT, ioctl32(fd, KVPCI_READ, NULL));
	EXPECT_EQ(0, ioctl32(fd, KVPCI_PLUG, NULL));
	EXPECT_EQ(-EBUSY, ioctl32(fd, KVPCI_PLUG, NULL));
	close(fd);
	munmap(low, PAGE);
}

/* No number for a descriptor is left. */
TEST_F(uapi, no_more_descriptors)
{
	const struct kvpci_host_config host = good_host(self);
	const struct kvpci_function_config function = good_function();
	struct rlimit limit, none;
	int i;

	must(getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = must(dup(0));
	close(none.rlim_cur);

	for (i = 0; i < 5; i++) {
		must(setrlimit(RLIMIT_NOFILE, &none));
		EXPECT_EQ(-EMFILE, try_host(self, &host));
		EXPECT_EQ(-EMFILE, try_function(self, &function));
		must(setrlimit(RLIMIT_NOFILE, &limit));
		EXPECT_EQ(0, try_host(self, &host));
		EXPECT_EQ(0, try_function(self, &function));
	}
}

/*
 * Leaks: each refusal that comes after something has been allocated, many times; with
 * long arrays, since of short ones a cache may hide some hundreds.
 */

TEST_F(uapi, refused_hosts_leave_nothing)
{
	struct rlimit limit, none;

	EXPECT_NO_LEAK(200,
		       EXPECT_HOST(-EBADF, config.vm_fd = -1);
		       EXPECT_HOST(-EINVAL, config.vm_fd = self->event);
		       EXPECT_HOST(-EINVAL, config.vendor = 0xffff);
		       EXPECT_HOST(-EBUSY, config = self->host->config);
		       EXPECT_HOST(-ENOSPC, config.mem64 = WINDOW(1ULL << 46, 1ULL << 46)));

	must(getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = must(dup(0));
	close(none.rlim_cur);
	EXPECT_NO_LEAK(200,
		       must(setrlimit(RLIMIT_NOFILE, &none));
		       EXPECT_HOST(-EMFILE, (void)0);
		       EXPECT_FUNCTION(-EMFILE, (void)0);
		       must(setrlimit(RLIMIT_NOFILE, &limit)));
}

static struct kvpci_capability long_capability(const char *bytes)
{
	return (struct kvpci_capability) {
		.flags = KVPCI_CAP_EXTENDED,
		.id = 11,
		.version = 1,
		.length = 0xf00,
		.value = ptr(bytes),
		.writable = ptr(bytes),
		.write1clear = ptr(bytes),
	};
}

TEST_F(uapi, refused_functions_leave_nothing)
{
	static char bytes[PAGE], all[PAGE];

	memset(all, 0xff, sizeof(all));
	EXPECT_NO_LEAK(200,
		       EXPECT_FUNCTION(-EEXIST, config.devfn = 0);
		       EXPECT_FUNCTION(-EINVAL, config.bars[5].size = 3);
		       EXPECT_FUNCTION(-EINVAL, config.vendor = 0xffff);
		       EXPECT_FUNCTION(-EFAULT, config.nr_capabilities = 1));
	EXPECT_NO_LEAK(200,
		       EXPECT_CAPABILITY(-EFAULT, cap = long_capability(bytes); cap.value = 1);
		       EXPECT_CAPABILITY(-EFAULT, cap = long_capability(bytes); cap.writable = 1);
		       EXPECT_CAPABILITY(-EFAULT, cap = long_capability(bytes);
					 cap.write1clear = 1);
		       EXPECT_CAPABILITY(-EINVAL, cap = long_capability(bytes);
					 cap.writable = ptr(all); cap.write1clear = ptr(all)));
}

TEST_F(uapi, refused_ranges_leave_nothing)
{
	static char bytes[PAGE], all[PAGE];
	struct range_desc there = good_range();

	there.bar = BAR_LARGE;
	there.offset = 0;
	there.length = PAGE;
	there.value = ptr(bytes);
	memset(all, 0xff, sizeof(all));
	must(add_range(self->function, &there));
	there.writable = ptr(bytes);
	there.write1clear = ptr(bytes);

	EXPECT_NO_LEAK(500, EXPECT_RANGE(-EEXIST, range = there));
	there.offset = PAGE;
	EXPECT_NO_LEAK(500,
		       EXPECT_RANGE(-EFAULT, range = there; range.value = 1);
		       EXPECT_RANGE(-EFAULT, range = there; range.writable = 1);
		       EXPECT_RANGE(-EFAULT, range = there; range.write1clear = 1);
		       EXPECT_RANGE(-EINVAL, range = there; range.writable = ptr(all);
				     range.write1clear = ptr(all));
		       EXPECT_RANGE(-EINVAL, range = there;
				     range.kind = KVPCI_RANGE_USERSPACE);
		       EXPECT_RANGE(-EBADF, range = there;
				     range.flags = KVPCI_REGISTERS_EVENTFD; range.eventfd = -1);
		       EXPECT_RANGE(-EINVAL, range = there;
				     range.flags = KVPCI_REGISTERS_EVENTFD;
				     range.eventfd = self->function));
}

TEST_F(uapi, refused_doorbells_and_accesses_leave_nothing)
{
	static char bytes[PAGE];
	struct kvpci_doorbell there = good_doorbell(self);

	there.offset = 8;
	must(doorbell(self->function, &there));
	/* An eventfd that is not forgotten is memory. */
	EXPECT_NO_LEAK(1000,
		       there.eventfd = event_new();
		       EXPECT_DOORBELL(-EEXIST, bell = there);
		       EXPECT_DOORBELL(-ENOENT, bell = there; bell.flags = KVPCI_DOORBELL_DEASSIGN);
		       EXPECT_DOORBELL(0, bell = there; bell.offset = 16);
		       close(there.eventfd));
	EXPECT_NO_LEAK(500,
		       EXPECT_ACCESS(-EFAULT, access.data = 1; access.length = PAGE;
				     access.offset = 0);
		       EXPECT_ACCESS(-EINVAL, access.bar = BAR_IO; access.length = PAGE;
				     access.data = ptr(bytes));
		       EXPECT_WRITE(-EFAULT, access.data = ptr(bytes); access.length = PAGE - 0x40;
				    access.mask = 1);
		       EXPECT_WRITE(-EINVAL, access.offset = 0; access.length = PAGE;
				    access.data = ptr(bytes); access.mask = ptr(bytes)));
}

TEST_HARNESS_MAIN
