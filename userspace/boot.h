/* SPDX-License-Identifier: GPL-2.0 */
/* Puts a kernel into the guest's memory, by the boot protocol that its file is made for. */
#ifndef BOOT_H
#define BOOT_H

#include <linux/types.h>
#include <stdbool.h>

#include "file.h"
#include "layout.h"
#include "memory.h"

/* How much of a kernel's file is read at once: of longer ones, headers are in here, or ELF's. */
#define BOOT_KERNEL_HEAD	KIB(64)

/* What is to be booted. */
struct boot {
	const struct file *kernel;
	const struct file *initrd;	/* NULL: none */
	const char *command_line;	/* NULL: the user gave none */
	bool unpack;			/* the kernel that is in a bzImage, instead of that */
	bool cf8;			/* there is configuration mechanism #1 */
	const struct guest_memory *memory;
	__u64 rsdp;			/* address of ACPI's root pointer */
};

/* How the first processor starts: in flat 32-bit mode, or in 64-bit mode with paging. */
struct boot_entry {
	bool long_mode;
	__u64 rip;
	__u64 rax;
	__u64 rbx;
	__u64 rsi;
};

/*
 * A boot protocol. probe() looks at the file and says if it is one of its own; only
 * then are the others called, which trust nothing in the file.
 */
struct boot_protocol {
	/* Does the kernel find configuration space in memory? NULL if none does. */
	bool (*finds_ecam)(const struct file *kernel);
	bool (*probe)(const struct file *kernel);
	int (*load)(const struct boot *boot, struct boot_entry *entry);
};

extern const struct boot_protocol bzimage_protocol;
extern const struct boot_protocol pvh_protocol;
extern const struct boot_protocol multiboot_protocol;

/* Does the kernel find configuration space in memory, as ACPI's tables tell? */
bool boot_finds_ecam(const struct file *kernel);

/* Load the kernel and all that goes with it. */
int boot_load(const struct boot *boot, struct boot_entry *entry);

/* The command line for Linux: the user's, or one that shows what it does. */
const char *boot_linux_command_line(const struct boot *boot);

/*
 * Make @kernel the file that is packed in boot->kernel, a bzImage, to be read once; end with
 * file_free() before that.
 */
int bzimage_unpack(const struct boot *boot, struct file *kernel);

/* For the protocols: @size bytes at @address of the guest, NULL if no kernel may be there. */
void *boot_kernel_memory(const struct boot *boot, __u64 address, __u64 size);

/* For the protocols: copy @text, of at most @max characters, to BOOT_COMMAND_LINE. */
int boot_copy_command_line(const struct boot *boot, const char *text, size_t max);

/*
 * For the protocols: copy the initrd, if there is one, as high as possible in RAM
 * between @lowest and @highest, and return its address. With no initrd that is 0.
 */
int boot_copy_initrd(const struct boot *boot, __u64 lowest, __u64 highest, __u64 *address);

#endif /* BOOT_H */
