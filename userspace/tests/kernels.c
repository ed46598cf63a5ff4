// SPDX-License-Identifier: GPL-2.0
/* Small kernels, made by the rules of two boot protocols. */
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "layout.h"
#include "memory.h"

struct file make_file(const void *data, size_t size)
{
	struct file file = { .path = "kernel", .data = malloc(size ? size : 1), .size = size };

	memcpy(file.data, data, size);
	return file;
}

int load_kernel(struct boot boot, struct guest_memory *memory, const void *data, size_t size,
		struct boot_entry *entry)
{
	struct file kernel = make_file(data, size);
	int status;

	boot.kernel = &kernel;
	boot.memory = memory;
	boot.rsdp = 0xe0000;
	memory_destroy(memory);
	memory_create(memory, &(struct memory_options){ .size = MIB(16) });
	status = boot_load(&boot, entry);
	file_free(&kernel);
	return status;
}

struct setup_header *header_of(struct bzimage *image)
{
	return (struct setup_header *)(image->setup + 0x1f1);
}

void make_bzimage(struct bzimage *image)
{
	struct setup_header *header = header_of(image);

	memset(image, 0, sizeof(*image));
	memset(image->code, 0xc3, sizeof(image->code));
	header->setup_sects = 1;
	header->syssize = CODE_SIZE / 16;
	header->boot_flag = 0xaa55;
	header->jump = 0x6aeb;
	header->header = 0x53726448;
	header->version = 0x20f;
	header->xloadflags = XLF_KERNEL_64;
	header->initrd_addr_max = 0x7fffffff;
	header->cmdline_size = 2047;
	header->pref_address = KERNEL_ADDRESS;
	header->init_size = 2 * CODE_SIZE;
}

void make_ident(unsigned char *ident, unsigned char class)
{
	memcpy(ident, ELFMAG, SELFMAG);
	ident[EI_CLASS] = class;
	ident[EI_DATA] = ELFDATA2LSB;
	ident[EI_VERSION] = EV_CURRENT;
}

void make_pvh(struct elf64 *elf)
{
	memset(elf, 0, sizeof(*elf));
	make_ident(elf->header.e_ident, ELFCLASS64);
	elf->header.e_type = ET_EXEC;
	elf->header.e_machine = EM_X86_64;
	elf->header.e_version = EV_CURRENT;
	elf->header.e_phoff = offsetof(struct elf64, load);
	elf->header.e_ehsize = sizeof(Elf64_Ehdr);
	elf->header.e_phentsize = sizeof(Elf64_Phdr);
	elf->header.e_phnum = 2;
	elf->load.p_type = PT_LOAD;
	elf->load.p_offset = offsetof(struct elf64, code);
	elf->load.p_paddr = KERNEL_ADDRESS;
	elf->load.p_filesz = CODE_SIZE;
	elf->load.p_memsz = 2 * CODE_SIZE;
	elf->note.p_type = PT_NOTE;
	elf->note.p_offset = offsetof(struct elf64, note_header);
	elf->note.p_filesz = sizeof(Elf64_Nhdr) + 4 + 8;
	elf->note.p_align = 4;
	elf->note_header.n_namesz = 4;
	elf->note_header.n_descsz = 8;
	elf->note_header.n_type = 18;
	memcpy(elf->note_name, "Xen", 4);
	elf->note_value = KERNEL_ADDRESS + 16;
	memset(elf->code, 0xc3, CODE_SIZE);
}
