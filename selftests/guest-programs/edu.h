/* SPDX-License-Identifier: GPL-2.0 */
/* The registers of QEMU's device edu (docs/specs/edu.txt there), and its DMA. */
#ifndef EDU_H
#define EDU_H

#include "program.h"

#define IDENTIFICATION	0x00
#define COMPLEMENT	0x04
#define FACTORIAL	0x08
#define STATUS		0x20
#define STATUS_BUSY	0x01
#define DMA_SOURCE	0x80
#define DMA_DESTINATION	0x88
#define DMA_COUNT	0x90
#define DMA_COMMAND	0x98
#define DMA_START	0x01
#define DMA_TO_MEMORY	0x02
#define DEVICE_BUFFER	0x40000

/* It has 4 KiB, and takes all but the last byte of them at a time. */
#define LENGTH		2048

/* BAR 0, for the program to set. */
static __u8 *registers;

static inline __u32 get(unsigned int offset)
{
	return __atomic_load_n((__u32 *)(registers + offset), __ATOMIC_SEQ_CST);
}

static inline void set(unsigned int offset, __u64 value)
{
	if (offset < DMA_SOURCE)
		__atomic_store_n((__u32 *)(registers + offset), value, __ATOMIC_RELEASE);
	else
		__atomic_store_n((__u64 *)(registers + offset), value, __ATOMIC_RELEASE);
}

static inline void await(unsigned int offset, __u32 bit)
{
	while (get(offset) & bit)
		usleep(1000);
}

static inline void transfer(__u64 source, __u64 destination, unsigned int command)
{
	set(DMA_SOURCE, source);
	set(DMA_DESTINATION, destination);
	set(DMA_COUNT, LENGTH);
	set(DMA_COMMAND, DMA_START | command);
	await(DMA_COMMAND, DMA_START);
}

/* What is copied is another process's only by chance. */
static inline void fill(__u8 *memory)
{
	int i;

	for (i = 0; i < LENGTH; i++)
		memory[i] = 7 * i + i / 256 + getpid();
}

#endif /* EDU_H */
