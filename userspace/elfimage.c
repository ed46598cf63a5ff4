// SPDX-License-Identifier: GPL-2.0
/*
 * What two boot protocols need to know about ELF files. libelf reads the headers, of
 * either class, and checks them against the size of the file; where segments go is
 * checked here.
 */
#include <gelf.h>
#include <string.h>

#include "elfimage.h"
#include "layout.h"
#include "report.h"

struct Elf *elf_of_file(const struct file *file)
{
	GElf_Ehdr header;
	struct Elf *elf;

	elf_version(EV_CURRENT);
	if (file->left)
		elf = elf_begin(file->fd, ELF_C_READ, NULL);
	else
		elf = elf_memory((char *)file->data, file->size);
	if (!elf)
		return NULL;
	if (elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) &&
	    header.e_ident[EI_DATA] == ELFDATA2LSB &&
	    (header.e_machine == EM_386 || header.e_machine == EM_X86_64))
		return elf;
	elf_end(elf);
	return NULL;
}

bool elf_entry(struct Elf *elf, __u64 *entry)
{
	GElf_Ehdr header;

	if (!gelf_getehdr(elf, &header))
		return false;
	*entry = header.e_entry;
	return true;
}

/* Search one PT_NOTE segment. */
static bool segment_note_number(struct Elf *elf, const GElf_Phdr *segment, const char *name,
				__u32 type, __u64 *number)
{
	Elf_Type kind = segment->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
	size_t name_offset, value_offset;
	size_t offset = 0;
	GElf_Nhdr note;
	Elf_Data *data;

	data = elf_getdata_rawchunk(elf, segment->p_offset, segment->p_filesz, kind);
	if (!data)
		return false;
	while ((offset = gelf_getnote(data, offset, &note, &name_offset, &value_offset))) {
		if (note.n_type != type || note.n_namesz != strlen(name) + 1 ||
		    memcmp((char *)data->d_buf + name_offset, name, note.n_namesz))
			continue;
		if (note.n_descsz != 4 && note.n_descsz != 8)
			continue;
		*number = 0;
		memcpy(number, (char *)data->d_buf + value_offset, note.n_descsz);
		return true;
	}
	return false;
}

bool elf_note_number(struct Elf *elf, const char *name, __u32 type, __u64 *number)
{
	GElf_Phdr segment;
	size_t n, i;

	if (elf_getphdrnum(elf, &n))
		return false;
	for (i = 0; i < n; i++) {
		if (gelf_getphdr(elf, i, &segment) && segment.p_type == PT_NOTE &&
		    segment_note_number(elf, &segment, name, type, number))
			return true;
	}
	return false;
}

int elf_load(struct Elf *elf, const struct boot *boot, __u64 *end)
{
	const struct file *kernel = boot->kernel;
	GElf_Phdr segment;
	bool loaded = false;
	size_t n, i;
	int status;
	void *to;

	*end = HIGH_RAM_BASE;
	if (elf_getphdrnum(elf, &n))
		return fail("the kernel %s has a bad ELF header, get a good one", kernel->path);
	for (i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, i, &segment))
			return fail("the kernel %s has a bad program header, get a good one",
				    kernel->path);
		if (segment.p_type != PT_LOAD || !segment.p_memsz)
			continue;
		if (segment.p_offset > kernel->size ||
		    segment.p_filesz > kernel->size - segment.p_offset)
			return fail("the kernel %s is truncated, get a whole one", kernel->path);
		if (segment.p_filesz > segment.p_memsz)
			return fail("the kernel %s has a segment that is longer in the file than in memory, get a good one",
				    kernel->path);
		to = boot_kernel_memory(boot, segment.p_paddr, segment.p_memsz);
		if (!to && segment.p_paddr < HIGH_RAM_BASE)
			return fail("the kernel %s wants to be at %#llx, but below 1 MiB only %#llx to %#llx is free of boot data and tables: link it for a higher address",
				    kernel->path, (unsigned long long)segment.p_paddr,
				    LOW_KERNEL_BASE, LOW_KERNEL_END - 1);
		if (!to)
			return fail("the kernel %s needs %llu bytes of memory at %#llx, where the guest has none: give more --memory",
				    kernel->path, (unsigned long long)segment.p_memsz,
				    (unsigned long long)segment.p_paddr);
		status = file_copy(kernel, to, segment.p_offset, segment.p_filesz);
		if (status)
			return status;
		memset((char *)to + segment.p_filesz, 0, segment.p_memsz - segment.p_filesz);
		if (segment.p_paddr + segment.p_memsz > *end)
			*end = segment.p_paddr + segment.p_memsz;
		loaded = true;
	}
	if (!loaded)
		return fail("the kernel %s has nothing to load, get a good one", kernel->path);
	return STATUS_OK;
}
