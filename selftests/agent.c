// SPDX-License-Identifier: GPL-2.0
/*
 * The code that runs in the guest: it does what a list in its memory says, and halts.
 *
 * It is compiled with the tests and copied into guest memory, so it is one function in
 * a section of its own that refers to nothing outside: no calls, no constants in
 * memory, no tables of jumps.
 */
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

static __always_inline __u64 perform(const struct agent_op *op)
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
		while (__atomic_load_n((__u64 *)at, __ATOMIC_SEQ_CST) < op->value)
			asm volatile("pause");
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
			__u64 result = perform(op);

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

	for (;;)
		asm volatile("hlt" : : : "memory");
}
