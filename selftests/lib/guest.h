/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GUEST_H
#define GUEST_H

#include <linux/types.h>

#include "agent.h"
#include "vm.h"

/* A list of ops: begin, add some, run. */
void guest_begin(struct vcpu *vcpu);
struct agent_op *guest_add(struct vcpu *vcpu, struct agent_op op);
void guest_prepare(struct vcpu *vcpu, __u64 loops);
void guest_start(struct vcpu *vcpu, __u64 loops);
void guest_begun(struct vcpu *vcpu);
void guest_stop(struct vcpu *vcpu);
void guest_wait(struct vcpu *vcpu);
void guest_run(struct vcpu *vcpu, __u64 loops);

static inline struct agent_op *add_in(struct vcpu *vcpu, __u16 port, __u8 size)
{
	return guest_add(vcpu, (struct agent_op) {
		.kind = OP_IN, .addr = port, .size = size });
}

static inline struct agent_op *add_out(struct vcpu *vcpu, __u16 port, __u8 size,
				       __u32 value)
{
	return guest_add(vcpu, (struct agent_op) {
		.kind = OP_OUT, .addr = port, .size = size, .value = value });
}

static inline struct agent_op *add_load(struct vcpu *vcpu, __u64 addr, __u8 size)
{
	return guest_add(vcpu, (struct agent_op) {
		.kind = OP_LOAD, .addr = addr, .size = size });
}

static inline struct agent_op *add_expect(struct vcpu *vcpu, __u64 addr,
					  __u8 size, __u64 value)
{
	return guest_add(vcpu, (struct agent_op) {
		.kind = OP_LOAD, .addr = addr, .size = size, .value = value,
		.flags = OP_EXPECT });
}

static inline struct agent_op *add_store(struct vcpu *vcpu, __u64 addr, __u8 size,
					 __u64 value)
{
	return guest_add(vcpu, (struct agent_op) {
		.kind = OP_STORE, .addr = addr, .size = size, .value = value });
}

/* Add @step to the counter at @addr. */
static inline struct agent_op *add_count(struct vcpu *vcpu, __u64 addr, __u64 step)
{
	return guest_add(vcpu, (struct agent_op) {
		.kind = OP_ADD, .addr = addr, .value = step });
}

/* Wait until the counter at @addr is @value, in each loop @step more. */
static inline struct agent_op *add_wait(struct vcpu *vcpu, __u64 addr, __u64 value,
					__u64 step)
{
	return guest_add(vcpu, (struct agent_op) {
		.kind = OP_WAIT, .addr = addr, .value = value, .step = step });
}

static inline struct agent_op *add_spin(struct vcpu *vcpu, __u64 times)
{
	return guest_add(vcpu, (struct agent_op) { .kind = OP_SPIN, .value = times });
}

/* One access by vCPU 0. */
__u32 guest_in(struct vm *vm, __u16 port, __u8 size);
void guest_out(struct vm *vm, __u16 port, __u8 size, __u32 value);
__u64 guest_load(struct vm *vm, __u64 addr, __u8 size);
void guest_store(struct vm *vm, __u64 addr, __u8 size, __u64 value);

/* For vcpu.on_exit: notes the access in vcpu.exits; reads give 0x5a5a5a5a5a5a5a5a. */
guest_exit_fn exit_is_noted;
#define EXIT_ANSWER	0x5a5a5a5a5a5a5a5aULL

/* All ones, in @size bytes. */
static inline __u64 ones(unsigned int size)
{
	return ~0ULL >> (64 - 8 * size);
}

#endif /* GUEST_H */
