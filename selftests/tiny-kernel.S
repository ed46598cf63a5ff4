/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The smallest kernel that can be booted: an ELF file with a PVH note, in 32-bit mode.
 * Does what the first letter of its command line says:
 *
 *	p	power off through the ACPI control register (layout: kvpci-run's FADT)
 *	r	reset through port 0xcf9
 *	k	reset through the keyboard controller
 *	t	fault without an interrupt table: a triple fault
 *	o	print "out" on the serial port, then power off
 *	m	have BAR 0 of function 01.0, 4K of memory, move many times, and read where it
 *		was and where it is after each, then power off; a triple fault if that is
 *		not what it should be
 */
#define PVH_CMDLINE		24	/* of struct hvm_start_info, which %ebx points to */
#define XEN_ELFNOTE_PHYS32_ENTRY	18
#define CONFIG_SPACE	0xe0008000	/* of function 01.0, in kvpci-run's ECAM */
#define BAR		0x80000000	/* in its window of memory */
#define MOVES		300

	.section .note.pvh, "a", @note
	.long	4, 4, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.long	_start

	.text
	.code32
	.globl	_start
_start:
	movl	PVH_CMDLINE(%ebx), %esi
	movb	(%esi), %al
	cmpb	$'r', %al
	je	reset
	cmpb	$'k', %al
	je	keyboard
	cmpb	$'t', %al
	je	fault
	cmpb	$'m', %al
	je	move
	cmpb	$'o', %al
	jne	power_off

	movl	$0x3f8, %edx
	movb	$'o', %al
	outb	%al, %dx
	movb	$'u', %al
	outb	%al, %dx
	movb	$'t', %al
	outb	%al, %dx
	movb	$'\n', %al
	outb	%al, %dx

power_off:
	movl	$0x604, %edx
	movw	$(5 << 10 | 1 << 13), %ax
	outw	%ax, %dx
	jmp	stop

reset:
	movl	$0xcf9, %edx
	movb	$6, %al
	outb	%al, %dx
	jmp	stop

keyboard:
	movb	$0xfe, %al
	outb	%al, $0x64
	jmp	stop

move:
	movl	$CONFIG_SPACE, %edi
	movl	$BAR, %ebx
	movl	%ebx, 0x10(%edi)
	movw	$2, 4(%edi)
	movl	(%ebx), %edx
	movl	$MOVES, %ecx
1:	movl	%ebx, %eax
	xorl	$0x1000, %ebx
	movl	%ebx, 0x10(%edi)
	cmpl	$-1, (%eax)
	jne	fault
	cmpl	%edx, (%ebx)
	jne	fault
	loop	1b
	jmp	power_off

fault:
	lidt	no_table
	int3

stop:
	hlt
	jmp	stop

no_table:
	.word	0
	.long	0

	.section .note.GNU-stack, "", @progbits
