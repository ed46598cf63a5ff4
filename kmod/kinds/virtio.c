// SPDX-License-Identifier: GPL-2.0
/*
 * What a virtio driver configures its device by: the common and the device-specific
 * configuration (Virtual I/O Device 1.2, 4.1.4.3 and 4.1.4.6; clauses below are of that).
 *
 * Userspace has to know when device_status is written, and of little else before the device
 * runs: the rest are registers that it reads when it starts the device. What makes them more than
 * registers in banks is that some writes are checked, which depends on others, that a reset is
 * one step, and that config_generation and what it is about are read and written under one lock,
 * the function's. So a read by the guest takes that, too.
 *
 * The driver sees the queue, and the features, that it has selected; the device says which
 * it means.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/kvpci.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>

#include "core/regs.h"
#include "interrupt/interrupts.h"
#include "kinds/block.h"
#include "kinds/virtio.h"
#include "pci/function.h"

#define MAX_SIZE	32768
#define MAX_SPECIFIC	4096
#define NR_WORDS	4	/* of 32 features each */

/* The common configuration as it is seen, little-endian. */
struct common {
	u32 device_feature_select;
	u32 device_feature;
	u32 driver_feature_select;
	u32 driver_feature;
	u16 config_msix_vector;
	u16 num_queues;
	u8 device_status;
	u8 config_generation;
	u16 queue_select;
	u16 queue_size;
	u16 queue_msix_vector;
	u16 queue_enable;
	u16 queue_notify_off;
	u64 queue_desc;
	u64 queue_driver;
	u64 queue_device;
	u16 queue_notify_data;
	u16 queue_reset;
	u32 reserved;
};

static_assert(sizeof(struct common) == KVPCI_VIRTIO_COMMON, "the uapi says so");

#define OFFSET(field)	offsetof(struct common, field)

/**
 * struct kvpci_virtio - the configuration of a virtio device
 * @range: where
 * @nr_queues: how many queues there are
 * @read: the driver has read config_generation, or what it is about, since that was advanced
 * @features: those that the device offers
 * @queues: what each queue is like after a reset
 * @state: what is there once, but for @specific
 * @queue: of each queue
 * @specific: the device-specific configuration
 *
 * What is not fixed is guarded by the function's lock.
 */
struct kvpci_virtio {
	struct kvpci_range range;
	u32 nr_queues;
	bool read;
	__u64 features[2];
	struct kvpci_virtio_queue *queues;
	struct kvpci_state_virtio state;
	struct kvpci_state_virtio_queue *queue;
	struct kvpci_regs specific;
};

/**
 * struct selection - what is meant by fields that are there several times
 * @queue: which queue
 * @device_word: which 32 features of the device's
 * @driver_word: which 32 of the driver's
 */
struct selection {
	u32 queue;
	u32 device_word;
	u32 driver_word;
};

static struct kvpci_virtio *to_virtio(const struct kvpci_range *range)
{
	return container_of(range, struct kvpci_virtio, range);
}

static struct selection drivers_selection(const struct kvpci_virtio *virtio)
{
	return (struct selection) {
		.queue = virtio->state.queue_select,
		.device_word = virtio->state.device_feature_select,
		.driver_word = virtio->state.driver_feature_select,
	};
}

static struct selection bank_selection(u32 bank)
{
	return (struct selection) { .queue = bank, .device_word = bank, .driver_word = bank };
}

/* Is there a queue of that number? *@index is it then. */
static bool find_queue(const struct kvpci_virtio *virtio, u32 queue, u32 *index)
{
	if (queue >= virtio->nr_queues)
		return false;

	*index = array_index_nospec(queue, virtio->nr_queues);
	return virtio->queues[*index].size;
}

static u32 get_word(const __u64 *features, u32 word)
{
	if (word >= NR_WORDS)
		return 0;

	word = array_index_nospec(word, NR_WORDS);
	return features[word / 2] >> (word % 2 * 32);
}

static void set_word(__u64 *features, u32 word, u32 value)
{
	u32 shift = word % 2 * 32;

	if (word >= NR_WORDS)
		return;

	word = array_index_nospec(word, NR_WORDS);
	features[word / 2] &= ~(0xffffffffULL << shift);
	features[word / 2] |= (u64)value << shift;
}

static bool vector_is_there(const struct kvpci_virtio *virtio, u16 vector)
{
	const struct kvpci_function *function = kvpci_range_function(&virtio->range);

	return vector < kvpci_interrupts_count(&function->interrupts, KVPCI_MSIX);
}

/* The vector that is mapped if @vector is asked for (4.1.5.1.2.1). */
static u16 map_vector(const struct kvpci_virtio *virtio, u16 vector)
{
	return vector_is_there(virtio, vector) ? vector : VIRTIO_MSI_NO_VECTOR;
}

static void show_queue(const struct kvpci_virtio *virtio, u32 queue, struct common *common)
{
	const struct kvpci_state_virtio_queue *from;
	u32 i;

	common->queue_msix_vector = VIRTIO_MSI_NO_VECTOR;
	if (!find_queue(virtio, queue, &i))
		return;

	from = &virtio->queue[i];
	common->queue_size = from->size;
	common->queue_msix_vector = from->msix_vector;
	common->queue_enable = from->enable;
	common->queue_notify_off = virtio->queues[i].notify_off;
	common->queue_desc = from->desc;
	common->queue_driver = from->driver;
	common->queue_device = from->device;
	common->queue_notify_data = virtio->queues[i].notify_data;
	common->queue_reset = from->reset;
}

static struct common show(const struct kvpci_virtio *virtio, const struct selection *selection)
{
	const struct kvpci_state_virtio *state = &virtio->state;
	struct common common = {
		.device_feature_select = state->device_feature_select,
		.device_feature = get_word(virtio->features, selection->device_word),
		.driver_feature_select = state->driver_feature_select,
		.driver_feature = get_word(state->driver_features, selection->driver_word),
		.config_msix_vector = state->config_msix_vector,
		.num_queues = virtio->nr_queues,
		.device_status = state->device_status,
		.config_generation = state->config_generation,
		.queue_select = state->queue_select,
	};

	show_queue(virtio, selection->queue, &common);
	return common;
}

/* What a queue is like after a reset. */
static struct kvpci_state_virtio_queue fresh_queue(const struct kvpci_virtio *virtio, u32 i)
{
	return (struct kvpci_state_virtio_queue) {
		.size = virtio->queues[i].size,
		.msix_vector = VIRTIO_MSI_NO_VECTOR,
	};
}

/* The device has reset a queue when it takes queue_reset back (4.1.4.3.1). */
static void store_queue(struct kvpci_virtio *virtio, u32 queue, const struct common *common)
{
	u32 i;

	if (!find_queue(virtio, queue, &i))
		return;

	if (virtio->queue[i].reset && !(common->queue_reset & 1)) {
		virtio->queue[i] = fresh_queue(virtio, i);
		return;
	}
	virtio->queue[i] = (struct kvpci_state_virtio_queue) {
		.desc = common->queue_desc,
		.driver = common->queue_driver,
		.device = common->queue_device,
		.size = common->queue_size,
		.msix_vector = map_vector(virtio, common->queue_msix_vector),
		.enable = common->queue_enable & 1,
		.reset = common->queue_reset & 1,
	};
}

/* Have the fields be what @common says, as far as they are not fixed. */
static void store(struct kvpci_virtio *virtio, const struct selection *selection,
		  const struct common *common)
{
	struct kvpci_state_virtio *state = &virtio->state;

	set_word(state->driver_features, selection->driver_word, common->driver_feature);
	state->device_feature_select = common->device_feature_select;
	state->driver_feature_select = common->driver_feature_select;
	state->queue_select = common->queue_select;
	state->config_msix_vector = map_vector(virtio, common->config_msix_vector);
	state->device_status = common->device_status;
	state->config_generation = common->config_generation;
	store_queue(virtio, selection->queue, common);
}

/* Reset the device, in one step (4.1.4.3.1). */
static void reset_device(struct kvpci_virtio *virtio)
{
	u32 i;

	virtio->state = (struct kvpci_state_virtio) {
		.config_msix_vector = VIRTIO_MSI_NO_VECTOR,
		.config_generation = virtio->state.config_generation,
	};
	for (i = 0; i < virtio->nr_queues; i++)
		virtio->queue[i] = fresh_queue(virtio, i);
}

/* How many of @len bytes at @offset are of the common configuration? */
static u32 common_piece(u64 offset, u32 len)
{
	return offset < KVPCI_VIRTIO_COMMON ? min_t(u32, len, KVPCI_VIRTIO_COMMON - offset) : 0;
}

static u8 *common_bytes(struct common *common, u64 offset)
{
	return (u8 *)common + array_index_nospec(offset, KVPCI_VIRTIO_COMMON);
}

static void read_bytes(const struct kvpci_virtio *virtio, const struct selection *selection,
		       u64 offset, u32 len, void *val)
{
	u32 n = common_piece(offset, len);

	if (n) {
		struct common common = show(virtio, selection);

		memcpy(val, common_bytes(&common, offset), n);
	}
	if (n < len)
		kvpci_regs_read(&virtio->specific, offset + n - KVPCI_VIRTIO_COMMON, len - n,
				val + n);
}

static int virtio_read(struct kvpci_range *range, const struct kvpci_guest_access *access,
		       u64 offset, u32 len, void *val)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_virtio *virtio = to_virtio(range);
	struct selection selection;

	spin_lock(&function->lock);
	selection = drivers_selection(virtio);
	read_bytes(virtio, &selection, offset, len, val);
	if (offset + len > KVPCI_VIRTIO_COMMON ||
	    kvpci_overlaps(offset, len, OFFSET(config_generation), 1))
		virtio->read = true;
	spin_unlock(&function->lock);
	return 0;
}

/*
 * Is it a field of the common configuration that drivers write to? Of those of 64 bits they may
 * write halves, too (4.1.3.1).
 */
static bool is_field(u64 offset, u32 len)
{
	switch (offset) {
	case OFFSET(device_status):
		return len == 1;
	case OFFSET(config_msix_vector):
	case OFFSET(queue_select):
	case OFFSET(queue_size):
	case OFFSET(queue_msix_vector):
	case OFFSET(queue_enable):
	case OFFSET(queue_reset):
		return len == 2;
	case OFFSET(device_feature_select):
	case OFFSET(driver_feature_select):
	case OFFSET(driver_feature):
	case OFFSET(queue_desc) + 4:
	case OFFSET(queue_driver) + 4:
	case OFFSET(queue_device) + 4:
		return len == 4;
	case OFFSET(queue_desc):
	case OFFSET(queue_driver):
	case OFFSET(queue_device):
		return len == 4 || len == 8;
	default:
		return false;
	}
}

/*
 * Is the field at @offset to be what it is in @common, if the driver writes it? @was has what it
 * sees now.
 */
static bool may_write(const struct kvpci_virtio *virtio, u64 offset, const struct common *was,
		      const struct common *common)
{
	u32 i;

	switch (offset) {
	case OFFSET(device_feature_select):
	case OFFSET(driver_feature_select):
	case OFFSET(config_msix_vector):
	case OFFSET(device_status):
	case OFFSET(queue_select):
		return true;
	case OFFSET(driver_feature):
		return !(was->device_status & VIRTIO_CONFIG_S_FEATURES_OK);
	}

	if (!find_queue(virtio, was->queue_select, &i))
		return false;

	switch (offset) {
	case OFFSET(queue_msix_vector):
		return true;
	case OFFSET(queue_enable):
		return !was->queue_enable && common->queue_enable == 1;
	case OFFSET(queue_reset):
		return was->queue_enable && !was->queue_reset && common->queue_reset == 1 &&
		       was->device_status & VIRTIO_CONFIG_S_DRIVER_OK &&
		       virtio->features[0] & virtio->state.driver_features[0] &
		       BIT_ULL(VIRTIO_F_RING_RESET);
	default:
		return !was->queue_enable;
	}
}

/* Is the device to act upon such a write at once, if it runs? */
static bool is_late(u64 offset)
{
	return offset == OFFSET(config_msix_vector) || offset == OFFSET(queue_msix_vector) ||
	       offset == OFFSET(queue_enable) || offset == OFFSET(queue_reset);
}

/* Write a field as the driver does, under the function's lock. */
static u32 write_field(struct kvpci_virtio *virtio, const struct kvpci_guest_access *access,
		       u64 offset, u32 len, const void *val)
{
	struct selection selection = drivers_selection(virtio);
	struct common was, common;

	was = show(virtio, &selection);
	common = was;
	memcpy(common_bytes(&common, offset), val, len);
	if (!may_write(virtio, offset, &was, &common))
		return 0;
	if (offset == OFFSET(device_status) && access->vcpu)
		return KVPCI_EFFECT_USERSPACE;

	store(virtio, &selection, &common);
	if (offset == OFFSET(device_status) && !common.device_status)
		reset_device(virtio);
	return was.device_status & VIRTIO_CONFIG_S_DRIVER_OK && is_late(offset) ?
	       KVPCI_EFFECT_EXIT : 0;
}

/* Write the device-specific configuration, likewise. */
static u32 write_specific(struct kvpci_virtio *virtio, u32 offset, u32 len, const void *val)
{
	struct kvpci_regs *regs = &virtio->specific;

	offset = array_index_nospec(offset, regs->size);
	if (!regs->writable || !memchr_inv(regs->writable + offset, 0, len))
		return 0;

	kvpci_regs_write(regs, offset, len, val);
	return KVPCI_EFFECT_EXIT;
}

static u32 virtio_write(struct kvpci_range *range, const struct kvpci_guest_access *access,
			u64 offset, u32 len, const void *val)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_virtio *virtio = to_virtio(range);
	u32 effects = 0;

	spin_lock(&function->lock);
	if (offset >= KVPCI_VIRTIO_COMMON)
		effects = write_specific(virtio, offset - KVPCI_VIRTIO_COMMON, len, val);
	else if (is_field(offset, access->len) && len == access->len)
		effects = write_field(virtio, access, offset, len, val);
	spin_unlock(&function->lock);
	return effects;
}

static void virtio_get(struct kvpci_range *range, u32 bank, u64 offset, u32 len, void *val)
{
	struct kvpci_function *function = kvpci_range_function(range);
	const struct selection selection = bank_selection(bank);

	spin_lock(&function->lock);
	read_bytes(to_virtio(range), &selection, offset, len, val);
	spin_unlock(&function->lock);
}

/* Write fields as the device does: several at a time, and those that only it may write, too. */
static void set_common(struct kvpci_virtio *virtio, u32 bank, u64 offset, u32 len,
		       const u8 *val, const u8 *mask)
{
	const struct selection selection = bank_selection(bank);
	struct common common = show(virtio, &selection);
	bool status = false;
	u32 i;

	for (i = 0; i < len; i++) {
		u8 *byte = common_bytes(&common, offset + i);
		u8 bits = mask ? mask[i] : 0xff;

		*byte = (*byte & ~bits) | (val[i] & bits);
		if (offset + i == OFFSET(device_status) && bits)
			status = true;
	}
	store(virtio, &selection, &common);
	if (status && !common.device_status)
		reset_device(virtio);
}

/*
 * A driver that has read some of it before and some after is to find another generation
 * (4.1.4.3.1). One that has read nothing meanwhile finds one that is new to it as it is: so that
 * after 256 changes it does not look old again.
 */
static void advance_generation(struct kvpci_virtio *virtio)
{
	virtio->state.config_generation += virtio->read;
	virtio->read = false;
}

static void virtio_set(struct kvpci_range *range, u32 bank, u64 offset, u32 len,
		       const void *val, const void *mask)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_virtio *virtio = to_virtio(range);
	u32 n = common_piece(offset, len);

	spin_lock(&function->lock);
	if (n)
		set_common(virtio, bank, offset, n, val, mask);
	if (n < len) {
		kvpci_regs_set(&virtio->specific, offset + n - KVPCI_VIRTIO_COMMON, len - n,
			       val + n, mask ? mask + n : NULL);
		advance_generation(virtio);
	}
	spin_unlock(&function->lock);
}

static void virtio_reset(struct kvpci_range *range, enum kvpci_reset_kind kind)
{
	struct kvpci_function *function = kvpci_range_function(range);

	spin_lock(&function->lock);
	reset_device(to_virtio(range));
	spin_unlock(&function->lock);
}

static u32 queues_length(const struct kvpci_virtio *virtio)
{
	return virtio->nr_queues * sizeof(*virtio->queue);
}

static u32 virtio_reset_length(const struct kvpci_range *range)
{
	return queues_length(to_virtio(range));
}

static u32 virtio_state_length(const struct kvpci_range *range)
{
	const struct kvpci_virtio *virtio = to_virtio(range);

	return sizeof(virtio->state) + queues_length(virtio) + virtio->specific.size;
}

static void virtio_get_state(struct kvpci_range *range, void *state)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_virtio *virtio = to_virtio(range);
	u32 length = queues_length(virtio);

	spin_lock(&function->lock);
	memcpy(state, &virtio->state, sizeof(virtio->state));
	state += sizeof(virtio->state);
	memcpy(state, virtio->queue, length);
	memcpy(state + length, virtio->specific.value, virtio->specific.size);
	spin_unlock(&function->lock);
}

static bool vector_is_ok(const struct kvpci_virtio *virtio, u16 vector)
{
	return vector == VIRTIO_MSI_NO_VECTOR || vector_is_there(virtio, vector);
}

static bool queue_is_ok(const struct kvpci_virtio *virtio, u32 i,
			const struct kvpci_state_virtio_queue *queue)
{
	const struct kvpci_state_virtio_queue fresh = fresh_queue(virtio, i);

	if (!virtio->queues[i].size)
		return !memcmp(queue, &fresh, sizeof(fresh));

	return queue->enable <= 1 && queue->reset <= 1 &&
	       vector_is_ok(virtio, queue->msix_vector);
}

static bool virtio_check_state(const struct kvpci_range *range, const struct kvpci_regs *config,
			       const void *state)
{
	const struct kvpci_virtio *virtio = to_virtio(range);
	const struct kvpci_state_virtio *from = state;
	const struct kvpci_state_virtio_queue *queue = (const void *)(from + 1);
	u32 i;

	if (from->pad || !vector_is_ok(virtio, from->config_msix_vector))
		return false;

	for (i = 0; i < virtio->nr_queues; i++)
		if (!queue_is_ok(virtio, i, &queue[i]))
			return false;

	return true;
}

/* Whether the driver has read config_generation is not known: it may have. */
static void virtio_set_state(struct kvpci_range *range, const void *state)
{
	struct kvpci_function *function = kvpci_range_function(range);
	struct kvpci_virtio *virtio = to_virtio(range);
	u32 length = queues_length(virtio);

	spin_lock(&function->lock);
	memcpy(&virtio->state, state, sizeof(virtio->state));
	state += sizeof(virtio->state);
	memcpy(virtio->queue, state, length);
	memcpy(virtio->specific.value, state + length, virtio->specific.size);
	virtio->read = true;
	spin_unlock(&function->lock);
}

static const struct kvpci_state_ops virtio_state_ops = {
	.type = KVPCI_STATE_VIRTIO,
	.length = virtio_state_length,
	.get = virtio_get_state,
	.check = virtio_check_state,
	.set = virtio_set_state,
};

static void virtio_destroy(struct kvpci_range *range)
{
	struct kvpci_virtio *virtio = to_virtio(range);

	kvpci_block_destroy(&virtio->specific);
	kvfree(virtio->queues);
	kvfree(virtio->queue);
	kfree(virtio);
}

static const struct kvpci_range_ops virtio_ops = {
	.name = "virtio",
	.read = virtio_read,
	.write = virtio_write,
	.get = virtio_get,
	.set = virtio_set,
	.reset = virtio_reset,
	.reset_length = virtio_reset_length,
	.state = &virtio_state_ops,
	.destroy = virtio_destroy,
};

/**
 * kvpci_virtio_check() - may there be the configuration of such a device?
 * @bar: the BAR
 * @place: where in it, which has been checked
 * @desc: its description
 *
 * Return: 0 or -EINVAL
 */
int kvpci_virtio_check(const struct kvpci_function_bar *bar,
		       const struct kvpci_range_config *place,
		       const struct kvpci_virtio_config *desc)
{
	if (bar->index == KVPCI_BAR_ROM || bar->flags & KVPCI_BAR_IO || desc->flags)
		return -EINVAL;
	if (!IS_ALIGNED(place->offset, 4) || place->length < KVPCI_VIRTIO_COMMON ||
	    place->length > KVPCI_VIRTIO_COMMON + MAX_SPECIFIC)
		return -EINVAL;

	return desc->queues && desc->queues <= KVPCI_MAX_VIRTIO_QUEUES ? 0 : -EINVAL;
}

static bool queues_are_ok(const struct kvpci_virtio *virtio)
{
	u32 i;

	for (i = 0; i < virtio->nr_queues; i++)
		if (virtio->queues[i].size > MAX_SIZE || virtio->queues[i].pad)
			return false;

	return true;
}

/**
 * kvpci_virtio_new() - make the configuration of a virtio device
 * @desc: its description; kvpci_virtio_check() found nothing wrong
 * @length: of the range
 * @queues: an array of @desc->queues structures, to be freed with kvfree(); NULL if it is taken
 * @contents: the device-specific configuration
 *
 * Context: process.
 * Return: its range, without its place, or an ERR_PTR as the uapi says
 */
struct kvpci_range *kvpci_virtio_new(const struct kvpci_virtio_config *desc, u32 length,
				     struct kvpci_virtio_queue **queues,
				     struct kvpci_contents *contents)
{
	struct kvpci_virtio *virtio;
	int ret;

	virtio = kzalloc(sizeof(*virtio), GFP_KERNEL_ACCOUNT);
	if (!virtio)
		return ERR_PTR(-ENOMEM);

	virtio->range.ops = &virtio_ops;
	virtio->range.exits = true;
	virtio->range.nr_banks = max_t(u32, desc->queues, NR_WORDS);
	virtio->nr_queues = desc->queues;
	memcpy(virtio->features, desc->features, sizeof(virtio->features));
	swap(virtio->queues, *queues);
	virtio->queue = kvcalloc(desc->queues, sizeof(*virtio->queue), GFP_KERNEL_ACCOUNT);
	ret = kvpci_block_fill(&virtio->specific, contents, length - KVPCI_VIRTIO_COMMON);
	if (!ret && !virtio->queue)
		ret = -ENOMEM;
	if (!ret && !queues_are_ok(virtio))
		ret = -EINVAL;
	if (ret) {
		virtio_destroy(&virtio->range);
		return ERR_PTR(ret);
	}

	reset_device(virtio);
	return &virtio->range;
}
