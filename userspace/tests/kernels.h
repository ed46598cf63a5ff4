/* SPDX-License-Identifier: GPL-2.0 */
/* Small kernels, made by the rules of two boot protocols, for tests to spoil. */
#ifndef KERNELS_H
#define KERNELS_H

#include <asm/bootparam.h>
#include <elf.h>
#include <linux/types.h>

#include "boot.h"
#include "file.h"

#define KERNEL_ADDRESS	0x400000
#define CODE_SIZE	4096

struct bzimage {
	__u8 setup[2 * 512];
	__u8 code[CODE_SIZE];
};

struct elf64 {
	Elf64_Ehdr header;
	Elf64_Phdr load;
	Elf64_Phdr note;
	Elf64_Nhdr note_header;
	char note_name[4];
	__u64 note_value;
	__u8 code[CODE_SIZE];
};

/* A kernel in a block of just its size, so that the sanitizer sees a read past its end. */
struct file make_file(const void *data, size_t size);

/* Load @size bytes at @data, with what else @boot has, into @memory, which is made anew. */
int load_kernel(struct boot boot, struct guest_memory *memory, const void *data, size_t size,
		struct boot_entry *entry);

struct setup_header *header_of(struct bzimage *image);

void make_bzimage(struct bzimage *image);
/* The first bytes of an ELF file of that class. */
void make_ident(unsigned char *ident, unsigned char class);
void make_pvh(struct elf64 *elf);

#endif /* KERNELS_H */
