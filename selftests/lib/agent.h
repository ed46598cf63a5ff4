/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AGENT_H
#define AGENT_H

#include <linux/types.h>

enum agent_op_kind {
	OP_IN,		/* port read */
	OP_OUT,		/* port write */
	OP_LOAD,	/* memory read; 16 bytes: to guest memory at @value */
	OP_STORE,	/* memory write; 16 bytes: from guest memory at @value */
	OP_INS,		/* rep ins: @count times, to guest memory at @value */
	OP_OUTS,	/* rep outs: @count times, from guest memory at @value */
	OP_MOVS,	/* rep movs: @count times, from @value to @addr */
	OP_ADD,		/* locked add of @value to the word at @addr */
	OP_WAIT,	/* until the word at @addr is @value or more, or told to stop */
	OP_IDLE,	/* the same, halted while it isn't; interrupts are let in */
	OP_STI,		/* let interrupts in; at the start of a list they are not */
	OP_CLI,		/* keep them out */
	OP_SPIN,	/* do nothing @value times */
};

/* OP_IN, OP_LOAD: note it in the list if the result is not @value, but for @ignore. */
#define OP_EXPECT	(1 << 0)

/**
 * struct agent_op - something that the guest does
 * @kind: enum agent_op_kind
 * @size: bytes of an access: 1, 2, 4, memory also 8 and 16
 * @flags: OP_EXPECT
 * @count: of string instructions
 * @addr: guest address or port
 * @value: what to write or expect, a buffer, or a counter, see @kind
 * @step: added to @value after each time
 * @ignore: bits that OP_EXPECT does not look at
 * @result: what a read gave the last time
 */
struct agent_op {
	__u8 kind;
	__u8 size;
	__u16 flags;
	__u32 count;
	__u64 addr;
	__u64 value;
	__u64 step;
	__u64 ignore;
	__u64 result;
};

/**
 * struct agent_list - what a vCPU is to do
 * @ops: address of the first
 * @nr: how many
 * @loops: how many times to do all of them
 * @stop: not 0: wait for nothing, and end when the loop that runs is done
 * @end_port: not 0: write there in the end; 0: halt
 * @done: loops that are complete
 * @wrong: how many times an expectation was not met
 * @wrong_op: index of the first op of which it was not
 * @wrong_loop: and the loop
 * @wrong_result: and what was read
 */
struct agent_list {
	__u64 ops;
	__u64 nr;
	__u64 loops;
	__u64 stop;
	__u64 end_port;
	__u64 done;
	__u64 wrong;
	__u64 wrong_op;
	__u64 wrong_loop;
	__u64 wrong_result;
};

#define NR_VECTORS	256
#define VECTOR_NMI	2

/**
 * struct agent_interrupts - the interrupts of a vCPU, at the start of its GS segment
 * @self: guest address of this
 * @x2apic: not 0: the local APIC's registers are MSRs
 * @sequence: guest address of NR_VECTORS words
 * @count: how many of each vector it has handled
 * @seen: the word of @sequence when it last handled that vector
 * @ack: per vector, a guest address to write a dword of 1 to before the end of
 *	interrupt; 0: none
 */
struct agent_interrupts {
	__u64 self;
	__u64 x2apic;
	__u64 sequence;
	__u64 count[NR_VECTORS];
	__u64 seen[NR_VECTORS];
	__u64 ack[NR_VECTORS];
};

/* In a machine with an interrupt controller it writes here when it is through. */
#define AGENT_END_PORT	0x510

/*
 * Its code, which runs anywhere. agent_main() is to be called with a list, and halts. The
 * entries for interrupts are AGENT_ENTRY_SIZE bytes each, one for each vector.
 */
#define AGENT_ENTRY_SIZE	16

extern const char __start_agent_text[], __stop_agent_text[];
extern const char agent_entries[];
void agent_main(struct agent_list *list);
void agent_handle(void *frame, unsigned long vector);

#endif /* AGENT_H */
