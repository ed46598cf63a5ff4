// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration space of a device of the host, and what of it the guest finds.
 *
 * Capabilities of the first 256 bytes stay where they are, since drivers may rely on that.
 * Extended ones do as well, if the guest is shown the one at 0x100: the list begins there, and if
 * that is hidden, others move up. Those that a guest has no use for, or that would have it do what
 * is the host's, are hidden: SR-IOV, resizable BARs, alternative routing IDs, what has to do with
 * the IOMMU, and with the link.
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "array.h"
#include "report.h"
#include "vfio/config.h"

#define EXTENDED_START		0x100
#define EXTENDED_HEADER		4
#define EXTENDED_LEAST		8	/* with anything behind its header */

/* PCI Express: what the guest may write of device control, link control and device control 2. */
#define EXPRESS_V1_LENGTH	0x14
#define EXPRESS_V2_LENGTH	0x3c
#define DEVICE_CONTROL_WRITABLE	0x79ff
#define DEVICE_STATUS_EVENTS	0x0f
#define LINK_CONTROL_WRITABLE	0x004b
#define DEVICE_CONTROL2_WRITABLE 0x001f

enum treatment {
	COPY,		/* it stays as it is */
	PASS,		/* accesses are passed on */
};

/**
 * struct shown - a capability that the guest is shown
 * @id: its ID
 * @treatment: what is done with it
 * @passed: PASS: from where on, from its start; what is before that is copied
 * @length: bytes; 0: a field of it says how many
 */
struct shown {
	__u16 id;
	enum treatment treatment;
	__u16 passed;
	__u16 length;
};

static const struct shown standard[] = {
	{ PCI_CAP_ID_VPD, PASS, 2, PCI_CAP_VPD_SIZEOF },
	{ PCI_CAP_ID_VNDR, PASS, 4, 0 },
};

static const struct shown extended[] = {
	{ PCI_EXT_CAP_ID_ERR, PASS, EXTENDED_HEADER, 0x48 },
	{ PCI_EXT_CAP_ID_DSN, COPY, 0, PCI_EXT_CAP_DSN_SIZEOF },
	{ PCI_EXT_CAP_ID_VNDR, PASS, 8, 0 },
	{ PCI_EXT_CAP_ID_DVSEC, PASS, 8, 0 },
};

static __u16 read16(const struct vfio_config *config, unsigned int at)
{
	return config->bytes[at] | config->bytes[at + 1] << 8;
}

static __u32 read32(const struct vfio_config *config, unsigned int at)
{
	return read16(config, at) | (__u32)read16(config, at + 2) << 16;
}

static void put16(__u8 *bytes, unsigned int at, __u16 value)
{
	bytes[at] = value;
	bytes[at + 1] = value >> 8;
}

static const struct shown *find_shown(const struct shown *table, size_t n, __u16 id)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (table[i].id == id)
			return &table[i];
	}
	return NULL;
}

/* The next capability after @at, or the first one; 0: there is none. */
static __u16 next_standard(const struct vfio_config *config, __u16 at)
{
	if (!at && !(read16(config, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return 0;
	at = config->bytes[at ? at + PCI_CAP_LIST_NEXT : PCI_CAPABILITY_LIST] & ~3;
	return at < PCI_STD_HEADER_SIZEOF ? 0 : at;
}

static __u16 next_extended(const struct vfio_config *config, __u16 at)
{
	__u32 header = read32(config, at ? at : EXTENDED_START);

	if (!at)
		return header && header != ~0U ? EXTENDED_START : 0;
	at = PCI_EXT_CAP_NEXT(header);
	return at < EXTENDED_START || at > VFIO_CONFIG_SIZE - EXTENDED_LEAST ? 0 : at;
}

typedef __u16 (*next_function)(const struct vfio_config *config, __u16 at);

/* A list that goes round in circles has an end all the same. */
#define MAX_STEPS	KVPCI_MAX_CAPABILITIES

/* Bytes from @at to the next capability of the list, wherever in that it is, or to @end. */
static __u16 room_at(const struct vfio_config *config, next_function next, __u16 at, __u16 end)
{
	unsigned int steps = 0;
	__u16 other = 0;

	while ((other = next(config, other)) && steps++ < MAX_STEPS) {
		if (other > at && other < end)
			end = other;
	}
	return end - at;
}

/* Has the list been at @at before? Then that is its end. */
static bool came_before(const struct vfio_config *config, next_function next, __u16 at,
			unsigned int steps)
{
	__u16 other = 0;

	while (steps--) {
		other = next(config, other);
		if (other == at)
			return true;
	}
	return false;
}

static __u16 smaller(__u16 a, __u16 b)
{
	return a < b ? a : b;
}

/* Accesses to @length bytes from @from of a capability are passed on. */
static void pass(struct vfio_config *config, __u16 at, __u16 device_at, __u16 from, __u16 length)
{
	if (from < length && config->nr_passed < VFIO_MAX_PASSED)
		config->passed[config->nr_passed++] = (struct vfio_passed){
			.at = at + from, .device_at = device_at + from, .length = length - from,
			.vpd = device_at < EXTENDED_START &&
			       config->bytes[device_at] == PCI_CAP_ID_VPD,
		};
}

static int add(struct device_spec *spec, const struct vfio_config *config,
	       const struct spec_capability *what, __u16 from, __u16 length,
	       struct spec_bytes **bytes)
{
	int status = spec_add_capability(spec, what, length, bytes);

	if (!status && length)
		memcpy((*bytes)->value, &config->bytes[from], length);
	return status;
}

/* The power state is the guest's to set. It changes nothing: VFIO takes BARs away otherwise. */
static int add_power(struct vfio_config *config, struct device_spec *spec, __u16 at)
{
	const struct spec_capability what = { .id = PCI_CAP_ID_PM, .offset = at };
	struct spec_bytes *bytes;
	int status = add(spec, config, &what, at, PCI_PM_SIZEOF, &bytes);

	if (status)
		return status;
	put16(bytes->value, PCI_PM_PMC, read16(config, at + PCI_PM_PMC) & PCI_PM_CAP_VER_MASK);
	memset(&bytes->value[PCI_PM_CTRL], 0, PCI_PM_SIZEOF - PCI_PM_CTRL);
	bytes->value[PCI_PM_CTRL] = PCI_PM_CTRL_NO_SOFT_RESET;
	bytes->writable[PCI_PM_CTRL] = PCI_PM_CTRL_STATE_MASK;
	return STATUS_OK;
}

/* Bytes of the first contents, as far as there are any. */
static void clear(struct spec_bytes *bytes, size_t start, size_t end)
{
	for (; start < end && start < bytes->length; start++)
		bytes->value[start] = 0;
}

/* A device of the root complex's own has no link; one behind a root port has. */
static void set_type(struct spec_bytes *bytes, bool port)
{
	__u16 flags = bytes->value[PCI_EXP_FLAGS] | bytes->value[PCI_EXP_FLAGS + 1] << 8;
	unsigned int type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;

	if (type == PCI_EXP_TYPE_ENDPOINT && !port) {
		type = PCI_EXP_TYPE_RC_END;
		clear(bytes, PCI_EXP_LNKCAP, PCI_EXP_SLTCAP);
		clear(bytes, PCI_EXP_LNKCAP2, PCI_EXP_SLTCAP2);
	} else if (type == PCI_EXP_TYPE_RC_END && port) {
		type = PCI_EXP_TYPE_ENDPOINT;
		bytes->value[PCI_EXP_LNKCAP] = PCI_EXP_LNKCAP_SLS_2_5GB | 1 << 4;
		bytes->value[PCI_EXP_LNKSTA] = PCI_EXP_LNKSTA_CLS_2_5GB | 1 << 4;
	}
	put16(bytes->value, PCI_EXP_FLAGS, (flags & ~PCI_EXP_FLAGS_TYPE) | type << 4);
	if (port)
		put16(bytes->writable, PCI_EXP_LNKCTL, LINK_CONTROL_WRITABLE);
}

static int add_express(struct vfio_config *config, const struct vfio_abilities *abilities,
		       struct device_spec *spec, __u16 at)
{
	const struct spec_capability what = { .id = PCI_CAP_ID_EXP, .offset = at };
	bool second = (config->bytes[at + PCI_EXP_FLAGS] & PCI_EXP_FLAGS_VERS) > 1;
	__u16 length = smaller(second ? EXPRESS_V2_LENGTH : EXPRESS_V1_LENGTH,
			       room_at(config, next_standard, at, EXTENDED_START));
	struct spec_bytes *bytes;
	int status;

	if (config->express || length < EXPRESS_V1_LENGTH)
		return STATUS_OK;
	status = add(spec, config, &what, at, length, &bytes);
	if (status)
		return status;
	config->express = at;
	config->express_length = length;
	bytes->value[PCI_EXP_DEVCAP + 3] &= ~(PCI_EXP_DEVCAP_FLR >> 24);
	if (abilities->reset)
		bytes->value[PCI_EXP_DEVCAP + 3] |= PCI_EXP_DEVCAP_FLR >> 24;
	/* The kernel carries function-level reset out, whose bit reads as 0. */
	bytes->value[PCI_EXP_DEVCTL + 1] &= ~(PCI_EXP_DEVCTL_BCR_FLR >> 8);
	put16(bytes->writable, PCI_EXP_DEVCTL, DEVICE_CONTROL_WRITABLE);
	put16(bytes->value, PCI_EXP_DEVSTA, 0);
	bytes->write1clear[PCI_EXP_DEVSTA] = DEVICE_STATUS_EVENTS;
	if (vfio_config_control2(config))
		put16(bytes->writable, PCI_EXP_DEVCTL2, DEVICE_CONTROL2_WRITABLE);
	set_type(bytes, abilities->port);
	return STATUS_OK;
}

static int add_msi(struct vfio_config *config, const struct vfio_abilities *abilities,
		   struct device_spec *spec, __u16 at)
{
	const struct spec_capability what = {
		.flags = KVPCI_CAP_MSI, .id = PCI_CAP_ID_MSI, .offset = at,
	};
	__u16 control = read16(config, at + PCI_MSI_FLAGS);
	struct spec_bytes *none;

	if (!abilities->interrupts[KVPCI_MSI] || config->msi)
		return STATUS_OK;
	config->msi = at;
	spec->msi = (struct kvpci_msi){
		.size = sizeof(spec->msi),
		.flags = (control & PCI_MSI_FLAGS_64BIT ? KVPCI_MSI_64BIT : 0) |
			 (control & PCI_MSI_FLAGS_MASKBIT ? KVPCI_MSI_MASK : 0),
		.vectors = 1 << ((control & PCI_MSI_FLAGS_QMASK) >> 1),
	};
	while (spec->msi.vectors > abilities->interrupts[KVPCI_MSI] ||
	       spec->msi.vectors > KVPCI_MAX_MSI_VECTORS)
		spec->msi.vectors /= 2;
	return spec_add_capability(spec, &what, 0, &none);
}

static int add_msix(struct vfio_config *config, const struct vfio_abilities *abilities,
		    struct device_spec *spec, __u16 at)
{
	const struct spec_capability what = {
		.flags = KVPCI_CAP_MSIX, .id = PCI_CAP_ID_MSIX, .offset = at,
	};
	__u32 table = read32(config, at + PCI_MSIX_TABLE);
	__u32 pba = read32(config, at + PCI_MSIX_PBA);
	struct spec_bytes *none;

	if (!abilities->interrupts[KVPCI_MSIX] || config->msix)
		return STATUS_OK;
	config->msix = at;
	spec->msix = (struct kvpci_msix){
		.size = sizeof(spec->msix),
		.vectors = (read16(config, at + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1,
		.table_bar = table & PCI_MSIX_TABLE_BIR,
		.table_offset = table & PCI_MSIX_TABLE_OFFSET,
		.pba_bar = pba & PCI_MSIX_PBA_BIR,
		.pba_offset = pba & PCI_MSIX_PBA_OFFSET,
	};
	return spec_add_capability(spec, &what, 0, &none);
}

/* How long it is says the byte after the header of a vendor's. */
static __u16 standard_length(const struct vfio_config *config, const struct shown *shown, __u16 at)
{
	__u16 room = room_at(config, next_standard, at, EXTENDED_START);
	__u16 length = shown->length ? shown->length : config->bytes[at + PCI_CAP_FLAGS];

	return smaller(length, room);
}

static int add_standard(struct vfio_config *config, const struct vfio_abilities *abilities,
			struct device_spec *spec, __u16 at)
{
	struct spec_capability what = { .id = config->bytes[at], .offset = at };
	const struct shown *shown;
	struct spec_bytes *bytes;
	__u16 length;

	switch (what.id) {
	case PCI_CAP_ID_PM:
		return add_power(config, spec, at);
	case PCI_CAP_ID_EXP:
		return add_express(config, abilities, spec, at);
	case PCI_CAP_ID_MSI:
		return add_msi(config, abilities, spec, at);
	case PCI_CAP_ID_MSIX:
		return add_msix(config, abilities, spec, at);
	}
	shown = find_shown(standard, ARRAY_SIZE(standard), what.id);
	if (!shown)
		return STATUS_OK;
	length = standard_length(config, shown, at);
	if (length < PCI_CAP_SIZEOF - 1)
		return STATUS_OK;
	if (shown->treatment == PASS)
		pass(config, at, at, shown->passed, length);
	return add(spec, config, &what, at, length, &bytes);
}

/* Of a vendor's, the upper bits of the dword after the header. */
static __u16 extended_length(const struct vfio_config *config, const struct shown *shown, __u16 at)
{
	__u16 room = room_at(config, next_extended, at, VFIO_CONFIG_SIZE);
	__u16 length = shown->length ? shown->length : read32(config, at + EXTENDED_HEADER) >> 20;

	return smaller(length, room);
}

static int add_extended(struct vfio_config *config, struct device_spec *spec, __u16 at,
			__u16 *guest_at, bool moved)
{
	__u32 header = read32(config, at);
	const struct shown *shown = find_shown(extended, ARRAY_SIZE(extended),
					       PCI_EXT_CAP_ID(header));
	struct spec_capability what = {
		.flags = KVPCI_CAP_EXTENDED, .id = PCI_EXT_CAP_ID(header),
		.version = PCI_EXT_CAP_VER(header) ? PCI_EXT_CAP_VER(header) : 1,
	};
	struct spec_bytes *bytes;
	__u16 length;

	if (!shown)
		return STATUS_OK;
	length = extended_length(config, shown, at);
	if (length < EXTENDED_LEAST)
		return STATUS_OK;
	what.offset = moved ? *guest_at : at;
	if (shown->treatment == PASS)
		pass(config, what.offset, at, shown->passed, length);
	*guest_at = what.offset + (length + 3) / 4 * 4;
	return add(spec, config, &what, at, length, &bytes);
}

static int add_all_extended(struct vfio_config *config, struct device_spec *spec)
{
	__u16 guest_at = EXTENDED_START;
	unsigned int steps = 0;
	int status = STATUS_OK;
	__u16 at = 0;
	bool moved;

	moved = !find_shown(extended, ARRAY_SIZE(extended),
			    PCI_EXT_CAP_ID(read32(config, EXTENDED_START)));
	while (!status && (at = next_extended(config, at)) &&
	       !came_before(config, next_extended, at, steps) && steps++ < MAX_STEPS / 2)
		status = add_extended(config, spec, at, &guest_at, moved);
	return status;
}

int vfio_config_describe(struct vfio_config *config, const struct vfio_abilities *abilities,
			 struct device_spec *spec, const char *label)
{
	unsigned int steps = 0;
	int status = STATUS_OK;
	__u16 at = 0;

	if (config->bytes[PCI_HEADER_TYPE] & 0x7f)
		return fail("%s: it is a bridge, which a guest can't be given, but what is behind it",
			    label);
	spec->vendor = read16(config, PCI_VENDOR_ID);
	spec->device = read16(config, PCI_DEVICE_ID);
	if (spec->vendor == 0xffff)
		return fail("%s: it does not answer, reset it or the host", label);
	spec->subsystem_vendor = read16(config, PCI_SUBSYSTEM_VENDOR_ID);
	spec->subsystem = read16(config, PCI_SUBSYSTEM_ID);
	spec->revision = config->bytes[PCI_REVISION_ID];
	spec->class_code = read32(config, PCI_CLASS_REVISION) >> 8;
	if (abilities->interrupts[KVPCI_INTX] && config->bytes[PCI_INTERRUPT_PIN] <= 4)
		spec->interrupt_pin = config->bytes[PCI_INTERRUPT_PIN];
	while (!status && (at = next_standard(config, at)) &&
	       !came_before(config, next_standard, at, steps) && steps++ < MAX_STEPS / 2)
		status = add_standard(config, abilities, spec, at);
	return status ? status : add_all_extended(config, spec);
}

__u16 vfio_config_control(const struct vfio_config *config)
{
	return config->express ? config->express + PCI_EXP_DEVCTL : 0;
}

/* Devices of the first version end before it. */
__u16 vfio_config_control2(const struct vfio_config *config)
{
	return config->express_length > PCI_EXP_DEVCTL2 + 1 ? config->express + PCI_EXP_DEVCTL2 :
							      0;
}

const struct vfio_passed *vfio_config_find(const struct vfio_config *config, __u64 offset)
{
	unsigned int i;

	for (i = 0; i < config->nr_passed; i++) {
		const struct vfio_passed *passed = &config->passed[i];

		if (offset >= passed->at && offset - passed->at < passed->length)
			return passed;
	}
	return NULL;
}

bool vfio_config_writes_vpd(const struct vfio_passed *passed, __u64 offset, unsigned int size,
			    __u64 data)
{
	const __u64 flag_at = passed->at + 1ULL;

	return passed->vpd && offset <= flag_at && flag_at - offset < size &&
	       data >> 8 * (flag_at - offset) & PCI_VPD_ADDR_F >> 8;
}
