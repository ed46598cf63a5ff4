/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_REGION_H
#define _VPCI_REGION_H

#include <linux/kvpci.h>
#include <linux/types.h>

struct kvm_vcpu;
struct vpci_bar;
struct vpci_function;
struct vpci_region;

/**
 * struct vpci_access - a guest's access to a BAR
 * @vcpu: the guest's
 * @base: where the BAR was found, which it may leave while the access goes on
 * @len: bytes of the whole access, of which a region may see a part
 */
struct vpci_access {
	struct kvm_vcpu *vcpu;
	u64 base;
	u32 len;
};

/**
 * struct vpci_region_ops - a kind of region
 * @name: what it is called in /proc
 * @create: make a region from its description, whose range and flags have been
 *	checked; what else it holds is this callback's to check. Process context; no lock
 *	is held, since memory of the caller may take any time to read. Returns the region
 *	or an ERR_PTR.
 * @attach: do what takes the host bridge, which is there; process context, under the
 *	host's lock, before the function is plugged. Returns 0 or an error. NULL if there is
 *	nothing to do.
 * @destroy: free it; process context, no access is running. NULL if it is part of
 *	something else. One that is has no @create either.
 * @read: the guest reads @len bytes at @offset of the region, all within it
 * @write: the guest writes them
 *
 * @move: have its bytes at @bytes from now on, which someone else frees; process context,
 *	under the host's lock, before the function is plugged. For those that have
 *	@mirrored set.
 *
 * @read and @write run in a callback of a claim and take no longer than the
 * function's lock may be held. They return 0, or -EOPNOTSUPP if the access is for
 * userspace to complete.
 */
struct vpci_region_ops {
	const char *name;
	struct vpci_region *(*create)(struct vpci_bar *bar,
				      const struct kvpci_region *desc);
	int (*attach)(struct vpci_region *region);
	void (*destroy)(struct vpci_region *region);
	int (*read)(struct vpci_region *region,
		    const struct vpci_access *access, u64 offset, u32 len,
		    void *val);
	int (*write)(struct vpci_region *region,
		     const struct vpci_access *access, u64 offset, u32 len,
		     const void *val);
	void (*move)(struct vpci_region *region, u8 *bytes);
};

/**
 * struct vpci_region - what lies behind a range of a BAR; each kind embeds it
 * @ops: its kind
 * @bar: the BAR
 * @offset: its first byte, from the start of the BAR
 * @length: bytes
 * @mirrored: reads have no effect and are to be spared the guest, see mirror.c
 * @moved: its bytes are in a mirror
 */
struct vpci_region {
	const struct vpci_region_ops *ops;
	struct vpci_bar *bar;
	u64 offset;
	u64 length;
	bool mirrored;
	bool moved;
};

int vpci_region_insert(struct vpci_region *region);
int vpci_region_add(struct vpci_function *function,
		    const struct kvpci_region __user *arg);
void vpci_regions_destroy(struct vpci_bar *bar);
struct vpci_region *vpci_region_next(const struct vpci_bar *bar, u64 offset);
struct vpci_region *vpci_region_find(const struct vpci_bar *bar, u64 offset);
int vpci_region_read(struct vpci_bar *bar, const struct vpci_access *access,
		     u64 offset, u32 len, void *val);
int vpci_region_write(struct vpci_bar *bar, const struct vpci_access *access,
		      u64 offset, u32 len, const void *val);

#endif /* _VPCI_REGION_H */
