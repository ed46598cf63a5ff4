/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual IOMMU: which memory of the guest a device reaches at which address.
 *
 *	guest --> requests (virtio/viommu.c) --> domains of mappings <-- endpoints <-- clients
 *
 * An endpoint is a device that is behind the IOMMU. The guest attaches it to a domain, which is a
 * set of mappings. What reaches memory for the device is a client of its endpoint: a file of
 * vhost's, say. One that is lazy asks for what it needs, when it needs it (iommu_fetch()). Others
 * are told of each mapping as it is made. All are told when one goes, and have forgotten it by the
 * time that the guest is told that it has gone.
 *
 * All of this may be called from any thread. Operations of clients are called with the IOMMU's lock
 * held, and may call back nothing but iommu_fetch_held().
 */
#ifndef IOMMU_H
#define IOMMU_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

struct iommu;
struct iommu_endpoint;
struct iommu_client;

/* What may be done to memory. The numbers are those of VIRTIO_IOMMU_MAP_F_*. */
#define IOMMU_READ	1
#define IOMMU_WRITE	2

/* The least that can be mapped. */
#define IOMMU_PAGE	4096ULL

/* Addresses that a device may be given, unless the host's IOMMU has fewer (holes). */
#define IOMMU_LAST_ADDRESS	((1ULL << 48) - 1)

/* Numbers of domains. Linux has as many as there are groups of devices. */
#define IOMMU_LAST_DOMAIN	0xffff

/* The most ranges of addresses that can't be given to a device. */
#define IOMMU_MAX_HOLES		16

/* Interrupt messages: not translated, and no memory. */
#define IOMMU_MSI_FIRST		0xfee00000ULL
#define IOMMU_MSI_LAST		0xfeefffffULL

/*
 * Mappings of all domains together: 1 GiB in pages of 4 KiB. Each takes some 100 bytes of the
 * launcher's memory.
 */
#define IOMMU_MAX_MAPPINGS	(1U << 18)

/* Addresses of a device. */
struct iommu_range {
	__u64 start;
	__u64 last;
};

/**
 * struct iommu_piece - addresses of a device, one after the other in our memory, too
 * @start: the first one
 * @last: the last one
 * @host: where we see what is at @start
 * @access: IOMMU_READ, IOMMU_WRITE; 0: none of this may be reached, and @host is NULL
 */
struct iommu_piece {
	__u64 start;
	__u64 last;
	void *host;
	__u32 access;
};

/**
 * struct iommu_client_ops - what reaches memory for a device
 * @lazy: it is told of a piece only if it asks, or has asked when there was none. One that is not
 *	may ask, too, and is told again then.
 * @map: know this piece from now on. Never overlaps another that it knows, but for one whose
 *	access is 0. NULL: it knows none, and looks them up when it needs them
 * @unmap: forget all from @start to @last, whole pages. Pieces that it knows are whole in there.
 *	When this returns, the device reaches nothing by them any more. NULL: as for @map
 *
 * Both return 0 or a negative error number.
 */
struct iommu_client_ops {
	bool lazy;
	int (*map)(struct iommu_client *client, const struct iommu_piece *piece);
	int (*unmap)(struct iommu_client *client, __u64 start, __u64 last);
};

/**
 * struct iommu_client - what reaches memory for a device
 * @ops: how it is told
 * @next: the IOMMU's: another one
 * @denied: likewise: it has asked for what it can't reach, and may know pieces without access
 * @denied_first: likewise: the lowest address of that
 * @denied_last: likewise: the highest
 */
struct iommu_client {
	const struct iommu_client_ops *ops;
	struct iommu_client *next;
	bool denied;
	__u64 denied_first;
	__u64 denied_last;
};

/* Why did a device reach nothing? The numbers are those of VIRTIO_IOMMU_FAULT_R_*. */
enum iommu_reason {
	IOMMU_NO_DOMAIN = 1,
	IOMMU_NO_MAPPING = 2,
};

struct iommu_fault {
	enum iommu_reason reason;
	__u32 endpoint;
	__u64 address;
	__u32 access;
};

/* Make one. It starts with endpoints that are in no domain reaching all memory (bypass). */
int iommu_create(struct iommu **iommu, const struct guest_memory *memory);

/* Another one needs it, and gives it back by iommu_put(). Returns @iommu. */
struct iommu *iommu_get(struct iommu *iommu);

/*
 * Who has made it, or got it, needs it no more. It goes with the last of these, and of its
 * endpoints. NULL: nothing to do.
 */
void iommu_put(struct iommu *iommu);

/* @report is called for each fault, with the lock held; NULL: nobody wants to know any more. */
void iommu_on_fault(struct iommu *iommu,
		    void (*report)(void *context, const struct iommu_fault *fault), void *context);

/* A device is going to be behind it. Returns NULL if memory lacks. */
struct iommu_endpoint *iommu_endpoint_create(struct iommu *iommu);

/* Its clients have been removed. NULL: nothing to do. */
void iommu_endpoint_free(struct iommu_endpoint *endpoint);

/*
 * Before that has clients: the host can't translate these addresses for it, of which no two
 * overlap.
 */
void iommu_endpoint_exclude(struct iommu_endpoint *endpoint, const struct iommu_range *holes,
			    unsigned int nr);

/* From now on the guest knows it by this number. */
void iommu_endpoint_show(struct iommu_endpoint *endpoint, __u32 id);

/* Returns 0 or a negative error number: it may be told of mappings at once. */
int iommu_add_client(struct iommu_endpoint *endpoint, struct iommu_client *client);
void iommu_remove_client(struct iommu_endpoint *endpoint, struct iommu_client *client);
bool iommu_has_clients(const struct iommu_endpoint *endpoint);

/*
 * A lazy client needs @size bytes at @address, for @access: it is told of all pieces that these are
 * in. What can't be reached is a fault, of which one piece without access tells it. Returns 0, or a
 * negative error number if the client does not take a piece; EFAULT: it can't reach all of it.
 */
int iommu_fetch(struct iommu_endpoint *endpoint, struct iommu_client *client, __u64 address,
		__u64 size, __u32 access);

/*
 * The same, with the IOMMU's lock held: between iommu_hold() and iommu_release(), or in an
 * operation of the client. @late: that may have been unmapped since the client has asked. Then it
 * is no fault that it can't be reached, and the client is not told.
 */
int iommu_fetch_held(struct iommu_endpoint *endpoint, struct iommu_client *client, __u64 address,
		     __u64 size, __u32 access, bool late);

/* Can the device reach all of that? If not, it is a fault. */
bool iommu_reaches(struct iommu_endpoint *endpoint, __u64 address, __u64 size, __u32 access);

/*
 * Until iommu_release() nothing is unmapped, as who serves queues himself needs it, and no other
 * function may be called but iommu_at(), iommu_copy() and those that are named for it (_held).
 * @endpoint: NULL: nothing to do
 */
void iommu_hold(struct iommu_endpoint *endpoint);
void iommu_release(struct iommu_endpoint *endpoint);

/*
 * Our address of @size bytes, which have to follow each other in our memory, too. NULL: it can't
 * reach them so, which is a fault.
 */
void *iommu_at(struct iommu_endpoint *endpoint, __u64 address, __u64 size, __u32 access);

/* Can it reach these, wherever in our memory they are? If not, it is a fault. */
bool iommu_reaches_held(struct iommu_endpoint *endpoint, __u64 address, __u64 size, __u32 access);

/*
 * Copy @size bytes, which may be anywhere in our memory: IOMMU_READ from where the device has them
 * to @data, and IOMMU_WRITE from there. Returns how many: up to where it can't, which is a fault.
 */
size_t iommu_copy(struct iommu_endpoint *endpoint, __u64 address, void *data, size_t size,
		  __u32 access);

/*
 * What the guest asks for (Virtual I/O Device 1.2, 5.13.6). Each returns one of VIRTIO_IOMMU_S_*.
 * Flags have been looked at, and reserved fields.
 */
__u8 iommu_attach(struct iommu *iommu, __u32 domain, __u32 endpoint, bool bypass);
__u8 iommu_detach(struct iommu *iommu, __u32 domain, __u32 endpoint);
__u8 iommu_map(struct iommu *iommu, __u32 domain, __u64 start, __u64 last, __u64 physical,
	       __u32 flags);
__u8 iommu_unmap(struct iommu *iommu, __u32 domain, __u64 start, __u64 last);

/* Does the guest know it? And which addresses can't it be given, of which there are @nr? */
bool iommu_find_holes(struct iommu *iommu, __u32 endpoint,
		      struct iommu_range holes[IOMMU_MAX_HOLES], unsigned int *nr);

/* Do endpoints that are in no domain reach all memory, or none? */
void iommu_set_bypass(struct iommu *iommu, bool bypass);

/* The guest has reset the IOMMU: there are no domains any more. */
void iommu_reset(struct iommu *iommu);

#endif /* IOMMU_H */
