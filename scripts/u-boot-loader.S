/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Starts U-Boot without a firmware: a multiboot kernel that has Debian's image of it, which is made
 * for a ROM at the end of 4 GiB. There is no memory, so pages lead from there to RAM: to 4 MiB,
 * of which the image fills the end. The other pages lead to where they are. U-Boot leaves paging as
 * it is, and moves to the end of RAM by itself, which it finds by the real-time clock's memory.
 *
 * Built with UBOOT=, the image's name in quotes, and with .text at 2 MiB and .rom at 7 MiB.
 */
#define SELECTOR_CODE	0x10	/* as U-Boot has them */
#define SELECTOR_DATA	0x18
#define PAGE_SIZE	0x400000
#define PAGE_FLAGS	0x83	/* present, writable, large */
#define ROM_PAGE	0x400000
#define ENTRY		0xfff0001c
#define CR4_PSE		0x10
#define CR0_PG		0x80000000
#define MULTIBOOT	0x1badb002

	.code32
	.text
	.balign	4
	.long	MULTIBOOT, 0, -MULTIBOOT

	.globl	_start
_start:
	cli
	lgdt	gdt_pointer
	ljmp	$SELECTOR_CODE, $1f
1:	movl	$SELECTOR_DATA, %eax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss

	movl	$directory, %edi
	movl	$PAGE_FLAGS, %eax
	movl	$1023, %ecx
2:	stosl
	addl	$PAGE_SIZE, %eax
	loop	2b
	movl	$ROM_PAGE | PAGE_FLAGS, %eax
	stosl

	movl	%cr4, %eax
	orl	$CR4_PSE, %eax
	movl	%eax, %cr4
	movl	$directory, %eax
	movl	%eax, %cr3
	movl	%cr0, %eax
	orl	$CR0_PG, %eax
	movl	%eax, %cr0
	movl	$ENTRY, %edx
	xorl	%eax, %eax
	jmp	*%edx

	.balign	8
gdt:	.quad	0, 0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.bss
	.balign	4096
directory:
	.skip	4096

	.section .rom, "aw"
	.incbin	UBOOT
