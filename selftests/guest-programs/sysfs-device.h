/* SPDX-License-Identifier: GPL-2.0 */
/* A PCI function that no driver has, by its files in sysfs. */
#ifndef SYSFS_DEVICE_H
#define SYSFS_DEVICE_H

#include <linux/pci_regs.h>
#include <sys/stat.h>

#include "program.h"

static char sysfs_folder[64];

/* All of a BAR in memory. */
static inline __u8 *sysfs_map_bar(unsigned int index)
{
	char path[96];
	struct stat st;
	void *address;
	int fd;

	snprintf(path, sizeof(path), "%s/resource%u", sysfs_folder, index);
	fd = open(path, O_RDWR);
	if (fd < 0 || fstat(fd, &st))
		die(path);
	address = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (address == MAP_FAILED)
		die(path);
	close(fd);
	return address;
}

/* As 0000:00:02.0, which decodes then, and is a master. Returns its configuration space. */
static inline int sysfs_open(const char *function)
{
	char path[96];
	__u16 command;
	int fd;

	snprintf(sysfs_folder, sizeof(sysfs_folder), "/sys/bus/pci/devices/%s", function);
	snprintf(path, sizeof(path), "%s/config", sysfs_folder);
	fd = open(path, O_RDWR);
	if (fd < 0 || pread(fd, &command, sizeof(command), PCI_COMMAND) < 0)
		die(path);
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (pwrite(fd, &command, sizeof(command), PCI_COMMAND) < 0)
		die(path);
	return fd;
}

#endif /* SYSFS_DEVICE_H */
