/* SPDX-License-Identifier: GPL-2.0 */
/* Messages of the vhost-user protocol, and how they come and go. */
#ifndef VIRTIO_VHOST_USER_MESSAGE_H
#define VIRTIO_VHOST_USER_MESSAGE_H

#include <linux/types.h>
#include <linux/vhost_types.h>
#include <stddef.h>

/* What the front end asks for. */
enum {
	VHOST_USER_GET_FEATURES = 1,
	VHOST_USER_SET_FEATURES = 2,
	VHOST_USER_SET_OWNER = 3,
	VHOST_USER_SET_MEM_TABLE = 5,
	VHOST_USER_SET_VRING_NUM = 8,
	VHOST_USER_SET_VRING_ADDR = 9,
	VHOST_USER_SET_VRING_BASE = 10,
	VHOST_USER_GET_VRING_BASE = 11,
	VHOST_USER_SET_VRING_KICK = 12,
	VHOST_USER_SET_VRING_CALL = 13,
	VHOST_USER_GET_PROTOCOL_FEATURES = 15,
	VHOST_USER_SET_PROTOCOL_FEATURES = 16,
	VHOST_USER_GET_QUEUE_NUM = 17,
	VHOST_USER_SET_VRING_ENABLE = 18,
	VHOST_USER_NET_SET_MTU = 20,
	VHOST_USER_SET_BACKEND_REQ_FD = 21,
	VHOST_USER_IOTLB_MSG = 22,
	VHOST_USER_GET_CONFIG = 24,
	VHOST_USER_SET_CONFIG = 25,
	VHOST_USER_GET_INFLIGHT_FD = 31,
	VHOST_USER_SET_INFLIGHT_FD = 32,
	VHOST_USER_RESET_DEVICE = 34,
};

/* What the back end asks for, on a socket of its own. */
enum {
	VHOST_USER_BACKEND_IOTLB_MSG = 1,
	VHOST_USER_BACKEND_CONFIG_CHANGE_MSG = 2,
};

#define VHOST_USER_VERSION		0x1U
#define VHOST_USER_VERSION_MASK		0x3U
#define VHOST_USER_REPLY		0x4U
#define VHOST_USER_NEED_REPLY		0x8U

#define VHOST_USER_F_PROTOCOL_FEATURES	30

#define VHOST_USER_PROTOCOL_F_MQ		0
#define VHOST_USER_PROTOCOL_F_REPLY_ACK		3
#define VHOST_USER_PROTOCOL_F_NET_MTU		4
#define VHOST_USER_PROTOCOL_F_BACKEND_REQ	5
#define VHOST_USER_PROTOCOL_F_CONFIG		9
#define VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD	12
#define VHOST_USER_PROTOCOL_F_RESET_DEVICE	13

#define VHOST_USER_MAX_REGIONS		8
#define VHOST_USER_MAX_CONFIG		256

struct vhost_user_state {
	__u32 index;
	__u32 num;
};

struct vhost_user_address {
	__u32 index;
	__u32 flags;
	__u64 desc;
	__u64 used;
	__u64 avail;
	__u64 log;
};

struct vhost_user_region {
	__u64 guest;
	__u64 size;
	__u64 user;
	__u64 offset;
};

struct vhost_user_memory {
	__u32 nr;
	__u32 pad;
	struct vhost_user_region regions[VHOST_USER_MAX_REGIONS];
};

struct vhost_user_config {
	__u32 offset;
	__u32 size;
	__u32 flags;
	__u8 data[VHOST_USER_MAX_CONFIG];
};

/* With four bytes behind it that the specification does not show, and all have. */
struct vhost_user_inflight {
	__u64 size;
	__u64 offset;
	__u16 nr_queues;
	__u16 queue_size;
	__u8 pad[4];
};

union vhost_user_payload {
	__u64 u64;
	struct vhost_user_state state;
	struct vhost_user_address address;
	struct vhost_user_memory memory;
	struct vhost_user_config config;
	struct vhost_user_inflight inflight;
	struct vhost_iotlb_msg iotlb;
};

struct vhost_user_header {
	__u32 request;
	__u32 flags;
	__u32 size;
};

struct vhost_user_message {
	struct vhost_user_header header;
	union vhost_user_payload payload;
} __attribute__((packed));

/* What is so many milliseconds from now. */
long long vhost_user_deadline(int timeout);

/*
 * Send one, with descriptors. Both return 0 or a negative error number: ETIMEDOUT: not before
 * @deadline; ECONNRESET: nobody is there any more.
 */
int vhost_user_send(int socket, const struct vhost_user_message *message, const int *fds,
		    size_t nr_fds, long long deadline);

/*
 * Receive one; EPROTO: it is none. The first descriptor that comes with it is put in @fd, and -1 if
 * there is none; others, and with NULL all, are closed. It has to be one of memory (EPROTO), of
 * which no file system keeps waiting who closes it.
 */
int vhost_user_receive(int socket, struct vhost_user_message *message, int *fd,
		       long long deadline);

/*
 * Receive what has come of one, without waiting and without descriptors. @received: so many bytes
 * of it have, 0 at first. Returns 1 once it is complete, and 0 before, or a negative error number.
 */
int vhost_user_receive_some(int socket, struct vhost_user_message *message, size_t *received);

#endif /* VIRTIO_VHOST_USER_MESSAGE_H */
