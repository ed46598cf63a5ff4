// SPDX-License-Identifier: GPL-2.0
/*
 * The PVH boot protocol: an ELF file whose Xen note gives the address of a 32-bit
 * entry. EBX points to a start_info structure, and that to the memory map, to a list
 * with the initrd in it, to the command line and to ACPI's root pointer.
 *
 * Such a file is given as it is, or, if the user wants it, is packed in a bzImage.
 */
#include <string.h>

#include "boot.h"
#include "elfimage.h"
#include "layout.h"
#include "report.h"
#include "unpack.h"

#define NOTE_NAME		"Xen"
#define NOTE_PHYS32_ENTRY	18
#define START_INFO_MAGIC	0x336ec578

struct start_info {
	__u32 magic;
	__u32 version;
	__u32 flags;
	__u32 nr_modules;
	__u64 modules;
	__u64 command_line;
	__u64 rsdp;
	__u64 memory_map;
	__u32 nr_memory_map;
	__u32 reserved;
};

struct module {
	__u64 address;
	__u64 size;
	__u64 command_line;
	__u64 reserved;
};

struct memory_map {
	__u64 address;
	__u64 size;
	__u32 type;
	__u32 reserved;
};

/* All that the guest gets, in one piece at BOOT_PARAMS. */
struct parameters {
	struct start_info start_info;
	struct module initrd;
	struct memory_map memory_map[MAX_MEMORY_MAP];
};

static bool pvh_probe(const struct file *kernel)
{
	struct Elf *elf = elf_of_file(kernel);
	bool found;
	__u64 entry;

	if (!elf)
		return false;
	found = elf_note_number(elf, NULL, NOTE_NAME, NOTE_PHYS32_ENTRY, &entry);
	elf_end(elf);
	return found;
}

static int load_elf(const struct boot *boot, __u64 *entry, __u64 *end)
{
	struct Elf *elf = elf_of_file(boot->kernel);
	int status;

	if (!elf)
		return fail("what is packed in the kernel %s is no x86 ELF file: leave out --unpack, it unpacks itself",
			    boot->kernel->path);
	status = elf_load(elf, boot, end);
	if (!status && !elf_note_number(elf, boot->kernel->unpack ? boot->memory : NULL, NOTE_NAME,
					NOTE_PHYS32_ENTRY, entry))
		status = fail("what is packed in the kernel %s has no PVH entry: leave out --unpack, it unpacks itself",
			      boot->kernel->path);
	elf_end(elf);
	return status;
}

static int pvh_load(const struct boot *boot, struct boot_entry *entry)
{
	struct memory_map_entry map[MAX_MEMORY_MAP];
	struct parameters *parameters;
	__u64 start, end, initrd;
	unsigned int i;
	int status;

	status = load_elf(boot, &start, &end);
	if (!status && boot->kernel->unpack)
		status = unpack_finish(boot->kernel);
	if (status)
		return status;
	if (!boot_kernel_memory(boot, start, 1))
		return fail("the kernel %s has its entry at %#llx, outside memory: get a good one",
			    boot->kernel->path, start);
	status = boot_copy_command_line(boot, boot_linux_command_line(boot),
					BOOT_COMMAND_LINE_SIZE);
	if (status)
		return status;
	status = boot_copy_initrd(boot, end, RAM_HOLE_BASE, &initrd);
	if (status)
		return status;

	parameters = memory_at(boot->memory, BOOT_PARAMS, sizeof(*parameters));
	if (!parameters)
		return fail("the guest has no memory for boot parameters");
	memset(parameters, 0, sizeof(*parameters));
	parameters->start_info = (struct start_info){
		.magic = START_INFO_MAGIC,
		.version = 1,
		.nr_modules = boot->initrd ? 1 : 0,
		.modules = BOOT_PARAMS + offsetof(struct parameters, initrd),
		.command_line = BOOT_COMMAND_LINE,
		.rsdp = boot->rsdp,
		.memory_map = BOOT_PARAMS + offsetof(struct parameters, memory_map),
		.nr_memory_map = memory_map(boot->memory, map),
	};
	if (boot->initrd) {
		parameters->initrd.address = initrd;
		parameters->initrd.size = boot->initrd->size;
	}
	for (i = 0; i < parameters->start_info.nr_memory_map; i++) {
		parameters->memory_map[i].address = map[i].address;
		parameters->memory_map[i].size = map[i].size;
		parameters->memory_map[i].type = map[i].type;
	}

	*entry = (struct boot_entry){ .rip = start, .rbx = BOOT_PARAMS };
	return STATUS_OK;
}

const struct boot_protocol pvh_protocol = {
	.probe = pvh_probe,
	.load = pvh_load,
};
