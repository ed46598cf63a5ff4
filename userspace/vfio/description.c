// SPDX-License-Identifier: GPL-2.0
/*
 * What a device of the host is as a PCI function of the guest: its keys, and, once it is open, all
 * that a description can say.
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "report.h"
#include "vfio/bars.h"
#include "vfio/internal.h"

/* Where a ROM says what it is, and how long it is. */
#define ROM_SIGNATURE	0xaa55

static int no_memory(void)
{
	return fail("not enough memory for the devices, describe fewer");
}

static struct vfio_function *get(struct device_spec *spec)
{
	struct vfio_function *vfio = spec->model_data;

	if (!vfio) {
		vfio = calloc(1, sizeof(*vfio));
		if (vfio)
			vfio->device.fd = -1;
		spec->model_data = vfio;
	}
	return vfio;
}

static int set_path(struct vfio_function *vfio, const char *value)
{
	if (vfio->text)
		return misuse("--vfio: path is given twice");
	if (!*value)
		return misuse("--vfio: say which device of the host it is, like 0000:01:00.0");
	vfio->text = strdup(value);
	return vfio->text ? STATUS_OK : no_memory();
}

static int set_irq(struct vfio_function *vfio, const char *value)
{
	vfio->bypass = !strcmp(value, "bypass");
	if (vfio->bypass || !strcmp(value, "trigger"))
		return STATUS_OK;
	return misuse("--vfio: irq=%s: write trigger or bypass", value);
}

static int refuse_keys(void)
{
	return misuse("--vfio: what it is says the device itself, leave out all but addr=, behind=, iommu=, irq= and rom=");
}

/* Keys of which what they leave in the description may be what it would have without them. */
static bool is_of_header(const char *key)
{
	return !strcmp(key, "class") || !strcmp(key, "rev") || !strcmp(key, "subsys");
}

static int parse(struct device_spec *spec, const char *key, const char *value, bool *known)
{
	struct vfio_function *vfio = get(spec);

	if (!vfio)
		return no_memory();
	if (!strcmp(key, "path"))
		return set_path(vfio, value);
	if (!strcmp(key, "irq"))
		return set_irq(vfio, value);
	if (is_of_header(key))
		return refuse_keys();
	/* Any other value is a file, as of other devices. */
	*known = !strcmp(key, "rom") && (!strcmp(value, "on") || !strcmp(value, "off"));
	if (*known)
		vfio->no_rom = !strcmp(value, "off");
	return STATUS_OK;
}

static int check(struct device_spec *spec)
{
	struct vfio_function *vfio = get(spec);

	if (!vfio)
		return no_memory();
	if (!vfio->text)
		return misuse("--vfio: say which device of the host it is, by path=");
	if (spec_has_bars(spec) || spec->vendor || spec->device || spec->msi.vectors ||
	    spec->msix.vectors || spec->nr_capabilities || spec->pm || spec->pcie ||
	    spec->interrupt_pin || spec->bridge || spec->nr_doorbells ||
	    spec->nr_regions > !!spec->rom_size)
		return refuse_keys();
	if (spec->count != 1)
		return misuse("--vfio: count= is not for devices of the host, of which each is one");
	if (asprintf(&vfio->label, "--vfio %s", vfio->text) < 0) {
		vfio->label = NULL;
		return no_memory();
	}
	spec->watches_vectors = vfio->bypass;
	return STATUS_OK;
}

/*
 * The guest decides whether BARs decode, and whether the device is a bus master. What the device
 * itself decodes stays as it is, since VFIO lets nobody access it otherwise.
 */
static int read_config(struct vfio_function *vfio)
{
	const struct vfio_device *device = &vfio->device;
	const struct vfio_region *region = &device->regions[VFIO_PCI_CONFIG_REGION_INDEX];
	size_t size = region->size < VFIO_CONFIG_SIZE ? region->size : VFIO_CONFIG_SIZE;

	if (size < PCI_STD_HEADER_SIZEOF ||
	    pread(device->fd, vfio->config.bytes, size, region->offset) != (ssize_t)size)
		return fail("%s: its configuration space can't be read", device->label);
	vfio->config.decode = vfio_bars_decode(device, &vfio->config);
	vfio_device_write(device, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND, 2,
			  vfio->config.decode);
	return STATUS_OK;
}

/* A device without a ROM may say that it has one, which then reads as ones. */
static int read_rom(struct vfio_function *vfio, struct device_spec *spec)
{
	const struct vfio_region *region = &vfio->device.regions[VFIO_PCI_ROM_REGION_INDEX];
	int status = STATUS_OK;
	__u8 *rom;

	if (vfio->no_rom || spec->rom_size || !region->size)
		return STATUS_OK;
	if (region->size > KVPCI_MAX_REGISTERS) {
		note("%s: its ROM has %llu MiB, and a guest's at most %u: it is left out, say rom=FILE for another, or rom=off",
		     vfio->label, region->size >> 20, KVPCI_MAX_REGISTERS >> 20);
		return STATUS_OK;
	}
	rom = malloc(region->size);
	if (!rom)
		return no_memory();
	if (pread(vfio->device.fd, rom, region->size, region->offset) == (ssize_t)region->size &&
	    (rom[0] | rom[1] << 8) == ROM_SIGNATURE)
		status = spec_set_rom(spec, rom, region->size);
	free(rom);
	return status;
}

static int open_device(struct device_spec *spec, const struct guest_memory *memory)
{
	struct vfio_function *vfio = spec->model_data;
	struct vfio_device *device = &vfio->device;
	struct vfio_abilities abilities;
	int status;

	if (spec->translated) {
		vfio->endpoint = iommu_endpoint_create(memory->iommu);
		if (!vfio->endpoint)
			return no_memory();
	}
	status = vfio_device_open(device, vfio->text, vfio->endpoint, vfio->label);
	if (!status)
		status = read_config(vfio);
	if (status)
		return status;
	abilities = (struct vfio_abilities){
		.interrupts = {
			[KVPCI_INTX] = device->nr_irqs[VFIO_PCI_INTX_IRQ_INDEX],
			[KVPCI_MSI] = device->nr_irqs[VFIO_PCI_MSI_IRQ_INDEX],
			[KVPCI_MSIX] = device->nr_irqs[VFIO_PCI_MSIX_IRQ_INDEX],
		},
		.reset = vfio_device_can_reset(device),
		.port = spec->behind,
	};
	status = vfio_config_describe(&vfio->config, &abilities, spec, vfio->label);
	if (!status)
		status = vfio_bars_describe(device, &vfio->config, spec);
	if (spec->msix.vectors && device->adds_msix)
		spec->watches_vectors = true;
	return status ? status : read_rom(vfio, spec);
}

static void free_description(struct device_spec *spec)
{
	struct vfio_function *vfio = spec->model_data;

	if (!vfio)
		return;
	vfio_device_close(&vfio->device);
	iommu_endpoint_free(vfio->endpoint);
	free(vfio->text);
	free(vfio->label);
	free(vfio);
	spec->model_data = NULL;
}

const struct model_description vfio_description = {
	.parse = parse,
	.check = check,
	.open = open_device,
	.free = free_description,
};
