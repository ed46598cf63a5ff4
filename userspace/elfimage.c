// SPDX-License-Identifier: GPL-2.0
/*
 * What two boot protocols need to know about ELF files. libelf reads the headers, of
 * either class, and checks them against the size of the file; where segments go is
 * checked here.
 *
 * A file that is unpacked as it is read has its headers at hand, and comes but once: its notes are
 * looked for where its segments have been loaded to.
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
	if (file->unpack)
		elf = elf_memory((char *)file->data, file->size - file->left);
	else if (file->left)
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

/* Where @size bytes at @offset of the file have been loaded to, NULL if nowhere. */
static const __u8 *find_loaded(struct Elf *elf, const struct guest_memory *memory, __u64 offset,
			       __u64 size)
{
	GElf_Phdr segment;
	size_t n, i;

	if (elf_getphdrnum(elf, &n))
		return NULL;
	for (i = 0; i < n; i++) {
		if (gelf_getphdr(elf, i, &segment) && segment.p_type == PT_LOAD &&
		    offset >= segment.p_offset && size <= segment.p_filesz &&
		    offset - segment.p_offset <= segment.p_filesz - size)
			return memory_at(memory, segment.p_paddr + (offset - segment.p_offset),
					 size);
	}
	return NULL;
}

static const __u8 *find_bytes(struct Elf *elf, const struct guest_memory *loaded, __u64 offset,
			      __u64 size)
{
	Elf_Data *data;

	if (loaded)
		return find_loaded(elf, loaded, offset, size);
	data = elf_getdata_rawchunk(elf, offset, size, ELF_T_BYTE);
	return data ? data->d_buf : NULL;
}

static __u64 align(__u64 offset, __u64 alignment)
{
	return (offset + alignment - 1) & ~(alignment - 1);
}

/* Search the @size bytes of a PT_NOTE segment. */
static bool notes_number(const __u8 *notes, __u64 size, __u64 alignment, const char *name,
			 __u32 type, __u64 *number)
{
	__u64 at, at_name, at_value;
	GElf_Nhdr note;

	for (at = 0; at + sizeof(note) <= size; at = align(at_value + note.n_descsz, alignment)) {
		memcpy(&note, notes + at, sizeof(note));
		at_name = at + sizeof(note);
		at_value = align(at_name + note.n_namesz, alignment);
		if (at_value + note.n_descsz > size)
			return false;
		if (note.n_type != type || note.n_namesz != strlen(name) + 1 ||
		    memcmp(notes + at_name, name, note.n_namesz))
			continue;
		if (note.n_descsz != 4 && note.n_descsz != 8)
			continue;
		*number = 0;
		memcpy(number, notes + at_value, note.n_descsz);
		return true;
	}
	return false;
}

bool elf_note_number(struct Elf *elf, const struct guest_memory *loaded, const char *name,
		     __u32 type, __u64 *number)
{
	GElf_Phdr segment;
	const __u8 *notes;
	size_t n, i;

	if (elf_getphdrnum(elf, &n))
		return false;
	for (i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, i, &segment) || segment.p_type != PT_NOTE)
			continue;
		notes = find_bytes(elf, loaded, segment.p_offset, segment.p_filesz);
		if (notes && notes_number(notes, segment.p_filesz, segment.p_align == 8 ? 8 : 4,
					  name, type, number))
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
