/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IRQ_H
#define IRQ_H

#include <stdbool.h>

#include <linux/types.h>

#include "keeper.h"
#include "lapic.h"
#include "pci.h"

/* The ioctls: what they return, or minus errno. */
int get_delivery(void);
int bind_eventfd(int function, __u32 interrupt, __u32 vector, int eventfd);
int unbind(int function, __u32 interrupt, __u32 vector);
int trigger(int function, __u32 interrupt, __u32 vector);
int withdraw(int function, __u32 interrupt, __u32 vector);
int lower(int function);
int reset(int function);
int get_route(int function, struct kvpci_route *route);
int set_route(int function, __u32 interrupt, __u32 vector, __u64 sequence, int eventfd,
	      int resample);
int remove_route(int function, __u32 interrupt, __u32 vector);

/**
 * struct rig - a machine that takes interrupts
 * @vm: its vCPUs; the first one accesses registers, the others wait for interrupts
 * @host: its bridge
 * @keeper: keeps the routes of messages
 * @listening: vCPUs wait for interrupts
 * @known: how many interrupts of each vCPU and vector have been asked for
 */
struct rig {
	struct vm *vm;
	struct host *host;
	struct keeper *keeper;
	bool listening;
	__u64 known[MAX_VCPUS][NR_VECTORS];
};

struct rig *rig_new(int nr_vcpus, unsigned int flags);
void rig_free(struct rig *rig);
void rig_listen(struct rig *rig);
void rig_deafen(struct rig *rig);

__u64 handled(struct rig *rig, int vcpu, __u8 vector);
__u64 take(struct rig *rig, int vcpu, __u8 vector, __u64 wanted);
__u64 take_rest(struct rig *rig, int vcpu, __u8 vector);
__u64 strays(struct rig *rig);
void rig_flush(struct rig *rig);

/* Where a device's BARs are, if it does not say what it has. */
#define BAR_MSIX	0	/* 64 KiB */
#define BAR_TRIGGERS	2	/* 4 KiB, with 'triggers': see trigger_place() */
#define NR_TRIGGERS	16	/* vectors of MSI and of MSI-X that have a register there */

/**
 * struct device_desc - what a function is to be like
 * @bdf: where it is
 * @bars: its BARs; none: those above
 * @msix: with vectors: its MSI-X, of which the size is filled in
 * @msi: the same for MSI
 * @pin: its INTx pin
 * @express: with function-level reset
 * @triggers: with registers that trigger its interrupts
 */
struct device_desc {
	int bdf;
	struct kvpci_bar bars[KVPCI_NUM_BARS];
	struct kvpci_msix msix;
	struct kvpci_msi msi;
	__u8 pin;
	bool express;
	bool triggers;
};

/**
 * struct device - a function, and what one has to know to be its driver
 * @rig: its machine
 * @function: its descriptor
 * @desc: what it was made of
 * @reset_event: tells that it was reset
 * @route_event: tells that it needs routes
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
 * @kept: what the keeper knows of it
 */
struct device {
	struct rig *rig;
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
	struct kept *kept;
};

struct device *device_new(struct rig *rig, struct device_desc desc);
void device_plug(struct device *device);
struct device *device_plugged(struct rig *rig, struct device_desc desc);
void device_place(struct device *device, __u16 command);
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
void ring(int eventfd);
__u64 trigger_place(const struct device *device, __u32 interrupt, __u32 vector);
__u64 lower_place(const struct device *device);

void connect_pin(struct device *device, __u32 gsi);
void disconnect_pin(struct device *device);

#endif /* IRQ_H */
