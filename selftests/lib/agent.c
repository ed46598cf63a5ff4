// SPDX-License-Identifier: GPL-2.0
/*
 * The code that runs in the guest: it does what a list in its memory says, and halts.
 *
 * It is compiled with the tests and copied into guest memory, so it is one function in
 * a section of its own that refers to nothing outside: no calls, no constants in
 * memory, no tables of jumps. An interrupt may come at any point of it, and uses its stack
 * (Makefile: -mno-red-zone).
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/cdefs.h>

#include "agent.h"

#pragma GCC target("general-regs-only")
#pragma GCC optimize("no-jump-tables", "no-tree-switch-conversion")

static __always_inline __u64 port_in(__u16 port, __u8 size)
{
	__u32 val = 0;

	if (size == 1)
		asm volatile("inb %w1, %b0" : "+a"(val) : "Nd"(port));
	else if (size == 2)
		asm volatile("inw %w1, %w0" : "+a"(val) : "Nd"(port));
	else
		asm volatile("inl %w1, %0" : "+a"(val) : "Nd"(port));
	return val;
}

static __always_inline void port_out(__u16 port, __u8 size, __u32 val)
{
	if (size == 1)
		asm volatile("outb %b0, %w1" : : "a"(val), "Nd"(port) : "memory");
	else if (size == 2)
		asm volatile("outw %w0, %w1" : : "a"(val), "Nd"(port) : "memory");
	else
		asm volatile("outl %0, %w1" : : "a"(val), "Nd"(port) : "memory");
}

static __always_inline __u64 load(const void *at, __u8 size, __u64 buffer)
{
	__u64 val = 0;

	if (size == 1)
		asm volatile("movb %1, %b0" : "+q"(val) : "m"(*(const __u8 *)at));
	else if (size == 2)
		asm volatile("movw %1, %w0" : "+r"(val) : "m"(*(const __u16 *)at));
	else if (size == 4)
		asm volatile("movl %1, %k0" : "+r"(val) : "m"(*(const __u32 *)at));
	else if (size == 8)
		asm volatile("movq %1, %0" : "+r"(val) : "m"(*(const __u64 *)at));
	else
		asm volatile("movdqu (%0), %%xmm0\n\tmovdqu %%xmm0, (%1)"
			     : : "r"(at), "r"(buffer) : "memory");
	return val;
}

static __always_inline void store(void *at, __u8 size, __u64 val)
{
	if (size == 1)
		asm volatile("movb %b1, %0" : "=m"(*(__u8 *)at) : "q"(val));
	else if (size == 2)
		asm volatile("movw %w1, %0" : "=m"(*(__u16 *)at) : "r"(val));
	else if (size == 4)
		asm volatile("movl %k1, %0" : "=m"(*(__u32 *)at) : "r"(val));
	else if (size == 8)
		asm volatile("movq %1, %0" : "=m"(*(__u64 *)at) : "r"(val));
	else
		asm volatile("movdqu (%1), %%xmm0\n\tmovdqu %%xmm0, (%0)"
			     : : "r"(at), "r"(val) : "memory");
}

static __always_inline void port_ins(__u16 port, __u8 size, __u64 to, __u64 count)
{
	if (size == 1)
		asm volatile("rep insb" : "+D"(to), "+c"(count)
			     : "d"(port) : "memory");
	else if (size == 2)
		asm volatile("rep insw" : "+D"(to), "+c"(count)
			     : "d"(port) : "memory");
	else
		asm volatile("rep insl" : "+D"(to), "+c"(count)
			     : "d"(port) : "memory");
}

static __always_inline void port_outs(__u16 port, __u8 size, __u64 from, __u64 count)
{
	if (size == 1)
		asm volatile("rep outsb" : "+S"(from), "+c"(count)
			     : "d"(port) : "memory");
	else if (size == 2)
		asm volatile("rep outsw" : "+S"(from), "+c"(count)
			     : "d"(port) : "memory");
	else
		asm volatile("rep outsl" : "+S"(from), "+c"(count)
			     : "d"(port) : "memory");
}

static __always_inline void move(__u64 to, __u64 from, __u8 size, __u64 count)
{
	if (size == 1)
		asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)
			     : : "memory");
	else if (size == 2)
		asm volatile("rep movsw" : "+D"(to), "+S"(from), "+c"(count)
			     : : "memory");
	else if (size == 4)
		asm volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count)
			     : : "memory");
	else
		asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count)
			     : : "memory");
}

static __always_inline bool reached(const struct agent_list *list, const void *at,
				    __u64 value)
{
	return __atomic_load_n((const __u64 *)at, __ATOMIC_SEQ_CST) >= value ||
	       __atomic_load_n(&list->stop, __ATOMIC_SEQ_CST);
}

/* No interrupt comes between the look and the halt: STI takes effect after HLT. */
static __always_inline void idle(const struct agent_list *list, const void *at,
				 __u64 value)
{
	for (;;) {
		asm volatile("cli" : : : "memory");
		if (reached(list, at, value))
			break;
		asm volatile("sti; hlt" : : : "memory");
	}
	asm volatile("sti" : : : "memory");
}

static __always_inline void spin(__u64 times)
{
	while (times--)
		asm volatile("pause");
}

static __always_inline __u64 perform(const struct agent_list *list,
				     const struct agent_op *op)
{
	void *at = (void *)op->addr;

	if (op->kind == OP_IN)
		return port_in(op->addr, op->size);
	if (op->kind == OP_LOAD)
		return load(at, op->size, op->value);

	if (op->kind == OP_OUT)
		port_out(op->addr, op->size, op->value);
	else if (op->kind == OP_STORE)
		store(at, op->size, op->value);
	else if (op->kind == OP_INS)
		port_ins(op->addr, op->size, op->value, op->count);
	else if (op->kind == OP_OUTS)
		port_outs(op->addr, op->size, op->value, op->count);
	else if (op->kind == OP_MOVS)
		move(op->addr, op->value, op->size, op->count);
	else if (op->kind == OP_ADD)
		__atomic_fetch_add((__u64 *)at, op->value, __ATOMIC_SEQ_CST);
	else if (op->kind == OP_WAIT)
		while (!reached(list, at, op->value))
			asm volatile("pause");
	else if (op->kind == OP_IDLE)
		idle(list, at, op->value);
	else if (op->kind == OP_STI)
		asm volatile("sti" : : : "memory");
	else if (op->kind == OP_CLI)
		asm volatile("cli" : : : "memory");
	else if (op->kind == OP_SPIN)
		spin(op->value);
	return 0;
}

__attribute__((section("agent_text"), used, noinline, no_stack_protector))
void agent_main(struct agent_list *list)
{
	struct agent_op *ops = (struct agent_op *)list->ops;
	__u64 loop, i;

	for (loop = 0; loop < list->loops; loop++) {
		if (__atomic_load_n(&list->stop, __ATOMIC_SEQ_CST))
			break;
		for (i = 0; i < list->nr; i++) {
			struct agent_op *op = &ops[i];
			__u64 result = perform(list, op);

			if (op->flags & OP_EXPECT &&
			    (result ^ op->value) & ~op->ignore &&
			    !list->wrong++) {
				list->wrong_op = i;
				list->wrong_loop = loop;
				list->wrong_result = result;
			}
			op->result = result;
			op->value += op->step;
		}
		__atomic_store_n(&list->done, loop + 1, __ATOMIC_SEQ_CST);
	}

	asm volatile("cli" : : : "memory");
	for (;;)
		if (list->end_port)
			port_out(list->end_port, 1, 0);
		else
			asm volatile("hlt" : : : "memory");
}

#define APIC_EOI_ADDRESS	0xfee000b0
#define APIC_EOI_MSR		0x80b

static __always_inline void end_of_interrupt(bool x2apic)
{
	if (x2apic)
		asm volatile("wrmsr" : : "c"(APIC_EOI_MSR), "a"(0), "d"(0) : "memory");
	else
		store((void *)APIC_EOI_ADDRESS, 4, 0);
}

/*
 * A device is acknowledged before its sequence is read: what it does after that interrupts
 * again. What is counted has been seen, before the local APIC may have the next one. A
 * non-maskable interrupt has no end. The compiler takes the vector for the error code of
 * an exception, and so removes it from the stack.
 */
__attribute__((section("agent_text"), used, noinline, no_stack_protector, interrupt))
void agent_handle(void *frame, unsigned long vector)
{
	struct agent_interrupts *self;
	__u64 ack;

	asm volatile("movq %%gs:0, %0" : "=r"(self));
	vector &= NR_VECTORS - 1;
	ack = self->ack[vector];
	if (ack)
		store((void *)ack, 4, 1);
	self->seen[vector] = __atomic_load_n((__u64 *)self->sequence + vector,
					     __ATOMIC_SEQ_CST);
	__atomic_store_n(&self->count[vector], self->count[vector] + 1, __ATOMIC_SEQ_CST);
	if (vector != VECTOR_NMI)
		end_of_interrupt(self->x2apic);
}

#define STRING(x)	#x
#define NUMBER(x)	STRING(x)

/* An entry for each vector, which pushes its number. */
asm(".pushsection agent_text, \"ax\", @progbits\n"
	".balign " NUMBER(AGENT_ENTRY_SIZE) "\n"
	".globl agent_entries\n"
	"agent_entries:\n"
	".set vector, 0\n"
	".rept " NUMBER(NR_VECTORS) "\n"
	"\tpushq $vector\n"
	"\tjmp agent_handle\n"
	"\t.balign " NUMBER(AGENT_ENTRY_SIZE) "\n"
	"\t.set vector, vector + 1\n"
	".endr\n"
	".popsection\n");
