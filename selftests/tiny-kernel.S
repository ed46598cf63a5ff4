/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The smallest kernel that can be booted: an ELF file with a PVH note, in 32-bit mode.
 * Does what the first letter of its command line says:
 *
 *	p	power off through the ACPI control register (layout: kvpci-run's FADT)
 *	r	reset through port 0xcf9
 *	k	reset through the keyboard controller
 *	d	write 7 to kvpci-run's debug exit
 *	s	write 7 and then 8 there, with one instruction
 *	t	fault without an interrupt table: a triple fault
 *	o	print "out" on the serial port, then power off
 *	m	have BAR 0 of function 01.0, 4K of memory, move many times, and read where it
 *		was and where it is after each, then power off; a triple fault if that is
 *		not what it should be
 *	1	what the next letter says, as soon as a second processor has begun to write
 *		dots to the serial port, which it does without end
 *	2	the same, but the second processor does it and the first one writes
 *
 * Should it run on after it has ended itself, exclamation marks come out of the serial port,
 * from all processors, and then there is a triple fault.
 */
#define PVH_CMDLINE		24	/* of struct hvm_start_info, which %ebx points to */
#define XEN_ELFNOTE_PHYS32_ENTRY	18
#define SERIAL_PORT	0x3f8
#define DEBUG_EXIT	0xf4
#define LOCAL_APIC	0xfee00000
#define SPURIOUS	(LOCAL_APIC + 0xf0)
#define SPURIOUS_ENABLE	0x1ff
#define ICR_LOW		(LOCAL_APIC + 0x300)
#define ICR_HIGH	(LOCAL_APIC + 0x310)
#define ICR_TO_SECOND	(1 << 24)
#define ICR_INIT	0x4500
#define ICR_STARTUP	0x4600
#define TRAMPOLINE	0x8000		/* in memory that is the kernel's to use */
#define SELECTOR_CODE	0x08
#define SELECTOR_DATA	0x10
#define CONFIG_SPACE	0xe0008000	/* of function 01.0, in kvpci-run's ECAM */
#define BAR		0x80000000	/* in its window of memory */
#define MOVES		300

	.macro	call_second
	movl	$trampoline, %esi
	movl	$TRAMPOLINE, %edi
	movl	$trampoline_end - trampoline, %ecx
	rep movsb
	movl	$SPURIOUS_ENABLE, SPURIOUS
	movl	$ICR_TO_SECOND, ICR_HIGH
	movl	$ICR_INIT, ICR_LOW
	movl	$ICR_STARTUP | TRAMPOLINE >> 12, ICR_LOW
	.endm

	.section .note.pvh, "a", @note
	.long	4, 4, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.long	_start

	.text
	.code32
	.globl	_start
_start:
	movl	PVH_CMDLINE(%ebx), %esi
	movl	%esi, letters
	cmpb	$'1', (%esi)
	je	second_writes
	cmpb	$'2', (%esi)
	je	second_acts

act:
	movb	(%esi), %al
	cmpb	$'r', %al
	je	reset
	cmpb	$'d', %al
	je	debug_exit
	cmpb	$'s', %al
	je	debug_exit_string
	cmpb	$'k', %al
	je	keyboard
	cmpb	$'t', %al
	je	fault
	cmpb	$'m', %al
	je	move
	cmpb	$'o', %al
	jne	power_off

	movl	$SERIAL_PORT, %edx
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

debug_exit:
	movb	$7, %al
	outb	%al, $DEBUG_EXIT
	jmp	stop

debug_exit_string:
	movl	$DEBUG_EXIT, %edx
	movl	$statuses, %esi
	movl	$2, %ecx
	rep outsb
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

/* No processor gets here. */
stop:
	movb	$1, stopped
	movl	$SERIAL_PORT, %edx
	movb	$'!', %al
	movl	$1000, %ecx
1:	outb	%al, %dx
	loop	1b
	jmp	fault

second_writes:
	movl	$write_on, second_entry
	call_second
	jmp	act_when_writing

second_acts:
	movl	$act_when_writing, second_entry
	call_second
write_on:
	movl	$SERIAL_PORT, %edx
1:	movb	$'.', %al
	cmpb	$0, stopped
	je	2f
	movb	$'!', %al
2:	outb	%al, %dx
	movb	$1, writing
	jmp	1b

act_when_writing:
	cmpb	$0, writing
	je	act_when_writing
	movl	letters, %esi
	incl	%esi
	jmp	act

/* The second processor starts here, in a copy at TRAMPOLINE and in real mode. */
	.code16
trampoline:
	lgdtl	%cs:gdt_pointer - trampoline
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$SELECTOR_CODE, $second
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

	.code32
second:
	movl	$SELECTOR_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	jmp	*second_entry

no_table:
	.word	0
	.long	0
statuses:
	.byte	7, 8

	.data
	.balign	8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
gdt_end:
letters:
	.long	0
second_entry:
	.long	0
writing:
	.byte	0
stopped:
	.byte	0

	.section .note.GNU-stack, "", @progbits
