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
	OP_WAIT,	/* until the word at @addr is @value or more */
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
 * @stop: not 0: end when the loop that runs is done
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
	__u64 done;
	__u64 wrong;
	__u64 wrong_op;
	__u64 wrong_loop;
	__u64 wrong_result;
};

/* Its code, which runs anywhere; it is to be called with a list, and halts. */
extern const char __start_agent_text[], __stop_agent_text[];
void agent_main(struct agent_list *list);

#endif /* AGENT_H */
