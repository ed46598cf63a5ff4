// SPDX-License-Identifier: GPL-2.0
/*
 * The virtual IOMMU: endpoints, the domains that they are in, and what the guest does to these.
 *
 * One lock guards all of it. What a client is told, it is told under that lock: a piece that is
 * looked up can't be given to a client after its mapping has gone.
 *
 * There is a domain as long as an endpoint is in it (Virtual I/O Device 1.2, 5.13.6.3).
 */
#include <errno.h>
#include <linux/virtio_iommu.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "iommu.h"
#include "mappings.h"

/**
 * struct domain - a set of mappings
 * @next: another one
 * @number: the guest's name for it
 * @bypass: its endpoints reach all memory, and it has no mappings
 * @nr_endpoints: that are in it
 */
struct domain {
	struct domain *next;
	__u32 number;
	bool bypass;
	unsigned int nr_endpoints;
	struct mappings mappings;
};

/**
 * struct iommu_endpoint - a device that is behind it
 * @next: another one
 * @shown: the guest knows it
 * @id: and by this number
 * @domain: the domain that it is in; NULL: none
 * @clients: what reaches memory for it
 * @holes: addresses that it can't be given
 * @nr_holes: how many of these there are
 */
struct iommu_endpoint {
	struct iommu_endpoint *next;
	struct iommu *iommu;
	bool shown;
	__u32 id;
	struct domain *domain;
	struct iommu_client *clients;
	struct iommu_range holes[IOMMU_MAX_HOLES];
	unsigned int nr_holes;
};

/**
 * struct iommu - the IOMMU
 * @users: who has made or got it, and endpoints
 * @bypass: what is in no domain reaches all memory
 * @nr_mappings: of all domains
 */
struct iommu {
	pthread_mutex_t lock;
	const struct guest_memory *memory;
	unsigned int users;
	bool bypass;
	unsigned int nr_mappings;
	struct domain *domains;
	struct iommu_endpoint *endpoints;
	void (*report)(void *context, const struct iommu_fault *fault);
	void *context;
};

/* What an endpoint has that reaches all memory. */
static const struct mapping everything = {
	.last = ~0ULL, .flags = VIRTIO_IOMMU_MAP_F_READ | VIRTIO_IOMMU_MAP_F_WRITE,
};

int iommu_create(struct iommu **iommu, const struct guest_memory *memory)
{
	*iommu = malloc(sizeof(**iommu));
	if (!*iommu)
		return -ENOMEM;
	**iommu = (struct iommu){ .memory = memory, .users = 1, .bypass = true };
	pthread_mutex_init(&(*iommu)->lock, NULL);
	return 0;
}

struct iommu *iommu_get(struct iommu *iommu)
{
	pthread_mutex_lock(&iommu->lock);
	iommu->users++;
	pthread_mutex_unlock(&iommu->lock);
	return iommu;
}

static void put_and_unlock(struct iommu *iommu)
{
	bool last = !--iommu->users;

	pthread_mutex_unlock(&iommu->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&iommu->lock);
	free(iommu);
}

void iommu_put(struct iommu *iommu)
{
	if (!iommu)
		return;
	pthread_mutex_lock(&iommu->lock);
	put_and_unlock(iommu);
}

void iommu_on_fault(struct iommu *iommu,
		    void (*report)(void *context, const struct iommu_fault *fault), void *context)
{
	pthread_mutex_lock(&iommu->lock);
	iommu->report = report;
	iommu->context = context;
	pthread_mutex_unlock(&iommu->lock);
}

struct iommu_endpoint *iommu_endpoint_create(struct iommu *iommu)
{
	struct iommu_endpoint *endpoint = calloc(1, sizeof(*endpoint));

	if (!endpoint)
		return NULL;
	endpoint->iommu = iommu;
	pthread_mutex_lock(&iommu->lock);
	iommu->users++;
	endpoint->next = iommu->endpoints;
	iommu->endpoints = endpoint;
	pthread_mutex_unlock(&iommu->lock);
	return endpoint;
}

void iommu_endpoint_exclude(struct iommu_endpoint *endpoint, const struct iommu_range *holes,
			    unsigned int nr)
{
	pthread_mutex_lock(&endpoint->iommu->lock);
	endpoint->nr_holes = nr < IOMMU_MAX_HOLES ? nr : IOMMU_MAX_HOLES;
	memcpy(endpoint->holes, holes, endpoint->nr_holes * sizeof(*holes));
	pthread_mutex_unlock(&endpoint->iommu->lock);
}

void iommu_endpoint_show(struct iommu_endpoint *endpoint, __u32 id)
{
	pthread_mutex_lock(&endpoint->iommu->lock);
	endpoint->id = id;
	endpoint->shown = true;
	pthread_mutex_unlock(&endpoint->iommu->lock);
}

static struct iommu_endpoint *find_endpoint(const struct iommu *iommu, __u32 id)
{
	struct iommu_endpoint *endpoint = iommu->endpoints;

	while (endpoint && (!endpoint->shown || endpoint->id != id))
		endpoint = endpoint->next;
	return endpoint;
}

static struct domain *find_domain(const struct iommu *iommu, __u32 number)
{
	struct domain *domain = iommu->domains;

	while (domain && domain->number != number)
		domain = domain->next;
	return domain;
}

static struct domain *add_domain(struct iommu *iommu, __u32 number, bool bypass)
{
	struct domain *domain = calloc(1, sizeof(*domain));

	if (!domain)
		return NULL;
	domain->number = number;
	domain->bypass = bypass;
	domain->next = iommu->domains;
	iommu->domains = domain;
	return domain;
}

static void remove_domain(struct iommu *iommu, struct domain *domain)
{
	struct domain **link = &iommu->domains;

	while (*link != domain)
		link = &(*link)->next;
	*link = domain->next;
	iommu->nr_mappings -= domain->mappings.nr;
	mappings_free(&domain->mappings);
	free(domain);
}

/* The mapping that @address is in. NULL: none */
static const struct mapping *find_mapping(const struct iommu_endpoint *endpoint, __u64 address)
{
	const struct domain *domain = endpoint->domain;

	if (domain ? domain->bypass : endpoint->iommu->bypass)
		return &everything;
	return domain ? mappings_find(&domain->mappings, address, address) : NULL;
}

/* What of a mapping is in this piece of RAM, if anything is. */
static bool cut_piece(const struct mapping *mapping, const struct ram *ram,
		      struct iommu_piece *piece)
{
	__u64 length = mapping->last - mapping->start;
	__u64 first = mapping->physical > ram->address ? mapping->physical : ram->address;
	__u64 last = mapping->physical + length;
	__u64 end = ram->address + ram->size - 1;

	if (last > end)
		last = end;
	if (first > last)
		return false;
	*piece = (struct iommu_piece){
		.start = mapping->start + (first - mapping->physical),
		.last = mapping->start + (last - mapping->physical),
		.host = ram->host + (first - ram->address),
		.access = mapping->flags & (IOMMU_READ | IOMMU_WRITE),
	};
	return true;
}

/* The piece that @address is in. */
static bool find_piece(const struct iommu_endpoint *endpoint, __u64 address,
		       struct iommu_piece *piece)
{
	const struct guest_memory *memory = endpoint->iommu->memory;
	const struct mapping *mapping = find_mapping(endpoint, address);
	unsigned int i;

	for (i = 0; mapping && i < memory->nr_ram; i++) {
		if (cut_piece(mapping, &memory->ram[i], piece) && address >= piece->start &&
		    address <= piece->last)
			return true;
	}
	return false;
}

static int tell(struct iommu_client *client, const struct iommu_piece *piece)
{
	return client->ops->map ? client->ops->map(client, piece) : 0;
}

/* Whole pages: a guest may unmap any range, and a host's IOMMU takes no others. */
static int forget(struct iommu_client *client, __u64 start, __u64 last)
{
	__u64 first, end;

	if (!client->ops->unmap || last - start < IOMMU_PAGE - 1)
		return 0;
	first = (start + IOMMU_PAGE - 1) & ~(IOMMU_PAGE - 1);
	end = ((last + 1) & ~(IOMMU_PAGE - 1)) - 1;
	return first < end ? client->ops->unmap(client, first, end) : 0;
}

/* What may be neither read nor written need not be known. */
static int tell_client(struct iommu *iommu, struct iommu_client *client,
		       const struct mapping *mapping)
{
	const struct guest_memory *memory = iommu->memory;
	struct iommu_piece piece;
	unsigned int i;
	int error = 0;

	for (i = 0; i < memory->nr_ram && !error; i++) {
		if (cut_piece(mapping, &memory->ram[i], &piece) && piece.access)
			error = tell(client, &piece);
	}
	return error;
}

struct telling {
	struct iommu *iommu;
	struct iommu_client *client;
};

static int tell_one(void *context, const struct mapping *mapping)
{
	const struct telling *telling = context;

	return tell_client(telling->iommu, telling->client, mapping);
}

/* It knows nothing: tell it all. */
static int tell_all(const struct iommu_endpoint *endpoint, struct iommu_client *client)
{
	struct telling telling = { endpoint->iommu, client };

	client->denied = false;
	if (client->ops->lazy)
		return 0;
	if (find_mapping(endpoint, 0) == &everything)
		return tell_client(endpoint->iommu, client, &everything);
	return endpoint->domain ?
	       mappings_visit(&endpoint->domain->mappings, tell_one, &telling) : 0;
}

/* What the endpoint reaches is all different now. */
static int change(struct iommu_endpoint *endpoint)
{
	struct iommu_client *client;
	int result = 0;
	int error;

	for (client = endpoint->clients; client; client = client->next) {
		error = forget(client, 0, ~0ULL);
		if (!error)
			error = tell_all(endpoint, client);
		if (error)
			result = error;
	}
	return result;
}

/* Put it into another domain; NULL: into none. */
static int set_domain(struct iommu_endpoint *endpoint, struct domain *domain)
{
	struct domain *left = endpoint->domain;
	int error;

	if (domain == left)
		return 0;
	endpoint->domain = domain;
	if (domain)
		domain->nr_endpoints++;
	error = change(endpoint);
	if (left && !--left->nr_endpoints)
		remove_domain(endpoint->iommu, left);
	return error;
}

void iommu_endpoint_free(struct iommu_endpoint *endpoint)
{
	struct iommu_endpoint **link;
	struct iommu *iommu;

	if (!endpoint)
		return;
	iommu = endpoint->iommu;
	pthread_mutex_lock(&iommu->lock);
	set_domain(endpoint, NULL);
	link = &iommu->endpoints;
	while (*link != endpoint)
		link = &(*link)->next;
	*link = endpoint->next;
	free(endpoint);
	put_and_unlock(iommu);
}

int iommu_add_client(struct iommu_endpoint *endpoint, struct iommu_client *client)
{
	int error;

	pthread_mutex_lock(&endpoint->iommu->lock);
	client->next = endpoint->clients;
	endpoint->clients = client;
	error = tell_all(endpoint, client);
	pthread_mutex_unlock(&endpoint->iommu->lock);
	return error;
}

void iommu_remove_client(struct iommu_endpoint *endpoint, struct iommu_client *client)
{
	struct iommu_client **link;

	pthread_mutex_lock(&endpoint->iommu->lock);
	link = &endpoint->clients;
	while (*link && *link != client)
		link = &(*link)->next;
	if (*link)
		*link = client->next;
	pthread_mutex_unlock(&endpoint->iommu->lock);
}

bool iommu_has_clients(const struct iommu_endpoint *endpoint)
{
	return endpoint->clients;
}

static void report_fault(const struct iommu_endpoint *endpoint, __u64 address, __u32 access)
{
	const struct iommu *iommu = endpoint->iommu;
	const struct iommu_fault fault = {
		.reason = endpoint->domain ? IOMMU_NO_MAPPING : IOMMU_NO_DOMAIN,
		.endpoint = endpoint->id, .address = address, .access = access,
	};

	if (iommu->report)
		iommu->report(iommu->context, &fault);
}

/* It may wait for that. */
static void note_denial(struct iommu_client *client, __u64 address)
{
	if (!client->denied || address < client->denied_first)
		client->denied_first = address;
	if (!client->denied || address > client->denied_last)
		client->denied_last = address;
	client->denied = true;
}

/* Has it asked for what may be in this mapping, when there was none? */
static bool was_denied(const struct iommu_client *client, const struct mapping *mapping)
{
	return client->denied && client->denied_first <= mapping->last &&
	       client->denied_last >= mapping->start;
}

/* Nothing of the page may be reached: who asked is not to ask again. */
static int deny(struct iommu_client *client, __u64 address)
{
	const struct iommu_piece piece = {
		.start = address & ~(IOMMU_PAGE - 1), .last = address | (IOMMU_PAGE - 1),
	};

	return tell(client, &piece);
}

/* @client: NULL: only see whether it could be reached. */
int iommu_fetch_held(struct iommu_endpoint *endpoint, struct iommu_client *client, __u64 address,
		     __u64 size, __u32 access, bool late)
{
	__u64 last = address + size - 1;
	struct iommu_piece piece;
	int error;

	/* From its end to its beginning: nothing can be there. */
	if (last < address)
		last = ~0ULL;
	for (;;) {
		bool found = find_piece(endpoint, address, &piece);
		bool reached = found && (piece.access & access) == access;

		error = 0;
		if (!reached && late)
			return -EFAULT;
		if (client)
			error = found ? tell(client, &piece) : deny(client, address);
		if (error)
			return error;
		if (!reached) {
			if (client)
				note_denial(client, address);
			report_fault(endpoint, address, access);
			return -EFAULT;
		}
		if (piece.last >= last)
			return 0;
		address = piece.last + 1;
	}
}

int iommu_fetch(struct iommu_endpoint *endpoint, struct iommu_client *client, __u64 address,
		__u64 size, __u32 access)
{
	int error;

	pthread_mutex_lock(&endpoint->iommu->lock);
	error = iommu_fetch_held(endpoint, client, address, size, access, false);
	pthread_mutex_unlock(&endpoint->iommu->lock);
	return error;
}

bool iommu_reaches(struct iommu_endpoint *endpoint, __u64 address, __u64 size, __u32 access)
{
	return !iommu_fetch(endpoint, NULL, address, size, access);
}

void iommu_hold(struct iommu_endpoint *endpoint)
{
	if (endpoint)
		pthread_mutex_lock(&endpoint->iommu->lock);
}

void iommu_release(struct iommu_endpoint *endpoint)
{
	if (endpoint)
		pthread_mutex_unlock(&endpoint->iommu->lock);
}

void *iommu_at(struct iommu_endpoint *endpoint, __u64 address, __u64 size, __u32 access)
{
	struct iommu_piece piece;

	if (find_piece(endpoint, address, &piece) && (piece.access & access) == access &&
	    size && size - 1 <= piece.last - address)
		return (char *)piece.host + (address - piece.start);
	report_fault(endpoint, address, access);
	return NULL;
}

bool iommu_reaches_held(struct iommu_endpoint *endpoint, __u64 address, __u64 size, __u32 access)
{
	return !iommu_fetch_held(endpoint, NULL, address, size, access, false);
}

size_t iommu_copy(struct iommu_endpoint *endpoint, __u64 address, void *data, size_t size,
		  __u32 access)
{
	struct iommu_piece piece;
	size_t done = 0;

	while (done < size) {
		size_t n = size - done;
		char *host;

		if (!find_piece(endpoint, address, &piece) || !(piece.access & access)) {
			report_fault(endpoint, address, access);
			break;
		}
		if (n - 1 > piece.last - address)
			n = piece.last - address + 1;
		host = (char *)piece.host + (address - piece.start);
		if (access == IOMMU_READ)
			memcpy((char *)data + done, host, n);
		else
			memcpy(host, (char *)data + done, n);
		address += n;
		done += n;
	}
	return done;
}

/* Has the domain mappings at addresses that the endpoint can't be given? */
static bool has_excluded(const struct domain *domain, const struct iommu_endpoint *endpoint)
{
	unsigned int i;

	for (i = 0; i < endpoint->nr_holes; i++) {
		if (mappings_find(&domain->mappings, endpoint->holes[i].start,
				  endpoint->holes[i].last))
			return true;
	}
	return false;
}

/* Can an endpoint of the domain not be given all of that? */
static bool is_excluded(const struct iommu *iommu, const struct domain *domain,
			const struct mapping *mapping)
{
	const struct iommu_endpoint *endpoint;
	unsigned int i;

	for (endpoint = iommu->endpoints; endpoint; endpoint = endpoint->next) {
		for (i = 0; endpoint->domain == domain && i < endpoint->nr_holes; i++) {
			if (mapping->start <= endpoint->holes[i].last &&
			    mapping->last >= endpoint->holes[i].start)
				return true;
		}
	}
	return false;
}

/* What a client has not taken: VFIO returns ENOSPC if it has as many as its limit says. */
static __u8 client_status(int error)
{
	switch (error) {
	case 0:
		return VIRTIO_IOMMU_S_OK;
	case -ENOMEM:
	case -ENOSPC:
		return VIRTIO_IOMMU_S_NOMEM;
	default:
		return VIRTIO_IOMMU_S_DEVERR;
	}
}

static __u8 attach(struct iommu *iommu, __u32 number, __u32 id, bool bypass)
{
	struct iommu_endpoint *endpoint = find_endpoint(iommu, id);
	struct domain *domain = find_domain(iommu, number);
	int error;

	if (!endpoint)
		return VIRTIO_IOMMU_S_NOENT;
	if (number > IOMMU_LAST_DOMAIN)
		return VIRTIO_IOMMU_S_RANGE;
	if (domain && domain->bypass != bypass)
		return VIRTIO_IOMMU_S_INVAL;
	if (domain && has_excluded(domain, endpoint))
		return VIRTIO_IOMMU_S_UNSUPP;
	if (!domain)
		domain = add_domain(iommu, number, bypass);
	if (!domain)
		return VIRTIO_IOMMU_S_NOMEM;
	error = set_domain(endpoint, domain);
	if (error)
		set_domain(endpoint, NULL);
	return client_status(error);
}

__u8 iommu_attach(struct iommu *iommu, __u32 domain, __u32 endpoint, bool bypass)
{
	__u8 status;

	pthread_mutex_lock(&iommu->lock);
	status = attach(iommu, domain, endpoint, bypass);
	pthread_mutex_unlock(&iommu->lock);
	return status;
}

static __u8 detach(struct iommu *iommu, __u32 number, __u32 id)
{
	struct iommu_endpoint *endpoint = find_endpoint(iommu, id);

	if (!endpoint)
		return VIRTIO_IOMMU_S_NOENT;
	if (!endpoint->domain || endpoint->domain->number != number)
		return VIRTIO_IOMMU_S_INVAL;
	return client_status(set_domain(endpoint, NULL));
}

__u8 iommu_detach(struct iommu *iommu, __u32 domain, __u32 endpoint)
{
	__u8 status;

	pthread_mutex_lock(&iommu->lock);
	status = detach(iommu, domain, endpoint);
	pthread_mutex_unlock(&iommu->lock);
	return status;
}

/* All clients of a domain's are to forget what is gone. */
static int forget_range(struct iommu *iommu, const struct domain *domain, __u64 start, __u64 last)
{
	struct iommu_endpoint *endpoint;
	struct iommu_client *client;
	int result = 0;
	int error;

	for (endpoint = iommu->endpoints; endpoint; endpoint = endpoint->next) {
		if (endpoint->domain != domain)
			continue;
		for (client = endpoint->clients; client; client = client->next) {
			error = forget(client, start, last);
			if (error)
				result = error;
		}
	}
	return result;
}

static int tell_of_mapping(struct iommu *iommu, const struct domain *domain,
			   const struct mapping *mapping)
{
	struct iommu_endpoint *endpoint;
	struct iommu_client *client;
	int error = 0;

	for (endpoint = iommu->endpoints; endpoint; endpoint = endpoint->next) {
		if (endpoint->domain != domain)
			continue;
		for (client = endpoint->clients; client && !error; client = client->next) {
			const bool denied = was_denied(client, mapping);

			/* What was not to be reached is now. */
			if (denied)
				error = forget(client, mapping->start, mapping->last);
			if (!error && (denied || !client->ops->lazy))
				error = tell_client(iommu, client, mapping);
		}
	}
	return error;
}

static bool is_aligned(__u64 address)
{
	return !(address % IOMMU_PAGE);
}

static __u8 map(struct iommu *iommu, __u32 number, const struct mapping *mapping)
{
	struct domain *domain = find_domain(iommu, number);
	__u64 length = mapping->last - mapping->start;
	int error;

	if (!domain)
		return VIRTIO_IOMMU_S_NOENT;
	if (domain->bypass || mapping->last < mapping->start)
		return VIRTIO_IOMMU_S_INVAL;
	if (!is_aligned(mapping->start) || !is_aligned(mapping->last + 1) ||
	    !is_aligned(mapping->physical) || mapping->last > IOMMU_LAST_ADDRESS ||
	    mapping->physical + length < mapping->physical)
		return VIRTIO_IOMMU_S_RANGE;
	if (mappings_find(&domain->mappings, mapping->start, mapping->last) ||
	    (mapping->start <= IOMMU_MSI_LAST && mapping->last >= IOMMU_MSI_FIRST) ||
	    is_excluded(iommu, domain, mapping))
		return VIRTIO_IOMMU_S_INVAL;
	if (iommu->nr_mappings == IOMMU_MAX_MAPPINGS || !mappings_add(&domain->mappings, mapping))
		return VIRTIO_IOMMU_S_NOMEM;
	iommu->nr_mappings++;
	error = tell_of_mapping(iommu, domain, mapping);
	if (error) {
		mappings_remove(&domain->mappings, mapping->start, mapping->last);
		iommu->nr_mappings--;
		forget_range(iommu, domain, mapping->start, mapping->last);
	}
	return client_status(error);
}

__u8 iommu_map(struct iommu *iommu, __u32 domain, __u64 start, __u64 last, __u64 physical,
	       __u32 flags)
{
	const struct mapping mapping = { start, last, physical, flags };
	__u8 status;

	pthread_mutex_lock(&iommu->lock);
	status = map(iommu, domain, &mapping);
	pthread_mutex_unlock(&iommu->lock);
	return status;
}

/* A range of which nothing is mapped may be unmapped (5.13.6.6). */
static __u8 unmap(struct iommu *iommu, __u32 number, __u64 start, __u64 last)
{
	struct domain *domain = find_domain(iommu, number);
	unsigned int before;

	if (!domain)
		return VIRTIO_IOMMU_S_NOENT;
	if (domain->bypass || last < start)
		return VIRTIO_IOMMU_S_INVAL;
	if (mappings_are_cut(&domain->mappings, start, last))
		return VIRTIO_IOMMU_S_RANGE;
	before = domain->mappings.nr;
	mappings_remove(&domain->mappings, start, last);
	iommu->nr_mappings -= before - domain->mappings.nr;
	if (domain->mappings.nr == before)
		return VIRTIO_IOMMU_S_OK;
	return client_status(forget_range(iommu, domain, start, last));
}

__u8 iommu_unmap(struct iommu *iommu, __u32 domain, __u64 start, __u64 last)
{
	__u8 status;

	pthread_mutex_lock(&iommu->lock);
	status = unmap(iommu, domain, start, last);
	pthread_mutex_unlock(&iommu->lock);
	return status;
}

bool iommu_find_holes(struct iommu *iommu, __u32 endpoint,
		      struct iommu_range holes[IOMMU_MAX_HOLES], unsigned int *nr)
{
	const struct iommu_endpoint *found;

	pthread_mutex_lock(&iommu->lock);
	found = find_endpoint(iommu, endpoint);
	*nr = found ? found->nr_holes : 0;
	if (found)
		memcpy(holes, found->holes, *nr * sizeof(*holes));
	pthread_mutex_unlock(&iommu->lock);
	return found;
}

void iommu_set_bypass(struct iommu *iommu, bool bypass)
{
	struct iommu_endpoint *endpoint;

	pthread_mutex_lock(&iommu->lock);
	if (iommu->bypass != bypass) {
		iommu->bypass = bypass;
		for (endpoint = iommu->endpoints; endpoint; endpoint = endpoint->next) {
			if (!endpoint->domain)
				change(endpoint);
		}
	}
	pthread_mutex_unlock(&iommu->lock);
}

void iommu_reset(struct iommu *iommu)
{
	struct iommu_endpoint *endpoint;

	pthread_mutex_lock(&iommu->lock);
	for (endpoint = iommu->endpoints; endpoint; endpoint = endpoint->next)
		set_domain(endpoint, NULL);
	pthread_mutex_unlock(&iommu->lock);
}
