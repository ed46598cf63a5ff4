// SPDX-License-Identifier: GPL-2.0
/* Descriptions of SCSI disks, as far as nothing is opened. */
#include <linux/virtio_scsi.h>
#include <stdio.h>

#include "array.h"
#include "report.h"
#include "test.h"
#include "virtio/transport.h"

static void configuration(void)
{
	const struct virtio_device *device;
	struct virtio_scsi_config config;
	struct device_spec spec;

	EXPECT(!spec_parse(&spec, "virtio-scsi,queues=64,wwpn=naa.5001405bd9bba1c4,addr=5"));
	EXPECT(spec.vendor == 0x1af4 && spec.device == 0x1048 && spec.class_code == 0x010000);
	EXPECT(spec.devfn == 5 << 3 && !spec.shares_memory);
	device = spec.model_data;
	EXPECT(!strcmp(device->label, "--scsi naa.5001405bd9bba1c4"));
	EXPECT(device->nr_queues == 66 && device->config_length == sizeof(config));
	memcpy(&config, device->config, sizeof(config));
	EXPECT(config.num_queues == 64 && config.seg_max == device->queue_size - 2U);
	EXPECT(config.sense_size == 96 && config.cdb_size == 32 && config.event_info_size == 16);
	spec_free(&spec);
	EXPECT(!spec_parse(&spec, "virtio-scsi,wwpn=a"));
	EXPECT(((struct virtio_device *)spec.model_data)->nr_queues == 3);
	spec_free(&spec);
}

static void mistakes(void)
{
	static const struct misuse bad[] = {
		{ "virtio-scsi", "by wwpn=" },
		{ "virtio-scsi,queues=2", "by wwpn=" },
		{ "virtio-scsi,wwpn=", "name of a target" },
		{ "virtio-scsi,wwpn=a/b", "name of a target" },
		{ "virtio-scsi,wwpn=..", "name of a target" },
		{ "virtio-scsi,wwpn=a,wwpn=b", "twice" },
		{ "virtio-scsi,wwpn=a,queues=0", "1 to 64" },
		{ "virtio-scsi,wwpn=a,queues=65", "1 to 64" },
		{ "virtio-scsi,wwpn=a,tag=b", "no key tag" },
	};
	struct device_spec spec;
	char text[512];

	expect_misuse(bad, ARRAY_SIZE(bad));
	/* The kernel's room for a name, without the end of it. */
	snprintf(text, sizeof(text), "virtio-scsi,wwpn=%0224d", 1);
	EXPECT_MESSAGE(spec_parse(&spec, text), STATUS_USAGE, "name of a target");
	snprintf(text, sizeof(text), "virtio-scsi,wwpn=%0223d", 1);
	EXPECT(!spec_parse(&spec, text));
	spec_free(&spec);
}

const struct test scsi_tests[] = {
	{ "configuration", configuration },
	{ "mistakes", mistakes },
	{ NULL, NULL },
};
