// SPDX-License-Identifier: GPL-2.0
/*
 * The virtual IOMMU as the driver sees it (Virtual I/O Device 1.2, 5.13): requests by one queue,
 * faults by the other.
 *
 * Linux waits for requests with interrupts off and looks at nothing but the queue, on the processor
 * that has notified of them. So notifications end KVM_RUN, and the thread of that processor carries
 * the requests out before the guest goes on: it is never preempted by who could do it, and need not
 * wake anybody up.
 *
 * A guest that adds requests while others are carried out does not keep the processor's thread:
 * after as many as the queue can have, the event loop has a turn. So it has, and others after it,
 * when requests take long, as those do that have VFIO lock much memory: who ends the guest waits
 * for one of them, and not for all.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_iommu.h>
#include <linux/virtio_ring.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "array.h"
#include "event.h"
#include "milliseconds.h"
#include "report.h"
#include "virtio/viommu.h"
#include "virtio/ring.h"

#define QUEUE_REQUESTS	0
#define QUEUE_EVENTS	1
#define NR_QUEUES	2
#define QUEUE_SIZE	RING_MAX_CHAIN

/* How long requests are carried out in a row, in milliseconds, unless one takes longer. */
#define MAX_TIME	500

/* The longest request, and the longest answer. */
union request {
	struct virtio_iommu_req_head head;
	struct virtio_iommu_req_attach attach;
	struct virtio_iommu_req_detach detach;
	struct virtio_iommu_req_map map;
	struct virtio_iommu_req_unmap unmap;
	struct virtio_iommu_req_probe probe;
};

#define MAX_ANSWER	(VIOMMU_PROBE_SIZE + sizeof(struct virtio_iommu_req_tail))

/**
 * struct viommu - the back end
 * @lock: guards what follows, which faults use from other devices' threads, with the IOMMU's lock
 *	held
 * @events_on: the event queue runs
 * @call: what interrupts for it
 */
struct viommu {
	struct backend backend;
	struct iommu *iommu;
	int more;
	bool requests_on;
	struct ring requests;
	int requests_call;
	pthread_mutex_t lock;
	bool events_on;
	struct ring events;
	int call;
};

static struct viommu *to_viommu(const struct backend *backend)
{
	return (struct viommu *)backend;
}

static bool is_zero(const __u8 *bytes, size_t length)
{
	while (length--) {
		if (*bytes++)
			return false;
	}
	return true;
}

static __u8 do_attach(struct iommu *iommu, const union request *request)
{
	const struct virtio_iommu_req_attach *attach = &request->attach;
	__u32 flags = le32toh(attach->flags);

	if (flags & ~VIRTIO_IOMMU_ATTACH_F_BYPASS ||
	    !is_zero(attach->reserved, sizeof(attach->reserved)))
		return VIRTIO_IOMMU_S_INVAL;
	return iommu_attach(iommu, le32toh(attach->domain), le32toh(attach->endpoint),
			    flags & VIRTIO_IOMMU_ATTACH_F_BYPASS);
}

static __u8 do_detach(struct iommu *iommu, const union request *request)
{
	const struct virtio_iommu_req_detach *detach = &request->detach;

	return iommu_detach(iommu, le32toh(detach->domain), le32toh(detach->endpoint));
}

static __u8 do_map(struct iommu *iommu, const union request *request)
{
	const struct virtio_iommu_req_map *map = &request->map;
	__u32 flags = le32toh(map->flags);

	if (flags & ~VIRTIO_IOMMU_MAP_F_MASK)
		return VIRTIO_IOMMU_S_INVAL;
	return iommu_map(iommu, le32toh(map->domain), le64toh(map->virt_start),
			 le64toh(map->virt_end), le64toh(map->phys_start), flags);
}

static __u8 do_unmap(struct iommu *iommu, const union request *request)
{
	const struct virtio_iommu_req_unmap *unmap = &request->unmap;

	if (!is_zero(unmap->reserved, sizeof(unmap->reserved)))
		return VIRTIO_IOMMU_S_INVAL;
	return iommu_unmap(iommu, le32toh(unmap->domain), le64toh(unmap->virt_start),
			   le64toh(unmap->virt_end));
}

/* Addresses that can't be mapped, as property number @i. */
static void put_reserved(void *properties, unsigned int i, __u8 subtype, __u64 start, __u64 last)
{
	const struct virtio_iommu_probe_resv_mem property = {
		.head = {
			.type = htole16(VIRTIO_IOMMU_PROBE_T_RESV_MEM),
			.length = htole16(sizeof(property) - sizeof(property.head)),
		},
		.subtype = subtype,
		.start = htole64(start),
		.end = htole64(last),
	};

	memcpy((char *)properties + i * sizeof(property), &property, sizeof(property));
}

static __u8 do_probe(struct iommu *iommu, const union request *request, void *properties)
{
	struct iommu_range holes[IOMMU_MAX_HOLES];
	unsigned int i, nr;

	if (!iommu_find_holes(iommu, le32toh(request->probe.endpoint), holes, &nr))
		return VIRTIO_IOMMU_S_NOENT;
	put_reserved(properties, 0, VIRTIO_IOMMU_RESV_MEM_T_MSI, IOMMU_MSI_FIRST, IOMMU_MSI_LAST);
	for (i = 0; i < nr; i++)
		put_reserved(properties, 1 + i, VIRTIO_IOMMU_RESV_MEM_T_RESERVED, holes[i].start,
			     holes[i].last);
	return VIRTIO_IOMMU_S_OK;
}

/* What there is besides probing, and how many bytes of it the driver writes. */
static const struct kind {
	__u8 type;
	size_t length;
	__u8 (*carry_out)(struct iommu *iommu, const union request *request);
} kinds[] = {
	{ VIRTIO_IOMMU_T_ATTACH, offsetof(struct virtio_iommu_req_attach, tail), do_attach },
	{ VIRTIO_IOMMU_T_DETACH, offsetof(struct virtio_iommu_req_detach, tail), do_detach },
	{ VIRTIO_IOMMU_T_MAP, offsetof(struct virtio_iommu_req_map, tail), do_map },
	{ VIRTIO_IOMMU_T_UNMAP, offsetof(struct virtio_iommu_req_unmap, tail), do_unmap },
};

static const struct kind *find_kind(__u8 type)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].type == type)
			return &kinds[i];
	}
	return NULL;
}

/*
 * The status is behind the properties, and otherwise all that there is (5.13.6). Properties for
 * which the driver has too little room have what there is.
 */
size_t viommu_request(struct iommu *iommu, const void *data, size_t length, void *answer,
		      size_t room)
{
	struct virtio_iommu_req_tail tail = { .status = VIRTIO_IOMMU_S_INVAL };
	const struct kind *kind;
	size_t properties = 0;
	union request request;
	bool probes;

	memset(&request, 0, sizeof(request));
	memcpy(&request, data, length < sizeof(request) ? length : sizeof(request));
	probes = request.head.type == VIRTIO_IOMMU_T_PROBE;
	kind = find_kind(request.head.type);
	/* Of one that is not known, it is not known where the status would be. */
	if (length < sizeof(request.head) || room < sizeof(tail) || !(probes || kind))
		return 0;
	if (!probes) {
		if (length >= kind->length)
			tail.status = kind->carry_out(iommu, &request);
	} else {
		properties = room - sizeof(tail);
		if (properties > VIOMMU_PROBE_SIZE)
			properties = VIOMMU_PROBE_SIZE;
		if (properties == VIOMMU_PROBE_SIZE &&
		    length >= offsetof(struct virtio_iommu_req_probe, properties))
			tail.status = do_probe(iommu, &request, answer);
	}
	memcpy((char *)answer + properties, &tail, sizeof(tail));
	return properties + sizeof(tail);
}

/* Returns whether the driver is to be interrupted. */
static bool serve_request(struct viommu *viommu, const struct chain *chain)
{
	__u8 answer[MAX_ANSWER] = { 0 };
	union request request;
	size_t length, written;

	length = chain_read(&viommu->requests, chain, &request, sizeof(request));
	written = viommu_request(viommu->iommu, &request, length, answer,
				 chain_room(chain, sizeof(answer)));
	return ring_give(&viommu->requests, chain,
			 chain_write(&viommu->requests, chain, answer, written));
}

static int serve_requests(struct viommu *viommu)
{
	const long long deadline = milliseconds() + MAX_TIME;
	bool interrupt = false;
	struct chain chain;
	unsigned int i;
	int taken = 0;

	/* Whether there are more is looked up: if not, the driver notifies of the next. */
	for (i = 0; i <= QUEUE_SIZE; i++) {
		taken = ring_take(&viommu->requests, &chain);
		if (taken <= 0 || i == QUEUE_SIZE || (i && milliseconds() > deadline))
			break;
		interrupt |= serve_request(viommu, &chain);
	}
	if (interrupt)
		event_signal(viommu->requests_call);
	if (taken > 0) {
		ring_untake(&viommu->requests);
		eventfd_write(viommu->more, 1);
	}
	if (taken < 0) {
		/* A queue that makes no sense is not looked at again. */
		viommu->requests_on = false;
		return BACKEND_NEEDS_RESET;
	}
	return BACKEND_NOTHING;
}

/* One for which the driver has no room is lost (5.13.6.8). */
static void report_fault(void *context, const struct iommu_fault *what)
{
	struct virtio_iommu_fault fault = {
		.reason = what->reason,
		.flags = htole32(VIRTIO_IOMMU_FAULT_F_ADDRESS |
				 (what->access & IOMMU_READ ? VIRTIO_IOMMU_FAULT_F_READ : 0) |
				 (what->access & IOMMU_WRITE ? VIRTIO_IOMMU_FAULT_F_WRITE : 0)),
		.endpoint = htole32(what->endpoint),
		.address = htole64(what->address),
	};
	struct viommu *viommu = context;
	struct chain chain;
	int taken;

	pthread_mutex_lock(&viommu->lock);
	taken = viommu->events_on ? ring_take(&viommu->events, &chain) : 0;
	if (taken > 0 && ring_give(&viommu->events, &chain,
				   chain_write(&viommu->events, &chain, &fault, sizeof(fault))))
		event_signal(viommu->call);
	if (taken < 0)
		viommu->events_on = false;
	pthread_mutex_unlock(&viommu->lock);
}

static int viommu_features(struct backend *backend, __u64 *features)
{
	(void)backend;
	*features = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |
		    VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) |
		    VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX);
	return 0;
}

static int viommu_set_config(struct backend *backend, size_t offset, const void *data,
			     size_t length)
{
	/* Nothing else can be written. */
	if (offset == offsetof(struct virtio_iommu_config, bypass) && length)
		iommu_set_bypass(to_viommu(backend)->iommu, *(const __u8 *)data & 1);
	return 0;
}

static int viommu_start(struct backend *backend, __u64 features, const struct queue *queues,
			unsigned int nr_queues)
{
	struct viommu *viommu = to_viommu(backend);
	const struct queue *requests = &queues[QUEUE_REQUESTS];
	const struct queue *events = &queues[QUEUE_EVENTS];

	if (nr_queues != NR_QUEUES)
		return -EINVAL;
	/* After a pause: what the driver has asked for meanwhile has not been heard. */
	eventfd_write(viommu->more, 1);
	viommu->requests_on = requests->enabled;
	viommu->requests_call = requests->call;
	if (requests->enabled)
		ring_start(&viommu->requests, backend->memory, NULL, requests, features);
	pthread_mutex_lock(&viommu->lock);
	viommu->events_on = events->enabled;
	viommu->call = events->call;
	if (events->enabled)
		ring_start(&viommu->events, backend->memory, NULL, events, features);
	pthread_mutex_unlock(&viommu->lock);
	return 0;
}

static void halt(struct viommu *viommu)
{
	viommu->requests_on = false;
	event_take(viommu->more);
	pthread_mutex_lock(&viommu->lock);
	viommu->events_on = false;
	pthread_mutex_unlock(&viommu->lock);
}

/* Endpoints are in no domain after a reset (5.13.5). */
static int viommu_stop(struct backend *backend)
{
	struct viommu *viommu = to_viommu(backend);

	halt(viommu);
	iommu_reset(viommu->iommu);
	return 0;
}

/* But they stay where they are while it may not look at its own queues. */
static int viommu_pause(struct backend *backend, struct queue *queues, unsigned int nr_queues)
{
	struct viommu *viommu = to_viommu(backend);

	if (nr_queues != NR_QUEUES)
		return -EINVAL;
	halt(viommu);
	queues[QUEUE_REQUESTS].base = viommu->requests.next;
	queues[QUEUE_EVENTS].base = viommu->events.next;
	return 0;
}

static int viommu_set_call(struct backend *backend, unsigned int index, const struct queue *queue)
{
	struct viommu *viommu = to_viommu(backend);

	pthread_mutex_lock(&viommu->lock);
	if (index == QUEUE_EVENTS)
		viommu->call = queue->call;
	else
		viommu->requests_call = queue->call;
	pthread_mutex_unlock(&viommu->lock);
	return 0;
}

/* That there is room for faults is seen when there is one. */
static int viommu_notify(struct backend *backend, unsigned int index)
{
	struct viommu *viommu = to_viommu(backend);

	return index == QUEUE_REQUESTS && viommu->requests_on ? serve_requests(viommu) :
								BACKEND_NOTHING;
}

static int viommu_poll_fd(const struct backend *backend)
{
	return to_viommu(backend)->more;
}

static int viommu_dispatch(struct backend *backend)
{
	event_take(to_viommu(backend)->more);
	return viommu_notify(backend, QUEUE_REQUESTS);
}

static void viommu_close(struct backend *backend)
{
	struct viommu *viommu = to_viommu(backend);

	iommu_on_fault(viommu->iommu, NULL, NULL);
	if (viommu->more >= 0)
		close(viommu->more);
	iommu_put(viommu->iommu);
	pthread_mutex_destroy(&viommu->lock);
	free(viommu);
}

static const struct backend_ops viommu_ops = {
	.name = "the IOMMU",
	.features = viommu_features,
	.set_config = viommu_set_config,
	.start = viommu_start,
	.stop = viommu_stop,
	.pause = viommu_pause,
	.set_call = viommu_set_call,
	.notify = viommu_notify,
	.poll_fd = viommu_poll_fd,
	.dispatch = viommu_dispatch,
	.close = viommu_close,
};

static int parse(struct virtio_device *device, const char *key, const char *value, bool *known)
{
	(void)device;
	(void)key;
	(void)value;
	*known = false;
	return STATUS_OK;
}

static int check(struct virtio_device *device)
{
	const struct virtio_iommu_config config = {
		.page_size_mask = htole64(~(IOMMU_PAGE - 1)),
		.input_range.end = htole64(IOMMU_LAST_ADDRESS),
		.domain_range.end = htole32(IOMMU_LAST_DOMAIN),
		.probe_size = htole32(VIOMMU_PROBE_SIZE),
		.bypass = 1,
	};

	device->label = strdup("--iommu");
	if (!device->label)
		return fail("not enough memory");
	device->nr_queues = NR_QUEUES;
	device->queue_size = QUEUE_SIZE;
	device->notify_exits = true;
	device->is_iommu = true;
	device->features = VIRTIO_FEATURE(VIRTIO_IOMMU_F_INPUT_RANGE) |
			   VIRTIO_FEATURE(VIRTIO_IOMMU_F_DOMAIN_RANGE) |
			   VIRTIO_FEATURE(VIRTIO_IOMMU_F_MAP_UNMAP) |
			   VIRTIO_FEATURE(VIRTIO_IOMMU_F_PROBE) |
			   VIRTIO_FEATURE(VIRTIO_IOMMU_F_MMIO) |
			   VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG);
	memcpy(device->config, &config, sizeof(config));
	device->config_writable[offsetof(struct virtio_iommu_config, bypass)] = 1;
	device->config_length = sizeof(config);
	return STATUS_OK;
}

static int open_backend(struct virtio_device *device, const struct guest_memory *memory)
{
	struct viommu *viommu = calloc(1, sizeof(*viommu));
	int status;

	if (!viommu)
		return fail("%s: not enough memory", device->label);
	viommu->backend = (struct backend){ .ops = &viommu_ops, .memory = memory };
	viommu->iommu = iommu_get(memory->iommu);
	viommu->more = -1;
	pthread_mutex_init(&viommu->lock, NULL);
	device->backend = &viommu->backend;
	status = event_create(&viommu->more);
	if (!status)
		iommu_on_fault(viommu->iommu, report_fault, viommu);
	return status;
}

const struct virtio_type iommu_type = {
	.model = VIRTIO_MODEL,
	.size = sizeof(struct virtio_device),
	.parse = parse,
	.check = check,
	.open = open_backend,
};
