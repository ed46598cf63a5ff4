/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Entry of the bench guest: PVH's (Xen's x86/HVM direct boot ABI) 32-bit protected
 * mode without paging, with the address of the start info in EBX. Goes on in 64-bit
 * mode, as an operating system does, because KVM's instruction emulator, which takes
 * part in every MMIO exit, walks the guest's page tables.
 *
 * The first 4 GiB are mapped one to one in pages of 2 MiB.
 */

#define CR0_PE_PG	0x80000001
#define CR4_PAE		0x20
#define EFER		0xc0000080
#define EFER_LME	0x100

#define PAGE_TABLE	0x3	/* present, writable */
#define PAGE_2M		0x83	/* the same, and a large page */

#define CODE64		0x08

#define NT_PHYS32_ENTRY	18

	.section .note.pvh, "a", @note
	.balign	4
	.long	2f - 1f
	.long	4f - 3f
	.long	NT_PHYS32_ENTRY
1:	.asciz	"Xen"
2:	.balign	4
3:	.quad	start
4:	.balign	4

	.text
	.code32
	.globl	start
start:
	cld
	movl	$stack_end, %esp
	movl	%ebx, %ebp

	movl	$page_directories + PAGE_TABLE, %eax
	movl	$page_directory_pointers, %edi
	movl	$4, %ecx
1:	movl	%eax, (%edi)
	addl	$4096, %eax
	addl	$8, %edi
	loop	1b

	movl	$PAGE_2M, %eax
	movl	$page_directories, %edi
	movl	$4 * 512, %ecx
1:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	1b

	movl	$page_directory_pointers + PAGE_TABLE, page_map
	movl	$page_map, %eax
	movl	%eax, %cr3
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$EFER, %ecx
	movl	$EFER_LME, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$CR0_PE_PG, %eax
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$CODE64, $start64

	.code64
start64:
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%ebp, %edi
	call	guest_main
1:	cli
	hlt
	jmp	1b

	.section .rodata
	.balign	8
gdt:
	.quad	0
	.quad	0x00209b0000000000	/* CODE64 */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.bss
	.balign	4096
page_map:
	.skip	4096
page_directory_pointers:
	.skip	4096
page_directories:
	.skip	4 * 4096
stack:
	.skip	16384
stack_end:

	.section .note.GNU-stack, "", @progbits
