// SPDX-License-Identifier: GPL-2.0
/*
 * The BARs of a device of the host, and where the guest's accesses to them go.
 *
 * What VFIO lets us map is memory of the guest, which follows the BAR. That is not so of the pages
 * that the MSI-X table and its pending bits are in: these two are the kernel module's, and for the
 * rest of their pages, for ports, and for what is less than a page, the guest's accesses come to us
 * and are passed on.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/mman.h>

#include "array.h"
#include "report.h"
#include "vfio/bars.h"

#define PAGE		4096ULL
#define MAX_SIZE_32	(1ULL << 31)
#define MAX_SIZE_64	(1ULL << 40)
#define MIN_SIZE	16
#define PBA_VECTORS	64
#define PBA_WORD	8

/* The lowest byte of its register, which says what kind of BAR it is. */
static __u8 bar_type(const struct vfio_config *config, unsigned int bar)
{
	return config->bytes[PCI_BASE_ADDRESS_0 + 4 * bar];
}

static int describe_bar(const struct vfio_device *device, const struct vfio_config *config,
			struct kvpci_bar *bars, unsigned int bar)
{
	__u64 size = device->regions[bar].size;
	__u32 type = bar_type(config, bar);
	bool io = type & PCI_BASE_ADDRESS_SPACE_IO;
	bool is_64 = !io && (type & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
			    PCI_BASE_ADDRESS_MEM_TYPE_64;

	if (!size)
		return STATUS_OK;
	if (!io && size < MIN_SIZE)
		size = MIN_SIZE;
	if (size & (size - 1))
		return fail("%s: its BAR %u has %llu bytes, which is no power of two, and no guest can have that: use another device",
			    device->label, bar, size);
	if (size > (is_64 ? MAX_SIZE_64 : MAX_SIZE_32))
		return fail("%s: its BAR %u, of %llu GiB, is larger than what a guest can have, use another device",
			    device->label, bar, size >> 30);
	bars[bar] = (struct kvpci_bar){
		.size = size,
		.flags = io ? KVPCI_BAR_IO :
			 (is_64 ? KVPCI_BAR_64BIT : 0) |
			 (type & PCI_BASE_ADDRESS_MEM_PREFETCH ? KVPCI_BAR_PREFETCH : 0),
	};
	return STATUS_OK;
}

int vfio_bars_describe(const struct vfio_device *device, const struct vfio_config *config,
		       struct device_spec *spec)
{
	int status = STATUS_OK;
	unsigned int bar;

	for (bar = 0; !status && bar < KVPCI_NUM_BARS; bar++)
		status = describe_bar(device, config, spec->bars, bar);
	return status;
}

__u16 vfio_bars_decode(const struct vfio_device *device, const struct vfio_config *config)
{
	__u16 decode = device->regions[VFIO_PCI_ROM_REGION_INDEX].size ? PCI_COMMAND_MEMORY : 0;
	unsigned int bar;

	for (bar = 0; bar < KVPCI_NUM_BARS; bar++) {
		if (device->regions[bar].size)
			decode |= bar_type(config, bar) & PCI_BASE_ADDRESS_SPACE_IO ?
				  PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	}
	return decode;
}

static void add_part(struct vfio_parts *parts, __u64 start, __u64 end)
{
	if (start < end && parts->n < ARRAY_SIZE(parts->part))
		parts->part[parts->n++] = (struct vfio_area){ start, end - start };
}

/* Take what is from @start to @end out of @parts. */
static void cut_out(struct vfio_parts *parts, __u64 start, __u64 end)
{
	const struct vfio_parts old = *parts;
	unsigned int i;

	parts->n = 0;
	for (i = 0; i < old.n; i++) {
		__u64 from = old.part[i].offset;
		__u64 to = from + old.part[i].length;

		add_part(parts, from, start < to ? start : to);
		add_part(parts, end > from ? end : from, to);
	}
}

static __u64 page_down(__u64 address)
{
	return address & ~(PAGE - 1);
}

static __u64 page_up(__u64 address)
{
	return page_down(address + PAGE - 1);
}

void vfio_bars_cut(const struct vfio_region *region, const struct vfio_area *holes,
		   unsigned int nr_holes, struct vfio_parts *mapped, struct vfio_parts *trapped)
{
	unsigned int i;

	mapped->n = 0;
	for (i = 0; i < region->nr_areas; i++) {
		const struct vfio_area *area = &region->areas[i];

		add_part(mapped, page_up(area->offset), page_down(area->offset + area->length));
	}
	for (i = 0; i < nr_holes; i++)
		cut_out(mapped, page_down(holes[i].offset),
			page_up(holes[i].offset + holes[i].length));

	trapped->n = 0;
	add_part(trapped, 0, region->size);
	for (i = 0; i < mapped->n; i++)
		cut_out(trapped, mapped->part[i].offset,
			mapped->part[i].offset + mapped->part[i].length);
	for (i = 0; i < nr_holes; i++)
		cut_out(trapped, holes[i].offset, holes[i].offset + holes[i].length);
}

/* Where the module has something in a BAR. */
static unsigned int find_holes(const struct kvpci_msix *msix, unsigned int bar,
			       struct vfio_area *holes)
{
	unsigned int n = 0;

	if (!msix->vectors)
		return 0;
	if (msix->table_bar == bar)
		holes[n++] = (struct vfio_area){
			msix->table_offset, msix->vectors * MSIX_ENTRY_SIZE,
		};
	if (msix->pba_bar == bar)
		holes[n++] = (struct vfio_area){
			msix->pba_offset,
			(msix->vectors + PBA_VECTORS - 1) / PBA_VECTORS * PBA_WORD,
		};
	return n;
}

static int failed(const struct vfio_device *device, unsigned int bar, int error)
{
	return fail("%s: the kernel does not take BAR %u: %s", device->label, bar,
		    strerror(-error));
}

static int add_trapped(const struct vfio_device *device, struct function *function,
		       unsigned int bar, const struct vfio_area *part)
{
	int error = kvpci_function_add_range(function->handle, bar, KVPCI_RANGE_USERSPACE,
					     part->offset, part->length, NULL);

	return error ? failed(device, bar, error) : STATUS_OK;
}

static int add_mapped(struct vfio_bars *bars, const struct vfio_device *device,
		      struct function *function, unsigned int bar, const struct vfio_area *part)
{
	const struct vfio_region *region = &device->regions[bar];
	int prot = (region->readable ? PROT_READ : 0) | (region->writable ? PROT_WRITE : 0);
	void *address = mmap(NULL, part->length, prot, MAP_SHARED, device->fd,
			     region->offset + part->offset);
	int error;

	if (address == MAP_FAILED)
		return add_trapped(device, function, bar, part);
	error = kvpci_function_add_memory(function->handle, bar, part->offset, part->length,
					  address, region->writable ? 0 : KVM_MEM_READONLY);
	if (error) {
		munmap(address, part->length);
		/* With --mirror=off there is no memory behind BARs. */
		return error == -EINVAL ? add_trapped(device, function, bar, part) :
					  failed(device, bar, error);
	}
	bars->mappings[bars->nr_mappings++] = (struct vfio_mapping){ address, part->length };
	return STATUS_OK;
}

static int create_bar(struct vfio_bars *bars, const struct vfio_device *device,
		      struct function *function, unsigned int bar)
{
	struct vfio_area holes[2];
	unsigned int nr_holes = find_holes(&function->spec->msix, bar, holes);
	struct vfio_parts mapped, trapped;
	int status = STATUS_OK;
	unsigned int i;

	vfio_bars_cut(&device->regions[bar], holes, nr_holes, &mapped, &trapped);
	for (i = 0; !status && i < mapped.n; i++)
		status = add_mapped(bars, device, function, bar, &mapped.part[i]);
	for (i = 0; !status && i < trapped.n; i++)
		status = add_trapped(device, function, bar, &trapped.part[i]);
	return status;
}

int vfio_bars_create(struct vfio_bars *bars, const struct vfio_device *device,
		     struct function *function)
{
	int status = STATUS_OK;
	unsigned int bar;

	bars->nr_mappings = 0;
	for (bar = 0; !status && bar < KVPCI_NUM_BARS; bar++) {
		if (function->spec->bars[bar].size)
			status = create_bar(bars, device, function, bar);
	}
	return status;
}

void vfio_bars_destroy(struct vfio_bars *bars)
{
	while (bars->nr_mappings) {
		const struct vfio_mapping *mapping = &bars->mappings[--bars->nr_mappings];

		munmap(mapping->address, mapping->length);
	}
}
