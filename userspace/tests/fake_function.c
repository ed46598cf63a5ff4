// SPDX-License-Identifier: GPL-2.0
/* A virtio device's function without the kernel's module. */
#include <errno.h>
#include <linux/kvpci.h>
#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../lib/internal.h"
#include "array.h"
#include "fake_function.h"
#include "fake_vfio.h"
#include "test.h"

struct fake_function fake;

static struct kvpci_host host = { .fd = -1, .poll_fd = -1, .mirror_event = -1 };
static struct kvpci_function handle;

void fake_reset(void)
{
	unsigned int i;

	for (i = 0; i < FAKE_BANKS; i++)
		fake.common[i] = (struct common_config){
			.config_msix_vector = NO_VECTOR, .num_queues = FAKE_QUEUES,
			.queue_size = 256, .queue_msix_vector = NO_VECTOR,
		};
	memset(&fake.bar[ISR_OFFSET], 0, ISR_LENGTH);
}

/* Is that byte of the common configuration another one for each bank? */
static bool is_banked(__u64 offset)
{
	return offset >= VIRTIO_PCI_COMMON_Q_SIZE ||
	       (offset >= VIRTIO_PCI_COMMON_DF && offset < VIRTIO_PCI_COMMON_GFSELECT) ||
	       (offset >= VIRTIO_PCI_COMMON_GF && offset < VIRTIO_PCI_COMMON_MSIX);
}

static __u8 *byte_at(const struct kvpci_access *access, __u32 i, __u32 bank)
{
	const __u64 offset = access->offset + i;

	if (access->bar == KVPCI_CONFIG)
		return &fake.config[offset % sizeof(fake.config)];
	if (offset < sizeof(struct common_config))
		return (__u8 *)&fake.common[bank] + offset;
	return &fake.bar[offset % sizeof(fake.bar)];
}

static bool is_there(const struct kvpci_access *access)
{
	return access->bar == KVPCI_CONFIG || access->bar == CONFIG_BAR;
}

static int read_registers(const struct kvpci_access *access)
{
	__u8 *data = (__u8 *)(unsigned long)access->data;
	__u32 i;

	if (!is_there(access))
		return -1;
	for (i = 0; i < access->length; i++)
		data[i] = *byte_at(access, i, access->bank);
	if (access->bar == CONFIG_BAR && access->offset == ISR_OFFSET &&
	    access->flags & KVPCI_ACCESS_AS_GUEST) {
		fake.reads++;
		*byte_at(access, 0, 0) = 0;
	}
	if (fake.resets && access->bar == CONFIG_BAR && !access->offset) {
		fake.resets = false;
		fake_reset();
	}
	return 0;
}

static int write_registers(const struct kvpci_access *access)
{
	const __u8 *data = (const __u8 *)(unsigned long)access->data;
	const __u8 *mask = (const __u8 *)(unsigned long)access->mask;
	__u32 bank, i;

	if (!is_there(access))
		return -1;
	for (i = 0; i < access->length; i++) {
		for (bank = 0; bank < FAKE_BANKS; bank++) {
			__u8 *byte = byte_at(access, i, bank);
			__u8 bits = mask ? mask[i] : 0xff;

			if (bank == access->bank || !is_banked(access->offset + i))
				*byte = (*byte & ~bits) | (data[i] & bits);
		}
	}
	return 0;
}

static int change_range(const struct kvpci_range_config *range)
{
	if (range->kind != KVPCI_RANGE_EXIT)
		return 0;
	if (range->offset + range->length > ARRAY_SIZE(fake.exits))
		return -1;
	memset(&fake.exits[range->offset], !(range->flags & KVPCI_RANGE_REMOVE), range->length);
	return 0;
}

static int carry_out(unsigned long request, const void *argument)
{
	const struct kvpci_trigger *trigger = argument;

	switch (request) {
	case KVPCI_READ:
		return read_registers(argument);
	case KVPCI_WRITE:
		return write_registers(argument);
	case KVPCI_ADD_RANGE:
		return change_range(argument);
	case KVPCI_TRIGGER:
		if (trigger->flags & KVPCI_TRIGGER_LOWER) {
			fake.lowered[trigger->interrupt]++;
			return 0;
		}
		EXPECT(trigger->interrupt == KVPCI_MSIX && trigger->vector <= FAKE_QUEUES);
		fake.interrupts[trigger->vector]++;
		return 0;
	default:
		return 0;
	}
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	void *argument;
	va_list list;
	int result;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (fake_vfio_ioctl(fd, request, argument, &result))
		return result;
	if (!fake.function.handle || fd != handle.fd)
		return __real_ioctl(fd, request, argument);
	result = carry_out(request, argument);
	if (result)
		errno = EINVAL;
	return result;
}

void fake_enable_msix(bool on)
{
	fake.config[FAKE_MSIX + PCI_MSIX_FLAGS + 1] = on ? PCI_MSIX_FLAGS_ENABLE >> 8 : 0;
}

void fake_set_master(bool on)
{
	fake.config[FAKE_COMMAND] = on ? PCI_COMMAND_MASTER : 0;
}

bool fake_is_master(void)
{
	return fake.config[FAKE_COMMAND] & PCI_COMMAND_MASTER;
}

void fake_create(struct device_spec *spec, bool msix)
{
	handle = (struct kvpci_function){ .host = &host, .fd = eventfd(0, EFD_CLOEXEC) };
	fake = (struct fake_function){ .function = { .spec = spec, .handle = &handle } };
	fake_set_master(true);
	fake.config[PCI_CAPABILITY_LIST] = FAKE_MSIX;
	fake.config[FAKE_MSIX] = PCI_CAP_ID_MSIX;
	fake_enable_msix(msix);
	fake_reset();
}

void fake_destroy(void)
{
	close(handle.fd);
	fake.function.handle = NULL;
}
