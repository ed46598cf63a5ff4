// SPDX-License-Identifier: GPL-2.0
/*
 * Linux's own boot protocol, entered in 64-bit mode.
 *
 * A bzImage starts with real-mode code that we do not run; in its first sectors is
 * the set-up header, which tells about the rest and which we pass on to the kernel,
 * completed, in a page of parameters (struct boot_params). The rest is loaded as one
 * piece and entered 512 bytes after its start, where it unpacks the kernel that is in it.
 *
 * Or that is unpacked here, where the header tells it is, and entered as what it is.
 */
#include <asm/bootparam.h>
#include <string.h>

#include "boot.h"
#include "layout.h"
#include "report.h"
#include "unpack.h"

#define SECTOR			512
#define HEADER_OFFSET		offsetof(struct boot_params, hdr)
#define HEADER_MAGIC		0x53726448	/* "HdrS" */
#define PROTOCOL_MINIMUM	0x020c		/* first with xloadflags */
#define ENTRY_64		0x200
#define LOADER_UNDEFINED	0xff

static bool bzimage_probe(const struct file *kernel)
{
	struct setup_header header;

	if (kernel->size < HEADER_OFFSET + sizeof(header))
		return false;
	memcpy(&header, kernel->data + HEADER_OFFSET, sizeof(header));
	return header.boot_flag == 0xaa55 && header.header == HEADER_MAGIC;
}

/* Bytes of the set-up header that this kernel has: the jump over it tells. */
static size_t header_length(const struct file *kernel)
{
	const size_t jump = offsetof(struct setup_header, jump);
	size_t length = jump + 2 + kernel->data[HEADER_OFFSET + jump + 1];

	return length < sizeof(struct setup_header) ? length : sizeof(struct setup_header);
}

/* Where the rest begins. */
static size_t setup_size(const struct setup_header *header)
{
	return ((header->setup_sects ? header->setup_sects : 4) + 1) * SECTOR;
}

/* A Linux does: what is packed in its file is told in the header. Others have nothing there. */
static bool bzimage_finds_ecam(const struct file *kernel)
{
	struct setup_header header = { 0 };

	memcpy(&header, kernel->data + HEADER_OFFSET, header_length(kernel));
	return header.payload_length;
}

int bzimage_unpack(const struct boot *boot, struct file *kernel)
{
	const struct file *file = boot->kernel;
	struct setup_header header = { 0 };
	__u32 size;
	__u64 start;
	int status;

	if (!bzimage_probe(file))
		return fail("the kernel %s is no bzImage, leave out --unpack", file->path);
	memcpy(&header, file->data + HEADER_OFFSET, header_length(file));
	if (header.payload_length <= sizeof(size))
		return fail("the kernel %s does not tell what is packed in it, leave out --unpack",
			    file->path);
	start = setup_size(&header) + header.payload_offset;
	if (start > file->size || header.payload_length > file->size - start)
		return fail("the kernel %s is truncated, get a whole one", file->path);
	/* gzip ends with it, and behind all others it has been put. */
	status = file_copy(file, &size, start + header.payload_length - sizeof(size), sizeof(size));
	if (status)
		return status;
	if (size > boot->memory->size)
		return fail("the kernel %s has %u MiB unpacked, give more --memory", file->path,
			    size >> 20);
	return unpack_open(kernel, file, start, header.payload_length, size, BOOT_KERNEL_HEAD);
}

static void fill_memory_map(struct boot_params *params, const struct guest_memory *memory)
{
	struct memory_map_entry map[MAX_MEMORY_MAP];
	unsigned int i;

	params->e820_entries = memory_map(memory, map);
	for (i = 0; i < params->e820_entries; i++) {
		params->e820_table[i].addr = map[i].address;
		params->e820_table[i].size = map[i].size;
		params->e820_table[i].type = map[i].type;
	}
}

static int bzimage_load(const struct boot *boot, struct boot_entry *entry)
{
	const struct file *kernel = boot->kernel;
	struct setup_header header = { 0 };
	struct boot_params *params;
	size_t setup;
	__u64 initrd;
	size_t size;
	void *to;
	int status;

	memcpy(&header, kernel->data + HEADER_OFFSET, header_length(kernel));
	if (header.version < PROTOCOL_MINIMUM || !(header.xloadflags & XLF_KERNEL_64))
		return fail("the kernel %s has no 64-bit entry, give a 64-bit kernel of Linux 3.8 or later",
			    kernel->path);

	setup = setup_size(&header);
	if (kernel->size <= setup + ENTRY_64)
		return fail("the kernel %s is truncated, get a whole one", kernel->path);
	size = kernel->size - setup;
	if (size + 15 < header.syssize * 16ULL)
		return fail("the kernel %s is truncated, get a whole one", kernel->path);
	if (size > header.init_size)
		return fail("the kernel %s is longer than its header says, get a good one",
			    kernel->path);

	to = memory_at(boot->memory, header.pref_address, header.init_size);
	if (!to || header.pref_address < HIGH_RAM_BASE)
		return fail("the kernel %s needs memory from %#llx to %#llx, give more --memory",
			    kernel->path, header.pref_address,
			    header.pref_address + header.init_size);
	status = file_copy(kernel, to, setup, size);
	if (!status)
		status = boot_copy_command_line(boot, boot_linux_command_line(boot),
						header.cmdline_size);
	if (status)
		return status;
	status = boot_copy_initrd(boot, header.pref_address + header.init_size,
				  header.initrd_addr_max + 1ULL, &initrd);
	if (status)
		return status;

	params = memory_at(boot->memory, BOOT_PARAMS, sizeof(*params));
	if (!params)
		return fail("the guest has no memory for boot parameters");
	memset(params, 0, sizeof(*params));
	header.type_of_loader = LOADER_UNDEFINED;
	header.cmd_line_ptr = BOOT_COMMAND_LINE;
	header.ramdisk_image = initrd;
	header.ramdisk_size = boot->initrd ? boot->initrd->size : 0;
	header.setup_data = 0;
	params->hdr = header;
	params->acpi_rsdp_addr = boot->rsdp;
	fill_memory_map(params, boot->memory);

	*entry = (struct boot_entry){
		.long_mode = true,
		.rip = header.pref_address + ENTRY_64,
		.rsi = BOOT_PARAMS,
	};
	return STATUS_OK;
}

const struct boot_protocol bzimage_protocol = {
	.probe = bzimage_probe,
	.finds_ecam = bzimage_finds_ecam,
	.load = bzimage_load,
};
