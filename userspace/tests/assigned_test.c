// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of the host that the guest has, with a VFIO that is none: which are refused, what of the
 * guest's memory is mapped for them, and what they are told of the guest's registers.
 */
#include <linux/pci_regs.h>
#include <linux/virtio_iommu.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "fake_function.h"
#include "fake_vfio.h"
#include "report.h"
#include "stop.h"
#include "test.h"
#include "vfio/assigned.h"
#include "vfio/internal.h"
#include "vfio/interrupts.h"
#include "vm.h"

#define MEMORY		(16ULL << 20)
#define EXPRESS		0x60
#define VPD		0xa0

static struct guest_memory memory;
static struct iommu *iommu;
static struct vm vm;
static char root[32];

/* In a folder that is like sysfs there are two devices, in one group. */
static void begin(void)
{
	static const char *const names[] = { "a", "b" };
	size_t i;

	memset(&fake_vfio, 0, sizeof(fake_vfio));
	fake_vfio.on = true;
	fake_vfio.device = -1;
	EXPECT(!memory_create(&memory, &(struct memory_options){ .size = MEMORY }));
	EXPECT(!iommu_create(&iommu, &memory));
	memory.iommu = iommu;
	vm = (struct vm){ .fd = -1, .memory = &memory };
	vfio_container_init(&vm);
	strcpy(root, "/tmp/vfio-test.XXXXXX");
	EXPECT(mkdtemp(root) && !chdir(root) && !mkdir("7", 0700));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		EXPECT(!mkdir(names[i], 0700) && !chdir(names[i]) &&
		       !symlink("../7", "iommu_group") && !symlink("../mdev", "subsystem") &&
		       !chdir(".."));
}

static void end(void)
{
	static const char *const files[] = {
		"a/iommu_group", "a/subsystem", "a", "b/iommu_group", "b/subsystem", "b", "7",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		EXPECT(!remove(files[i]));
	EXPECT(!chdir("/") && !rmdir(root));
	iommu_put(iommu);
	memory_destroy(&memory);
	fake_vfio.on = false;
}

static int open_it(struct vfio_device *device, const char *name, struct iommu_endpoint *endpoint)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return vfio_device_open(device, path, endpoint, "it");
}

static __u64 ram_size(void)
{
	__u64 size = 0;
	unsigned int i;

	for (i = 0; i < memory.nr_ram; i++)
		size += memory.ram[i].size;
	return size;
}

static void refused(void)
{
	struct iommu_endpoint *endpoint;
	struct vfio_device a, b;

	begin();
	endpoint = iommu_endpoint_create(iommu);
	fake_vfio.no_remapping = true;
	EXPECT_MESSAGE(open_it(&a, "a", NULL), STATUS_FAILED, "does not remap interrupts");
	vfio_device_close(&a);
	fake_vfio.no_remapping = false;
	fake_vfio.no_pci = true;
	EXPECT_MESSAGE(open_it(&a, "a", NULL), STATUS_FAILED, "no PCI device");
	vfio_device_close(&a);
	fake_vfio.no_pci = false;
	/* The container has been closed. */
	memset(fake_vfio.size, 0, sizeof(fake_vfio.size));

	EXPECT(!open_it(&a, "a", NULL));
	EXPECT_MESSAGE(open_it(&b, "a", NULL), STATUS_FAILED, "the guest has it already");
	vfio_device_close(&b);
	EXPECT_MESSAGE(open_it(&b, "b", endpoint), STATUS_FAILED, "another device of the guest's");
	vfio_device_close(&b);
	EXPECT(!open_it(&b, "b", NULL));
	/* Both reach all of the guest's memory by one container. */
	EXPECT(fake_vfio_mapped() == ram_size());
	vfio_device_close(&b);
	vfio_device_close(&a);
	iommu_endpoint_free(endpoint);
	end();
}

static __u8 map_all(__u64 start)
{
	return iommu_map(iommu, 1, start, start + MEMORY / 2 - 1, MEMORY / 2,
			 IOMMU_READ | IOMMU_WRITE);
}

static void translated(void)
{
	struct iommu_endpoint *endpoint;
	struct vfio_device device;
	unsigned int i;

	begin();
	endpoint = iommu_endpoint_create(iommu);
	iommu_endpoint_show(endpoint, 8);
	/* Before the guest says otherwise it reaches all. */
	EXPECT(!open_it(&device, "a", endpoint) && fake_vfio_mapped() == ram_size());
	EXPECT(iommu_attach(iommu, 1, 8, false) == VIRTIO_IOMMU_S_OK && !fake_vfio_mapped());
	for (i = 0; i < 8; i++)
		EXPECT(map_all(MEMORY * i) == VIRTIO_IOMMU_S_OK);
	EXPECT(fake_vfio_mapped() == 4 * MEMORY);
	/* No more than four times the guest's memory, of which the user is told. */
	test_forget_message();
	EXPECT(map_all(MEMORY * 8) != VIRTIO_IOMMU_S_OK && fake_vfio_mapped() == 4 * MEMORY);
	EXPECT(strstr(test_message(), "more than four times"));
	EXPECT(iommu_unmap(iommu, 1, MEMORY, MEMORY + MEMORY / 2 - 1) == VIRTIO_IOMMU_S_OK);
	EXPECT(fake_vfio_mapped() == 4 * MEMORY - MEMORY / 2);
	EXPECT(map_all(MEMORY * 8) == VIRTIO_IOMMU_S_OK && fake_vfio_mapped() == 4 * MEMORY);
	vfio_device_close(&device);
	iommu_endpoint_free(endpoint);
	end();
}

/* The guest has one with a pin, and capabilities of PCI Express's and VPD's. */
static void *give(struct device_spec *spec)
{
	void *state = NULL;
	char text[64];

	begin();
	fake_vfio.irqs[VFIO_PCI_INTX_IRQ_INDEX].nr = 1;
	fake_vfio.irqs[VFIO_PCI_ERR_IRQ_INDEX].nr = 1;
	fake_vfio.config[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	fake_vfio.config[PCI_INTERRUPT_PIN] = 1;
	fake_vfio.config[PCI_CAPABILITY_LIST] = EXPRESS;
	fake_vfio.config[EXPRESS] = PCI_CAP_ID_EXP;
	fake_vfio.config[EXPRESS + PCI_CAP_LIST_NEXT] = VPD;
	fake_vfio.config[EXPRESS + PCI_EXP_FLAGS] = 2;
	fake_vfio.config[VPD] = PCI_CAP_ID_VPD;
	snprintf(text, sizeof(text), "vfio,path=%s/a", root);
	EXPECT(!spec_parse(spec, text));
	EXPECT(!vfio_description.open(spec, &memory));
	fake_create(spec, false);
	EXPECT(!vfio_model.create(&fake.function, &state) && state);
	return state;
}

static void take(struct device_spec *spec, void *state)
{
	vfio_model.destroy(state);
	fake_destroy();
	spec_free(spec);
	end();
}

static __u16 device_register(unsigned int at)
{
	__u16 value = 0;

	EXPECT(pread(fake_vfio.device, &value, sizeof(value), at) == sizeof(value));
	return value;
}

static void set_register(void *state, unsigned int at, __u16 value)
{
	memcpy(&fake.config[at], &value, sizeof(value));
	vfio_model.written(state, KVPCI_CONFIG, at, sizeof(value));
}

static void follows(void)
{
	struct device_spec spec;
	void *state = give(&spec);
	unsigned int lowered;

	set_register(state, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	EXPECT(device_register(PCI_COMMAND) == PCI_COMMAND_MASTER);
	lowered = fake.lowered[KVPCI_INTX];
	set_register(state, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
	EXPECT(device_register(PCI_COMMAND) == PCI_COMMAND_INTX_DISABLE);
	EXPECT(fake.lowered[KVPCI_INTX] == lowered + 1);
	set_register(state, PCI_COMMAND, 0);
	EXPECT(!device_register(PCI_COMMAND) && fake.lowered[KVPCI_INTX] == lowered + 1);
	set_register(state, EXPRESS + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_READRQ_1024B);
	EXPECT(device_register(EXPRESS + PCI_EXP_DEVCTL) == PCI_EXP_DEVCTL_READRQ_1024B);
	take(&spec, state);
}

/* VPD can be read, for which its address is written; without bit F, which would write to it. */
static void passes_on(void)
{
	struct device_spec spec;
	void *state = give(&spec);

	vfio_model.write(state, KVPCI_CONFIG, VPD + PCI_VPD_ADDR, 2, 0x104);
	EXPECT(device_register(VPD + PCI_VPD_ADDR) == 0x104);
	EXPECT(vfio_model.read(state, KVPCI_CONFIG, VPD + PCI_VPD_ADDR, 2) == 0x104);
	vfio_model.write(state, KVPCI_CONFIG, VPD + PCI_VPD_DATA, 4, 0x12345678);
	EXPECT(device_register(VPD + PCI_VPD_DATA) == 0x5678);
	vfio_model.write(state, KVPCI_CONFIG, VPD + PCI_VPD_ADDR, 2, PCI_VPD_ADDR_F | 0x108);
	vfio_model.write(state, KVPCI_CONFIG, VPD + PCI_VPD_ADDR + 1, 1, PCI_VPD_ADDR_F >> 8);
	vfio_model.write(state, KVPCI_CONFIG, VPD, 4, (__u64)PCI_VPD_ADDR_F << 16);
	EXPECT(device_register(VPD + PCI_VPD_ADDR) == 0x104);
	vfio_model.write(state, KVPCI_CONFIG, VPD, 4, 0x10c << 16);
	EXPECT(device_register(VPD + PCI_VPD_ADDR) == 0x10c);
	take(&spec, state);
}

static void reset(void)
{
	struct device_spec spec;
	void *state = give(&spec);

	set_register(state, PCI_COMMAND, PCI_COMMAND_MASTER);
	fake_set_master(false);
	vfio_model.reset(state);
	EXPECT(fake_vfio.resets == 1 && !device_register(PCI_COMMAND));
	EXPECT(fake_vfio.irqs[VFIO_PCI_INTX_IRQ_INDEX].event[0] > 0);
	take(&spec, state);
}

static void no_kick(void *context)
{
	(void)context;
}

static void gives_up(void)
{
	struct device_spec spec;
	void *state = give(&spec);

	EXPECT(!stop_init(no_kick, NULL));
	vfio_model.dispatch(state);
	EXPECT(!stop_requested());
	eventfd_write(fake_vfio.irqs[VFIO_PCI_ERR_IRQ_INDEX].event[0], 1);
	test_forget_message();
	vfio_model.dispatch(state);
	EXPECT(strstr(test_message(), "has reported an error"));
	EXPECT(stop_requested() && stop_status() == STATUS_FAILED);
	take(&spec, state);
}

/* Where the host's vectors are allocated one by one, it has those that the guest uses. */
static void vectors(void)
{
	struct vfio_device device = { .label = "it" };
	struct vfio_config config = { .msix = FAKE_MSIX };
	const struct fake_irqs *irqs = &fake_vfio.irqs[VFIO_PCI_MSIX_IRQ_INDEX];
	int events[] = { 10, 11, 12, 13, 14 };
	bool used[] = { false, false, true, false, true };
	struct vfio_interrupts interrupts = {
		.device = &device, .function = &fake.function, .config = &config, .pin = -1,
		.ack = -1, .nr_msix = ARRAY_SIZE(events), .msix = events, .used = used,
	};
	struct device_spec spec = { 0 };

	memset(&fake_vfio, 0, sizeof(fake_vfio));
	fake_vfio.on = true;
	fake_vfio.device = eventfd(0, EFD_CLOEXEC);
	device.fd = fake_vfio.device;
	fake_create(&spec, false);
	vfio_interrupts_follow(&interrupts);
	EXPECT(!irqs->changes);
	fake_enable_msix(true);
	vfio_interrupts_follow(&interrupts);
	/* The first one is needed to enable MSI-X. */
	EXPECT(irqs->changes == 3 && irqs->event[0] == -1);
	EXPECT(irqs->event[2] == 12 && irqs->event[4] == 14);
	fake_enable_msix(false);
	vfio_interrupts_follow(&interrupts);
	EXPECT(irqs->event[2] == -1 && irqs->event[4] == -1);
	fake_destroy();
	close(fake_vfio.device);
	fake_vfio.on = false;
}

const struct test assigned_tests[] = {
	{ "what can't be had", refused },
	{ "memory that is mapped for one behind the IOMMU", translated },
	{ "registers that it follows", follows },
	{ "accesses that are passed on", passes_on },
	{ "a reset", reset },
	{ "an error that ends the guest", gives_up },
	{ "vectors that the guest uses", vectors },
	{ NULL },
};
