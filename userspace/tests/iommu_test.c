// SPDX-License-Identifier: GPL-2.0
/*
 * The virtual IOMMU: what the guest may ask for, what is answered, what devices reach then, and
 * what those that reach it are told.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_iommu.h>
#include <stdlib.h>

#include "array.h"
#include "iommu.h"
#include "layout.h"
#include "mappings.h"
#include "test.h"
#include "virtio/viommu.h"

#define PAGE		IOMMU_PAGE
#define RW		(IOMMU_READ | IOMMU_WRITE)
#define EVERYTHING	~0ULL

/* Where the guest has memory. */
#define RAM		MIB(2)

static struct guest_memory memory;
static struct iommu *iommu;
static struct iommu_fault fault;
static unsigned int nr_faults;

static void on_fault(void *context, const struct iommu_fault *what)
{
	(void)context;
	fault = *what;
	nr_faults++;
}

static void begin(void)
{
	EXPECT(!memory_create(&memory, &(struct memory_options){ .size = MIB(16) }));
	EXPECT(!iommu_create(&iommu, &memory));
	iommu_on_fault(iommu, on_fault, NULL);
	nr_faults = 0;
}

static void end(void)
{
	iommu_put(iommu);
	memory_destroy(&memory);
}

/* A client that remembers what it has been told last. */
struct listener {
	struct iommu_client client;
	struct iommu_piece piece;
	unsigned int nr_maps;
	__u64 start;
	__u64 last;
	unsigned int nr_unmaps;
	int error;
};

static int listen_map(struct iommu_client *client, const struct iommu_piece *piece)
{
	struct listener *listener = (struct listener *)client;

	listener->piece = *piece;
	listener->nr_maps++;
	return listener->error;
}

static int listen_unmap(struct iommu_client *client, __u64 start, __u64 last)
{
	struct listener *listener = (struct listener *)client;

	listener->start = start;
	listener->last = last;
	listener->nr_unmaps++;
	return 0;
}

static const struct iommu_client_ops lazy_ops = {
	.lazy = true, .map = listen_map, .unmap = listen_unmap,
};

static const struct iommu_client_ops eager_ops = {
	.map = listen_map, .unmap = listen_unmap,
};

static struct iommu_endpoint *add_endpoint(__u32 id)
{
	struct iommu_endpoint *endpoint = iommu_endpoint_create(iommu);

	EXPECT(endpoint);
	if (!endpoint)
		exit(1);
	iommu_endpoint_show(endpoint, id);
	return endpoint;
}

static __u8 map(__u64 start, __u64 size, __u64 physical, __u32 flags)
{
	return iommu_map(iommu, 1, start, start + size - 1, physical, flags);
}

static __u8 unmap(__u64 start, __u64 size)
{
	return iommu_unmap(iommu, 1, start, start + size - 1);
}

/* Ranges at random, compared with an array of what is where. */
static void tree(void)
{
	enum { SLOTS = 64, ROUNDS = 20000 };
	struct mappings mappings = { 0 };
	unsigned int owner[SLOTS] = { 0 };
	unsigned int i, round, sum = 0;

	for (round = 1; round <= ROUNDS; round++) {
		unsigned int first = test_random() % SLOTS;
		unsigned int last = first + test_random() % (SLOTS - first);
		const struct mapping *found = mappings_find(&mappings, first, last);
		const struct mapping mapping = { first, last, round, 0 };
		bool used = false, cut;

		for (i = first; i <= last; i++)
			used |= owner[i];
		EXPECT(used == !!found);
		if (found)
			EXPECT(owner[found->start] == found->physical &&
			       owner[found->last] == found->physical);
		cut = (first && owner[first] && owner[first - 1] == owner[first]) ||
		      (last < SLOTS - 1 && owner[last] && owner[last + 1] == owner[last]);
		EXPECT(mappings_are_cut(&mappings, first, last) == cut);
		if (!used)
			EXPECT(mappings_add(&mappings, &mapping));
		else if (!cut)
			mappings_remove(&mappings, first, last);
		for (i = first; i <= last && (!used || !cut); i++)
			owner[i] = used ? 0 : round;
	}
	for (i = 0; i < SLOTS; i++)
		sum += owner[i] && (!i || owner[i] != owner[i - 1]);
	EXPECT(mappings.nr == sum);
	mappings_free(&mappings);
	EXPECT(!mappings_find(&mappings, 0, EVERYTHING));
}

static int collect(void *context, const struct mapping *mapping)
{
	__u64 *next = context;

	EXPECT(mapping->start == *next);
	*next += 10;
	return *next == 50;
}

static void visits(void)
{
	struct mappings mappings = { 0 };
	__u64 next = 0;
	__u64 i;

	for (i = 0; i < 10; i++) {
		__u64 start = 10 * ((7 * i) % 10);

		EXPECT(mappings_add(&mappings, &(struct mapping){ start, start + 4, 0, 0 }));
	}
	EXPECT(mappings_visit(&mappings, collect, &next) == 1);
	EXPECT(next == 50);
	mappings_free(&mappings);
}

static void attaching(void)
{
	struct iommu_endpoint *endpoint, *other, *hidden;
	struct iommu_range holes[IOMMU_MAX_HOLES];
	unsigned int nr;

	begin();
	endpoint = add_endpoint(8);
	other = add_endpoint(16);
	hidden = iommu_endpoint_create(iommu);
	EXPECT(iommu_find_holes(iommu, 8, holes, &nr) && !nr);
	EXPECT(!iommu_find_holes(iommu, 0, holes, &nr) && !nr);
	EXPECT(iommu_attach(iommu, 1, 0, false) == VIRTIO_IOMMU_S_NOENT);
	EXPECT(iommu_attach(iommu, IOMMU_LAST_DOMAIN + 1, 8, false) == VIRTIO_IOMMU_S_RANGE);
	EXPECT(map(0, PAGE, RAM, RW) == VIRTIO_IOMMU_S_NOENT);
	EXPECT(unmap(0, PAGE) == VIRTIO_IOMMU_S_NOENT);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_attach(iommu, 1, 16, true) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(iommu_attach(iommu, 1, 16, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(0, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	/* Its mappings stay as long as one is in it. */
	EXPECT(iommu_attach(iommu, 2, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(!iommu_reaches(endpoint, 0, 1, IOMMU_READ));
	EXPECT(iommu_reaches(other, 0, 1, IOMMU_READ));
	EXPECT(iommu_detach(iommu, 1, 8) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(iommu_detach(iommu, 3, 16) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(iommu_detach(iommu, 1, 0) == VIRTIO_IOMMU_S_NOENT);
	EXPECT(iommu_detach(iommu, 1, 16) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_attach(iommu, 1, 16, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(!iommu_reaches(other, 0, 1, IOMMU_READ));
	iommu_endpoint_free(endpoint);
	iommu_endpoint_free(other);
	iommu_endpoint_free(hidden);
	end();
}

static void mapping(void)
{
	struct iommu_endpoint *endpoint;

	begin();
	endpoint = add_endpoint(8);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(4 * PAGE, 4 * PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	/* Overlapping, empty, cut off, beyond the end, around it. */
	EXPECT(map(7 * PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(map(0, 5 * PAGE, RAM, RW) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(map(0, 0, RAM, RW) != VIRTIO_IOMMU_S_OK);
	EXPECT(map(0, 100, RAM, RW) == VIRTIO_IOMMU_S_RANGE);
	EXPECT(map(100, PAGE, RAM, RW) == VIRTIO_IOMMU_S_RANGE);
	EXPECT(map(0, PAGE, RAM + 1, RW) == VIRTIO_IOMMU_S_RANGE);
	EXPECT(map(IOMMU_LAST_ADDRESS + 1, PAGE, RAM, RW) == VIRTIO_IOMMU_S_RANGE);
	EXPECT(iommu_map(iommu, 1, 0, EVERYTHING, 0, RW) == VIRTIO_IOMMU_S_RANGE);
	EXPECT(iommu_map(iommu, 1, PAGE, 0, RAM, RW) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(map(0, 2 * PAGE, 0ULL - PAGE, RW) == VIRTIO_IOMMU_S_RANGE);
	EXPECT(map(IOMMU_MSI_FIRST, PAGE, RAM, RW) == VIRTIO_IOMMU_S_INVAL);
	/* What would cut a mapping removes nothing. */
	EXPECT(unmap(4 * PAGE, PAGE) == VIRTIO_IOMMU_S_RANGE);
	EXPECT(unmap(0, 5 * PAGE) == VIRTIO_IOMMU_S_RANGE);
	EXPECT(unmap(7 * PAGE, 8 * PAGE) == VIRTIO_IOMMU_S_RANGE);
	EXPECT(iommu_reaches(endpoint, 4 * PAGE, 4 * PAGE, RW));
	EXPECT(unmap(0, PAGE) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(8 * PAGE, PAGE, 2 * RAM, IOMMU_READ) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_reaches(endpoint, 4 * PAGE, 5 * PAGE, IOMMU_READ));
	EXPECT(iommu_unmap(iommu, 1, 0, EVERYTHING) == VIRTIO_IOMMU_S_OK);
	EXPECT(!iommu_reaches(endpoint, 4 * PAGE, 1, IOMMU_READ));
	/* Of one without mappings. */
	EXPECT(iommu_attach(iommu, 2, 8, true) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_map(iommu, 2, 0, PAGE - 1, RAM, RW) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(iommu_unmap(iommu, 2, 0, PAGE - 1) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(iommu_reaches(endpoint, RAM, PAGE, RW));
	iommu_endpoint_free(endpoint);
	end();
}

/* So many that no more is taken: and if some go, as many are. */
static void too_many(void)
{
	struct iommu_endpoint *endpoint;
	__u64 i;

	begin();
	endpoint = add_endpoint(8);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	for (i = 0; i < IOMMU_MAX_MAPPINGS; i++)
		EXPECT(map(IOMMU_MSI_LAST + 1 + i * PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(0, PAGE, RAM, RW) == VIRTIO_IOMMU_S_NOMEM);
	EXPECT(unmap(IOMMU_MSI_LAST + 1, 2 * PAGE) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(0, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(2 * PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_NOMEM);
	iommu_reset(iommu);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(2 * PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	iommu_endpoint_free(endpoint);
	end();
}

static void faults(void)
{
	struct iommu_endpoint *endpoint;

	begin();
	endpoint = add_endpoint(8);
	/* In no domain: all memory, or none. */
	EXPECT(iommu_reaches(endpoint, RAM, PAGE, RW));
	EXPECT(!iommu_reaches(endpoint, IOMMU_MSI_FIRST, 4, IOMMU_WRITE));
	EXPECT(nr_faults == 1);
	iommu_set_bypass(iommu, false);
	EXPECT(!iommu_reaches(endpoint, RAM, PAGE, IOMMU_READ));
	EXPECT(nr_faults == 2 && fault.reason == IOMMU_NO_DOMAIN && fault.endpoint == 8 &&
	       fault.address == RAM && fault.access == IOMMU_READ);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(0, PAGE, RAM, IOMMU_READ) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_reaches(endpoint, 0, PAGE, IOMMU_READ));
	EXPECT(!iommu_reaches(endpoint, 0, PAGE, IOMMU_WRITE));
	EXPECT(nr_faults == 3 && fault.reason == IOMMU_NO_MAPPING && !fault.address &&
	       fault.access == IOMMU_WRITE);
	EXPECT(!iommu_reaches(endpoint, 0, PAGE + 1, IOMMU_READ));
	EXPECT(nr_faults == 4 && fault.address == PAGE);
	EXPECT(!iommu_reaches(endpoint, EVERYTHING, 16, IOMMU_READ));
	/* Mapped, but there is no memory. */
	EXPECT(map(PAGE, PAGE, 1ULL << 40, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(!iommu_reaches(endpoint, PAGE, 1, IOMMU_READ));
	iommu_endpoint_free(endpoint);
	end();
}

static void lazy_client(void)
{
	struct listener vhost = { .client.ops = &lazy_ops };
	struct iommu_endpoint *endpoint;

	begin();
	endpoint = add_endpoint(8);
	EXPECT(!iommu_has_clients(endpoint));
	EXPECT(!iommu_add_client(endpoint, &vhost.client) && !vhost.nr_maps);
	EXPECT(iommu_has_clients(endpoint));
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(vhost.nr_unmaps == 1 && !vhost.start && vhost.last == EVERYTHING);
	EXPECT(map(4 * PAGE, 2 * PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK && !vhost.nr_maps);
	EXPECT(!iommu_fetch(endpoint, &vhost.client, 5 * PAGE + 7, 1, IOMMU_READ));
	EXPECT(vhost.nr_maps == 1 && vhost.piece.start == 4 * PAGE &&
	       vhost.piece.last == 6 * PAGE - 1 && vhost.piece.access == RW &&
	       vhost.piece.host == memory_at(&memory, RAM, 1));
	/* It is not to ask again, until something is there. */
	EXPECT(iommu_fetch(endpoint, &vhost.client, 7, 1, IOMMU_READ) == -EFAULT);
	EXPECT(nr_faults == 1 && vhost.nr_maps == 2 && !vhost.piece.start &&
	       vhost.piece.last == PAGE - 1 && !vhost.piece.access && !vhost.piece.host);
	EXPECT(vhost.nr_unmaps == 1);
	EXPECT(map(0, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(vhost.nr_unmaps == 2 && !vhost.start && vhost.last == PAGE - 1);
	EXPECT(unmap(4 * PAGE, 2 * PAGE) == VIRTIO_IOMMU_S_OK);
	EXPECT(vhost.nr_unmaps == 3 && vhost.start == 4 * PAGE && vhost.last == 6 * PAGE - 1);
	iommu_reset(iommu);
	EXPECT(vhost.nr_unmaps == 4 && !vhost.start && vhost.last == EVERYTHING);
	iommu_remove_client(endpoint, &vhost.client);
	iommu_endpoint_free(endpoint);
	EXPECT(vhost.nr_unmaps == 4);
	end();
}

static void eager_client(void)
{
	struct listener vfio = { .client.ops = &eager_ops };
	struct iommu_endpoint *endpoint, *other;

	begin();
	endpoint = add_endpoint(8);
	other = add_endpoint(16);
	/* Each piece of memory, at its address. */
	EXPECT(!iommu_add_client(endpoint, &vfio.client) && vfio.nr_maps == memory.nr_ram);
	EXPECT(vfio.piece.start == memory.ram[1].address && vfio.piece.host == memory.ram[1].host);
	EXPECT(iommu_attach(iommu, 1, 16, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(0, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(PAGE, PAGE, 1ULL << 40, RW) == VIRTIO_IOMMU_S_OK);
	vfio.nr_maps = 0;
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(vfio.nr_unmaps == 1 && vfio.nr_maps == 1 && !vfio.piece.start);
	EXPECT(map(2 * PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK && vfio.nr_maps == 2);
	EXPECT(map(4 * PAGE, PAGE, RAM, 0) == VIRTIO_IOMMU_S_OK && vfio.nr_maps == 2);
	/* One that is not taken is not there. */
	vfio.error = -EINVAL;
	EXPECT(map(3 * PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_DEVERR);
	vfio.error = -ENOMEM;
	EXPECT(map(3 * PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_NOMEM);
	/* VFIO's, if it is to have more mappings than it may. */
	vfio.error = -ENOSPC;
	EXPECT(map(3 * PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_NOMEM);
	EXPECT(iommu_attach(iommu, 2, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_NOMEM);
	vfio.error = 0;
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(!iommu_reaches(endpoint, 3 * PAGE, 1, IOMMU_READ));
	/* The guest may unmap what is not pages: it is told of the pages in there. */
	EXPECT(map(6 * PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(unmap(6 * PAGE - 1, PAGE + 2) == VIRTIO_IOMMU_S_OK);
	EXPECT(vfio.start == 6 * PAGE && vfio.last == 7 * PAGE - 1);
	EXPECT(map(6 * PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_unmap(iommu, 1, 5 * PAGE + 1, EVERYTHING) == VIRTIO_IOMMU_S_OK);
	EXPECT(vfio.start == 6 * PAGE && vfio.last == EVERYTHING);
	iommu_remove_client(endpoint, &vfio.client);
	iommu_endpoint_free(endpoint);
	iommu_endpoint_free(other);
	end();
}

/* A client that remembers what it knows of the first addresses, and fails at random. */
#define KNOWN_PAGES	24

struct knower {
	struct iommu_client client;
	struct iommu_endpoint *endpoint;
	struct iommu_piece pages[KNOWN_PAGES];
	bool known[KNOWN_PAGES];
	bool fails;
};

static int know(struct iommu_client *client, const struct iommu_piece *piece)
{
	struct knower *knower = (struct knower *)client;
	__u64 i;

	if (knower->fails && !(test_random() % 8))
		return -ENOMEM;
	for (i = piece->start / PAGE; i < KNOWN_PAGES && i <= piece->last / PAGE; i++) {
		/* Only one that is lazy is told again, and of the same. */
		EXPECT(!knower->known[i] || (client->ops->lazy &&
					     knower->pages[i].access == piece->access &&
					     knower->pages[i].host == piece->host));
		knower->known[i] = true;
		knower->pages[i] = *piece;
	}
	return 0;
}

static int forget(struct iommu_client *client, __u64 start, __u64 last)
{
	struct knower *knower = (struct knower *)client;
	__u64 i;

	for (i = 0; i < KNOWN_PAGES; i++) {
		const struct iommu_piece *piece = &knower->pages[i];

		if (!knower->known[i] || last < piece->start || start > piece->last)
			continue;
		EXPECT(start <= piece->start && last >= piece->last);
		knower->known[i] = false;
	}
	return 0;
}

static const struct iommu_client_ops lazy_knower = { .lazy = true, .map = know, .unmap = forget };
static const struct iommu_client_ops eager_knower = { .map = know, .unmap = forget };

/* It reaches what the guest has mapped, and nothing else: eager ones all of that. */
static void compare(struct knower *knower)
{
	struct iommu_endpoint *endpoint = knower->endpoint;
	__u64 i;

	for (i = 0; i < KNOWN_PAGES; i++) {
		const struct iommu_piece *piece = &knower->pages[i];
		__u32 access = knower->known[i] ? piece->access : 0;
		char *host = NULL;

		iommu_hold(endpoint);
		if (access)
			host = iommu_at(endpoint, i * PAGE, PAGE, access);
		iommu_release(endpoint);
		if (access)
			EXPECT(host == (char *)piece->host + i * PAGE - piece->start);
		if (!knower->client.ops->lazy && !knower->fails)
			EXPECT(iommu_reaches(endpoint, i * PAGE, PAGE, RW) == (access == RW));
		if (knower->known[i] && !access)
			EXPECT(!iommu_reaches(endpoint, i * PAGE, 1, IOMMU_READ) ||
			       !iommu_reaches(endpoint, i * PAGE, 1, IOMMU_WRITE));
	}
}

static void change_at_random(struct knower *knowers)
{
	unsigned int what = test_random() % 64;
	__u32 domain = 1 + test_random() % 3;
	__u32 id = test_random() % 3;
	__u64 start = test_random() % KNOWN_PAGES * PAGE;
	__u64 last = start + (1 + test_random() % 3) * PAGE - 1;

	if (what < 28)
		iommu_map(iommu, domain, start, last,
			  test_random() % 4 ? RAM + test_random() % 64 * PAGE : 1ULL << 40,
			  test_random() % 4);
	else if (what < 40)
		iommu_unmap(iommu, domain, start, last + test_random() % 4 * PAGE);
	else if (what < 48)
		iommu_attach(iommu, domain, id, domain == 3);
	else if (what < 51)
		iommu_detach(iommu, domain, id);
	else if (what == 51)
		iommu_set_bypass(iommu, test_random() % 2);
	else if (what == 52)
		iommu_reset(iommu);
	else
		iommu_fetch(knowers[0].endpoint, &knowers[0].client, start + test_random() % PAGE,
			    1 + test_random() % (2 * PAGE), 1 + test_random() % 3);
}

static void knowledge(void)
{
	struct knower knowers[] = {
		{ .client.ops = &lazy_knower },
		{ .client.ops = &eager_knower },
		{ .client.ops = &eager_knower, .fails = true },
	};
	unsigned int i, round;

	begin();
	for (i = 0; i < ARRAY_SIZE(knowers); i++) {
		knowers[i].endpoint = add_endpoint(i);
		iommu_add_client(knowers[i].endpoint, &knowers[i].client);
	}
	for (round = 0; round < 20000; round++) {
		change_at_random(knowers);
		for (i = 0; i < ARRAY_SIZE(knowers); i++)
			compare(&knowers[i]);
	}
	for (i = 0; i < ARRAY_SIZE(knowers); i++) {
		iommu_remove_client(knowers[i].endpoint, &knowers[i].client);
		iommu_endpoint_free(knowers[i].endpoint);
	}
	end();
}

/* The longest answer. */
#define ANSWER_SIZE	(VIOMMU_PROBE_SIZE + sizeof(struct virtio_iommu_req_tail))

static size_t ask(const void *request, size_t length, size_t room, __u8 *answer)
{
	memset(answer, 0, room);
	return viommu_request(iommu, request, length, answer, room);
}

static void requests(void)
{
	struct virtio_iommu_req_attach attach = {
		.head.type = VIRTIO_IOMMU_T_ATTACH, .domain = htole32(1), .endpoint = htole32(8),
	};
	struct virtio_iommu_req_map map = {
		.head.type = VIRTIO_IOMMU_T_MAP, .domain = htole32(1),
		.virt_end = htole64(PAGE - 1), .phys_start = htole64(RAM),
		.flags = htole32(VIRTIO_IOMMU_MAP_F_READ),
	};
	struct virtio_iommu_req_unmap unmap = {
		.head.type = VIRTIO_IOMMU_T_UNMAP, .domain = htole32(1), .virt_end = ~0ULL,
	};
	struct virtio_iommu_req_detach detach = {
		.head.type = VIRTIO_IOMMU_T_DETACH, .domain = htole32(1), .endpoint = htole32(8),
	};
	const struct virtio_iommu_req_head unknown = { .type = 99 };
	struct iommu_endpoint *endpoint;
	__u8 answer[ANSWER_SIZE];

	begin();
	endpoint = add_endpoint(8);
	/* Too short, without room for a status, unknown, and with what has no meaning. */
	EXPECT(ask(&attach, 0, 4, answer) == 0);
	EXPECT(ask(&attach, 8, 4, answer) == 4 && answer[0] == VIRTIO_IOMMU_S_INVAL);
	EXPECT(ask(&attach, sizeof(attach) - 4, 3, answer) == 0);
	EXPECT(!iommu_reaches(endpoint, RAM, 1, RW) == false);
	EXPECT(ask(&unknown, sizeof(unknown), 4, answer) == 0);
	attach.reserved[1] = 1;
	EXPECT(ask(&attach, sizeof(attach) - 4, 4, answer) == 4 &&
	       answer[0] == VIRTIO_IOMMU_S_INVAL);
	attach.reserved[1] = 0;
	attach.flags = htole32(2);
	EXPECT(ask(&attach, sizeof(attach) - 4, 4, answer) == 4 &&
	       answer[0] == VIRTIO_IOMMU_S_INVAL);
	attach.flags = 0;
	EXPECT(ask(&attach, sizeof(attach) - 4, 4, answer) == 4 &&
	       answer[0] == VIRTIO_IOMMU_S_OK);
	map.flags = htole32(8);
	EXPECT(ask(&map, sizeof(map) - 4, 4, answer) == 4 && answer[0] == VIRTIO_IOMMU_S_INVAL);
	map.flags = htole32(VIRTIO_IOMMU_MAP_F_READ);
	EXPECT(ask(&map, sizeof(map) - 4, 4, answer) == 4 && answer[0] == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_reaches(endpoint, 0, PAGE, IOMMU_READ));
	EXPECT(!iommu_reaches(endpoint, 0, PAGE, IOMMU_WRITE));
	unmap.reserved[0] = 1;
	EXPECT(ask(&unmap, sizeof(unmap) - 4, 4, answer) == 4 &&
	       answer[0] == VIRTIO_IOMMU_S_INVAL);
	unmap.reserved[0] = 0;
	EXPECT(ask(&unmap, sizeof(unmap) - 4, 4, answer) == 4 && answer[0] == VIRTIO_IOMMU_S_OK);
	EXPECT(!iommu_reaches(endpoint, 0, PAGE, IOMMU_READ));
	/* Of this one, what has no meaning is ignored. */
	detach.reserved[7] = 1;
	EXPECT(ask(&detach, sizeof(detach) - 4, 4, answer) == 4 &&
	       answer[0] == VIRTIO_IOMMU_S_OK);
	iommu_endpoint_free(endpoint);
	end();
}

static bool is_reserved(const struct virtio_iommu_probe_resv_mem *property, __u8 subtype,
			__u64 start, __u64 last)
{
	return le16toh(property->head.type) == VIRTIO_IOMMU_PROBE_T_RESV_MEM &&
	       le16toh(property->head.length) == sizeof(*property) - 4 &&
	       property->subtype == subtype && le64toh(property->start) == start &&
	       le64toh(property->end) == last;
}

static void probing(void)
{
	static const struct iommu_range holes[IOMMU_MAX_HOLES] = {
		{ PAGE, 2 * PAGE - 1 }, { 1ULL << 39, IOMMU_LAST_ADDRESS },
	};
	enum { ROOM = VIOMMU_PROBE_SIZE, ALL = ANSWER_SIZE };
	struct virtio_iommu_req_probe probe = { .head.type = VIRTIO_IOMMU_T_PROBE };
	struct virtio_iommu_probe_resv_mem properties[1 + IOMMU_MAX_HOLES];
	struct iommu_endpoint *endpoint;
	__u8 answer[ALL];

	begin();
	endpoint = add_endpoint(8);
	/* Without room for a status, and with too little for the properties. */
	EXPECT(ask(&probe, sizeof(probe), 3, answer) == 0);
	EXPECT(ask(&probe, sizeof(probe), ALL - 1, answer) == ALL - 1 &&
	       answer[ROOM - 1] == VIRTIO_IOMMU_S_INVAL);
	EXPECT(ask(&probe, sizeof(probe), ALL, answer) == ALL &&
	       answer[ROOM] == VIRTIO_IOMMU_S_NOENT);
	probe.endpoint = htole32(8);
	probe.reserved[63] = 1;
	EXPECT(ask(&probe, 8, ALL, answer) == ALL && answer[ROOM] == VIRTIO_IOMMU_S_INVAL);
	EXPECT(ask(&probe, sizeof(probe), ALL, answer) == ALL &&
	       answer[ROOM] == VIRTIO_IOMMU_S_OK);
	memcpy(properties, answer, sizeof(properties));
	EXPECT(is_reserved(&properties[0], VIRTIO_IOMMU_RESV_MEM_T_MSI, IOMMU_MSI_FIRST,
			   IOMMU_MSI_LAST));
	EXPECT(!properties[1].head.type);
	/* And what the host can't translate. */
	iommu_endpoint_exclude(endpoint, holes, 2);
	EXPECT(ask(&probe, sizeof(probe), ALL, answer) == ALL &&
	       answer[ROOM] == VIRTIO_IOMMU_S_OK);
	memcpy(properties, answer, sizeof(properties));
	EXPECT(is_reserved(&properties[1], VIRTIO_IOMMU_RESV_MEM_T_RESERVED, PAGE, 2 * PAGE - 1) &&
	       is_reserved(&properties[2], VIRTIO_IOMMU_RESV_MEM_T_RESERVED, 1ULL << 39,
			   IOMMU_LAST_ADDRESS) && !properties[3].head.type);
	iommu_endpoint_exclude(endpoint, holes, IOMMU_MAX_HOLES + 1);
	EXPECT(ask(&probe, sizeof(probe), ALL, answer) == ALL &&
	       answer[ROOM] == VIRTIO_IOMMU_S_OK);
	iommu_endpoint_free(endpoint);
	end();
}

/* A device that the host's IOMMU can't give all addresses. */
static void excluded(void)
{
	static const struct iommu_range hole = { 1ULL << 39, IOMMU_LAST_ADDRESS };
	struct iommu_endpoint *endpoint, *other;

	begin();
	endpoint = add_endpoint(8);
	other = add_endpoint(16);
	iommu_endpoint_exclude(endpoint, &hole, 1);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(hole.start, PAGE, RAM, RW) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(map(hole.start - PAGE, 2 * PAGE, RAM, RW) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(map(hole.last + 1 - PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(map(hole.start - PAGE, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(unmap(hole.start, PAGE) == VIRTIO_IOMMU_S_OK);
	/* With others, which can have what it can't. */
	EXPECT(iommu_attach(iommu, 1, 16, false) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(hole.start, PAGE, RAM, RW) == VIRTIO_IOMMU_S_INVAL);
	EXPECT(iommu_detach(iommu, 1, 8) == VIRTIO_IOMMU_S_OK);
	EXPECT(map(hole.start, PAGE, RAM, RW) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_UNSUPP);
	EXPECT(unmap(hole.start, PAGE) == VIRTIO_IOMMU_S_OK);
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK);
	iommu_endpoint_free(endpoint);
	iommu_endpoint_free(other);
	end();
}

static __u64 some_address(void)
{
	switch (test_random() % 4) {
	case 0:
		return test_random() % 16 * PAGE;
	case 1:
		return test_random() % 16 * PAGE - 1;
	case 2:
		return ~0ULL - test_random() % 3;
	default:
		return (__u64)test_random() << (test_random() % 32);
	}
}

/* Whatever it asks for, it is answered, and what is mapped is what was said to be. */
static void garbage(void)
{
	struct listener vhost = { .client.ops = &lazy_ops };
	struct listener vfio = { .client.ops = &eager_ops };
	struct iommu_endpoint *endpoint, *other;
	unsigned int accepted = 0;
	unsigned int i;

	begin();
	endpoint = add_endpoint(0);
	other = add_endpoint(1);
	EXPECT(!iommu_add_client(endpoint, &vhost.client));
	EXPECT(!iommu_add_client(other, &vfio.client));
	for (i = 0; i < 100000; i++) {
		struct virtio_iommu_req_map request = {
			.head.type = test_random() % 7,
			.domain = htole32(test_random() % 3),
			.virt_start = htole64(some_address()),
			.virt_end = htole64(some_address()),
			.phys_start = htole64(some_address()),
			.flags = htole32(test_random() % 9),
		};
		size_t length = test_random() % 8 ? sizeof(request) : test_random() % 80;
		size_t room = test_random() % 8 ? ANSWER_SIZE : test_random() % ANSWER_SIZE;
		__u8 data[256] = { 0 };
		__u8 answer[ANSWER_SIZE];
		size_t written;

		memcpy(data, &request, sizeof(request));
		/* Of ATTACH and DETACH, endpoints are where MAP has the beginning. */
		if (test_random() % 2)
			memset(data + 8, 0, sizeof(request) - 8);
		data[8] = test_random() % 3;
		written = ask(data, length, room, answer);
		EXPECT(written <= room);
		if (written)
			EXPECT(answer[written - 4] <= VIRTIO_IOMMU_S_NOMEM);
		accepted += written && !answer[written - 4];
		iommu_reaches(endpoint, some_address(), test_random() % 5000, IOMMU_WRITE);
		iommu_fetch(endpoint, &vhost.client, some_address(), test_random() % 5000,
			    IOMMU_READ);
	}
	EXPECT(accepted > 1000 && vhost.nr_maps && vfio.nr_maps);
	iommu_remove_client(endpoint, &vhost.client);
	iommu_remove_client(other, &vfio.client);
	iommu_endpoint_free(endpoint);
	iommu_endpoint_free(other);
	end();
}

const struct test iommu_tests[] = {
	{ "tree", tree },
	{ "visits", visits },
	{ "attaching", attaching },
	{ "mapping", mapping },
	{ "too many", too_many },
	{ "faults", faults },
	{ "lazy client", lazy_client },
	{ "eager client", eager_client },
	{ "knowledge", knowledge },
	{ "requests", requests },
	{ "probing", probing },
	{ "excluded", excluded },
	{ "garbage", garbage },
	{ NULL, NULL },
};
