// SPDX-License-Identifier: GPL-2.0
/*
 * What sysfs tells of a device that the guest is to have.
 *
 * A device has an IOMMU group if there is an IOMMU, or if its driver is one for mediated devices.
 * A group belongs to one process as a whole: all devices of it are to have drivers of VFIO's, or
 * none.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parse.h"
#include "report.h"
#include "vfio/sysfs.h"

#define PCI_DEVICES	"/sys/bus/pci/devices/"

static int no_memory(void)
{
	return fail("not enough memory for the devices, describe fewer");
}

/* What the link @name in @folder leads to, the last part of it; NULL: there is none. */
static char *read_link(const char *folder, const char *name)
{
	char target[PATH_MAX];
	char *path, *slash;
	ssize_t length;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return NULL;
	length = readlink(path, target, sizeof(target) - 1);
	free(path);
	if (length < 0)
		return NULL;
	target[length] = '\0';
	slash = strrchr(target, '/');
	return strdup(slash ? slash + 1 : target);
}

/* A PCI address may be without its domain. */
static char *sysfs_path(const char *text)
{
	const char *domain = strchr(text, ':') == strrchr(text, ':') ? "0000:" : "";
	char *path;

	if (*text == '/')
		return strdup(text);
	return asprintf(&path, PCI_DEVICES "%s%s", domain, text) < 0 ? NULL : path;
}

/* Variants of vfio-pci for some devices have its name in theirs. */
static bool is_vfio(const char *driver)
{
	return strstr(driver, "vfio");
}

static int check_driver(const struct vfio_place *place, const char *label)
{
	char *bus = read_link(place->path, "subsystem");
	char *driver = read_link(place->path, "driver");
	int status = STATUS_OK;

	/* Mediated devices are their driver's from the start. */
	if (!bus || strcmp(bus, "pci") || (driver && is_vfio(driver)))
		status = STATUS_OK;
	else if (!driver)
		status = fail("%s: it has no driver, bind it to vfio-pci: echo vfio-pci >%s/driver_override; echo %s >/sys/bus/pci/drivers_probe",
			      label, place->path, place->name);
	else
		status = fail("%s: its driver is %s, bind it to vfio-pci: echo vfio-pci >%s/driver_override; echo %s >%s/driver/unbind; echo %s >/sys/bus/pci/drivers_probe",
			      label, driver, place->path, place->name, place->path, place->name);
	free(bus);
	free(driver);
	return status;
}

static int find_group(struct vfio_place *place, const char *label)
{
	char *group = read_link(place->path, "iommu_group");
	int status = STATUS_OK;
	__u64 number;

	if (group && parse_number(group, &number))
		place->group = number;
	else
		status = fail("%s: it has no IOMMU group: enable the IOMMU in the firmware, and with intel_iommu=on or amd_iommu=on on the host kernel's command line",
			      label);
	free(group);
	return status;
}

int vfio_place_find(struct vfio_place *place, const char *text, const char *label)
{
	char *path = sysfs_path(text);
	int status;

	*place = (struct vfio_place){ 0 };
	if (!path)
		return no_memory();
	place->path = realpath(path, NULL);
	if (!place->path)
		status = fail("%s: there is no such device (%s: %s), see lspci -D", label, path,
			      strerror(errno));
	else
		status = find_group(place, label);
	free(path);
	if (!status) {
		place->name = strrchr(place->path, '/') + 1;
		status = check_driver(place, label);
	}
	if (status)
		vfio_place_free(place);
	return status;
}

void vfio_place_free(struct vfio_place *place)
{
	free(place->path);
	*place = (struct vfio_place){ 0 };
}

/* Drivers that leave DMA to who has the rest of the group. */
static bool is_harmless(const char *driver)
{
	return is_vfio(driver) || !strcmp(driver, "pcieport") || !strcmp(driver, "pci-stub");
}

/* Which device of the group has another driver? @folder has links. */
static char *find_other(const char *folder, char **driver)
{
	DIR *dir = opendir(folder);
	char *found = NULL;
	struct dirent *entry;
	char *path;

	*driver = NULL;
	while (dir && !found && (entry = readdir(dir))) {
		if (*entry->d_name == '.' ||
		    asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
			continue;
		*driver = read_link(path, "driver");
		free(path);
		if (*driver && !is_harmless(*driver))
			found = strdup(entry->d_name);
		else
			free(*driver);
	}
	if (dir)
		closedir(dir);
	return found;
}

int vfio_place_explain(const struct vfio_place *place, const char *label)
{
	char *folder, *driver, *other;
	int status;

	if (asprintf(&folder, "%s/iommu_group/devices", place->path) < 0)
		return no_memory();
	other = find_other(folder, &driver);
	free(folder);
	if (!other)
		return fail("%s: its IOMMU group %u has a device that is not VFIO's, unbind that from its driver: see %s/iommu_group/devices",
			    label, place->group, place->path);
	status = fail("%s: it shares its IOMMU group %u with %s, whose driver is %s: unbind that, or bind it to vfio-pci, too",
		      label, place->group, other, driver);
	free(other);
	free(driver);
	return status;
}
