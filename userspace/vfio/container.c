// SPDX-License-Identifier: GPL-2.0
/*
 * VFIO's containers, of type 1: an I/O page table each.
 *
 * One maps the guest's RAM at the addresses that it has for the guest, for all devices that are not
 * behind the virtual IOMMU. One that is has a container of its own, which maps what the guest has
 * mapped for it: it is a client of the device's endpoint.
 *
 * IOMMU groups come with the first of their devices and go with the last, and so do containers with
 * their groups. What is mapped is locked, since a device can't wait for a page. KVM is told of each
 * group before a device of it is opened: some drivers want to know whose guest it is, and KVM
 * whether a device can bypass caches.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layout.h"
#include "report.h"
#include "vfio/container.h"
#include "vfio/holes.h"

/*
 * How many times the guest's memory, at most, a container maps for a device that is behind the
 * virtual IOMMU. A guest can map the same memory again and again, all over the addresses that there
 * are: each time it is locked again, which takes its time, and takes page tables of the host's.
 */
#define MAX_TIMES	4

/**
 * struct container - an I/O page table
 * @client: has it follow @endpoint
 * @endpoint: what is reached by it; NULL: all of the guest's memory
 * @fd: VFIO's descriptor
 * @label: what messages call its device, if it is for one
 * @ready: it has an I/O page table, as it has from its first group on
 * @told: the user has been told of what could not be mapped
 * @mapped: bytes, by which as much memory is locked
 * @nr_groups: that are in it
 */
struct container {
	struct iommu_client client;
	struct iommu_endpoint *endpoint;
	int fd;
	const char *label;
	bool ready;
	bool told;
	__u64 mapped;
	unsigned int nr_groups;
};

struct vfio_group {
	struct vfio_group *next;
	struct container *container;
	unsigned int number;
	unsigned int users;
	int fd;
};

static const struct vm *vm;
static int kvm = -1;			/* KVM's device that is told of groups; -1: none yet */
static struct container *shared;	/* without an endpoint */

/* Bytes of all containers together: what may be locked, and what is. */
static __u64 lock_limit;
static __u64 locked;

static struct vfio_group *groups;

/* Guards all of these: devices go in any thread. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What the kernel lets us lock: those who have the right to lock memory have no limit. */
static __u64 get_lock_limit(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct rlimit limit;

	if (!syscall(SYS_capget, &header, data) && data[0].effective & 1 << CAP_IPC_LOCK)
		return ~0ULL;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return ~0ULL;
	return limit.rlim_cur;
}

void vfio_container_init(const struct vm *machine)
{
	vm = machine;
	lock_limit = get_lock_limit();
}

static __u64 locked_add(__u64 size)
{
	return __atomic_add_fetch(&locked, size, __ATOMIC_RELAXED);
}

static void locked_subtract(__u64 size)
{
	__atomic_sub_fetch(&locked, size, __ATOMIC_RELAXED);
}

/* @why: why it does not, in plain words. */
static int map(const struct container *container, __u64 start, __u64 size, void *host,
	       __u32 access, const char **why)
{
	const struct vfio_iommu_type1_dma_map request = {
		.argsz = sizeof(request),
		.flags = (access & IOMMU_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (access & IOMMU_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = (unsigned long)host,
		.iova = start,
		.size = size,
	};

	if (!ioctl(container->fd, VFIO_IOMMU_MAP_DMA, &request))
		return 0;
	*why = errno == ENOSPC ? "dma_entry_limit of the module vfio_iommu_type1" : strerror(errno);
	return -errno;
}

/*
 * A page that is mapped twice counts twice as locked. The kernel writes into its log what would be
 * beyond the limit, and a guest could have it do so for ever: so it is not asked for that.
 */
static int try_map(struct container *container, const struct iommu_piece *piece, __u64 size,
		   const char **why)
{
	int error;

	*why = "that is more than four times its memory";
	if (container->endpoint && size > MAX_TIMES * vm->memory->size - container->mapped)
		return -ENOMEM;
	*why = "the limit of locked memory, ulimit -l";
	if (locked_add(size) > lock_limit && container->endpoint)
		error = -ENOMEM;
	else
		error = map(container, piece->start, size, piece->host, piece->access, why);
	if (error)
		locked_subtract(size);
	else
		container->mapped += size;
	return error;
}

/* Of what the guest maps it is told, but Linux's driver does not look: so the user is, once. */
static int map_piece(struct iommu_client *client, const struct iommu_piece *piece)
{
	/* The client is what a container begins with. */
	struct container *container = (struct container *)client;
	const char *why;
	int error = try_map(container, piece, piece->last - piece->start + 1, &why);

	if (error && container->ready && !container->told) {
		note("%s: the guest wants more mapped for it than can be (%s), and may not notice: what the device accesses there fails",
		     container->label, why);
		container->told = true;
	}
	return error;
}

static int unmap_pieces(struct iommu_client *client, __u64 start, __u64 last)
{
	struct container *container = (struct container *)client;
	struct vfio_iommu_type1_dma_unmap request = {
		.argsz = sizeof(request), .iova = start, .size = last - start + 1,
	};

	if (!start && last == ~0ULL)
		request.flags = VFIO_DMA_UNMAP_FLAG_ALL;
	if (ioctl(container->fd, VFIO_IOMMU_UNMAP_DMA, &request))
		return -errno;
	/* It says how much that was. */
	container->mapped -= request.size;
	locked_subtract(request.size);
	return 0;
}

static const struct iommu_client_ops client_ops = { .map = map_piece, .unmap = unmap_pieces };

static int open_container(struct container *container, const char *label)
{
	container->fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (container->fd < 0 && (errno == ENOENT || errno == ENODEV))
		return fail("%s: there is no VFIO here, load the modules vfio-pci and vfio_iommu_type1",
			    label);
	if (container->fd < 0)
		return fail("%s: cannot open /dev/vfio/vfio: %s", label, strerror(errno));
	if (ioctl(container->fd, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    !ioctl(container->fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU))
		return fail("%s: VFIO has no IOMMU of type 1, load the module vfio_iommu_type1",
			    label);
	return STATUS_OK;
}

static void close_container(struct container *container)
{
	if (container->endpoint)
		iommu_remove_client(container->endpoint, &container->client);
	locked_subtract(container->mapped);
	if (container->fd >= 0)
		close(container->fd);
	if (container == shared)
		shared = NULL;
	free(container);
}

static int open_kvm(const char *label)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_VFIO };

	if (kvm >= 0)
		return STATUS_OK;
	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device))
		return fail("%s: KVM can't be told of devices: %s", label, strerror(errno));
	kvm = device.fd;
	return STATUS_OK;
}

/* What other devices have locked counts, too. */
static int locked_failed(const struct container *container, const char *label)
{
	const __u64 others = __atomic_load_n(&locked, __ATOMIC_RELAXED) - container->mapped;
	const __u64 needed = others + vm->memory->size;

	if (lock_limit < needed)
		return fail("%s: the guest's memory can't be locked for it: with what other devices have that is %llu MiB, and the limit is %llu: raise it (ulimit -l unlimited, or LimitMEMLOCK= of a service)",
			    label, (needed + MIB(1) - 1) / MIB(1), lock_limit / MIB(1));
	return fail("%s: there is not enough memory to lock all of the guest's, lower --memory",
		    label);
}

static int map_failed(const struct container *container, const char *label, int error)
{
	if (error == -ENOMEM)
		return locked_failed(container, label);
	return fail("%s: the host's IOMMU does not map the guest's memory (%s): lower --memory, of which the end may be out of its reach",
		    label, strerror(-error));
}

/* The guest is to know what the device can't be given. */
static void exclude_holes(struct container *container)
{
	struct iommu_range holes[IOMMU_MAX_HOLES];

	iommu_endpoint_exclude(container->endpoint, holes, vfio_holes_get(container->fd, holes));
}

static int map_memory(struct container *container, const char *label)
{
	const struct guest_memory *memory = vm->memory;
	int error = 0;
	unsigned int i;

	if (container->endpoint) {
		exclude_holes(container);
		error = iommu_add_client(container->endpoint, &container->client);
	}
	for (i = 0; !container->endpoint && !error && i < memory->nr_ram; i++)
		error = map_piece(&container->client, &(struct iommu_piece){
			.start = memory->ram[i].address,
			.last = memory->ram[i].address + memory->ram[i].size - 1,
			.host = memory->ram[i].host,
			.access = IOMMU_READ | IOMMU_WRITE,
		});
	return error ? map_failed(container, label, error) : STATUS_OK;
}

static int set_iommu(struct container *container, const char *label)
{
	if (!ioctl(container->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return map_memory(container, label);
	if (errno == EPERM)
		return fail("%s: the IOMMU does not remap interrupts, by which a device could do what the host does: enable that in the firmware, or, if all guests are trusted, allow_unsafe_interrupts of vfio_iommu_type1",
			    label);
	return fail("%s: VFIO does not use the IOMMU: %s", label, strerror(errno));
}

/* Linux has called it KVM_DEV_VFIO_FILE_ADD since 6.6: it is the same number. */
static int tell_kvm(const struct vfio_group *group, bool add)
{
	const __s32 fd = group->fd;
	const struct kvm_device_attr attr = {
		.group = KVM_DEV_VFIO_GROUP,
		.attr = add ? KVM_DEV_VFIO_GROUP_ADD : KVM_DEV_VFIO_GROUP_DEL,
		.addr = (unsigned long)&fd,
	};

	return ioctl(kvm, KVM_SET_DEVICE_ATTR, &attr);
}

static int open_file(struct vfio_group *group, const struct vfio_place *place, const char *label)
{
	struct vfio_group_status state = { .argsz = sizeof(state) };
	char path[32];

	snprintf(path, sizeof(path), "/dev/vfio/%u", group->number);
	group->fd = open(path, O_RDWR | O_CLOEXEC);
	if (group->fd < 0) {
		switch (errno) {
		case EBUSY:
			return fail("%s: another process has it, or a device of its IOMMU group %u: end that",
				    label, group->number);
		case ENOENT:
			return fail("%s: there is no %s, load the module vfio-pci and bind the device to it",
				    label, path);
		case EACCES:
			return fail("%s: %s may not be opened: run as root, or get access to it",
				    label, path);
		default:
			return fail("%s: cannot open %s: %s", label, path, strerror(errno));
		}
	}
	if (ioctl(group->fd, VFIO_GROUP_GET_STATUS, &state))
		return fail("%s: VFIO does not tell of its group: %s", label, strerror(errno));
	if (!(state.flags & VFIO_GROUP_FLAGS_VIABLE))
		return vfio_place_explain(place, label);
	return STATUS_OK;
}

/* The first group decides which I/O page table a container has. */
static int join(struct vfio_group *group, const char *label)
{
	struct container *container = group->container;
	int status = STATUS_OK;

	if (ioctl(group->fd, VFIO_GROUP_SET_CONTAINER, &container->fd))
		return fail("%s: VFIO does not put its group with those of other devices: %s",
			    label, strerror(errno));
	if (!container->ready)
		status = set_iommu(container, label);
	container->ready = true;
	if (!status && tell_kvm(group, true))
		status = fail("%s: KVM can't be told of it: %s", label, strerror(errno));
	return status;
}

/* The container of a new group. */
static int find_container(struct vfio_group *group, struct iommu_endpoint *endpoint,
			  const char *label)
{
	struct container *container = endpoint ? NULL : shared;

	if (!container) {
		container = malloc(sizeof(*container));
		if (!container)
			return fail("not enough memory for the devices, describe fewer");
		*container = (struct container){
			.client.ops = &client_ops, .endpoint = endpoint, .fd = -1, .label = label,
		};
		if (!endpoint)
			shared = container;
	}
	group->container = container;
	container->nr_groups++;
	return container->fd < 0 ? open_container(container, label) : STATUS_OK;
}

static void free_group(struct vfio_group *group)
{
	struct container *container = group->container;

	if (group->fd >= 0)
		close(group->fd);
	if (container && !--container->nr_groups)
		close_container(container);
	free(group);
	if (!groups && kvm >= 0) {
		close(kvm);
		kvm = -1;
	}
}

static struct vfio_group *find(unsigned int number)
{
	struct vfio_group *group = groups;

	while (group && group->number != number)
		group = group->next;
	return group;
}

static int open_group(struct vfio_group *group, const struct vfio_place *place,
		      struct iommu_endpoint *endpoint, const char *label)
{
	int status = open_file(group, place, label);

	if (!status)
		status = open_kvm(label);
	if (!status)
		status = find_container(group, endpoint, label);
	return status ? status : join(group, label);
}

static int get_group(struct vfio_group **group, const struct vfio_place *place,
		     struct iommu_endpoint *endpoint, const char *label)
{
	struct vfio_group *found = find(place->group);
	int status;

	if (found && (endpoint || found->container->endpoint))
		return fail("%s: another device of the guest's is in its IOMMU group %u, which the host can't tell apart: leave out iommu=on of both",
			    label, place->group);
	if (found) {
		found->users++;
		*group = found;
		return STATUS_OK;
	}
	found = malloc(sizeof(*found));
	if (!found)
		return fail("not enough memory for the devices, describe fewer");
	*found = (struct vfio_group){ .number = place->group, .users = 1, .fd = -1 };
	status = open_group(found, place, endpoint, label);
	if (status) {
		free_group(found);
		return status;
	}
	found->next = groups;
	groups = found;
	*group = found;
	return STATUS_OK;
}

int vfio_group_open(struct vfio_group **group, const struct vfio_place *place,
		    struct iommu_endpoint *endpoint, const char *label)
{
	int status;

	pthread_mutex_lock(&lock);
	status = get_group(group, place, endpoint, label);
	pthread_mutex_unlock(&lock);
	return status;
}

static void remove_group(struct vfio_group *group)
{
	struct vfio_group **at = &groups;

	while (*at != group)
		at = &(*at)->next;
	*at = group->next;
	tell_kvm(group, false);
	free_group(group);
}

void vfio_group_close(struct vfio_group *group)
{
	if (!group)
		return;
	pthread_mutex_lock(&lock);
	if (!--group->users)
		remove_group(group);
	pthread_mutex_unlock(&lock);
}

int vfio_group_fd(const struct vfio_group *group)
{
	return group->fd;
}

int vfio_group_find(unsigned int number)
{
	const struct vfio_group *group;

	pthread_mutex_lock(&lock);
	group = find(number);
	pthread_mutex_unlock(&lock);
	return group ? group->fd : -1;
}
