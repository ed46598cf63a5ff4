/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The boot sector of the disk that scripts/hostvm-bochs.sh makes. It reads a kernel, its
 * command line and its initramfs from the disk to where they belong in memory, and starts
 * the kernel by its PVH entry: 32-bit protected mode without paging, flat segments, and EBX
 * pointing to a start_info (xen/interface/hvm/start_info.h).
 *
 * What is where is given to the assembler with --defsym: kernel_entry, kernel_address,
 * initrd_address and initrd_size in bytes; and in units of 64 KiB, for there is nothing
 * smaller to read, kernel_first, kernel_count, initrd_first and initrd_count. The
 * command line is in unit 1. Unit 0 begins with this sector.
 */
#define SECTORS		128		/* in a unit */

#define MEMORY_MAP	0x8000		/* what the BIOS says */
#define MEMORY_MAP_MAX	32
#define COMMAND_LINE	0x10000

#define START_MAGIC	0x336ec578
#define START_VERSION	1		/* the first with a memory map */
#define SMAP		0x534d4150

/* The first ATA channel: the sector count, from which LBA 0-23 follow; the drive with LBA
 * 24-27; the command, which reads as the status; and data.
 */
#define ATA_DATA	0x1f0
#define ATA_COUNT	0x1f2
#define ATA_DRIVE	0x1f6
#define ATA_COMMAND	0x1f7
#define DRIVE_0_LBA	0xe0
#define READ_SECTORS	0x20
#define STATUS_BUSY	0x80
#define STATUS_DATA	0x08

	.code16
	.globl	_start
_start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$_start, %sp
	ljmp	$0, $1f
1:
	/* The BIOS's entries are 20 bytes long, the kernel's 24, the last of them zero. */
	movw	$MEMORY_MAP, %di
	xorl	%ebx, %ebx
2:	movl	$0, 20(%di)
	movl	$0xe820, %eax
	movl	$SMAP, %edx
	movl	$20, %ecx
	int	$0x15
	jc	3f
	incl	memory_map_entries
	addw	$24, %di
	testl	%ebx, %ebx
	jz	3f
	cmpw	$MEMORY_MAP + 24 * MEMORY_MAP_MAX, %di
	jb	2b
3:
	/* Open the A20 gate. */
	inb	$0x92, %al
	orb	$2, %al
	outb	%al, $0x92

	lgdt	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmp	$8, $protected

	.code32
protected:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss

	movl	$loads, %esi
1:	lodsl
	movl	%eax, %ebx			/* first unit */
	lodsl
	movl	%eax, %ebp			/* units */
	lodsl
	movl	%eax, %edi			/* address */
	testl	%ebp, %ebp
	jz	4f
2:	movl	%ebx, %eax
	imull	$SECTORS, %eax
	roll	$8, %eax			/* LBA 0-23 and, in AL, 24-27 */
	orb	$DRIVE_0_LBA, %al
	movl	$ATA_DRIVE, %edx
	outb	%al, %dx
	movl	$ATA_COUNT, %edx
	movb	$SECTORS, %al
	outb	%al, %dx
	movl	$3, %ecx
5:	incl	%edx
	shrl	$8, %eax
	outb	%al, %dx
	loop	5b
	movl	$ATA_COMMAND, %edx
	movb	$READ_SECTORS, %al
	outb	%al, %dx

	movl	$SECTORS, %ecx
3:	movl	$ATA_COMMAND, %edx
6:	inb	%dx, %al
	andb	$STATUS_BUSY | STATUS_DATA, %al
	cmpb	$STATUS_DATA, %al
	jne	6b
	movl	$ATA_DATA, %edx
	pushl	%ecx
	movl	$256, %ecx
	rep insw
	popl	%ecx
	loop	3b
	incl	%ebx
	decl	%ebp
	jnz	2b
	jmp	1b

4:	movl	$start_info, %ebx
	movl	$kernel_entry, %eax
	jmp	*%eax

	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff		/* 0x08: code, 4 GiB */
	.quad	0x00cf93000000ffff		/* 0x10: data, 4 GiB */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	gdt

	.balign	8
start_info:
	.long	START_MAGIC, START_VERSION
	.long	0				/* flags */
	.long	1				/* modules */
	.quad	module
	.quad	COMMAND_LINE
	.quad	0				/* the kernel looks for the RSDP itself */
	.quad	MEMORY_MAP
memory_map_entries:
	.long	0
	.long	0
module:
	.quad	initrd_address, initrd_size
	.quad	0				/* a command line */
	.quad	0

loads:	/* first unit, units, address */
	.long	1, 1, COMMAND_LINE
	.long	kernel_first, kernel_count, kernel_address
	.long	initrd_first, initrd_count, initrd_address
	.long	0, 0, 0

	.org	510
	.byte	0x55, 0xaa
