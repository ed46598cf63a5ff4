// SPDX-License-Identifier: GPL-2.0
/* Descriptions of devices of the host's vDPA, and files that are none. */
#include "array.h"
#include "layout.h"
#include "memory.h"
#include "report.h"
#include "test.h"
#include "virtio/transport.h"

static void description(void)
{
	struct device_spec spec;

	/* Of which type it is, is not known yet. */
	EXPECT(!spec_parse(&spec, "virtio-vdpa,path=/dev/vhost-vdpa-0,notify=mmio"));
	EXPECT(spec.vendor == 0x1af4 && spec.device == 0x1040);
	EXPECT(spec.class_code == CLASS_UNDEFINED);
	EXPECT(spec.shares_memory && !spec.bars[0].size);
	EXPECT(!strcmp(((struct virtio_device *)spec.model_data)->label,
		       "--vdpa /dev/vhost-vdpa-0"));
	spec_free(&spec);
}

static void mistakes(void)
{
	static const struct misuse bad[] = {
		{ "virtio-vdpa", "by path=" },
		{ "virtio-vdpa,path=", "name of a file" },
		{ "virtio-vdpa,path=a,path=b", "twice" },
		{ "virtio-vdpa,path=a,queues=2", "no key queues" },
	};

	expect_misuse(bad, ARRAY_SIZE(bad));
}

static void other_files(void)
{
	static const struct {
		const char *text;
		int status;
		const char *message;
	} bad[] = {
		{ "virtio-vdpa,path=/dev/null", STATUS_USAGE, "no vhost-vdpa device" },
		{ "virtio-vdpa,path=/nonexistent", STATUS_FAILED, "load the module vhost_vdpa" },
		{ "virtio-vdpa,path=/", STATUS_FAILED, "cannot open" },
	};
	const struct memory_options shared = { .size = MIB(16), .shared = true };
	struct guest_memory memory;
	struct device_spec spec;
	size_t i;

	EXPECT(!memory_create(&memory, &shared));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT(!spec_parse(&spec, bad[i].text));
		EXPECT_MESSAGE(spec_open(&spec, &memory), bad[i].status, bad[i].message);
		spec_free(&spec);
	}
	memory_destroy(&memory);
}

const struct test vdpa_tests[] = {
	{ "description", description },
	{ "mistakes", mistakes },
	{ "other_files", other_files },
	{ NULL, NULL },
};
