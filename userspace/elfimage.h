/* SPDX-License-Identifier: GPL-2.0 */
/* What two boot protocols need to know about ELF files. */
#ifndef ELFIMAGE_H
#define ELFIMAGE_H

#include <libelf.h>
#include <linux/types.h>
#include <stdbool.h>

#include "boot.h"

/* The file as libelf sees it, NULL if it is not an x86 ELF file; end with elf_end(). */
struct Elf *elf_of_file(const struct file *file);

/* The entry point. */
bool elf_entry(struct Elf *elf, __u64 *entry);

/*
 * The number in the note @name, @type, which has 4 or 8 bytes; false if there is none. If the
 * file was unpacked while its segments were loaded it is looked for in @loaded; else that is NULL.
 */
bool elf_note_number(struct Elf *elf, const struct guest_memory *loaded, const char *name,
		     __u32 type, __u64 *number);

/*
 * Copy the loadable segments to their physical addresses, all of which must be where a
 * kernel may be, and tell where RAM from 1 MiB up is free of them.
 */
int elf_load(struct Elf *elf, const struct boot *boot, __u64 *end);

#endif /* ELFIMAGE_H */
