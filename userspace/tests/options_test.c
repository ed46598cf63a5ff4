// SPDX-License-Identifier: GPL-2.0
/* The command line. */
#include <stdio.h>

#include "array.h"
#include "options.h"
#include "report.h"
#include "test.h"

#define MAX_ARGS	32

/* Parse words separated by blanks, with --kernel k unless it starts with a dot. */
static int parse(struct options *options, const char *text)
{
	static char copy[256];
	char *argv[MAX_ARGS + 1] = { "kvpci-run", "--kernel", "k" };
	int argc = *text == '.' ? 1 : 3;
	char *word;

	snprintf(copy, sizeof(copy), "%s", *text == '.' ? text + 1 : text);
	for (word = strtok(copy, " "); word && argc < MAX_ARGS; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return options_parse(options, argc, argv);
}

static void defaults(void)
{
	struct options options;

	EXPECT(!parse(&options, ""));
	EXPECT(!strcmp(options.kernel, "k") && !options.initrd && !options.append);
	EXPECT(options.memory.size == 512ULL << 20 && options.cpus == 1 && !options.nr_devices);
	EXPECT(options.cf8 == CF8_AUTO && options.mirror);
	EXPECT(!options.debug_exit && !options.stats && !options.done && !options.unpack);
	options_free(&options);
}

static void all(void)
{
	struct options options;

	EXPECT(!parse(&options, "-i i -a text --memory=1G -c 254 -d id=4:2 --device pci-testdev"));
	EXPECT(options.initrd && options.append && options.memory.size == 1ULL << 30);
	EXPECT(options.cpus == 254 && options.nr_devices == 2 && options.devices[1].model);
	options_free(&options);
	EXPECT(!parse(&options, "--stats --debug-exit --no-cf8 --mirror=off --module m.ko"));
	EXPECT(options.stats && options.debug_exit && options.cf8 == CF8_OFF &&
	       !options.mirror);
	EXPECT(options.module && !strcmp(options.module, "m.ko"));
	options_free(&options);
	EXPECT(!parse(&options, "--unpack") && options.unpack);
	options_free(&options);
	EXPECT(!parse(&options, "--disk a.img,ro=on -D vhost-user=s,addr=3"));
	EXPECT(options.nr_devices == 2 && options.devices[1].has_address);
	options_free(&options);
	EXPECT(!parse(&options, "--net tap=a --vsock 3,addr=4 --net tap=b,queues=2"));
	EXPECT(options.nr_devices == 3 && options.devices[1].device == 0x1053);
	options_free(&options);
	EXPECT(!parse(&options, "--scsi naa.1 --scsi naa.2,queues=2 --vdpa /dev/a,addr=4"));
	EXPECT(options.nr_devices == 3 && options.devices[1].device == 0x1048);
	EXPECT(options.devices[2].has_address);
	options_free(&options);
	EXPECT(!parse(&options, "--net tap=a,iommu=on --vsock 3,iommu=off --iommu"));
	EXPECT(options.devices[0].translated && !options.devices[1].translated);
	EXPECT(options.devices[2].iommu && options.devices[2].device == 0x1057);
	options_free(&options);
	EXPECT(!parse(&options, "--vfio 01:00.0,irq=bypass,addr=4"));
	EXPECT(options.nr_devices == 1 && options.devices[0].has_address);
	options_free(&options);
	EXPECT(!options.memory.huge_page && !options.memory.bound && !options.affinity.nr_pins);
	EXPECT(!parse(&options, "--hugepages --numa-node 1 --cpu-affinity 0=2,1=3 -c 2"));
	EXPECT(options.memory.huge_page == 2ULL << 20 && options.affinity.nr_pins == 2);
	EXPECT(options.memory.bound && options.memory.node == 1);
	options_free(&options);
	EXPECT(!parse(&options, "--hugepages=1G -m 5G --numa-node 0 --hugepages=2M"));
	EXPECT(options.memory.huge_page == 2ULL << 20 && options.memory.bound);
	options_free(&options);
	EXPECT(!parse(&options, "--hugepages=1G -m 5G"));
	EXPECT(options.memory.huge_page == 1ULL << 30 && options.memory.size == 5ULL << 30);
	options_free(&options);
	EXPECT(!parse(&options, "--cf8 on --mirror on"));
	EXPECT(options.cf8 == CF8_ON && options.mirror);
	options_free(&options);
}

static void mistakes(void)
{
	static const struct {
		const char *text;
		const char *message;
	} bad[] = {
		{ ".", "--kernel" },
		{ "--mirror=yes", "neither on nor off" },
		{ "--cf8 0", "neither on nor off" },
		{ ".--memory 1G", "--kernel" },
		{ "--memory 512", "less than 16M" },
		{ "--memory 15M", "less than 16M" },
		{ "--memory 0", "less than 16M" },
		{ "--memory 1X", "not a size" },
		{ "--memory -1", "not a size" },
		{ "--memory 16777217", "multiple of 4K" },
		{ "--hugepages=4K", "neither 2M nor 1G" },
		{ "--hugepages=512M", "neither 2M nor 1G" },
		{ "--hugepages=", "neither 2M nor 1G" },
		{ "--hugepages --memory 17M", "multiple of --hugepages=2M" },
		{ "--hugepages=1G", "multiple of --hugepages=1G" },
		{ "--numa-node 1024", "0 to 1023" },
		{ "--numa-node any", "0 to 1023" },
		{ "--cpu-affinity 2", "VCPU=CPUS" },
		{ "--cpu-affinity 1=0", "no processor 1" },
		{ "--cpus 0", "1 to 254" },
		{ "--cpus 255", "1 to 254" },
		{ "--cpus many", "1 to 254" },
		{ "--net", "needs a value" },
		{ "--net a", "not key=value" },
		{ "--vsock a", "3 to 4294967294" },
		{ "--scsi a/b", "name of a target" },
		{ "--vdpa", "needs a value" },
		{ "--iommu --iommu", "--iommu once" },
		{ "--net tap=a,iommu=on", "add --iommu" },
		{ "--net tap=a,iommu=yes --iommu", "write on or off" },
		{ "--device pci-testdev,iommu=on --iommu", "reach memory" },
		{ "--device virtio-iommu,iommu=on", "on bus 0" },
		{ "--device root-port,name=a --device virtio-iommu,behind=a", "on bus 0" },
		{ "--vfio", "needs a value" },
		{ "--colour", "no option --colour" },
		{ "-x", "no option -x" },
		{ "--memory", "needs a value" },
		{ "-m", "needs a value" },
		{ "extra", "extra is no option" },
		{ "--device id=4:2 --device id=4", "--device" },
		{ "--disk a.img,format=vmdk", "raw or qcow2" },
	};
	struct options options;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_MESSAGE(parse(&options, bad[i].text), STATUS_USAGE, bad[i].message);
}

const struct test options_tests[] = {
	{ "defaults", defaults },
	{ "all", all },
	{ "mistakes", mistakes },
	{ NULL, NULL },
};
