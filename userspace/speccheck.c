// SPDX-License-Identifier: GPL-2.0
/*
 * What depends on several items of a description: is the region inside its BAR, does it
 * overlap another, is there the interrupt that it triggers?
 */
#include "model.h"
#include "report.h"
#include "speccheck.h"

#define PBA_WORD_SIZE		8
#define PBA_WORD_VECTORS	64

static int check_bars(const struct device_spec *spec)
{
	unsigned int i;

	for (i = 0; i < KVPCI_NUM_BARS; i++) {
		if (!(spec->bars[i].flags & KVPCI_BAR_64BIT))
			continue;
		if (i == KVPCI_NUM_BARS - 1)
			return misuse("--device: bar5 cannot be a 64-bit BAR, which takes two: use bar4");
		if (spec->bars[i + 1].size)
			return misuse("--device: bar%u is the upper half of bar%u, use another",
				      i + 1, i);
	}
	return STATUS_OK;
}

#define CLASS_BRIDGE		0x0604

static int check_bridge(const struct device_spec *spec)
{
	unsigned int i;

	if (spec->behind && spec->has_bus)
		return misuse("--device: behind= says which bus it is on, leave the bus out of addr=");
	if (!spec->bridge) {
		if (spec->label)
			return misuse("--device: name= is for what others are behind, such as root-port");
		if (spec->class_code >> 8 == CLASS_BRIDGE)
			return misuse("--device: class 0604xx is a bridge's, add bridge=on");
		return STATUS_OK;
	}
	if (spec->class_code >> 8 != CLASS_BRIDGE)
		return misuse("--device: a bridge has the class 0604xx");
	if (spec->count != 1)
		return misuse("--device: count= is not for bridges, describe each");
	if (spec->flr)
		return misuse("--device: pcie=flr is not for bridges, which are reset with their bus");
	if (spec->rom_size || spec->subsystem || spec->subsystem_vendor)
		return misuse("--device: a bridge has neither rom= nor subsys=");
	for (i = 2; i < KVPCI_NUM_BARS; i++) {
		if (spec->bars[i].size)
			return misuse("--device: a bridge has no bar%u, only bar0 and bar1", i);
	}
	if (spec->bars[1].flags & KVPCI_BAR_64BIT)
		return misuse("--device: of a bridge only bar0 can be a 64-bit BAR");
	return STATUS_OK;
}

static int check_place(const struct device_spec *spec, unsigned int bar, __u64 offset,
		       __u64 length)
{
	__u64 size = bar == KVPCI_BAR_ROM ? spec->rom_size : spec->bars[bar].size;

	if (!size)
		return misuse("--device: there is no bar%u for what lies behind it, add bar%u=",
			      bar, bar);
	if (offset >= size || length > size - offset)
		return misuse("--device: %#llx+%#llx is beyond the end of bar%u", offset, length,
			      bar);
	return STATUS_OK;
}

/* A range of a BAR. */
struct range {
	unsigned int bar;
	__u64 offset;
	__u64 length;
};

static struct range region_range(const struct spec_region *region)
{
	return (struct range){ region->bar, region->offset, region->bytes.length };
}

static bool overlap(struct range a, struct range b)
{
	return a.bar == b.bar && a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

/* Does the device have the interrupt that writes to the region trigger or lower? */
static int check_trigger(const struct device_spec *spec, const struct spec_region *region)
{
	static const char *const names[] = {
		[KVPCI_INTX] = "intx", [KVPCI_MSI] = "msi", [KVPCI_MSIX] = "msix",
	};
	const __u32 vectors[] = {
		[KVPCI_INTX] = !!spec->interrupt_pin,
		[KVPCI_MSI] = spec->msi.vectors,
		[KVPCI_MSIX] = spec->msix.vectors,
	};

	if (spec->bridge && spec->pcie &&
	    (region->lower || (region->trigger && !region->vector)))
		return misuse("--device: the pin and the first vector of a root port are its slot's, registers have the others");
	if (region->lower && !spec->interrupt_pin)
		return misuse("--device: there is no pin for a region to lower, add intx=");
	if (!region->trigger || region->vector < vectors[region->trigger])
		return STATUS_OK;
	if (!vectors[region->trigger])
		return misuse("--device: there is no interrupt for a region to trigger, add %s=",
			      names[region->trigger]);
	return misuse("--device: a region triggers vector %u of %s, which has %u, counted from 0",
		      region->vector, names[region->trigger], vectors[region->trigger]);
}

static int check_mirror(const struct device_spec *spec, const struct spec_region *region)
{
	if (!region->mirror)
		return STATUS_OK;
	if (region->bar != KVPCI_BAR_ROM && spec->bars[region->bar].flags & KVPCI_BAR_IO)
		return misuse("--device: a region of bar%u cannot be mirrored, since that is no memory BAR",
			      region->bar);
	if (region->offset % 8)
		return misuse("--device: a region that is mirrored starts at a multiple of 8, and %#llx of bar%u is none",
			      region->offset, region->bar);
	return STATUS_OK;
}

/* Does the kernel have to reset a region? If so, it has a limit for how much. */
static bool is_reset(const struct spec_region *region)
{
	const struct spec_bytes *bytes = &region->bytes;
	size_t i;

	if (region->keeper != KEEPER_KERNEL)
		return false;
	for (i = 0; i < bytes->length; i++) {
		if (bytes->writable[i] || bytes->write1clear[i])
			return true;
	}
	return false;
}

static int check_regions(const struct device_spec *spec)
{
	/* The table of MSI-X and its pending bits are regions too. */
	size_t n = spec->nr_regions + (spec->msix.vectors ? 2 : 0);
	__u64 to_reset = 0;
	size_t i, j;
	int status;

	if (n > KVPCI_MAX_RANGES)
		return misuse("--device: more than %u regions, describe fewer", KVPCI_MAX_RANGES);
	for (i = 0; i < spec->nr_regions; i++) {
		const struct spec_region *region = &spec->regions[i];

		status = check_place(spec, region->bar, region->offset, region->bytes.length);
		if (!status)
			status = check_trigger(spec, region);
		if (!status)
			status = check_mirror(spec, region);
		if (status)
			return status;
		if (is_reset(region))
			to_reset += region->bytes.length;
		if (to_reset > KVPCI_MAX_REGISTERS)
			return misuse("--device: more than 16 MiB of registers that the guest can write, use user= for some");
		for (j = 0; j < i; j++) {
			if (overlap(region_range(region), region_range(&spec->regions[j])))
				return misuse("--device: two regions of bar%u overlap at %#llx",
					      region->bar, region->offset);
		}
	}
	return STATUS_OK;
}

/* Nothing else may be where the kernel keeps the table and the pending bits. */
static int check_msix_part(const struct device_spec *spec, const char *name, struct range part)
{
	int status;
	size_t i;

	if (spec->bars[part.bar].flags & KVPCI_BAR_IO)
		return misuse("--device: the %s of msix cannot be in bar%u, which is no memory BAR",
			      name, part.bar);
	status = check_place(spec, part.bar, part.offset, part.length);
	if (status)
		return status;
	for (i = 0; i < spec->nr_regions; i++) {
		if (overlap(part, region_range(&spec->regions[i])))
			return misuse("--device: a region overlaps the %s of msix, %#llx+%#llx of bar%u",
				      name, part.offset, part.length, part.bar);
	}
	return STATUS_OK;
}

static int check_msix(const struct device_spec *spec)
{
	const struct kvpci_msix *msix = &spec->msix;
	const struct range table = {
		msix->table_bar, msix->table_offset, MSIX_ENTRY_SIZE * msix->vectors,
	};
	const struct range pba = {
		msix->pba_bar, msix->pba_offset,
		PBA_WORD_SIZE * ((msix->vectors + PBA_WORD_VECTORS - 1) / PBA_WORD_VECTORS),
	};
	int status;

	if (!msix->vectors)
		return STATUS_OK;
	status = check_msix_part(spec, "table", table);
	if (!status)
		status = check_msix_part(spec, "pending bits (pba=)", pba);
	if (!status && overlap(table, pba))
		status = misuse("--device: the table of msix and its pending bits (pba=) overlap in bar%u",
				table.bar);
	return status;
}

static int check_doorbells(const struct device_spec *spec)
{
	size_t i;
	int status;

	if (spec->nr_doorbells > KVPCI_MAX_DOORBELLS)
		return misuse("--device: more than %u doorbells, describe fewer",
			      KVPCI_MAX_DOORBELLS);
	for (i = 0; i < spec->nr_doorbells; i++) {
		const struct spec_doorbell *doorbell = &spec->doorbells[i];

		status = check_place(spec, doorbell->bar, doorbell->offset, doorbell->length);
		if (status)
			return status;
		if (doorbell->length == 8 && spec->bars[doorbell->bar].flags & KVPCI_BAR_IO)
			return misuse("--device: a doorbell in an I/O BAR has at most 4 bytes");
		if (spec->count > 1 && doorbell->fd >= 0)
			return misuse("--device: count= and a doorbell's fd= exclude each other");
	}
	return STATUS_OK;
}

int spec_check(const struct device_spec *spec)
{
	int status;

	/* A model may find out later. */
	if (!spec->vendor && !spec->device && !spec->model)
		return misuse("--device: say what it is: id=VENDOR:DEVICE, or the name of a known device");
	if (spec->translated && !spec->bridge && !spec_reaches_memory(spec))
		return misuse("--device: iommu= is for devices that reach memory, and for root ports");
	status = check_bridge(spec);
	if (!status)
		status = check_bars(spec);
	if (!status)
		status = check_regions(spec);
	if (!status)
		status = check_msix(spec);
	if (!status)
		status = check_doorbells(spec);
	/* Two of them may be the defaults, PM and PCI Express. */
	if (!status && spec->nr_capabilities + spec->pm + spec->pcie > KVPCI_MAX_CAPABILITIES)
		status = misuse("--device: more than %u capabilities, describe fewer",
				KVPCI_MAX_CAPABILITIES);
	return status;
}
