// SPDX-License-Identifier: GPL-2.0
/*
 * The multiboot protocol, version 1, for ELF files: kvm-unit-tests and many small
 * kernels use it.
 *
 * A header with a magic number and a check sum lies in the first 8 KiB of the file.
 * The kernel is entered in flat 32-bit mode, a magic number in EAX and the address
 * of the information structure in EBX.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "elfimage.h"
#include "layout.h"
#include "report.h"

#define HEADER_MAGIC		0x1badb002U
#define HEADER_SEARCH		8192
#define ENTRY_MAGIC		0x2badb002U

/* Header flags below bit 16 are demands. We meet two of them in any case. */
#define DEMAND_PAGE_ALIGN	(1U << 0)
#define DEMAND_MEMORY		(1U << 1)
#define DEMANDS			0xffffU
#define ADDRESSES_IN_HEADER	(1U << 16)

#define INFO_MEMORY		(1U << 0)
#define INFO_COMMAND_LINE	(1U << 2)
#define INFO_MODULES		(1U << 3)
#define INFO_MEMORY_MAP		(1U << 6)
#define INFO_LOADER_NAME	(1U << 9)

struct header {
	__u32 magic;
	__u32 flags;
	__u32 checksum;
};

struct information {
	__u32 flags;
	__u32 memory_lower;		/* KiB from 0 */
	__u32 memory_upper;		/* KiB from 1 MiB */
	__u32 boot_device;
	__u32 command_line;
	__u32 nr_modules;
	__u32 modules;
	__u32 symbols[4];
	__u32 memory_map_size;
	__u32 memory_map;
	__u32 drives[2];
	__u32 config_table;
	__u32 loader_name;
	__u32 apm_table;
	__u32 video[4];
};

struct module {
	__u32 start;
	__u32 end;
	__u32 text;
	__u32 reserved;
};

struct memory_map {
	__u32 size;			/* of the rest */
	__u64 address;
	__u64 length;
	__u32 type;
} __attribute__((packed));

/* All that the guest gets, in one piece at BOOT_PARAMS. */
struct parameters {
	struct information information;
	struct module initrd;
	struct memory_map memory_map[MAX_MEMORY_MAP];
	char loader_name[16];
};

static bool find_header(const struct file *kernel, struct header *header)
{
	size_t offset;

	for (offset = 0; offset + sizeof(*header) <= HEADER_SEARCH &&
	     offset + sizeof(*header) <= kernel->size; offset += 4) {
		memcpy(header, kernel->data + offset, sizeof(*header));
		if (header->magic == HEADER_MAGIC &&
		    header->magic + header->flags + header->checksum == 0)
			return true;
	}
	return false;
}

static bool multiboot_probe(const struct file *kernel)
{
	struct header header;

	return find_header(kernel, &header);
}

static int load_elf(const struct boot *boot, __u64 *entry, __u64 *end)
{
	struct Elf *elf = elf_of_file(boot->kernel);
	int status;

	if (!elf || !elf_entry(elf, entry))
		status = fail("the multiboot kernel %s is not an x86 ELF file, give one that is",
			      boot->kernel->path);
	else
		status = elf_load(elf, boot, end);
	elf_end(elf);
	return status;
}

/* By convention the first word is the kernel's own name. */
static int copy_command_line(const struct boot *boot)
{
	char *text;
	int status;

	if (asprintf(&text, "%s %s", boot->kernel->path,
		     boot->command_line ? boot->command_line : "") < 0)
		return fail("not enough memory for the command line");
	status = boot_copy_command_line(boot, text, BOOT_COMMAND_LINE_SIZE);
	free(text);
	return status;
}

static int multiboot_load(const struct boot *boot, struct boot_entry *entry)
{
	struct memory_map_entry map[MAX_MEMORY_MAP];
	struct parameters *parameters;
	struct header header;
	__u64 start, end, initrd;
	unsigned int n, i;
	int status;

	if (!find_header(boot->kernel, &header) ||
	    header.flags & DEMANDS & ~(DEMAND_PAGE_ALIGN | DEMAND_MEMORY) ||
	    header.flags & ADDRESSES_IN_HEADER)
		return fail("the multiboot kernel %s demands what is not provided (flags %#x)",
			    boot->kernel->path, header.flags);
	status = load_elf(boot, &start, &end);
	if (status)
		return status;
	if (!boot_kernel_memory(boot, start, 1))
		return fail("the kernel %s has its entry at %#llx, outside memory: get a good one",
			    boot->kernel->path, start);
	status = copy_command_line(boot);
	if (status)
		return status;
	status = boot_copy_initrd(boot, end, RAM_HOLE_BASE, &initrd);
	if (status)
		return status;

	parameters = memory_at(boot->memory, BOOT_PARAMS, sizeof(*parameters));
	if (!parameters)
		return fail("the guest has no memory for boot parameters");
	memset(parameters, 0, sizeof(*parameters));
	strcpy(parameters->loader_name, "kvpci-run");
	n = memory_map(boot->memory, map);
	for (i = 0; i < n; i++)
		parameters->memory_map[i] = (struct memory_map){
			.size = sizeof(struct memory_map) - sizeof(__u32),
			.address = map[i].address,
			.length = map[i].size,
			.type = map[i].type,
		};
	parameters->information = (struct information){
		.flags = INFO_MEMORY | INFO_COMMAND_LINE | INFO_MEMORY_MAP | INFO_LOADER_NAME,
		.memory_lower = LOW_RAM_USABLE_END / KIB(1),
		.memory_upper = (memory_high_ram_end(boot->memory) - HIGH_RAM_BASE) / KIB(1),
		.command_line = BOOT_COMMAND_LINE,
		.memory_map_size = n * sizeof(struct memory_map),
		.memory_map = BOOT_PARAMS + offsetof(struct parameters, memory_map),
		.loader_name = BOOT_PARAMS + offsetof(struct parameters, loader_name),
	};
	if (boot->initrd) {
		parameters->information.flags |= INFO_MODULES;
		parameters->information.nr_modules = 1;
		parameters->information.modules = BOOT_PARAMS +
			offsetof(struct parameters, initrd);
		parameters->initrd.start = initrd;
		parameters->initrd.end = initrd + boot->initrd->size;
	}

	*entry = (struct boot_entry){ .rip = start, .rax = ENTRY_MAGIC, .rbx = BOOT_PARAMS };
	return STATUS_OK;
}

const struct boot_protocol multiboot_protocol = {
	.probe = multiboot_probe,
	.load = multiboot_load,
};
