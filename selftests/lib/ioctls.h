/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IOCTLS_H
#define IOCTLS_H

#include <linux/kvpci.h>
#include <linux/types.h>

/**
 * struct range_desc - a range of a BAR
 * @range_flags: KVPCI_RANGE_*
 * @flags: KVPCI_REGISTERS_*
 * @bar: which BAR
 * @kind: enum kvpci_range_kind
 * @offset: where in the BAR
 * @length: bytes
 * @value: this and the others as in struct kvpci_registers_config
 */
struct range_desc {
	__u32 range_flags;
	__u32 flags;
	__u32 bar;
	__u32 kind;
	__u64 offset;
	__u64 length;
	__u64 value;
	__u64 writable;
	__u64 write1clear;
	__u64 readclear;
	__s32 eventfd;
	__u16 interrupt;
	__u16 vector;
};

int kvpci_open(void);
int kvpci_ioctl(int fd, unsigned long cmd, const void *arg);
int create_host(const struct kvpci_host_config *config);
int create_function(int host_fd, const struct kvpci_function_config *config);
int plug(int function);
int add_range(int function, const struct range_desc *range);
int doorbell(int function, const struct kvpci_doorbell *doorbell);
int device_read(int function, __u32 bar, __u64 offset, void *data, __u32 length);
int device_write(int function, __u32 bar, __u64 offset, const void *data,
		 __u32 length);
int bank_read(int function, __u32 bar, __u32 bank, __u64 offset, void *data, __u32 length);
int bank_write(int function, __u32 bar, __u32 bank, __u64 offset, const void *data,
	       __u32 length);
int add_banks(int function, __u32 bar, __u64 offset, __u64 length,
	      struct kvpci_banks_config banks);
int add_virtio(int function, __u32 bar, __u64 offset, __u64 length,
	       struct kvpci_virtio_config virtio);
void write_as_guest(int function, __u32 offset, __u32 length, __u32 value);
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
int leave_vector(int function, __u32 interrupt, __u32 vector);
int remove_route(int function, __u32 interrupt, __u32 vector);

#endif /* IOCTLS_H */
