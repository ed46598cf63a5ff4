// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's end of an interrupt: a handler for the one message, which acknowledges it
 * and counts. The local APIC is in x2APIC mode, in which an access is an instruction that
 * KVM knows without decoding it.
 */
#include <stdbool.h>
#include <linux/types.h>

#include "interrupt.h"
#include "places.h"
#include "print.h"

#define MSR_APIC_BASE		0x1b
#define APIC_BASE_ENABLE	0xc00	/* and in x2APIC mode */
#define MSR_X2APIC_EOI		0x80b
#define MSR_X2APIC_SPURIOUS	0x80f
#define SPURIOUS_ENABLE		0x1ff

#define CODE64			0x08	/* as start.S has it */
#define GATE_INTERRUPT		0x8e00	/* present, interrupts off in the handler */

/* In no operation does it take more than some hundred. */
#define PATIENCE		100000000

struct gate {
	__u16 offset0;
	__u16 selector;
	__u16 flags;
	__u16 offset16;
	__u32 offset32;
	__u32 reserved;
};

struct gate_pointer {
	__u16 limit;
	__u64 address;
} __attribute__((packed));

struct frame;

static struct gate gates[MESSAGE_DATA + 1];
static __u32 handled;		/* changes at any time */
static __u32 expected;

static __u64 rdmsr(__u32 msr)
{
	__u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (__u64)high << 32 | low;
}

static void wrmsr(__u32 msr, __u64 val)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((__u32)val),
		     "d"((__u32)(val >> 32)) : "memory");
}

static __attribute__((interrupt)) void handler(struct frame *frame)
{
	wrmsr(MSR_X2APIC_EOI, 0);
	__atomic_store_n(&handled, handled + 1, __ATOMIC_RELAXED);
}

/* Have the message handled. Any other interrupt or exception ends the machine. */
void interrupt_enable(void)
{
	const struct gate_pointer pointer = {
		.limit = sizeof(gates) - 1,
		.address = (unsigned long)gates,
	};
	unsigned long address = (unsigned long)handler;

	gates[MESSAGE_DATA] = (struct gate) {
		.offset0 = address,
		.selector = CODE64,
		.flags = GATE_INTERRUPT,
		.offset16 = address >> 16,
		.offset32 = address >> 32,
	};
	asm volatile("lidt %0" : : "m"(pointer));
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
	wrmsr(MSR_X2APIC_SPURIOUS, SPURIOUS_ENABLE);
	asm volatile("sti");
}

static bool all_handled(void)
{
	return __atomic_load_n(&handled, __ATOMIC_RELAXED) == expected;
}

/* The message is going to be sent once. */
void interrupt_expect(void)
{
	expected++;
}

void interrupt_wait(void)
{
	unsigned int i;

	for (i = 0; !all_handled(); i++)
		if (i == PATIENCE)
			fail("an interrupt was lost, or invented");
}

/* Take no interrupts any more. */
void interrupt_disable(void)
{
	asm volatile("cli");
	if (!all_handled())
		fail("an interrupt was lost, or invented");
}
