/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What drivers of virtio devices that are programs share (Virtual I/O Device 1.2, 4.1): they have
 * said how they get at the device, and where it finds their queues.
 */
#ifndef VIRTIO_DRIVER_H
#define VIRTIO_DRIVER_H

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>

#include "program.h"

#define SIZE		64	/* of each queue */

/* Registers of the device. */
#define get(p)		__atomic_load_n((p), __ATOMIC_SEQ_CST)
#define put(p, value)	__atomic_store_n((p), (value), __ATOMIC_RELEASE)

struct queue {
	struct vring vring;
	__u16 next;
	__u16 *notify;
};

/* For the program to set: configuration space, and how to map a BAR. */
static int config_fd;
static __u64 config_start;
static __u8 *(*map_bar)(unsigned int index);

static struct virtio_pci_common_cfg *common;
static unsigned int bar_index;
static __u8 *bar;
static struct queue queues[2];

static __u32 read_config(unsigned int at, unsigned int size)
{
	__u32 value = 0;

	if (pread(config_fd, &value, size, config_start + at) != (ssize_t)size)
		die("configuration space");
	return value;
}

static bool is_part(unsigned int at, __u8 type)
{
	return read_config(at, 1) == PCI_CAP_ID_VNDR &&
	       read_config(at + offsetof(struct virtio_pci_cap, cfg_type), 1) == type &&
	       (!bar || read_config(at + offsetof(struct virtio_pci_cap, bar), 1) == bar_index);
}

/*
 * Where is this part of it (4.1.4)? The first that is asked for decides on the BAR: all that we
 * need is in one.
 */
static unsigned int find_part(__u8 type, __u32 *multiplier)
{
	unsigned int at = read_config(PCI_CAPABILITY_LIST, 1);

	while (at && !is_part(at, type))
		at = read_config(at + 1, 1);
	if (!at) {
		fprintf(stderr, "there is no part %u\n", type);
		exit(1);
	}
	if (!bar) {
		bar_index = read_config(at + offsetof(struct virtio_pci_cap, bar), 1);
		bar = map_bar(bar_index);
	}
	*multiplier = read_config(at + sizeof(struct virtio_pci_cap), 4);
	return read_config(at + offsetof(struct virtio_pci_cap, offset), 4);
}

/* From its reset to its features, of the upper half. Returns where to notify. */
static unsigned int begin(__u32 features, __u32 *multiplier)
{
	const __u8 driver = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;
	__u32 ignored;
	unsigned int at = find_part(VIRTIO_PCI_CAP_COMMON_CFG, &ignored);

	common = (void *)(bar + at);
	put(&common->device_status, 0);
	put(&common->device_status, driver);
	put(&common->guest_feature_select, 1);
	put(&common->guest_feature, features);
	put(&common->device_status, driver | VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(get(&common->device_status) & VIRTIO_CONFIG_S_FEATURES_OK)) {
		fprintf(stderr, "the device refuses the features\n");
		exit(1);
	}
	return find_part(VIRTIO_PCI_CAP_NOTIFY_CFG, multiplier);
}

/* A queue in two pages at @rings, which the device finds at @desc and @used. */
static void start_queue(unsigned int i, __u8 *rings, __u64 desc, __u64 used, unsigned int notify,
			__u32 multiplier)
{
	struct queue *queue = &queues[i];
	__u64 avail = desc + SIZE * sizeof(struct vring_desc);

	vring_init(&queue->vring, SIZE, rings, PAGE);
	put(&common->queue_select, i);
	put(&common->queue_size, SIZE);
	put(&common->queue_desc_lo, desc);
	put(&common->queue_desc_hi, desc >> 32);
	put(&common->queue_avail_lo, avail);
	put(&common->queue_avail_hi, avail >> 32);
	put(&common->queue_used_lo, used);
	put(&common->queue_used_hi, used >> 32);
	queue->notify = (__u16 *)(bar + notify + get(&common->queue_notify_off) * multiplier);
	put(&common->queue_enable, 1);
}

/* The queues have been started. */
static void go(void)
{
	put(&common->device_status, get(&common->device_status) | VIRTIO_CONFIG_S_DRIVER_OK);
}

static void offer(unsigned int i, unsigned int slot)
{
	struct queue *queue = &queues[i];

	queue->vring.avail->ring[queue->next++ % SIZE] = slot;
	__atomic_store_n(&queue->vring.avail->idx, queue->next, __ATOMIC_RELEASE);
}

static void notify(unsigned int i)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	put(queues[i].notify, i);
}

static __u16 used(unsigned int i)
{
	return __atomic_load_n(&queues[i].vring.used->idx, __ATOMIC_ACQUIRE);
}

#endif /* VIRTIO_DRIVER_H */
