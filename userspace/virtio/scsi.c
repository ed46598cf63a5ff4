// SPDX-License-Identifier: GPL-2.0
/*
 * A SCSI host (Virtual I/O Device 1.2, 5.6), whose disks are those of a target of this machine's:
 * vhost-scsi serves it, by way of Linux's target core. Of targets it knows names, WWPNs.
 *
 * The target is the guest's while the device runs. Its rings have to be there when it becomes so;
 * it is tried before the guest starts, for the user to be told.
 */
#include <endian.h>
#include <errno.h>
#include <linux/vhost.h>
#include <linux/virtio_scsi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"
#include "virtio/key.h"
#include "virtio/scsi.h"
#include "virtio/vhost.h"

#define CONTROL_QUEUES	2	/* for control and events, in front of those for requests */
#define QUEUE_SIZE	128
#define MAX_QUEUES	64

/* A request has a header and an answer besides its data. */
#define MAX_SEGMENTS	(QUEUE_SIZE - 2)

/* What vhost-scsi has, which it does not tell: struct virtio_scsi_config says what it is. */
#define MAX_SECTORS	0xffff
#define MAX_TARGET	255
#define MAX_LUN		16383
#define CMD_PER_LUN	128

/* Where the kernel shows the targets of vhost-scsi, if configfs is mounted. */
#define TARGETS		"/sys/kernel/config/target/vhost"

struct scsi_device {
	struct virtio_device device;
	char *wwpn;
	unsigned int queues;	/* for requests; 0: not said */
};

struct scsi {
	struct backend backend;
	struct vhost vhost;
	struct vhost_scsi_target target;
	bool connected;
};

static struct scsi *to_scsi(struct backend *backend)
{
	return (struct scsi *)backend;
}

static int scsi_features(struct backend *backend, __u64 *features)
{
	*features = to_scsi(backend)->vhost.features;
	return 0;
}

static int connect_target(struct scsi *scsi)
{
	if (ioctl(scsi->vhost.fd, VHOST_SCSI_SET_ENDPOINT, &scsi->target))
		return -errno;
	scsi->connected = true;
	return 0;
}

/* Waits for the requests that have been begun. */
static int disconnect_target(struct scsi *scsi)
{
	if (!scsi->connected)
		return 0;
	scsi->connected = false;
	return ioctl(scsi->vhost.fd, VHOST_SCSI_CLEAR_ENDPOINT, &scsi->target) ? -errno : 0;
}

/*
 * A target becomes that of all rings that the kernel knows, and it writes to them at once: to where
 * those were that only the driver before has enabled, if it still knows them.
 */
static int scsi_start(struct backend *backend, __u64 features, const struct queue *queues,
		      unsigned int nr_queues)
{
	struct scsi *scsi = to_scsi(backend);
	int error = vhost_set_features(&scsi->vhost, features);
	unsigned int i;

	for (i = 0; i < nr_queues && !error; i++) {
		if (queues[i].enabled)
			error = vhost_set_ring(&scsi->vhost, i, &queues[i]);
		else
			error = vhost_forget_ring(&scsi->vhost, i);
	}
	return error ? error : connect_target(scsi);
}

static int scsi_stop(struct backend *backend)
{
	return disconnect_target(to_scsi(backend));
}

static int scsi_pause(struct backend *backend, struct queue *queues, unsigned int nr_queues)
{
	struct scsi *scsi = to_scsi(backend);
	int error = disconnect_target(scsi);

	return error ? error : vhost_get_bases(&scsi->vhost, queues, nr_queues);
}

static int scsi_set_call(struct backend *backend, unsigned int index, const struct queue *queue)
{
	return vhost_set_call(&to_scsi(backend)->vhost, index, queue);
}

static void scsi_close(struct backend *backend)
{
	vhost_close(&to_scsi(backend)->vhost);
	free(backend);
}

static const struct backend_ops scsi_ops = {
	.name = "vhost-scsi",
	.features = scsi_features,
	.start = scsi_start,
	.stop = scsi_stop,
	.pause = scsi_pause,
	.set_call = scsi_set_call,
	.close = scsi_close,
};

static int set_wwpn(struct scsi_device *scsi, const char *value)
{
	const size_t room = sizeof(((struct vhost_scsi_target *)NULL)->vhost_wwpn);

	/* It is the name of a folder, too. */
	if (!*value || strlen(value) >= room || *value == '.' || strchr(value, '/'))
		return misuse("--scsi: %s is not the name of a target, such as naa.5001405bd9bba1c4",
			      value);
	return key_text("--scsi", "wwpn", value, "the name of a target", &scsi->wwpn);
}

static int parse(struct virtio_device *device, const char *key, const char *value, bool *known)
{
	struct scsi_device *scsi = (struct scsi_device *)device;

	if (!strcmp(key, "wwpn"))
		return set_wwpn(scsi, value);
	if (!strcmp(key, "queues"))
		return key_number("--scsi", key, value, 1, MAX_QUEUES, &scsi->queues);
	*known = false;
	return STATUS_OK;
}

static int check(struct virtio_device *device)
{
	struct scsi_device *scsi = (struct scsi_device *)device;
	struct virtio_scsi_config config = {
		.seg_max = htole32(MAX_SEGMENTS),
		.max_sectors = htole32(MAX_SECTORS),
		.cmd_per_lun = htole32(CMD_PER_LUN),
		.event_info_size = htole32(sizeof(struct virtio_scsi_event)),
		.sense_size = htole32(VIRTIO_SCSI_SENSE_DEFAULT_SIZE),
		.cdb_size = htole32(VIRTIO_SCSI_CDB_DEFAULT_SIZE),
		.max_target = htole16(MAX_TARGET),
		.max_lun = htole32(MAX_LUN),
	};

	if (!scsi->wwpn)
		return misuse("--scsi: say which target it is, by wwpn=");
	if (asprintf(&device->label, "--scsi %s", scsi->wwpn) < 0) {
		device->label = NULL;
		return fail("not enough memory");
	}
	if (!scsi->queues)
		scsi->queues = 1;
	config.num_queues = htole32(scsi->queues);
	device->nr_queues = CONTROL_QUEUES + scsi->queues;
	device->queue_size = QUEUE_SIZE;
	memcpy(device->config, &config, sizeof(config));
	device->config_length = sizeof(config);
	return STATUS_OK;
}

/* The kernel says of all of these that they don't exist. */
static int explain(const char *label, const char *wwpn)
{
	char path[sizeof(TARGETS) + sizeof(struct vhost_scsi_target)];

	snprintf(path, sizeof(path), TARGETS "/%s", wwpn);
	if (access(path, F_OK))
		return fail("%s: there is no target of that name, make it (targetcli, vhost/ create)",
			    label);
	return fail("%s: another guest uses this target, or it has no portal group with a nexus, take another",
		    label);
}

/* Is there such a target, and could it be the guest's? */
static int try_target(struct scsi *scsi, const char *label, const char *wwpn)
{
	int version;
	int error;

	if (ioctl(scsi->vhost.fd, VHOST_SCSI_GET_ABI_VERSION, &version) ||
	    version > VHOST_SCSI_ABI_VERSION)
		return fail("%s: vhost-scsi is of a kernel that kvpci-run does not know", label);
	scsi->target.abi_version = version;
	snprintf(scsi->target.vhost_wwpn, sizeof(scsi->target.vhost_wwpn), "%s", wwpn);
	error = connect_target(scsi);
	if (error == -ENODEV || error == -EEXIST)
		return explain(label, wwpn);
	if (!error)
		error = disconnect_target(scsi);
	return error ? fail("%s: vhost-scsi does not take this target: %s", label,
			    strerror(-error)) : STATUS_OK;
}

static int open_backend(struct virtio_device *device, const struct guest_memory *memory)
{
	const struct scsi_device *description = (const struct scsi_device *)device;
	struct scsi *scsi = calloc(1, sizeof(*scsi));
	int status;

	if (!scsi)
		return fail("%s: not enough memory", device->label);
	scsi->backend = (struct backend){ .ops = &scsi_ops, .memory = memory };
	device->backend = &scsi->backend;
	status = vhost_open(&scsi->vhost, "/dev/vhost-scsi", "vhost_scsi", device->label, memory);
	return status ? status : try_target(scsi, device->label, description->wwpn);
}

static void free_description(struct virtio_device *device)
{
	free(((struct scsi_device *)device)->wwpn);
}

const struct virtio_type scsi_type = {
	.model = VIRTIO_MODEL,
	.backend_features = VIRTIO_FEATURE(VIRTIO_SCSI_F_HOTPLUG),
	.size = sizeof(struct scsi_device),
	.parse = parse,
	.check = check,
	.open = open_backend,
	.free = free_description,
};
