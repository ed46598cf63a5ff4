/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _VPCI_FUNCTION_H
#define _VPCI_FUNCTION_H

#include <linux/kvpci.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "bar.h"
#include "interrupt.h"
#include "regs.h"
#include "trace.h"

struct vpci_host;

/**
 * struct vpci_function - a PCI function
 * @host: the bridge that it is behind
 * @lock: guards writes to @config and to register regions, and what @bars say of
 *	where they are; taken on guest accesses, inside the host's lock
 * @config: configuration space
 * @bars: the BARs, the ROM's last
 * @interrupts: how it may interrupt the guest
 * @effects: a bit for each dword of the first 256 bytes of configuration space, set if
 *	writes to it have effects on more than BARs
 * @interrupt_registers: likewise, set if @interrupts follow it
 * @device_control: offset of the PCI Express device control register if the guest can
 *	reset the function there; otherwise 0
 * @reset_eventfd: signalled after a reset, or NULL
 * @link: in the host's list; guarded by the host's lock
 * @plugged: the guest sees it; guarded by @lock and by the host's
 * @bus: bus number
 * @devfn: device and function number
 * @nr_regions: of all BARs; guarded by the host's lock
 * @nr_doorbells: of all BARs; guarded by the host's lock
 * @serial: no other function of the host had or will have this number
 * @user_data: the caller's
 */
struct vpci_function {
	struct vpci_host *host;
	spinlock_t lock;	/* guest-written state, see above */
	struct vpci_regs config;
	struct vpci_bar bars[VPCI_NUM_BARS];
	struct vpci_interrupts interrupts;
	u64 effects;
	u64 interrupt_registers;
	u16 device_control;
	struct eventfd_ctx *reset_eventfd;
	struct list_head link;
	bool plugged;
	u8 bus;
	u8 devfn;
	u16 nr_regions;
	u16 nr_doorbells;
	u64 serial;
	u64 user_data;
};

int vpci_function_create(struct vpci_host *host,
			 const struct kvpci_function_config __user *arg);
struct vpci_function *
vpci_function_new(struct vpci_host *host,
		  const struct kvpci_function_config *desc);
int vpci_function_plug(struct vpci_function *function);
void vpci_function_remove(struct vpci_function *function);

void vpci_function_add_interrupt(struct vpci_function *function, u32 offset,
				 u32 len);
void vpci_function_config_write(struct vpci_function *function, u32 offset,
				u32 len, const void *val);
void vpci_function_config_read_traced(struct vpci_function *function, u32 offset,
				      u32 len, void *val);

/**
 * vpci_function_config_read() - read configuration space as the guest does
 * @function: the function
 * @offset: first byte
 * @len: bytes, at most 8; @offset + @len is within configuration space
 * @val: where to put them
 *
 * Context: a callback of a claim.
 */
static inline void vpci_function_config_read(struct vpci_function *function, u32 offset,
					     u32 len, void *val)
{
	/* Nothing has to be kept for after the read unless someone wants to know. */
	if (trace_kvpci_config_read_enabled())
		vpci_function_config_read_traced(function, offset, len, val);
	else
		vpci_regs_read(&function->config, offset, len, val);
}

#endif /* _VPCI_FUNCTION_H */
