/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtio device's function without the kernel's module: its ioctls come here (the linker's
 * --wrap=ioctl), and do as much as the transport needs. Of registers with effects there is the ISR
 * status, which reading as the guest clears, and a reset of the function that comes in between.
 */
#ifndef FAKE_FUNCTION_H
#define FAKE_FUNCTION_H

#include <linux/types.h>

#include "function.h"
#include "virtio/internal.h"

#define FAKE_QUEUES	2
#define FAKE_BANKS	4

/* Where its MSI-X capability is, and the command register. */
#define FAKE_MSIX	0x40
#define FAKE_COMMAND	0x04

/**
 * struct fake_function - the function
 * @function: as the launcher has it
 * @config: configuration space
 * @bar: the registers behind BAR 0, but for
 * @common: the common configuration, as it is of each queue
 * @resets: the guest resets the function right after the status has been read next
 * @exits: which bytes of configuration space the launcher is to be told of
 * @interrupts: how many messages have been sent of each vector
 * @lowered: how many times the level of one has gone, by enum kvpci_interrupt
 * @reads: how many times the guest, or who acts for it, has read the ISR status
 */
struct fake_function {
	struct function function;
	__u8 config[256];
	__u8 bar[CONFIG_BAR_SIZE];
	struct common_config common[FAKE_BANKS];
	bool resets;
	bool exits[256];
	unsigned int interrupts[FAKE_QUEUES + 1];
	unsigned int lowered[KVPCI_MSIX + 1];
	unsigned int reads;
};

extern struct fake_function fake;

/* What the linker makes of calls of ioctl(), and the C library's. */
int __wrap_ioctl(int fd, unsigned long request, ...);
int __real_ioctl(int fd, unsigned long request, void *argument);

/* There is one at a time. */
void fake_create(struct device_spec *spec, bool msix);
void fake_destroy(void);

/* The launcher is told of none of these. The last one leaves configuration space alone. */
void fake_enable_msix(bool on);
void fake_set_master(bool on);
void fake_reset(void);

/* May it access memory? */
bool fake_is_master(void);

#endif /* FAKE_FUNCTION_H */
