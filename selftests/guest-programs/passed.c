// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's device edu (docs/specs/edu.txt there), driven by a program that has it by vfio-pci:
 *
 *	passed FUNCTION GROUP
 *
 * It fetches memory and puts it elsewhere, at addresses above any memory: was it copied?
 */
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGISTERS	0x1000
#define DMA_SOURCE	0x80
#define DMA_DESTINATION	0x88
#define DMA_COUNT	0x90
#define DMA_COMMAND	0x98
#define DMA_START	0x01
#define DMA_TO_MEMORY	0x02
#define DEVICE_BUFFER	0x40000

#define PAGE		4096UL
#define LENGTH		2048
#define FROM		0x100000000ULL
#define TO		0x200000000ULL

static void *registers;
static int container;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void set(unsigned int offset, __u64 value)
{
	__atomic_store_n((__u64 *)(registers + offset), value, __ATOMIC_RELEASE);
}

static unsigned char *map(__u64 address)
{
	unsigned char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct vfio_iommu_type1_dma_map request = {
		.argsz = sizeof(request),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory, .iova = address, .size = PAGE,
	};

	if (memory == MAP_FAILED || ioctl(container, VFIO_IOMMU_MAP_DMA, &request))
		die("VFIO_IOMMU_MAP_DMA");
	return memory;
}

static void transfer(__u64 source, __u64 destination, unsigned int command)
{
	set(DMA_SOURCE, source);
	set(DMA_DESTINATION, destination);
	set(DMA_COUNT, LENGTH);
	set(DMA_COMMAND, DMA_START | command);
	while (__atomic_load_n((__u32 *)(registers + DMA_COMMAND), __ATOMIC_SEQ_CST) & DMA_START)
		usleep(1000);
}

static void open_device(const char *function, const char *name)
{
	struct vfio_region_info bar = {
		.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	struct vfio_region_info config = {
		.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	const __u16 command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	int group, device;
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%s", name);
	container = open("/dev/vfio/vfio", O_RDWR);
	group = open(path, O_RDWR);
	if (container < 0 || group < 0)
		die(path);
	if (ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		die("VFIO_SET_IOMMU");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, function);
	if (device < 0 || ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config) ||
	    ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar))
		die("VFIO_GROUP_GET_DEVICE_FD");
	if (pwrite(device, &command, sizeof(command), config.offset + PCI_COMMAND) < 0)
		die("command");
	registers = mmap(NULL, REGISTERS, PROT_READ | PROT_WRITE, MAP_SHARED, device, bar.offset);
	if (registers == MAP_FAILED)
		die("BAR");
}

int main(int argc, char **argv)
{
	unsigned char *from, *to;
	int i;

	if (argc != 3) {
		fprintf(stderr, "usage: passed FUNCTION GROUP\n");
		return 2;
	}
	open_device(argv[1], argv[2]);
	from = map(FROM);
	to = map(TO);
	for (i = 0; i < LENGTH; i++)
		from[i] = 7 * i + i / 256 + getpid();
	transfer(FROM, DEVICE_BUFFER, 0);
	transfer(DEVICE_BUFFER, TO, DMA_TO_MEMORY);
	puts(memcmp(from, to, LENGTH) ? "different" : "same");
	return 0;
}
