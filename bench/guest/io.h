/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One guest instruction each: accesses to ports and to device memory, and the
 * time-stamp counter.
 */
#ifndef IO_H
#define IO_H

#include <linux/types.h>

static inline void outb(__u16 port, __u8 val)
{
	asm volatile("outb %0, %1" : : "a"(val), "Nd"(port) : "memory");
}

static inline void outw(__u16 port, __u16 val)
{
	asm volatile("outw %0, %1" : : "a"(val), "Nd"(port) : "memory");
}

static inline void outl(__u16 port, __u32 val)
{
	asm volatile("outl %0, %1" : : "a"(val), "Nd"(port) : "memory");
}

static inline __u8 inb(__u16 port)
{
	__u8 val;

	asm volatile("inb %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

static inline __u32 inl(__u16 port)
{
	__u32 val;

	asm volatile("inl %1, %0" : "=a"(val) : "Nd"(port) : "memory");
	return val;
}

static inline void writeb(unsigned long addr, __u8 val)
{
	asm volatile("movb %0, (%1)" : : "q"(val), "r"(addr) : "memory");
}

static inline void writew(unsigned long addr, __u16 val)
{
	asm volatile("movw %0, (%1)" : : "r"(val), "r"(addr) : "memory");
}

static inline void writel(unsigned long addr, __u32 val)
{
	asm volatile("movl %0, (%1)" : : "r"(val), "r"(addr) : "memory");
}

static inline __u8 readb(unsigned long addr)
{
	__u8 val;

	asm volatile("movb (%1), %0" : "=q"(val) : "r"(addr) : "memory");
	return val;
}

static inline __u32 readl(unsigned long addr)
{
	__u32 val;

	asm volatile("movl (%1), %0" : "=r"(val) : "r"(addr) : "memory");
	return val;
}

static inline __u64 rdtsc(void)
{
	__u32 low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (__u64)high << 32 | low;
}

#endif /* IO_H */
