// SPDX-License-Identifier: GPL-2.0
/* Descriptions of directories that are shared, as far as nothing is opened. */
#include <linux/virtio_fs.h>

#include "array.h"
#include "report.h"
#include "test.h"
#include "virtio/transport.h"

#define LONGEST_TAG	"123456789012345678901234567890123456"

static void one_queue(void)
{
	struct virtio_fs_config config;
	const struct virtio_device *device;
	struct device_spec spec;

	EXPECT(!spec_parse(&spec, "virtio-fs,dir=/a,,b,tag=t,addr=5"));
	device = spec.model_data;
	EXPECT(spec.vendor == 0x1af4 && spec.device == 0x105a && spec.class_code == 0x018000);
	EXPECT(spec.shares_memory && spec.devfn == 0x28);
	EXPECT(device->nr_queues == 2 && !strcmp(device->label, "--share /a,b"));
	EXPECT(device->config_length == sizeof(config));
	memcpy(&config, device->config, sizeof(config));
	EXPECT(!strcmp((char *)config.tag, "t") && config.num_request_queues == 1);
	spec_free(&spec);
}

static void all_keys(void)
{
	struct virtio_fs_config config;
	const struct virtio_device *device;
	struct device_spec spec;

	EXPECT(!spec_parse(&spec, "virtio-fs,tag=" LONGEST_TAG ",queues=64,vhost-user=/s"));
	device = spec.model_data;
	EXPECT(device->nr_queues == 65 && !strcmp(device->label, "--share /s"));
	memcpy(&config, device->config, sizeof(config));
	EXPECT(!memcmp(config.tag, LONGEST_TAG, sizeof(config.tag)));
	EXPECT(config.num_request_queues == 64);
	spec_free(&spec);
}

static void mistakes(void)
{
	static const struct misuse bad[] = {
		{ "virtio-fs,tag=t", "say which directory" },
		{ "virtio-fs,dir=/a", "by tag=" },
		{ "virtio-fs,dir=,tag=t", "needs the name" },
		{ "virtio-fs,dir=/a,tag=", "needs a name" },
		{ "virtio-fs,dir=/a,dir=/b,tag=t", "given twice" },
		{ "virtio-fs,dir=/a,tag=t,tag=u", "given twice" },
		{ "virtio-fs,dir=/a,vhost-user=/b,tag=t", "exclude each other" },
		{ "virtio-fs,dir=/a,tag=" LONGEST_TAG "7", "36 bytes" },
		{ "virtio-fs,dir=/a,tag=t,queues=0", "1 to 64" },
		{ "virtio-fs,dir=/a,tag=t,queues=65", "1 to 64" },
		{ "virtio-fs,dir=/a,tag=t,ro=on", "no key ro" },
	};

	expect_misuse(bad, ARRAY_SIZE(bad));
}

const struct test fs_tests[] = {
	{ "one_queue", one_queue },
	{ "all_keys", all_keys },
	{ "mistakes", mistakes },
	{ NULL, NULL },
};
