/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PCI_H
#define PCI_H

#include <libkvpci.h>
#include <linux/kvpci.h>
#include <linux/pci_regs.h>

#include "vm.h"

#define ECAM_BASE	0xb0000000ULL
#define MEM32_BASE	0xc0000000ULL
#define MEM32_LENGTH	0x3e000000ULL
#define IO_BASE		0x1000ULL
#define IO_LENGTH	0xf000ULL

/* Where a function is, as one number. */
#define BDF(bus, device, function)	((bus) << 8 | (device) << 3 | (function))

/* Of the bridge's own function, and of others by default. */
#define BRIDGE_VENDOR	0x1b36
#define BRIDGE_DEVICE	0x0008
#define VENDOR		0x1234
#define DEVICE		0x5678

#define CF8_ADDRESS	0xcf8
#define CF8_DATA	0xcfc
#define CF8_ENABLE	0x80000000U

/**
 * struct host - a host bridge
 * @vm: its machine
 * @fd: its descriptor
 * @bridge: what the library has of it, or NULL
 * @gsis: KVM's routes, if its functions may interrupt, or NULL
 * @mirrored: it has mirrors
 * @follower: its event loop, if there is something to do, or NULL
 * @config: what it was made of
 */
struct host {
	struct vm *vm;
	int fd;
	struct kvpci_host *bridge;
	struct kvpci_gsis *gsis;
	bool mirrored;
	struct follower *follower;
	struct kvpci_host_config config;
};

/* The two ways of a guest to configuration space. */
enum mechanism {
	BY_PORTS,
	BY_ECAM,
};

int get_exit(int host_fd, const struct guest_exit *exit, int vcpu,
	     struct kvpci_exit *answer);

/* Those that must succeed. */
struct kvpci_host_config host_defaults(struct vm *vm);
struct host *host_new(struct vm *vm);
struct host *host_new_from(struct vm *vm, const struct kvpci_host_config *config);
struct host *host_new_plain(struct vm *vm);
void host_close(struct host *host);
void host_free(struct host *host);
void host_sync(struct host *host);
__u64 host_updates(struct host *host);
void host_ignore(struct host *host);
struct kvpci_function *function_by_library(struct host *host, int bdf,
					   struct kvpci_function_config desc,
					   const struct kvpci_function *parent);
int function_new(struct host *host, int bdf, struct kvpci_function_config desc);
int function_plugged(struct host *host, int bdf,
		     struct kvpci_function_config desc);
void add_registers(int function, __u32 bar, __u64 offset, __u64 length,
		   const void *value, const void *writable,
		   const void *write1clear);
void add_memory(int function, __u32 bar, __u64 offset, __u64 length);
void add_userspace(int function, __u32 bar, __u64 offset, __u64 length);
int doorbell_at(int function, __u32 bar, __u64 offset, __u32 length);

/* Configuration space as the guest sees it, by vCPU 0. */
__u64 ecam_address(const struct host *host, int bdf, unsigned int offset);
__u64 cfg_read(struct host *host, enum mechanism how, int bdf,
	       unsigned int offset, __u8 size);
void cfg_write(struct host *host, enum mechanism how, int bdf,
	       unsigned int offset, __u8 size, __u64 value);
struct agent_op *add_cfg_read(struct vcpu *vcpu, const struct host *host,
			      enum mechanism how, int bdf, unsigned int offset,
			      __u8 size);
struct agent_op *add_cfg_write(struct vcpu *vcpu, const struct host *host,
			       enum mechanism how, int bdf, unsigned int offset,
			       __u8 size, __u64 value);

/* Short for the guest's own driver. */
static inline unsigned int bar_register(unsigned int bar)
{
	return bar == KVPCI_BAR_ROM ? PCI_ROM_ADDRESS :
				      PCI_BASE_ADDRESS_0 + 4 * bar;
}

#define DECODE_ALL	(PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

void set_command(struct host *host, int bdf, __u16 command);
void set_bar(struct host *host, int bdf, unsigned int bar, __u32 value);
void set_bar64(struct host *host, int bdf, unsigned int bar, __u64 value);

#endif /* PCI_H */
