// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of the host: what their descriptions may say, how BARs are cut, what of configuration
 * space the guest is shown, devices that can't be had, and a reset that takes long.
 */
#include <linux/pci_regs.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/internal.h"
#include "array.h"
#include "event.h"
#include "fake_function.h"
#include "fake_vfio.h"
#include "report.h"
#include "test.h"
#include "turn.h"
#include "vfio/assigned.h"
#include "vfio/bars.h"
#include "vfio/holes.h"
#include "vfio/internal.h"

static void description(void)
{
	const struct vfio_function *vfio;
	struct device_spec spec;

	EXPECT(!spec_parse(&spec, "vfio,path=0000:01:00.0,addr=5,irq=bypass,rom=off"));
	vfio = spec.model_data;
	EXPECT(!strcmp(vfio->label, "--vfio 0000:01:00.0"));
	EXPECT(vfio->bypass && vfio->no_rom && spec.watches_vectors && !spec.shares_memory);
	EXPECT(spec.has_address && spec.devfn == 5 << 3);
	spec_free(&spec);
	EXPECT(!spec_parse(&spec, "vfio,path=/sys/bus/mdev/devices/a,irq=trigger,rom=on"));
	EXPECT(!spec.watches_vectors && !spec.rom_size);
	spec_free(&spec);
}

static void mistakes(void)
{
	static const struct misuse bad[] = {
		{ "vfio", "by path=" },
		{ "vfio,path=", "like 0000:01:00.0" },
		{ "vfio,path=a,path=b", "twice" },
		{ "vfio,path=a,irq=msi", "trigger or bypass" },
		{ "vfio,path=a,count=2", "count=" },
		{ "vfio,path=a,bar0=mem32/4K", "leave out all but" },
		{ "vfio,path=a,id=1234:5", "leave out all but" },
		{ "vfio,path=a,pcie=on", "leave out all but" },
		{ "vfio,path=a,class=ff0000", "leave out all but" },
		{ "vfio,path=a,rev=0", "leave out all but" },
		{ "vfio,path=a,subsys=0000:0000", "leave out all but" },
		{ "vfio,path=a,msix=1/table=0@0", "leave out all but" },
		{ "vfio,path=a,queues=1", "no key queues" },
	};

	expect_misuse(bad, ARRAY_SIZE(bad));
}

static void holes(void)
{
	static const struct vfio_iova_range narrow[] = {
		{ 0, IOMMU_MSI_FIRST - 1 }, { IOMMU_MSI_LAST + 1, (1ULL << 39) - 1 },
	};
	static const struct vfio_iova_range wide[] = {
		{ 0x1000, 0xfcffffffffULL }, { 0x10000000000ULL, ~0ULL },
	};
	struct vfio_iova_range many[2 * IOMMU_MAX_HOLES];
	struct iommu_range found[IOMMU_MAX_HOLES];
	unsigned int i;

	EXPECT(vfio_holes_between(narrow, 2, found) == 1);
	EXPECT(found[0].start == 1ULL << 39 && found[0].last == IOMMU_LAST_ADDRESS);
	EXPECT(vfio_holes_between(wide, 2, found) == 2);
	EXPECT(!found[0].start && found[0].last == 0xfff &&
	       found[1].start == 0xfd00000000ULL && found[1].last == 0xffffffffffULL);
	EXPECT(!vfio_holes_between(&(struct vfio_iova_range){ 0, IOMMU_LAST_ADDRESS }, 1, found));
	for (i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct vfio_iova_range){ i << 13, (i << 13) + 0xfff };
	EXPECT(vfio_holes_between(many, ARRAY_SIZE(many), found) == IOMMU_MAX_HOLES);
}

/* BARs that no guest can have. */
static void large_bars(void)
{
	struct vfio_config config = { 0 };
	struct vfio_device device = { .label = "it" };
	struct device_spec spec = { 0 };

	device.regions[0].size = 3 << 20;
	EXPECT_MESSAGE(vfio_bars_describe(&device, &config, &spec), STATUS_FAILED,
		       "use another device");
	device.regions[0].size = 4ULL << 30;
	EXPECT_MESSAGE(vfio_bars_describe(&device, &config, &spec), STATUS_FAILED,
		       "BAR 0, of 4 GiB");
	config.bytes[PCI_BASE_ADDRESS_0] = PCI_BASE_ADDRESS_MEM_TYPE_64;
	EXPECT(!vfio_bars_describe(&device, &config, &spec) && spec.bars[0].size == 4ULL << 30);
	device.regions[0].size = 2ULL << 40;
	EXPECT_MESSAGE(vfio_bars_describe(&device, &config, &spec), STATUS_FAILED,
		       "BAR 0, of 2048 GiB");
}

static void *reset(void *state)
{
	vfio_model.reset(state);
	return NULL;
}

static bool is_readable(void *state)
{
	struct pollfd fd = { .fd = vfio_model.poll_fd(state), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

/* The guest uses a vector while one of its processors waits until the device has been reset. */
static void resets(void)
{
	struct vfio_function vfio = {
		.label = "it",
		.device = { .fd = eventfd(0, EFD_CLOEXEC), .can_reset = true, .adds_msix = true },
	};
	struct device_spec spec = { .model_data = &vfio, .msix.vectors = 1 };
	pthread_t vcpu;
	void *state;

	fake_vfio = (struct fake_vfio){ .on = true, .device = vfio.device.fd };
	fake_create(&spec, true);
	fake.function.handle->hands = true;
	fake.function.handle->used_event = -1;
	EXPECT(!vfio_model.create(&fake.function, &state));
	EXPECT(is_readable(state));
	vfio_model.dispatch(state);
	EXPECT(!is_readable(state));
	__atomic_store_n(&fake_vfio.busy, true, __ATOMIC_SEQ_CST);
	EXPECT(!pthread_create(&vcpu, NULL, reset, state));
	while (__atomic_load_n(&fake_vfio.asked, __ATOMIC_SEQ_CST) < 2)
		poll(NULL, 0, 1);
	event_signal(fake.function.handle->used_event);
	/* Others have their turn meanwhile, and this is served later. One that waits is ended. */
	alarm(60);
	turn_begin();
	vfio_model.dispatch(state);
	alarm(0);
	EXPECT(turn_end() && is_readable(state));
	__atomic_store_n(&fake_vfio.busy, false, __ATOMIC_SEQ_CST);
	pthread_join(vcpu, NULL);
	vfio_model.dispatch(state);
	EXPECT(!is_readable(state));
	vfio_model.destroy(state);
	close(fake.function.handle->used_event);
	fake_destroy();
	fake_vfio.on = false;
}

static bool has_part(const struct vfio_parts *parts, __u64 offset, __u64 length)
{
	unsigned int i;

	for (i = 0; i < parts->n; i++) {
		if (parts->part[i].offset == offset && parts->part[i].length == length)
			return true;
	}
	return false;
}

static void cuts(void)
{
	const struct vfio_region whole = {
		.size = 0x10000, .areas[0] = { 0, 0x10000 }, .nr_areas = 1,
	};
	const struct vfio_region sparse = {
		.size = 0x8000, .areas = { { 0x800, 0x2000 }, { 0x4000, 0x1000 } }, .nr_areas = 2,
	};
	const struct vfio_region ports = { .size = 0x20 };
	const struct vfio_area holes[] = { { 0x2010, 0x70 }, { 0x3000, 8 } };
	const struct vfio_area across = { 0x4ff8, 16 };
	struct vfio_parts mapped, trapped;

	vfio_bars_cut(&whole, NULL, 0, &mapped, &trapped);
	EXPECT(mapped.n == 1 && has_part(&mapped, 0, 0x10000) && !trapped.n);

	vfio_bars_cut(&whole, holes, 2, &mapped, &trapped);
	EXPECT(mapped.n == 2 && has_part(&mapped, 0, 0x2000) && has_part(&mapped, 0x4000, 0xc000));
	EXPECT(trapped.n == 3 && has_part(&trapped, 0x2000, 0x10) &&
	       has_part(&trapped, 0x2080, 0xf80) && has_part(&trapped, 0x3008, 0xff8));

	vfio_bars_cut(&whole, &across, 1, &mapped, &trapped);
	EXPECT(mapped.n == 2 && has_part(&mapped, 0, 0x4000) && has_part(&mapped, 0x6000, 0xa000));
	EXPECT(trapped.n == 2 && has_part(&trapped, 0x4000, 0xff8) &&
	       has_part(&trapped, 0x5008, 0xff8));

	/* Pages that are only in part VFIO's to map are not memory. */
	vfio_bars_cut(&sparse, NULL, 0, &mapped, &trapped);
	EXPECT(mapped.n == 2 && has_part(&mapped, 0x1000, 0x1000) &&
	       has_part(&mapped, 0x4000, 0x1000));
	EXPECT(trapped.n == 3 && has_part(&trapped, 0, 0x1000) &&
	       has_part(&trapped, 0x2000, 0x2000) && has_part(&trapped, 0x5000, 0x3000));

	vfio_bars_cut(&ports, NULL, 0, &mapped, &trapped);
	EXPECT(!mapped.n && trapped.n == 1 && has_part(&trapped, 0, 0x20));
}

/* A device is told to decode what it has, and nothing else. */
static void decodes(void)
{
	struct vfio_device device = { .regions[VFIO_PCI_CONFIG_REGION_INDEX].size = 256 };
	static struct vfio_config config;

	EXPECT(!vfio_bars_decode(&device, &config));
	device.regions[VFIO_PCI_BAR2_REGION_INDEX].size = 0x1000;
	EXPECT(vfio_bars_decode(&device, &config) == PCI_COMMAND_MEMORY);
	config.bytes[PCI_BASE_ADDRESS_2] = PCI_BASE_ADDRESS_SPACE_IO;
	EXPECT(vfio_bars_decode(&device, &config) == PCI_COMMAND_IO);
	device.regions[VFIO_PCI_ROM_REGION_INDEX].size = 0x1000;
	EXPECT(vfio_bars_decode(&device, &config) == (PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
}

static void put(struct vfio_config *config, unsigned int at, unsigned int size, __u32 value)
{
	memcpy(&config->bytes[at], &value, size);
}

/* A controller with power management, MSI, PCI Express, MSI-X and what a vendor has added. */
static void fill(struct vfio_config *config)
{
	memset(config, 0, sizeof(*config));
	put(config, PCI_VENDOR_ID, 4, 0x10d38086);
	put(config, PCI_STATUS, 2, PCI_STATUS_CAP_LIST);
	put(config, PCI_CLASS_REVISION, 4, 0x02000003);
	put(config, PCI_SUBSYSTEM_VENDOR_ID, 4, 0x00018086);
	put(config, PCI_INTERRUPT_PIN, 1, 1);
	put(config, PCI_CAPABILITY_LIST, 1, 0xc8);
	put(config, 0xc8, 4, 0xc823d001);
	put(config, 0xd0, 4, 0x0080e005 | PCI_MSI_FLAGS_ENABLE << 16);
	put(config, 0xe0, 4, 0x0002a010);
	put(config, 0xe4, 4, PCI_EXP_DEVCAP_FLR | 1);
	put(config, 0xe8, 4, 0x000f2810);
	put(config, 0xec, 4, 0x00077c11);
	put(config, 0xa0, 4, 0x00044011);
	put(config, 0xa4, 4, 0x3);
	put(config, 0xa8, 4, 0x2003);
	put(config, 0x40, 4, 0x05105009);
	put(config, 0x50, 4, 0x00006013);
	put(config, 0x60, 4, 0x00000003);
}

static const struct vfio_abilities able = { .interrupts = { 0, 1, 1, 5 }, .reset = true };

static const struct spec_capability *find(const struct device_spec *spec, __u32 flags, __u16 id)
{
	size_t i;

	for (i = 0; i < spec->nr_capabilities; i++) {
		if (spec->capabilities[i].id == id &&
		    (spec->capabilities[i].flags & KVPCI_CAP_EXTENDED) == flags)
			return &spec->capabilities[i];
	}
	return NULL;
}

static struct vfio_config config;

static void header(void)
{
	struct device_spec spec = { 0 };

	fill(&config);
	EXPECT(!vfio_config_describe(&config, &able, &spec, "it"));
	EXPECT(spec.vendor == 0x8086 && spec.device == 0x10d3 && spec.revision == 3);
	EXPECT(spec.class_code == 0x020000 && spec.interrupt_pin == 1);
	EXPECT(spec.subsystem_vendor == 0x8086 && spec.subsystem == 1);
	EXPECT(config.msi == 0xd0 && spec.msi.vectors == 1 && spec.msi.flags == KVPCI_MSI_64BIT);
	EXPECT(config.msix == 0xa0 && spec.msix.vectors == 5);
	EXPECT(spec.msix.table_bar == 3 && !spec.msix.table_offset);
	EXPECT(spec.msix.pba_bar == 3 && spec.msix.pba_offset == 0x2000);
	spec_free(&spec);

	put(&config, PCI_HEADER_TYPE, 1, 0x81);
	EXPECT_MESSAGE(vfio_config_describe(&config, &able, &spec, "it"), STATUS_FAILED, "bridge");
	fill(&config);
	put(&config, PCI_VENDOR_ID, 2, 0xffff);
	EXPECT_MESSAGE(vfio_config_describe(&config, &able, &spec, "it"), STATUS_FAILED,
		       "does not answer");
	spec_free(&spec);
}

/* VFIO may have fewer interrupts signalled than the device says that it has, or none. */
static void without_interrupts(void)
{
	const struct vfio_abilities unable = { .interrupts = { 0 } };
	struct device_spec spec = { 0 };

	fill(&config);
	EXPECT(!vfio_config_describe(&config, &unable, &spec, "it"));
	EXPECT(!spec.interrupt_pin && !spec.msi.vectors && !spec.msix.vectors);
	EXPECT(!config.msi && !config.msix && !find(&spec, 0, PCI_CAP_ID_MSIX));
	spec_free(&spec);
}

static void capabilities(void)
{
	const struct spec_capability *cap;
	struct device_spec spec = { 0 };

	fill(&config);
	EXPECT(!vfio_config_describe(&config, &able, &spec, "it"));
	/* A vendor's is passed on behind its length; one that nobody knows is hidden. */
	cap = find(&spec, 0, PCI_CAP_ID_VNDR);
	EXPECT(cap && cap->offset == 0x40 && cap->bytes.length == 0x10);
	EXPECT(!vfio_config_find(&config, 0x43) && vfio_config_find(&config, 0x44) &&
	       vfio_config_find(&config, 0x4f) && !vfio_config_find(&config, 0x50));
	EXPECT(!find(&spec, 0, PCI_CAP_ID_AF));
	EXPECT(vfio_config_find(&config, 0x62) && !vfio_config_find(&config, 0x61));
	/* Power has no events, and the state is kept. */
	cap = find(&spec, 0, PCI_CAP_ID_PM);
	EXPECT(cap && cap->bytes.value[3] == 0 && (cap->bytes.value[2] & 7) == 3);
	EXPECT(cap && cap->bytes.writable[4] == 3 && cap->bytes.value[4] == 8);
	/* The root complex's own endpoint has no link. */
	cap = find(&spec, 0, PCI_CAP_ID_EXP);
	EXPECT(cap && cap->offset == 0xe0 && cap->bytes.length == 0x20);
	EXPECT(cap && cap->bytes.value[2] == 0x92 && cap->bytes.value[0x0c] == 0);
	EXPECT(cap && cap->bytes.value[7] == 0x10 && !cap->bytes.value[0x0a]);
	EXPECT(config.express == 0xe0 && config.express_length == 0x20);
	spec_free(&spec);
}

static void behind_port(void)
{
	struct vfio_abilities port = able;
	const struct spec_capability *cap;
	struct device_spec spec = { 0 };

	port.port = true;
	port.reset = false;
	fill(&config);
	EXPECT(!vfio_config_describe(&config, &port, &spec, "it"));
	cap = find(&spec, 0, PCI_CAP_ID_EXP);
	EXPECT(cap && cap->bytes.value[2] == 0x02 && cap->bytes.value[0x0c] == 0x11);
	EXPECT(cap && !cap->bytes.value[7]);
	spec_free(&spec);
}

static void extended(void)
{
	const struct spec_capability *cap;
	const struct vfio_passed *passed;
	struct device_spec spec = { 0 };

	fill(&config);
	put(&config, 0x100, 4, 0x14020001);
	put(&config, 0x140, 4, 0x16010010);
	put(&config, 0x160, 4, 0x00010003);
	EXPECT(!vfio_config_describe(&config, &able, &spec, "it"));
	cap = find(&spec, KVPCI_CAP_EXTENDED, PCI_EXT_CAP_ID_ERR);
	EXPECT(cap && cap->offset == 0x100 && cap->bytes.length == 0x40 && cap->version == 2);
	passed = vfio_config_find(&config, 0x104);
	EXPECT(passed && passed->device_at == 0x104 && !vfio_config_find(&config, 0x103));
	EXPECT(!find(&spec, KVPCI_CAP_EXTENDED, PCI_EXT_CAP_ID_SRIOV));
	cap = find(&spec, KVPCI_CAP_EXTENDED, PCI_EXT_CAP_ID_DSN);
	EXPECT(cap && cap->offset == 0x160);
	spec_free(&spec);
}

/* The list begins at 0x100, whatever is hidden there. */
static void hidden_first(void)
{
	const struct spec_capability *cap;
	const struct vfio_passed *passed;
	struct device_spec spec = { 0 };

	fill(&config);
	put(&config, 0x100, 4, 0x15010000);
	put(&config, 0x150, 4, 0x20010003);
	put(&config, 0x200, 4, 0x0001000b);
	put(&config, 0x204, 4, 0x01810001);
	EXPECT(!vfio_config_describe(&config, &able, &spec, "it"));
	cap = find(&spec, KVPCI_CAP_EXTENDED, PCI_EXT_CAP_ID_DSN);
	EXPECT(cap && cap->offset == 0x100 && cap->bytes.length == 12);
	cap = find(&spec, KVPCI_CAP_EXTENDED, PCI_EXT_CAP_ID_VNDR);
	EXPECT(cap && cap->offset == 0x10c && cap->bytes.length == 0x18);
	passed = vfio_config_find(&config, 0x114);
	EXPECT(passed && passed->at == 0x114 && passed->device_at == 0x208 &&
	       passed->length == 0x10);
	spec_free(&spec);
}

/* Lists that a device has wrong come to an end. */
static void circles(void)
{
	struct device_spec spec = { 0 };
	unsigned int i;

	fill(&config);
	put(&config, 0x60, 4, 0x00006003);
	put(&config, 0x100, 4, 0x10010001);
	EXPECT(!vfio_config_describe(&config, &able, &spec, "it"));
	EXPECT(spec.nr_capabilities == 7);
	spec_free(&spec);
	/* One that says behind its end how long it is. */
	put(&config, 0x100, 4, 0xffc10001);
	put(&config, 0xffc, 4, 0x0001000b);
	EXPECT(!vfio_config_describe(&config, &able, &spec, "it"));
	EXPECT(!find(&spec, KVPCI_CAP_EXTENDED, PCI_EXT_CAP_ID_VNDR));
	spec_free(&spec);
	for (i = 0; i < 1000; i++) {
		unsigned int byte;

		for (byte = 0; byte < sizeof(config.bytes); byte++)
			config.bytes[byte] = test_random();
		config.bytes[PCI_HEADER_TYPE] = 0;
		config.nr_passed = 0;
		config.express = 0;
		config.express_length = 0;
		vfio_config_describe(&config, &able, &spec, "it");
		EXPECT(spec.nr_capabilities <= KVPCI_MAX_CAPABILITIES);
		spec_free(&spec);
	}
}

/* Devices in a folder that is like sysfs. */
static void places(void)
{
	char root[] = "/tmp/vfio-test.XXXXXX";
	struct vfio_place place;
	char text[128];

	EXPECT(mkdtemp(root) && !chdir(root));
	EXPECT(!mkdir("device", 0700) && !mkdir("groups", 0700) && !mkdir("groups/other", 0700));
	snprintf(text, sizeof(text), "%s/device", root);
	EXPECT_MESSAGE(vfio_place_find(&place, "0000:ff:1f.7", "it"), STATUS_FAILED,
		       "no such device");
	EXPECT_MESSAGE(vfio_place_find(&place, text, "it"), STATUS_FAILED, "no IOMMU group");
	EXPECT(!mkdir("7", 0700) && !symlink("../7", "device/iommu_group"));
	EXPECT(!symlink("../bus/pci", "device/subsystem"));
	EXPECT_MESSAGE(vfio_place_find(&place, text, "it"), STATUS_FAILED, "it has no driver");
	EXPECT(!symlink("../bus/pci/drivers/nvme", "device/driver"));
	EXPECT_MESSAGE(vfio_place_find(&place, text, "it"), STATUS_FAILED, "its driver is nvme");
	EXPECT(!unlink("device/driver") && !symlink("../drivers/vfio-pci", "device/driver"));
	EXPECT(!vfio_place_find(&place, text, "it"));
	EXPECT(!strcmp(place.name, "device") && place.group == 7);

	EXPECT(!mkdir("7/devices", 0700) && !symlink("../../device", "7/devices/device"));
	EXPECT_MESSAGE(vfio_place_explain(&place, "it"), STATUS_FAILED, "not VFIO's");
	EXPECT(!symlink("../../groups/other", "7/devices/other"));
	EXPECT(!symlink("../drivers/pci-stub", "groups/other/driver"));
	EXPECT_MESSAGE(vfio_place_explain(&place, "it"), STATUS_FAILED, "not VFIO's");
	EXPECT(!unlink("groups/other/driver"));
	EXPECT(!symlink("../drivers/e1000e", "groups/other/driver"));
	EXPECT_MESSAGE(vfio_place_explain(&place, "it"), STATUS_FAILED,
		       "7 with other, whose driver is e1000e");
	vfio_place_free(&place);

	unlink("groups/other/driver");
	unlink("7/devices/other");
	unlink("7/devices/device");
	unlink("device/driver");
	unlink("device/subsystem");
	unlink("device/iommu_group");
	rmdir("7/devices");
	rmdir("7");
	rmdir("groups/other");
	rmdir("groups");
	rmdir("device");
	EXPECT(!chdir("/") && !rmdir(root));
}

const struct test vfio_tests[] = {
	{ "a device of the host", description },
	{ "descriptions that make no sense", mistakes },
	{ "addresses that can't be given", holes },
	{ "BARs that are too large", large_bars },
	{ "a reset that takes long", resets },
	{ "BARs are cut at pages", cuts },
	{ "what is decoded", decodes },
	{ "header, MSI and MSI-X", header },
	{ "without interrupts", without_interrupts },
	{ "capabilities", capabilities },
	{ "an endpoint behind a port", behind_port },
	{ "extended capabilities", extended },
	{ "the first one is hidden", hidden_first },
	{ "lists that have no end, and noise", circles },
	{ "devices that can't be had", places },
	{ NULL },
};
