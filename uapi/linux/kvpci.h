/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kvpci: PCI for KVM guests, emulated in the kernel.
 *
 * Objects are file descriptors, each made by an ioctl on the one before:
 *
 *	/dev/kvpci --KVPCI_CREATE_HOST--> host bridge --KVPCI_CREATE_FUNCTION--> function
 *
 * A host bridge belongs to one KVM virtual machine. Creating it claims the
 * guest addresses of configuration space and of the windows in which the guest
 * may place BARs; closing it gives them back. A function is first described
 * (KVPCI_CREATE_FUNCTION), then given what lies behind its BARs
 * (KVPCI_ADD_RANGE), and then plugged (KVPCI_PLUG), which is when the guest
 * first sees it. Closing a function's descriptor removes it from the guest.
 * Ranges, doorbells, and the eventfds that interrupt the guest may come and go at any time.
 *
 * What an access finds:
 *
 *	configuration space of a plugged function	its registers
 *	configuration space of any other function	all ones; writes are dropped
 *	a BAR window, where a BAR decodes		a doorbell, else a range,
 *							else all ones / dropped
 *	a BAR window, where no BAR decodes		all ones; writes are dropped
 *
 * Every structure starts with @size, which the caller sets to sizeof() of the
 * structure it was compiled with, and @flags. A kernel that knows a longer
 * structure takes the fields that are missing as zero; a kernel that knows a
 * shorter one refuses it with E2BIG unless all it does not know is zero. The
 * *_SIZE_VER0 are the sizes that the structures started with.
 * Pointers are carried as __u64.
 *
 * Errors of every ioctl here, on top of those that it documents:
 *
 *	EINVAL	@size is too small, a flag is unknown, padding is not zero
 *	E2BIG	@size is larger than known and the rest is not zero, or than a page
 *	EFAULT	a pointer does not lead to memory of the caller
 *	ENOMEM	out of memory, or over the caller's memory cgroup limit
 *	ENOTTY	no such ioctl on this kind of descriptor
 *	ENODEV	the host bridge's descriptor has been closed
 *	EMFILE	the caller has too many descriptors, or ENFILE: the system has; of ioctls
 *		that return one
 *
 * An ioctl that fails has changed nothing.
 */
#ifndef _UAPI_LINUX_KVPCI_H
#define _UAPI_LINUX_KVPCI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KVPCI_DEVICE_PATH	"/dev/kvpci"

#define KVPCI_IOC_MAGIC		0xbb

/* The interface that is described here. */
#define KVPCI_VERSION		1

/**
 * KVPCI_GET_VERSION - ask which interface the kernel has
 *
 * On /dev/kvpci. The argument is 0. A caller that was built for another KVPCI_VERSION than what
 * this returns can't expect any other ioctl to do what it is to. What is added so that callers
 * which do not know of it go on as before, such as longer structures, leaves the version alone.
 *
 * Return: KVPCI_VERSION of the kernel, or
 *	EINVAL	the argument is not 0
 */
#define KVPCI_GET_VERSION	_IO(KVPCI_IOC_MAGIC, 0x13)

/**
 * struct kvpci_window - a range of guest addresses in which BARs may be placed
 * @base: first address. Memory: multiple of 4096. Ports: multiple of 4.
 * @length: bytes, a multiple of the same; 0 if the bridge has no such window
 */
struct kvpci_window {
	__u64 base;
	__u64 length;
};

/* Claim ports 0xcf8 to 0xcff: configuration mechanism #1. */
#define KVPCI_HOST_CONFIG_PORTS	(1U << 0)
/* Claim memory at @ecam: the enhanced configuration access mechanism. */
#define KVPCI_HOST_ECAM		(1U << 1)
/* Claim ports 0xcf8 to 0xcff, but have nothing there, so that guests which look for
 * mechanism #1 are answered in the kernel. Not with KVPCI_HOST_CONFIG_PORTS.
 */
#define KVPCI_HOST_CONFIG_PORTS_ABSENT	(1U << 2)
/* BARs have mirrors; signal @mirror_eventfd when what KVPCI_GET_MIRROR has to tell is worth it. */
#define KVPCI_HOST_MIRROR	(1U << 3)
/* Messages are sent as these say, see enum kvpci_delivery; with none of them as KVPCI_GET_DELIVERY
 * of /dev/kvpci tells.
 */
#define KVPCI_HOST_DIRECT	(1U << 4)
#define KVPCI_HOST_IRQFD	(1U << 5)

#define KVPCI_HOST_FLAGS	(KVPCI_HOST_CONFIG_PORTS | KVPCI_HOST_ECAM | \
				 KVPCI_HOST_CONFIG_PORTS_ABSENT | \
				 KVPCI_HOST_MIRROR | KVPCI_HOST_DIRECT | \
				 KVPCI_HOST_IRQFD)

/**
 * struct kvpci_host_config - argument of KVPCI_CREATE_HOST
 * @size: sizeof(struct kvpci_host_config)
 * @flags: KVPCI_HOST_*; at least one way to configuration space
 * @vm_fd: what KVM_CREATE_VM returned
 * @segment: PCI segment group number, as in the ACPI MCFG table. The kernel
 *	only repeats it in struct kvpci_exit.
 * @first_bus: first bus number behind this bridge
 * @last_bus: last bus number, not below @first_bus
 * @ecam: with KVPCI_HOST_ECAM, the address that bus 0 has or would have, as in
 *	the ACPI MCFG table; a multiple of 1 MiB. Bus N is at @ecam + N MiB, and
 *	the bridge claims @first_bus to @last_bus. Otherwise 0.
 * @io: port window, within 64 KiB
 * @mem32: memory window below 4 GiB
 * @mem64: memory window below 2^52, for 64-bit BARs
 * @vendor: vendor ID of the bridge's own function, @first_bus:00.0; not 0xffff
 * @device: device ID of the same
 * @subsystem_vendor: subsystem vendor ID of the same
 * @subsystem: subsystem ID of the same
 * @revision: revision ID of the same
 * @pad: zero
 * @mirror_eventfd: with KVPCI_HOST_MIRROR, an eventfd; otherwise 0
 */
struct kvpci_host_config {
	__u32 size;
	__u32 flags;
	__s32 vm_fd;
	__u16 segment;
	__u8 first_bus;
	__u8 last_bus;
	__u64 ecam;
	struct kvpci_window io;
	struct kvpci_window mem32;
	struct kvpci_window mem64;
	__u16 vendor;
	__u16 device;
	__u16 subsystem_vendor;
	__u16 subsystem;
	__u8 revision;
	__u8 pad[3];
	__s32 mirror_eventfd;
};

#define KVPCI_HOST_CONFIG_SIZE_VER0	88

/**
 * KVPCI_CREATE_HOST - put a PCI host bridge into a virtual machine
 *
 * On /dev/kvpci. The bridge's own function, class 06 00 00 (host bridge), is
 * there when the call returns. The virtual machine lives at least as long as the
 * returned descriptor is open.
 *
 * What interrupts have deferred is done by a thread that belongs to the calling
 * process: it is in its cgroups, has its nice value, and rests while it is stopped.
 *
 * Return: a descriptor, close-on-exec, or
 *	EBADF	@vm_fd or @mirror_eventfd is not open
 *	EINVAL	@vm_fd is not a KVM virtual machine, @mirror_eventfd not an eventfd;
 *		no way to configuration space asked for, or the ports in two ways; both
 *		KVPCI_HOST_DIRECT and KVPCI_HOST_IRQFD;
 *		@last_bus below @first_bus; a window that is misaligned, out of bounds or
 *		overlaps another or the ECAM range; @vendor 0xffff; an eventfd without its
 *		flag
 *	EIO	the virtual machine was made by another process
 *	EOPNOTSUPP	KVPCI_HOST_DIRECT, and the kernel can't, or is not to
 *	EBUSY	another device on the virtual machine's bus, this bridge's kind or
 *		KVM's own, already has one of the addresses
 *	ENOSPC	the virtual machine's bus is full
 */
#define KVPCI_CREATE_HOST	_IO(KVPCI_IOC_MAGIC, 0x00)

/* Numbers of BARs, and of the two other things that @bar may name. */
#define KVPCI_NUM_BARS		6
#define KVPCI_BAR_ROM		6
#define KVPCI_CONFIG		7

#define KVPCI_BAR_IO		(1U << 0)	/* ports, not memory */
#define KVPCI_BAR_64BIT		(1U << 1)	/* takes the next BAR too */
#define KVPCI_BAR_PREFETCH	(1U << 2)	/* prefetchable memory */

#define KVPCI_BAR_FLAGS		(KVPCI_BAR_IO | KVPCI_BAR_64BIT | \
				 KVPCI_BAR_PREFETCH)

/**
 * struct kvpci_bar - a base address register
 * @size: bytes, a power of two; 0 if there is no such BAR.
 *	I/O: 4 to 32768. 32-bit memory: 16 to 2^31. 64-bit memory: 16 to 2^40.
 * @flags: KVPCI_BAR_*
 * @pad: zero
 */
struct kvpci_bar {
	__u64 size;
	__u32 flags;
	__u32 pad;
};

/* An extended capability, from offset 0x100; otherwise one in 0x40 to 0xff. */
#define KVPCI_CAP_EXTENDED	(1U << 0)
/* MSI-X, which the kernel makes: @value is the address of a struct kvpci_msix. */
#define KVPCI_CAP_MSIX		(1U << 1)
/* MSI, likewise: @value is the address of a struct kvpci_msi. */
#define KVPCI_CAP_MSI		(1U << 2)

#define KVPCI_CAP_FLAGS		(KVPCI_CAP_EXTENDED | KVPCI_CAP_MSIX | \
				 KVPCI_CAP_MSI)

/**
 * struct kvpci_capability - one entry of a function's capability list
 * @flags: KVPCI_CAP_*
 * @id: capability ID; at most 0xff unless extended
 * @version: version of an extended capability, 1 to 15; otherwise 0
 * @pad: zero
 * @offset: where it goes, a multiple of 4, or 0 for the first place after the
 *	one before it in the array. The first extended one always goes to 0x100.
 * @length: bytes, its header (2 bytes, extended: 4) included; rounded up to a
 *	multiple of 4 in the layout
 * @pad1: zero
 * @value: user address of @length bytes, the contents at reset. The kernel
 *	fills in the header: what @value has there is ignored.
 * @writable: user address of @length bytes, each set bit of which the guest may
 *	write; 0: none. The header's bits are never writable.
 * @write1clear: user address of @length bytes, each set bit of which the guest
 *	clears by writing one; 0: none. No bit may be both.
 *
 * With KVPCI_CAP_MSIX and KVPCI_CAP_MSI, @id is 0x11 and 0x05, @length the sizeof() of the
 * structure that @value leads to, and @writable and @write1clear are 0. What has any
 * other of those flags, or none, may not have these IDs. A PCI Express capability
 * (0x10) that announces function-level reset makes the kernel do it, see KVPCI_RESET; a bridge's
 * may not. A bridge's that says that there is a slot makes the kernel have it, see "slots".
 */
struct kvpci_capability {
	__u32 flags;
	__u16 id;
	__u8 version;
	__u8 pad;
	__u16 offset;
	__u16 length;
	__u32 pad1;
	__u64 value;
	__u64 writable;
	__u64 write1clear;
};

#define KVPCI_CAPABILITY_SIZE_VER0	40

#define KVPCI_MAX_CAPABILITIES	128

#define KVPCI_MAX_MSIX_VECTORS	2048
#define KVPCI_MAX_MSI_VECTORS	32

/**
 * struct kvpci_msix - MSI-X (PCI Local Bus 3.0, 6.8.2)
 * @size: sizeof(struct kvpci_msix), which the capability's length repeats
 * @flags: zero
 * @vectors: how many, 1 to KVPCI_MAX_MSIX_VECTORS
 * @table_bar: memory BAR that holds the table, of 16 bytes a vector
 * @pba_bar: memory BAR that holds the pending bits, 8 bytes for each 64 vectors begun
 * @table_offset: of the table in its BAR, a multiple of 8
 * @pba_offset: of the pending bits in theirs, a multiple of 8
 * @pad: zero
 *
 * Both are ranges of their BARs, served by the kernel, that nothing may overlap. Accesses
 * of 4 and 8 bytes, aligned to that, are what the specification defines; other reads
 * return the bytes, other writes are dropped.
 */
struct kvpci_msix {
	__u32 size;
	__u32 flags;
	__u16 vectors;
	__u8 table_bar;
	__u8 pba_bar;
	__u32 table_offset;
	__u32 pba_offset;
	__u32 pad;
};

#define KVPCI_MSIX_SIZE_VER0	24

#define KVPCI_MSI_64BIT		(1U << 0)	/* 64-bit message address */
#define KVPCI_MSI_MASK		(1U << 1)	/* per-vector masking */

#define KVPCI_MSI_FLAGS		(KVPCI_MSI_64BIT | KVPCI_MSI_MASK)

/**
 * struct kvpci_msi - MSI (PCI Local Bus 3.0, 6.8.1)
 * @size: sizeof(struct kvpci_msi), which the capability's length repeats
 * @flags: KVPCI_MSI_*
 * @vectors: how many, a power of two from 1 to KVPCI_MAX_MSI_VECTORS
 * @pad: zero
 */
struct kvpci_msi {
	__u32 size;
	__u32 flags;
	__u32 vectors;
	__u32 pad;
};

#define KVPCI_MSI_SIZE_VER0	16

/* Signal @reset_eventfd when the function has been reset, by KVPCI_RESET or the guest. */
#define KVPCI_FUNCTION_RESET_EVENTFD	(1U << 0)
/* Signal @route_eventfd when KVPCI_GET_ROUTE may have something to tell. */
#define KVPCI_FUNCTION_ROUTE_EVENTFD	(1U << 1)

/* Have the guest's write that initiates function-level reset, once it has been carried out, end
 * as KVM_EXIT_MMIO or KVM_EXIT_IO, see KVPCI_GET_EXIT, so that the guest waits for the caller.
 */
#define KVPCI_FUNCTION_RESET_EXIT	(1U << 2)

/* A PCI-to-PCI bridge: the kernel makes the type 1 header. The guest gives its secondary bus a
 * number, and opens windows for what is behind it.
 */
#define KVPCI_FUNCTION_BRIDGE	(1U << 3)
/* The function is on the secondary bus of the bridge @parent. */
#define KVPCI_FUNCTION_BEHIND	(1U << 4)

#define KVPCI_FUNCTION_FLAGS	(KVPCI_FUNCTION_RESET_EVENTFD | \
				 KVPCI_FUNCTION_ROUTE_EVENTFD | \
				 KVPCI_FUNCTION_RESET_EXIT | \
				 KVPCI_FUNCTION_BRIDGE | \
				 KVPCI_FUNCTION_BEHIND)

/**
 * struct kvpci_function_config - argument of KVPCI_CREATE_FUNCTION
 * @size: sizeof(struct kvpci_function_config)
 * @flags: KVPCI_FUNCTION_*
 * @bus: bus number, within the host bridge's range; with KVPCI_FUNCTION_BEHIND 0
 * @devfn: device << 3 | function. The multi-function bit of the header type is
 *	kept by the kernel: set while the device has a function other than 0.
 * @vendor: vendor ID, not 0xffff
 * @device: device ID
 * @subsystem_vendor: subsystem vendor ID; of a bridge 0: its are in a capability
 * @subsystem: subsystem ID; of a bridge 0
 * @revision: revision ID
 * @interrupt_pin: 1 to 4 for INTA to INTD, 0 if the function has no INTx interrupt
 * @class_code: base class << 16 | sub-class << 8 | programming interface; of a bridge 0x0604xx
 * @bars: the BARs. All come out of reset as 0, with decode disabled. A bridge has two.
 * @rom_size: bytes of the expansion ROM BAR, a power of two, 2048 to 2^24; 0: none, as of
 *	a bridge
 * @user_data: returned in struct kvpci_exit; any value
 * @capabilities: user address of @nr_capabilities times struct kvpci_capability
 * @nr_capabilities: at most KVPCI_MAX_CAPABILITIES
 * @capability_size: sizeof(struct kvpci_capability), under the rules of @size
 * @reset_eventfd: with KVPCI_FUNCTION_RESET_EVENTFD, an eventfd; otherwise 0
 * @route_eventfd: with KVPCI_FUNCTION_ROUTE_EVENTFD, an eventfd; otherwise 0
 * @parent: with KVPCI_FUNCTION_BEHIND, the descriptor of a bridge behind the same host bridge;
 *	otherwise 0
 * @pad: zero
 */
struct kvpci_function_config {
	__u32 size;
	__u32 flags;
	__u8 bus;
	__u8 devfn;
	__u16 vendor;
	__u16 device;
	__u16 subsystem_vendor;
	__u16 subsystem;
	__u8 revision;
	__u8 interrupt_pin;
	__u32 class_code;
	__u64 rom_size;
	struct kvpci_bar bars[KVPCI_NUM_BARS];
	__u64 user_data;
	__u64 capabilities;
	__u32 nr_capabilities;
	__u32 capability_size;
	__s32 reset_eventfd;
	__s32 route_eventfd;
	__s32 parent;
	__u32 pad;
};

#define KVPCI_FUNCTION_CONFIG_SIZE_VER0	168

/**
 * KVPCI_CREATE_FUNCTION - describe a function
 *
 * On a host bridge. The function has its place on the bus from now on, but the
 * guest does not see it until KVPCI_PLUG.
 *
 * A guest sees what is behind a bridge as hardware has it (PCI-to-PCI Bridge Architecture
 * 1.2): configuration space by the bus numbers that it has given to bridges; of those that
 * several bridges on a bus claim, the one with the lowest @devfn has them. A BAR decodes if all
 * of it is in one open window of each bridge above it, messages are sent if all of these are
 * bus masters; otherwise they are pending. While a bridge resets its secondary bus, nothing
 * behind it is there; what is, however far, is reset when that begins, as by KVPCI_RESET.
 * Closing a bridge takes what is behind it from the guest for good.
 *
 * Return: a descriptor, close-on-exec, or
 *	EINVAL	@bus out of range; @vendor 0xffff; @class_code over 24 bits; a BAR
 *		or ROM size out of bounds or not a power of two; a flag that
 *		contradicts another; a 64-bit BAR 5, or the BAR after a 64-bit one
 *		not empty; a capability with a bad ID, version, length or offset, one
 *		that collides with another, a bit both writable and write-1-to-clear;
 *		@capability_size too small; @interrupt_pin over 4; MSI or MSI-X
 *		twice, with a number of vectors out of bounds, or whose table or pending
 *		bits are misaligned, leave their BAR or are not in a memory BAR; an
 *		eventfd that is not one
 *	EINVAL	a bridge that has what it can't have, see there; @parent is no bridge of this
 *		host bridge's; a slot of what is no such port, without all of its registers or
 *		with an electromechanical interlock, a second one, or one whose interrupt
 *		message number is that of no vector of MSI-X, or, with MSI, not 0
 *	EBADF	an eventfd, or @parent, is not open
 *	EEXIST	the place is taken; the MSI-X table and its pending bits overlap
 *	E2BIG	@nr_capabilities over the limit; @capability_size, under the rules of
 *		@size
 *	ENOSPC	the capabilities do not fit into configuration space; there are 256 buses
 */
#define KVPCI_CREATE_FUNCTION	_IO(KVPCI_IOC_MAGIC, 0x01)

/**
 * enum kvpci_range_kind - what a guest finds in a range of a BAR, or of configuration space
 * @KVPCI_RANGE_REGISTERS: memory of the kernel, with writable, write-1-to-clear and
 *	read-to-clear bits: struct kvpci_registers_config
 * @KVPCI_RANGE_USERSPACE: accesses end as KVM_EXIT_MMIO or KVM_EXIT_IO, and the caller of
 *	KVM_RUN completes them; see KVPCI_GET_EXIT. Of configuration space, over registers that the
 *	kernel does not act upon: an access to one of these bytes is left to the caller as a whole,
 *	which does what is asked of other bytes by KVPCI_READ and KVPCI_WRITE, and then sees to
 *	what it has done itself by that, as these say; see "mirrors" for memory that the guest has
 *	there. Ports reach no more than the first 256 bytes: the rest of such an access is none,
 *	and reads as ones. It has no structure.
 * @KVPCI_RANGE_BANKS: registers in banks, of which the guest sees the one that it has selected:
 *	struct kvpci_banks_config
 * @KVPCI_RANGE_MEMORY: memory of the caller's, which it makes memory of the guest, see "mirrors":
 *	of a file or a device, to read only or to write as well. Accesses come as with
 *	KVPCI_RANGE_USERSPACE where the guest has no such memory, and writes where it is to read
 *	only. Whole pages of a memory BAR, of a bridge with KVPCI_HOST_MIRROR; a function that is
 *	plugged keeps those that it has. It has no structure.
 * @KVPCI_RANGE_VIRTIO: what a virtio driver configures its device by: struct kvpci_virtio_config
 * @KVPCI_RANGE_EXIT: of configuration space only, over what is there: a write by the guest to
 *	one of these bytes, once it has been carried out, ends as KVM_EXIT_MMIO or KVM_EXIT_IO;
 *	see KVPCI_GET_EXIT. It has no structure.
 */
enum kvpci_range_kind {
	KVPCI_RANGE_REGISTERS = 1,
	KVPCI_RANGE_USERSPACE = 2,
	KVPCI_RANGE_EXIT = 3,
	KVPCI_RANGE_BANKS = 4,
	KVPCI_RANGE_MEMORY = 5,
	KVPCI_RANGE_VIRTIO = 6,
};

#define KVPCI_MAX_RANGES	256		/* of one function */

/* Remove the range that has exactly this place, of whatever kind; of configuration space, have
 * accesses to these bytes not end KVM_RUN any more for ranges of that kind.
 */
#define KVPCI_RANGE_REMOVE	(1U << 0)
/* Put this range in the place of the one that has exactly the same. */
#define KVPCI_RANGE_REPLACE	(1U << 1)

#define KVPCI_RANGE_FLAGS	(KVPCI_RANGE_REMOVE | KVPCI_RANGE_REPLACE)

/**
 * struct kvpci_range_config - argument of KVPCI_ADD_RANGE
 * @size: sizeof(struct kvpci_range_config)
 * @flags: KVPCI_RANGE_REMOVE, KVPCI_RANGE_REPLACE (not of configuration space), or zero
 * @bar: 0 to 5; KVPCI_BAR_ROM (registers that the guest can't write, only); KVPCI_CONFIG
 *	(KVPCI_RANGE_EXIT and KVPCI_RANGE_USERSPACE only)
 * @kind: enum kvpci_range_kind
 * @offset: first byte, from the start of the BAR or of configuration space
 * @length: bytes, not 0; @offset + @length must not exceed these
 * @data: user address of the structure that the kind has; 0 if it has none, or with
 *	KVPCI_RANGE_REMOVE
 */
struct kvpci_range_config {
	__u32 size;
	__u32 flags;
	__u32 bar;
	__u32 kind;
	__u64 offset;
	__u64 length;
	__u64 data;
};

#define KVPCI_RANGE_CONFIG_SIZE_VER0	40

/* Bytes in one range of registers; of all those of a function that have bits which the guest
 * can change, too, since a reset has to put them back.
 */
#define KVPCI_MAX_REGISTERS	(16U << 20)
/* Bytes in all ranges of registers of a function, which are its state. */
#define KVPCI_MAX_ALL_REGISTERS	(256U << 20)

/* Signal @eventfd on every write by the guest. */
#define KVPCI_REGISTERS_EVENTFD	(1U << 0)
/* On every write by the guest, do as KVPCI_TRIGGER does. */
#define KVPCI_REGISTERS_TRIGGER	(1U << 1)
/* On every write by the guest, do as it does with KVPCI_TRIGGER_LOWER. */
#define KVPCI_REGISTERS_LOWER	(1U << 2)
/* Have them in the BAR's mirror, see KVPCI_GET_MIRROR. Reads are then free, and writes cost
 * more. In a memory BAR, with @offset of the range a multiple of 8.
 */
#define KVPCI_REGISTERS_MIRROR	(1U << 3)
/* Have every write by the guest, once it has been carried out, end as KVM_EXIT_MMIO or
 * KVM_EXIT_IO, see KVPCI_GET_EXIT.
 */
#define KVPCI_REGISTERS_EXIT	(1U << 4)
/* Have the INTx pin high as long as one of their bits is set, whoever sets or clears it: the
 * guest, KVPCI_WRITE or a reset. At most 8 bytes, all zero at first, of one range of a function.
 * What else raises or lowers the pin does so until the next access to one of them.
 */
#define KVPCI_REGISTERS_LEVEL	(1U << 5)

#define KVPCI_REGISTERS_FLAGS	(KVPCI_REGISTERS_EVENTFD | KVPCI_REGISTERS_TRIGGER | \
				 KVPCI_REGISTERS_LOWER | KVPCI_REGISTERS_MIRROR | \
				 KVPCI_REGISTERS_EXIT | KVPCI_REGISTERS_LEVEL)

/**
 * enum kvpci_interrupt - the ways in which a function may interrupt
 * @KVPCI_INTX: its INTx pin; it has vector 0 only
 * @KVPCI_MSI: MSI
 * @KVPCI_MSIX: MSI-X
 */
enum kvpci_interrupt {
	KVPCI_INTX = 1,
	KVPCI_MSI = 2,
	KVPCI_MSIX = 3,
};

/**
 * struct kvpci_registers_config - a range of kind KVPCI_RANGE_REGISTERS
 * @size: sizeof(struct kvpci_registers_config)
 * @flags: KVPCI_REGISTERS_*
 * @value: user address of as many bytes as the range has, the first contents; 0: all zero
 * @writable: likewise, each set bit of which the guest may write; 0: none
 * @write1clear: likewise, each set bit of which the guest clears by writing one; 0: none
 * @readclear: likewise, each set bit of which the guest clears by reading it; 0: none. Not with
 *	KVPCI_REGISTERS_MIRROR. No bit may be in two of these three.
 * @eventfd: with KVPCI_REGISTERS_EVENTFD, an eventfd; otherwise 0
 * @interrupt: with one of KVPCI_REGISTERS_TRIGGER, KVPCI_REGISTERS_LOWER and
 *	KVPCI_REGISTERS_LEVEL, of which no two may be set, enum kvpci_interrupt, with the last
 *	KVPCI_INTX; otherwise 0
 * @vector: with the same, which; otherwise 0
 */
struct kvpci_registers_config {
	__u32 size;
	__u32 flags;
	__u64 value;
	__u64 writable;
	__u64 write1clear;
	__u64 readclear;
	__s32 eventfd;
	__u16 interrupt;
	__u16 vector;
};

#define KVPCI_REGISTERS_CONFIG_SIZE_VER0	48

/**
 * struct kvpci_banks_config - a range of kind KVPCI_RANGE_BANKS
 * @size: sizeof(struct kvpci_banks_config)
 * @flags: zero
 * @banks: how many there are; all together have at most KVPCI_MAX_REGISTERS bytes
 * @selector: 1, 2 or 4: bytes of the selector, with which the range begins. The guest reads
 *	and writes it. What is left of the range is a window, of at least one byte, on the bank
 *	of that number; one that is not there reads as zero, and writes to it are dropped.
 * @value: user address of the first contents: those of one bank after the other, each of as
 *	many bytes as the window has; 0: all zero
 * @writable: likewise, each set bit of which the guest may write; 0: none
 * @write1clear: likewise, each set bit of which the guest clears by writing one; 0: none. No
 *	bit may be both.
 * @pad: zero
 *
 * KVPCI_READ and KVPCI_WRITE say by @bank which one they are for, whatever is selected; of
 * the selector's own bytes it makes no difference. A reset selects bank 0.
 */
struct kvpci_banks_config {
	__u32 size;
	__u32 flags;
	__u32 banks;
	__u32 selector;
	__u64 value;
	__u64 writable;
	__u64 write1clear;
	__u64 pad;
};

#define KVPCI_BANKS_CONFIG_SIZE_VER0	48

/* Queues of a virtio device. */
#define KVPCI_MAX_VIRTIO_QUEUES	1024
/* Bytes of the common configuration, with which the range begins. */
#define KVPCI_VIRTIO_COMMON	64

/**
 * struct kvpci_virtio_queue - a queue of a virtio device
 * @size: what queue_size is after a reset, the most that the device takes, at most 32768; 0: there
 *	is no queue of that number, but there are others after it
 * @notify_off: queue_notify_off
 * @notify_data: queue_notify_data
 * @pad: zero
 */
struct kvpci_virtio_queue {
	__u16 size;
	__u16 notify_off;
	__u16 notify_data;
	__u16 pad;
};

#define KVPCI_VIRTIO_QUEUE_SIZE_VER0	8

/**
 * struct kvpci_virtio_config - a range of kind KVPCI_RANGE_VIRTIO
 * @size: sizeof(struct kvpci_virtio_config)
 * @flags: zero
 * @queues: how many there are, num_queues: 1 to KVPCI_MAX_VIRTIO_QUEUES
 * @queue_size: sizeof(struct kvpci_virtio_queue), under the rules of @size
 * @queue: user address of @queues structures kvpci_virtio_queue, @queue_size bytes apart
 * @features: what device_feature shows: bit N % 64 of @features[N / 64] is feature N
 * @value: user address of the first contents of the device-specific configuration; 0: all zero
 * @writable: likewise, each set bit of which the driver may write; 0: none
 *
 * The range is in a memory BAR, at a multiple of 4. It begins with the common configuration
 * (struct virtio_pci_common_cfg, Virtual I/O Device 1.2, 4.1.4.3), of KVPCI_VIRTIO_COMMON bytes,
 * of which those that have no meaning yet read as zero. What is left of it, which may be nothing
 * and is at most 4096 bytes, is the device-specific configuration (4.1.4.6). Two vendor-specific
 * capabilities of the caller's lead there. It is never mirrored.
 *
 * A driver's write that is not to the whole of one field of the common configuration, or to
 * either half of one of 64 bits, is dropped (4.1.3.1), as is one to a queue that is not there, of
 * which queue_msix_vector reads as 0xffff and all else as zero. Other writes are carried out here
 * but for
 *
 *	- device_status, whose write has not been made, and ends as KVM_EXIT_MMIO without
 *	  KVPCI_EXIT_WRITTEN: the caller does what is to be done, and writes what is to be read by
 *	  KVPCI_WRITE. What it writes with bit DRIVER_OK starts the device, as far as the next
 *	  paragraph is concerned; 0 resets it: every field is as it was when the range was made,
 *	  but for config_generation and what the device-specific configuration holds.
 *
 *	- while DRIVER_OK is set, config_msix_vector, queue_msix_vector, queue_enable and
 *	  queue_reset, and at any time bits of the device-specific configuration that the driver
 *	  may write: the write has been made, and ends as KVM_EXIT_MMIO with KVPCI_EXIT_WRITTEN. One
 *	  that has been dropped does not.
 *
 * And these are checked, as the specification has it:
 *
 *	- a vector that the function's MSI-X does not have becomes 0xffff, NO_VECTOR (4.1.5.1.2.1),
 *	- driver_feature is not written any more once FEATURES_OK is set (3.1.1), nor the fields of
 *	  a queue that is enabled, but its vector (4.1.4.3.2),
 *	- queue_enable takes 1 only. Whether size and addresses are good is for the caller to see.
 *	- queue_reset takes 1 only, while DRIVER_OK is set and the driver has accepted the feature
 *	  VIRTIO_F_RING_RESET (40), which the device has offered, of a queue that is enabled, and
 *	  reads as 1 until the caller writes 0, with which all fields of the queue are as when the
 *	  range was made (4.1.4.3.1).
 *
 * KVPCI_READ reaches every field; @bank says which queue, or which 32 features, is meant, whatever
 * the driver has selected. So does KVPCI_WRITE, but for those that this structure fixes, which it
 * leaves alone; for it too a vector that is not there becomes 0xffff. KVPCI_WRITE to the
 * device-specific configuration advances config_generation together with it, if the driver has
 * read any of the two since that was last advanced: a driver that has read some fields before and
 * some after finds another generation, however often it has been written. With
 * KVPCI_ACCESS_AS_GUEST an access is the driver's, but for device_status, which is written.
 *
 * A reset of the function is one of the device. The caller, which has to stop what the queues do
 * before the guest sees it, has KVPCI_FUNCTION_RESET_EXIT for that.
 */
struct kvpci_virtio_config {
	__u32 size;
	__u32 flags;
	__u32 queues;
	__u32 queue_size;
	__u64 queue;
	__u64 features[2];
	__u64 value;
	__u64 writable;
};

#define KVPCI_VIRTIO_CONFIG_SIZE_VER0	56

/**
 * KVPCI_ADD_RANGE - say what a guest finds in a range
 *
 * On a function. An access to a BAR is served by the range that its bytes are in; bytes that
 * are in none read all ones, and writes to them are dropped. If the first byte is in a
 * userspace range, the whole access exits; bytes further on that are in one read all ones.
 *
 * Ranges may come and go while the function is plugged, as often as the caller likes. When the
 * call has returned, no access finds what was removed, and nothing is signalled or triggered by
 * it; an exit that was on its way may still come, which KVPCI_GET_EXIT tells of. Each access of
 * a guest finds one of two that replace each other, a device's likewise. A pin that has followed
 * what was removed is low, until something else raises it. Nothing may come or go in pages that
 * have a mirror, which are those of when the function was plugged; what comes later is not
 * mirrored. The call waits for accesses that vCPUs are making, so that it is not to be made by
 * who resolves faults of the guest's memory.
 *
 * Ranges of configuration space may overlap. Of bytes that have both kinds, accesses are left to
 * the caller: nothing has been written that it could be told of.
 *
 * State has the records of ranges that there are, see "state": who restores it makes the same.
 *
 * Return: 0, or
 *	EINVAL	no such BAR or kind; the range is empty, exceeds the BAR or the
 *		kind's limit; the ROM can't have it; @data that the kind has no use for; a bit
 *		that can be changed in two ways; a field set that the flags do not use;
 *		memory that is no whole pages of a memory BAR, or the bridge has no mirrors;
 *		the function has no such @interrupt or @vector; the range to remove or replace
 *		is a part of MSI-X
 *	EINVAL	KVPCI_RANGE_USERSPACE of bytes of configuration space that are the kernel's: 0 to
 *		0x3f, headers of capabilities, MSI, MSI-X, the registers of a slot from link
 *		control on, and those of a PCI Express capability that announces function-level
 *		reset from device control on
 *	ENOENT	there is no range of exactly that place to remove or replace; of configuration
 *		space: no access to there ends KVM_RUN for a range of that kind
 *	EFAULT	no @data, and the kind has use for it
 *	EEXIST	it overlaps a range that is there, or another one has KVPCI_REGISTERS_LEVEL
 *	ENOSPC	the function has KVPCI_MAX_RANGES, or would have more than
 *		KVPCI_MAX_REGISTERS bytes in ranges with bits that the guest can write, or
 *		than KVPCI_MAX_ALL_REGISTERS
 *	EBADF	@eventfd is not open, or EINVAL: it is not an eventfd
 *	EBUSY	the function is plugged, and the place has a mirror, or the kind is
 *		KVPCI_RANGE_MEMORY; there is a doorbell where memory is to be; the interrupt is a
 *		slot's
 */
#define KVPCI_ADD_RANGE	_IO(KVPCI_IOC_MAGIC, 0x02)

#define KVPCI_MAX_DOORBELLS	4096		/* of one function */

/* Signal only if the value written is @datamatch. */
#define KVPCI_DOORBELL_DATAMATCH	(1U << 0)
/* Remove the doorbell that has just these fields. */
#define KVPCI_DOORBELL_DEASSIGN		(1U << 1)

#define KVPCI_DOORBELL_FLAGS	(KVPCI_DOORBELL_DATAMATCH | \
				 KVPCI_DOORBELL_DEASSIGN)

/**
 * struct kvpci_doorbell - argument of KVPCI_DOORBELL
 * @size: sizeof(struct kvpci_doorbell)
 * @flags: KVPCI_DOORBELL_*
 * @bar: 0 to 5
 * @length: bytes of the write that rings it: 1, 2, 4, in a memory BAR 8, or 0 for
 *	any length
 * @offset: from the start of the BAR; @offset + @length must not exceed the BAR,
 *	and @offset is below its end
 * @datamatch: with KVPCI_DOORBELL_DATAMATCH, the value that rings it, within
 *	@length bytes, which is then not 0; otherwise 0
 * @eventfd: the eventfd to signal
 * @pad: zero
 */
struct kvpci_doorbell {
	__u32 size;
	__u32 flags;
	__u32 bar;
	__u32 length;
	__u64 offset;
	__u64 datamatch;
	__s32 eventfd;
	__u32 pad;
};

#define KVPCI_DOORBELL_SIZE_VER0	40

/**
 * KVPCI_DOORBELL - have guest writes to a place in a BAR signal an eventfd
 *
 * On a function, plugged or not. The rules of KVM_IOEVENTFD hold, but the place
 * is an offset in a BAR and moves with it. A write that rings a doorbell ends
 * there; one that rings none goes on to the range at that place. Once a removal
 * has returned, the eventfd is signalled no more.
 *
 * As there, a doorbell in memory for any length is rung by reads too where KVM can tell
 * what was accessed but not yet how (with EPT): the read then has no result. Guests
 * are to read nothing in such a place.
 *
 * Return: 0, or
 *	EINVAL	no such BAR, or the ROM; a @length that is not one of those; a place
 *		beyond the BAR; a @datamatch that does not fit or without its flag;
 *		@eventfd is not an eventfd
 *	EBADF	@eventfd is not open
 *	EEXIST	one that is there could be rung by the same write
 *	EBUSY	the place is in a range of kind KVPCI_RANGE_MEMORY, writes to which come to nobody
 *	ENOENT	KVPCI_DOORBELL_DEASSIGN: there is none with just these fields
 *	ENOSPC	the function has KVPCI_MAX_DOORBELLS
 */
#define KVPCI_DOORBELL		_IO(KVPCI_IOC_MAGIC, 0x03)

/**
 * KVPCI_PLUG - let the guest see a function
 *
 * On a function. The argument is 0.
 *
 * Return: 0, or
 *	EINVAL	the argument is not 0
 *	EBUSY	the function is plugged
 */
#define KVPCI_PLUG		_IO(KVPCI_IOC_MAGIC, 0x04)

/* Act as the guest's own access does: masks, and all effects; but nothing ends KVM_RUN, and bytes
 * that the caller completes accesses to are registers. Behind a BAR it rings no doorbell.
 */
#define KVPCI_ACCESS_AS_GUEST	(1U << 0)

#define KVPCI_ACCESS_FLAGS	KVPCI_ACCESS_AS_GUEST

/**
 * struct kvpci_access - argument of KVPCI_READ and KVPCI_WRITE
 * @size: sizeof(struct kvpci_access)
 * @flags: KVPCI_ACCESS_*
 * @bar: KVPCI_CONFIG; 0 to 5; or, without KVPCI_ACCESS_AS_GUEST, KVPCI_BAR_ROM
 * @length: bytes, not 0. With KVPCI_ACCESS_AS_GUEST 1, 2, 4 or 8; else at most
 *	4096.
 * @offset: first byte
 * @data: user address of @length bytes
 * @mask: KVPCI_WRITE without KVPCI_ACCESS_AS_GUEST: user address of @length bytes, of
 *	which only the set bits are written, or 0 for all; otherwise 0
 * @bank: of registers in banks and of virtio: which, whatever the guest has selected; otherwise,
 *	and with KVPCI_ACCESS_AS_GUEST, 0
 * @pad: zero
 */
struct kvpci_access {
	__u32 size;
	__u32 flags;
	__u32 bar;
	__u32 length;
	__u64 offset;
	__u64 data;
	__u64 mask;
	__u32 bank;
	__u32 pad;
};

#define KVPCI_ACCESS_SIZE_VER0	48

/**
 * KVPCI_READ - read a function's configuration space or registers
 * KVPCI_WRITE - write them
 *
 * On a function, plugged or not. Without KVPCI_ACCESS_AS_GUEST this is the device's
 * own view: KVPCI_WRITE sets bits that the guest can't write, and signals nothing, but has the
 * INTx pin follow KVPCI_REGISTERS_LEVEL, and a slot interrupt. It leaves alone what is the
 * kernel's: bytes 0 to 0x3f of configuration space, the headers of capabilities, all of MSI and
 * MSI-X, and, without an error, most bits of a slot's registers (see "slots"). Another access
 * may see some of the bytes old and some of them new, except that 2 or 4 bytes aligned to that,
 * from the start of configuration space or of the range, are whole; of registers, 8 too; of
 * those in banks, if they are so aligned from the start of the first bank as well; of
 * KVPCI_RANGE_VIRTIO all are. With @mask, bits that the guest may change at the same time stay its
 * own: that is how to set a write-1-to-clear bit.
 *
 * Return: 0, or
 *	EINVAL	no such BAR; a @length that is not one of those; a range that leaves
 *		configuration space or is not wholly within one register range;
 *		KVPCI_WRITE to bytes of configuration space that are the kernel's
 */
#define KVPCI_READ		_IO(KVPCI_IOC_MAGIC, 0x05)
#define KVPCI_WRITE		_IO(KVPCI_IOC_MAGIC, 0x06)

/* In: @address is a port, not a memory address. */
#define KVPCI_EXIT_IO		(1U << 0)
/* Out: the bytes have been written, and are not to be once more. */
#define KVPCI_EXIT_WRITTEN	(1U << 1)
/* Out: and this has reset the function, see KVPCI_FUNCTION_RESET_EXIT; if it is a bridge, what is
 * behind it.
 */
#define KVPCI_EXIT_RESET	(1U << 2)
/* Out: and memory of the caller's is not where the guest finds it, see KVPCI_GET_MIRROR. */
#define KVPCI_EXIT_MIRROR	(1U << 3)
/* Out: and vectors are to be taken back from irqfds, of any function, see KVPCI_SET_ROUTE. */
#define KVPCI_EXIT_RECALL	(1U << 4)

#define KVPCI_EXIT_FLAGS	(KVPCI_EXIT_IO | KVPCI_EXIT_WRITTEN | KVPCI_EXIT_RESET | \
				 KVPCI_EXIT_MIRROR | KVPCI_EXIT_RECALL)

/**
 * struct kvpci_exit - argument of KVPCI_GET_EXIT
 * @size: sizeof(struct kvpci_exit)
 * @flags: KVPCI_EXIT_*
 * @vcpu: in: which vCPU exited, by what KVM_CREATE_VCPU was told
 * @bar: out: BAR of the function, or KVPCI_CONFIG
 * @address: in: phys_addr of KVM_EXIT_MMIO, or port of KVM_EXIT_IO
 * @offset: out: offset of @address from the start of the BAR, or the register of configuration
 *	space
 * @user_data: out: of the function's struct kvpci_function_config
 * @segment: out: the bridge's segment group number
 * @bus: out: the number of the function's bus when it was accessed
 * @devfn: out: the function's device and function number
 * @pad: in and out: zero
 */
struct kvpci_exit {
	__u32 size;
	__u32 flags;
	__u32 vcpu;
	__u32 bar;
	__u64 address;
	__u64 offset;
	__u64 user_data;
	__u16 segment;
	__u8 bus;
	__u8 devfn;
	__u32 pad;
};

#define KVPCI_EXIT_SIZE_VER0	48

/**
 * KVPCI_GET_EXIT - tell what a guest access that reached the caller was for
 *
 * On a host bridge, between KVM_EXIT_MMIO or KVM_EXIT_IO of a vCPU and its next
 * KVM_RUN. The answer is that of the moment of the access, whatever has been moved
 * since. KVM makes two exits of an access to memory that crosses a page; each has its answer.
 *
 * An access to a userspace range is the caller's to complete; in configuration space it may be to
 * other bytes, too. With KVPCI_EXIT_WRITTEN the write has been made, and with it all that follows;
 * the guest goes on with its next instruction when KVM_RUN is called again, so that what the caller
 * does before comes in between.
 *
 * KVM asks no further once it was declined. So of a string of writes to a port, which is one
 * KVM_EXIT_IO with a @count above 1, only the first value has been written; and of a write to
 * memory of more than 8 bytes those that follow the first 8 of a page have not, and come as
 * exits of their own, without KVPCI_EXIT_WRITTEN. No driver accesses registers like that: the
 * caller may drop them.
 *
 * Return: 0, or
 *	EINVAL	no such vCPU; another flag than KVPCI_EXIT_IO set by the caller
 *	ENOENT	the vCPU's last access that was left or told to userspace was not to @address,
 *		or the function has been closed since
 */
#define KVPCI_GET_EXIT		_IO(KVPCI_IOC_MAGIC, 0x07)

/* Remove the binding of the vector. */
#define KVPCI_BIND_REMOVE	(1U << 0)
/* INTx: lower the pin when the guest acknowledges it, and then signal @ack_eventfd. */
#define KVPCI_BIND_ACK		(1U << 1)

#define KVPCI_BIND_FLAGS	(KVPCI_BIND_REMOVE | KVPCI_BIND_ACK)

/**
 * struct kvpci_binding - argument of KVPCI_BIND
 * @size: sizeof(struct kvpci_binding)
 * @flags: KVPCI_BIND_*
 * @interrupt: enum kvpci_interrupt
 * @vector: which
 * @eventfd: what is to trigger it; 0 with KVPCI_BIND_REMOVE
 * @ack_eventfd: with KVPCI_BIND_ACK, an eventfd; otherwise 0
 */
struct kvpci_binding {
	__u32 size;
	__u32 flags;
	__u32 interrupt;
	__u32 vector;
	__s32 eventfd;
	__s32 ack_eventfd;
};

#define KVPCI_BINDING_SIZE_VER0	24

/**
 * KVPCI_BIND - have an eventfd trigger an interrupt
 *
 * On a function, plugged or not. From now on whoever signals @eventfd does what
 * KVPCI_TRIGGER does; signals that come together count once. What is in @eventfd already
 * counts. What signals an eventfd calls all who listen to it: as of KVM_IRQFD, there may be
 * one in a host bridge. Once a removal has returned, the eventfd triggers nothing.
 *
 * Closing @eventfd does not remove the binding. An eventfd to which KVM_IRQFD has bound a
 * GSI keeps its signals to itself. When a pin is unbound its level stays.
 *
 * KVPCI_BIND_ACK is for a source that has a level itself, as VFIO's INTx: the pin
 * is lowered when the guest acknowledges the interrupt. When that or anything else has
 * lowered it, the source, told by @ack_eventfd, is to signal @eventfd again if its level is
 * still high.
 *
 * Return: 0, or
 *	EINVAL	the function has no such @interrupt or @vector; KVPCI_BIND_ACK with
 *		anything but KVPCI_INTX; @eventfd or @ack_eventfd is not an eventfd, or is
 *		set without use; @eventfd is one that the same function signals, or is
 *		@ack_eventfd; @ack_eventfd is one that the function listens to
 *	EBADF	@eventfd or @ack_eventfd is not open
 *	EEXIST	the vector is bound
 *	EBUSY	@eventfd is bound, or is the @resample_eventfd of a pin, in the same host
 *		bridge; the interrupt is a slot's
 *	ENOENT	KVPCI_BIND_REMOVE: it is not
 */
#define KVPCI_BIND		_IO(KVPCI_IOC_MAGIC, 0x08)

/* Lower the INTx pin, or let the vector be pending no more. */
#define KVPCI_TRIGGER_LOWER	(1U << 0)

#define KVPCI_TRIGGER_FLAGS	KVPCI_TRIGGER_LOWER

/**
 * struct kvpci_trigger - argument of KVPCI_TRIGGER
 * @size: sizeof(struct kvpci_trigger)
 * @flags: KVPCI_TRIGGER_*
 * @interrupt: enum kvpci_interrupt
 * @vector: which
 */
struct kvpci_trigger {
	__u32 size;
	__u32 flags;
	__u32 interrupt;
	__u32 vector;
};

#define KVPCI_TRIGGER_SIZE_VER0	16

/**
 * KVPCI_TRIGGER - interrupt the guest
 *
 * On a function, plugged or not. MSI and MSI-X: sends the vector's message; while that
 * is not allowed (the vector or the function is masked, MSI or MSI-X is not enabled, bus
 * mastering is off) the vector is pending, and its message is sent once that changes. Nor
 * is a message sent directly (see KVPCI_GET_DELIVERY) that KVM's local APICs do not take as
 * it is: if there are none in the kernel, and if bits 4 to 11 of its address are set, which
 * are an IOMMU's or of KVM_FEATURE_MSI_EXT_DEST_ID.
 *
 * A vector that is pending already stays so: the two count once. A function whose reason
 * to interrupt has gone before its message was sent withdraws it with
 * KVPCI_TRIGGER_LOWER, as the specification asks of it. Of a vector of MSI that another
 * takes the place of, since the guest has enabled fewer than there are, the other is pending,
 * until all that are so in its place have been withdrawn.
 *
 * INTx: raises the pin, which sets the interrupt status bit, until
 * KVPCI_TRIGGER_LOWER or the like lowers it. The guest is interrupted, again after each
 * acknowledgment, while the pin is high, INTx is not disabled, and neither MSI nor MSI-X is
 * enabled. KVM's line stays high until the guest acknowledges it, whatever ended that: one
 * more interrupt may follow.
 *
 * A device that offers several of these triggers the one that the guest has chosen, as
 * the enable bits in configuration space say: KVPCI_READ tells them.
 *
 * Return: 0, or
 *	EINVAL	the function has no such @interrupt or @vector
 *	EBUSY	it is a slot's
 */
#define KVPCI_TRIGGER		_IO(KVPCI_IOC_MAGIC, 0x09)

/* KVPCI_SET_ROUTE: remove the route of the vector or the pin; @eventfd and others are 0. */
#define KVPCI_ROUTE_REMOVE	(1U << 0)
/* KVPCI_SET_ROUTE: hand the vector to an irqfd of @eventfd, which is bound to it. */
#define KVPCI_ROUTE_HAND	(1U << 1)
/* KVPCI_GET_ROUTE: in: look at vectors only that are to be taken back from the irqfds that they
 * were handed to; out: it is one of those.
 */
#define KVPCI_ROUTE_RECALLED	(1U << 2)
/* KVPCI_SET_ROUTE with KVPCI_ROUTE_REMOVE: the vector is to have no route, and the caller does not
 * want to know of it while the kernel can send its message itself.
 */
#define KVPCI_ROUTE_LEAVE	(1U << 3)

#define KVPCI_ROUTE_FLAGS	(KVPCI_ROUTE_REMOVE | KVPCI_ROUTE_HAND | KVPCI_ROUTE_RECALLED | \
				 KVPCI_ROUTE_LEAVE)

/**
 * struct kvpci_route - argument of KVPCI_GET_ROUTE and KVPCI_SET_ROUTE
 * @size: sizeof(struct kvpci_route)
 * @flags: KVPCI_SET_ROUTE: 0, KVPCI_ROUTE_REMOVE, of a vector with KVPCI_ROUTE_LEAVE or without, or
 *	KVPCI_ROUTE_HAND; KVPCI_GET_ROUTE: in and out: 0 or KVPCI_ROUTE_RECALLED
 * @interrupt: enum kvpci_interrupt
 * @vector: which; KVPCI_GET_ROUTE: in: the first to look at, at most one beyond the last;
 *	out: the one found
 * @address: out: message address; KVPCI_SET_ROUTE: 0
 * @data: out: message data; KVPCI_SET_ROUTE: 0
 * @eventfd: KVPCI_SET_ROUTE: what to signal; KVPCI_GET_ROUTE: 0
 * @sequence: KVPCI_GET_ROUTE: out: the version of the message. KVPCI_SET_ROUTE: that of
 *	the message that @eventfd sends; INTx: 0
 * @resample_eventfd: KVPCI_SET_ROUTE of INTx: what KVM signals when the guest has
 *	acknowledged the interrupt; otherwise 0
 * @requester: KVPCI_GET_ROUTE: out: the requester ID, bus number << 8 | device and function
 *	number, that comes with the message, for an IOMMU; the bus number is 0xff if the guest
 *	does not reach the bus; KVPCI_SET_ROUTE: 0
 */
struct kvpci_route {
	__u32 size;
	__u32 flags;
	__u32 interrupt;
	__u32 vector;
	__u64 address;
	__u32 data;
	__s32 eventfd;
	__u64 sequence;
	__s32 resample_eventfd;
	__u32 requester;
};

#define KVPCI_ROUTE_SIZE_VER0	48

/**
 * KVPCI_GET_ROUTE - find a message that waits for a route
 * KVPCI_SET_ROUTE - say which eventfd sends a message
 *
 * On a function, plugged or not. A vector whose message is to be sent by one of KVM's irqfds has
 * a route: its message is one of a GSI's, too. Where that is how messages are delivered (see
 * KVPCI_GET_DELIVERY), each needs one before it can be sent. Where the kernel delivers them
 * itself, a vector has one if the caller wants that, or if KVM does not take its message as it
 * is, see KVPCI_TRIGGER.
 *
 * A vector that could send its message, but whose message has changed since its route was set,
 * or which has none, is found by KVPCI_GET_ROUTE. If it is triggered, its message is sent
 * directly, or, where that can't be, it is pending until the caller has
 *
 *	- found it with KVPCI_GET_ROUTE,
 *	- made the message the route of a GSI to which an irqfd is bound
 *	  (KVM_SET_GSI_ROUTING, KVM_IRQFD), and
 *	- told the irqfd's eventfd and the message's @sequence with KVPCI_SET_ROUTE.
 *
 * The message of a vector, and the number of the function's bus, may change at any time, so that
 * is to be done again until KVPCI_GET_ROUTE returns ENOENT, or only vectors that are to have no
 * route; @route_eventfd of the function tells when. KVM_SET_GSI_ROUTING must have returned before
 * KVPCI_SET_ROUTE is called. A vector that was left to the kernel (KVPCI_ROUTE_LEAVE) is not found,
 * nor @route_eventfd signalled when the guest unmasks it, until it gets a route or that is removed
 * without KVPCI_ROUTE_LEAVE, but for messages that the kernel does not send itself. So who wants to
 * know which vectors the guest uses finds each once.
 *
 * A vector is *handed* to an irqfd of the very eventfd that is bound to it (KVPCI_BIND), without
 * which KVM can't program posted interrupts: from then on the kernel leaves signals in the
 * eventfd, and KVM takes them. To hand it over,
 *
 *	- make the message the route of a GSI to which no irqfd is bound,
 *	- call KVPCI_SET_ROUTE with KVPCI_ROUTE_HAND, and only then
 *	- bind the eventfd to that GSI by KVM_IRQFD; if that fails, take the vector back.
 *
 * If the eventfd is signalled at the very moment of KVM_IRQFD, KVM may send that twice.
 *
 * The vector is *recalled* as soon as its message must not be sent any more: it or the function is
 * masked, MSI or MSI-X is disabled, bus mastering is off, the message or the requester has
 * changed, or how many vectors of MSI there are, the function has been reset. The guest's write
 * that does this, and others to the same registers that rely on it, end as KVM_EXIT_MMIO or
 * KVM_EXIT_IO, of which KVPCI_GET_EXIT tells KVPCI_EXIT_RECALL; a write to a bridge may recall
 * vectors of any function behind it. Before the vCPU runs again, all that are recalled, which
 * KVPCI_GET_ROUTE with KVPCI_ROUTE_RECALLED tells of each function, have to have been taken back,
 * by this thread or another:
 *
 *	- remove the irqfd, and
 *	- call KVPCI_SET_ROUTE with KVPCI_ROUTE_REMOVE: what has come to the eventfd since
 *	  triggers the vector then.
 *
 * The caller may do so of vectors that are not recalled, too, and does before it removes the
 * binding or closes the eventfd, and, of those that are recalled, before KVPCI_DRAIN. Where
 * KVPCI_GET_EXIT knows nothing of a write to configuration space, since the function has gone
 * meanwhile, it does as with KVPCI_EXIT_RECALL. What it has done itself (KVPCI_RESET,
 * KVPCI_SET_STATE, KVPCI_WRITE in the guest's name, plugging or closing a bridge, or a function
 * of a bus that has one's number) it follows itself. One thread at a time is to hand over and
 * take back the vectors of a function.
 *
 * To take a vector back costs more than to have the module send some messages. So vectors that
 * the guest masks all the time had better not be handed over again at once.
 *
 * INTx always takes an irqfd: KVPCI_SET_ROUTE with that of the GSI that the pin leads to,
 * which has been made with KVM_IRQFD_FLAG_RESAMPLE. It may be set again, and without one
 * the guest sees the interrupt status bit only.
 *
 * Return: 0, or
 *	EINVAL	the function has no such @interrupt or @vector; KVPCI_GET_ROUTE of
 *		INTx; a field set that is to be 0; an eventfd that is not one; an @eventfd
 *		of KVPCI_SET_ROUTE that the same function listens to, or with
 *		KVPCI_ROUTE_HAND one that is not bound to the vector; a @resample_eventfd
 *		that it signals
 *	EBADF	an eventfd is not open
 *	ENOENT	KVPCI_GET_ROUTE: from @vector on none waits
 *	EAGAIN	KVPCI_SET_ROUTE: the message has changed again, or the vector was to be handed
 *		over, and must not send it now; nothing was set
 *	EBUSY	@resample_eventfd is bound, or is that of another pin, in the same host
 *		bridge; KVPCI_SET_ROUTE without KVPCI_ROUTE_REMOVE: the vector is handed to an
 *		irqfd
 */
#define KVPCI_GET_ROUTE		_IO(KVPCI_IOC_MAGIC, 0x0a)
#define KVPCI_SET_ROUTE		_IO(KVPCI_IOC_MAGIC, 0x0b)

/**
 * KVPCI_RESET - reset a function
 *
 * On a function, plugged or not. The argument is 0. All that the guest can write is
 * as it was when the function was made, registers of BARs included; what KVPCI_WRITE
 * alone can write stays. BARs decode no more, MSI and MSI-X are disabled, all vectors
 * masked, nothing is pending, the INTx pin is low. Bindings and doorbells stay; routes
 * have to be confirmed again when the guest uses them. The guest does the same through a
 * PCI Express capability that announces function-level reset, but for what that leaves alone
 * there (PCI Express Base 4.0, 6.6.2): Max_Payload_Size, and what the link has been set to
 * by the link control registers; and to all that is behind a bridge by resetting the bridge's
 * secondary bus.
 *
 * With a bridge, all that is behind it is reset, however far, and signals its @reset_eventfd.
 * That can't be waited for as with KVPCI_FUNCTION_RESET_EXIT: writes to a KVPCI_RANGE_EXIT of the
 * bridge's control, link control and slot control can, and KVPCI_EXIT_RESET tells which of these
 * have reset the bus.
 *
 * Who resets the virtual machine's interrupt controllers resets its functions after that,
 * since an interrupt that was not acknowledged never will be.
 *
 * Return: 0, or
 *	EINVAL	the argument is not 0
 */
#define KVPCI_RESET		_IO(KVPCI_IOC_MAGIC, 0x0c)

/**
 * DOC: slots
 *
 * A bridge whose PCI Express capability says that its port has a slot (Slot Implemented, of a
 * root port or a downstream port) has one, from which functions come and go while the guest runs
 * (PCI Express Base 4.0, 6.7). What is in the slot is function 0 of the bridge's secondary bus,
 * so that of a device of several functions it is plugged last and closed first.
 *
 *	- Presence detect state, and data link layer link active if link capabilities say that
 *	  the port reports it, are the kernel's. The link is active while function 0 is there, the
 *	  slot has power, and the link is not disabled, nor the bus in reset. Other functions may
 *	  still be found without function 0.
 *	- Where the slot has no power, or the link is disabled, nothing behind the bridge is
 *	  there, and when that begins, all of it is reset, as by a reset of the secondary bus.
 *	- KVPCI_PLUG and closing change presence and link, which are events, as are changes by
 *	  the guest's own doing. The guest is interrupted for those that it has enabled: by the
 *	  INTx pin, and by the vector of MSI or MSI-X that the interrupt message number says,
 *	  which are the slot's alone.
 *	- That a button has been pressed, a latch has moved, or power has failed, the caller says:
 *	  it sets attention button pressed, MRL sensor changed, MRL sensor state, or power fault
 *	  detected, as far as the slot has them, by KVPCI_WRITE without KVPCI_ACCESS_AS_GUEST and
 *	  with @mask, without which it clears what it does not set. It may set the link's speed
 *	  and width, too. Other bits of the registers from link control to slot status it can't.
 *	- Command completed is set once a write to slot control has had its effect.
 *	- KVPCI_RANGE_EXIT of slot control lets the caller know of power control and indicators
 *	  before the guest goes on.
 *
 * Which bits of slot control and slot status the guest can write follows from slot capabilities;
 * retrain link reads as zero. Other masks are the capability's, and its @value says what link
 * control, the link's speed and width, slot control and MRL sensor state are at first. Linux
 * finds no link whose width is 0. Where there is an attention button, it waits for events of the
 * link and not of presence: what comes into a slot whose power it has turned off it notices when
 * the button is pressed, and what comes into one without power control at once.
 *
 * Events before the guest runs are events too, also those before the bridge is plugged: firmware
 * clears them when all is there. KVPCI_SET_STATE of a bridge has what is in its slot then be an
 * event, if that is not as it was.
 */

/**
 * enum kvpci_delivery - how the kernel sends messages
 * @KVPCI_DELIVERY_DIRECT: itself; routes are needed for INTx only, and vectors may have them
 * @KVPCI_DELIVERY_IRQFD: by irqfds that the caller makes; see KVPCI_SET_ROUTE
 */
enum kvpci_delivery {
	KVPCI_DELIVERY_DIRECT = 0,
	KVPCI_DELIVERY_IRQFD = 1,
};

/**
 * KVPCI_GET_DELIVERY - ask how messages are sent
 *
 * On /dev/kvpci, for host bridges that do not say by KVPCI_HOST_DIRECT or KVPCI_HOST_IRQFD how
 * theirs are to be: itself if the kernel can and is to. On a host bridge, for that. The argument
 * is 0.
 *
 * Return: enum kvpci_delivery, or
 *	EINVAL	the argument is not 0
 */
#define KVPCI_GET_DELIVERY	_IO(KVPCI_IOC_MAGIC, 0x0d)

/**
 * DOC: mirrors
 *
 * What a guest can read without a side effect lies in pages that mmap of a host bridge's
 * descriptor gives: shared, never writable or executable, not even by mprotect. The caller makes
 * memory of the guest of them with KVM_SET_USER_MEMORY_REGION and KVM_MEM_READONLY. The
 * guest then reads them without an exit; a write comes to the kernel as without. Where
 * there is no such memory, reads come to the kernel too, and find the same.
 *
 * From offset 0 on there is configuration space, as in the ECAM: function DEVFN of bus BUS
 * is at (BUS << 8 | DEVFN) << 12. It is for the guest address at which the bridge
 * has its ECAM, and stays there; functions that come and go are seen at once.
 *
 * With KVPCI_HOST_MIRROR, memory BARs of at least 4096 bytes have mirrors too, once the
 * function is plugged: of those pages that hold an MSI-X table, pending bits or registers
 * with KVPCI_REGISTERS_MIRROR, and neither other ranges nor, at that time, doorbells.
 * KVPCI_GET_MIRROR tells where they are in the descriptor and in the guest.
 *
 * As soon as something else is to be found at one of their addresses, and before the
 * guest's write that causes it has completed, the kernel takes the pages away from all who
 * have mapped them. A read through memory that is left at the old place makes KVM_RUN fail
 * with EFAULT: the caller is to bring its memory in line and to run the vCPU again. Its own
 * reads are answered with SIGBUS until KVPCI_SET_MIRROR.
 *
 * Memory of the caller's (KVPCI_RANGE_MEMORY), which a guest may write as well, follows its BAR
 * in the same way, but that the kernel has no pages to take away. So the guest's write that has
 * moved its BAR from where it was, or put another on top of it, ends as KVM_EXIT_MMIO or
 * KVM_EXIT_IO, of which KVPCI_GET_EXIT tells KVPCI_EXIT_MIRROR. The caller brings its memory in
 * line then, and runs the vCPU again; another vCPU may reach the old place until it has. Until
 * that is confirmed, so end other writes that may move a BAR. Where KVPCI_GET_EXIT knows nothing
 * of a write to configuration space, since the function has gone meanwhile, the caller does the
 * same. @mirror_eventfd is signalled when such a BAR is plugged, and whenever it has moved, by the
 * guest or not, so that the memory may be where the guest finds it before the guest looks.
 *
 * The page of configuration space of a function in which there are ranges of kind
 * KVPCI_RANGE_USERSPACE is not given: guests' accesses have to come to the kernel. A read through
 * memory makes KVM_RUN fail there as at the old place of a BAR. Where the caller has made memory of
 * configuration space it leaves a hole, of which KVPCI_GET_MIRROR tells KVPCI_MIRROR_TRAPPED, and
 * which is elsewhere when the guest has given the function's bus another number: with
 * KVPCI_HOST_MIRROR or without. @mirror_eventfd is signalled whenever such a hole has come, has
 * moved or has gone. Writes come to the kernel with and without memory.
 *
 * What the caller itself has done to a BAR (KVPCI_RESET, KVPCI_SET_STATE, KVPCI_WRITE in the
 * guest's name, KVPCI_PLUG of what lies on top of it, closing a bridge above it) it follows
 * itself, with KVPCI_GET_MIRROR. Before it closes a function it removes its memory, and places
 * none of it until that has returned.
 */

/* The range is to be found at @address. */
#define KVPCI_MIRROR_PLACED	(1U << 0)
/* It is a range of kind KVPCI_RANGE_MEMORY: @offset is a name of it, and nothing to map. */
#define KVPCI_MIRROR_EXTERNAL	(1U << 1)
/* It is the configuration space of a function with ranges of kind KVPCI_RANGE_USERSPACE, which is
 * to be no memory of the guest: @offset is a name of it, and nothing to map.
 */
#define KVPCI_MIRROR_TRAPPED	(1U << 2)

/**
 * struct kvpci_mirror - argument of KVPCI_GET_MIRROR and KVPCI_SET_MIRROR
 * @size: sizeof(struct kvpci_mirror)
 * @flags: KVPCI_GET_MIRROR: out: KVPCI_MIRROR_*; otherwise 0
 * @offset: in the host bridge's descriptor, which no other range has at the same time;
 *	KVPCI_GET_MIRROR: out
 * @length: KVPCI_GET_MIRROR: out: bytes, a multiple of 4096; otherwise 0
 * @address: KVPCI_GET_MIRROR: out: with KVPCI_MIRROR_PLACED, the guest address at which
 *	the guest finds the range, and nothing else; otherwise 0
 * @sequence: the number of the last change that was counted, or that of the place of a hole;
 *	KVPCI_GET_MIRROR: out
 * @user_data: KVPCI_GET_MIRROR: out: with KVPCI_MIRROR_EXTERNAL, of the function's struct
 *	kvpci_function_config, or 0 if it has gone; otherwise 0
 * @place: KVPCI_GET_MIRROR: out: with KVPCI_MIRROR_EXTERNAL, of the range, from the start of the
 *	BAR; otherwise 0
 * @bar: KVPCI_GET_MIRROR: out: with KVPCI_MIRROR_EXTERNAL, which BAR, or 0 if the function has
 *	gone; otherwise 0
 * @pad: zero
 */
struct kvpci_mirror {
	__u32 size;
	__u32 flags;
	__u64 offset;
	__u64 length;
	__u64 address;
	__u64 sequence;
	__u64 user_data;
	__u64 place;
	__u32 bar;
	__u32 pad;
};

#define KVPCI_MIRROR_SIZE_VER0	64

/**
 * KVPCI_GET_MIRROR - find a mirror that has changed
 * KVPCI_SET_MIRROR - confirm where it is
 *
 * On a host bridge. What KVPCI_GET_MIRROR finds is a range of a BAR, or a hole in configuration
 * space, that has come, has moved or has gone since KVPCI_SET_MIRROR was last called for it. Of a
 * range the caller is then to
 *
 *	- remove the memory of the guest that it has made of the range of this @offset,
 *	- say so with KVPCI_SET_MIRROR, @offset and @sequence, after which the range can be
 *	  read, and
 *	- with KVPCI_MIRROR_PLACED, make such memory at @address. It may do that before, but
 *	  then a guest that reads there meanwhile makes KVM_RUN fail; of memory of its own
 *	  (KVPCI_MIRROR_EXTERNAL) it may not.
 *
 * Of a hole (KVPCI_MIRROR_TRAPPED) it is to
 *
 *	- say so with KVPCI_SET_MIRROR, after which it is not told of until it is elsewhere,
 *	- with KVPCI_MIRROR_PLACED, have no memory of configuration space at @address, and
 *	- have it again where the hole of this @offset was, unless there is another one.
 *
 * If KVPCI_SET_MIRROR fails for a hole, that is still where it was confirmed last, or is told of
 * again, or was nowhere and has gone.
 *
 * One thread at a time is to do that, until KVPCI_GET_MIRROR returns ENOENT, and again when
 * @mirror_eventfd of the bridge is signalled: when a function with memory of the guest has gone,
 * when a guest reads from a range so often, without it, that it is worth it, and when a BAR with
 * memory of the caller's, or a hole, has come or has moved. A caller that has found a vCPU's
 * KVM_RUN failed with EFAULT, or ended with KVPCI_EXIT_MIRROR, does it before the vCPU runs again.
 *
 * A BAR that is not wholly in a window, or shares its addresses with one that is not
 * larger, is not placed: accesses to it come to the kernel.
 *
 * Return: 0, or
 *	EINVAL	a field set that is to be 0
 *	ENOENT	KVPCI_GET_MIRROR: all have been confirmed; KVPCI_SET_MIRROR: there is no
 *		such range
 *	EAGAIN	KVPCI_SET_MIRROR: it has changed again, or @sequence is not what was told
 *		last
 */
#define KVPCI_GET_MIRROR	_IO(KVPCI_IOC_MAGIC, 0x0e)
#define KVPCI_SET_MIRROR	_IO(KVPCI_IOC_MAGIC, 0x0f)

/**
 * DOC: state
 *
 * What a host bridge and its functions hold that the guest or a device has changed can be
 * taken out of one and put into another, in a virtual machine of another process or on another
 * machine, whether messages are delivered the same way there or not. The two are to have been
 * made with the same arguments, but for descriptors and @user_data, which like bindings,
 * doorbells, routes and what is confirmed of mirrors are not state.
 *
 * State is a sequence of records, each a struct kvpci_state_record that is followed by the
 * bytes which its type tells, and by zeroes up to a multiple of 8. KVPCI_SET_STATE takes the
 * records that KVPCI_GET_STATE gives, all of them and in that order: of a host bridge
 * KVPCI_STATE_HOST, and then those of the bridge's own function; of a function
 * KVPCI_STATE_CONFIG, then those of ranges of configuration space, by offset, then those of
 * ranges of each BAR, by BAR and offset. A later kernel takes what an earlier one has given.
 *
 * To save a virtual machine,
 *
 *	- end KVM_RUN of all vCPUs, complete the accesses that have been left to the caller, and
 *	  call it once more, with immediate_exit, for KVM to end the instruction of those, and of
 *	  writes that the caller was told of,
 *	- have devices trigger nothing any more, and call KVPCI_DRAIN,
 *	- get the state of the bridge and of each function, and after that
 *	- that of KVM's interrupt controllers and vCPUs, local APICs included: an interrupt may
 *	  have been on its way into them. KVM itself may take a moment for one that comes by an
 *	  irqfd; of INTx none is lost by that.
 *
 * To restore it,
 *
 *	- make the bridge and the functions, and plug those that were,
 *	- set the state of KVM's interrupt controllers and local APICs,
 *	- set the state of the bridge and of each function, in any order: a vector that was
 *	  pending and may send its message does so now, and a pin that is asserted tells KVM,
 *	- bind eventfds and set routes, in which signals may have come meanwhile,
 *	- and let vCPUs and devices run.
 *
 * Routes of INTx may be set before, too, and eventfds be bound that have not been signalled.
 * Where messages are delivered by irqfds, each has to be confirmed again, see KVPCI_GET_ROUTE,
 * and mirrors come back as KVPCI_GET_MIRROR tells.
 */

/**
 * enum kvpci_state_type - what a record is about
 * @KVPCI_STATE_HOST: struct kvpci_state_host
 * @KVPCI_STATE_CONFIG: the 4096 bytes of a function's configuration space. The multi-function
 *	bit is ignored; all other bits that neither guest nor device can change are to be as
 *	they are.
 * @KVPCI_STATE_BARS: struct kvpci_state_bars, of the range that has the BARs' registers
 * @KVPCI_STATE_INTX: struct kvpci_state_intx, of the command and status registers
 * @KVPCI_STATE_MSI: struct kvpci_state_msi, of MSI's capability
 * @KVPCI_STATE_MSIX: of MSI-X's capability: the table, 16 bytes for each vector, and the
 *	pending bits, 8 bytes for each 64 vectors begun
 * @KVPCI_STATE_REGISTERS: what the registers of a range hold
 * @KVPCI_STATE_BANKS: struct kvpci_state_banks of a range, and what the registers of all banks
 *	hold, one bank after the other
 * @KVPCI_STATE_VIRTIO: struct kvpci_state_virtio, a struct kvpci_state_virtio_queue for each
 *	queue, and what the device-specific configuration holds
 */
enum kvpci_state_type {
	KVPCI_STATE_HOST = 1,
	KVPCI_STATE_CONFIG = 2,
	KVPCI_STATE_BARS = 3,
	KVPCI_STATE_INTX = 4,
	KVPCI_STATE_MSI = 5,
	KVPCI_STATE_MSIX = 6,
	KVPCI_STATE_REGISTERS = 7,
	KVPCI_STATE_BANKS = 8,
	KVPCI_STATE_VIRTIO = 9,
};

/**
 * struct kvpci_state_record - what comes before each part of a state
 * @type: enum kvpci_state_type
 * @version: 1, of all types so far. A kernel that knows a later one takes earlier ones too.
 * @bar: the BAR that the range is behind, KVPCI_BAR_ROM, or KVPCI_CONFIG
 * @pad: zero
 * @offset: of the range, from the start of the BAR or of configuration space; 0 if it is no
 *	range
 * @length: bytes that follow, without the zeroes after them
 */
struct kvpci_state_record {
	__u32 type;
	__u32 version;
	__u32 bar;
	__u32 pad;
	__u64 offset;
	__u64 length;
};

/**
 * struct kvpci_state_host - of a host bridge
 * @config_address: the register at port 0xcf8
 * @pad: zero
 */
struct kvpci_state_host {
	__u32 config_address;
	__u32 pad;
};

/**
 * struct kvpci_state_bars - of a function's BARs
 * @placed: of each BAR, the ROM's last: when it came to where it decodes, as a number below
 *	2^63 that grows with time. Of BARs of the same size at the same address the guest finds
 *	the one with the highest. 0 of a BAR that decodes nowhere. One that does, but has 0,
 *	comes there last, and so do those of a function that is plugged later.
 */
struct kvpci_state_bars {
	__u64 placed[KVPCI_NUM_BARS + 1];
};

/* The source, see KVPCI_BIND_ACK, has raised the pin and is to be told once it is low. */
#define KVPCI_STATE_INTX_OWED	(1U << 0)

#define KVPCI_STATE_INTX_FLAGS	KVPCI_STATE_INTX_OWED

/**
 * struct kvpci_state_intx - of a function's INTx pin, whose level is the interrupt status bit
 * @flags: KVPCI_STATE_INTX_*
 * @pad: zero
 *
 * Whether KVM has been told that the interrupt is asserted is not in it: KVM is told again. Its
 * line, if that was high already, stays so until the guest acknowledges it, once.
 */
struct kvpci_state_intx {
	__u32 flags;
	__u32 pad;
};

/**
 * struct kvpci_state_msi - of a function's MSI
 * @triggered: a bit for each vector that has been triggered, for which it or the one that takes
 *	its place is pending
 * @pad: zero
 */
struct kvpci_state_msi {
	__u32 triggered;
	__u32 pad;
};

/**
 * struct kvpci_state_banks - of a range of registers in banks
 * @selected: what the selector holds
 * @pad: zero
 */
struct kvpci_state_banks {
	__u32 selected;
	__u32 pad;
};

/**
 * struct kvpci_state_virtio - of a virtio device's common configuration
 * @driver_features: what the driver has accepted
 * @device_feature_select: which 32 bits device_feature shows
 * @driver_feature_select: which 32 bits driver_feature shows
 * @queue_select: which queue is shown
 * @config_msix_vector: the vector of configuration changes
 * @device_status: what the driver reads
 * @config_generation: likewise
 * @pad: zero
 */
struct kvpci_state_virtio {
	__u64 driver_features[2];
	__u32 device_feature_select;
	__u32 driver_feature_select;
	__u16 queue_select;
	__u16 config_msix_vector;
	__u8 device_status;
	__u8 config_generation;
	__u16 pad;
};

/**
 * struct kvpci_state_virtio_queue - of one of its queues
 * @desc: address of the descriptor area
 * @driver: of the driver area
 * @device: of the device area
 * @size: queue_size
 * @msix_vector: the vector
 * @enable: 0 or 1
 * @reset: likewise
 *
 * One that is not there is as after a reset.
 */
struct kvpci_state_virtio_queue {
	__u64 desc;
	__u64 driver;
	__u64 device;
	__u16 size;
	__u16 msix_vector;
	__u16 enable;
	__u16 reset;
};

/**
 * struct kvpci_state - argument of KVPCI_GET_STATE and KVPCI_SET_STATE
 * @size: sizeof(struct kvpci_state)
 * @flags: zero
 * @data: user address of the records; KVPCI_GET_STATE: 0 to be told @length only
 * @length: bytes of the records. KVPCI_GET_STATE: in: how many there is room for; out: how
 *	many there are
 */
struct kvpci_state {
	__u32 size;
	__u32 flags;
	__u64 data;
	__u64 length;
};

#define KVPCI_STATE_SIZE_VER0	24

/**
 * KVPCI_GET_STATE - take the state of a host bridge or a function
 * KVPCI_SET_STATE - put it back
 *
 * On a host bridge or on a function, plugged or not, while no vCPU runs. KVPCI_SET_STATE
 * first looks at all of it: what is refused has changed nothing. It signals no eventfd but
 * those that interrupts and mirrors have use for.
 *
 * Return: 0, or
 *	EINVAL	KVPCI_SET_STATE: the records are not those that this bridge or function has, in
 *		their order, or not whole; padding is not zero; a value is out of range; bits
 *		that can't change are others than those of this function; records are at odds
 *		with each other
 *	EOPNOTSUPP	KVPCI_SET_STATE: the type or the version of a record is not known
 *	ENOSPC	KVPCI_GET_STATE: @length is too small
 */
#define KVPCI_GET_STATE		_IO(KVPCI_IOC_MAGIC, 0x10)
#define KVPCI_SET_STATE		_IO(KVPCI_IOC_MAGIC, 0x11)

/**
 * KVPCI_DRAIN - wait until all that has been signalled has had its effect
 *
 * On a host bridge. The argument is 0. What eventfds have been signalled for that are bound to
 * vectors and pins, or are KVM's acknowledgments, before the call, has been done after it: the
 * vector has been triggered, and its message sent or made pending, the pin has its level, and
 * KVM has been told of it. What comes of the eventfds that this has signalled in turn
 * is not waited for.
 *
 * Return: 0, or
 *	EINVAL	the argument is not 0
 */
#define KVPCI_DRAIN		_IO(KVPCI_IOC_MAGIC, 0x12)

#endif /* _UAPI_LINUX_KVPCI_H */
