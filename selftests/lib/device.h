/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>

#include <linux/kvpci.h>
#include <linux/types.h>

#include "rig.h"

/* Where a device's BARs are, if it does not say what it has. */
#define BAR_MSIX	0	/* 64 KiB */
#define BAR_TRIGGERS	2	/* 4 KiB, with 'triggers': see trigger_place() */
#define NR_TRIGGERS	16	/* vectors of MSI and of MSI-X that have a register there */

/**
 * struct device_desc - what a function is to be like
 * @bdf: where it is
 * @behind: the bridge that it is behind, or NULL
 * @bars: its BARs; none: those above
 * @msix: with vectors: its MSI-X, of which the size is filled in
 * @msi: the same for MSI
 * @pin: its INTx pin
 * @express: with function-level reset
 * @slot: a root port with a slot of these capabilities, which interrupts by vector @vector; 0: none
 * @vector: as above
 * @triggers: with registers that trigger its interrupts
 * @hands: the library may hand its vectors over
 * @unkept: the library does not know of it: its messages' routes are the test's business
 */
struct device_desc {
	int bdf;
	const struct kvpci_function *behind;
	struct kvpci_bar bars[KVPCI_NUM_BARS];
	struct kvpci_msix msix;
	struct kvpci_msi msi;
	__u8 pin;
	bool express;
	__u32 slot;
	__u8 vector;
	bool triggers;
	bool hands;
	bool unkept;
};

/**
 * struct device - a function, and what one has to know to be its driver
 * @rig: its machine
 * @handle: what the library has of it; NULL: nothing, or it has been closed
 * @function: a descriptor of it, which the library's is a duplicate of
 * @desc: what it was made of
 * @reset_event: tells that it was reset
 * @route_event: if the library does not know of it, tells that messages wait for routes
 * @msix: where its MSI-X capability is
 * @msi: where its MSI capability is
 * @express: where its PCI Express capability is
 * @bar: where its BARs are, once it is plugged
 * @table: where the MSI-X table is
 * @pba: where the pending bits are
 * @source: by enum kvpci_interrupt, eventfds that are bound to its first vectors, or 0
 * @gsi: the one that its pin leads to, or 0
 * @irqfd: and its eventfds
 * @resample: as above
 */
struct device {
	struct rig *rig;
	struct kvpci_function *handle;
	int function;
	struct device_desc desc;
	int reset_event;
	int route_event;
	unsigned int msix;
	unsigned int msi;
	unsigned int express;
	__u64 bar[KVPCI_NUM_BARS];
	__u64 table;
	__u64 pba;
	int source[KVPCI_MSIX + 1][NR_TRIGGERS];
	__u32 gsi;
	int irqfd;
	int resample;
};

struct device *device_new(struct rig *rig, struct device_desc desc);
void device_plug(struct device *device);
struct device *device_plugged(struct rig *rig, struct device_desc desc);
void device_place(struct device *device, __u16 command);
void device_close(struct device *device);
void device_free(struct device *device);

/*
 * The guest's driver, on vCPU 0. Writes return when messages that have become ready by
 * them have their routes.
 */
void bar_write(struct device *device, __u64 addr, __u8 size, __u64 value);
__u64 bar_read(struct device *device, __u64 addr, __u8 size);
void config_write(struct device *device, unsigned int offset, __u8 size, __u32 value);
__u32 config_read(struct device *device, unsigned int offset, __u8 size);
void set_master(struct device *device, bool on);
void settle(struct device *device);

#define MSIX_ENTRY	16		/* bytes of an entry of the table */

void msix_control(struct device *device, __u16 value);
void msix_message(struct device *device, unsigned int vector, __u64 address, __u32 data);
void msix_mask(struct device *device, unsigned int vector, bool masked);
bool msix_pending(struct device *device, unsigned int vector);

void msi_message(struct device *device, __u64 address, __u16 data);
void msi_control(struct device *device, __u16 value);
unsigned int msi_mask_register(const struct device *device);
unsigned int msi_pending_register(const struct device *device);

/* Ways to trigger an interrupt. */
enum source {
	BY_IOCTL,
	BY_EVENTFD,
	BY_REGISTER,
	NR_SOURCES
};

void fire(struct device *device, enum source how, __u32 interrupt, __u32 vector);
__u64 trigger_place(const struct device *device, __u32 interrupt, __u32 vector);
__u64 lower_place(const struct device *device);

void connect_pin(struct device *device, __u32 gsi);
void disconnect_pin(struct device *device);

#endif /* DEVICE_H */
